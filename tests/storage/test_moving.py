"""All of an SQLite database comes to PostgreSQL as it was, or nothing does."""

import asyncio
import contextlib
import os
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.domain.errors import StartError
from storage.database import open_database
from storage.engine.postgres_lease import PostgresLease
from storage.engine.sqlite import MIGRATIONS, open_sqlite
from storage.lock import only_process
from storage.moving import Moved
from tests.support.databases import put_database
from tests.support.moving import fill, in_order, in_postgres, in_sqlite, moved, put
from tests.support.places import ROOT
from tests.support.postgres import postgres_database

PATIENCE = 30.0
GATE = 77
"""An advisory lock at which a move is held up."""


@pytest.fixture
def url() -> Iterator[str]:
    with postgres_database() as url:
        yield url


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A database with a row in every table."""
    path = tmp_path / "dzvinok.db"
    async with open_sqlite(path):
        pass
    fill(path)
    return path


def query(url: str, sql: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(sql.encode())
        return cursor.fetchall() if cursor.description else []


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as file:
        return [*file.iterdump(), str(file.execute("PRAGMA user_version").fetchall())]


async def refusal(path: Path, url: str) -> str:
    """The one line of a move that is refused; the file is as it was."""
    before = dump(path)
    with pytest.raises(StartError) as told:
        await moved(path, url)
    assert dump(path) == before
    line = str(told.value)
    assert "\n" not in line
    return line


# What is moved


async def test_every_table_there_is_comes_along(path: Path, url: str) -> None:
    """A new table is filled, and looked for, by itself."""
    before = dump(path)
    done = await moved(path, url)
    there = in_postgres(url)
    assert there == in_sqlite(path)
    assert all(there.values())
    assert done == Moved(calls=1, rows=sum(map(len, there.values())), is_new=True, replaced=0)
    assert dump(path) == before


async def test_a_table_of_tomorrow_comes_along(path: Path, url: str) -> None:
    tomorrow = "CREATE TABLE tomorrow (day TEXT PRIMARY KEY, count INTEGER)"
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(f"{tomorrow} STRICT")
        file.execute("INSERT INTO tomorrow VALUES ('Friday', 13), ('Saturday', NULL)")
    query(url, tomorrow.replace("INTEGER", "BIGINT").replace("TEXT", 'TEXT COLLATE "C"'))
    await moved(path, url)
    assert in_postgres(url)["tomorrow"] == [(13, "Friday"), (None, "Saturday")]
    assert in_postgres(url) == in_sqlite(path)


WHOLE = st.integers(-(2**63), 2**63 - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
KEY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@pytest.mark.long
@settings(max_examples=25, deadline=None)
@given(
    numbers=st.dictionaries(KEY, WHOLE),
    states=st.dictionaries(KEY, st.tuples(st.none() | TEXT, TEXT)),
    updates=st.dictionaries(WHOLE, TEXT),
)
@example(
    numbers={"": 2**63 - 1, "a": -(2**63), "Ї": 0, "\uffff": 1, "\U0001f44d": 2, "é": 3, "Z": 4},
    states={
        "none": (None, ""),
        "empty": ("", "\0"),
        "lines": ("\\N", "\t\r\n\\.\n"),
        "\x01": ("\N{REPLACEMENT CHARACTER}", "\ufeff"),
    },
    updates={-(2**63): "", 0: "'\"", 2**63 - 1: "e\u0301 ‮ 👩‍👩‍👧"},
)
def test_whatever_is_stored_comes_as_it_was(
    numbers: dict[str, int], states: dict[str, tuple[str | None, str]], updates: dict[int, str]
) -> None:
    """But for U+0000, which PostgreSQL cannot hold: U+FFFD stands for it."""
    with TemporaryDirectory() as folder, postgres_database() as url:
        path = Path(folder) / "dzvinok.db"
        asyncio.run(put_database(path))
        with closing(sqlite3.connect(path)) as file, file:
            for name, value in numbers.items():
                put(file, "company_numbers", {"name": name, "value": value})
            for key, (state, data) in states.items():
                put(file, "fsm", {"key": key, "state": state, "data": data})
            for number, body in updates.items():
                put(file, "waiting_updates", {"update_id": number, "body": body})
            put(file, "holidays", {"day": "2026-12-25"})
        done = asyncio.run(moved(path, url))
        texts = [
            one
            for rows in in_sqlite(path).values()
            for row in rows
            for one in row
            if isinstance(one, str)
        ]
        assert done.replaced == sum("\0" in text for text in texts)
        assert in_postgres(url) == {
            table: in_order(map(stored, rows)) for table, rows in in_sqlite(path).items()
        }
        assert not asyncio.run(moved(path, url)).is_new


def stored(row: tuple[object, ...]) -> tuple[object, ...]:
    """The row as PostgreSQL has it."""
    zero = "\N{REPLACEMENT CHARACTER}"
    return tuple(one.replace("\0", zero) if isinstance(one, str) else one for one in row)


async def test_a_key_with_a_zero_in_it_is_refused(path: Path, url: str) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        for key in ("a\0", "a\x01", "b"):
            put(file, "fsm", {"key": key, "state": None, "data": ""})
    assert "U+0000" in await refusal(path, url)
    assert not any(rows for table, rows in in_postgres(url).items() if table != "counters")


async def test_the_ids_go_on(path: Path, url: str) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE rejects SET id = 5000000000")
        file.execute("DELETE FROM reminders")
    await moved(path, url)
    for table, columns, values, following in (
        ("rejects", "source, received_at, place, reason, body", "'', 1, 1, '', ''", 5_000_000_001),
        ("groups", "chat_id, title, language, connected_at", "2, '', 'uk', 1", 2),
        ("reminders", "employee_id, call_id, created_at", "1, 1, 1", 1),
    ):
        sql = f"INSERT INTO {table} ({columns}) VALUES ({values}) RETURNING id"
        assert query(url, sql) == [(following,)]


async def test_indexes_and_keys_are_there_again(path: Path, url: str) -> None:
    constraints = (
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated "
        "FROM pg_constraint ORDER BY 1, 2"
    )
    indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1"
    before = query(url, constraints), query(url, indexes)
    await moved(path, url)
    assert (query(url, constraints), query(url, indexes)) == before
    analyzed = "SELECT count(*) FROM pg_stats WHERE schemaname = 'public' AND tablename = 'calls'"
    assert query(url, analyzed) != [(0,)]


async def test_a_file_of_an_older_version_is_brought_up_first(tmp_path: Path, url: str) -> None:
    path, some = tmp_path / "dzvinok.db", tmp_path / "some"
    some.mkdir()
    for script in sorted(MIGRATIONS.glob("*.sql"))[:11]:
        shutil.copy(script, some)
    async with open_sqlite(path, migrations=some):
        pass
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("INSERT INTO contacts (number, name) VALUES ('+380671234567', 'Ганна')")
    await moved(path, url)
    assert in_postgres(url) == in_sqlite(path)
    assert query(url, "SELECT name FROM contacts") == [("Ганна",)]


# Again, and two at once


async def test_a_second_move_finds_everything_and_changes_nothing(path: Path, url: str) -> None:
    files = (
        "SELECT relname, relfilenode FROM pg_class "
        "WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
    )
    await moved(path, url)
    before = query(url, files)
    done = await moved(path, url)
    assert not done.is_new
    assert query(url, files) == before
    assert in_postgres(url) == in_sqlite(path)


async def test_two_moves_at_once_do_no_harm(path: Path, tmp_path: Path, url: str) -> None:
    copy = tmp_path / "copy.db"
    shutil.copy(path, copy)
    async with held_up(url, "calls") as gate:
        first = asyncio.ensure_future(moved(path, url))
        await gate.reached()
        assert "another Dzvinok is running on" in await refusal_of_a_second(path, url)
        assert "a bot is running on this database, or another move" in await refusal(copy, url)
    assert (await first).is_new
    assert not (await moved(copy, url)).is_new
    assert in_postgres(url) == in_sqlite(path)


async def refusal_of_a_second(path: Path, url: str) -> str:
    with pytest.raises(StartError) as told:
        await moved(path, url)
    return str(told.value)


# What is refused


async def test_a_bot_at_work_on_either_is_not_disturbed(path: Path, url: str) -> None:
    with only_process(path):
        assert "another Dzvinok is running on" in await refusal(path, url)
    async with PostgresLease(url).held():
        assert "a bot is running on this database" in await refusal(path, url)
    await moved(path, url)


async def test_a_file_that_another_program_writes_to_is_refused(
    path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.engine.sqlite.BUSY_MS", 100)
    with closing(sqlite3.connect(path)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with pytest.raises(StartError, match="another program, such as an import"):
            await moved(path, url)
        writer.rollback()


async def test_a_newer_database_is_refused_on_either_side(path: Path, url: str) -> None:
    query(url, "UPDATE schema_version SET version = 9999")
    assert "newer Dzvinok" in await refusal(path, url)
    query(url, "UPDATE schema_version SET version = 26")
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA user_version = 9999")
    line = await refusal(path, url)
    assert line.startswith("DATABASE_PATH: ")
    assert "newer Dzvinok" in line


async def test_a_database_of_another_program_is_refused_and_left_alone(
    path: Path, url: str
) -> None:
    query(url, "DROP SCHEMA public CASCADE")
    query(url, "CREATE SCHEMA public CREATE TABLE invoices (id INTEGER)")
    assert await refusal(path, url) == (
        "DATABASE_URL: the database holds tables of another program (invoices): "
        "make one for Dzvinok alone as user postgres: "
        "createdb -O USER -E UTF8 -T template0 DATABASE"
    )
    assert in_postgres(url) == {"invoices": []}


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("INSERT INTO holidays VALUES ('2026-12-25')", "holidays: 2 rows there, 1 in the file"),
        ("UPDATE comments SET text = 'another'", "comments differs"),
        ("UPDATE contacts SET former_name = NULL", "contacts differs"),
        ("UPDATE fsm SET state = ''", "fsm differs"),
        ("UPDATE counters SET value = 7 WHERE name = 'calls'", "counters differs"),
    ],
)
async def test_what_is_no_copy_of_the_file_is_refused_and_left_alone(
    path: Path, url: str, sql: str, told: str
) -> None:
    await moved(path, url)
    query(url, sql)
    before = in_postgres(url)
    line = await refusal(path, url)
    assert line.startswith(f"DATABASE_URL: the database is not empty, and no copy of {path} (")
    assert told in line
    assert line.endswith(
        "make another as user postgres: createdb -O USER -E UTF8 -T template0 DATABASE"
    )
    assert in_postgres(url) == before


async def test_a_database_in_which_a_bot_has_begun_is_refused(path: Path, url: str) -> None:
    query(url, "INSERT INTO clock (id, noted_at) VALUES (1, 1)")
    assert "is not empty" in await refusal(path, url)


async def test_no_file_and_no_database_are_refused(path: Path, tmp_path: Path, url: str) -> None:
    missing = tmp_path / "missing.db"
    with pytest.raises(StartError, match="DATABASE_PATH: there is no database at "):
        await moved(missing, url)
    assert os.listdir(tmp_path) == [path.name]
    missing.write_text("no database at all " * 100)
    with pytest.raises(StartError, match="DATABASE_PATH"):
        await moved(missing, url)


async def test_a_file_in_which_somebody_is_referred_to_who_is_not_there(
    path: Path, url: str
) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("DELETE FROM employees")
    line = await refusal(path, url)
    assert "violates foreign key constraint" in line
    assert not any(rows for table, rows in in_postgres(url).items() if table != "counters")


# Whatever ends it


class Gate:
    """Where a move stands until the block ends: as the row of a table is put there."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def reached(self) -> int:
        """Wait until it stands there; the process of the server that works for it."""
        sql = (
            "SELECT pid FROM pg_locks JOIN pg_database AS d ON d.oid = database "
            "WHERE datname = current_database() AND locktype = 'advisory' "
            f"AND objid = {GATE} AND NOT granted"
        )
        async with asyncio.timeout(PATIENCE):
            while not (found := await asyncio.to_thread(query, self._url, sql)):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        [(pid,)] = found
        assert isinstance(pid, int)
        return pid


