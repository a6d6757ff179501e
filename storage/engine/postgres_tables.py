"""The tables of an empty PostgreSQL, filled whole from another engine, in one transaction.

COPY fills them. Their indexes and foreign keys are made anew after it, out of the catalogue: with
a million calls that took 65 s in place of 89, and the tables may come in any order. FREEZE leaves
nothing for a later VACUUM to do.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg

from bot.domain.errors import StartError
from storage.engine.postgres_connections import CREATEDB, Connection, connect, explained
from storage.engine.postgres_lease import LEADER_LOCK
from storage.engine.postgres_schema import LOCK_SQL, migrate, stored_version
from storage.engine.postgres_server import examine
from storage.engine.tables import BEGIN, END, Table

_ROWS = 1000
"""That are in memory at once."""

_SEEDED = "counters"
"""The one table that has rows in a database that is new."""

_PATIENCE = {
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "60s",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
"""Of the session: one statement takes minutes, and its locks go soon after we are gone."""

_ATTEMPTS, _AGAIN_SECONDS = 10, 0.2

_OF_THE_SCHEMA = "(SELECT relnamespace FROM pg_class WHERE oid = to_regclass('schema_version'))"


class PostgresTables:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def is_empty(self, tables: Sequence[Table]) -> bool:
        for table in tables:
            sql = f'SELECT EXISTS (SELECT 1 FROM "{table.name}")'  # noqa: S608
            if table.name != _SEEDED and await self._fetch(sql) == [(True,)]:
                return False
        return True

    async def count(self, table: Table) -> int:
        [(count,)] = await self._fetch(f'SELECT count(*) FROM "{table.name}"')  # noqa: S608
        return int(count)

    @asynccontextmanager
    async def emptied(self, tables: Sequence[Table]) -> AsyncIterator[None]:
        """These tables are about to be filled; at the end they can be worked with."""
        names = ", ".join(f'"{table.name}"' for table in tables)
        await self._run(f"TRUNCATE {names}")
        keys = await self._fetch(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) "  # noqa: S608
            f"FROM pg_constraint WHERE contype = 'f' AND connamespace = {_OF_THE_SCHEMA}"
        )
        indexes = await self._fetch(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) "  # noqa: S608
            "FROM pg_index JOIN pg_class ON pg_class.oid = indrelid "
            f"WHERE relnamespace = {_OF_THE_SCHEMA} AND relkind = 'r' "
            "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)"
        )
        for table, name, _ in keys:
            await self._run(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
        for index, _ in indexes:
            await self._run(f"DROP INDEX {index}")
        yield
        for _, made in indexes:
            await self._run(made)
        for table, name, made in keys:
            await self._run(f"ALTER TABLE {table} ADD CONSTRAINT {name} {made}")
        await self._continue_ids()
        await self._run(f"ANALYZE {names}")

    async def fill(self, table: Table, blocks: AsyncIterator[bytes]) -> None:
        sql = f'COPY "{table.name}" ({table.columns_sql}) FROM STDIN (FORMAT BINARY, FREEZE)'
        async with self._connection.cursor().copy(sql.encode()) as copy:
            await copy.write(BEGIN)
            async for block in blocks:
                await copy.write(block)
            await copy.write(END)

    async def stream(self, table: Table) -> AsyncIterator[tuple[bytes, int]]:
        """The stream of the table in parts, and how many rows are in each."""
        sql = f"COPY ({table.rows_sql}) TO STDOUT (FORMAT BINARY)"
        parts: list[bytes] = []
        async with self._connection.cursor().copy(sql.encode()) as copy:
            async for part in copy:  # a row, the first with the beginning, or the end
                parts.append(bytes(part))
                if len(parts) == _ROWS:
                    yield b"".join(parts), len(parts)
                    parts.clear()
        yield b"".join(parts), len(parts) - 1

    async def _continue_ids(self) -> None:
        """Have the ids that the database gives go on after those that are there."""
        found = await self._fetch(
            "SELECT attrelid::regclass::text, quote_ident(attname) FROM pg_attribute "  # noqa: S608
            "JOIN pg_class ON pg_class.oid = attrelid "
            f"WHERE relnamespace = {_OF_THE_SCHEMA} AND attidentity <> ''"
        )
        for table, column in found:
            sql = f"SELECT coalesce(max({column}), 0) + 1 FROM {table}"  # noqa: S608
            [(following,)] = await self._fetch(sql)
            await self._run(f"ALTER TABLE {table} ALTER {column} RESTART WITH {following}")

    async def _run(self, sql: str) -> None:
        await self._connection.execute(sql.encode())

    async def _fetch(self, sql: str) -> list[Any]:
        return list(await (await self._connection.execute(sql.encode())).fetchall())


@asynccontextmanager
async def open_postgres_tables(url: str) -> AsyncIterator[PostgresTables]:
    """The tables of the database, brought to the present schema, in one transaction.

    No bot leads or writes there until the end of the block, and no other such block is entered.
    Raises StartError if a bot is running there, if the database is none the bot could work with,
    or if it holds tables of another program.
    """
    try:
        async with await connect(url, **_PATIENCE) as connection:
            await examine(connection, url)
            await _lead(connection)
            if await stored_version(connection) == (0, 0):
                await _check_foreign(connection)
            await migrate(connection, is_exact=True)
            async with connection.transaction():
                await connection.execute(LOCK_SQL.encode())
                yield PostgresTables(connection)
    except (psycopg.Error, OSError) as error:
        raise explained(error) from error


async def _lead(connection: Connection) -> None:
    """Raises StartError if a bot leads there: else none does while this connection lives.

    Of one that has just ended the server may not know so yet.
    """
    for _ in range(_ATTEMPTS):
        cursor = await connection.execute(f"SELECT pg_try_advisory_lock({LEADER_LOCK})".encode())
        [(is_ours,)] = await cursor.fetchall()
        if is_ours:
            return
        await asyncio.sleep(_AGAIN_SECONDS)
    raise StartError(
        "DATABASE_URL: a bot is running on this database, or another move: stop it first"
    )


async def _check_foreign(connection: Connection) -> None:
    """Raises StartError if there are tables already, where there is no schema of ours."""
    cursor = await connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace "
        "AND relkind IN ('r', 'p') AND NOT EXISTS (SELECT 1 FROM pg_depend "
        "WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e') "
        "ORDER BY relname"
    )
    if found := [name for (name,) in await cursor.fetchall()]:
        shown = ", ".join(found[:3]) + (", …" if found[3:] else "")
        raise StartError(
            f"DATABASE_URL: the database holds tables of another program ({shown}): "
            f"make one for Dzvinok alone {CREATEDB}"
        )
