"""An export of a hundred thousand calls, and presses of a page button meanwhile, on both engines.

The presses are those of presses.py, one after another, first with nothing beside them; how long
the loop is blocked is looked at every millisecond. The newest calls of the whole log are exported.
PostgreSQL stands on the same machine, and its processors are the bot's too.
"""

import asyncio
import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import httpx

from bot.app import hold_up_little
from bot.demo.bot_api.server import BotApiServer
from bot.dialling.dialler import Dialler
from bot.domain.clock import system_clock
from bot.domain.exports import ExportJob, ExportKind
from bot.domain.log import LogFilter, Turn
from bot.domain.people import EVERYTHING
from bot.domain.receiving import Receiving
from bot.media.exports import Exporter
from bot.media.recordings import Recordings
from bot.parts import create_bot, create_cards, create_dispatcher
from bot.repositories import create_repositories
from bot.telegram.i18n import create_i18n
from bot.telegram.isolation import PersonIsolation
from bot.views import exports as views
from keyboards.callbacks import LogPage
from storage.database import Where, open_database
from storage.moving import move
from tests.bench.figures import Figure, Growth, share, spread
from tests.bench.logs import Bench, say
from tests.bench.presses import update
from tests.bench.processes import server
from tests.support.postgres_servers import postgres_servers
from tests.support.running import settings_for

CALLS = 100_000
SECONDS = 10.0
MEANWHILE = 2.0
BLOCKED = 0.05
_IDLE_PRESSES = 300
_LOOK_SECONDS = 0.001
_SETTINGS = ("fsync=on", "shared_buffers=1GB", "autovacuum=on")


class _Silent:
    def begin(self, total: int) -> None: ...
    def advance(self, rows: int) -> None: ...


@dataclass(slots=True)
class _Taken:
    seconds: float = 0.0
    rows: int = 0
    size: int = 0
    memory: int = 0
    presses: list[float] = field(default_factory=list)
    blocked: float = 0.0


def measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    path = bench.whole_log
    say("exporting")
    figures = asyncio.run(_measure(bench, "SQLite", path))
    copy = bench.directory / "to-be-exported.db"
    shutil.copy(path, copy)
    with postgres_servers(1) as [postgres]:
        postgres.create(*_SETTINGS)
        asyncio.run(move(copy, postgres.url, _Silent()))
        figures += asyncio.run(_measure(bench, "PostgreSQL", postgres.url))
    return figures, []


async def _measure(bench: Bench, engine: str, where: Where) -> list[Figure]:
    nowhere = BotApiServer()
    idle, taken = _Taken(), {kind: _Taken() for kind in ExportKind}
    async with AsyncExitStack() as stack:
        nowhere.url, _ = await stack.enter_async_context(server("telegram", bench.directory))
        settings = settings_for(bench.directory, nowhere)
        database = await stack.enter_async_context(open_database(where))
        repositories = create_repositories(database, settings)
        i18n = create_i18n(settings.language)
        http = await stack.enter_async_context(httpx.AsyncClient())
        dispatcher = create_dispatcher(
            settings=settings,
            repositories=repositories,
            cards=create_cards(repositories, settings),
            i18n=i18n,
            clock=system_clock,
            receiving=Receiving(system_clock),
            isolation=PersonIsolation(database),
            wake=lambda: None,
            recordings=Recordings(http, settings),
            dialler=Dialler({}, repositories.dials, clock=system_clock, wake=lambda: None),
        )
        bot = create_bot(settings)
        stack.push_async_callback(bot.session.close)
        newest = await repositories.journal.page(
            EVERYTHING, LogFilter(), turn=Turn.FIRST, key=None, size=8
        )
        last = newest.calls[0].started_at
        rows = await database.fetch(
            "SELECT position FROM calls ORDER BY position DESC LIMIT 1 OFFSET ?",
            (min(CALLS, bench.calls) - 1,),
        )
        start = int(rows[0]["position"])
        with i18n.context(), i18n.use_locale("uk"):
            words = views.words("", None, who="Олена", now=last, zone=settings.zone)
        dice = random.Random(1)

        async def press(number: int) -> float:
            here = LogPage(turn=Turn.OLDER, position=dice.randint(start, last), id=1)
            began = time.perf_counter()
            await dispatcher.feed_raw_update(bot, update(number, here.pack()))
            return time.perf_counter() - began

        hold_up_little()
        for number in range(20):
            await press(number)
        with _watching(idle):
            idle.presses = [
                await press(number) for number in range(bench.scaled(_IDLE_PRESSES, 50))
            ]
        for kind, meanwhile in product(ExportKind, (False, True)):
            job = ExportJob(
                where=where,
                scope=EVERYTHING,
                log_filter=LogFilter(start=start),
                kind=kind,
                words=words,
                zone=settings.zone.key,
            )
            if meanwhile:
                with _watching(taken[kind]):
                    await _pressing(job, taken[kind], press)
            else:
                await _export(job, taken[kind])
    return [
        figure
        for kind in ExportKind
        for figure in _figures(f"{engine}: export, {kind.name}", idle, taken[kind])
    ]


def _figures(what: str, idle: _Taken, taken: _Taken) -> list[Figure]:
    slower = share(taken.presses, 95) / share(idle.presses, 95)
    per = f"{taken.size / 1e6:.1f} MB, peak {taken.memory / 1024:.0f} MiB of a process of its own"
    return [
        Figure(
            what=f"{what}, {taken.rows} calls",
            figure=f"{taken.seconds:.1f} s",
            yardstick=per,
            target=f"≤ {SECONDS:.0f} s",
            is_met=taken.seconds <= SECONDS,
        ),
        Figure(
            what=f"{what}: page presses meanwhile",
            figure=spread(taken.presses),
            yardstick=f"idle {spread(idle.presses)}",
            ratio=f"p95 {slower:.2f}",
            target="p95 ≤ 2 ×",
            is_met=slower <= MEANWHILE,
        ),
        Figure(
            what=f"{what}: the loop blocked, at most",
            figure=f"{taken.blocked * 1000:.0f} ms",
            yardstick=f"idle {idle.blocked * 1000:.0f} ms",
            target="≤ 50 ms",
            is_met=taken.blocked <= BLOCKED,
        ),
    ]


async def _export(job: ExportJob, taken: _Taken) -> None:
    began = time.perf_counter()
    async with Exporter().files(job, lambda _rows, _total: None) as files:
        taken.seconds = time.perf_counter() - began
        taken.rows, taken.memory = files.rows, files.memory
        taken.size = sum(part.size or 0 for part in files.parts)


async def _pressing(job: ExportJob, taken: _Taken, press: Callable[[int], Any]) -> None:
    """Press again and again until the export is made; its own time was taken before."""
    async with asyncio.TaskGroup() as tasks:
        exporting = tasks.create_task(_export(job, _Taken()))
        while not exporting.done():
            taken.presses.append(await press(len(taken.presses)))


@contextmanager
def _watching(taken: _Taken) -> Iterator[None]:
    """Note for how long the loop does nothing else, until the end of the block."""
    loop = asyncio.get_running_loop()
    planned = loop.time() + _LOOK_SECONDS
    handles: list[asyncio.TimerHandle] = []

    def look() -> None:
        nonlocal planned
        taken.blocked = max(taken.blocked, loop.time() - planned)
        planned = loop.time() + _LOOK_SECONDS
        handles[:] = [loop.call_later(_LOOK_SECONDS, look)]

    handles.append(loop.call_later(_LOOK_SECONDS, look))
    try:
        yield
    finally:
        for handle in handles:
            handle.cancel()
