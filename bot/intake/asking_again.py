"""Asking PBXs again for what they know of a call only later: its price and its recording.

A call that lacks something is asked for PRICE_DELAY seconds after its end, and once more after
MUCH_LATER. All that are due of a source are asked for at once, and of a PatientSource not more
often than it wants. A restart asks again for those of the last two hours, which changes nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from bot.domain.calls import PRICE_DELAY, CallFacts, EndedCall
from bot.domain.clock import Clock
from bot.domain.errors import SourceError, StorageError
from bot.intake.recorder import Recorder
from bot.sources.base import CallSource, LateSource, PatientSource
from storage.calls import CallRepo

log = logging.getLogger(__name__)

MUCH_LATER = 1800
"""Seconds after the end of a call when it is asked for the last time."""

_LOOK_SECONDS = 15.0
_FORGOTTEN = 7200
_LONGEST_PAUSE = 300.0


class AskingAgain:
    def __init__(
        self,
        sources: Mapping[str, CallSource],
        calls: CallRepo,
        recorder: Recorder,
        *,
        clock: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._sources = [one for one in sources.values() if isinstance(one, LateSource)]
        self._calls = calls
        self._recorder = recorder
        self._clock = clock
        self._sleep = sleep
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Ask until `stop`."""
        async with asyncio.TaskGroup() as tasks:
            asking = [tasks.create_task(self._ask_on(source)) for source in self._sources]
            await self._stopping.wait()
            for task in asking:
                task.cancel()

    def stop(self) -> None:
        self._stopping.set()

    async def _ask_on(self, source: LateSource) -> None:
        asked: dict[str, int] = {}
        pause = _LOOK_SECONDS
        while True:
            try:
                has_asked = await self._ask(source, asked)
                pause = _LOOK_SECONDS
                if has_asked and isinstance(source, PatientSource):
                    pause = max(pause, source.ask_pause)
            except SourceError as error:
                log.info("%s was not asked again: %s", source.name, error)
                pause = max(error.retry_after, min(_LONGEST_PAUSE, pause * 2))
            except StorageError as error:
                log.error("what %s said later could not be stored", source.name, exc_info=error)
            except Exception as error:
                log.error("asking %s again failed", source.name, exc_info=error)
                pause = min(_LONGEST_PAUSE, pause * 2)
            await self._sleep(pause)

    async def _ask(self, source: LateSource, asked: dict[str, int]) -> bool:
        """Whether anything was due; `asked`: when each call was last asked for."""
        now = self._clock()
        lacking = await self._calls.list_lacking(
            source.name, ended_after=now - _FORGOTTEN, ended_before=now - PRICE_DELAY
        )
        due = [one for one in lacking if _is_due(one, asked.get(one.external_id), now)]
        if due:
            readings = await source.ask_again(due)
            facts = [one for one in readings if isinstance(one, CallFacts)]
            await self._recorder.record_history(facts)
            asked |= {one.external_id: now for one in due}
        for external_id in [one for one, at in asked.items() if at < now - _FORGOTTEN]:
            del asked[external_id]
        return bool(due)


def _is_due(call: EndedCall, asked_at: int | None, now: int) -> bool:
    """Whether the call is to be asked for; `asked_at`: when it was last."""
    if asked_at is None:
        return True
    return asked_at < call.ended_at + MUCH_LATER <= now
