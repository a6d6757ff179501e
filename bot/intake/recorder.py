"""Where statements about calls enter the log: those that wait together are committed together.

A commit costs a write to the disk; sixteen hooks at once would pay it sixteen times. So while one
commit is under way the next requests gather, and the first of them commits for all of them.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.domain.calls import CallFacts, Outcome, Reject
from bot.domain.clock import Clock
from bot.domain.errors import AwayError, StorageError
from storage.calls import CallRepo
from storage.engine.base import chunks
from storage.rejects import RejectRepo

_HISTORY_AT_ONCE = 25
"""Statements of one transaction: presses and hooks wait for no more than that takes."""


@dataclass(slots=True, eq=False)
class _Request:
    """The statements of one `record`, and what became of them once `is_done`."""

    facts: Sequence[CallFacts]
    outcomes: list[Outcome] | None = None
    error: Exception | None = None
    is_done: bool = False


class Recorder:
    """Writes statements and rejects into the database for whatever receives them."""

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
        self._waiting: list[_Request] = []
        self._committing = asyncio.Lock()

    async def record(self, facts: Sequence[CallFacts]) -> list[Outcome]:
        """Merge statements into the log; when this returns they are durable.

        Returns what each did to the log, in their order. Raises what the database raised, or
        StorageError if recording was cut short: then none of these statements was recorded.
        """
        request = _Request(facts)
        self._waiting.append(request)
        async with self._committing:
            if not request.is_done:
                together, self._waiting = self._waiting, []
                await self._commit(together)
        if request.error:
            raise request.error
        return request.outcomes or []

    async def record_history(self, facts: Sequence[CallFacts]) -> list[Outcome]:
        """Merge what was made up for later, as `record` does, some at a time.

        How late it comes says nothing of the clock of its source. Where there is much of it, half
        of the time is left to people.
        """
        outcomes: list[Outcome] = []
        for some in chunks(facts, _HISTORY_AT_ONCE):
            began = time.monotonic()
            outcomes += await self._calls.record(some, now=self._clock(), is_followed=True)
            self._on_recorded()
            if len(some) == _HISTORY_AT_ONCE:
                await asyncio.sleep(time.monotonic() - began)
        return outcomes

    async def reject(self, source: str, rejects: Sequence[Reject]) -> None:
        """Keep what could not be read, for the administrators to be told of."""
        await self._rejects.add(source, rejects, now=self._clock())
        self._on_recorded()

    async def _commit(self, requests: list[_Request]) -> None:
        try:
            facts = [statement for request in requests for statement in request.facts]
            outcomes = iter(await self._calls.record(facts, now=self._clock(), is_live=True))
            for request in requests:
                request.outcomes = [next(outcomes) for _ in request.facts]
        except AwayError as error:
            for request in requests:
                request.error = error
        except Exception as error:
            if len(requests) > 1:  # each alone: one that fails must not take the others with it
                for request in requests:
                    await self._commit([request])
                return
            requests[0].error = error
        finally:
            for request in requests:
                if request.outcomes is None and request.error is None:  # we were cancelled
                    request.error = StorageError("recording was cut short")
                request.is_done = True
        self._on_recorded()
