"""The only file that knows APScheduler: ticks in memory, no state of their own.

Ticks go by the seconds that pass, whatever the clock is set to. APScheduler plans by the clock:

- The next tick is planned from now, never from the one before. (APScheduler's own intervals go
  through every tick that a clock set forward by a year has skipped.)
- Once a second by the loop, whose time nobody sets, a tick planned further off than its interval
  is made due at once: the clock was set back.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

log = logging.getLogger(__name__)

Job = Callable[[], Awaitable[None]]

_LOOK_SECONDS = 1.0


class _Every(BaseTrigger):  # type: ignore[misc]  # APScheduler has no stubs
    def __init__(self, seconds: float) -> None:
        self.interval = timedelta(seconds=seconds)

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """One interval from now; the name and the parameters are APScheduler's."""
        del previous_fire_time
        return now + self.interval


class Timer:
    def __init__(self, scheduler: AsyncIOScheduler) -> None:
        self._scheduler = scheduler
        self._locks: list[asyncio.Lock] = []
        self._loop = asyncio.get_running_loop()
        self._looking = self._loop.call_later(_LOOK_SECONDS, self._look)

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

        self._scheduler.add_job(tick, _Every(seconds))

    def _look(self) -> None:
        """Let the ticks be due at once that a clock set back has put off."""
        now = datetime.now(UTC)
        for job in self._scheduler.get_jobs():
            # A second more than the interval: a clock is also corrected little by little.
            if job.next_run_time > now + job.trigger.interval + timedelta(seconds=1):
                job.modify(next_run_time=now)
        self._looking = self._loop.call_later(_LOOK_SECONDS, self._look)

    async def finish(self) -> None:
        """Start no more ticks and wait for those under way."""
        self._looking.cancel()
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
