"""PostgreSQL, for a company whose bot runs on several machines. Needs the extra `postgres`.

psycopg 3 in pipeline mode: what a transaction queues goes to the server together with the next
statement whose rows are wanted, so a trip to the database is one round trip on the network.

A transaction that writes first takes the company's lock, an advisory one of the database: as with
SQLite there is one writer at a time, on however many machines, so what is decided by what was read
stays true until the commit, and no two transactions lock each other out. It costs no round trip.
Readers wait for nobody.
"""

import asyncio
import re
import select
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import psycopg
from psycopg.adapt import Loader
from psycopg.rows import RowMaker
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from bot.domain.errors import StartError, StorageError
from storage.engine.base import Answer, Database, Row, Select, Statement, Transaction

MIGRATIONS = Path(__file__).parent.parent / "migrations" / "postgres"

COMPANY_LOCK = 0x44_7A_76_01
"""The advisory lock of whoever writes; any constant, the same in all versions of the program."""

_CONNECTIONS = 8
_PREPARED = 500
"""Statements that a connection keeps prepared."""

_CHANNEL = "dzvinok_outbox"
_AGAIN_SECONDS = 1.0
"""After which a connection of one's own is tried again."""

_WAIT_SECONDS = 10.0
"""For a connection of the pool; then the database counts as not there."""

_SETTINGS = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "15000",
    "target_session_attrs": "read-write",
    "application_name": "dzvinok",
    "options": "-c statement_timeout=60s -c lock_timeout=20s "
    "-c idle_in_transaction_session_timeout=60s",
}
"""Where the address says nothing else: a server that is gone is noticed within seconds."""

_FIRST_LINE = re.compile(r"-- (?:expand|contract: (\d{4}))\n")
"""That of a migration: what it does to older programs. CONTRIBUTING.md, "Migrations"."""

_STALE = psycopg.errors.FeatureNotSupported
"""What is said of a prepared `SELECT *` once its table has another column, among other things."""

_BEGIN = Statement("BEGIN", [()])
_LOCK = Statement(f"SELECT pg_advisory_xact_lock({COMPANY_LOCK})", [()])
_COMMIT = Statement("COMMIT", [()])
_VERSION = "SELECT version FROM schema_version"

_Cursor = psycopg.AsyncCursor[Row]


class Connection(psycopg.AsyncConnection[Row]):
    schema = 0
    """The version of the schema that what is prepared fits."""


class PostgresDatabase(Database):
    def __init__(self, url: str, pool: AsyncConnectionPool[Connection]) -> None:
        super().__init__()
        self._url = url
        self._pool = pool

    async def fetch_each(self, *selects: Select) -> list[list[Row]]:
        async with self._connection() as connection:
            try:
                return await self._fetch_each(connection, selects)
            except _STALE:
                await self._pool.drain()  # all forget what they have prepared
        async with self._connection() as connection:
            return await self._fetch_each(connection, selects)

    async def _fetch_each(
        self, connection: Connection, selects: Sequence[Select]
    ) -> list[list[Row]]:
        self.trips += 1
        try:
            async with connection.pipeline() if len(selects) > 1 else nullcontext():
                cursors = [await connection.execute(_translated(sql), of) for sql, of in selects]
            return [await cursor.fetchall() for cursor in cursors]
        except BaseException:
            await connection.close()  # it takes for prepared what came after the error
            raise

    async def ring(self) -> None:
        async with self._connection() as connection:
            await connection.execute(f"NOTIFY {_CHANNEL}")

    async def rings(self) -> AsyncIterator[None]:
        while True:
            with suppress(psycopg.Error, OSError):
                async with await connect(self._url) as connection:
                    await connection.execute(f"LISTEN {_CHANNEL}")
                    yield  # there may have been some before
                    async for _ in connection.notifies():
                        yield
            await asyncio.sleep(_AGAIN_SECONDS)

    async def size(self) -> int:
        return await self.count("SELECT pg_database_size(current_database())")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._connection() as connection:
            try:
                tx = _PostgresTransaction(self, connection)
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
        except PoolTimeout as error:
            raise StorageError("no connection to PostgreSQL") from error
        except psycopg.errors.DiskFull as error:
            raise StorageError("disk full") from error
        except psycopg.Error as error:
            raise StorageError(str(error)) from error


