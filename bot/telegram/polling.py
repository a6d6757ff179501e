"""Asks Telegram for updates, again and again.

- They are fetched raw and read one by one (bot/telegram/decoding): one that cannot be read is
  counted and never asked for again.
- Asking acknowledges all updates seen. So those that are not done by then, after a breath, are
  written down in the database first (bot/telegram/written): one that takes long keeps nobody
  else's waiting, and a kill has only those handled again that were in hand. The same is done at a
  stop with those that were not begun.
- Whatever else Telegram answers, it is asked again, more and more rarely; the log says so once.
- However old an update is, it is handled: Telegram keeps them for a day. A text may be a comment
  that is saved nowhere else, and a press is checked against how things are now.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramRetryAfter
from aiogram.methods import TelegramMethod

from bot.domain.errors import StorageError
from bot.domain.receiving import Receiving
from bot.telegram.hand import Done
from bot.telegram.written import Written

log = logging.getLogger(__name__)

Take = Callable[[object], Done | None]
"""Takes a raw update in hand. None: it cannot be read, and is over."""

_POLL_SECONDS = 30
_ANSWER_SECONDS = 10
"""How long an answer may take beyond the time it was asked to wait for updates."""

_BREATH = 0.1
"""Seconds that updates in hand have before they are written down; most need less."""

_PAUSE = 0.25
"""Seconds after an answer that could not be acknowledged."""

_IN_HAND = 2000
"""With so many in hand no more are asked for."""

_PAUSES = 1.0, 15.0


class GetRawUpdates(TelegramMethod[list[Any]]):
    """getUpdates whose answer is read no deeper than that it is a list."""

    __returning__ = list[Any]
    __api_method__ = "getUpdates"

    offset: int | None = None
    limit: int = 100
    timeout: int = 0
    allowed_updates: list[str] | None = None


class Polling:
    """`pauses`: seconds after the first failure, doubled by each further one, and the most."""

    def __init__(
        self,
        bot: Bot,
        take: Take,
        written: Written,
        receiving: Receiving,
        *,
        pauses: tuple[float, float] = _PAUSES,
    ) -> None:
        self._bot = bot
        self._take = take
        self._written = written
        self._receiving = receiving
        self._pauses = pauses
        self._offset: int | None = None
        """The updates below it are acknowledged, by the next request at the latest."""
        self._next: int | None = None
        """The id after the last update seen."""
        self._in_hand: dict[int, tuple[Any, Done]] = {}
        """The updates not done yet, raw, which Telegram has too."""
        self._done: set[int] = set()
        """Those done above the offset: Telegram may give them once more."""
        self._finished = asyncio.Event()

    async def run(self, kinds: list[str]) -> None:
        """Ask for updates of these kinds until it is cancelled."""
        failures = 0
        while True:
            await self._wait_for_room()
            try:
                raws = await self._ask(kinds)
            except Exception as error:  # whatever it was, the next answer may be a right one
                first, longest = self._pauses
                seconds = min(longest, first * 2.0 ** min(failures, 30))
                if isinstance(error, TelegramRetryAfter):
                    seconds = error.retry_after
                failures += 1
                self._tell(error)
                await asyncio.sleep(seconds)
                continue
            if failures:
                failures = 0
                log.info("updates come in again")
            self._receiving.answered()
            if raws and not self._take_all(raws):  # what has no id, or could not be acknowledged
                await asyncio.sleep(_PAUSE)

    async def end(self) -> None:
        """Acknowledge what is done; what was not begun is Telegram's, or else written down."""
        await asyncio.sleep(0)  # those done just now are noted
        if self._done and self._in_hand:
            with suppress(StorageError):
                await self._write_down()
        self._move_offset()
        if self._offset is not None:
            asked = GetRawUpdates(offset=self._offset, limit=1)
            with suppress(AiogramError, ValueError):
                await self._bot(asked, request_timeout=5)

    async def _ask(self, kinds: list[str]) -> list[Any]:
        self._move_offset()
        asked = GetRawUpdates(offset=self._offset, timeout=_POLL_SECONDS, allowed_updates=kinds)
        raws = await self._bot(asked, request_timeout=_POLL_SECONDS + _ANSWER_SECONDS)
        if not isinstance(raws, list):  # aiogram lets an answer without a result pass
            raise TypeError("no list of updates")
        return raws

    async def _wait_for_room(self) -> None:
        """Wait a breath for what is in hand, write the rest down; wait on if that is too much."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_BREATH):
                while self._in_hand:
                    self._finished.clear()
                    await self._finished.wait()
        if self._in_hand:
            try:
                await self._write_down()
            except StorageError as error:  # then they are acknowledged when they are done
                log.error("updates in hand cannot be written down", exc_info=error)
                await asyncio.sleep(_PAUSE)
        while len(self._in_hand) + len(self._written) >= _IN_HAND:  # noqa: ASYNC110 - an earlier
            await asyncio.sleep(_PAUSE)  # run's are among them, and nobody tells of their end

    def _take_all(self, raws: list[Any]) -> bool:
        """Take in hand what is new. False if nothing was."""
        is_news = False
        for place, raw in enumerate(raws):
            number = _number(raw)
            if number is None:
                self._take(raw)
                if place == 0 and self._next is not None and not self._in_hand:
                    # The first of all that Telegram has: its id is no less than the next one.
                    self._next += 1
                continue
            if number in self._in_hand or number in self._done or number in self._written:
                continue
            is_news = True
            self._next = number + 1
            done = self._take(raw)
            if done is None:
                self._done.add(number)
            else:
                self._in_hand[number] = raw, done
                done.add_done_callback(partial(self._note_done, number))
        return is_news

    def _note_done(self, number: int, done: Done) -> None:
        if done.cancelled():
            return
        if number in self._in_hand:
            del self._in_hand[number]
            self._done.add(number)
        self._finished.set()

    def _move_offset(self) -> None:
        offset = min(self._in_hand, default=self._next)
        if offset is not None:
            self._offset = offset
            self._done = {number for number in self._done if number >= offset}

    async def _write_down(self) -> None:
        """Have all updates seen acknowledged by the next request."""
        known = dict(self._in_hand)
        await self._written.write(known)
        for number in known:
            self._in_hand.pop(number, None)

    def _tell(self, error: Exception) -> None:
        why = type(error).__name__
        if isinstance(error, AiogramError):
            why = f"{why}: {str(error).partition(chr(10))[0]}"
        if self._receiving.failed(why):
            log.warning("updates do not come in (%s); asking again", why)


def _number(raw: object) -> int | None:
    """The id of a raw update. None: it has none, and cannot be acknowledged by itself."""
    number = raw.get("update_id") if isinstance(raw, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None
