"""The Alerter: sends what the outbox owes, as fast as Telegram permits, and never forgets.

A message is sent, then marked. What fails is tried again; a chat that cannot be reached is muted.
"""

import asyncio
import logging
from collections.abc import Collection
from contextlib import suppress
from zoneinfo import ZoneInfo

from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramRetryAfter,
)
from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import I18n

from bot.errors import AppError, StorageError
from bot.metrics import Metrics
from bot.models import Clock, EmployeeState
from bot.pace import Pace
from bot.views import alerts as views
from keyboards import calls as keyboards
from storage.employees import EmployeeRepo
from storage.journal import JournalRepo
from storage.outbox import Kind, OutboxRepo, Owed
from storage.rejects import RejectRepo

log = logging.getLogger(__name__)

_AT_ONCE = 64
_SWEEP_SECONDS = 30.0
_MAX_BACKOFF = 60.0

Words = tuple[str, InlineKeyboardMarkup | None]


class Alerter:
    def __init__(
        self,
        bot: Bot,
        *,
        outbox: OutboxRepo,
        employees: EmployeeRepo,
        journal: JournalRepo,
        rejects: RejectRepo,
        i18n: I18n,
        zone: ZoneInfo,
        clock: Clock,
        pace: Pace,
        metrics: Metrics,
    ) -> None:
        self._bot = bot
        self._outbox = outbox
        self._employees = employees
        self._journal = journal
        self._rejects = rejects
        self._i18n = i18n
        self._zone = zone
        self._clock = clock
        self._pace = pace
        self._metrics = metrics
        self._woken = asyncio.Event()
        self._is_stopping = False
        self._busy: set[int] = set()
        self._accepted: dict[int, int] = {}
        """Outbox id to message id: what Telegram has taken and a full disk could not note yet."""

    def wake(self) -> None:
        """There may be something new to send."""
        self._woken.set()

    def stop(self) -> None:
        """Begin no more messages; run() returns when those under way are sent and marked."""
        self._is_stopping = True
        self._woken.set()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as sends:
            while not self._is_stopping:
                self._woken.clear()
                closed = self._pace.closed()
                for owed in await self._due(closed):
                    self._busy.add(owed.chat_id)
                    sends.create_task(self._deliver(owed))
                soonest = min(closed.values(), default=None)
                wait = _SWEEP_SECONDS
                if soonest is not None:
                    wait = min(wait, max(0.0, soonest - self._pace.now()))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), wait)

    async def _due(self, closed: Collection[int]) -> list[Owed]:
        free = _AT_ONCE - len(self._busy)
        if free <= 0:
            return []
        try:
            return await self._outbox.list_due(
                now=self._clock(), limit=free, not_to=self._busy | set(closed)
            )
        except StorageError as error:
            log.error("the outbox cannot be read", exc_info=error)
            return []

    async def _deliver(self, owed: Owed) -> None:
        """Send one message and write down what became of it. Lets nothing out."""
        try:
            await self._attempt(owed)
        except Exception as error:
            self._metrics.deliveries.labels("failed").inc()
            log.warning("outbox %d could not be sent: %s", owed.id, type(error).__name__)
            log.debug("outbox %d", owed.id, exc_info=error)
            await self._back_off(owed, error)
        finally:
            self._busy.discard(owed.chat_id)
            self._woken.set()

    async def _attempt(self, owed: Owed) -> None:
        try:
            await self._send(owed)
        except TelegramRetryAfter as error:
            log.info("Telegram asks to wait %d s, outbox %d", error.retry_after, owed.id)
            self._metrics.deliveries.labels("retry_after").inc()
            until = self._clock() + error.retry_after
            await self._outbox.hold_chat(owed.chat_id, until=until)
        except TelegramForbiddenError as error:
            await self._unreachable(owed, error.message)
        except TelegramBadRequest as error:
            if "chat not found" in error.message:
                await self._unreachable(owed, error.message)
                return
            log.error("Telegram refuses outbox %d: %s", owed.id, error.message)
            self._metrics.deliveries.labels("refused").inc()
            await self._outbox.drop(owed.id, reason=error.message, now=self._clock())

    async def _send(self, owed: Owed) -> None:
        if owed.id not in self._accepted:
            words = await self._words(owed)
            if words is None:
                await self._outbox.drop(owed.id, reason="nothing to tell", now=self._clock())
                return
            await self._pace.turn(owed.chat_id)
            text, markup = words
            sent = await self._bot.send_message(owed.chat_id, text, reply_markup=markup)
            self._accepted[owed.id] = sent.message_id
        now = self._clock()
        message_id = self._accepted[owed.id]
        await self._outbox.mark_sent(owed.id, message_id=message_id, now=now)
        del self._accepted[owed.id]
        self._metrics.deliveries.labels("sent").inc()
        self._metrics.delivery_seconds.observe(max(0, now - owed.created_at))

    async def _words(self, owed: Owed) -> Words | None:
        """The message as things are now; None if there is nothing to tell any more."""
        with self._i18n.context(), self._i18n.use_locale(owed.language):
            if owed.kind is Kind.REJECTS:
                return views.rejects(owed.subject, await self._rejects.last(owed.subject)), None
            if owed.kind is Kind.UNREACHABLE:
                return views.unreachable(owed.subject.partition(" ")[2]), None
            try:
                employee = await self._employees.get(owed.employee_id or 0)
                call = await self._journal.get(owed.call_id or 0, employee.scope)
            except AppError:
                return None
            if not call.lost or employee.state is not EmployeeState.ACTIVE:
                return None
            text = views.lost_call(call, now=self._clock(), zone=self._zone)
            return text, keyboards.alert(call)

    async def _unreachable(self, owed: Owed, reason: str) -> None:
        log.info("outbox %d: the chat cannot be reached", owed.id)
        self._metrics.deliveries.labels("unreachable").inc()
        await self._outbox.drop_chat(
            owed.chat_id, employee_id=owed.employee_id, reason=reason, now=self._clock()
        )

    async def _back_off(self, owed: Owed, error: Exception) -> None:
        seconds = min(_MAX_BACKOFF, 2.0 ** min(owed.attempts, 10))
        self._pace.close(owed.chat_id, seconds)
        with suppress(StorageError):
            await self._outbox.note_failure(owed.id, reason=type(error).__name__)
