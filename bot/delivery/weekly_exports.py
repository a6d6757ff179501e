"""The files that people get every Monday: made and sent beside all else, by who leads."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from aiogram import Bot
from aiogram.exceptions import AiogramError, TelegramBadRequest, TelegramEntityTooLarge
from aiogram.utils.i18n import I18n

from bot.delivery.exports import Export, ExportSender, log_failure
from bot.domain.errors import NoAccessError, NotFoundError, StorageError
from bot.domain.exports import (
    LATE,
    ChangedMeanwhileError,
    ExportError,
    ExportFault,
    ExportPlan,
    NotAllSentError,
)
from bot.domain.hours import week_before
from bot.domain.people import EmployeeState
from bot.telegram.background import Background
from bot.telegram.errors import is_closed
from bot.views import exports as views
from storage.log_views import LogViewRepo

AGAIN_SECONDS = 600
"""After which one that failed is tried again."""

_NOTED_WITHIN = 60
"""Seconds for which a database that is away is waited for to note that a file was sent."""


class _Nobody:
    """A weekly file tells nobody how far it is."""

    def made(self, rows: int, total: int) -> None: ...
    async def sending(self) -> None: ...


@dataclass(frozen=True, slots=True)
class WeeklyExports:
    """Built once, with the bot. `may_send`: whether this process surely leads."""

    bot: Bot
    sender: ExportSender
    log_views: LogViewRepo
    background: Background
    i18n: I18n
    may_send: Callable[[], bool]

    async def begin_due(self, *, now: int) -> None:
        """Begin those that are due; whoever calls need not wait for them."""
        for plan in await self.sender.plans.list_due(now=now):
            key = ("weekly", plan.employee_id, plan.view_id)
            if not self.background.is_under_way(key):
                self.background.start(key, self._send_in_turn(plan))

    async def _send_in_turn(self, plan: ExportPlan) -> None:
        async with self.sender.turns:
            await self._send(plan)

    async def _send(self, due: ExportPlan) -> None:
        """Send one, and note that it was sent; if that fails, it is tried again for a while."""
        clock, plans = self.sender.clock, self.sender.plans
        try:
            # Its turn may come late: what is wanted may have changed, or it was sent.
            plan = await plans.find(due)
            if plan is None or not self.may_send():
                return
            if clock() < plan.due_at + LATE:
                await self._make(plan)
        except ChangedMeanwhileError:
            return  # still due, if it is
        except Exception as error:  # whatever it is: not again at once, and not for ever
            log_failure("the weekly file", due.employee_id, error)
            if not _is_lasting(error):
                if self.may_send():
                    await plans.postpone(due, until=clock() + AGAIN_SECONDS)
                return
        await self._note_done(due)

    async def _note_done(self, plan: ExportPlan) -> None:
        """Also if another process leads by now: it would send the file again."""
        for more in reversed(range(_NOTED_WITHIN)):
            try:
                await self.sender.plans.move_on(plan, now=self.sender.clock())
            except StorageError:
                if not more:
                    raise
                await asyncio.sleep(1)
            else:
                return

    async def _make(self, plan: ExportPlan) -> None:
        """The week before, of all that was chosen but the days."""
        employee = await self.sender.employees.get(plan.employee_id)
        if employee.state is not EmployeeState.ACTIVE or employee.scope.extensions == ():
            return
        view = await self.log_views.get(employee.id, plan.view_id)
        week = week_before(plan.due_at, self.sender.zone)
        days = (week[0].toordinal(), week[1].toordinal())
        export = Export(employee, replace(view, days=days, period=None), plan.kind, plan=plan)
        with self.i18n.context(), self.i18n.use_locale(employee.language):
            try:
                rows = await self.sender.send(self.bot, export, _Nobody(), may_send=self.may_send)
            except (ExportError, NotAllSentError) as error:
                if _is_lasting(error):
                    with suppress(AiogramError):
                        await self._tell(export, week, _reason(error))
                raise
            if not rows:
                await self._tell(export, week, views.no_calls())

    async def _tell(self, export: Export, week: tuple[date, date], words: str) -> None:
        """What stands in place of the file."""
        chosen = await self.sender.words(export.view.of_any_day, export.employee)
        await self.bot.send_message(
            export.employee.tg_id,
            views.instead_of_weekly(chosen, week, words),
            disable_notification=self.sender.is_silent(export) or None,
        )


def _is_lasting(error: Exception) -> bool:
    """Whether it would be so again in ten minutes."""
    if isinstance(error, ExportError):
        return error.fault in {ExportFault.TOO_LARGE, ExportFault.SLOW}
    lasting = (
        *(NoAccessError, NotFoundError, NotAllSentError),
        *(TelegramBadRequest, TelegramEntityTooLarge),
    )
    return is_closed(error) or isinstance(error, lasting)


def _reason(error: ExportError | NotAllSentError) -> str:
    if isinstance(error, NotAllSentError):
        return views.not_all_sent(error.sent, error.parts)
    return views.weekly_too_much()
