"""PostgreSQL that goes away, hangs, or waits for a bot that does."""

import asyncio
import time
from collections.abc import Iterator

import psycopg
import pytest

from bot.domain.errors import AwayError
from storage.database import open_database
from storage.engine.base import Database
from storage.engine.postgres_connections import answered, connect
from storage.engine.postgres_lease import PostgresLease
from storage.engine.postgres_pool import WAIT_SECONDS
from storage.engine.postgres_schema import COMPANY_LOCK
from tests.support.postgres_servers import PostgresServer, postgres_servers
from tests.support.tcp_proxy import TcpProxy

PATIENCE = 30.0
NOTE = "INSERT INTO flaws (source, flaw, count, last_at) VALUES ('office', ?, 1, 0)"


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with postgres_servers(1) as [server]:
        server.create()
        yield server


async def refused(database: Database) -> None:
    with pytest.raises(AwayError):
        await database.fetch("SELECT 1 AS one")


async def test_a_server_that_was_away_for_long_is_asked_as_soon_as_it_is_back(
    server: PostgresServer,
) -> None:
    async with open_database(server.url) as database:
        await database.fetch("SELECT 1 AS one")
        server.stop("immediate")
        began = time.monotonic()
        await asyncio.gather(*(refused(database) for _ in range(20)))
        assert time.monotonic() - began < 2 * WAIT_SECONDS
        server.start()
        began = time.monotonic()
        assert await database.count("SELECT 1 AS one") == 1
        assert time.monotonic() - began < 1


async def test_what_a_silent_server_does_not_answer_is_given_up(server: PostgresServer) -> None:
    async with TcpProxy("127.0.0.1", server.port).running() as network:
        connection = await connect(server.url_at(network.port))
        network.cut()
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(psycopg.OperationalError), answered(connection, 0.3):
                await connection.execute("SELECT 1")
        assert connection.closed


async def test_who_stands_still_in_a_transaction_holds_up_the_others_for_seconds_only(
    server: PostgresServer,
) -> None:
    """A stopped process, or one whose network is gone: it holds the lock of all who write."""
    began, is_over = asyncio.Event(), asyncio.Event()

    async def stand_still(database: Database) -> None:
        async with database.transaction() as tx:
            await tx.execute(NOTE, ("first",))
            began.set()
            await is_over.wait()

    async def be_ended(database: Database) -> None:
        with pytest.raises(AwayError):
            await stand_still(database)

    async with (
        open_database(server.url) as one,
        open_database(server.url) as other,
        asyncio.timeout(PATIENCE),
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(be_ended(one))
        await began.wait()
        async with other.transaction() as tx:
            tx.write(NOTE, ("second",))
        is_over.set()
    assert server.execute("SELECT flaw FROM flaws") == [("second",)]


async def test_who_stands_still_in_the_middle_of_what_it_sends_is_ended_by_the_leader(
    server: PostgresServer,
) -> None:
    """PostgreSQL waits for the rest of it for ever, and the lock of all who write with it."""
    standing = await connect(server.url)

    async def stand_still(other: Database) -> None:
        async with standing.pipeline():
            await standing.execute("BEGIN")
            await standing.execute(f"SELECT pg_advisory_xact_lock({COMPANY_LOCK})".encode())
            async with other.transaction() as tx:
                tx.write(NOTE, ("second",))

    async with open_database(server.url) as other, PostgresLease(server.url).held():
        with pytest.raises(psycopg.OperationalError):
            await stand_still(other)
    assert server.execute("SELECT flaw FROM flaws") == [("second",)]
    await standing.close()


def end_sessions(server: PostgresServer, which: str = "true") -> int:
    """How many there were."""
    return len(
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE pid <> pg_backend_pid() AND datname = current_database() AND {which}"
        )
    )


async def test_what_a_session_that_is_ended_was_reading_is_read_by_another(
    server: PostgresServer,
) -> None:
    async with open_database(server.url) as database, asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(database.fetch("SELECT 1 AS one, pg_sleep(1)"))
        while not end_sessions(server, "wait_event = 'PgSleep'"):  # noqa: ASYNC110 - the server's
            await asyncio.sleep(0.01)
        assert [row["one"] for row in await reading] == [1]


async def test_sessions_that_were_ended_cost_who_asks_next_no_second(
    server: PostgresServer,
) -> None:
    """As many as there are: none is found dead after another, each with a longer pause."""
    async with open_database(server.url) as database:
        await asyncio.gather(*(database.fetch("SELECT pg_sleep(0.3)") for _ in range(8)))
        assert end_sessions(server) == 8
        began = time.monotonic()
        await asyncio.gather(*(database.fetch("SELECT 1 AS one") for _ in range(8)))
        assert time.monotonic() - began < 1
