"""The updates in hand: different people side by side, what one person does in order.

- What is written in a group, and what becomes of it, is in order too: a command may follow the
  group's being connected or renamed by somebody else.
- At most AT_ONCE are handled at the same time; each person's next one asks for a place anew, so
  that a flood of one keeps nobody waiting.
- An update that comes again while it is in hand, or soon after, is not handled twice.
- A stop finishes what is being handled and begins no more.
- Nothing that goes wrong with an update keeps others from being handled: it is logged, and the
  update counts as done. But not one that another process holds up for too long.
- All of this is of one process. Where there are several, PersonIsolation holds up what one person
  does in all of them; an update that Telegram sends to another, because the answer of the first
  was lost, is handled again, as after a kill.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiogram.dispatcher.middlewares.user_context import UserContextMiddleware
from aiogram.types import Update

from bot.domain.errors import HeldUpError
from bot.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

AT_ONCE = 64

_REMEMBERED = 1000

Done = asyncio.Future[None]
"""Done when the update is; cancelled if it was never begun, and is to be sent again."""


class UpdateQueue:
    def __init__(self, handle: Callable[[Update], Awaitable[object]], metrics: Metrics) -> None:
        self._handle = handle
        self._metrics = metrics
        self._places = asyncio.Semaphore(AT_ONCE)
        self._lanes: dict[int, deque[tuple[Update, float]]] = {}
        """By person, or by group: what waits, and since when."""
        self._workers: set[asyncio.Future[None]] = set()
        self._in_hand: dict[int, Done] = {}
        self._recent: deque[int] = deque(maxlen=_REMEMBERED)
        self._is_stopping = False

    def take(self, update: Update) -> Done:
        """Handle an update in its turn. The future is of this update alone, whoever awaits it."""
        number = update.update_id
        if known := self._in_hand.get(number):
            return known
        done: Done = asyncio.get_running_loop().create_future()
        if self._is_stopping:
            done.cancel()
        elif number in self._recent:
            done.set_result(None)
        else:
            self._in_hand[number] = done
            self._metrics.updates_in_hand.set(len(self._in_hand))
            self._enqueue(update)
        return done

    async def finish(self, seconds: float) -> None:
        """Begin no more, and wait for those being handled, at most so many seconds."""
        self._is_stopping = True
        if self._workers:
            await asyncio.wait(self._workers, timeout=seconds)
        for done in self._in_hand.values():
            done.cancel()

    def _enqueue(self, update: Update) -> None:
        whose = _whose(update)
        lane = self._lanes.get(whose)
        if lane is None:
            lane = self._lanes[whose] = deque()
            worker = asyncio.ensure_future(self._work(whose, lane))
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        lane.append((update, time.monotonic()))

    async def _work(self, whose: int, lane: deque[tuple[Update, float]]) -> None:
        while lane:
            async with self._places:
                if self._is_stopping:
                    return
                update, since = lane.popleft()
                await self._handle_one(update, since)
        del self._lanes[whose]

    async def _handle_one(self, update: Update, since: float) -> None:
        self._metrics.update_wait_seconds.observe(time.monotonic() - since)
        number, is_begun = update.update_id, True
        try:
            with self._metrics.update_seconds.time():
                await self._handle(update)
        except HeldUpError as error:
            log.warning("update %d is not begun: %s", number, error)
            is_begun = False
        except Exception as error:
            log.error("update %d failed", number, exc_info=error)
        done = self._in_hand.pop(number)
        self._metrics.updates_in_hand.set(len(self._in_hand))
        if not is_begun:
            done.cancel()
            return
        self._recent.append(number)
        with suppress(asyncio.InvalidStateError):  # cancelled by a stop that waited long enough
            done.set_result(None)


def _whose(update: Update) -> int:
    """Whose lane: a person's, or a group's for its commands and what becomes of the group."""
    is_press = update.callback_query is not None
    who = UserContextMiddleware.resolve_event_context(update)
    chat_id, user_id = who.chat_id or 0, who.user_id or 0
    return chat_id if chat_id < 0 and not is_press else user_id or chat_id
