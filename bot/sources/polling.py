"""Reading a PBX that must be asked again and again, by windows of time, the oldest first.

Most histories are asked for calls that began within a window of time. A call stands there only
when it is over, so each pass begins some hours before what was read last (OVERLAP) and passes on
only what it has not passed on before (Fresh). What was missed while the PBX or the bot was down is
read in steps, each kept when it is read: a stop in the middle costs one step.

A source that also has hooks asks seldom while they tell of every call (Pace).
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.domain.calls import CallFacts, EndedCall, Reject
from bot.domain.clock import Clock
from bot.sources.base import Batch, Reading

OVERLAP = 4 * 3600
"""Seconds before what was read last with which a pass begins: longer than nearly all calls, and
than the hours by which a wrong TIMEZONE is wrong, so that its calls are seen and told of."""

STEP = 86400
"""Seconds of history that are asked for at once."""

FIRST = 7 * 86400
"""Seconds of history that are read when a source is new."""

AHEAD = 86400
"""Seconds after now with which the last window ends: the clock of a PBX may be fast."""

LATE = 1800
"""A pass that reads more seconds than these made up for an outage."""

OFTEN, SELDOM = 60.0, 900.0
"""Seconds between passes: of a source without hooks, and of one whose hooks tell of all."""

_REMEMBERED = 2000
"""Calls told of by hooks that Pace remembers: more than begin within SELDOM."""

ReadWindow = Callable[[int, int], AsyncIterable[Sequence[Reading]]]
"""The calls that began between two moments, in Unix seconds, page by page; raises SourceError."""


class Fresh:
    """Passes on what it has not passed on before, of readings that come again with each pass."""

    def __init__(self) -> None:
        self._before: dict[object, Reading] = {}
        self._now: dict[object, Reading] = {}

    def of(self, readings: Sequence[Reading]) -> list[Reading]:
        """Those that are new, or say something else than before."""
        fresh = []
        for one in readings:
            key = _key(one)
            known = self._now.get(key, self._before.get(key))
            if known != one and (isinstance(one, CallFacts) or known is None):
                fresh.append(one)
            self._now[key] = one
        return fresh

    def end_window(self) -> None:
        """Forget what came neither in this window nor in the one before."""
        self._before, self._now = self._now, {}


class Pace:
    """How long to wait before a PBX is asked again.

    Hooks are relied on as long as one came after the last call whose end only a pass has found: so
    they are neither before the first, nor once they stop coming, nor if they tell only of calls
    that begin. A silent night says nothing.
    """

    def __init__(self, often: float = OFTEN, seldom: float = SELDOM) -> None:
        self._often = often
        self._seldom = seldom
        self._told: dict[str, None] = {}
        self._is_relied_on = False

    def note_hook(self, readings: Sequence[Reading]) -> None:
        """A hook told these."""
        over = _ids_of_ended(readings)
        for external_id in over:
            self._told.pop(external_id, None)
            self._told[external_id] = None
        while len(self._told) > _REMEMBERED:
            del self._told[next(iter(self._told))]
        self._is_relied_on = self._is_relied_on or bool(over)

    def note_pass(self, readings: Sequence[Reading]) -> None:
        """A pass over what is new has found these."""
        if any(one not in self._told for one in _ids_of_ended(readings)):
            self._is_relied_on = False

    def seconds(self) -> float:
        return self._seldom if self._is_relied_on else self._often


async def poll(
    cursor: str | None,
    read: ReadWindow,
    *,
    clock: Clock,
    pace: Pace,
    step: int = STEP,
    first: int = FIRST,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> AsyncGenerator[Batch, None]:
    """A feed without end. The cursor is the moment until which all that was over then is read.

    The first pass is made up for, like an outage: how late its calls come says nothing.
    """
    fresh = Fresh()
    is_history = True
    read_until = int(cursor) if cursor and cursor.isdecimal() else clock() - first
    while True:
        now = clock()
        begins = min(read_until, now) - OVERLAP
        is_history = is_history or now - read_until > LATE
        is_last = False
        while not is_last:
            is_last = now - begins <= step + OVERLAP  # so that the next pass overlaps no other
            ends = now if is_last else begins + step
            async for page in read(begins, now + AHEAD if is_last else ends):
                readings = fresh.of(page)
                if not is_history:
                    pace.note_pass(readings)
                if readings:
                    yield Batch(readings, is_history=is_history)
            fresh.end_window()
            yield Batch(cursor=str(ends), is_history=is_history, read_until=ends)
            begins = ends
        is_history, read_until = False, now
        await sleep(pace.seconds())


@dataclass(frozen=True, slots=True)
class PolledFeed:
    """A Feed that asks `read_window` again and again."""

    name: str
    read_window: ReadWindow
    clock: Clock
    pace: Pace
    step: int = STEP
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    def read(self, cursor: str | None) -> AsyncGenerator[Batch, None]:
        return poll(
            cursor,
            self.read_window,
            clock=self.clock,
            pace=self.pace,
            step=self.step,
            sleep=self.sleep,
        )


async def find_recordings(calls: Sequence[EndedCall], read_window: ReadWindow) -> list[Reading]:
    """What is known by now of the talks among these calls that have no recording."""
    talks = [one.started_at for one in calls if one.talk and not one.has_recording]
    if not talks:
        return []
    return [one async for page in read_window(min(talks), max(talks)) for one in page]


def has_recording(readings: Sequence[Reading]) -> bool:
    return any(isinstance(one, CallFacts) and one.recording_url for one in readings)


def _key(reading: Reading) -> object:
    if isinstance(reading, Reject):
        return reading.errors, reading.body
    return reading.external_id


def _ids_of_ended(readings: Sequence[Reading]) -> list[str]:
    """The ids of the calls that are said to be over."""
    facts = (one for one in readings if isinstance(one, CallFacts))
    return [one.external_id for one in facts if not one.status.is_live]
