"""The Alerter: sends what the outbox owes, as fast as Telegram permits, and never forgets.

A message is sent, then marked. What fails is tried again; a chat that cannot be reached is owed
nothing more. Many alerts of a chat at once are gathered into a list before any of them is sent
(storage/alert_lists.py).
"""

import asyncio
import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from aiogram import Bot
from aiogram.exceptions import (
    AiogramError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
)

from bot.delivery.cards import fingerprint
from bot.delivery.notices import Notice, Notices
from bot.delivery.open_cards import OpenCards
from bot.delivery.pace import Pace
from bot.domain.clock import Clock
from bot.domain.errors import StorageError
from bot.domain.outbox import DropReason, MessageKind, Owed
from bot.telegram.errors import is_closed, is_gone, is_topic_closed, is_unchanged
from bot.telemetry.metrics import Metrics
from storage.alert_lists import AlertLists
from storage.groups import GroupRepo
from storage.outbox import Look, OutboxRepo

log = logging.getLogger(__name__)

_CHATS_AT_ONCE = 64
"""How many chats may be written to at once."""

_PREFETCH = 8
"""Messages picked but not yet sent; a new alert queues behind at most these."""

_UNSURE_SECONDS = 0.1

_SWEEP_SECONDS = 5.0
"""After so long the outbox is looked into even if nobody woke the Alerter: another process has
imported, or a chat may be written to again."""

_LIST_SECONDS = 0.3
"""How often a list that is due soon is looked for: clocks tell whole seconds, and may step."""

_NOTHING = Look((), frozenset(), is_any_later=False)

_MAX_BACKOFF = 60.0
"""The most seconds a chat is left alone after a failure."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What Telegram took: the message, a digest of it, and what was owed when it was sent.

    `is_alert`: whether it may have rung as news of a lost call.
    """

    message_id: int
    shown: str
    is_alert: bool
    owed: Owed
    notice: Notice


