"""What becomes of several bots whose PostgreSQL goes away, moves, or is held up, under load."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg

from storage.engine.postgres_schema import COMPANY_LOCK
from tests.support.crash_checks import check_calls
from tests.support.patient_people import Deeds, caller, check_deeds, pbx, taker, writer
from tests.support.postgres_servers import PostgresServer
from tests.support.processes import assert_discreet
from tests.support.replica_deaths import Outcome, count_told, nothing_is_owed
from tests.support.replicated import Company
from tests.support.running import ADMIN, IVAN, OLENA

CLIENTS = 6
EVERY = 4.0
CUTS = 20
CUT_SECONDS = 0.5
_END_SESSIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND datname = current_database()
"""
UNHANDLED = ("never retrieved", "Unhandled", "Error handling request", "Traceback")


Happening = Callable[[PostgresServer], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Outage:
    """`began`, `ended`: when, in Unix seconds."""

    began: float
    ended: float

    def first_taken(self, company: Company) -> float:
        """Seconds from the end of the outage to the first post that was taken."""
        taken = [one.at + one.seconds for one in company.posted if one.status == 200]
        return min(at for at in taken if at >= self.ended) - self.ended


@asynccontextmanager
async def load(company: Company) -> AsyncIterator[Deeds]:
    """Calls, comments and claims until the end of the block; it waits until nothing is owed."""
    deeds = Deeds()
    async with asyncio.TaskGroup() as tasks:
        for name in range(CLIENTS):
            tasks.create_task(pbx(company, name))
        tasks.create_task(caller(company, EVERY))
        for person in (OLENA, IVAN):
            tasks.create_task(writer(company, person, deeds))
        tasks.create_task(taker(company, ADMIN, deeds))
        yield deeds
        company.over.set()
        company.telegram.telegram.changes.notify()
    await nothing_is_owed(company)


async def stopped(server: PostgresServer, how: str, seconds: float) -> Outage:
    """The server is stopped, and after so many seconds started again."""
    began = time.time()
    await asyncio.to_thread(server.stop, how)
    await asyncio.sleep(seconds)  # so long it is away
    await asyncio.to_thread(server.start)
    return Outage(began, time.time())


async def moved(primary: PostgresServer, standby: PostgresServer, seconds: float) -> Outage:
    """The primary is killed, and after so many seconds its standby takes its place."""
    began = time.time()
    primary.kill()
    await asyncio.sleep(seconds)  # so long nobody notices
    await asyncio.to_thread(standby.promote)
    return Outage(began, time.time())


async def cut_again_and_again(server: PostgresServer, times: int = CUTS) -> Outage:
    """All sessions are ended, again and again."""
    began = time.time()
    for _ in range(times):
        await asyncio.to_thread(server.execute, _END_SESSIONS)
        await asyncio.sleep(CUT_SECONDS)  # so often
    return Outage(began, time.time())


async def held_up(server: PostgresServer, seconds: float, sql: str) -> Outage:
    """A foreign session locks something for so long, and is busy meanwhile."""
    began = time.time()
    async with await psycopg.AsyncConnection.connect(server.url) as other:
        await other.execute(sql.encode())
        await other.execute(f"SELECT pg_sleep({seconds})".encode())
    return Outage(began, time.time())


WRITERS_LOCK = f"SELECT pg_advisory_xact_lock({COMPANY_LOCK})"
TABLES_LOCK = "LOCK TABLE calls, employees IN ACCESS EXCLUSIVE MODE"
"""Readers wait too, until all connections are busy."""


def check(company: Company, deeds: Deeds, outcome: Outcome) -> None:
    """That nothing was lost that was accepted. Raises AssertionError."""
    check_calls(company)
    check_deeds(company, deeds)
    count_told(company, outcome)
    for replica in company.replicas:
        assert_discreet(replica.log, numbers=company.numbers)
        for words in UNHANDLED:
            assert words not in replica.log, replica.log
