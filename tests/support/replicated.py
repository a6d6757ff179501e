"""A company around several bots on one PostgreSQL, behind a proxy: for tests and a bench.

Each bot is a real process, which can be killed, stopped for a while and started again. Telegram
knows by the address that each was given who sends.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from bot.demo.bot_api.events import EventKind
from bot.demo.bot_api.server import BotApiServer
from storage.database import Where
from tests.support.crashing import (
    EVERYBODY,
    PATIENCE,
    STRANGER,
    Json,
    Office,
    hire,
    numbers_in,
    tells_of_lost_calls,
)
from tests.support.plain_http import plain_http
from tests.support.processes import BotProcess, environment, forked, free_port
from tests.support.reverse_proxy import ReverseProxy
from tests.support.running import ADMIN, HOOK_TOKEN
from tests.support.telegram import TOKEN

AGAIN_SECONDS = 0.2
"""After which a PBX here posts again what was not taken."""

KEPT_CALLS = 1_000_000


@dataclass(frozen=True, slots=True)
class Posted:
    """A post of a PBX: when it began, and how long it took until an answer, 0 if none came."""

    at: float
    status: int
    seconds: float


class Replica:
    """One of the bots; `name` is what Telegram knows it by."""

    def __init__(self, name: str, directory: Path, settings: dict[str, str]) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{settings['HTTP_PORT']}"
        self.logs: list[BotProcess] = []
        self._directory = directory
        self._settings = settings
        self._stack = AsyncExitStack()

    @property
    def process(self) -> BotProcess:
        return self.logs[-1]

    async def start(self) -> None:
        """Start it; it takes calls then."""
        alive = forked(self._directory, self._settings)
        self.logs.append(await self._stack.enter_async_context(alive))

    async def end(self) -> None:
        """SIGKILL."""
        await self._stack.aclose()

    @property
    def log(self) -> str:
        return "".join(process.log for process in self.logs)


@dataclass
class Company(Office):
    address: str = ""
    """Of the database, as tests look into it."""
    replicas: list[Replica] = field(default_factory=list)
    posted: list[Posted] = field(default_factory=list)

    @property
    def database(self) -> Where:
        return self.address

    def rows(self, sql: str) -> list[dict[str, Any]]:
        with psycopg.connect(self.address, autocommit=True, row_factory=dict_row) as connection:
            return connection.execute(sql.encode()).fetchall()

    async def post(self, calls: list[Json], *, url: str = "") -> None:
        """Post as a PBX does, again and again until it is taken; `url`: not to the proxy."""
        body = calls[0] if len(calls) == 1 else calls
        while not await self.try_to_post(body, url or self.url):  # noqa: ASYNC110 - it is asked
            await asyncio.sleep(AGAIN_SECONDS)
        self.accepted += 1
        self.telegram.telegram.changes.notify()

    async def try_to_post(self, body: Json | list[Json], url: str) -> bool:
        """Post once; whether it was taken."""
        began, status = time.time(), 0
        try:
            answer = await self.http.post(f"{url}/hooks/office/{HOOK_TOKEN}", json=body)
            status = answer.status_code
        except httpx.TransportError:
            pass
        self.posted.append(Posted(began, status, time.time() - began))
        if status in {0, 502, 503, 504}:
            return False
        assert status == 200, answer.text
        assert answer.json()["rejected"] == []
        return True

    async def taken_more(self, posts: int = 30) -> None:
        """Wait until so many more posts are taken."""
        enough = self.accepted + posts
        await self.telegram.wait_until(lambda: self.accepted >= enough, PATIENCE)

    async def leader(self) -> Replica:
        """The replica that says it leads, as soon as one does."""
        async with asyncio.timeout(PATIENCE):
            while True:
                for replica in self.replicas:
                    if await self._leads(replica):
                        return replica
                await asyncio.sleep(0.05)

    async def _leads(self, replica: Replica) -> bool:
        try:
            answer = await self.http.get(f"{replica.url}/metrics", timeout=5)
        except httpx.TransportError:
            return False
        return "\ndzvinok_leader 1" in answer.text

    async def told_of(self, number: str) -> float:
        """When somebody is told of a client, for the first time; begin before they call."""
        async with self.telegram.subscribe() as events:
            async for event in events:
                message, is_new = event.message, event.kind is EventKind.NEW
                text = message.text if message else ""
                if tells_of_lost_calls(text, is_new=is_new) and number in numbers_in(text):
                    return time.time()
        raise AssertionError

    def alert_senders(self) -> list[str]:
        """Who sent each new message about lost calls, in order.

        Not who sent it again: what was under way when its sender stood still may come twice.
        """
        told = set[tuple[object, frozenset[str]]]()
        senders = []
        for one in self.telegram.calls("sendMessage"):
            text = str(one.params["text"])
            what = one.params["chat_id"], frozenset(numbers_in(text))
            if one.is_ok and tells_of_lost_calls(text, is_new=True) and what not in told:
                told.add(what)
                senders.append(one.sender)
        return senders

    def statuses(self) -> Counter[int]:
        return Counter(one.status for one in self.posted)


@asynccontextmanager
async def company(
    directory: Path,
    address: str,
    *,
    replicas: int = 3,
    addresses: Callable[[int], str] | None = None,
    settings: Iterable[tuple[str, str]] = (),
) -> AsyncIterator[Company]:
    """So many bots, started and behind a proxy.

    `addresses`: the DATABASE_URL of each, where it is not `address`.
    """
    telegram = BotApiServer(kept_calls=KEPT_CALLS)
    telegram.register_bot(TOKEN)
    telegram.telegram.callback_lifetime = 10 * PATIENCE  # a slow machine is no news here
    ports = [free_port() for _ in range(replicas)]
    proxy = ReverseProxy([f"http://127.0.0.1:{port}" for port in ports])
    limits = httpx.Limits(max_connections=None)
    async with (
        telegram.running(),
        proxy.running(),
        plain_http(timeout=PATIENCE, limits=limits) as http,
        AsyncExitStack() as stack,
    ):
        people = {
            tg_id: telegram.user(tg_id, f"П{tg_id}", is_started=True)
            for tg_id in (ADMIN, *EVERYBODY, STRANGER)
        }
        found = Company(directory, telegram, http, people, url=proxy.url, address=address)
        await hire(address)
        for number, port in enumerate(ports):
            of_replica = {
                "BOT_API_URL": f"{telegram.url}/r{number}",
                "DATABASE_URL": addresses(number) if addresses else address,
                "UPDATES": "webhook",
                "PUBLIC_URL": proxy.url,
                "WEBHOOK_SECRET": "secret-of-the-webhook",
                "HTTP_PORT": str(port),
                **dict(settings),
            }
            replica = Replica(
                f"r{number}", directory, environment(directory, telegram, **of_replica)
            )
            stack.push_async_callback(replica.end)
            found.replicas.append(replica)
            await replica.start()
        found.births.append(time.time())
        found.up.set()
        yield found
        found.logs += [replica.log for replica in found.replicas]
    assert telegram.violations == []
