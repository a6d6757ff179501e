"""What one process holds up for all others, on PostgreSQL: advisory locks of one session.

- One connection does it for the whole process, whoever holds something needs none of the pool. All
  that is asked for while it is under way goes with its next trip, and so do the reads that must
  see what is so under the lock: they are sent behind it.
- Nothing waits in the server: a lock that another process has is asked for again and again.
- When the process dies the server frees its locks at once; when the machine or the network is
  gone, or the process stands still, FREED_SECONDS after the last trip.
- When the connection is lost, so are the locks: what is done under them is done to its end, a new
  connection takes them again if nobody else has, and whoever wants one waits for it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import psycopg

from bot.domain.errors import HeldUpError
from storage.engine.base import Row, Select
from storage.engine.postgres_connections import (
    FREED_SECONDS,
    Connection,
    answered,
    connect,
    translated,
)

log = logging.getLogger(__name__)

_BEAT_SECONDS = 1.0
"""After which a trip is made that nobody needs: the session is alive."""

_TRIP_SECONDS = 4.0
"""The longest that a trip may take; then the connection counts as lost."""

_AGAIN_SECONDS = 0.02
"""After which a lock that another process has is asked for again."""

_CONNECT_SECONDS = 0.5
"""After which a connection is tried again."""

_OF_THINGS = 1 << 60
"""Added to a key: the locks of the company and of the leader are others, whatever the key."""

_TAKE = "SELECT pg_try_advisory_lock(%s::BIGINT)"
_FREE = "SELECT pg_advisory_unlock(%s::BIGINT)"

_LOST = (psycopg.Error, OSError)

_Rows = list[list[Row]]


@dataclass(slots=True, eq=False)
class _Wish:
    """`taken`: the rows of the SELECTs, or None if the lock was not to be had."""

    key: int
    selects: Sequence[Select]
    taken: asyncio.Future[_Rows | None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class PostgresLocks:
    def __init__(self, url: str, *, count_trip: Callable[[], None]) -> None:
        """`count_trip` is called for each trip that somebody waits for: not those that free."""
        self._url = url
        self._count_trip = count_trip
        self._wishes: list[_Wish] = []
        self._freed: list[int] = []
        self._held: set[int] = set()
        self._is_wanted = asyncio.Event()

    @asynccontextmanager
    async def held(
        self, key: int, selects: Sequence[Select], patience: float | None
    ) -> AsyncIterator[_Rows]:
        """See Database."""
        try:
            async with asyncio.timeout(patience):
                rows = await self._take(_OF_THINGS + key, selects)
        except TimeoutError as error:
            raise HeldUpError(f"held up for {patience} s") from error
        try:
            yield rows
        finally:
            self._free(_OF_THINGS + key)

    async def _take(self, key: int, selects: Sequence[Select]) -> _Rows:
        while True:
            wish = _Wish(key, selects)
            self._wishes.append(wish)
            self._is_wanted.set()
            try:
                rows = await wish.taken
            except asyncio.CancelledError:
                if not wish.taken.cancelled() and wish.taken.result() is not None:
                    self._free(key)  # it came as we gave up
                raise
            if rows is not None:
                return rows
            await asyncio.sleep(_AGAIN_SECONDS)

    def _free(self, key: int) -> None:
        self._held.discard(key)
        self._freed.append(key)
        self._is_wanted.set()

    async def run(self) -> None:
        """Take and free what is wished for, until it is cancelled."""
        while True:
            try:
                async with await connect(
                    self._url, idle_session_timeout=f"{FREED_SECONDS}s"
                ) as connection:
                    self._freed.clear()  # with the session that held it
                    async with connection.pipeline() as pipeline:
                        await self._take_again(connection, pipeline)
                        await self._work(connection, pipeline)
            except _LOST as error:
                log.warning("what is held up for other processes: %s", type(error).__name__)
                log.debug("what is held up", exc_info=error)
            except Exception as error:  # whatever it was: all that people do waits for this
                log.error("what is held up for other processes", exc_info=error)
            await asyncio.sleep(_CONNECT_SECONDS)

    async def _take_again(self, connection: Connection, pipeline: psycopg.AsyncPipeline) -> None:
        """Take what is held, as far as nobody else has taken it meanwhile."""
        with answered(connection, _TRIP_SECONDS):
            for key in list(self._held):
                await connection.execute(_TAKE, (key,))
            await pipeline.sync()

    async def _work(self, connection: Connection, pipeline: psycopg.AsyncPipeline) -> None:
        wishes: list[_Wish] = []
        while True:
            freed, self._freed = self._freed, []
            try:
                with answered(connection, _TRIP_SECONDS):
                    await self._go(connection, pipeline, freed, wishes)
            finally:
                for wish in wishes:
                    if not wish.taken.done():
                        wish.taken.set_result(None)
            with suppress(TimeoutError):
                async with asyncio.timeout(_BEAT_SECONDS):
                    await self._is_wanted.wait()
            self._is_wanted.clear()
            wishes = [one for one in self._wishes if not one.taken.done()]
            self._wishes.clear()
            if wishes:
                self._count_trip()

    async def _go(
        self,
        connection: Connection,
        pipeline: psycopg.AsyncPipeline,
        freed: Sequence[int],
        wishes: Sequence[_Wish],
    ) -> None:
        """One trip. What was freed comes first: the next one here may want the same.

        It ends with a sync, and no flush may follow it: that would stop the clock by which the
        server ends an idle session.
        """
        for key in freed:
            await connection.execute(_FREE, (key,))
        sent = [
            (
                wish,
                await connection.execute(_TAKE, (wish.key,)),
                [await connection.execute(translated(sql), of) for sql, of in wish.selects],
            )
            for wish in wishes
        ]
        await pipeline.sync()
        for wish, taking, reads in sent:
            [(is_taken,)] = await taking.fetchall()
            rows = [await one.fetchall() for one in reads]
            if not is_taken:
                continue
            if wish.taken.done():  # whoever wished for it has given up
                self._free(wish.key)
            else:
                self._held.add(wish.key)
                wish.taken.set_result(rows)
