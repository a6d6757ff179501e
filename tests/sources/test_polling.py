"""Asking a PBX again and again: nothing missing, nothing twice, an outage read in steps."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest

from bot.domain.calls import CallFacts, Reject, Status
from bot.domain.errors import SourceError
from bot.sources.base import Batch, Reading
from bot.sources.polling import AHEAD, FIRST, LATE, OFTEN, OVERLAP, SELDOM, STEP, Pace, poll
from tests.support.statements import NOW, said


class History:
    """A PBX whose calls stand in its history when they are over; time passes in its pauses."""

    def __init__(self) -> None:
        self.now = NOW
        self.calls: list[tuple[int, Reading]] = []
        self.windows: list[tuple[int, int]] = []
        self.pauses: list[float] = []
        self.pace = Pace()

    def add(self, external_id: str, *, started_at: int, over_at: int | None = None) -> CallFacts:
        call = said(external_id=external_id, started_at=started_at)
        self.calls.append((over_at or started_at, call))
        return call

    async def read(self, begins: int, ends: int) -> AsyncIterator[Sequence[Reading]]:
        self.windows.append((begins, ends))
        yield [
            one
            for over_at, one in self.calls
            if over_at <= self.now
            and (isinstance(one, Reject) or begins <= one.started_at <= ends)
        ]

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += int(seconds)

    async def passes(self, count: int, cursor: str | None = None) -> list[Batch]:
        """What is read until `count` passes are over."""
        batches = []
        feed = poll(cursor, self.read, clock=lambda: self.now, pace=self.pace, sleep=self.sleep)
        async with aclosing(feed):
            async for batch in feed:
                batches.append(batch)
                count -= batch.cursor == str(self.now)
                if not count:
                    break
        return batches


@pytest.fixture
def history() -> History:
    return History()


def ids(batches: Sequence[Batch]) -> list[str]:
    readings = [one for batch in batches for one in batch.readings]
    return [one.external_id if isinstance(one, CallFacts) else "reject" for one in readings]


async def test_each_call_is_passed_on_once_however_often_it_is_read(history: History) -> None:
    history.add("old", started_at=NOW - 60)
    history.add("new", started_at=NOW + 90)
    history.calls.append((NOW, Reject(0, ("no date",), "{}")))
    assert ids(await history.passes(5)) == ["reject", "old", "new"]
    assert history.pauses == [OFTEN] * 4


async def test_a_call_that_says_more_is_passed_on_again(history: History) -> None:
    call = history.add("a", started_at=NOW - 60)
    history.calls.append((NOW + 100, replace(call, recording_url="https://r.example/1")))
    batches = await history.passes(4)
    assert ids(batches)[:2] == ["a", "a"]


async def test_a_long_call_is_read_when_it_is_over(history: History) -> None:
    history.add("long", started_at=NOW - OVERLAP + 600, over_at=NOW + 200)
    assert ids(await history.passes(3)) == []
    assert ids(await history.passes(3)) == ["long"]


async def test_an_outage_is_read_in_steps_each_of_which_is_kept(history: History) -> None:
    for day in range(5):
        history.add(str(day), started_at=NOW - 5 * STEP + day * STEP + 7)
    history.add("edge", started_at=NOW - 5 * STEP - OVERLAP + STEP)
    batches = await history.passes(2, cursor=str(NOW - 5 * STEP))
    assert sorted(ids(batches)) == ["0", "1", "2", "3", "4", "edge"]
    cursors = [int(batch.cursor) for batch in batches if batch.cursor]
    assert cursors == sorted(cursors)
    assert len(cursors) == 6
    assert all(
        ends == begins
        for (_, ends), (begins, _) in zip(history.windows, history.windows[1:5], strict=False)
    )
    assert history.windows[-2][1] == NOW + AHEAD
    assert all(batch.is_history for batch in batches if batch.readings)


async def test_a_cut_goes_on_from_what_was_kept(history: History) -> None:
    for day in range(5):
        history.add(str(day), started_at=NOW - 5 * STEP + day * STEP + 7)
    kept: list[Batch] = []

    async def cut(begins: int, ends: int) -> AsyncIterator[Sequence[Reading]]:
        if len(history.windows) == 2:
            raise SourceError("down")
        async for page in history.read(begins, ends):
            yield page

    async def read_until_cut() -> None:
        cursor = str(NOW - 5 * STEP)
        async for batch in poll(cursor, cut, clock=lambda: NOW, pace=history.pace):
            kept.append(batch)  # noqa: PERF401 - what was read before the cut counts

    with pytest.raises(SourceError):
        await read_until_cut()
    assert ids(kept) == ["0", "1"]
    assert sorted(ids(kept + await history.passes(1, kept[-1].cursor))) == list("01234")


async def test_what_comes_late_after_an_outage_says_nothing_of_clocks(history: History) -> None:
    history.add("a", started_at=NOW - LATE)
    history.add("b", started_at=NOW + 1, over_at=NOW + 30)
    first, *others = [batch for batch in await history.passes(3) if batch.readings]
    assert first.is_history
    assert [one.is_history for one in others] == [False]


async def test_a_new_source_has_a_week_read(history: History) -> None:
    history.add("week", started_at=NOW - FIRST)
    history.add("year", started_at=NOW - 365 * 86400)
    assert ids(await history.passes(1)) == ["week"]


async def test_a_clock_set_back_reads_on(history: History) -> None:
    history.add("a", started_at=NOW - 60)
    assert ids(await history.passes(1, cursor=str(NOW + 3 * STEP))) == ["a"]


async def test_it_asks_seldom_while_hooks_tell_of_every_call(history: History) -> None:
    history.add("a", started_at=NOW - 60)
    history.pace.note_hook([said(external_id="a")])
    for minute in range(3):
        history.add(f"told {minute}", started_at=NOW + 60 + 900 * minute)
        history.pace.note_hook([said(external_id=f"told {minute}")])
    history.add("untold", started_at=NOW + 2800)
    await history.passes(6)
    assert history.pauses == [SELDOM] * 4 + [OFTEN]
    history.pace.note_hook([said(external_id="later")])
    assert history.pace.seconds() == SELDOM


async def test_hooks_that_tell_only_of_calls_that_begin_are_not_relied_on(
    history: History,
) -> None:
    """A live call in history says nothing of them; its end, of which none told, does."""
    live = said(external_id="a", started_at=NOW + 30, status=Status.RINGING, ended_at=None)
    history.pace.note_hook([said(external_id="before")])
    history.calls.append((NOW + 60, live))
    history.calls.append((NOW + 1000, replace(live, status=Status.MISSED)))
    await history.passes(4)
    assert history.pauses == [SELDOM, SELDOM, OFTEN]
