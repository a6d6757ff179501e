"""Whether updates come in from Telegram, and what of them could not be read."""

import time
from collections import Counter
from collections.abc import Callable

from bot.domain.clock import Clock

_SILENT_SECONDS = 60.0
"""How long Telegram, asked for updates, may say nothing; it answers within half of that."""

_FAILURES = 2
"""How many failures in a row are more than a hiccup."""

_FIELDS = 20


class Receiving:
    """What the probes and /health say of the stream of updates, since the start.

    `unreadable` counts updates by the field that could not be read, never by its content;
    `trouble` is the last reason why none came, and `trouble_at` when that was (Unix seconds).
    """

    def __init__(self, clock: Clock, *, now: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._now = now
        self._answered_at: float | None = None
        self._failures = 0
        self.is_pushed = False
        self.unreadable: Counter[str] = Counter()
        self.trouble = ""
        self.trouble_at = 0

    def answered(self) -> None:
        """Telegram gave us its updates, if there were any."""
        self._answered_at = self._now()
        self._failures = 0

    def failed(self, why: str) -> bool:
        """It did not, for this reason. True if that is news: worth a line in the log."""
        is_new = self._failures == 0 or why != self.trouble
        self._failures += 1
        self.trouble, self.trouble_at = why, self._clock()
        return is_new

    def pushed(self) -> None:
        """From now on Telegram posts updates to us by itself; whether it can, it alone knows."""
        self.is_pushed = True
        self.answered()

    def unread(self, field: str) -> None:
        """An update had a field that could not be read."""
        is_known = field in self.unreadable or len(self.unreadable) < _FIELDS
        self.unreadable[field if is_known else "…"] += 1

    def is_receiving(self) -> bool:
        """Whether updates come in; False before the first answer of Telegram."""
        if self._answered_at is None or self._failures >= _FAILURES:
            return False
        return self.is_pushed or self._now() - self._answered_at < _SILENT_SECONDS
