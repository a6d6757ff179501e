"""`dzvinok check`: what works, what fails, one line each, with what to do."""

import socket
from pathlib import Path

import pytest

from storage.database import open_database
from tests.support.databases import database_url
from tests.support.engines import BOTH_ENGINES
from tests.support.processes import environment
from tests.support.running import HOOK_TOKEN, running_office
from tests.support.telegram import TOKEN
from tests.support.terminals import Output, Terminal, Wall
from tests.support.unitalk_server import KEY, UnitalkServer

WRONG_TOKEN = "123456:AAF-not_registered_anywhere"
A_NEW_ONE = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
ALL = (
    *("settings", "token", "administrators", "database", "time zone", "port"),
    *("source office", "source pbx"),
)


def finding(done: Output, what: str) -> str:
    """The line about it, which is one."""
    [line] = [line for line in done.lines if line[5:].startswith(f"{what}: ")]
    return line


# check


async def test_check_says_ok_to_everything(online: Terminal) -> None:
    done = await online.beside("check")
    assert done.code == 0, done.out
    assert [line.split(":")[0] for line in done.lines] == [f"ok   {what}" for what in ALL]
    assert "@dzvinok_bot" in done.out
    for secret in (TOKEN, HOOK_TOKEN):
        assert secret not in done.out + done.err


async def test_check_names_what_fails_and_goes_on(online: Terminal) -> None:
    done = await online.beside("check", BOT_TOKEN=WRONG_TOKEN, DATABASE_PATH="/dev/null/x.db")
    assert done.code == 1
    failed = [line for line in done.lines if line.startswith("FAIL")]
    assert [line.split(":")[0] for line in failed] == ["FAIL token", "FAIL database"]
    assert len(done.lines) == len(ALL)
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


def test_check_without_telegram_token_administrators_or_sources(terminal: Terminal) -> None:
    bare: dict[str, str | None] = {
        name: None for name in terminal.settings if name.startswith("SOURCES")
    }
    done = terminal.run("check", **bare, BOT_TOKEN=None, ADMIN_IDS=None)
    assert done.code == 1
    assert finding(done, "token").startswith("FAIL token: BOT_TOKEN: not set")
    assert "@userinfobot" in finding(done, "administrators")
    assert finding(done, "administrators").startswith("FAIL administrators: ADMIN_IDS: empty")
    assert finding(done, "sources").startswith("FAIL sources: SOURCES: none is set")
    done = terminal.run("check")
    assert done.code == 1
    assert done.lines[1].startswith("FAIL token: ")
    assert TOKEN not in done.out + done.err


def test_the_bot_is_no_administrator(terminal: Terminal) -> None:
    done = terminal.run("check", ADMIN_IDS=TOKEN.partition(":")[0])
    assert finding(done, "administrators").startswith("FAIL administrators: ADMIN_IDS: holds the")


async def test_an_administrator_by_invitation_is_enough(tmp_path: Path, online: Terminal) -> None:
    async with running_office(tmp_path, clock=Wall()) as office:
        await office.administrator()
        await office.stop()
    done = await online.beside("check", ADMIN_IDS=None)
    assert "1 by invitation" in finding(done, "administrators")
    assert done.code == 0


@pytest.mark.parametrize(
    "token",
    [
        *("x", "x7y", "a-long-random-word", "passwordpassword1", "1234567890123456789"),
        *("abcdefghijklmnopqrst", "aaaaaaaaaaaaaaaaaaaaaaaa", "office-token-2026-secret"),
        *("qwertyuiopasdfgh1", "change-me-change-me-1"),
    ],
)
async def test_a_guessable_token_fails_with_the_command_that_makes_a_good_one(
    online: Terminal, token: str
) -> None:
    line = finding(await online.beside("check", SOURCES__OFFICE__TOKEN=token), "source office")
    assert line.startswith("FAIL source office: SOURCES__OFFICE__TOKEN: ")
    assert line.endswith(A_NEW_ONE)
    assert token == "x" or f"{token}," not in line


async def test_a_hook_without_a_token_is_closed(online: Terminal) -> None:
    done = await online.beside("check", SOURCES__OFFICE__TOKEN=None)
    assert done.code == 1
    line = finding(done, "source office")
    assert line.startswith("FAIL source office: SOURCES__OFFICE__TOKEN: not set")


