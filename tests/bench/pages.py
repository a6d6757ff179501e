"""Pages of the log and the numbers of a day, on a short log and on a long one.

The yardsticks: the same page of the log of ten thousand calls (an office of the same density,
a week old), and one bare SQL statement of the sqlite3 module that fetches the same calls.
The pages are drawn at random, so SQLite's own cache seldom helps; the system's mostly does.
"""

import asyncio
import gc
import random
import sqlite3
import time
from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from statistics import median

from bot.domain.log import Key, LogFilter, Turn
from bot.domain.people import EVERYTHING, Scope
from storage.database import open_database
from storage.journal import JournalRepo
from tests.bench import office
from tests.bench.figures import Figure, Growth, milliseconds, share, spread
from tests.bench.logs import Bench, say

SIZE = 8
SCOPES = {
    "all calls": EVERYTHING,
    "own, 1 extension": Scope((office.ORDINARY,)),
    "own, 2 extensions": Scope((office.ORDINARY, office.SECOND)),
    "own, rare extension": Scope((office.RARE,)),
}
FILTERS = ("no filter", "missed only", "one day", "one busy client")
PLACES = ("first", "middle", "last")
LIMIT, GROWTH = 0.010, 1.5


@dataclass(frozen=True, slots=True)
class _Ask:
    """One press: which part of the log, seen from where."""

    found: LogFilter
    turn: Turn
    key: Key | None


