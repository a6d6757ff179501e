"""Whose recording is fetched next: a few at once, shared fairly.

- One person has one turn at a time: whoever asks for ten keeps nobody else waiting.
- One host has a few of all the turns: whoever keeps recordings slowly holds up their own alone.
- What is fetched already holds up its host no more, only its person, until they have it.
- Of several processes each has its own turns, and so has a person or a host in each of them. What
  is on its way by one is not known to another: who presses again there gets a recording twice.
- A free turn goes to the person who has had none for longest, then to who has waited longest.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

AT_ONCE = 8
OF_HOST = 3
OF_PERSON = 1


@dataclass(slots=True, eq=False)
class _Turn:
    person: int
    host: str | None
    has_come: asyncio.Event = field(default_factory=asyncio.Event)


class Turns:
    def __init__(self) -> None:
        self._waiting: list[_Turn] = []
        self._taken: list[_Turn] = []
        self._given = 0
        self._last_given: dict[int, int] = {}
        """By person: the number of their last turn."""

    @asynccontextmanager
    async def turn(self, person: int, host: str) -> AsyncIterator[Callable[[], None]]:
        """Wait for a turn, and hold it until the end of the block.

        Gives what is to be called when the host has no more to do.
        """
        turn = _Turn(person, host)

        def is_fetched() -> None:
            turn.host = None
            self._give()

        self._waiting.append(turn)
        self._give()
        try:
            await turn.has_come.wait()
            yield is_fetched
        finally:
            (self._taken if turn in self._taken else self._waiting).remove(turn)
            self._give()

    def _give(self) -> None:
        while free := [turn for turn in self._waiting if self._is_free(turn)]:
            turn = min(free, key=lambda one: self._last_given.get(one.person, 0))
            self._waiting.remove(turn)
            self._taken.append(turn)
            self._given += 1
            self._last_given[turn.person] = self._given
            turn.has_come.set()

    def _is_free(self, turn: _Turn) -> bool:
        return (
            len(self._taken) < AT_ONCE
            and _count(one.person == turn.person for one in self._taken) < OF_PERSON
            and _count(one.host == turn.host for one in self._taken) < OF_HOST
        )


def _count(answers: Iterable[bool]) -> int:
    return sum(answers)
