"""A log that calls come into and pages are read of, and calls of all kinds for it."""

import random
from dataclasses import replace
from typing import Any

from bot.domain.calls import CallFacts, Party, Status
from bot.domain.log import Key, LogFilter, Page, Turn
from bot.domain.merging import merge
from bot.domain.people import EVERYTHING, Scope
from storage.calls import CallRepo
from storage.engine.base import Database
from storage.journal import JournalRepo
from tests.support.statements import said

NOW = 1_790_000_000
HOUR, DAY = 3600, 86400
SIZE = 5
ONE, TWO = Scope(("101",)), Scope(("101", "102"))
TWENTY = Scope(tuple(str(number) for number in range(101, 121)))
CLIENT, NUMBER = "+380671234567", "0671234567"
WHOLE = LogFilter()


class Log:
    """A log of its own: calls come in, pages are read."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.calls = CallRepo(database)
        self.journal = JournalRepo(database)
        self.ids: dict[int, CallFacts] = {}

    async def add(self, *facts: CallFacts, now: int = NOW) -> None:
        """Each as a new call; ids are given from 1."""
        whole = [
            replace(one, external_id=f"a{len(self.ids) + number}")
            for number, one in enumerate(facts, start=1)
        ]
        await self.calls.record(whole, now=now)
        self.ids |= enumerate(whole, start=len(self.ids) + 1)

    async def page(
        self,
        turn: Turn = Turn.FIRST,
        key: Key | None = None,
        *,
        scope: Scope = EVERYTHING,
        log_filter: LogFilter = WHOLE,
        size: int = SIZE,
    ) -> Page:
        return await self.journal.page(scope, log_filter, turn=turn, key=key, size=size)

    def expected(self, scope: Scope, log_filter: LogFilter) -> list[int]:
        """The ids of the calls that are meant, newest first, by the plainest of rules."""
        keys = []
        for id_, facts in self.ids.items():
            call = merge(None, facts, now=NOW)
            is_mine = scope.extensions is None or set(scope.extensions) & set(call.extensions)
            is_in_time = (log_filter.start or 0) <= call.position < (log_filter.end or 1 << 60)
            is_client = not log_filter.numbers or call.client in log_filter.numbers
            if is_mine and is_in_time and is_client and (call.lost or not log_filter.lost_only):
                keys.append((call.position, id_))
        return [id_ for _, id_ in sorted(keys, reverse=True)]


def ids(page: Page) -> list[int]:
    """The calls of a page; its keys must be theirs."""
    assert [key.id for key in page.keys] == [call.id for call in page.calls]
    return [call.id for call in page.calls]


def some_calls(chance: random.Random, start: int, count: int) -> list[CallFacts]:
    """Calls of all kinds in the order of their starts, several of them in the same second."""
    calls = []
    for _ in range(count):
        start += chance.choice([0, 0, 600, 5400])
        calls.append(
            said(
                started_at=start,
                status=chance.choice([Status.MISSED, Status.ANSWERED]),
                caller=Party(number=chance.choice([NUMBER, "0501112233", None])),
                rang=tuple(chance.sample(["101", "102", "103"], chance.randint(0, 3))),
            )
        )
    return calls


# Numbers


def client_call(start: int, **values: Any) -> CallFacts:
    """A lost call of the client, so many seconds after NOW."""
    chosen = {"caller": Party(number=NUMBER), "rang": ("101",)} | values
    return said(started_at=NOW + start, **chosen)
