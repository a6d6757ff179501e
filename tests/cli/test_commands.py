"""The command line: what a person reads in a terminal, and the exit codes scripts rely on."""

import asyncio
import json
import logging
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.__main__ import app
from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.server import BotApiServer
from storage.database import MIGRATIONS
from tests.support.places import DATA, ROOT
from tests.support.processes import environment
from tests.support.running import HOOK_TOKEN, OLENA, running_office
from tests.support.telegram import TOKEN, Clock

MASTER = DATA / "asterisk" / "Master.csv"
COMMANDS = ("run", "check", "invite", "import", "backup")
WRONG_TOKEN = "123456:AAF-not_registered_anywhere"


class Wall(Clock):
    """The real time: commands read the same clock as the bot they run beside."""

    def __call__(self) -> float:
        return time.time()


class Terminal:
    """`dzvinok …` typed in a directory, with settings in the environment only."""

    def __init__(self, directory: Path, settings: dict[str, str]) -> None:
        self.directory = directory
        self.settings = settings

    @property
    def database(self) -> Path:
        return Path(self.settings["DATABASE_PATH"])

    def run(self, *words: object, **changes: str | None) -> "Output":
        """Run the command here, in this thread; a setting changed to None is not set."""
        strays = {name: None for name in os.environ if name not in {"PATH", "HOME"}}
        result = CliRunner().invoke(
            app, [str(word) for word in words], env=strays | self.settings | changes
        )
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Output(result.exit_code, result.stdout, result.stderr)

    async def beside(self, *words: object, **changes: str | None) -> "Output":
        """The same beside a loop that goes on: Telegram or the bot runs here."""
        return await asyncio.to_thread(self.run, *words, **changes)

    def rows(self, sql: str) -> list[Any]:
        return rows(self.database, sql)


class Output:
    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()

    def refusal(self) -> str:
        """The one line of a command that could not begin."""
        assert self.code == 1
        assert self.out == ""
        [line] = self.err.splitlines()
        assert line.startswith("dzvinok: ")
        return line.removeprefix("dzvinok: ")


