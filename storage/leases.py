"""Which of the processes on one database leads: it sends alerts, runs the jobs and asks PBXs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from storage.database import Where, needing_postgres
from storage.engine.base import Lease
from storage.lock import is_locked, only_process


class SoleLease(Lease):
    """That of the one process there can be on a file."""

    @property
    def is_held(self) -> bool:
        return True

    async def count_replicas(self) -> int:
        return 1

    @asynccontextmanager
    async def held(self) -> AsyncIterator[asyncio.Event]:
        yield asyncio.Event()


@asynccontextmanager
async def open_lease(where: Where) -> AsyncIterator[Lease]:
    """The lease of this database. Raises StartError if a file is another process's, or no file."""
    if isinstance(where, Path):
        with only_process(where):
            yield SoleLease()
    else:
        with needing_postgres():
            from storage.engine.postgres_lease import PostgresLease
        yield PostgresLease(where)


async def is_held(where: Where) -> bool:
    """Whether a running Dzvinok works on this database."""
    if isinstance(where, Path):
        return is_locked(where)
    with needing_postgres():
        from storage.engine import postgres_lease
    return await postgres_lease.is_held(where)
