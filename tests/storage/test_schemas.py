"""The schema that the migrations of SQLite make, held against that of PostgreSQL's.

PostgreSQL itself reads both: the tables and indexes of SQLite, as they are written in its own
catalogue, are made in a schema beside ours, and then the two are described in the same words.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from storage.engine.sqlite import open_sqlite
from tests.support.postgres import postgres_database

OURS, OF_SQLITE = "public", "of_sqlite"

ONLY_POSTGRES = {
    ("table", "schema_version"),
    ("column", "schema_version", "version", "bigint", ""),
    ("column", "schema_version", "oldest", "bigint", ""),
    (
        "index",
        "call_extensions_by_position",
        "CREATE INDEX call_extensions_by_position ON call_extensions "
        'USING btree (extension, "position", call_id, traits, lost, line, queue)',
    ),
}
"""SQLite keeps the version in the header of its file (user_version), and that table is such an
index itself, WITHOUT ROWID."""

IDENTITIES = {
    *("audit", "case_events", "comment_changes", "dials", "employees", "groups"),
    *("ignored_numbers", "invites", "log_views", "outbox", "rejects", "reminders"),
}
"""Tables whose ids PostgreSQL is told to give: SQLite gives those of any INTEGER PRIMARY KEY."""

TYPES = {"INTEGER": "BIGINT", "TEXT": 'TEXT COLLATE "C"'}
"""What stands for them there: numbers of 64 bits, and texts compared byte by byte."""

COLUMNS = """
SELECT relname, attname, format_type(atttypid, atttypmod)
    || CASE attcollation WHEN 0 THEN '' ELSE ' ' || collname END
    || CASE WHEN attnotnull THEN ' not null' ELSE '' END,
    coalesce(pg_get_expr(adbin, adrelid), '')
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
LEFT JOIN pg_collation ON pg_collation.oid = attcollation
WHERE relkind = 'r' AND relnamespace = %s::regnamespace
"""
CONSTRAINTS = """
SELECT conrelid::regclass::text, pg_get_constraintdef(pg_constraint.oid)
FROM pg_constraint WHERE connamespace = %s::regnamespace
"""
INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
WHERE relnamespace = %s::regnamespace
    AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
"""
OTHERS = """
SELECT 'trigger', tgname FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'view', relname FROM pg_class
WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace
UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""


@pytest.fixture
def connection() -> Iterator[psycopg.Connection[Any]]:
    with postgres_database() as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
async def of_sqlite(tmp_path: Path) -> list[tuple[str, str, str]]:
    """What the catalogue of SQLite says: type, name, and SQL of each thing."""
    path = tmp_path / "dzvinok.db"
    async with open_sqlite(path):
        pass
    with closing(sqlite3.connect(path)) as file:
        sql = "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name"
        return file.execute(sql).fetchall()


def translated(sql: str) -> str:
    """As PostgreSQL writes the same."""
    sql = re.sub(r"--[^\n]*", "", sql)
    sql = re.sub(r"\b(INTEGER|TEXT)\b", lambda found: TYPES[found[1]], sql)
    return re.sub(r"\)\s*STRICT\s*(, WITHOUT ROWID)?\s*$", ")", sql)


def make(connection: psycopg.Connection[Any], things: list[tuple[str, str, str]]) -> None:
    """Make them in a schema of their own: tables as soon as those they refer to are there."""
    connection.execute(f"CREATE SCHEMA {OF_SQLITE}")
    connection.execute(f"SET search_path = {OF_SQLITE}")
    waiting = [translated(sql) for kind, _, sql in things if kind == "table"]
    while waiting:
        left = []
        for sql in waiting:
            try:
                connection.execute(sql.encode())
            except psycopg.errors.UndefinedTable:
                left.append(sql)
        assert len(left) < len(waiting), left
        waiting = left
    for kind, _, sql in things:
        if kind == "index":
            connection.execute(sql.encode())


def described(connection: psycopg.Connection[Any], schema: str) -> set[tuple[str, ...]]:
    """All that a schema has, in PostgreSQL's words, without the names it gave itself."""
    connection.execute(f"SET search_path = {schema}")
    columns = connection.execute(COLUMNS, (schema,)).fetchall()
    found = {("table", table) for table, *_ in columns} | {("column", *row) for row in columns}
    found |= {("constraint", *row) for row in connection.execute(CONSTRAINTS, (schema,))}
    found |= {
        ("index", name, made.replace(f" {schema}.", " "))
        for name, made in connection.execute(INDEXES, (schema,))
    }
    return found


