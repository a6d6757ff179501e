"""How often a PBX may be asked: whoever asks waits for their turn.

Each process counts its own. Only the leader asks by itself; where others, whose people listen to
recordings, bring it over the limit, the PBX says so and is asked later.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable


class Quota:
    """At most `requests` in any `seconds`, over all that ask with it, in the order they came."""

    def __init__(
        self,
        requests: int,
        seconds: float,
        *,
        steady: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._seconds = seconds
        self._steady = steady
        self._sleep = sleep
        self._taken: deque[float] = deque(maxlen=requests)
        self._closed_until = 0.0
        self._one_by_one = asyncio.Lock()

    async def turn(self) -> None:
        """Return when a request may be made."""
        async with self._one_by_one:
            while (wait := self._opens_at() - self._steady()) > 0:
                await self._sleep(wait)
            self._taken.append(self._steady())

    def close(self, seconds: float) -> None:
        """The PBX wants to be left alone for so long."""
        self._closed_until = max(self._closed_until, self._steady() + seconds)

    def _opens_at(self) -> float:
        is_full = len(self._taken) == self._taken.maxlen
        free_at = self._taken[0] + self._seconds if is_full else 0.0
        return max(self._closed_until, free_at)
