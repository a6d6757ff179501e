"""The only file that knows APScheduler: ticks in memory, no state of their own."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from apscheduler.schedulers.asyncio import AsyncIOScheduler

log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[None]]


class Timer:
    def __init__(self, scheduler: AsyncIOScheduler) -> None:
        self._scheduler = scheduler
        self._locks: list[asyncio.Lock] = []

    def every(self, seconds: float, job: Job) -> None:
        """Call the job again and again; a slow one is not called twice at once."""
        lock = asyncio.Lock()
        self._locks.append(lock)

        async def tick() -> None:
            async with lock:
                try:
                    await job()
                except Exception as error:
                    log.error("a tick failed and will be tried again", exc_info=error)

        self._scheduler.add_job(tick, "interval", seconds=seconds)

    async def finish(self) -> None:
        """Start no more ticks and wait for those under way."""
        self._scheduler.pause()
        await asyncio.sleep(0)  # a tick already handed to the loop begins, and takes its lock
        for lock in self._locks:
            await lock.acquire()
        self._scheduler.shutdown()  # not before: it cancels what is under way


@asynccontextmanager
async def start_timer() -> AsyncIterator[Timer]:
    scheduler = AsyncIOScheduler(
        timezone="UTC",
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    scheduler.start()
    timer = Timer(scheduler)
    try:
        yield timer
    finally:
        await timer.finish()