def rows(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """Commands set up logging for their process, which here is everybody's."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    names = ("aiohttp.access", "apscheduler", "httpx", "httpcore", "aiosqlite", "aiogram.event")
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, kept in levels.items():
        logging.getLogger(name).setLevel(kept)


@pytest.fixture
async def telegram() -> AsyncIterator[BotApiServer]:
    telegram = BotApiServer()
    telegram.register_bot(TOKEN, username="dzvinok_bot")
    async with telegram.running():
        yield telegram
    assert telegram.violations == []


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal with no Telegram behind it."""
    monkeypatch.chdir(tmp_path)
    nowhere = BotApiServer()
    nowhere.url = "http://127.0.0.1:9"
    return Terminal(tmp_path, environment(tmp_path, nowhere))


@pytest.fixture
def online(terminal: Terminal, telegram: BotApiServer) -> Terminal:
    return Terminal(terminal.directory, environment(terminal.directory, telegram))


# Help


def test_help_and_version_do_not_wait_for_aiogram(tmp_path: Path) -> None:
    """Nor for anything else that takes seconds to import."""
    script = """
import sys
from typer.testing import CliRunner
from bot.__main__ import app
for words in (["--help"], ["--version"], *([name, "--help"] for name in sys.argv[1:])):
    assert CliRunner().invoke(app, words).exit_code == 0, words
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, *COMMANDS],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"aiogram", "aiohttp", "aiosqlite", "apscheduler", "babel", "httpx"} & set(
        done.stdout.split()
    )


def test_help_names_every_command(terminal: Terminal) -> None:
    shown = terminal.run("--help")
    assert shown.code == 0
    assert all(f" {name} " in shown.out for name in COMMANDS)
    assert terminal.run().out.strip().startswith("Usage")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(terminal: Terminal, command: str) -> None:
    shown = terminal.run(command, "--help", BOT_TOKEN="nonsense")
    assert shown.code == 0
    words = {
        "invite": ("--role", "--extension", "--name"),
        "import": ("SOURCE", "FILE", "--dry-run"),
        "backup": ("FILE",),
    }
    for word in words.get(command, ()):
        assert word in shown.out.upper() or word in shown.out
    assert not terminal.database.exists()


def test_the_version_is_that_of_the_package(terminal: Terminal) -> None:
    assert terminal.run("--version").out == f"dzvinok {version('dzvinok')}\n"


def test_python_m_bot_is_the_same_command(terminal: Terminal) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "--version"],
        cwd=terminal.directory,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"dzvinok {version('dzvinok')}\n"


# Settings


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOT_TOKEN", "my-secret-token"),
        ("BOT_API_URL", "ftp://secret.example"),
        ("ADMIN_IDS", "1001,secret"),
        ("TIMEZONE", "Europe/Secret"),
        ("DEFAULT_COUNTRY", "SECRET"),
        ("LANGUAGE", "secret"),
        ("PAGE_SIZE", "7777"),
        ("HTTP_PORT", "secret"),
        ("PUBLIC_URL", "secret.example"),
        ("UPDATES", "secret"),
        ("WEBHOOK_SECRET", "secret with spaces"),
        ("LOG_LEVEL", "secret"),
        ("LOG_FORMAT", "secret"),
        ("MIN_MISSED_SECONDS", "-7777"),
        ("CASE_WINDOW_HOURS", "secret"),
        ("RETENTION_DAYS", "secret"),
        ("SOURCES__OFFICE__KIND", "secret"),
        ("SOURCES__OFFICE__TOKEN", "se/cret"),
        ("SOURCES__OFFICE__TIMEZONE", "Secret/Zone"),
        ("SOURCES__OFFICE__CURRENCY", "secret"),
        ("SOURCES__OFFICE__TOKKEN", "secret"),
        ("SOURCES__PBX__EXTENSION_PATTERN", "secret("),
        ("SOURCES__PBX", "secret"),
        ("SOURCES", "secret"),
    ],
)
def test_a_wrong_setting_is_one_line_without_its_value(
    terminal: Terminal, name: str, value: str
) -> None:
    line = terminal.run("check", **{name: value}).refusal()
    assert name in line
    assert value not in line.replace(name, "")
    assert not terminal.database.exists()


@pytest.mark.parametrize("command", [["run"], ["invite", "--role", "operator"], ["backup", "f"]])
def test_every_command_refuses_wrong_settings(terminal: Terminal, command: list[str]) -> None:
    assert terminal.run(*command, TIMEZONE="Nowhere").refusal().startswith("TIMEZONE: ")


def test_all_wrong_settings_are_named_at_once(terminal: Terminal) -> None:
    line = terminal.run("check", TIMEZONE="Nowhere", PAGE_SIZE="0").refusal()
    assert "TIMEZONE: " in line
    assert "PAGE_SIZE: " in line


def test_webhook_mode_needs_its_settings(terminal: Terminal) -> None:
    line = terminal.run("check", UPDATES="webhook").refusal()
    assert line.startswith("PUBLIC_URL: ")
    line = terminal.run("check", UPDATES="webhook", PUBLIC_URL="https://x.example").refusal()
    assert line.startswith("WEBHOOK_SECRET: ")


def test_a_typo_in_the_env_file_is_named(terminal: Terminal) -> None:
    (terminal.directory / ".env").write_text("BOT_TOKKEN=42:secret-of-mine\n", encoding="utf-8")
    line = terminal.run("check", BOT_TOKEN=None).refusal()
    assert line == "BOT_TOKKEN: there is no such setting"


def test_the_env_file_is_read_and_the_environment_wins(terminal: Terminal) -> None:
    (terminal.directory / ".env").write_text(
        f"DATABASE_PATH={terminal.directory}/other.db\nTIMEZONE=Nowhere\n", encoding="utf-8"
    )
    line = terminal.run("backup", "f", TIMEZONE="Europe/Kyiv", DATABASE_PATH=None).refusal()
    assert line == f"DATABASE_PATH: there is no database at {terminal.directory}/other.db"


def test_the_bot_needs_a_token(terminal: Terminal) -> None:
    line = terminal.run("run", BOT_TOKEN=None).refusal()
    assert line.startswith("BOT_TOKEN: not set")


def test_a_database_of_a_newer_program_is_refused(terminal: Terminal) -> None:
    newest = len(list(MIGRATIONS.glob("*.sql")))
    with closing(sqlite3.connect(terminal.database)) as connection:
        connection.execute(f"PRAGMA user_version = {newest + 1}")
    for command in (["run"], ["import", "pbx", MASTER]):
        line = terminal.run(*command).refusal()
        assert line.startswith(f"DATABASE_PATH: {terminal.database} was written by a newer")


def test_what_is_no_database_is_refused(terminal: Terminal) -> None:
    terminal.database.write_bytes(b"not a database, but long enough to be looked at" * 100)
    for command in (["run"], ["import", "pbx", MASTER]):
        line = terminal.run(*command).refusal()
        assert line.startswith(f"DATABASE_PATH: {terminal.database}: ")


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


# invite


async def test_an_invite_is_the_last_line_and_works_once(
    tmp_path: Path, terminal: Terminal
) -> None:
    async with running_office(tmp_path, clock=Wall()) as office:
        await office.administrator()
        shell = Terminal(tmp_path, environment(tmp_path, office.telegram))
        done = await shell.beside(
            *("invite", "--role", "operator", "--name", "Олена Коваленко"),
            *("--extension", "101", "--extension", "102"),
        )
        assert done.code == 0, done.err
        link = done.lines[-1]
        assert link.startswith("https://t.me/dzvinok_bot?start=")
        payload = link.partition("start=")[2]
        olena = office.telegram.user(OLENA, "Olena")
        await olena.start(payload)
        greeting = await olena.wait_for()
        assert "Олена Коваленко" in greeting.text
        assert shell.rows(f"SELECT role, name FROM employees WHERE tg_id = {OLENA}") == [
            ("operator", "Олена Коваленко")
        ]
        assert shell.rows("SELECT extension FROM employee_extensions ORDER BY 1") == [
            ("101",),
            ("102",),
        ]
        other = office.telegram.user(1900, "Хтось")
        sent = await other.start(payload)
        refused = await other.wait_for(lambda message: message.id > sent.id)
        assert "запрошення" in refused.text.lower()
        assert payload not in str(shell.rows("SELECT * FROM invites"))
        assert shell.rows("SELECT tg_id FROM employees WHERE tg_id = 1900") == []
    assert terminal.directory == tmp_path


async def test_an_invite_needs_telegram_and_a_role(online: Terminal) -> None:
    done = await online.beside("invite", "--role", "operator", BOT_TOKEN=WRONG_TOKEN)
    assert done.refusal() == "BOT_TOKEN: Unauthorized"
    for words in (["invite"], ["invite", "--role", "director"]):
        done = await online.beside(*words)
        assert done.code == 2
        assert "--role" in done.err


# import


def test_import_of_an_asterisk_log_can_be_repeated(terminal: Terminal) -> None:
    expected = json.loads((DATA / "asterisk" / "expected.json").read_text(encoding="utf-8"))
    first = terminal.run("import", "pbx", MASTER)
    assert first.code == 0, first.err
    stored = terminal.rows("SELECT * FROM calls ORDER BY external_id")
    assert len(stored) == len(expected["calls"])
    assert first.out == f"{len(stored)} accepted; 0 lines rejected\n"
    assert first.err == "", "the file is in the time zone of the settings"
    again = terminal.run("import", "PBX", MASTER)
    assert "accepted" not in again.out
    assert "updated" not in again.out
    assert "unchanged" in again.out
    assert terminal.rows("SELECT * FROM calls ORDER BY external_id") == stored


def test_a_dry_run_writes_nothing(terminal: Terminal) -> None:
    done = terminal.run("import", "office", DATA / "calls.jsonl", "--dry-run")
    assert (done.code, done.out) == (0, "3 calls can be read, 0 lines cannot; nothing written\n")
    assert not terminal.database.exists()


@pytest.mark.parametrize("name", ["calls.jsonl", "calls.csv"])
def test_import_of_our_own_files(terminal: Terminal, name: str) -> None:
    done = terminal.run("import", "office", DATA / name)
    assert (done.code, done.out) == (0, "3 accepted; 0 lines rejected\n")
    done = terminal.run("import", "office", DATA / "calls.jsonl", DATA / "calls.csv")
    assert (done.code, done.out) == (0, "6 unchanged; 0 lines rejected\n")
    assert terminal.rows("SELECT external_id, source FROM calls ORDER BY 1") == [
        (call_id, "office") for call_id in ("a1", "a2", "a3")
    ]


def test_a_bad_line_is_reported_and_the_rest_goes_in(terminal: Terminal) -> None:
    lines = (DATA / "calls.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line]
    lines.insert(1, '{"id": "a9", "direction": "sideways"}')
    file = terminal.directory / "calls.jsonl"
    file.write_text("\n".join([*lines, "{broken"]), encoding="utf-8")
    done = terminal.run("import", "office", file)
    assert (done.code, done.out) == (0, "3 accepted; 2 lines rejected\n")
    assert [line.split(": ")[0] for line in done.err.splitlines()] == [
        f"{file}:2",
        f"{file}:{len(lines) + 1}",
    ]
    assert terminal.rows("SELECT place FROM rejects ORDER BY place") == [(2,), (len(lines) + 1,)]
    file.write_text("{broken", encoding="utf-8")
    done = terminal.run("import", "office", file)
    assert done.code == 1, "nothing of it could be read"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["shop", MASTER], "SOURCES: no source named shop (known: office, pbx)"),
        (["pbx", "absent.csv", MASTER, "gone.csv"], "no such file: absent.csv, gone.csv"),
        (["pbx", DATA], f"no such file: {DATA}"),
    ],
)
def test_import_of_nothing_known_is_one_line(
    terminal: Terminal, words: list[object], told: str
) -> None:
    assert terminal.run("import", *words).refusal() == told
    assert not terminal.database.exists()


async def test_fresh_lost_calls_that_were_imported_are_alerted(
    tmp_path: Path, terminal: Terminal
) -> None:
    async with running_office(tmp_path, clock=Wall()) as office:
        admin = await office.administrator()
        shell = Terminal(tmp_path, environment(tmp_path, office.telegram))
        file = terminal.directory / "history.jsonl"
        calls = [_lost("old", 3700), _lost("older", 86400), _lost("fresh", 600)]
        file.write_text("\n".join(map(json.dumps, calls)), encoding="utf-8")
        done = await shell.beside("import", "office", file)
        assert done.out == "3 accepted; 0 lines rejected\n"
        alert = await admin.wait_for(_is_alert, 15)
        assert "+380 67 000 06 00" in alert.text
        await shell.beside("import", "office", file)
        await office.stop()
        assert len(list(filter(_is_alert, admin.messages()))) == 1
        assert shell.rows("SELECT state FROM outbox WHERE kind = 'case'") == [("sent",)]


def _lost(call_id: str, ago: int) -> dict[str, Any]:
    moment = datetime.fromtimestamp(int(time.time()) - ago, UTC)
    return {
        "id": call_id,
        "direction": "in",
        "status": "missed",
        "caller": {"number": f"067{ago:07d}"},
        "started_at": moment.isoformat(),
        "ended_at": moment.isoformat(),
    }


def _is_alert(message: Message) -> bool:
    return message.is_from_bot and "Пропущений дзвінок" in message.text


# backup


async def test_a_backup_while_the_bot_writes_is_whole(tmp_path: Path, terminal: Terminal) -> None:
    async with running_office(tmp_path, clock=Wall()) as office:
        await office.administrator()
        shell = Terminal(tmp_path, environment(tmp_path, office.telegram))
        copy = terminal.directory / "copies" / "dzvinok.db"
        posted, is_done = 0, asyncio.Event()

        async def post() -> None:
            nonlocal posted
            while not is_done.is_set():
                batch = [_lost(f"{posted}-{place}", 86400 + place) for place in range(20)]
                await office.post(*batch)
                posted += 1
                office.telegram.telegram.changes.notify()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(post())
            for _ in range(3):
                enough = posted + 3
                await office.telegram.wait_until(partial(lambda least: posted >= least, enough))
                sure = posted
                done = await shell.beside("backup", copy)
                assert done.code == 0, done.err
                assert done.out == f"{copy}: {copy.stat().st_size} bytes\n"
                assert os.listdir(copy.parent) == ["dzvinok.db"]
                assert rows(copy, "PRAGMA integrity_check") == [("ok",)]
                assert rows(copy, "PRAGMA journal_mode") == [("delete",)]
                [(count,)] = rows(copy, "SELECT count(*) FROM calls")
                assert count % 20 == 0, "a batch is there whole or not at all"
                assert sure * 20 <= count <= posted * 20 + 20
                assert rows(copy, "SELECT tg_id FROM employees") == [(1001,)]
            is_done.set()


def test_a_backup_of_no_database_is_one_line(terminal: Terminal) -> None:
    copy = terminal.directory / "copy.db"
    line = terminal.run("backup", copy).refusal()
    assert line == f"DATABASE_PATH: there is no database at {terminal.database}"
    assert not copy.exists()
    assert not terminal.database.exists()


def test_a_backup_that_cannot_be_written_is_one_line(terminal: Terminal) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    (terminal.directory / "file").write_text("")
    for target in (terminal.directory / "file" / "copy.db", terminal.directory):
        line = terminal.run("backup", target).refusal()
        assert str(target) in line


def test_a_backup_onto_the_database_itself_is_refused(terminal: Terminal) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    before = terminal.rows("SELECT external_id FROM calls ORDER BY 1")
    inode = terminal.database.stat().st_ino
    line = terminal.run("backup", terminal.database).refusal()
    assert str(terminal.database) in line
    assert terminal.database.stat().st_ino == inode
    assert terminal.rows("SELECT external_id FROM calls ORDER BY 1") == before


def test_the_copy_is_a_database_the_program_works_with(terminal: Terminal) -> None:
    terminal.run("import", "office", DATA / "calls.jsonl")
    copy = terminal.directory / "copy.db"
    copy.write_bytes(b"an older copy")
    assert terminal.run("backup", copy).code == 0
    terminal.database.unlink()
    shutil.copy(copy, terminal.database)
    done = terminal.run("import", "office", DATA / "calls.jsonl")
    assert done.out == "3 unchanged; 0 lines rejected\n"
