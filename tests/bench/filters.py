"""Pages of what the chips of the log leave: each by itself, and several at once.

The yardstick is the same on the log of ten thousand calls. Several are two or three drawn at
random, of those that can be chosen together.
"""

import asyncio
import random
from dataclasses import replace
from itertools import product
from typing import Any

from bot.domain.calls import Direction, Status
from bot.domain.log import LONGER_THAN, Key, LogFilter, Turn
from bot.domain.log_views import CASE_STATES, Fate
from bot.domain.places import Place, PlaceKind
from storage.database import Where, open_database
from storage.journal import JournalRepo
from tests.bench import office
from tests.bench.figures import Figure, Growth, Taken, by_scope
from tests.bench.logs import Bench, say
from tests.bench.pages import LIMIT, SCOPES, SIZE, no_garbage, timed

_SCOPES = ("all calls", "own, 2 extensions")
_WHAT = "page, {scope}, chip: {name}"
_COLLEAGUE = "a colleague"
_CHOICES: dict[str, dict[str, Any]] = {
    "incoming": {"direction": Direction.IN},
    "answered": {"is_answered": True},
    "not called back": {"case_states": CASE_STATES[Fate.UNRETURNED]},
    "the client got through": {"case_states": CASE_STATES[Fate.GOT_THROUGH]},
    "closed by hand": {"case_states": CASE_STATES[Fate.BY_HAND]},
    "status: called back": {"status": Status.MISSED_CALLED_BACK},
    "status: declined": {"status": Status.REJECTED_BY_SUBSCRIBER},
    _COLLEAGUE: {"extensions": (office.RARE,)},
    "a line": {"place": Place(PlaceKind.LINE, office.LINES[1])},
    "a queue": {"place": Place(PlaceKind.QUEUE, office.QUEUES[2])},
    "with a comment": {"is_commented": True},
    "with a recording (none has)": {"is_recorded": True},
    "longer than": {"longer_than": LONGER_THAN[-1]},
    "new clients": {"is_first": True},
}
_ONE_OF = (
    "answered",
    "not called back",
    "the client got through",
    "status: called back",
    "status: declined",
)
_SEVERAL = "two or three at once"


def measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    say("filters")
    sizes = (bench.sizes[0], bench.sizes[-1])
    short, long = (asyncio.run(_turned(bench.log(size), bench)) for size in sizes)
    return by_scope(long, _WHAT, LIMIT, short=short, size=sizes[0]), []


async def figures(bench: Bench, where: Where) -> list[Figure]:
    """Those of another engine."""
    return by_scope(await _turned(where, bench), _WHAT, LIMIT)


async def _turned(where: Where, bench: Bench) -> Taken:
    """Seconds of database work of a page: the first, the last, or one in the middle."""
    taken: Taken = {}
    async with open_database(where) as database:
        journal = JournalRepo(database)
        [row] = await database.fetch("SELECT max(position) AS at FROM calls")
        span = row["at"] - office.MONDAY
        names = [*_CHOICES, _SEVERAL]
        with no_garbage():
            for number, scope, name in product(range(bench.scaled(60, 12)), _SCOPES, names):
                if name == _COLLEAGUE and not SCOPES[scope].is_all:
                    continue  # who has calls of their own alone chooses no colleague
                dice = random.Random(f"{number} {name}")
                part, key = _part(dice, name), None
                asked = (Turn.FIRST, Turn.LAST, Turn.OLDER)[number % 3]
                if asked is Turn.OLDER:
                    key = Key(office.MONDAY + int(span * dice.uniform(0.3, 0.7)), 1)
                work = journal.page(SCOPES[scope], part, turn=asked, key=key, size=SIZE)
                taken.setdefault((scope, name), []).append(await timed(work))
    return taken


def _part(dice: random.Random, name: str) -> LogFilter:
    chosen = [name]
    if name == _SEVERAL:
        others = [one for one in _CHOICES if one not in _ONE_OF]
        chosen = [*dice.sample(others, dice.choice((1, 2))), dice.choice(_ONE_OF)]
    part = LogFilter()
    for one in chosen:
        part = replace(part, **_CHOICES[one])
    return part