class Log:
    """A log, and how a random reader turns its pages."""

    def __init__(self, size: int, path: Path, journal: JournalRepo) -> None:
        self.size = size
        self.journal = journal
        self.bare = sqlite3.connect(path)
        self.bare.execute("PRAGMA cache_size = -8000")
        [(self.first, self.last)] = self.bare.execute(
            "SELECT min(position), max(position) FROM calls"
        )
        days = range(office.MONDAY, self.last - office.DAY // 2, office.DAY)
        self.workdays = [day for i, day in enumerate(days) if i % 7 < 5]
        self.clients = [f"+38{office.number_of(i)}" for i in range(office.BUSIEST)]

    def ask(self, dice: random.Random, name: str, place: str) -> _Ask:
        start, end = self.first, self.last
        found = LogFilter(lost_only=name == "missed only")
        if name == "one day":
            start = dice.choice(self.workdays)
            end = start + office.DAY
            found = LogFilter(start=start, end=end)
        elif name == "one busy client":
            client = dice.choice(self.clients)
            found = LogFilter(numbers=(client,))
        if place == "middle":
            middle = start + int((end - start) * dice.uniform(0.45, 0.55))
            return _Ask(found, Turn.OLDER, Key(middle, 1))
        return _Ask(found, Turn.FIRST if place == "first" else Turn.LAST, None)

    async def press(self, scope: Scope, ask: _Ask) -> None:
        """What a handler asks of the database for this screen."""
        found = ask.found
        await self.journal.page(scope, found, turn=ask.turn, key=ask.key, size=SIZE)
        if found.start is not None:
            await self.journal.numbers(scope, start=found.start, end=found.end)

    def fetch(self, scope: Scope, ask: _Ask) -> None:
        """The rows of the page, by one statement, and nothing else."""
        table, id_ = ("calls", "id") if scope.is_all else ("call_extensions", "call_id")
        where, values = ["1 = 1"], list[object]()
        if scope.extensions is not None:
            where.append(f"extension IN ({', '.join('?' * len(scope.extensions))})")
            values += scope.extensions
        found = ask.found
        if found.numbers:
            where.append(f"client IN ({', '.join('?' * len(found.numbers))})")
            values += found.numbers
        if found.lost_only:
            where.append("lost = 1")
        if found.start is not None:
            where.append("position >= ? AND position < ?")
            values += (found.start, found.end)
        if ask.key is not None:
            where.append("position <= ?")
            values.append(ask.key.position)
        order = "ASC" if ask.turn is Turn.LAST else "DESC"
        self.bare.execute(
            f"SELECT * FROM calls WHERE id IN (SELECT {id_} FROM {table} WHERE "
            f"{' AND '.join(where)} ORDER BY position {order}, {id_} {order} LIMIT {SIZE})",
            values,
        ).fetchall()


Times = dict[tuple[str, str, str, int], list[float]]
"""Seconds of presses by scope, filter, place and size of the log."""


def measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    for size in bench.sizes:
        bench.log(size)
    say("turning pages")
    return asyncio.run(_measure(bench))


async def _measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    presses: Times = {}
    bare: Times = {}
    days: Times = {}
    rounds = bench.scaled(80, 20)
    async with AsyncExitStack() as stack:
        logs = []
        for size in bench.sizes:
            database = await stack.enter_async_context(open_database(bench.log(size)))
            logs.append(Log(size, bench.log(size), JournalRepo(database)))
        with no_garbage():
            for number, (scope, name, place) in product(
                range(rounds), product(SCOPES, FILTERS, PLACES)
            ):
                for log in logs:
                    dice = random.Random(f"{number} {name} {place}")
                    ask, key = log.ask(dice, name, place), (scope, name, place, log.size)
                    taken = await timed(log.press(SCOPES[scope], ask))
                    presses.setdefault(key, []).append(taken)
                    started = time.perf_counter()
                    log.fetch(SCOPES[scope], ask)
                    bare.setdefault(key, []).append(time.perf_counter() - started)
            for number, scope, log in product(range(rounds), SCOPES, logs):
                day = random.Random(number).choice(log.workdays)
                taken = await timed(
                    log.journal.numbers(SCOPES[scope], start=day, end=day + office.DAY)
                )
                days.setdefault((scope, "", "", log.size), []).append(taken)
        for log in logs:
            log.bare.close()
    return _figures(bench, presses, bare), _growth(bench, presses, days)


def _figures(bench: Bench, presses: Times, bare: Times) -> list[Figure]:
    """A line for each scope and filter: the worst of first, middle and last."""
    short, long = bench.sizes[0], bench.sizes[-1]
    figures = []
    for scope, name in product(SCOPES, FILTERS):
        keys = {place: (scope, name, place) for place in PLACES}
        place = max(PLACES, key=lambda one: share(presses[*keys[one], long], 95))
        growth = {
            one: share(presses[*key, long], 95) / share(presses[*key, short], 95)
            for one, key in keys.items()
        }
        worst = max(PLACES, key=lambda one: growth[one])
        taken = presses[*keys[place], long]
        numbers = " + numbers" if name == "one day" else ""
        is_met = share(taken, 95) <= LIMIT and growth[worst] <= GROWTH
        figures.append(
            Figure(
                what=f"page, {scope}, {name}{numbers} (worst: {place})",
                figure=f"{spread(taken)}",
                yardstick=f"{spread(presses[*keys[place], short])} at {short}; "
                f"bare SQL {milliseconds(median(bare[*keys[place], long]))}",
                ratio=f"{growth[worst]:.2f} ({worst})",
                target="p95 ≤ 10 ms, ≤ 1.5 × short log",
                is_met=is_met,
            )
        )
    return figures


def _growth(bench: Bench, presses: Times, days: Times) -> list[Growth]:
    def row(what: str, times: Times, key: tuple[str, str, str]) -> Growth:
        return Growth(what=what, values=tuple(spread(times[*key, n]) for n in bench.sizes))

    own = "own, 1 extension"
    return [
        row("middle page, all calls", presses, ("all calls", "no filter", "middle")),
        row("middle page, all calls, missed only", presses, ("all calls", FILTERS[1], "middle")),
        row("middle page, own", presses, (own, "no filter", "middle")),
        row("middle page, own, missed only", presses, (own, FILTERS[1], "middle")),
        row("numbers of a day, all calls", days, ("all calls", "", "")),
        row("numbers of a day, own", days, (own, "", "")),
        Growth(
            what="CallRepo.record in batches of 2000",
            values=tuple(f"{bench.recorded[n]:.0f} calls/s" for n in bench.sizes),
        ),
        Growth(
            what="size of the database",
            values=tuple(f"{bench.log(n).stat().st_size / 1e6:.1f} MB" for n in bench.sizes),
        ),
    ]


async def timed(work: Awaitable[object]) -> float:
    started = time.perf_counter()
    await work
    return time.perf_counter() - started


@contextmanager
def no_garbage() -> Iterator[None]:
    """Collections of the benchmark's own rubbish are no figure of the program's."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