class _PostgresTransaction(Transaction):
    """The first trip takes the company's lock: from then on nobody changes the schema.

    If it has changed since the connection was last used, what was prepared is forgotten, and the
    trip made again: nobody has had an answer of it.
    """

    def __init__(self, database: PostgresDatabase, connection: Connection) -> None:
        super().__init__()
        self._database = database
        self._connection = connection
        self._is_begun = False

    async def _run(self, queued: Sequence[Statement]) -> None:
        if self._is_begun:
            await self._send(queued)
            return
        version = None
        with suppress(_STALE):
            version = await self._begin(queued)
        if version != self._connection.schema:
            await self._connection.rollback()  # it forgets what was prepared
            self._connection.schema = await self._begin(queued)

    async def commit(self) -> None:
        queued, self._queue = self._queue, []
        if self._is_begun:
            await self._send([*queued, _COMMIT])
        elif queued:
            await self._send([_BEGIN, _LOCK, *queued, _COMMIT])

    async def _begin(self, queued: Sequence[Statement]) -> int:
        """Run these first; returns the version of the schema."""
        self._is_begun = True
        version = Answer(self)
        await self._send([_BEGIN, _LOCK, Statement(_VERSION, [()], answer=version), *queued])
        [[number]] = await version
        return int(number)

    async def _send(self, queued: Sequence[Statement]) -> None:
        """Have it all done in one trip, and fill in the answers."""
        self._database.trips += 1
        asked: list[tuple[Answer, _Cursor]] = []
        async with self._connection.pipeline():
            for one in queued:
                if one.is_many:
                    await self._connection.cursor().executemany(_translated(one.sql), one.rows)
                else:
                    cursor = await self._connection.execute(_translated(one.sql), one.rows[0])
                    if one.answer:
                        asked.append((one.answer, cursor))
        for answer, cursor in asked:
            answer.rows = await cursor.fetchall() if cursor.description else []


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
    Raises StartError if it cannot be opened, or a newer version of the program has made of it what
    this one cannot work on.
    """
    address = _address(url)
    pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        address,
        connection_class=Connection,
        kwargs={"autocommit": True, "row_factory": _row_factory, "prepare_threshold": 1},
        configure=_configure,
        check=_check,
        min_size=1,
        max_size=_CONNECTIONS,
        timeout=_WAIT_SECONDS,
        open=False,
    )
    try:
        async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
            await _migrate(connection, migrations)
    except psycopg.OperationalError as error:
        raise StartError(f"DATABASE_URL: {_one_line(error)}") from error
    async with pool:
        yield PostgresDatabase(url, pool)


async def connect(url: str, *, idle_seconds: int = 0) -> Connection:
    """A connection of one's own; the server ends it when it is idle for so long (0: never).

    Raises psycopg.Error or OSError.
    """
    address = _address(url)
    connection = await Connection.connect(address, autocommit=True, row_factory=_row_factory)
    await connection.execute(f"SET idle_session_timeout = '{idle_seconds}s'".encode())
    return connection


async def _check(connection: Connection) -> None:
    """Raises psycopg.Error if the server has ended this session: then another is taken.

    An end waits to be read, which costs no round trip to see.
    """
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0):
        await connection.execute("SELECT 1")


def _address(url: str) -> str:
    """With our settings where the address says nothing else. Raises StartError."""
    try:
        said = psycopg.conninfo.conninfo_to_dict(url)
        more = {name: value for name, value in _SETTINGS.items() if name not in said}
        return psycopg.conninfo.make_conninfo(url, **more)
    except psycopg.Error as error:
        raise StartError(f"DATABASE_URL: {_one_line(error)}") from error


async def _configure(connection: Connection) -> None:
    connection.prepared_max = _PREPARED
    connection.adapters.register_loader("numeric", _WholeNumberLoader)
    [[connection.schema]] = await (await connection.execute(_VERSION)).fetchall()


async def _migrate(connection: psycopg.AsyncConnection[Any], migrations: Path) -> None:
    scripts = {int(path.name[:4]): path for path in sorted(migrations.glob("[0-9]*.sql"))}  # noqa: ASYNC240 - once, at the start
    known = max(scripts)
    async with connection.transaction():
        await connection.execute(_LOCK.sql.encode())
        await connection.execute("SET LOCAL statement_timeout = 0")
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT, oldest BIGINT)"
        )
        cursor = await connection.execute(
            "SELECT coalesce(max(version), 0), coalesce(max(oldest), 0) FROM schema_version"
        )
        [(version, oldest)] = await cursor.fetchall()
        if known < oldest:
            raise StartError(
                f"DATABASE_URL: the database was written by a newer Dzvinok (schema {version}, "
                f"for programs that know {oldest}; this one knows {known}): upgrade the program"
            )
        if known <= version:
            return
        for number, path in scripts.items():
            if number > version:
                script = path.read_text(encoding="utf-8")
                try:
                    await connection.execute(script.encode())
                except psycopg.Error as error:
                    raise StartError(f"DATABASE_URL: {path.name}: {_one_line(error)}") from error
                line = _FIRST_LINE.match(script)
                oldest = max(oldest, int(line[1] or 0) if line else number)
        await connection.execute("DELETE FROM schema_version")
        await connection.execute(
            "INSERT INTO schema_version (version, oldest) VALUES (%s, %s)", (known, oldest)
        )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
