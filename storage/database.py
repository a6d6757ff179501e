"""The SQLite file: opening, migrating, transactions, reads, a consistent copy.

The only module that knows which database it is. One connection writes, behind a lock; another
reads. `synchronous=FULL`: what is committed survives the loss of power.

Elsewhere in storage/ a function that returns a piece of SQL has a name that ends in `_sql`.
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import aiosqlite

from bot.domain.errors import StartError, StorageError

T = TypeVar("T")
Row = sqlite3.Row
Value = str | int | None

MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MS = 15_000
_CACHE_KIB = 8_000


class Transaction:
    """Statements that become true together or not at all."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    async def execute(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run one statement; the rows are those of its SELECT or RETURNING."""
        return list(await self._connection.execute_fetchall(sql, values))

    async def executemany(self, sql: str, rows: Iterable[Sequence[Value]]) -> None:
        """Run one statement for each row of values."""
        if values := list(rows):  # asking the database's thread for nothing costs as much
            await self._connection.executemany(sql, values)


class Database:
    def __init__(self, writer: aiosqlite.Connection, reader: aiosqlite.Connection) -> None:
        self._writer = writer
        self._reader = reader
        self._lock = asyncio.Lock()

    async def fetch(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Rows of a SELECT over what is committed. Raises StorageError."""
        try:
            return list(await self._reader.execute_fetchall(sql, values))
        except sqlite3.Error as error:
            raise StorageError(str(error)) from error

    async def has(self, sql: str, values: Sequence[Value] = ()) -> bool:
        """Whether a SELECT gives any row. Raises StorageError."""
        return bool(await self.fetch(sql, values))

    async def count(self, sql: str, values: Sequence[Value] = ()) -> int:
        """The number that a `SELECT count(*)` gives. Raises StorageError."""
        [[number]] = await self.fetch(sql, values)
        return int(number)

    async def ping(self) -> None:
        """Ask the database for nothing. Raises StorageError if it does not answer."""
        await self.fetch("SELECT 1")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """The one writer. Commits at the end; any exception, even a cancel, rolls back.

        Raises StorageError for what the database refuses: then nothing was written.
        """
        async with self._lock:
            if self._writer.in_transaction:  # a rollback was itself cut short
                await self._writer.rollback()
            try:
                await self._writer.execute("BEGIN IMMEDIATE")
                yield Transaction(self._writer)
                await self._writer.commit()
            except BaseException as error:
                with suppress(sqlite3.Error):  # a full disk has already rolled it back
                    await self._writer.rollback()
                if isinstance(error, sqlite3.Error):
                    raise StorageError(str(error)) from error
                raise


@asynccontextmanager
async def open_database(path: Path, *, migrations: Path = MIGRATIONS) -> AsyncIterator[Database]:
    """Open the file, creating and migrating it as needed.

    Raises StartError if it cannot be opened or was written by a newer version of the program.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    async with _connect(path) as writer:
        await _migrate(writer, path, migrations)
        async with _connect(path) as reader:
            await reader.execute("PRAGMA query_only = ON")
            yield Database(writer, reader)


async def copy_database(source: Path, target: Path) -> None:
    """Write a consistent copy of the database to `target` while others use it.

    The copy appears under its name only when it is whole. Raises StartError if there is no
    database at `source` or the copy cannot be written.
    """
    if not source.is_file():
        raise StartError(f"DATABASE_PATH: there is no database at {source}")
    if target.exists() and target.samefile(source):
        raise StartError(f"{target} is the database itself: a copy needs another name")
    partial = target.with_name(target.name + ".partial")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.unlink(missing_ok=True)
        async with _connect(source) as original, aiosqlite.connect(partial) as copy:
            await original.backup(copy)  # all pages at once: a writer cannot make it begin anew
            await copy.execute("PRAGMA journal_mode = DELETE")  # one file, no -wal beside it
            await copy.commit()
        descriptor = os.open(partial, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StartError(f"{target} cannot be written: {error}") from error


def size_on_disk(path: Path) -> int:
    """The bytes of the database on the disk, with what SQLite keeps beside the file."""
    return sum(file.stat().st_size for file in _files(path) if file.is_file())


def remove_database(path: Path) -> None:
    """Delete the database, if there is one; nothing may have it open."""
    for file in _files(path):
        file.unlink(missing_ok=True)


def _files(path: Path) -> list[Path]:
    return [path, *(path.with_name(f"{path.name}-{end}") for end in ("wal", "shm"))]


@asynccontextmanager
async def _connect(path: Path) -> AsyncIterator[aiosqlite.Connection]:
    async with aiosqlite.connect(path, isolation_level=None) as connection:
        connection.row_factory = sqlite3.Row
        try:
            await connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
            await connection.execute("PRAGMA journal_mode = WAL")
            await connection.execute("PRAGMA synchronous = FULL")
            await connection.execute("PRAGMA foreign_keys = ON")
            await connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        except sqlite3.DatabaseError as error:
            raise StartError(f"DATABASE_PATH: {path}: {error}") from error
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
            if isinstance(error, sqlite3.Error):
                raise StartError(f"DATABASE_PATH: {path}: {script.name}: {error}") from error
            raise


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in parts of at most `size`: one statement takes only so many values."""
    return (items[i : i + size] for i in range(0, len(items), size))


def marks_sql(values: Collection[Value]) -> str:
    """The question marks of an IN list for these values."""
    return ", ".join("?" * len(values))


def _statements(script: str) -> list[str]:
    """The statements of a script, so that they can run inside our transaction."""
    statements, rest = [], ""
    for line in script.splitlines(keepends=True):
        rest += line
        if sqlite3.complete_statement(rest):
            statements.append(rest)
            rest = ""
    return statements
