"""The databases of tests: of the engine a test runs on, each known by the path of a file.

SQLite has the file itself; PostgreSQL a database of its own, which goes with the test.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
from psycopg.rows import dict_row, tuple_row

from storage.database import Where, open_database
from storage.engine.base import Database
from storage.engine.postgres_schema import COMPANY_LOCK
from tests.support.emptied_postgres import emptied_database
from tests.support.postgres import check_installed

_migrated: list[bytes] = []
_of_the_test: list["_Databases"] = []


class _Databases:
    """Those of PostgreSQL that one test has, and a connection to each that it looks into."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._addresses: dict[Path, str] = {}
        self._connections: dict[str, psycopg.Connection[Any]] = {}

    def address(self, path: Path) -> str:
        if path not in self._addresses:
            self._addresses[path] = self._stack.enter_context(emptied_database())
        return self._addresses[path]

    def connection(self, address: str) -> psycopg.Connection[Any]:
        if address not in self._connections:
            connection = psycopg.connect(address, autocommit=True)
            self._connections[address] = self._stack.enter_context(closing(connection))
        return self._connections[address]


@contextmanager
def engine_chosen(engine: str) -> Iterator[None]:
    """Have all databases here be of this engine, `sqlite` or `postgres`."""
    if engine == "sqlite":
        yield
        return
    check_installed()
    with ExitStack() as stack:
        _of_the_test.append(_Databases(stack))
        stack.callback(_of_the_test.pop)
        yield


def where(path: Path) -> Where:
    """What `open_database` takes: the path, or the address of PostgreSQL's database in its place.

    The latter is empty, and of the newest version, when the path is first asked for.
    """
    return _of_the_test[-1].address(path) if _of_the_test else path


def database_url(path: Path) -> str:
    """What the setting DATABASE_URL must be for a bot on this database: of SQLite, nothing."""
    found = where(path)
    return found if isinstance(found, str) else ""


def rows(found: Where, sql: str, *values: int | str) -> list[Any]:
    """What is stored, read beside the bot; tuples."""
    if isinstance(found, str):
        with _of_the_test[-1].connection(found).cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(_translated(sql), values).fetchall()
    with closing(sqlite3.connect(found)) as connection:
        return connection.execute(sql, values).fetchall()


def records(found: Where, sql: str) -> list[dict[str, Any]]:
    """The same by the names of the columns."""
    if isinstance(found, str):
        with _of_the_test[-1].connection(found).cursor(row_factory=dict_row) as cursor:
            return cursor.execute(_translated(sql)).fetchall()
    with closing(sqlite3.connect(found)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(sql)]


@contextmanager
def locked(found: Where) -> Iterator[None]:
    """Somebody else writes, until the end of the block."""
    if isinstance(found, str):
        with closing(psycopg.connect(found)) as writer:
            writer.execute(f"SELECT pg_advisory_xact_lock({COMPANY_LOCK})".encode())
            yield
    else:
        with closing(sqlite3.connect(found, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            yield


def _translated(sql: str) -> bytes:
    return sql.replace("%", "%%").replace("?", "%s").encode()


@asynccontextmanager
async def empty_database(path: Path) -> AsyncIterator[Database]:
    """An empty database, open; of PostgreSQL it goes when it is closed."""
    if _of_the_test:
        with emptied_database() as address:
            async with open_database(address) as database:
                yield database
    else:
        await put_database(path)
        async with open_database(path) as database:
            yield database


async def put_database(path: Path) -> None:
    """Put an empty file of SQLite there, unless there is one: a copy of one migrated once.

    To run all migrations takes five times as long as to open what they make.
    """
    if _of_the_test:
        return
    if not _migrated:
        with TemporaryDirectory() as folder:
            made = Path(folder) / "dzvinok.db"
            async with open_database(made):
                pass
            _remember(made)
    _write(path)


def _remember(path: Path) -> None:
    _migrated.append(path.read_bytes())


def _write(path: Path) -> None:
    if not path.exists():
        path.write_bytes(_migrated[0])
