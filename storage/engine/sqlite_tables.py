"""The tables of an SQLite database, read whole for a move to another engine."""

import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite

from bot.domain.errors import StartError
from storage.engine.sqlite import open_sqlite
from storage.engine.sqlite_files import BUSY_MS, check_database
from storage.engine.tables import Table, encode

_BLOCK = 1000
"""Rows that are in memory at once."""


class SqliteTables:
    """`replaced`: in how many texts read so far U+0000 had to give way."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection
        self.replaced = 0

    async def tables(self) -> list[Table]:
        """All of them, by name."""
        names = await self._fetch(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
            "ORDER BY name"
        )
        return [await self._table(name) for (name,) in names]

    async def _table(self, name: str) -> Table:
        columns = list(await self._fetch("SELECT name, pk FROM pragma_table_info(?)", name))
        key = sorted((place, column) for column, place in columns if place)
        return Table(name, tuple(column for column, _ in columns), tuple(one for _, one in key))

    async def count(self, table: Table) -> int:
        [(count,)] = await self._fetch(f'SELECT count(*) FROM "{table.name}"')  # noqa: S608
        return int(count)

    async def blocks(self, table: Table) -> AsyncIterator[tuple[bytes, int]]:
        """Its rows as parts of a stream, and how many are in each."""
        async with self._connection.execute(table.rows_sql) as cursor:
            while rows := list(await cursor.fetchmany(_BLOCK)):
                block, replaced = encode(rows)
                self.replaced += replaced
                yield block, len(rows)

    async def _fetch(self, sql: str, *values: str) -> Iterable[Any]:
        return await self._connection.execute_fetchall(sql, values)


@asynccontextmanager
async def open_sqlite_tables(path: Path) -> AsyncIterator[SqliteTables]:
    """The tables of the file, brought to the present schema; nobody writes to it meanwhile.

    Raises StartError if there is no such database, or it cannot be read.
    """
    check_database(path)
    async with open_sqlite(path):
        pass
    try:
        async with aiosqlite.connect(path, isolation_level=None) as connection:
            await connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            await connection.execute("BEGIN IMMEDIATE")
            yield SqliteTables(connection)
            await connection.execute("ROLLBACK")
    except sqlite3.Error as error:
        told = f"cannot be read: {error}; if it is damaged, take a copy made by `dzvinok backup`"
        raise StartError(f"DATABASE_PATH: {path} {told}") from error
