"""One writer at a time on all machines: what that leaves, with one replica and with three.

Calls are posted to the replicas directly, one in seven of them lost: they make cases, but nobody
is told of them. PostgreSQL writes through to the disk here. How long its lock of all writers is
held and waited for is looked at a hundred times a second. A network is a proxy that delays what is
sent to PostgreSQL.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count, cycle
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from bot.demo.bot_api.people import User
from bot.domain.clock import system_clock
from storage.engine.postgres_schema import COMPANY_LOCK
from tests.bench import office
from tests.bench.figures import share
from tests.bench.logs import say
from tests.support.crash_load import has_button
from tests.support.postgres_servers import PostgresServer, postgres_servers
from tests.support.replicated import Company, company
from tests.support.running import HOOK_TOKEN
from tests.support.tcp_proxy import delayed

CLIENTS = 16
WAITING = 100
"""Clients of which each waits for its answer, where calls come at a rate."""

PRESSING = 8
SECONDS = 8.0
RATES = (10, 100)
_LOOK_SECONDS = 0.01
_PATIENCE = 30.0
_seeds = count(1)

_LOCKS = f"""
    SELECT count(*) FILTER (WHERE granted), count(*) FILTER (WHERE NOT granted) FROM pg_locks
    WHERE locktype = 'advisory' AND classid = 0 AND objid = {COMPANY_LOCK}
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """`delay`: milliseconds that the network to PostgreSQL takes, there and back."""

    replicas: int
    delay: float = 0.0
    has_standby: bool = False

    def __str__(self) -> str:
        words = f"{self.replicas} replica{'s' if self.replicas > 1 else ''}"
        if self.delay:
            words += f", network {self.delay:g} ms"
        return words + (", synchronous standby" if self.has_standby else "")


SETTINGS = (
    Setting(1),
    Setting(3),
    Setting(1, 1),
    Setting(3, 1),
    Setting(1, 5),
    Setting(3, 5),
    Setting(3, 0, has_standby=True),
)


@dataclass(slots=True)
class Load:
    """What was done. `asked`: how many a second; 0: as many as could be. Times in seconds."""

    what: str
    asked: int
    seconds: float = 0.0
    taken: list[float] = field(default_factory=list)
    refused: int = 0
    held: float = 0.0
    """The share of the time in which somebody held the lock."""
    waiting: float = 0.0
    """How many waited for it, on average."""

    @property
    def rate(self) -> float:
        return len(self.taken) / self.seconds

    @property
    def spread(self) -> str:
        times = (statistics.median(self.taken), share(self.taken, 95), max(self.taken))
        return " / ".join(f"{1000 * one:.0f}" for one in times)


async def measure(directory: Path, setting: Setting) -> list[Load]:
    """Hooks at each rate and as many as can be, then presses, with so many replicas."""
    say(f"contention: {setting}")
    with postgres_servers(2) as [server, standby]:
        server.create("fsync=on")
        if setting.has_standby:
            standby.follow(server)
        async with AsyncExitStack() as stack:
            urls = [server.url] * setting.replicas
            if setting.delay:
                network = delayed(server.port, setting.delay / 1000)
                urls = [server.url_at(await stack.enter_async_context(network))] * setting.replicas
            found = await stack.enter_async_context(
                company(
                    directory, server.url, replicas=setting.replicas, addresses=urls.__getitem__
                )
            )
            server.execute("UPDATE employees SET alerts = 'none'")
            loads = [await _post(found, server, rate) for rate in (0, *RATES)]
            return [*loads, await _press(found, server)]


async def _post(found: Company, server: PostgresServer, rate: int) -> Load:
    """So many calls a second, whoever still waits for an answer; 0: each client's one by one.

    How long an answer takes counts from when the call should have been posted.
    """
    load = Load("hooks", rate)
    bodies = office.bodies(100_000, seed=next(_seeds), now=system_clock())
    numbers, start = count(), time.perf_counter() + 0.1

    async def client(url: str) -> None:
        async with _connected(url) as post:
            while True:
                began = time.perf_counter()
                if rate:
                    began = start + next(numbers) / rate
                if began > start + SECONDS:
                    return
                await asyncio.sleep(max(0.0, began - time.perf_counter()))
                if await post(next(bodies)):
                    load.taken.append(time.perf_counter() - began)
                else:
                    load.refused += 1

    urls = cycle(one.url for one in found.replicas)
    async with _watched(server, load), asyncio.TaskGroup() as tasks:
        for _ in range(WAITING if rate else CLIENTS):
            tasks.create_task(client(next(urls)))
    return load


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[Callable[[bytes], Awaitable[bool]]]:
    """What posts a call, over one connection and at little cost; it tells if it was taken."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = f"POST /hooks/office/{HOOK_TOKEN} HTTP/1.1\r\nHost: {address.netloc}\r\n".encode()
    head += b"Content-Type: application/json\r\nContent-Length: "

    async def post(body: bytes) -> bool:
        writer.write(head + str(len(body)).encode() + b"\r\n\r\n" + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        return answer.startswith(b"HTTP/1.1 200")

    try:
        yield post
    finally:
        writer.close()


async def _press(found: Company, server: PostgresServer) -> Load:
    """Turn pages of the log, each person as soon as the page is there."""
    load = Load("presses", 0)
    people = list(found.people.values())[:PRESSING]
    async with _watched(server, load), asyncio.TaskGroup() as tasks:
        until = time.perf_counter() + SECONDS
        for person in people:
            tasks.create_task(_keep_pressing(person, until, load))
    return load


async def _keep_pressing(person: User, until: float, load: Load) -> None:
    asked = await person.send("/log")
    screen = await person.wait_for(has_button("🔄", after=asked), _PATIENCE)
    while time.perf_counter() < until:
        began = time.perf_counter()
        query = await person.click(screen, "🔄")
        await query.answered(_PATIENCE)
        load.taken.append(time.perf_counter() - began)


@asynccontextmanager
async def _watched(server: PostgresServer, load: Load) -> AsyncIterator[None]:
    """Look at the lock of all writers until the end of the block, and how long that took."""
    held: list[int] = []
    waiting: list[int] = []

    async def look() -> None:
        async with await psycopg.AsyncConnection.connect(server.url, autocommit=True) as one:
            while True:
                [(holds, waits)] = await (await one.execute(_LOCKS.encode())).fetchall()
                held.append(holds)
                waiting.append(waits)
                await asyncio.sleep(_LOOK_SECONDS)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(look())
        yield
        load.seconds = time.perf_counter() - began
        looking.cancel()
    load.held = sum(map(bool, held)) / len(held)
    load.waiting = statistics.mean(waiting)
