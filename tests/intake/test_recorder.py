"""Requests that are committed together: what each is told when a commit fails or is cut short."""

import asyncio
from collections.abc import Sequence

import pytest

from bot.domain.calls import CallFacts, Outcome
from bot.domain.errors import AwayError, StorageError
from bot.intake.recorder import Recorder
from storage.calls import CallRepo
from storage.engine.base import Database
from storage.rejects import RejectRepo
from tests.support.statements import NOW, said


class CutShort(CallRepo):
    """What is recorded together fails, as does `broken` alone; `cut` is cancelled.

    It is busy with `first` until it may go on. With `away` the whole database is not there.
    """

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.tries = 0
        self.is_busy, self.may_go_on = asyncio.Event(), asyncio.Event()

    async def record(
        self,
        facts: Sequence[CallFacts],
        *,
        now: int,
        is_live: bool = False,
        is_followed: bool = False,
    ) -> list[Outcome]:
        names = [one.external_id for one in facts]
        self.tries += 1
        if "away" in names:
            raise AwayError("no connection")
        if names == ["first"]:
            self.is_busy.set()
            await self.may_go_on.wait()
        if len(names) > 1 or names == ["broken"]:
            raise StorageError("the disk is full")
        if names == ["cut"]:
            raise asyncio.CancelledError
        return await super().record(facts, now=now, is_live=is_live, is_followed=is_followed)


async def recorded(database: Database, *names: str) -> list[list[Outcome] | BaseException]:
    """What each request ends in; the first of them is committed while the others gather."""
    return await recorded_by(CutShort(database), RejectRepo(database), *names)


async def recorded_by(
    calls: CutShort, rejects: RejectRepo, first: str, *names: str, impatient: str = ""
) -> list[list[Outcome] | BaseException]:
    """`impatient`: one of the names, who waits no more once they have gathered."""
    recorder = Recorder(calls, rejects, clock=lambda: NOW, on_recorded=lambda: None)
    requests = [asyncio.ensure_future(recorder.record([said(external_id=first)]))]
    await calls.is_busy.wait()
    requests += [asyncio.ensure_future(recorder.record([said(external_id=x)])) for x in names]
    await asyncio.sleep(0)  # they gather
    if impatient:
        requests[[first, *names].index(impatient)].cancel()
        await asyncio.sleep(0)
    calls.may_go_on.set()
    return await asyncio.gather(*requests, return_exceptions=True)


async def test_one_that_fails_takes_no_other_with_it(database: Database) -> None:
    first, a, broken, b = await recorded(database, "first", "a", "broken", "b")
    assert first == a == b == [Outcome.ACCEPTED]
    assert isinstance(broken, StorageError)


async def test_a_database_that_is_away_is_not_asked_again_for_each(database: Database) -> None:
    """Each would wait for it as long as the one before, one after another."""
    calls = CutShort(database)
    first, *rest = await recorded_by(calls, RejectRepo(database), "first", "away", "a", "b")
    assert first == [Outcome.ACCEPTED]
    assert [type(one) for one in rest] == [AwayError] * 3
    assert calls.tries == 2


async def test_who_was_cut_short_hears_of_an_error(database: Database) -> None:
    """And not of nothing: a hook would answer that nothing was read, and the PBX forget it."""
    first, a, cut, b = await recorded(database, "first", "a", "cut", "b")
    assert first == a == [Outcome.ACCEPTED]
    assert isinstance(cut, StorageError)
    assert isinstance(b, StorageError)
    rows = await database.fetch("SELECT external_id FROM calls ORDER BY id")
    assert [row["external_id"] for row in rows] == ["first", "a"]


@pytest.mark.parametrize("impatient", ["first", "a"])
async def test_who_waits_no_more_cuts_nothing_short(database: Database, impatient: str) -> None:
    calls = CutShort(database)
    ends = await recorded_by(calls, RejectRepo(database), "first", "a", impatient=impatient)
    assert ends.count([Outcome.ACCEPTED]) == 1
    assert [type(one) for one in ends if one != [Outcome.ACCEPTED]] == [asyncio.CancelledError]
    async with asyncio.timeout(5):
        while await database.count("SELECT count(*) FROM calls") < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("count", [1, 2])
async def test_nothing_said_is_nothing_done(database: Database, count: int) -> None:
    calls, rejects = CallRepo(database), RejectRepo(database)
    recorder = Recorder(calls, rejects, clock=lambda: NOW, on_recorded=lambda: None)
    assert await asyncio.gather(*(recorder.record([]) for _ in range(count))) == [[]] * count
