"""The Dialler: has PBXs begin the calls that people have wished for in chat.

What is begun was written down before (storage/dials.py), so that it is begun once: nothing is
tried again, by itself or after a restart. Whoever has pressed does not wait for the PBX.

Of several processes the leader alone asks PBXs: it has the connections over which Asterisk is
asked, and what it was asking about when it died, the next leader knows to be unsure.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from bot.domain.calling_back import Dial, DialState
from bot.domain.clock import Clock
from bot.domain.errors import PhoneError, SourceError, UnsureError
from bot.sources.base import DialSource, PhoneSource
from storage.dials import DialRepo

log = logging.getLogger(__name__)

ASK_SECONDS = 15.0
"""How long a PBX may take to say that it will; then nobody knows."""

_REASON = 300
_FINISH_SECONDS = 10.0


class Dialler:
    def __init__(
        self,
        sources: Mapping[str, DialSource],
        dials: DialRepo,
        *,
        clock: Clock,
        wake: Callable[[], None],
        is_leader: Callable[[], bool] = lambda: True,
    ) -> None:
        """`wake` lets the Alerter look into the outbox."""
        self._is_leader = is_leader
        self._sources = sources
        self._dials = dials
        self._clock = clock
        self._wake = wake
        self._asking: set[asyncio.Task[None]] = set()
        self._following: set[asyncio.Task[None]] = set()
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Work until `stop`; whom a PBX is being asked for then, it is asked to the end."""
        await self._stopping.wait()
        if self._asking:
            await asyncio.wait(self._asking, timeout=_FINISH_SECONDS)
        left = self._asking | self._following
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def stop(self) -> None:
        self._stopping.set()

    @property
    def hands_on(self) -> bool:
        """Whether a call must be written down for the leader to begin, on another machine."""
        return not self._is_leader()

    def start(self, dial: Dial) -> None:
        """Have the call begun that has just been written down, and was not handed on."""
        self._start(self._ask(dial), self._asking)

    async def take(self) -> None:
        """As the leader, begin what other machines have handed on."""
        if not self._stopping.is_set():
            for dial in await self._dials.take(now=self._clock()):
                self.start(dial)

    def _start(self, work: Coroutine[Any, Any, None], among: set[asyncio.Task[None]]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        among.add(task)
        task.add_done_callback(among.discard)

    async def _ask(self, dial: Dial) -> None:
        source = self._sources.get(dial.source)
        try:
            if source is None:
                raise SourceError("this PBX is not in the settings any more")
            async with asyncio.timeout(ASK_SECONDS):
                external_id = await source.dial(dial.extension, dial.number, ref=dial.ref)
        except (TimeoutError, UnsureError) as error:
            log.warning("dial %d: %s: %s", dial.id, dial.source, type(error).__name__)
            await self._note(dial, DialState.UNSURE)
        except SourceError as error:
            # Not its text: what a PBX says may hold the client's number.
            log.warning("dial %d: refused by %s: %s", dial.id, dial.source, type(error).__name__)
            await self._note(dial, DialState.REFUSED, str(error)[:_REASON])
        except Exception as error:
            log.error("dial %d of %s failed", dial.id, dial.source, exc_info=error)
            await self._note(dial, DialState.UNSURE)
        else:
            await self._note_begun(dial, external_id)
            if isinstance(source, PhoneSource):
                self._start(self._follow_phone(dial, source), self._following)

    async def _follow_phone(self, dial: Dial, source: PhoneSource) -> None:
        """Note it if the person's own phone is not picked up: then the client is not called."""
        try:
            await source.picked_up(dial.ref)
        except PhoneError as error:
            state = DialState.NOT_PICKED_UP
            if error.is_busy or error.is_off:
                state = DialState.BUSY if error.is_busy else DialState.UNREACHABLE
            await self._note(dial, state)
        except SourceError as error:
            log.info("dial %d: %s", dial.id, error)

    async def _note_begun(self, dial: Dial, external_id: str | None) -> None:
        try:
            await self._dials.note_begun(dial.id, external_id, now=self._clock())
        except Exception as error:  # it lapses, and the call itself will be heard of
            log.error("dial %d was begun, which could not be stored", dial.id, exc_info=error)
        self._wake()

    async def _note(self, dial: Dial, state: DialState, reason: str | None = None) -> None:
        try:
            await self._dials.note_failure(dial.id, state, reason, now=self._clock())
        except Exception as error:
            log.error("dial %d: its end could not be stored", dial.id, exc_info=error)
        self._wake()
