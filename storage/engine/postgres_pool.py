"""The connections to PostgreSQL that all share: opened when they are needed, and kept.

What is asked of a server that is away waits for it a while and then fails; each asks for itself,
so that when the server is back, or another in its place, whoever asks next is answered. One
session that was ended tells of the others. (psycopg's own pool finds them out one after another,
each after a longer pause.)
"""

import asyncio
import select
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import psycopg

from bot.domain.errors import AwayError
from storage.engine.postgres_connections import CONNECTIONS, Connection

WAIT_SECONDS = 8.0
"""For a connection; then the database counts as not there."""

AGAIN_SECONDS = 0.5
"""After which a server that is away is tried again."""


class Pool:
    def __init__(self, connect: Callable[[], Awaitable[Connection]]) -> None:
        self._connect = connect
        self._places = asyncio.Semaphore(CONNECTIONS)
        self._idle: list[Connection] = []
        self._is_closed = False

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of one's own until the end of the block. Raises AwayError.

        What is not committed then is rolled back by whoever has begun it.
        """
        deadline = asyncio.get_running_loop().time() + WAIT_SECONDS
        try:
            async with asyncio.timeout_at(deadline):
                await self._places.acquire()
        except TimeoutError as error:
            raise AwayError("all connections to PostgreSQL are busy") from error
        try:
            connection = await self._take(deadline)
            try:
                yield connection
            finally:
                await self._give_back(connection)
        finally:
            self._places.release()

    async def close(self) -> None:
        """Close what is idle now, and the rest when it is given back."""
        self._is_closed = True
        await self.drain()

    async def drain(self) -> None:
        """Close what is idle: what is asked for next is opened anew."""
        idle, self._idle = self._idle, []
        for connection in idle:
            await connection.close()

    async def _take(self, deadline: float) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if not _is_ended(connection):
                return connection
            await connection.close()
            await self.drain()  # the others are of the same server
        now = asyncio.get_running_loop().time
        while True:
            try:
                async with asyncio.timeout_at(deadline):
                    return await self._connect()
            except (psycopg.OperationalError, OSError) as error:
                if now() + AGAIN_SECONDS >= deadline:
                    raise AwayError("no connection to PostgreSQL") from error
            await asyncio.sleep(AGAIN_SECONDS)

    async def _give_back(self, connection: Connection) -> None:
        is_sound = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        if is_sound and not self._is_closed:
            self._idle.append(connection)
            return
        await connection.close()
        await self.drain()  # the others are of the same server


def _is_ended(connection: Connection) -> bool:
    """Whether the server has ended this session: what it said then waits to be read."""
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
