"""What only one of the processes on a database does: begun when this one leads, ended when not."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from bot.domain.errors import AwayError
from storage.engine.base import Lease

log = logging.getLogger(__name__)

_AGAIN_SECONDS = 1.0
"""After which a process whose database went away while it began to lead tries again."""

_CANCEL_SECONDS = 10.0
"""After which what is to end, since another may lead, and has not, is cancelled again."""


class Leading:
    """`led`: does it until the end of the block, which finishes what is under way.

    When another process may lead, it is cancelled instead: that one does what is left undone.
    """

    def __init__(
        self, lease: Lease, led: Callable[[], AbstractAsyncContextManager[object]]
    ) -> None:
        self._lease = lease
        self._led = led
        self._stopping = asyncio.Event()
        self.is_leader = False

    async def run(self) -> None:
        """Lead whenever that is possible, until stop() is called."""
        async with asyncio.TaskGroup() as tasks:
            stopping = tasks.create_task(self._stopping.wait())
            while not stopping.done():
                once = tasks.create_task(self._lead_once())
                await asyncio.wait([once, stopping], return_when=asyncio.FIRST_COMPLETED)
                if not self.is_leader:
                    once.cancel()
                await asyncio.wait([once])

    def stop(self) -> None:
        self._stopping.set()

    async def _lead_once(self) -> None:
        try:
            async with self._lease.held() as lost, asyncio.TaskGroup() as tasks:
                self.is_leader = True
                log.info("this process leads")
                try:
                    work = tasks.create_task(self._work())
                    losing = tasks.create_task(lost.wait())
                    await asyncio.wait([work, losing], return_when=asyncio.FIRST_COMPLETED)
                finally:
                    self.is_leader = False
                losing.cancel()
                while not work.done() and lost.is_set():
                    work.cancel()  # and again: what it awaits may swallow a cancel
                    await asyncio.wait([work], timeout=_CANCEL_SECONDS)
        except* AwayError as errors:
            log.warning("leads no more: the database is away")
            log.debug("leads no more", exc_info=errors)
            await asyncio.sleep(_AGAIN_SECONDS)

    async def _work(self) -> None:
        async with self._led():
            await self._stopping.wait()
