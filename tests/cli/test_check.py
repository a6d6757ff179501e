"""`dzvinok check`: what works, what fails, one line each."""

from pathlib import Path

from storage.database import open_database
from tests.support.running import HOOK_TOKEN
from tests.support.telegram import TOKEN
from tests.support.terminals import Terminal

WRONG_TOKEN = "123456:AAF-not_registered_anywhere"


# check


async def test_check_says_ok_to_everything(online: Terminal) -> None:
    done = await online.beside("check", SOURCES__OFFICE__TOKEN=None)
    assert done.code == 1
    assert done.lines[3].startswith("FAIL source office: SOURCES__OFFICE__TOKEN: not set")
    done = await online.beside("check")
    assert done.code == 0, done.out
    words = [line.split(":")[0] for line in done.lines]
    assert words == [
        f"ok   {what}" for what in ("settings", "token", "database", "source office", "source pbx")
    ]
    assert "@dzvinok_bot" in done.out
    for secret in (TOKEN, HOOK_TOKEN):
        assert secret not in done.out + done.err


async def test_check_names_what_fails_and_goes_on(online: Terminal) -> None:
    done = await online.beside("check", BOT_TOKEN=WRONG_TOKEN, DATABASE_PATH="/dev/null/x.db")
    assert done.code == 1
    assert [line.partition(":")[0] for line in done.lines[:3]] == [
        "ok   settings",
        "FAIL token",
        "FAIL database",
    ]
    assert len(done.lines) == 5
    assert "Unauthorized" in done.out
    assert WRONG_TOKEN not in done.out + done.err
    assert "Traceback" not in done.err


async def test_check_tells_of_times_that_are_hours_off(online: Terminal) -> None:
    async with (
        open_database(Path(online.settings["DATABASE_PATH"] or "")) as database,
        database.transaction() as tx,
    ):
        await tx.execute("INSERT INTO clock_shifts VALUES ('office', -7200, 5), ('pbx', 3600, 4)")
    done = await online.beside("check")
    assert done.code == 1
    [line] = [line for line in done.lines if "clock" in line]
    assert line.startswith("FAIL clock of office: SOURCES__OFFICE__TIMEZONE: ")
    assert "2 h early" in line


def test_check_without_telegram_token_or_sources(terminal: Terminal) -> None:
    bare: dict[str, str | None] = {
        name: None for name in terminal.settings if name.startswith("SOURCES")
    }
    done = terminal.run("check", **bare, BOT_TOKEN=None)
    assert done.code == 1
    assert [line[:4].strip() for line in done.lines] == ["ok", "FAIL", "ok", "ok"]
    assert "BOT_TOKEN: not set" in done.lines[1]
    done = terminal.run("check")
    assert done.code == 1
    assert done.lines[1].startswith("FAIL token: ")
    assert TOKEN not in done.out + done.err