@contextlib.asynccontextmanager
async def held_up(url: str, table: str) -> AsyncIterator[Gate]:
    """A gate at this table; whoever stands there at the end of the block goes on."""
    query(
        url,
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
        f"'BEGIN PERFORM pg_advisory_lock({GATE}); RETURN new; END'",
    )
    query(url, f"CREATE TRIGGER wait BEFORE INSERT ON {table} EXECUTE FUNCTION wait()")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"SELECT pg_advisory_lock({GATE})")
        yield Gate(url)


async def let_go(url: str) -> None:
    """Take the gate away, once whoever stood there has ended."""
    await asyncio.to_thread(query, url, "DROP FUNCTION wait CASCADE")


TABLES = ("batch_cases", "calls", "outbox", "working_hours")
"""The first in the order of a move, two in the midst, the last."""


@pytest.mark.parametrize("table", TABLES)
async def test_after_kill_9_there_is_nothing_and_a_move_begins_anew(
    path: Path, url: str, table: str
) -> None:
    before = dump(path)
    async with held_up(url, table) as gate:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "move", url),
            cwd=path.parent,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "DATABASE_PATH": str(path),
            },
        )
        await gate.reached()
        process.kill()
        await process.wait()
    await let_go(url)
    assert not any(rows for name, rows in in_postgres(url).items() if name != "counters")
    assert dump(path) == before
    assert (await moved(path, url)).is_new
    assert in_postgres(url) == in_sqlite(path)


