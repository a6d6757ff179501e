"""The files that people get every Monday: made and sent beside all else, by who leads."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from aiogram import Bot
from aiogram.utils.i18n import I18n

from bot.domain.errors import NotFoundError
from bot.domain.exports import LATE, ExportPlan, week_before
from bot.domain.people import EmployeeState
from bot.telegram.background import Background
from bot.telegram.errors import is_closed
from bot.views import exports as views
from handlers.export_files import Export, ExportSender, log_failure
from storage.export_plans import ExportPlans

AGAIN_SECONDS = 600
"""After which one that failed is tried again."""


class _Nobody:
    """A weekly file tells nobody how far it is."""

    def made(self, rows: int, total: int) -> None: ...
    async def sending(self) -> None: ...


@dataclass(frozen=True, slots=True)
class WeeklyExports:
    """Built once, with the bot. `may_send`: whether this process surely leads."""

    bot: Bot
    sender: ExportSender
    plans: ExportPlans
    background: Background
    i18n: I18n
    may_send: Callable[[], bool]

    async def begin_due(self, *, now: int) -> int:
        """Begin those that are due; whoever calls need not wait for them."""
        for plan in await self.plans.list_due(now=now):
            key = ("weekly", plan.employee_id, plan.view_id)
            if not self.background.is_under_way(key):
                self.background.start(key, self._send(plan))
        return 0

    async def _send(self, plan: ExportPlan) -> None:
        """Send one, and note that it was sent; if that fails, it is tried again for a while."""
        clock = self.sender.log_screens.clock
        if not self.may_send():
            return
        is_done = True
        try:
            if clock() < plan.due_at + LATE:
                await self._make(plan)
        except Exception as error:  # whatever it is: not again at once, and not for ever
            log_failure("the weekly file", plan.employee_id, error)
            is_done = is_closed(error) or isinstance(error, NotFoundError)
        if not self.may_send():
            return
        if is_done:
            await self.plans.move_on(plan, now=clock())
        else:
            await self.plans.postpone(plan, until=clock() + AGAIN_SECONDS)

    async def _make(self, plan: ExportPlan) -> None:
        """The week before, of all that was chosen but the days."""
        screens = self.sender.log_screens
        employee = await screens.employees.get(plan.employee_id)
        if employee.state is not EmployeeState.ACTIVE or employee.scope.extensions == ():
            return
        view = await screens.log_views.get(employee.id, plan.view_id)
        week = week_before(plan.due_at, screens.settings.zone)
        days = (week[0].toordinal(), week[1].toordinal())
        with self.i18n.context(), self.i18n.use_locale(employee.language):
            export = Export(employee, replace(view, days=days), plan.kind, weekly=True)
            chosen = await self.sender.words(view, employee)
            if not await self.sender.send(self.bot, export, _Nobody(), may_send=self.may_send):
                await self.bot.send_message(employee.tg_id, views.nothing_weekly(chosen, week))
