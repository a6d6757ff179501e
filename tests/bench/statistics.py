"""Statistics of 31 days on the whole log, and what they hold up: the loop, and other presses.

The yardstick is the same on the log of ten thousand calls, a week; of pages, the idle bot.
"""

import asyncio
import statistics as means
import time
from zoneinfo import ZoneInfo

from bot.domain.log import LogFilter, Turn
from bot.domain.merging import LIVE_POSITION
from bot.domain.people import EVERYTHING
from storage.database import Where, open_database
from storage.engine.base import Database
from storage.journal import JournalRepo
from storage.statistics import StatisticsRepo
from tests.bench.figures import Figure, Growth, milliseconds, share, spread
from tests.bench.logs import Bench, say
from tests.bench.pages import SCOPES, no_garbage

DAYS = 31
LIMIT, STALL = 0.300, 0.050
_DAY = 86400
_ZONE = ZoneInfo("Europe/Kyiv")


def measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    say("statistics")
    short = asyncio.run(_counted(bench.log(bench.sizes[0]), bench.scaled(9, 3)))
    return asyncio.run(figures(bench, bench.whole_log, f"{spread(short)} at {bench.sizes[0]}")), []


async def figures(bench: Bench, where: Where, yardstick: str) -> list[Figure]:
    """Those of one engine; `yardstick`: of the statistics of all calls."""
    found = []
    rounds = bench.scaled(15, 3)
    for scope in ("all calls", "own, 1 extension"):
        taken = await _counted(where, rounds, scope)
        found.append(
            Figure(
                what=f"statistics of {DAYS} days and those before, {scope}",
                figure=spread(taken),
                yardstick=yardstick,
                ratio="–",
                target="p50 ≤ 300 ms",
                is_met=means.median(taken) <= LIMIT,
            )
        )
    idle, busy, stalls = await _pressed(where, bench.scaled(300, 60))
    ratio = share(busy, 95) / share(idle, 95)
    found.append(
        Figure(
            what="a page while statistics are counted; the longest stall of the loop",
            figure=f"{spread(busy)}; {milliseconds(max(stalls))}",
            yardstick=f"idle {spread(idle)}",
            ratio=f"{ratio:.2f}",
            target="p95 ≤ 2 × idle, ≤ 50 ms",
            is_met=ratio <= 2 and max(stalls) <= STALL,
        )
    )
    return found


async def _counted(where: Where, rounds: int, scope: str = "all calls") -> list[float]:
    taken = []
    async with open_database(where) as database:
        part, before = await _parts(database)
        repo = StatisticsRepo(database, _ZONE)
        with no_garbage():
            for _ in range(rounds):
                started = time.perf_counter()
                await repo.statistics(
                    SCOPES[scope], part, before=before, with_people=SCOPES[scope].is_all
                )
                taken.append(time.perf_counter() - started)
    return taken


async def _parts(database: Database) -> tuple[LogFilter, LogFilter]:
    """The latest days of the log, and as many before them."""
    [row] = await database.fetch(
        "SELECT max(position) AS at FROM calls WHERE position < ?", (LIVE_POSITION,)
    )
    end, back = row["at"] + 1, 35 * _DAY
    start = end - DAYS * _DAY
    return LogFilter(start=start, end=end), LogFilter(start=start - back, end=end - back)


async def _pressed(where: Where, presses: int) -> tuple[list[float], list[float], list[float]]:
    """Seconds of pages when nothing else is done, and meanwhile; those by which the loop lags."""
    idle: list[float] = []
    busy: list[float] = []
    stalls: list[float] = []
    async with open_database(where) as database:
        journal, repo = JournalRepo(database), StatisticsRepo(database, _ZONE)
        part, before = await _parts(database)

        async def press(taken: list[float]) -> None:
            for _ in range(presses):
                started = time.perf_counter()
                await journal.page(EVERYTHING, LogFilter(), turn=Turn.FIRST, key=None, size=8)
                taken.append(time.perf_counter() - started)
                await asyncio.sleep(0.005)

        async def count() -> None:
            while True:
                await repo.statistics(EVERYTHING, part, before=before, with_people=True)

        async def look() -> None:
            while True:
                started = time.perf_counter()
                await asyncio.sleep(0.001)
                stalls.append(time.perf_counter() - started - 0.001)

        with no_garbage():
            await press(idle)
            others = [asyncio.ensure_future(work()) for work in (count, look)]
            await press(busy)
            for one in others:
                one.cancel()
            await asyncio.gather(*others, return_exceptions=True)
    return idle, busy, stalls
