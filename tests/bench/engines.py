"""The same on PostgreSQL as on SQLite: hooks, a press of a button, pages of the log.

The yardstick is SQLite in the same run. Both write through to the disk; the server of PostgreSQL
stands on this machine, so a trip to it costs what it costs its processes and no network. Its log
is that of SQLite, moved as `dzvinok move` does it.
"""

import asyncio
import random
import shutil
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product

from storage.database import Where, open_database
from storage.journal import JournalRepo
from storage.moving import move
from tests.bench import filters, searches
from tests.bench import statistics as numbers
from tests.bench.figures import Figure, Growth, share, spread
from tests.bench.hooks import CLIENTS, rate
from tests.bench.logs import Bench, say
from tests.bench.pages import FILTERS, LIMIT, PLACES, SCOPES, Log, no_garbage, timed
from tests.bench.presses import press_buttons
from tests.bench.processes import server
from tests.support.postgres_servers import postgres_servers

_SETTINGS = ("fsync=on", "shared_buffers=1GB", "autovacuum=on")


class _Silent:
    def begin(self, total: int) -> None: ...
    def advance(self, rows: int) -> None: ...


def measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    path = bench.whole_log
    with _moved(bench) as (log, empty):
        say("hooks, presses and pages on both engines")
        pressed = asyncio.run(press_buttons(bench, log))
        figures = [replace(one, what=f"PostgreSQL: {one.what}") for one in pressed]
        counted = asyncio.run(numbers.figures(bench, log, "–"))
        counted += asyncio.run(filters.figures(bench, log))
        counted += asyncio.run(searches.figures(bench, log))
        figures += [replace(one, what=f"PostgreSQL: {one.what}") for one in counted]
        figures += asyncio.run(_pages(bench, {"sqlite": path, "postgres": log}))
        figures += asyncio.run(_hooks(bench, empty, log))
    return figures, []


@contextmanager
def _moved(bench: Bench) -> Iterator[tuple[str, str]]:
    """The addresses of the whole log on PostgreSQL, and of an empty database."""
    copy = bench.directory / "to-be-moved.db"
    shutil.copy(bench.whole_log, copy)
    with postgres_servers(1) as [postgres]:
        postgres.create(*_SETTINGS)
        say("moving the log to PostgreSQL")
        asyncio.run(move(copy, postgres.url, _Silent()))
        postgres.execute("CREATE DATABASE empty", database="postgres")
        yield postgres.url, postgres.url.replace("/dzvinok", "/empty")


async def _hooks(bench: Bench, empty: str, log: str) -> list[Figure]:
    """Last of all: afterwards there are more calls in the log."""
    rates: dict[str, list[float]] = {"sqlite": [], "postgres": [], "long": []}
    rounds, seconds = bench.scaled(5, 2), bench.scaled(2, 1)
    async with (
        server("hooks", bench.directory / "engine-sqlite") as (sqlite, _),
        server("hooks", bench.directory / "engine-postgres", database=empty) as (postgres, _),
        server("hooks", bench.directory / "engine-long", database=log) as (long, _),
    ):
        addresses = {"sqlite": sqlite, "postgres": postgres, "long": long}
        for number, (kind, url) in product(range(rounds), addresses.items()):
            rates[kind].append(await rate(url, 1000 + number, seconds))
    on = {kind: statistics.median(each) for kind, each in rates.items()}
    rows = {
        "postgres": f"PostgreSQL: hooks, {CLIENTS} clients, Recorder alone",
        "long": f"PostgreSQL: the same, {bench.calls} calls in the log",
    }
    return [
        Figure(
            what=what,
            figure=f"{on[kind]:.0f}/s",
            yardstick=f"SQLite, an empty log {on['sqlite']:.0f}/s",
            ratio=f"{on[kind] / on['sqlite']:.2f}",
            target="–",
            is_met=True,
        )
        for kind, what in rows.items()
    ]


async def _pages(bench: Bench, places: dict[str, Where]) -> list[Figure]:
    """A line for each scope and filter: the worst of first, middle and last on PostgreSQL."""
    taken: dict[tuple[str, str, str, str], list[float]] = {}
    async with (
        open_database(places["sqlite"]) as sqlite,
        open_database(places["postgres"]) as postgres,
    ):
        logs = {
            kind: Log(bench.calls, bench.whole_log, JournalRepo(database))
            for kind, database in (("sqlite", sqlite), ("postgres", postgres))
        }
        with no_garbage():
            for number, (scope, name, place) in product(
                range(bench.scaled(80, 20)), product(SCOPES, FILTERS, PLACES)
            ):
                for kind, log in logs.items():
                    ask = log.ask(random.Random(f"{number} {name} {place}"), name, place)
                    seconds = await timed(log.press(SCOPES[scope], ask))
                    taken.setdefault((scope, name, place, kind), []).append(seconds)
        for log in logs.values():
            log.bare.close()
    figures = []
    for scope, name in product(SCOPES, FILTERS):
        worst = max(PLACES, key=lambda place: share(taken[scope, name, place, "postgres"], 95))
        ours, theirs = (taken[scope, name, worst, kind] for kind in ("postgres", "sqlite"))
        figures.append(
            Figure(
                what=f"PostgreSQL: page, {scope}, {name} (worst: {worst})",
                figure=spread(ours),
                yardstick=f"SQLite {spread(theirs)}",
                ratio=f"{share(ours, 95) / share(theirs, 95):.2f}",
                target="p95 ≤ 10 ms",
                is_met=share(ours, 95) <= LIMIT,
            )
        )
    return figures
