"""The clock."""

import time
from collections.abc import Callable

Clock = Callable[[], int]
"""The present moment in Unix seconds. Injected, so that tests can move it."""


AHEAD_LIMIT = 2 * 86400
"""Seconds by which a call may begin in the future. A PBX in a wrong zone, or a day ahead, is still
heard and alerts go out; a call farther ahead would stand above the log for years."""


def system_clock() -> int:
    return int(time.time())


class LatestMoment:
    """A Clock that stays at the latest moment another has ever shown while that is set back.

    By it is judged what cannot be yet: a clock that is days behind must not refuse all there is.
    `known`: the latest moment known from before.
    """

    def __init__(self, clock: Clock, *, known: int = 0) -> None:
        self._clock = clock
        self._latest = max(known, clock())

    def __call__(self) -> int:
        self._latest = max(self._latest, self._clock())
        return self._latest
