"""Listening to PBXs: every feed of every source is read as long as the bot runs.

- A feed that fails is read again after a pause that grows from one second to a minute, by chance a
  little shorter or longer, and never before the PBX wants to be asked again.
- It goes on from its cursor, which is kept after what was read is durable: whatever was said
  meanwhile is read then, and what is read twice changes nothing.
- The first failure is logged, and the first answer after it; the administrators are told of an
  outage that lasts, and of its end (storage/feeds.py).
- One feed that fails holds up no other.

Exactly one process may run this: the leader. All that sources keep in memory of what their feeds
say is that of the leader, and begun anew by the next from the cursor.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing

from bot.domain.calls import CallFacts, Reject
from bot.domain.clock import Clock
from bot.domain.errors import SourceAuthError, SourceError, StorageError
from bot.intake.recorder import Recorder
from bot.sources.base import Batch, CallSource, Feed, FeedSource
from bot.telemetry.metrics import Metrics
from storage.feeds import FeedRepo

log = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
STEADY_SECONDS = 30.0
"""A feed that has answered for so long begins with the first pause again."""


class Listening:
    def __init__(
        self,
        sources: Mapping[str, CallSource],
        recorder: Recorder,
        feeds: FeedRepo,
        *,
        clock: Clock,
        steady: Callable[[], float],
        wake: Callable[[], None],
        metrics: Metrics,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`steady`: seconds that pass. `wake` lets the Alerter look into the outbox."""
        self._sources = sources
        self._recorder = recorder
        self._feeds = feeds
        self._clock = clock
        self._steady = steady
        self._wake = wake
        self._metrics = metrics
        self._sleep = sleep
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Read all feeds until `stop`; what is being recorded then is recorded, or read again."""
        await self._feeds.forget_others(
            {
                name: [one.name for one in source.feeds] if isinstance(source, FeedSource) else ()
                for name, source in self._sources.items()
            }
        )
        async with asyncio.TaskGroup() as tasks:
            reading = [
                tasks.create_task(self._read_on(source, feed))
                for source in self._sources.values()
                if isinstance(source, FeedSource)
                for feed in source.feeds
            ]
            await self._stopping.wait()
            for task in reading:
                task.cancel()

    def stop(self) -> None:
        self._stopping.set()

    async def _read_on(self, source: FeedSource, feed: Feed) -> None:
        pause = FIRST_PAUSE
        while True:
            began = self._steady()
            wait = 0.0
            try:
                await self._read(source.name, feed)
                raise SourceError("the connection was closed")
            except SourceError as error:
                wait = error.retry_after
                await self._note_failure(
                    source.name, feed, str(error), must_act=isinstance(error, SourceAuthError)
                )
            except StorageError as error:
                log.error("what %s says could not be stored", source.name, exc_info=error)
            except Exception as error:
                log.error("%s of %s failed", feed.name, source.name, exc_info=error)
                await self._note_failure(source.name, feed, f"internal: {type(error).__name__}")
            if self._steady() - began > STEADY_SECONDS:
                pause = FIRST_PAUSE
            await self._sleep(max(wait, pause * random.uniform(0.5, 1.5)))  # noqa: S311
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _read(self, source: str, feed: Feed) -> None:
        is_first = True
        cursor = await self._feeds.cursor(source, feed.name)
        async with aclosing(feed.read(cursor)) as batches:
            async for batch in batches:
                if is_first:
                    is_first = False
                    await self._note_answer(source, feed)
                await self._record(source, feed, batch)

    async def _record(self, source: str, feed: Feed, batch: Batch) -> None:
        facts = [item for item in batch.readings if isinstance(item, CallFacts)]
        rejects = [item for item in batch.readings if isinstance(item, Reject)]
        if facts:
            record = self._recorder.record_history if batch.is_history else self._recorder.record
            for outcome in await record(facts):
                self._metrics.statements.labels(source, outcome.value).inc()
        if rejects:
            await self._recorder.reject(source, rejects)
            self._metrics.rejects.labels(source).inc(len(rejects))
        if batch.cursor is not None:
            await self._feeds.keep_cursor(
                source, feed.name, batch.cursor, read_until=batch.read_until
            )

    async def _note_answer(self, source: str, feed: Feed) -> None:
        log.info("%s of %s answers", feed.name, source)
        await self._feeds.note_answer(source, feed.name, now=self._clock())
        self._wake()

    async def _note_failure(
        self, source: str, feed: Feed, reason: str, *, must_act: bool = False
    ) -> None:
        try:
            is_first = await self._feeds.note_failure(
                source, feed.name, reason, now=self._clock(), must_act=must_act
            )
        except StorageError as error:
            log.error("the outage of %s could not be stored", source, exc_info=error)
            return
        if is_first:
            log.warning("%s of %s does not answer: %s", feed.name, source, reason)
        self._wake()
