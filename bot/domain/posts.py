"""What was posted to the hooks of sources since the start: heard of by /health, kept nowhere.

It is of one process: of several each has its own, and /health says so.
"""

from dataclasses import dataclass, field

from bot.domain.clock import Clock


@dataclass(frozen=True, slots=True)
class Posted:
    """`last_at`: when a source posted last, be it news or not. Unix seconds; None: not yet.

    `refused`: posts with a wrong token or signature, and when the last one was.
    """

    last_at: int | None = None
    refused: int = 0
    refused_at: int | None = None


NOTHING_POSTED = Posted()


@dataclass(slots=True)
class HookPosts:
    clock: Clock
    _by_source: dict[str, Posted] = field(default_factory=dict)

    def of(self, source: str) -> Posted:
        return self._by_source.get(source, NOTHING_POSTED)

    def note(self, source: str) -> None:
        known = self.of(source)
        self._by_source[source] = Posted(self.clock(), known.refused, known.refused_at)

    def note_refused(self, source: str) -> None:
        known = self.of(source)
        self._by_source[source] = Posted(known.last_at, known.refused + 1, self.clock())
