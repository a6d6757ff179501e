"""What one process holds is held up for the others; whoever dies or is cut off lets it go."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest

from bot.domain.errors import HeldUpError
from storage.database import open_database
from storage.engine.base import Database
from storage.engine.postgres_connections import FREED_SECONDS
from tests.support.places import ROOT
from tests.support.postgres import postgres_database
from tests.support.postgres_servers import DATABASE, postgres_servers
from tests.support.tcp_proxy import TcpProxy

PATIENCE = 20.0
OLENA, IVAN = 1101, 1102
COMPANY = 0x44_7A_76_01
"""The number of an account that is also that of the writer's lock."""

HOLDER = """
import asyncio, sys
from storage.database import open_database

async def hold():
    async with open_database(sys.argv[1]) as database, database.sharing():
        async with database.held(int(sys.argv[2])):
            print("holds", flush=True)
            await asyncio.sleep(600)

asyncio.run(hold())
"""


@pytest.fixture
def url() -> Iterator[str]:
    with postgres_database() as url:
        yield url


@pytest.fixture
async def one(url: str) -> AsyncIterator[Database]:
    async with open_database(url) as database, database.sharing():
        yield database


@pytest.fixture
async def other(url: str) -> AsyncIterator[Database]:
    async with open_database(url) as database, database.sharing():
        yield database


async def held_within(database: Database, key: int, seconds: float = PATIENCE) -> float:
    """How long it takes until this one holds it; it lets go at once."""
    begun = time.monotonic()
    async with database.held(key, patience=seconds):
        return time.monotonic() - begun


async def is_held(database: Database, key: int) -> bool:
    """Whether another process holds it."""
    try:
        await held_within(database, key, 0.2)
    except HeldUpError:
        return True
    return False


def sessions(url: str, sql: str) -> int:
    """How many sessions of ours that hold an advisory lock this is done to."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            f"SELECT {sql} FROM pg_locks JOIN pg_stat_activity USING (pid) "
            "WHERE locktype = 'advisory' AND datname = current_database()".encode()
        )
        return len(rows.fetchall())


async def test_one_holds_a_thing_and_the_other_waits_for_it_alone(
    one: Database, other: Database
) -> None:
    async with one.held(OLENA):
        assert await is_held(other, OLENA)
        assert not await is_held(other, IVAN)
    assert await held_within(other, OLENA) < 1
    async with one.held(COMPANY), other.transaction() as tx:  # it locks out no writer
        assert await tx.execute("SELECT 1")


async def test_what_is_read_with_it_is_what_the_one_before_has_written(
    one: Database, other: Database
) -> None:
    async def count_up(database: Database) -> None:
        for _ in range(25):
            async with (
                database.held(
                    OLENA, ("SELECT count(*) FROM waiting_updates", ()), patience=PATIENCE
                ) as [[[number]]],
                database.transaction() as tx,
            ):
                tx.write("INSERT INTO waiting_updates (update_id, body) VALUES (?, '')", (number,))

    await asyncio.gather(count_up(one), count_up(other))
    assert await one.count("SELECT count(*) FROM waiting_updates") == 50


async def test_many_are_held_in_few_trips_and_whoever_gives_up_holds_nothing(
    one: Database, other: Database
) -> None:
    async with contextlib.AsyncExitStack() as held:
        before = one.trips
        await asyncio.gather(
            *(held.enter_async_context(one.held(person)) for person in range(1000))
        )
        assert one.trips - before <= 3
        waiting = [asyncio.ensure_future(held_within(other, person)) for person in range(1000)]
        await asyncio.sleep(0.05)  # some of them are on their way
        for task in waiting:
            task.cancel()
        await asyncio.wait(waiting)
    for person in (0, 500, 999):
        assert await held_within(one, person) < 5
        assert await held_within(other, person) < 5


@contextlib.asynccontextmanager
async def holder(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that holds Olena."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLDER, url, str(OLENA)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"holds\n"
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_whoever_has_nothing_else_to_do_holds_on(one: Database, other: Database) -> None:
    async with one.held(OLENA):
        await asyncio.sleep(FREED_SECONDS + 1)  # time is what this is about
        assert await is_held(other, OLENA)


async def test_whoever_is_killed_holds_nothing_any_more(url: str, one: Database) -> None:
    async with holder(url) as process:
        assert await is_held(one, OLENA)
        process.kill()
        assert await held_within(one, OLENA) < 2


async def test_whoever_stands_still_or_is_gone_lets_go_within_seconds(
    url: str, one: Database
) -> None:
    async with holder(url) as process:
        process.send_signal(signal.SIGSTOP)
        assert await held_within(one, OLENA) < FREED_SECONDS + 2


async def test_whoever_is_cut_off_holds_on_if_it_can_and_holds_more(
    url: str, one: Database, other: Database
) -> None:
    async with one.held(OLENA):
        assert sessions(url, "pg_terminate_backend(pid)")
        assert await held_within(one, IVAN) < PATIENCE / 2, "over a new connection"
        assert await is_held(other, OLENA), "taken again with it"
    assert await held_within(other, OLENA) < 1


async def test_a_server_that_falls_silent_is_left_for_the_next_within_seconds() -> None:
    """Nobody waits until a cancel of what it was asked is given up too."""
    with postgres_servers(1) as [server]:
        server.create()
        async with TcpProxy("127.0.0.1", server.port).running() as network:
            hosts = f"127.0.0.1:{network.port},127.0.0.1:{server.port}"
            url = f"postgresql://postgres@{hosts}/{DATABASE}"
            async with open_database(url) as database, database.sharing():
                await held_within(database, OLENA)
                network.cut()
                assert await held_within(database, OLENA) < 12


async def test_with_no_server_it_is_told_that_nothing_can_be_held(url: str, one: Database) -> None:
    database = psycopg.conninfo.conninfo_to_dict(url)["dbname"]
    server = psycopg.connect(url, dbname="postgres", autocommit=True)
    with contextlib.closing(server):
        server.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS false'.encode())
        server.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            (database,),
        )
        with pytest.raises(HeldUpError):
            await held_within(one, OLENA, 1.5)
        server.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS true'.encode())
    assert await held_within(one, OLENA) < PATIENCE / 2
