"""What was heard of the latest calls: a bounded memory, whose loss costs only a detail.

It is of one process. Where a balancer gives the posts of one call to several, each fills in less
than one would that had them all: a wait measured by its own clock, the phone of a transferred call
while that goes on, a recording a few minutes before the history tells of it. How a call ended, and
so whether it was lost, every last post says itself, but for a call that Zadarma forwards to a
telephone outside: its end does not say that somebody answered, and without its NOTIFY_ANSWER it
counts as missed.
"""

from typing import Generic, TypeVar

T = TypeVar("T")

_CALLS = 2000


class Recent(Generic[T]):
    """By the id of a call; the call that was noted first is forgotten first."""

    def __init__(self) -> None:
        self._calls: dict[str, T] = {}

    def find(self, external_id: str) -> T | None:
        return self._calls.get(external_id)

    def note(self, external_id: str, heard: T) -> None:
        self._calls[external_id] = heard
        while len(self._calls) > _CALLS:
            del self._calls[next(iter(self._calls))]
