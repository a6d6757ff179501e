"""Notices that somebody has set the clock of the computer, by the seconds that really pass.

- What the timer does is done side by side. Only after the clock was set does the mending wait
  until all that is under way is done, and nothing begins before it is mended.
- What people and PBXs do waits for no mending. Where the clock was read just before it was set
  back, and what is due by it is written just after the mending, that stays due a whole step too
  late, as if it had been done so much later. It is a moment from one to the other.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.domain.clock import Clock
from storage.clock import ClockRepo

log = logging.getLogger(__name__)

_STEP_SECONDS = 3
"""Smaller differences are the rounding of whole seconds, or a clock corrected little by little."""

_NOTE_SECONDS = 60.0
"""After so long the clock is noted again, for a restart to know it by."""


class ClockWatch:
    def __init__(
        self,
        repo: ClockRepo,
        *,
        clock: Clock,
        latest: Clock,
        steady: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        """`latest`: the LatestMoment of `clock`, shown what that shows even while no call comes.
        `steady`: seconds that pass, whatever the clock is set to. `wake`: see Jobs."""
        self._repo = repo
        self._clock = clock
        self._latest = latest
        self._steady = steady
        self._wake = wake
        self._noted = clock(), steady()
        self._is_first = True
        self._looking = asyncio.Lock()
        self._mending = asyncio.Lock()
        """Held while the clock, having been set, is mended; nothing begins meanwhile."""
        self._under_way = 0
        self._is_idle = asyncio.Event()
        """Set while nothing is under way."""
        self._is_idle.set()

    async def look(self) -> None:
        """Note the clock; if it was set, mend what that has put wrong (storage/clock.py)."""
        async with self._looking:
            self._latest()
            now, steady = self._clock(), self._steady()
            if self._is_first or self._step(now, steady):
                async with self._mending:
                    await self._is_idle.wait()
                    await self._note()
            elif steady - self._noted[1] >= _NOTE_SECONDS:
                await self._note()

    @asynccontextmanager
    async def present_moment(self) -> AsyncIterator[int]:
        """The present moment, which is not mended after the clock was set until the block ends.

        What takes a moment of before and writes after the mending would be a whole step late.
        """
        async with self._mending:
            self._under_way += 1
            self._is_idle.clear()
        try:
            yield self._clock()
        finally:
            self._under_way -= 1
            if not self._under_way:
                self._is_idle.set()

    def _step(self, now: int, steady: float) -> int:
        """By how many seconds the clock was set since it was noted; 0: by next to nothing."""
        step = round(now - self._noted[0] - (steady - self._noted[1]))
        return step if abs(step) >= _STEP_SECONDS else 0

    async def _note(self) -> None:
        now, steady = self._clock(), self._steady()
        known = self._step(now, steady) or (None if self._is_first else 0)
        if found := await self._repo.note(now=now, step=known):
            log.warning("the clock was set %+d s; what is due goes by it from now on", found)
            self._wake()
        self._noted, self._is_first = (now, steady), False

    async def moment_to_delete_by(self) -> int | None:
        """The present moment; None while nothing old may be deleted: the clock has leapt."""
        now = self._clock()
        await self.look()  # after `now` was read: a leap that it has in it is noticed
        return None if (await self._repo.state()).leapt_at is not None else now
