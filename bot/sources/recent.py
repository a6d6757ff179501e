"""What was heard of the latest calls: a bounded memory, whose loss costs only a detail."""

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
