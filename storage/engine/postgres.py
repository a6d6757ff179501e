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
from functools import partial
from pathlib import Path

import psycopg

from bot.domain.errors import AwayError, StorageError
from storage.engine.base import Answer, Database, Row, Select, Statement, Transaction
from storage.engine.postgres_connections import (
    Connection,
    address,
    answered,
    configure,
    connect,
    explained,
    row_factory,
    translated,
)
from storage.engine.postgres_locks import PostgresLocks
from storage.engine.postgres_pool import AGAIN_SECONDS, Pool
from storage.engine.postgres_schema import LOCK_SQL, MIGRATIONS, VERSION_SQL, migrate
from storage.engine.postgres_server import examine

_CHANNEL = "dzvinok_outbox"
_BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"

_STALE = psycopg.errors.FeatureNotSupported
"""What is said of a prepared `SELECT *` once its table has another column, among other things."""

_ENDED = (
    None,  # cut, with nothing said
    psycopg.errors.AdminShutdown.sqlstate,
    psycopg.errors.CrashShutdown.sqlstate,
)
"""What is said where the session was ended."""

_BEGIN = Statement("BEGIN", [()])
_LOCK = Statement(LOCK_SQL, [()])
_COMMIT = Statement("COMMIT", [()])

_Cursor = psycopg.AsyncCursor[Row]


class PostgresDatabase(Database):
    def __init__(self, url: str, pool: Pool) -> None:
        super().__init__()
        self._url = url
        self._pool = pool
        self._locks: PostgresLocks | None = None

    async def fetch_each(self, *selects: Select) -> list[list[Row]]:
        """What a session that is ended meanwhile has not answered is asked once more."""
        async with self._connection() as connection:
            try:
                return await self._fetch_each(connection, selects)
            except _STALE:
                await self._pool.drain()  # all forget what they have prepared
            except psycopg.OperationalError as error:
                if connection.is_silent or error.sqlstate not in _ENDED:
                    raise
        async with self._connection() as connection:
            return await self._fetch_each(connection, selects)

    async def _fetch_each(
        self, connection: Connection, selects: Sequence[Select]
    ) -> list[list[Row]]:
        self.trips += 1
        is_one = len(selects) == 1
        try:
            with answered(connection):
                async with nullcontext() if is_one else connection.pipeline():
                    if not is_one:
                        await connection.execute(_BEGIN_READING)
                    cursors = [
                        await connection.execute(translated(sql), of) for sql, of in selects
                    ]
                    if not is_one:
                        await connection.execute("COMMIT")
                return [await cursor.fetchall() for cursor in cursors]
        except BaseException:
            await connection.close()  # it takes for prepared what came after the error
            raise

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
            with answered(connection):
                await connection.execute(f"NOTIFY {_CHANNEL}")

    async def rings(self) -> AsyncIterator[None]:
        while True:
            with suppress(psycopg.Error, OSError):
                async with await connect(self._url) as connection:
                    with answered(connection):
                        await connection.execute(f"LISTEN {_CHANNEL}")
                    yield  # there may have been some before
                    async for _ in connection.notifies():
                        yield
            await asyncio.sleep(AGAIN_SECONDS)

    def union_sql(self, parts: Sequence[str], by: str, limit: str, offset: str = "0") -> str:
        end = f"ORDER BY {by} LIMIT {limit} OFFSET {offset}"
        if len(parts) == 1:
            return f"{parts[0]} {end}"
        # A UNION would read all parts to their ends. Parts in order are merged; that an index has
        # them so is worth something to the planner only where each has a LIMIT of its own.
        first = f"ORDER BY {by} LIMIT {limit} + {offset}"
        ordered = [f"SELECT * FROM ({part} {first}) AS part" for part in parts]  # noqa: S608
        return f"SELECT DISTINCT * FROM ({' UNION ALL '.join(ordered)}) AS parts {end}"  # noqa: S608

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
            raise AwayError(" ".join(str(error).split())) from error
        except psycopg.Error as error:
            raise StorageError(str(error)) from error


class _PostgresTransaction(Transaction):
    """The first trip takes the company's lock: from then on nobody changes the schema.

    If it has changed since the connection was last used, what was prepared is forgotten, and the
    trip made again: nobody has had an answer of it.
    """

    def __init__(
        self,
        database: PostgresDatabase,
        connection: Connection,
        pipeline: psycopg.AsyncPipeline,
        again: Callable[[], None],
    ) -> None:
        """`again` gives the server more time to answer."""
        super().__init__()
        self._database = database
        self._connection = connection
        self._pipeline = pipeline
        self._again = again
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
        await self._send([_BEGIN, _LOCK, Statement(VERSION_SQL, [()], answer=version), *queued])
        [[number]] = await version
        return int(number)

    async def _send(self, queued: Sequence[Statement]) -> None:
        """Have it all done in one trip, and fill in the answers.

        It ends with a sync, and no flush may follow it: that would stop the clock by which the
        server ends a transaction in which nothing is done.
        """
        self._database.trips += 1
        self._again()
        asked: list[tuple[Answer, _Cursor]] = []
        for one in queued:
            if one.is_many:
                await self._connection.cursor().executemany(translated(one.sql), one.rows)
            else:
                cursor = await self._connection.execute(translated(one.sql), one.rows[0])
                if one.answer:
                    asked.append((one.answer, cursor))
        await self._pipeline.sync()
        for answer, cursor in asked:
            answer.rows = await cursor.fetchall() if cursor.description else []


@asynccontextmanager
async def open_postgres(
    url: str, *, migrations: Path = MIGRATIONS
) -> AsyncIterator[PostgresDatabase]:
    """Open the database, migrating it as needed; several processes may do so at once.

    `url`: postgresql://…, as libpq reads it; with several hosts, whichever takes writes.
    Raises StartError if it cannot be opened, or a newer version of the program has made of it what
    this one cannot work on.
    """
    try:
        async with await connect(url) as connection:
            await examine(connection, url)
            await migrate(connection, migrations)
    except (psycopg.Error, OSError) as error:
        raise explained(error) from error
    async with open_postgres_to_read(url) as database:
        yield database


@asynccontextmanager
async def open_postgres_to_read(url: str) -> AsyncIterator[PostgresDatabase]:
    """Open what is of this version already; nothing is connected until it is needed."""
    pool = Pool(partial(_connect, address(url)))
    try:
        yield PostgresDatabase(url, pool)
    finally:
        await pool.close()


async def _connect(where: str) -> Connection:
    connection = await Connection.connect(
        where, autocommit=True, row_factory=row_factory, prepare_threshold=1
    )
    try:
        await configure(connection)
        [[connection.schema]] = await (await connection.execute(VERSION_SQL)).fetchall()
    except BaseException:
        await connection.close()
        raise
    return connection
