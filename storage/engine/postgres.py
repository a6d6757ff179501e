"""PostgreSQL, for a company whose bot runs on several machines. Needs the extra `postgres`.

psycopg 3 in pipeline mode: what a transaction queues goes to the server together with the next
statement whose rows are wanted, so a trip to the database is one round trip on the network.

A transaction that writes first takes the company's lock, an advisory one of the database: as with
SQLite there is one writer at a time, on however many machines, so what is decided by what was read
stays true until the commit, and no two transactions lock each other out. It costs no round trip.
Readers wait for nobody.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from psycopg.adapt import Loader
from psycopg.rows import RowMaker

from bot.domain.errors import AwayError, StartError, StorageError
from storage.engine.base import Answer, Database, Row, Select, Statement, Transaction
from storage.engine.postgres_pool import AGAIN_SECONDS, Connection, Pool, answered

MIGRATIONS = Path(__file__).parent.parent / "migrations" / "postgres"

COMPANY_LOCK = 0x44_7A_76_01
"""The advisory lock of whoever writes; any constant, the same in all versions of the program."""

_PREPARED = 500
"""Statements that a connection keeps prepared."""

_CHANNEL = "dzvinok_outbox"
_SETTINGS = {
    "connect_timeout": "3",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "target_session_attrs": "read-write",
    "application_name": "dzvinok",
    "options": "-c statement_timeout=30s -c lock_timeout=10s "
    "-c idle_in_transaction_session_timeout=5s",
}
"""Where the address says nothing else: a server that is gone is noticed within seconds.

