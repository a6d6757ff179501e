"""Calls through `POST /hooks`, one in a request, sixteen clients, each answer durable.

The yardstick is an aiohttp handler that parses the same JSON and answers, in the same conditions:
a process of its own, requests from this one over connections kept alive. Rounds alternate.
"""

import asyncio
import statistics
import time
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path
from urllib.parse import urlsplit

from bot.demo.bot_api.server import BotApiServer
from bot.domain.clock import system_clock
from storage.engine.sqlite_files import copy_database
from tests.bench import office
from tests.bench.figures import Figure, Growth
from tests.bench.logs import Bench, say
from tests.bench.processes import server
from tests.bench.servers import RECIPIENTS
from tests.support.running import HOOK_TOKEN
from tests.support.telegram import TOKEN

CLIENTS = 16
SHARE = 1 / 5
_KEPT = 40_000


def measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    say("posting to hooks")
    return asyncio.run(_measure(bench, bench.whole_log)), []


async def _measure(bench: Bench, log: Path) -> list[Figure]:
    seeds = count(1)
    rounds = bench.scaled(5, 2)
    seconds = bench.scaled(2, 1)
    rates: dict[str, list[float]] = {"bare": [], "hooks": [], "long": [], "whole": []}
    years = bench.directory / "hooks-long"
    years.mkdir()
    await copy_database(log, years / "dzvinok.db")
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    for number in range(RECIPIENTS):
        telegram.user(5001 + number, is_started=True)
    async with (
        telegram.running(),
        server("bare", bench.directory) as (bare, _),
        server("hooks", bench.directory / "hooks") as (hooks, _),
        server("hooks", years) as (long, _),
    ):
        addresses = {"bare": bare, "hooks": hooks, "long": long}
        for _ in range(rounds):
            for kind, url in addresses.items():
                rates[kind].append(await rate(url, next(seeds), seconds))
        async with server("whole", bench.directory / "whole", api=telegram.url) as (whole, _):
            for _ in range(rounds):
                for kind, url in {"bare": bare, "whole": whole}.items():
                    rates[kind].append(await rate(url, next(seeds), seconds))
    return [
        _figure(f"hooks, {CLIENTS} clients, Recorder alone", rates["hooks"], rates["bare"]),
        _figure(f"the same, {bench.calls} calls in the log", rates["long"], rates["bare"]),
        _figure(
            f"hooks, {CLIENTS} clients, whole bot that alerts {RECIPIENTS} meanwhile",
            rates["whole"],
            rates["bare"],
        ),
    ]


def _figure(what: str, rates: list[float], bare: list[float]) -> Figure:
    rate, yardstick = statistics.median(rates), statistics.median(bare)
    return Figure(
        what=what,
        figure=f"{rate:.0f}/s",
        yardstick=f"bare aiohttp handler {yardstick:.0f}/s",
        ratio=f"1/{yardstick / rate:.2f}",
        target="≥ 1/5",
        is_met=rate >= yardstick * SHARE,
    )


async def rate(url: str, seed: int, seconds: float) -> float:
    """Answers a second, all of them 200."""
    address = urlsplit(url)
    host, port = address.hostname or "", address.port or 0
    head = f"POST /hooks/office/{HOOK_TOKEN} HTTP/1.1\r\nHost: {host}\r\n".encode()
    head += b"Content-Type: application/json\r\nContent-Length: "
    requests = cycle(  # only the bare handler is ever through with them
        [
            head + str(len(body)).encode() + b"\r\n\r\n" + body
            for body in office.bodies(_KEPT, seed=seed, now=system_clock())
        ]
    )
    started = time.perf_counter()
    done = await asyncio.gather(
        *(_client(host, port, requests, started + seconds) for _ in range(CLIENTS))
    )
    return sum(done) / (time.perf_counter() - started)


async def _client(host: str, port: int, requests: Iterator[bytes], until: float) -> int:
    reader, writer = await asyncio.open_connection(host, port)
    done = 0
    while time.perf_counter() < until:
        writer.write(next(requests))
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
        done += 1
    writer.close()
    return done
