"""Asks Telegram for updates, again and again.

- They are fetched raw and read one by one (bot/telegram/decoding): one that cannot be read is
  counted and never asked for again.
- Asking acknowledges all updates seen. So those that are not done by then, after a breath, are
  stored in the database first (bot/telegram/stored_updates): one that takes long keeps nobody
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
from typing import Any

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramRetryAfter
from aiogram.methods import TelegramMethod

from bot.domain.errors import StorageError
from bot.domain.receiving import Receiving
from bot.telegram.stored_updates import StoredUpdates
from bot.telegram.update_queue import Done

log = logging.getLogger(__name__)

Take = Callable[[object], Done | None]
"""Takes a raw update in hand. None: it cannot be read, and is over."""

_POLL_SECONDS = 30
_ANSWER_SECONDS = 10
"""How long an answer may take beyond the time it was asked to wait for updates."""

_BREATH = 0.1
"""Seconds that updates in hand have before they are stored; most need less."""

_PAUSE = 0.25
"""Seconds after updates could not be stored, and while there are too many."""

_AT_MOST = 2000
"""With so many stored and not done no more are asked for."""

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
        stored: StoredUpdates,
        receiving: Receiving,
        *,
        pauses: tuple[float, float] = _PAUSES,
    ) -> None:
        self._bot = bot
        self._take = take
        self._stored = stored
        self._receiving = receiving
        self._pauses = pauses
        self._offset: int | None = None
        """The updates below it are acknowledged, by the next request at the latest."""
        self._seen: dict[int, tuple[Any, Done | None]] = {}
        """The raw updates not acknowledged yet; None: it is unreadable, or stored before."""

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
            self._take_new(raws)

    async def end(self) -> None:
        """Acknowledge what is done; what was not begun is Telegram's, or else stored."""
        rest = self._not_done()
        if len(rest) < len(self._seen):
            try:
                await self._acknowledge()
            except StorageError:
                self._offset = min(rest)
        if self._offset is not None:
            asked = GetRawUpdates(offset=self._offset, limit=1)
            with suppress(AiogramError, ValueError):
                await self._bot(asked, request_timeout=5)

    async def _ask(self, kinds: list[str]) -> list[Any]:
        asked = GetRawUpdates(offset=self._offset, timeout=_POLL_SECONDS, allowed_updates=kinds)
        raws = await self._bot(asked, request_timeout=_POLL_SECONDS + _ANSWER_SECONDS)
        if not isinstance(raws, list) or not all(map(_has_id, raws)):  # no result, say
            raise TypeError("no list of updates")
        return raws

    async def _wait_for_room(self) -> None:
        """Wait a breath for what is in hand, store the rest; wait on if that is too much."""
        if rest := self._not_done():
            await asyncio.wait([done for _, done in rest.values()], timeout=_BREATH)
        try:
            await self._acknowledge()
        except StorageError as error:  # then they are acknowledged when they are done
            log.error("updates in hand cannot be stored", exc_info=error)
            await asyncio.sleep(_PAUSE)
        while len(self._stored) >= _AT_MOST:  # noqa: ASYNC110 - an earlier run's are among them,
            await asyncio.sleep(_PAUSE)  # and nobody tells of their end

    def _take_new(self, raws: list[Any]) -> None:
        """Take in hand what is new: Telegram gives again what could not be acknowledged."""
        for raw in raws:
            number = raw["update_id"]
            if number not in self._seen:
                self._seen[number] = raw, None if number in self._stored else self._take(raw)

    def _not_done(self) -> dict[int, tuple[Any, Done]]:
        """Of the updates seen those in hand, and those a stop kept from being begun."""
        return {
            number: (raw, done)
            for number, (raw, done) in self._seen.items()
            if done and (done.cancelled() or not done.done())
        }

    async def _acknowledge(self) -> None:
        """Have all updates seen acknowledged by the next request. Raises StorageError."""
        if rest := self._not_done():
            await self._stored.store(rest)
        if self._seen:
            self._offset = max(self._seen) + 1
            self._seen.clear()

    def _tell(self, error: Exception) -> None:
        why = type(error).__name__
        if isinstance(error, AiogramError):
            why = f"{why}: {str(error).partition(chr(10))[0]}"
        if self._receiving.failed(why):
            log.warning("updates do not come in (%s); asking again", why)


def _has_id(raw: object) -> bool:
    return isinstance(raw, dict) and isinstance(raw.get("update_id"), int)
