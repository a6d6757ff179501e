"""Wrong settings: one line each, without their values, at every command."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from storage.engine.sqlite import MIGRATIONS
from tests.support.places import DATA, ROOT
from tests.support.processes import run_forked
from tests.support.terminals import Terminal

MASTER = DATA / "asterisk" / "Master.csv"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOT_TOKEN", "my-secret-token"),
        ("BOT_API_URL", "ftp://secret.example"),
        ("ADMIN_IDS", "1001,secret"),
        ("ADMIN_IDS", "@secret"),
        ("ADMIN_IDS", "-7777"),
        ("ADMIN_IDS", "+380671234567"),
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
        ("CLIENT_URL", "https://crm.example.com/secret"),
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


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PAGE_SIZE", "ten", "expected a whole number"),
        ("PAGE_SIZE", "0", "expected greater than or equal to 1"),
        ("LANGUAGE", "ua", "expected 'uk' or 'en'"),
        ("PUBLIC_URL", "bot.example", "expected an address like https://bot.example.com"),
        ("BOT_API_URL", "https://a b/", "expected an address like https://api.telegram.org"),
        ("SOURCES__PBX__CURRENCY", "hryvnia", "expected three letters like UAH"),
        ("SOURCES__PBX__DIAL_CONTEXT", "from internal", "expected a context like from-internal"),
        ("SOURCES__PBX__TLS", "perhaps", "expected true or false"),
        ("TIMEZONE", "Europe", "no such time zone; expected a name like Europe/Kyiv"),
        ("DEFAULT_COUNTRY", "UK", "no such country; expected two letters like UA"),
    ],
)
def test_a_wrong_setting_is_told_once_in_words(
    terminal: Terminal, name: str, value: str, told: str
) -> None:
    changes = {"SOURCES__PBX__TIMEZONE": None, name: value}
    assert terminal.run("backup", "f", **changes).refusal() == f"{name}: {told}"


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        (
            "binotel",
            {"KEY": "k"},
            "SOURCES__SHOP__SECRET: is missing; this kind of source needs it",
        ),
        ("asterisk", {"HOST": "::1"}, "SOURCES__SHOP: HOST needs USERNAME and SECRET, of a user"),
        ("threecx", {}, "SOURCES__SHOP: expected either CDR_HOST, or API_URL with CLIENT_ID"),
        (None, {"TOKEN": "t"}, "SOURCES__SHOP__KIND: is missing; docs/connecting.md lists them"),
    ],
)
def test_a_source_that_lacks_a_setting_is_told_by_its_name(
    terminal: Terminal, kind: str | None, changes: dict[str, str], told: str
) -> None:
    given = {f"SOURCES__SHOP__{name}": value for name, value in changes.items()}
    line = terminal.run("backup", "f", SOURCES__SHOP__KIND=kind, **given).refusal()
    assert line.startswith(told)


def test_a_setting_of_a_source_with_one_underscore_is_told_how_it_is_written(
    terminal: Terminal,
) -> None:
    line = terminal.run("backup", "f", SOURCES__SHOP_KIND="webhook").refusal()
    assert line.startswith("SOURCES__SHOP_KIND: expected settings like SOURCES__OFFICE__KIND")


@pytest.mark.parametrize("form", [" {} ", '"{}"', "'{}'", '" {} "'])
def test_blanks_and_quotes_around_a_value_are_no_part_of_it(terminal: Terminal, form: str) -> None:
    names = ("BOT_TOKEN", "ADMIN_IDS", "DATABASE_PATH", "HTTP_PORT", "SOURCES__PBX__TIMEZONE")
    changes = {name: form.format(terminal.settings[name]) for name in names}
    done = terminal.run("backup", "f", TIMEZONE=form.format("Europe/Kyiv"), **changes)
    assert done.refusal() == f"DATABASE_PATH: there is no database at {terminal.database}"
    assert (
        terminal.run("backup", "f", DATABASE_PATH="~/x.db")
        .refusal()
        .startswith(f"DATABASE_PATH: there is no database at {Path.home()}")
    )


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


def test_the_env_file_means_what_it_says(terminal: Terminal) -> None:
    columns = "${CDR(src)},${CDR(dst)},${CDR(channel)},${CDR(start,u)},${CDR(disposition)}"
    (terminal.directory / ".env").write_text(
        f"SOURCES__PBX__COLUMNS='{columns}'\nexport TIMEZONE = \"No${{HOME}}where\" # ours\n"
    )
    line = terminal.run("backup", "f", SOURCES__PBX__TIMEZONE="UTC").refusal()
    assert line.startswith("TIMEZONE: no such time zone")
    assert "COLUMNS" not in line
    (terminal.directory / ".env").write_text(f"SOURCES__PBX__COLUMNS={columns}\n")
    assert "database" in terminal.run("backup", "f").refusal()


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


@pytest.mark.parametrize("value", ["7;8", "7 8", " 7 , 8 ", "[7, 8]", "7\n8", "7,8,7,"])
def test_ids_of_administrators_may_be_separated_in_any_way(terminal: Terminal, value: str) -> None:
    done = terminal.run("check", ADMIN_IDS=value)
    assert "ok   administrators: 2 in ADMIN_IDS" in done.lines


def test_names_of_administrators_are_no_ids(terminal: Terminal) -> None:
    line = terminal.run("check", ADMIN_IDS="@name").refusal()
    assert line.startswith("ADMIN_IDS: expected numeric ids")
    assert "@userinfobot" in line


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("# бот\nTIMEZONE=Europe/Kyiv\n".encode("cp1251"), ".env: is not in UTF-8"),
        ("TIMEZONE=Europe/Kyiv\n".encode("utf-16"), ".env: is not in UTF-8"),
        (b"TIMEZONE=Europe/Kyiv\nPAGE_SIZE\n", ".env: line 2 is not like NAME=value"),
        (b"TIMEZONE: Europe/Kyiv\n", ".env: line 1 is not like NAME=value"),
        (b"TIMEZONE=Europe/\0Kyiv\n", ".env: line 1 is not like NAME=value"),
    ],
)
def test_an_env_file_that_cannot_be_read_is_one_line(
    terminal: Terminal, content: bytes, told: str
) -> None:
    (terminal.directory / ".env").write_bytes(content)
    for command in (["run"], ["check"], ["import", "pbx", MASTER], ["backup", "f"], ["demo"]):
        assert terminal.run(*command, BOT_TOKEN=None).refusal().startswith(told)


def test_an_env_file_that_is_a_folder_is_one_line(terminal: Terminal) -> None:
    (terminal.directory / ".env").mkdir()
    for command in (["run"], ["check"], ["demo"]):
        line = terminal.run(*command, BOT_TOKEN=None).refusal()
        assert line.startswith(".env: is no file")


OWN_RIGHTS = (
    ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
)
"""Root, too, may then read and write only what the modes of files permit."""


def refusal_with_own_rights(terminal: Terminal, *command: str, **changes: str) -> str:
    """The one line of a command, run by a process that no mode of a file is waived for."""
    done = subprocess.run(
        [*OWN_RIGHTS, sys.executable, "-m", "bot", *command],
        cwd=terminal.directory,
        env=terminal.settings | {"PYTHONPATH": str(ROOT)} | changes,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    return line.removeprefix("dzvinok: ")


def test_an_env_file_of_somebody_else_is_one_line(terminal: Terminal) -> None:
    (terminal.directory / ".env").write_text("TIMEZONE=Europe/Kyiv\n")
    (terminal.directory / ".env").chmod(0)
    for command in ("run", "check", "demo"):
        line = refusal_with_own_rights(terminal, command, BOT_TOKEN="")
        assert line.startswith(".env: Permission denied"), command


@pytest.mark.long
@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_a_folder_of_somebody_else_takes_no_database(terminal: Terminal, mode: int) -> None:
    folder = terminal.directory / "theirs"
    folder.mkdir()
    folder.chmod(mode)
    for command in (["run"], ["import", "pbx", str(MASTER)]):
        line = refusal_with_own_rights(terminal, *command, DATABASE_PATH=f"{folder}/dzvinok.db")
        assert line.startswith("DATABASE_PATH: "), command
        assert str(folder) in line


def test_a_byte_order_mark_and_small_letters_are_fine(terminal: Terminal) -> None:
    written = "\ufeffTIMEZONE=Nowhere\nLOG_LEVEL=error\nLOG_FORMAT=JSON\n"
    (terminal.directory / ".env").write_text(written, encoding="utf-8")
    line = terminal.run("backup", "f").refusal()
    assert line.startswith("TIMEZONE: no such time zone")
    assert "LOG_" not in line


@pytest.mark.parametrize(
    "path", [".", "folder", "file/x.db", "/proc/x/y.db", "/proc/y.db", "/dev/null", "n" * 300]
)
def test_a_place_no_database_can_be_in_is_one_line(terminal: Terminal, path: str) -> None:
    """In processes of their own: a thread left behind would write its traceback there."""
    (terminal.directory / "folder").mkdir()
    (terminal.directory / "file").touch()
    settings = terminal.settings | {"DATABASE_PATH": path}
    for command in (["run"], ["import", "pbx", str(MASTER)], ["backup", "copy.db"]):
        code, written = run_forked(terminal.directory, settings, *command)
        [line] = written.splitlines()
        assert code == 1
        assert line.startswith("dzvinok: DATABASE_PATH: "), command


@pytest.mark.parametrize("host", ["http://127.0.0.1", "a" * 70, "198.51.100.7"])
def test_the_bot_refuses_a_host_that_is_no_address(terminal: Terminal, host: str) -> None:
    settings = terminal.settings | {"HTTP_HOST": host, "LOG_LEVEL": "ERROR"}
    code, written = run_forked(terminal.directory, settings, "run")
    [line] = written.splitlines()
    assert (code, line.split(": ")[1]) == (1, "HTTP_HOST")
