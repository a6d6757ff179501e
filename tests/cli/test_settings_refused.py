"""Wrong settings: one line each, without their values, at every command."""

import sqlite3
from contextlib import closing

import pytest

from storage.database import MIGRATIONS
from tests.support.places import DATA
from tests.support.terminals import Terminal

MASTER = DATA / "asterisk" / "Master.csv"


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
        ("SOURCES__PBX__ENCODING", "secret"),
        ("SOURCES__PBX__ENCODING", "utf-16"),
        ("SOURCES__OFFICE__ENCODING", "rot13"),
        ("SOURCES__PBX__COLUMNS", "src,dst,secret"),
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
