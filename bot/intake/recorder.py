"""Where calls come in: statements that wait together are committed together.

A commit costs a write to the disk; sixteen hooks at once would pay it sixteen times. So while one
commit is under way the next requests gather, and the first of them takes all of them along.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.domain.calls import CallFacts, Outcome, Reject
from bot.domain.clock import Clock
from storage.calls import CallRepo
from storage.rejects import RejectRepo


@dataclass(slots=True, eq=False)
class _Waiting:
    facts: Sequence[CallFacts]
    outcomes: list[Outcome] = field(default_factory=list)
    error: Exception | None = None
    is_done: bool = False


class Recorder:
    def __init__(
        self,
        calls: CallRepo,
        rejects: RejectRepo,
        *,
        clock: Clock,
        on_recorded: Callable[[], None],
    ) -> None:
        """`on_recorded` is called after each commit: there may be messages to send."""
        self._calls = calls
        self._rejects = rejects
        self._clock = clock
        self._on_recorded = on_recorded
        self._queue: list[_Waiting] = []
        self._turn = asyncio.Lock()

    async def record(self, facts: Sequence[CallFacts]) -> list[Outcome]:
        """Merge statements into the log; when this returns they are durable.

        Raises what the database raised, and then nothing of these statements was recorded.
        """
        mine = _Waiting(facts)
        self._queue.append(mine)
        async with self._turn:
            if not mine.is_done:
                taken, self._queue = self._queue, []
                await self._commit(taken)
        if mine.error:
            raise mine.error
        return mine.outcomes

    async def reject(self, source: str, rejects: Sequence[Reject]) -> None:
        """Keep what could not be read."""
        await self._rejects.add(source, rejects, now=self._clock())
        self._on_recorded()

    async def _commit(self, taken: list[_Waiting]) -> None:
        try:
            facts = [statement for item in taken for statement in item.facts]
            outcomes = iter(await self._calls.record(facts, now=self._clock()))
            for item in taken:
                item.outcomes = [next(outcomes) for _ in item.facts]
        except Exception as error:
            if len(taken) > 1:  # one bad apple must not spoil the others
                for item in taken:
                    await self._commit([item])
                return
            taken[0].error = error
        except BaseException:
            for item in taken:
                item.error = RuntimeError("recording was cut short")
            raise
        finally:
            for item in taken:
                item.is_done = True
        self._on_recorded()