async def test_a_source_that_is_asked_is_asked_and_may_do_without_its_hook(
    online: Terminal,
) -> None:
    server = UnitalkServer()
    async with server.running() as url:
        asked = {"KIND": "unitalk", "KEY": KEY, "API_URL": f"{url}/api", "TOKEN": None}
        settings = {f"SOURCES__OFFICE__{name}": value for name, value in asked.items()}
        done = await online.beside("check", **settings)
        assert done.code == 0, done.out
        line = finding(done, "source office")
        assert line.startswith("note source office: unitalk, ")
        assert "SOURCES__OFFICE__TOKEN opens it" in line
        assert finding(done, "connection office").endswith("answers, the key is right")

        done = await online.beside("check", **{**settings, "SOURCES__OFFICE__KEY": "wrong-key"})
        line = finding(done, "connection office")
        assert done.code == 1
        assert line.startswith("FAIL connection office: 127.0.0.1: Authorization invalid: ")
        assert line.endswith("check SOURCES__OFFICE__KEY")
        assert "wrong-key" not in done.out + done.err


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("API_URL", "pbx.example", "expected an address like https://api.example.com"),
        ("API_URL", "https://user:s3cret@pbx.example", "expected an address like"),
        ("KEY", "s3cret key", "expected the key as the PBX shows it, without blanks"),
        ("FINGERPRINT", "s3cret", "expected the SHA-256 of a certificate"),
    ],
)
def test_a_wrong_setting_of_a_source_that_is_asked_is_named(
    terminal: Terminal, name: str, value: str, told: str
) -> None:
    asked = {"KIND": "mikopbx", "KEY": KEY, "API_URL": "https://pbx.example", name: value}
    done = terminal.run(
        "check", **{f"SOURCES__OFFICE__{setting}": value for setting, value in asked.items()}
    )
    assert done.code == 1
    assert f"SOURCES__OFFICE__{name}: {told}" in done.out + done.err
    assert "s3cret" not in done.out + done.err


async def test_a_port_of_another_program_fails(online: Terminal) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        line = finding(await online.beside("check", HTTP_PORT=str(port)), "port")
    assert line.startswith(f"FAIL port: HTTP_PORT: {port} is taken by another program")


@BOTH_ENGINES
async def test_the_port_of_our_own_bot_is_fine(tmp_path: Path, online: Terminal) -> None:
    async with running_office(tmp_path, clock=Wall()) as office:
        port = office.url.rpartition(":")[2]
        shell = Terminal(tmp_path, environment(tmp_path, office.telegram, HTTP_PORT=port))
        done = await shell.beside("check", PUBLIC_URL=office.url)
        assert finding(done, "port") == f"ok   port: 127.0.0.1:{port}, the bot is running there"
        assert finding(done, "public url").startswith("ok  ")
        assert done.code == 0
        done = await shell.beside("check", PUBLIC_URL=f"{office.url}/not-passed-on")
        assert finding(done, "public url").startswith("FAIL public url: PUBLIC_URL: answers 404")
        other = tmp_path / "other.db"
        done = await shell.beside(
            "check", DATABASE_PATH=str(other), DATABASE_URL=database_url(other)
        )
        assert finding(done, "port").startswith("FAIL port: HTTP_PORT: ")
        done = await shell.beside("check", DATABASE_URL=f"postgresql:///?host={tmp_path}")
        assert finding(done, "port").startswith("FAIL port: HTTP_PORT: ")
    assert online.directory == tmp_path


@pytest.mark.parametrize(
    "host",
    ["http://127.0.0.1", "127.0.0.1:80", "999.1.1.1", "a b", "a" * 70, "198.51.100.7", "é..ж"],
)
def test_a_host_that_is_no_address_of_ours_fails(terminal: Terminal, host: str) -> None:
    line = finding(terminal.run("check", HTTP_HOST=host), "port")
    assert line.startswith("FAIL port: HTTP_HOST: ")


async def test_a_public_url_cannot_be_judged_before_the_bot_runs(online: Terminal) -> None:
    done = await online.beside("check", PUBLIC_URL="https://127.0.0.1:9")
    assert finding(done, "public url").startswith("note public url: PUBLIC_URL: ")
    assert done.code == 0


async def test_the_zone_of_this_computer_is_told(
    online: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tzlocal.get_localzone_name", lambda: "America/New_York")
    done = await online.beside("check")
    assert finding(done, "time zone").startswith("note time zone: TIMEZONE: Europe/Kyiv, ")
    assert "America/New_York" in finding(done, "time zone")
    assert done.code == 0