class Alerter:
    def __init__(
        self,
        bot: Bot,
        *,
        outbox: OutboxRepo,
        alert_lists: AlertLists,
        groups: GroupRepo,
        notices: Notices,
        open_cards: OpenCards,
        clock: Clock,
        pace: Pace,
        metrics: Metrics,
        may_send: Callable[[], bool] = lambda: True,
        accepted: dict[int, Accepted] | None = None,
    ) -> None:
        """`may_send`: whether this process surely leads, so that no other sends the same.

        `accepted`: by outbox id, what Telegram took and the outbox could not note yet: the disk is
        full, or the database went away, and with it the lead. The next Alerter here goes on so.
        """
        self._bot = bot
        self._outbox = outbox
        self._alert_lists = alert_lists
        self._groups = groups
        self._notices = notices
        self._open_cards = open_cards
        self._clock = clock
        self._pace = pace
        self._metrics = metrics
        self._may_send = may_send
        self._woken = asyncio.Event()
        self._is_stopping = False
        self._busy: set[int] = set()
        """The chats a message is on its way to."""
        self._prefetched: set[int] = set()
        """Those of the busy chats whose message waits for its turn."""
        self._accepted = {} if accepted is None else accepted

    def wake(self) -> None:
        """Look into the outbox now: there may be something new to send."""
        self._woken.set()

    def stop(self) -> None:
        """Begin no more messages; run() returns when those under way are sent and marked."""
        self._is_stopping = True
        self._woken.set()

    async def run(self) -> None:
        """Send what is owed until stop() is called: it looks when woken, and now and then.

        Raises StorageError, before it sends anything, if it cannot go on where one before ended.
        """
        await self._forget_noted()
        async with asyncio.TaskGroup() as sends:
            while not self._is_stopping:
                self._woken.clear()
                closed = self._pace.closed_chats()
                look = await self._look(closed)
                for owed in look.due:
                    self._busy.add(owed.chat_id)
                    self._prefetched.add(owed.chat_id)
                    sends.create_task(self._deliver(owed))
                wait = _LIST_SECONDS if look.is_any_later else _SWEEP_SECONDS
                if closed:
                    wait = min(wait, max(0.0, min(closed.values()) - self._pace.now()))
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):  # wait_for could swallow a cancel
                        await self._woken.wait()

    async def _forget_noted(self) -> None:
        """Forget what Telegram took if another process has settled it meanwhile."""
        if self._accepted:
            owed = await self._outbox.pending_messages(self._accepted)
            for id_, taken in list(self._accepted.items()):
                if id_ not in owed or owed[id_] != taken.owed.message_id:
                    del self._accepted[id_]

    async def _look(self, closed: Collection[int]) -> Look:
        """What is to be begun now: nothing to chats that are busy or closed."""
        free = min(_CHATS_AT_ONCE - len(self._busy), _PREFETCH - len(self._prefetched))
        if free <= 0:
            return _NOTHING
        now, not_to = self._clock(), self._busy | set(closed)
        not_noted = {taken.owed.chat_id for taken in self._accepted.values()}
        try:
            look = await self._outbox.look(now=now, limit=free, not_to=not_to)
            while look.crowded - not_noted:
                await self._alert_lists.gather(now=now, not_to=not_to | not_noted)
                look = await self._outbox.look(now=now, limit=free, not_to=not_to)
            return look
        except Exception as error:  # whatever it is, the next look may succeed
            log.error("the outbox cannot be read", exc_info=error)
            return _NOTHING

    async def _deliver(self, owed: Owed) -> None:
        """Send one message and note what became of it. Raises nothing."""
        try:
            await self._send_or_settle(owed)
        except Exception as error:
            self._metrics.deliveries.labels("failed").inc()
            log.warning("outbox %d could not be sent: %s", owed.id, type(error).__name__)
            log.debug("outbox %d", owed.id, exc_info=error)
            await self._back_off(owed, error)
        finally:
            self._busy.discard(owed.chat_id)
            self._prefetched.discard(owed.chat_id)
            self._woken.set()

    async def _send_or_settle(self, owed: Owed) -> None:
        """Send one message; what Telegram answers by an error decides what becomes of it."""
        try:
            if owed.kind is MessageKind.CARD:
                turn = partial(self._wait_for_turn, owed, is_edit=True)
                done = await self._open_cards.bring_up_to_date(owed, turn)
                self._metrics.deliveries.labels(done).inc()
            else:
                await self._send(owed)
        except TelegramRetryAfter as error:
            log.info("Telegram asks to wait %d s, outbox %d", error.retry_after, owed.id)
            self._metrics.deliveries.labels("retry_after").inc()
            until = self._clock() + error.retry_after
            await self._outbox.hold_chat(owed.chat_id, until=until)
        except TelegramMigrateToChat as error:
            await self._groups.migrate(owed.chat_id, error.migrate_to_chat_id)
        except TelegramForbiddenError as error:
            await self._drop_chat(owed, error)
        except TelegramBadRequest as error:
            if is_closed(error):
                await self._drop_chat(owed, error)
                return
            if is_gone(error):
                log.info("outbox %d: its message was deleted", owed.id)
                self._metrics.deliveries.labels("gone").inc()
                await self._outbox.forget_message(owed)
                return
            log.error("Telegram refuses outbox %d: %s", owed.id, error.message)
            self._metrics.deliveries.labels("refused").inc()
            await self._outbox.drop(owed, reason=error.message, now=self._clock())

    async def _send(self, owed: Owed) -> None:
        """Send one message, if there is anything to tell, and mark it sent.

        A message that Telegram took before, and the outbox could not note, is only marked.
        """
        if owed.id not in self._accepted:
            notice = await self._notices.compose(owed)
            if notice is None:
                nothing = DropReason.NOTHING_TO_TELL
                await self._outbox.drop(owed, reason=nothing, now=self._clock())
                return
            self._accepted[owed.id] = await self._show(owed, notice)
        now = self._clock()
        taken = self._accepted[owed.id]
        await self._outbox.mark_sent(
            taken.owed,
            message_id=taken.message_id,
            shown=taken.shown,
            now=now,
            is_alert=taken.is_alert,
            told=taken.notice.told,
            untold=taken.notice.untold,
        )
        del self._accepted[owed.id]
        if taken.owed.message_id is None:
            self._metrics.delivery_seconds.observe(max(0, now - taken.owed.since))
        elif taken.owed.message_id != taken.message_id:
            await self._delete_replaced(owed.chat_id, taken.owed.message_id)

    async def _show(self, owed: Owed, notice: Notice) -> Accepted:
        """Send the message, or edit the one in the chat unless it shows the same already."""
        text, markup = notice.text, notice.markup
        shown = fingerprint(text, markup)
        comes_anew = owed.is_ping or await self._notices.rings_again(owed, notice)
        if owed.message_id is None or comes_anew:
            replaces_deleted = owed.shown is not None and not comes_anew
            is_silent = replaces_deleted or await self._notices.is_silent(owed, notice)
            await self._wait_for_turn(owed)  # the last: what is asked after it may take long
            sent = await self._bot.send_message(
                owed.chat_id,
                text,
                message_thread_id=owed.thread_id or None,
                disable_notification=is_silent,
                reply_markup=markup,
            )
            self._metrics.deliveries.labels("sent").inc()
            is_alert = owed.kind is MessageKind.CASE and owed.is_new and not owed.is_asked
            is_alert = is_alert or (owed.kind is MessageKind.LIST and not is_silent)
            return Accepted(sent.message_id, shown, is_alert, owed, notice)
        if shown == owed.shown:
            self._metrics.deliveries.labels("unchanged").inc()
            return Accepted(owed.message_id, shown, False, owed, notice)
        await self._wait_for_turn(owed, is_edit=True)
        try:
            await self._bot.edit_message_text(
                text, chat_id=owed.chat_id, message_id=owed.message_id, reply_markup=markup
            )
        except TelegramBadRequest as error:
            if not is_unchanged(error):
                raise
        self._metrics.deliveries.labels("edited").inc()
        return Accepted(owed.message_id, shown, False, owed, notice)

    async def _wait_for_turn(self, owed: Owed, *, is_edit: bool = False) -> None:
        """Wait until Telegram permits one more message; then another may be picked."""
        await self._pace.wait_for_turn(owed.chat_id, is_edit=is_edit)
        while not self._may_send():  # noqa: ASYNC110 - soon it may, or all this is cancelled
            await asyncio.sleep(_UNSURE_SECONDS)
        self._prefetched.discard(owed.chat_id)
        self._woken.set()

    async def _delete_replaced(self, chat_id: int, message_id: int) -> None:
        """Delete a message that a new one has replaced; if it stays, its buttons still work."""
        with suppress(TelegramAPIError):
            await self._bot.delete_message(chat_id, message_id)

    async def _drop_chat(
        self, owed: Owed, error: TelegramForbiddenError | TelegramBadRequest
    ) -> None:
        """Owe nothing more to a chat, or a topic, that can no longer be written to."""
        log.info("outbox %d: the chat cannot be reached", owed.id)
        self._metrics.deliveries.labels("unreachable").inc()
        if owed.employee_id is None:
            thread_id = owed.thread_id if is_topic_closed(error) else None
            await self._groups.leave(owed.chat_id, thread_id, now=self._clock())
            return
        await self._outbox.drop_unreachable(
            owed.chat_id, employee_id=owed.employee_id, reason=error.message, now=self._clock()
        )

    async def _back_off(self, owed: Owed, error: Exception) -> None:
        """Leave the chat alone for a while, longer after every attempt that failed."""
        seconds = min(_MAX_BACKOFF, 2.0 ** min(owed.attempts, 10))
        self._pace.close_chat(owed.chat_id, seconds)
        is_ours = not isinstance(error, AiogramError | StorageError)
        with suppress(StorageError):
            await self._outbox.note_failure(
                owed.id,
                reason=type(error).__name__,
                # A message we cannot make must not hold up the others of its chat.
                not_before=self._clock() + int(seconds) + 1 if is_ours else 0,
            )
