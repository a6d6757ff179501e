"""Who leads, on PostgreSQL: the process that holds an advisory lock, on a connection of its own.

- It asks the server once a second whether its session lives. What it knows is trusted for
  TRUSTED_SECONDS from the asking, also over a stall of the process: whatever is done to the world
  as the leader is done only while `is_held`.
- The server frees the lock at once when the process dies or its session is ended, and the process
  hears of the latter at once too. When all is silent (the machine is gone, or the network, or the
  process stands still) it frees it FREED_SECONDS after the last asking: later than the process
  trusts itself, so no two lead at once.
- With the asking it looks after the lock of all who write: whoever holds it and has said nothing
  for STILL_SECONDS stands still, and is ended. (PostgreSQL itself sees that only of a session that
  is idle in its transaction, not of one in the middle of what it sends.)
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg

from bot.domain.errors import AwayError, StartError
from storage.engine.base import Lease
from storage.engine.postgres_connections import FREED_SECONDS, Connection, answered, connect
from storage.engine.postgres_schema import COMPANY_LOCK

log = logging.getLogger(__name__)

ASK_SECONDS = 1.0
TRUSTED_SECONDS = 3.0

STILL_SECONDS = 5

_TRY_SECONDS = 0.5
"""How often those who do not lead look whether they may."""

LEADER_LOCK = 0x44_7A_76_02
"""The advisory lock of the leader; any constant, the same in all versions of the program."""

_PRESENT = 0x44_7A_76_03
"""The advisory lock that every process shares as long as it lives."""

_HOLDERS = (
    "SELECT count(*) FROM pg_locks JOIN pg_database AS d ON d.oid = database "
    "WHERE d.datname = current_database() AND locktype = 'advisory' AND granted "
    "AND classid = 0 AND objid = {lock} AND objsubid = 1"  # as of one BIGINT
)

_ASK = f"""
    SELECT count(pg_terminate_backend(a.pid))
    FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND a.datname = current_database()
        AND l.classid = 0 AND l.objid = {COMPANY_LOCK} AND l.objsubid = 1
        AND a.wait_event = 'ClientRead' AND a.usename = current_user
        AND a.state_change < now() - interval '{STILL_SECONDS} seconds'
"""  # noqa: S608

_LOST = (psycopg.Error, OSError)


class PostgresLease(Lease):
    is_shared = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._asked_at = float("-inf")
        """When the server was last asked that said we hold it."""

    @property
    def is_held(self) -> bool:
        return _now() - self._asked_at < TRUSTED_SECONDS

    async def count_replicas(self) -> int:
        try:
            async with await connect(self._url) as connection:
                with answered(connection):
                    return await _number(connection, _HOLDERS.format(lock=_PRESENT))
        except _LOST as error:
            raise AwayError(" ".join(str(error).split())) from error

    @asynccontextmanager
    async def held(self) -> AsyncIterator[asyncio.Event]:
        connection, lost = await self._wait_for_lock(), asyncio.Event()
        asking = asyncio.get_running_loop().create_task(self._ask(connection, lost))
        try:
            yield lost
        finally:
            self._asked_at = float("-inf")  # also when the asking has not even begun
            asking.cancel()
            await asyncio.wait([asking])
            with suppress(OSError):
                await connection.close()

    async def _wait_for_lock(self) -> Connection:
        """A connection that holds the lock, however long that takes."""
        while True:
            connection = None
            try:
                connection = await connect(self._url, idle_session_timeout=f"{FREED_SECONDS}s")
                with answered(connection, FREED_SECONDS):
                    await connection.execute(
                        f"SELECT pg_advisory_lock_shared({_PRESENT})".encode()
                    )
                while True:
                    asked_at = _now()
                    with answered(connection, FREED_SECONDS):
                        is_ours = await _number(
                            connection, f"SELECT pg_try_advisory_lock({LEADER_LOCK})"
                        )
                    if is_ours:
                        self._asked_at = asked_at
                        return connection
                    await asyncio.sleep(_TRY_SECONDS)
            except BaseException as error:
                if connection is not None:
                    await connection.close()
                if not isinstance(error, _LOST):
                    raise
                log.warning("cannot ask who leads: %s", type(error).__name__)
                log.debug("who leads", exc_info=error)
                await asyncio.sleep(ASK_SECONDS)

    async def _ask(self, connection: Connection, lost: asyncio.Event) -> None:
        """Ask again and again whether the session that holds the lock lives."""
        try:
            while True:
                async for _ in connection.notifies(timeout=ASK_SECONDS):
                    pass  # it waits, and hears at once that the session was ended
                asked_at = _now()
                left = self._asked_at + TRUSTED_SECONDS - asked_at
                with answered(connection, max(0.0, left)):
                    await _number(connection, _ASK)
                self._asked_at = asked_at
        except _LOST as error:
            log.warning("leads no more: %s", type(error).__name__)
            log.debug("leads no more", exc_info=error)
        finally:
            self._asked_at = float("-inf")
            lost.set()


async def is_held(url: str) -> bool:
    """Whether some process leads, as far as can be seen."""
    try:
        async with await connect(url) as connection:
            return await _number(connection, _HOLDERS.format(lock=LEADER_LOCK)) > 0
    except (*_LOST, StartError):
        return False


async def _number(connection: Connection, sql: str) -> int:
    [(answer,)] = await (await connection.execute(sql.encode())).fetchall()
    return int(answer)


def _now() -> float:
    """Seconds that pass while the machine sleeps too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
