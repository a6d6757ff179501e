"""Databases that are moved from SQLite to PostgreSQL, and what is then on either side."""

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from storage.moving import Moved, move

Rows = dict[str, list[tuple[Any, ...]]]
"""All rows of each table, sorted."""

_SCHEMA = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"


class Steps:
    """The progress of a move, added up."""

    def __init__(self) -> None:
        self.total = self.done = 0

    def begin(self, total: int) -> None:
        self.total = total

    def advance(self, rows: int) -> None:
        self.done += rows


async def moved(path: Path, url: str) -> Moved:
    """What comes of a move that goes through; its progress comes to its end."""
    steps = Steps()
    done = await move(path, url, steps)
    assert steps.done == steps.total == 2 * done.rows
    return done


def fill(path: Path) -> None:
    """Put a row into every table, whatever tables there are: each number 1, each text a word.

    So all that refer to each other do; of texts that are checked, the first that is allowed.
    """
    with closing(sqlite3.connect(path)) as file, file:
        for table, sql in file.execute(_SCHEMA).fetchall():
            allowed = dict(re.findall(r"(\w+) IN \(\s*'(\w+)'", sql))
            columns = file.execute("SELECT name, type FROM pragma_table_info(?)", (table,))
            row = {
                name: 1 if kind == "INTEGER" else allowed.get(name, f"{table} {name}")
                for name, kind in columns
            }
            put(file, table, row)


def put(file: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    marks = ", ".join("?" * len(row))
    file.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def in_sqlite(path: Path) -> Rows:
    with closing(sqlite3.connect(path)) as file:
        tables = [name for name, _ in file.execute(_SCHEMA)]
        return {
            table: in_order(file.execute(f"SELECT {columns(file, table)} FROM {table}"))
            for table in tables
        }


def columns(file: sqlite3.Connection, table: str) -> str:
    """By name: the engines have them in different places."""
    found = file.execute("SELECT name FROM pragma_table_info(?) ORDER BY name", (table,))
    return ", ".join(name for (name,) in found)


def in_postgres(url: str) -> Rows:
    """The same of all tables in its catalogue, but for the one that SQLite has not."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            """
            SELECT relname, string_agg(quote_ident(attname), ', ' ORDER BY attname COLLATE "C")
            FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
                AND relname <> 'schema_version'
            GROUP BY relname
            """
        ).fetchall()
        return {
            table: in_order(connection.execute(f"SELECT {names} FROM {table}".encode()))
            for table, names in found
        }


def in_order(rows: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted(rows, key=repr)