async def test_both_engines_have_the_same_schema(
    connection: psycopg.Connection[Any], of_sqlite: list[tuple[str, str, str]]
) -> None:
    make(connection, of_sqlite)
    theirs, ours = described(connection, OF_SQLITE), described(connection, OURS)
    assert ours - theirs == ONLY_POSTGRES
    assert theirs - ours == set()
    assert len(theirs) > 400
    assert {kind for kind, _, _ in of_sqlite} == {"table", "index"}
    assert connection.execute(OTHERS).fetchall() == []


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE fsm ADD COLUMN more TEXT",
        "ALTER TABLE fsm ALTER data DROP NOT NULL",
        "ALTER TABLE contacts ALTER version SET DEFAULT 1",
        'ALTER TABLE fsm ALTER data TYPE TEXT COLLATE "default"',
        "ALTER TABLE calls ALTER talk TYPE INTEGER",
        "ALTER TABLE comment_changes DROP CONSTRAINT comment_changes_call_id_version_key",
        "ALTER TABLE comments DROP CONSTRAINT comments_call_id_fkey",
        "ALTER TABLE clock DROP CONSTRAINT clock_id_check",
        "ALTER TABLE flaws DROP CONSTRAINT flaws_pkey",
        "DROP INDEX outbox_pending",
        "DROP INDEX reminders_due; CREATE INDEX reminders_due ON reminders (due_at)",
        "CREATE TABLE more (id BIGINT)",
    ],
)
async def test_a_difference_would_be_noticed(
    connection: psycopg.Connection[Any], of_sqlite: list[tuple[str, str, str]], change: str
) -> None:
    make(connection, of_sqlite)
    connection.execute(f"SET search_path = {OURS}")
    connection.execute(change.encode())
    assert described(connection, OURS) ^ described(connection, OF_SQLITE) != ONLY_POSTGRES


def test_ids_that_sqlite_gives_are_given_by_postgresql_too(
    connection: psycopg.Connection[Any], of_sqlite: list[tuple[str, str, str]]
) -> None:
    """All but those that the program takes from `counters`, or that are another table's."""
    sql = "SELECT relname FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid WHERE {}"
    given = {name for (name,) in connection.execute(sql.format("attidentity = 'd'").encode())}
    counted = {name for (name,) in connection.execute("SELECT name FROM counters")}
    plain = {name for kind, name, sql in of_sqlite if re.search(r"\bid +INTEGER PRIMARY KEY", sql)}
    assert given == IDENTITIES
    assert plain - given == (counted - {"caught_up"}) | {"clock"}


async def test_a_new_database_has_the_same_rows_in_both(
    connection: psycopg.Connection[Any], tmp_path: Path
) -> None:
    """Those of `counters`, and no others: so storage/moving.py knows that one is empty."""
    path = tmp_path / "dzvinok.db"
    async with open_sqlite(path):
        pass
    with closing(sqlite3.connect(path)) as file:
        sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        for (name,) in file.execute(sql).fetchall():
            rows = file.execute(f"SELECT * FROM {name}").fetchall()
            assert bool(rows) == (name == "counters")
            ours = connection.execute(f"SELECT * FROM {name}".encode()).fetchall()
            assert sorted(ours) == sorted(rows)
