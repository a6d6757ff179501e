"""SQLite, embedded: one connection writes, behind a lock, others read. The default.

`synchronous=FULL`: what is committed survives the loss of power. A trip to the database is a hop
to the thread of a connection and back, however many statements it runs there.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import aiosqlite

from bot.domain.errors import AwayError, StartError, StorageError
from storage.engine.base import Database, Row, Select, Statement, Transaction, Value
from storage.engine.sqlite_files import BUSY_MS, Place, prepare_place, size_on_disk, unusable

T = TypeVar("T")

MIGRATIONS = Path(__file__).parent.parent / "migrations" / "sqlite"

_CACHE_KIB = 8_000

_READERS = 3
"""So that what reads for long, statistics or an export, holds up no press."""


class _Connection(aiosqlite.Connection):
    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """What `work` returns, done in the thread of the connection in one piece."""
        done: T = await self._execute(work, self._conn)  # type: ignore[no-untyped-call]
        return done


class SqliteDatabase(Database):
    def __init__(self, path: Path, writer: _Connection, readers: Sequence[_Connection]) -> None:
        super().__init__()
        self._path = path
        self._writer = writer
        self._readers: asyncio.LifoQueue[_Connection] = asyncio.LifoQueue()
        for reader in readers:
            self._readers.put_nowait(reader)
        self._place = Place(path)
        self._lock = asyncio.Lock()

    async def fetch_each(self, *selects: Select) -> list[list[Row]]:
        reader = await self._readers.get()
        self.trips += 1
        try:
            return await reader.run(lambda connection: _read(connection, selects))
        except sqlite3.Error as error:
            raise _refused(error) from error
        finally:
            self._readers.put_nowait(reader)

    def union_sql(self, parts: Sequence[str], by: str, limit: str, offset: str = "0") -> str:
        return f"{' UNION '.join(parts)} ORDER BY {by} LIMIT {limit} OFFSET {offset}"

    async def size(self) -> int:
        return size_on_disk(self._path)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._lock:
            self._place.check()
            tx = _SqliteTransaction(self, self._writer)
            try:
                yield tx
                await tx.commit()
                self.owings += tx.owes
            except BaseException as error:
                with suppress(sqlite3.Error):  # a full disk has already rolled it back
                    await self._writer.run(_roll_back)
                if isinstance(error, sqlite3.Error):
                    raise _refused(error) from error
                raise


class _SqliteTransaction(Transaction):
    def __init__(self, database: SqliteDatabase, connection: _Connection) -> None:
        super().__init__()
        self._database = database
        self._connection = connection
        self._is_begun = False

    async def _run(self, queued: Sequence[Statement]) -> None:
        self._database.trips += 1
        await self._connection.run(lambda connection: self._run_queued(connection, queued))

    async def commit(self) -> None:
        queued, self._queue = self._queue, []

        def work(connection: sqlite3.Connection) -> None:
            self._run_queued(connection, queued)
            connection.execute("COMMIT")

        if queued or self._is_begun:
            self._database.trips += 1
            await self._connection.run(work)

    def _run_queued(self, connection: sqlite3.Connection, queued: Sequence[Statement]) -> None:
        """In the thread of the connection."""
        if not self._is_begun:
            if connection.in_transaction:  # a rollback was itself cut short
                connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
            self._is_begun = True
        for one in queued:
            if one.is_many:
                connection.executemany(one.sql, one.rows)
            elif one.answer:
                one.answer.rows = _run(connection, one.sql, one.rows[0])
            else:
                connection.execute(one.sql, one.rows[0])


def _refused(error: sqlite3.Error) -> StorageError:
    code = getattr(error, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_FULL:
        return AwayError("disk full")
    return AwayError(str(error)) if code == sqlite3.SQLITE_BUSY else StorageError(str(error))


def _read(connection: sqlite3.Connection, selects: Sequence[Select]) -> list[list[Row]]:
    if len(selects) > 1:
        connection.execute("BEGIN")
    try:
        return [_run(connection, *one) for one in selects]
    finally:
        _roll_back(connection)


def _run(connection: sqlite3.Connection, sql: str, values: Sequence[Value]) -> list[Row]:
    return connection.execute(sql, values).fetchall()


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


@asynccontextmanager
async def open_sqlite(
    path: Path, *, migrations: Path = MIGRATIONS
) -> AsyncIterator[SqliteDatabase]:
    """Open the file, creating and migrating it as needed.

    Raises StartError if it cannot be opened or was written by a newer version of the program.
    """
    prepare_place(path)
    async with AsyncExitStack() as stack:
        writer = await stack.enter_async_context(_connect(path))
        await _migrate(writer, path, migrations)
        readers = [await stack.enter_async_context(_connect(path)) for _ in range(_READERS)]
        for reader in readers:
            await reader.execute("PRAGMA query_only = ON")
        yield SqliteDatabase(path, writer, readers)


@asynccontextmanager
async def open_sqlite_to_read(path: Path) -> AsyncIterator[SqliteDatabase]:
    """Open a file that is there and of this version, for a program that only reads it.

    It cannot write, so that it does not take away the WAL of the bot when it ends. Raises
    StartError if it cannot be opened.
    """
    async with _connect(f"{path.absolute().as_uri()}?mode=ro") as reader:
        yield SqliteDatabase(path, reader, [reader])


@asynccontextmanager
async def _connect(path: Path | str) -> AsyncIterator[_Connection]:
    """`path`: that of the file, or its URI."""
    is_uri = isinstance(path, str)
    async with AsyncExitStack() as stack:
        try:
            connection = _Connection(
                lambda: sqlite3.connect(
                    path, isolation_level=None, cached_statements=2000, uri=is_uri
                ),
                64,
            )
            await stack.enter_async_context(connection)
            connection.row_factory = sqlite3.Row
            await connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
            await connection.execute("PRAGMA journal_mode = WAL")
            await connection.execute("PRAGMA synchronous = FULL")
            await connection.execute("PRAGMA foreign_keys = ON")
            await connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        except sqlite3.DatabaseError as error:
            raise unusable(Path(path), error) from error
        yield connection


async def _migrate(connection: aiosqlite.Connection, path: Path, migrations: Path) -> None:
    scripts = sorted(migrations.glob("[0-9]*.sql"))
    for number, script in enumerate(scripts, start=1):
        try:
            await connection.execute("BEGIN IMMEDIATE")
            [(version,)] = await connection.execute_fetchall("PRAGMA user_version")
            if version > len(scripts):
                raise StartError(
                    f"DATABASE_PATH: {path} was written by a newer Dzvinok (schema {version}, "
                    f"this program knows {len(scripts)}): upgrade the program"
                )
            if version < number:
                for statement in _statements(script.read_text(encoding="utf-8")):
                    await connection.execute(statement)
                await connection.execute(f"PRAGMA user_version = {number}")
            await connection.commit()
        except BaseException as error:
            await connection.rollback()
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                told = "another program, such as an import, writes to it: wait until it has ended"
                raise StartError(f"DATABASE_PATH: {path}: {told}") from error
            if isinstance(error, sqlite3.Error):
                raise StartError(f"DATABASE_PATH: {path}: {script.name}: {error}") from error
            raise


def _statements(script: str) -> list[str]:
    """The statements of a script, so that they can run inside our transaction."""
    statements, rest = [], ""
    for line in script.splitlines(keepends=True):
        rest += line
        if sqlite3.complete_statement(rest):
            statements.append(rest)
            rest = ""
    return statements