And the server notices within seconds a bot that is: all others wait for what it holds locked.
"""

_Cursor = psycopg.AsyncCursor[Row]


class PostgresDatabase(Database):
    def __init__(self, url: str, pool: Pool) -> None:
        super().__init__()
        self._url = url
        self._pool = pool

    async def fetch_each(self, *selects: Select) -> list[list[Row]]:
        self.trips += 1
        async with self._connection() as connection:
            with answered(connection):
                async with connection.pipeline() if len(selects) > 1 else nullcontext():
                    cursors = [
                        await connection.execute(_translated(sql), of) for sql, of in selects
                    ]
                return [await cursor.fetchall() for cursor in cursors]

    async def ring(self) -> None:
        async with self._connection() as connection:
            with answered(connection):
                await connection.execute(f"NOTIFY {_CHANNEL}")

    async def rings(self) -> AsyncIterator[None]:
        while True:
            with suppress(psycopg.Error, OSError):
                async with await connect(self._url) as connection:
                    await connection.execute(f"LISTEN {_CHANNEL}")
                    yield  # there may have been some before
                    async for _ in connection.notifies():
                        yield
            await asyncio.sleep(AGAIN_SECONDS)

    async def size(self) -> int:
        return await self.count("SELECT pg_database_size(current_database())")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._connection() as connection:
            with answered(connection) as again:
                try:
                    async with connection.pipeline() as pipeline:
                        tx = _PostgresTransaction(self, connection, pipeline, again)
                        yield tx
                        await tx.commit()
                    self.owings += tx.owes
                finally:
                    with suppress(psycopg.Error):  # the connection is gone, and the transaction
                        await connection.rollback()

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Connection]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except psycopg.errors.DiskFull as error:
            raise AwayError("disk full") from error
        except psycopg.OperationalError as error:
            raise AwayError(_one_line(error)) from error
        except psycopg.Error as error:
            raise StorageError(str(error)) from error


class _PostgresTransaction(Transaction):
    def __init__(
        self,
        database: PostgresDatabase,
        connection: Connection,
        pipeline: psycopg.AsyncPipeline,
        again: Callable[[], None],
    ) -> None:
        super().__init__()
        self._database = database
        self._connection = connection
        self._pipeline = pipeline
        self._again = again
        self._is_begun = False

    async def _run(self, queued: Sequence[Statement]) -> None:
        self._database.trips += 1
        self._again()
        asked = await self._send(queued)
        await self._pipeline.sync()
        for answer, cursor in asked:
            answer.rows = await cursor.fetchall() if cursor.description else []

    async def commit(self) -> None:
        queued, self._queue = self._queue, []
        if queued or self._is_begun:
            self._again()
            await self._send(queued)
            self._database.trips += 1
            await self._connection.execute("COMMIT")

    async def _send(self, queued: Sequence[Statement]) -> list[tuple[Answer, _Cursor]]:
        """Give it to the server without waiting for what becomes of it."""
        asked: list[tuple[Answer, _Cursor]] = []
        if not self._is_begun:
            self._is_begun = True
            await self._connection.execute("BEGIN")
            await self._connection.execute(f"SELECT pg_advisory_xact_lock({COMPANY_LOCK})")
        for one in queued:
            if one.is_many:
                await self._connection.cursor().executemany(_translated(one.sql), one.rows)
            else:
                cursor = await self._connection.execute(_translated(one.sql), one.rows[0])
                if one.answer:
                    asked.append((one.answer, cursor))
        return asked


@lru_cache(maxsize=4096)
def _translated(sql: str) -> str:
    """With the placeholders of psycopg: no `?` of ours stands in a literal."""
    return sql.replace("%", "%%").replace("?", "%s")


class _Row(tuple[Any, ...]):
    """As sqlite3.Row: by place, by name, and a dict where one is wanted."""

    __slots__ = ()
    places: ClassVar[dict[str, int]]

    def __getitem__(self, key: Any) -> Any:
        return tuple.__getitem__(self, self.places[key] if isinstance(key, str) else key)

    def keys(self) -> list[str]:
        return list(self.places)


def _row_factory(cursor: psycopg.AsyncCursor[Any]) -> RowMaker[Row]:
    return _row_class(tuple(column.name for column in cursor.description or ()))


@lru_cache(maxsize=4096)
def _row_class(names: tuple[str, ...]) -> type[_Row]:
    places = {name: place for place, name in enumerate(names)}
    return type("_Row", (_Row,), {"__slots__": (), "places": places})


class _WholeNumberLoader(Loader):
    """What PostgreSQL sums of BIGINT are: NUMERIC, but whole."""

    def load(self, data: Any) -> int | float:
        text = bytes(data).decode()
        return float(text) if "." in text else int(text)


@asynccontextmanager
async def open_postgres(
    url: str, *, migrations: Path = MIGRATIONS
) -> AsyncIterator[PostgresDatabase]:
    """Open the database, migrating it as needed; several processes may do so at once.

    `url`: postgresql://…, as libpq reads it; with several hosts, whichever takes writes.
    Raises StartError if it cannot be opened or was written by a newer version of the program.
    """
    address = _address(url)
    try:
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
            await _migrate(connection, migrations)
    except psycopg.OperationalError as error:
        raise StartError(f"DATABASE_URL: {_one_line(error)}") from error
    pool = Pool(partial(_connect, address))
    try:
        yield PostgresDatabase(url, pool)
    finally:
        await pool.close()


async def connect(url: str, *, idle_seconds: int = 0) -> Connection:
    """A connection of one's own; the server ends it when it is idle for so long (0: never).

    Raises psycopg.Error or OSError.
    """
    address = _address(url)
    connection = await psycopg.AsyncConnection.connect(
        address, autocommit=True, row_factory=_row_factory
    )
    try:
        await connection.execute(f"SET idle_session_timeout = '{idle_seconds}s'".encode())
    except BaseException:
        await connection.close()
        raise
    return connection


def _address(url: str) -> str:
    """With our settings where the address says nothing else. Raises StartError."""
    try:
        said = psycopg.conninfo.conninfo_to_dict(url)
        more = {name: value for name, value in _SETTINGS.items() if name not in said}
        return psycopg.conninfo.make_conninfo(url, **more)
    except psycopg.Error as error:
        raise StartError(f"DATABASE_URL: {_one_line(error)}") from error


async def _connect(address: str) -> Connection:
    connection = await psycopg.AsyncConnection.connect(
        address, autocommit=True, row_factory=_row_factory, prepare_threshold=1
    )
    connection.prepared_max = _PREPARED
    connection.adapters.register_loader("numeric", _WholeNumberLoader)
    return connection


async def _migrate(connection: psycopg.AsyncConnection[Any], migrations: Path) -> None:
    scripts = {int(path.name[:4]): path for path in sorted(migrations.glob("[0-9]*.sql"))}  # noqa: ASYNC240 - once, at the start
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({COMPANY_LOCK})")
        await connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT)")
        cursor = await connection.execute("SELECT coalesce(max(version), 0) FROM schema_version")
        [(version,)] = await cursor.fetchall()
        if version > max(scripts):
            raise StartError(
                f"DATABASE_URL: the database was written by a newer Dzvinok (schema {version}, "
                f"this program knows {max(scripts)}): upgrade the program"
            )
        for number, path in scripts.items():
            if number > version:
                try:
                    await connection.execute(path.read_text(encoding="utf-8").encode())
                except psycopg.Error as error:
                    raise StartError(f"DATABASE_URL: {path.name}: {_one_line(error)}") from error
        await connection.execute("DELETE FROM schema_version")
        await connection.execute(
            "INSERT INTO schema_version (version) VALUES (%s)", (max(scripts),)
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
