"""Where statements about calls enter the log: those that wait together are committed together.

A commit costs a write to the disk; sixteen hooks at once would pay it sixteen times. So while one
commit is under way the next requests gather, and then one commit is made for all of them. It is
nobody's: who waits for it no more, because it takes too long, cuts nothing short.
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

_GATHER_SECONDS = 0.002
"""For which a commit after one of several waits: who has just been answered tells of more then."""

_HISTORY_AT_ONCE = 25
"""Statements of one transaction: presses and hooks wait for no more than that takes."""


@dataclass(slots=True, eq=False)
class _Request:
    """What one `record` was given; `done` has what became of it."""

    facts: Sequence[CallFacts]
    source: str
    rejects: Sequence[Reject]
    done: "asyncio.Future[list[Outcome]]"

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


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
        self._committing: asyncio.Task[None] | None = None

    async def record(
        self, facts: Sequence[CallFacts], *, source: str = "", rejects: Sequence[Reject] = ()
    ) -> list[Outcome]:
        """Merge statements into the log; when this returns they are durable.

        `rejects`: what could not be read of the `source`, for the administrators to be told of.
        Returns what each statement did to the log, in their order. Raises what the database
        raised, or StorageError if recording was cut short: then it is open whether these
        statements were recorded, and they must be told again.
        """
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(_Request(facts, source, rejects, done))
        if self._committing is None:
            self._committing = asyncio.get_running_loop().create_task(self._commit_all())
        outcomes: list[Outcome] = await done
        return outcomes

    async def finish(self) -> None:
        """Cut short what is still under way: whoever waited for it has given up."""
        if self._committing:
            self._committing.cancel()
            await asyncio.wait([self._committing])

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

    async def _commit_all(self) -> None:
        together: list[_Request] = []
        try:
            while self._waiting:
                if len(together) > 1:
                    await asyncio.sleep(_GATHER_SECONDS)
                together, self._waiting = self._waiting, []
                await self._commit(together)
        finally:
            self._committing = None
            for request in [*together, *self._waiting]:
                request.fail(StorageError("recording was cut short"))
            self._waiting = []

    async def _commit(self, requests: list[_Request]) -> None:
        try:
            facts = [statement for request in requests for statement in request.facts]
            outcomes = iter(await self._calls.record(facts, now=self._clock(), is_live=True))
            for request in requests:
                await self._settle(request, [next(outcomes) for _ in request.facts])
        except AwayError as error:
            for request in requests:
                request.fail(error)
        except Exception as error:
            if len(requests) > 1:  # each alone: one that fails must not take the others with it
                for request in requests:
                    await self._commit([request])
                return
            requests[0].fail(error)
        self._on_recorded()

    async def _settle(self, request: _Request, outcomes: list[Outcome]) -> None:
        """Its statements are durable: now what could not be read."""
        try:
            if request.rejects:
                await self._rejects.add(request.source, request.rejects, now=self._clock())
        except StorageError as error:
            request.fail(error)
        if not request.done.done():
            request.done.set_result(outcomes)
