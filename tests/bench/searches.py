"""Finding calls on the whole log: by a number, a name, a word; the first page, one in the middle.

What is looked for is drawn at random, so no search is answered by the one before. The yardstick is
the same on the log of ten thousand calls.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from bot.domain.log import Key, LogFilter, Turn
from bot.domain.phones import NumberPlan
from bot.domain.search import Query, read_query
from storage.database import Where, open_database
from storage.engine.base import Database
from storage.journal import JournalRepo
from storage.search import SearchRepo
from tests.bench import office
from tests.bench.figures import Figure, Growth, Taken, by_scope
from tests.bench.logs import Bench, comment_of, name_of, say
from tests.bench.pages import SCOPES, no_garbage, timed

LIMIT = 0.050
_SCOPES = ("all calls", "own, 2 extensions")
_WHAT = "search, {scope}: {name}"
_PLAN = NumberPlan("UA")


@dataclass(frozen=True, slots=True)
class _Kind:
    what: str
    text: Callable[[random.Random], str]


def _number(dice: random.Random) -> str:
    return office.number_of(dice.randrange(office.CLIENTS))


KINDS = (
    _Kind("three digits", lambda dice: _number(dice)[-3:]),
    _Kind("six digits, the first", lambda dice: _number(dice)[:6]),
    _Kind("the last four digits", lambda dice: _number(dice)[-4:]),
    _Kind("five digits of the middle", lambda dice: _number(dice)[3:8]),
    _Kind("a whole number", _number),
    _Kind("a first name", lambda dice: name_of(dice.randrange(10**6)).split()[0]),
    _Kind("a surname", lambda dice: name_of(dice.randrange(10**6)).split()[1]),
    _Kind("a surname with a typo", lambda dice: name_of(dice.randrange(10**6)).split()[1][1:]),
    _Kind("a word of a comment", lambda dice: dice.choice(comment_of(dice.random()).split())),
    _Kind("an employee", lambda dice: f"Колега {dice.randrange(1, 40)}"),
)


def measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    say("searches")
    sizes = (bench.sizes[0], bench.sizes[-1])
    short, long = (asyncio.run(_searched(bench.log(size), bench)) for size in sizes)
    return by_scope(long, _WHAT, LIMIT, short=short, size=sizes[0]), []


async def figures(bench: Bench, where: Where) -> list[Figure]:
    """Those of another engine."""
    return by_scope(await _searched(where, bench), _WHAT, LIMIT)


async def _searched(where: Where, bench: Bench) -> Taken:
    """Seconds of database work of a page of what is found."""
    taken: Taken = {}
    async with open_database(where) as database:
        await _keep_words(database)
        [row] = await database.fetch("SELECT max(position) AS at FROM calls")
        middle = Key((office.MONDAY + row["at"]) // 2, 1)
        with no_garbage():
            for number, scope in product(range(bench.scaled(40, 8)), _SCOPES):
                dice = random.Random(f"{number} {scope}")
                for kind in KINDS:
                    key = middle if dice.random() < 0.3 else None
                    seconds = await timed(_search(database, scope, kind.text(dice), key))
                    taken.setdefault((scope, kind.what), []).append(seconds)
    return taken


async def _search(database: Database, scope: str, text: str, key: Key | None) -> None:
    """What a handler asks of the database for this screen."""
    query = read_query(text, _PLAN)
    assert isinstance(query, Query), text
    search, journal, reader = SearchRepo(database), JournalRepo(database), SCOPES[scope]
    found = await search.find(query)
    if query.may_have_typos:
        part = LogFilter(found=found)
        if not found or await journal.has_calls(reader, part, [(0, 1 << 50)]) == [False]:
            found = await search.find_alike(query)
    turn = Turn.OLDER if key else Turn.FIRST
    await journal.page(reader, LogFilter(found=found), turn=turn, key=key, size=8)


async def _keep_words(database: Database) -> None:
    """Look through all comments, as a bot does in the background."""
    while await database.has("SELECT 1 FROM comments WHERE words_version <> version LIMIT 1"):
        await SearchRepo(database).catch_up()