async def test_after_a_lost_connection_there_is_nothing_and_a_move_begins_anew(
    path: Path, url: str
) -> None:
    async with held_up(url, "outbox") as gate:
        moving = asyncio.ensure_future(refusal(path, url))
        pid = await gate.reached()
        query(url, f"SELECT pg_terminate_backend({pid})")
        assert (await moving).startswith("DATABASE_URL: ")
    await let_go(url)
    assert not any(rows for name, rows in in_postgres(url).items() if name != "counters")
    assert (await moved(path, url)).is_new


async def test_what_comes_out_otherwise_is_not_kept(path: Path, url: str) -> None:
    """As if the server had stored another text than it was sent."""
    query(
        url,
        "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN new.data := upper(new.data); RETURN new; END'",
    )
    query(url, "CREATE TRIGGER spoil BEFORE INSERT ON fsm FOR EACH ROW EXECUTE FUNCTION spoil()")
    assert "fsm is not there as it was sent" in await refusal(path, url)
    assert not any(rows for name, rows in in_postgres(url).items() if name != "counters")


async def test_a_database_that_nobody_has_opened_yet_gets_its_schema(path: Path, url: str) -> None:
    query(url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await moved(path, url)
    assert in_postgres(url) == in_sqlite(path)
    async with open_database(url) as database:
        assert await database.count("SELECT count(*) FROM calls") == 1
