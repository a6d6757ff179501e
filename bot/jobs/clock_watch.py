"""Notices that somebody has set the clock of the computer, by the seconds that really pass."""

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
        steady: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        """`steady`: seconds that pass, whatever the clock is set to. `wake`: see Jobs."""
        self._repo = repo
        self._clock = clock
        self._steady = steady
        self._wake = wake
        self._noted = clock(), steady()
        self._is_first = True
        self._looking = asyncio.Lock()
        """Held while the clock is judged, and while what is due by it is done."""

    async def look(self) -> None:
        """Note the clock; if it was set, mend what that has put wrong (storage/clock.py)."""
        async with self._looking:
            now, steady = self._clock(), self._steady()
            passed = steady - self._noted[1]
            step = round(now - self._noted[0] - passed)
            is_set = abs(step) >= _STEP_SECONDS
            if not (is_set or self._is_first or passed >= _NOTE_SECONDS):
                return
            known = step if is_set else None if self._is_first else 0
            if found := await self._repo.note(now=now, step=known):
                log.warning("the clock was set %+d s; what is due goes by it from now on", found)
                self._wake()
            self._noted, self._is_first = (now, steady), False

    @asynccontextmanager
    async def present_moment(self) -> AsyncIterator[int]:
        """The present moment, which is not mended after the clock was set until the block ends.

        What takes a moment of before and writes after the mending would be a whole step late.
        """
        async with self._looking:
            yield self._clock()

    async def moment_to_delete_by(self) -> int | None:
        """The present moment; None while nothing old may be deleted: the clock has leapt."""
        now = self._clock()
        await self.look()  # after `now` was read: a leap that it has in it is noticed
        return None if (await self._repo.state()).leapt_at is not None else now
