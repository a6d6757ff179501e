"""PostgreSQL, for a company whose bot runs on several machines. Needs the extra `postgres`.

psycopg 3 in pipeline mode: what a transaction queues goes to the server together with the next
statement whose rows are wanted, so a trip to the database is one round trip on the network.

A transaction that writes first takes the company's lock, an advisory one of the database: as with
SQLite there is one writer at a time, on however many machines, so what is decided by what was read
stays true until the commit, and no two transactions lock each other out. It costs no round trip.
Readers wait for nobody.
"""

import asyncio
import select
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from bot.domain.errors import StartError, StorageError
from storage.engine.base import Answer, Database, Row, Select, Statement, Transaction
from storage.engine.postgres_connections import (
    CONNECTIONS,
    Connection,
    address,
    configure,
    connect,
    explained,
    row_factory,
    translated,
)
from storage.engine.postgres_locks import PostgresLocks
from storage.engine.postgres_server import examine

MIGRATIONS = Path(__file__).parent.parent / "migrations" / "postgres"

COMPANY_LOCK = 0x44_7A_76_01
"""The advisory lock of whoever writes; any constant, the same in all versions of the program."""


_CHANNEL = "dzvinok_outbox"
_AGAIN_SECONDS = 1.0
"""After which a connection of one's own is tried again."""

_WAIT_SECONDS = 10.0
"""For a connection of the pool; then the database counts as not there."""

_Cursor = psycopg.AsyncCursor[Row]


class PostgresDatabase(Database):
    def __init__(self, url: str, pool: AsyncConnectionPool[Connection]) -> None:
        super().__init__()
        self._url = url
        self._pool = pool
        self._locks: PostgresLocks | None = None

    async def fetch_each(self, *selects: Select) -> list[list[Row]]:
        self.trips += 1
        async with self._connection() as connection:
            if len(selects) == 1:
                [(sql, values)] = selects
                return [await (await connection.execute(translated(sql), values)).fetchall()]
            try:
                async with connection.pipeline():
                    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                    cursors = [
                        await connection.execute(translated(sql), of) for sql, of in selects
                    ]
                    await connection.execute("COMMIT")
            finally:
                with suppress(psycopg.Error):
                    await connection.rollback()
            return [await cursor.fetchall() for cursor in cursors]

    @asynccontextmanager
    async def sharing(self) -> AsyncIterator[None]:
        self._locks = PostgresLocks(self._url, count_trip=self._count_trip)
        locking = asyncio.get_running_loop().create_task(self._locks.run())
        try:
            yield
        finally:
            self._locks = None
            locking.cancel()
            await asyncio.wait([locking])

    @asynccontextmanager
    async def held(
        self, key: int, *selects: Select, patience: float | None = None
    ) -> AsyncIterator[list[list[Row]]]:
        of = (
            self._locks.held(key, selects, patience)
            if self._locks
            else super().held(key, *selects)
        )
        async with of as rows:
            yield rows

    def _count_trip(self) -> None:
        self.trips += 1

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
                async with connection.pipeline() as pipeline:
                    tx = _PostgresTransaction(self, connection, pipeline)
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
    def __init__(
        self,
        database: PostgresDatabase,
        connection: Connection,
        pipeline: psycopg.AsyncPipeline,
    ) -> None:
        super().__init__()
        self._database = database
        self._connection = connection
        self._pipeline = pipeline
        self._is_begun = False

    async def _run(self, queued: Sequence[Statement]) -> None:
        self._database.trips += 1
        asked = await self._send(queued)
        await self._pipeline.sync()
        for answer, cursor in asked:
            answer.rows = await cursor.fetchall() if cursor.description else []

    async def commit(self) -> None:
        queued, self._queue = self._queue, []
        if queued or self._is_begun:
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
                await self._connection.cursor().executemany(translated(one.sql), one.rows)
            else:
                cursor = await self._connection.execute(translated(one.sql), one.rows[0])
                if one.answer:
                    asked.append((one.answer, cursor))
        return asked


@asynccontextmanager
async def open_postgres(
    url: str, *, migrations: Path = MIGRATIONS
) -> AsyncIterator[PostgresDatabase]:
    """Open the database, migrating it as needed; several processes may do so at once.

    `url`: postgresql://…, as libpq reads it; with several hosts, whichever takes writes.
    Raises StartError if it cannot be opened or was written by a newer version of the program.
    """
    pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
        address(url),
        connection_class=psycopg.AsyncConnection,
        kwargs={"autocommit": True, "row_factory": row_factory, "prepare_threshold": 1},
        configure=configure,
        check=_check,
        min_size=1,
        max_size=CONNECTIONS,
        timeout=_WAIT_SECONDS,
        open=False,
    )
    try:
        async with await connect(url) as connection:
            await examine(connection, url)
            await migrate(connection, migrations)
    except (psycopg.Error, OSError) as error:
        raise explained(error) from error
    async with pool:
        yield PostgresDatabase(url, pool)


async def _check(connection: Connection) -> None:
    """Raises psycopg.Error if the server has ended this session: then another is taken.

    An end waits to be read, which costs no round trip to see.
    """
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if waiting.poll(0):
        await connection.execute("SELECT 1")


async def stored_version(connection: Connection) -> int:
    """That of the schema there, 0 if there is none."""
    cursor = await connection.execute("SELECT to_regclass('schema_version') IS NOT NULL")
    [(is_there,)] = await cursor.fetchall()
    if not is_there:
        return 0
    cursor = await connection.execute("SELECT coalesce(max(version), 0) FROM schema_version")
    [(version,)] = await cursor.fetchall()
    return int(version)


async def migrate(connection: Connection, migrations: Path = MIGRATIONS) -> None:
    """Bring the database to the newest schema. Raises StartError if it is newer; psycopg.Error."""
    scripts = {int(path.name[:4]): path for path in sorted(migrations.glob("[0-9]*.sql"))}  # noqa: ASYNC240 - once, at the start
    async with connection.transaction():
        await connection.execute(f"SELECT pg_advisory_xact_lock({COMPANY_LOCK})")
        version = await stored_version(connection)
        if version > max(scripts):
            raise StartError(
                f"DATABASE_URL: the database was written by a newer Dzvinok (schema {version}, "
                f"this program knows {max(scripts)}): upgrade the program"
            )
        if version == max(scripts):
            return
        for number, path in scripts.items():
            if number > version:
                try:
                    await connection.execute(path.read_text(encoding="utf-8").encode())
                except psycopg.Error as error:
                    raise explained(StartError(f"{path.name}: {error}")) from error
        await connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT)")
        await connection.execute("DELETE FROM schema_version")
        await connection.execute(
            "INSERT INTO schema_version (version) VALUES (%s)", (max(scripts),)
        )
