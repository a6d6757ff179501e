"""One process leads; when it is gone, cut off or stands still another does, and never two."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from bot.domain.errors import StartError
from storage.engine.base import Lease
from storage.engine.postgres_connections import FREED_SECONDS
from storage.engine.postgres_lease import ASK_SECONDS, TRUSTED_SECONDS, PostgresLease
from storage.leases import open_lease
from tests.support.places import ROOT
from tests.support.postgres import postgres_database
from tests.support.postgres_servers import postgres_servers
from tests.support.tcp_proxy import TcpProxy

PATIENCE = 20.0

LEADER = """
import asyncio, sys, time
from storage.engine.postgres_lease import PostgresLease

async def lead():
    lease = PostgresLease(sys.argv[1])
    async with lease.held() as lost:
        while True:
            print("leads" if lease.is_held else "trusts itself no more", flush=True)
            if lost.is_set():
                break
            await asyncio.sleep(0.05)

asyncio.run(lead())
"""


@pytest.fixture
def url() -> Iterator[str]:
    with postgres_database() as url:
        yield url


async def leads_within(lease: Lease, seconds: float) -> float:
    """How long it takes until this one leads; it gives that up at once."""
    begun = time.monotonic()
    async with asyncio.timeout(seconds), lease.held():
        assert lease.is_held
        return time.monotonic() - begun


def cut(url: str) -> None:
    """End all sessions here that hold an advisory lock, as a server that is stopped does."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database AS d "
            "ON d.oid = database AND d.datname = current_database() WHERE locktype = 'advisory'"
        )


async def test_one_leads_and_the_next_when_it_ends(url: str) -> None:
    first, second = PostgresLease(url), PostgresLease(url)
    assert not first.is_held
    async with first.held():
        assert first.is_held
        with pytest.raises(TimeoutError):
            await leads_within(second, 1.2)
        assert not second.is_held
        assert first.is_held
    assert not first.is_held
    await leads_within(second, PATIENCE)


async def test_whoever_gives_it_up_at_once_leads_no_more(url: str) -> None:
    lease = PostgresLease(url)
    async with lease.held():
        assert lease.is_held
    assert not lease.is_held


async def test_whoever_leads_goes_on_for_longer_than_one_asking_is_trusted(url: str) -> None:
    lease = PostgresLease(url)
    async with lease.held() as lost, asyncio.timeout(PATIENCE):
        for _ in range(20):
            await asyncio.sleep(1.2 * TRUSTED_SECONDS / 20)  # time is what this is about
            assert lease.is_held
        assert not lost.is_set()


async def test_whoever_is_cut_off_leads_no_more_and_may_again(url: str) -> None:
    """It hears so before others find the lock free, not when it next asks."""
    lease = PostgresLease(url)
    async with lease.held() as lost, asyncio.timeout(PATIENCE):
        begun = time.monotonic()
        cut(url)
        await lost.wait()
        assert time.monotonic() - begun < ASK_SECONDS / 2
        assert not lease.is_held
    await leads_within(lease, PATIENCE)


async def test_whoever_hears_nothing_more_of_the_server_gives_up_in_time() -> None:
    """Before another leads: what the network is cut from is not even refused."""
    with postgres_servers(1) as [server]:
        server.create()
        async with TcpProxy("127.0.0.1", server.port).running() as network:
            lease = PostgresLease(server.url_at(network.port))
            async with lease.held() as lost:
                network.cut()
                async with asyncio.timeout(FREED_SECONDS):
                    await lost.wait()
                assert not lease.is_held


@contextlib.asynccontextmanager
async def leader(url: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that leads, and says so twenty times a second."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", LEADER, url),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"leads\n"
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def test_a_leader_that_is_killed_is_followed_at_once(url: str) -> None:
    async with leader(url) as process:
        process.kill()
        assert await leads_within(PostgresLease(url), PATIENCE) < TRUSTED_SECONDS


async def test_a_leader_that_stands_still_is_followed_and_knows_it_when_it_goes_on(
    url: str,
) -> None:
    async with leader(url) as process:
        assert process.stdout is not None
        process.send_signal(signal.SIGSTOP)
        assert await leads_within(PostgresLease(url), PATIENCE) < FREED_SECONDS + TRUSTED_SECONDS
        process.send_signal(signal.SIGCONT)
        said = (await process.stdout.read()).decode().splitlines()
        while said[0] == "leads":  # before it was stopped
            del said[0]
        assert set(said) == {"trusts itself no more"}


async def test_a_file_has_one_process_and_it_leads(tmp_path: Path) -> None:
    async with open_lease(tmp_path / "a.db") as lease, lease.held() as lost:
        assert lease.is_held
        assert not lost.is_set()
        with pytest.raises(StartError, match="another Dzvinok"):
            async with open_lease(tmp_path / "a.db"):
                pass
