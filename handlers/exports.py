"""The log as a file: the screen below the log, the file that is made and sent, every Monday."""

import asyncio
import logging
import secrets
from contextlib import suppress
from dataclasses import dataclass, field

from aiogram import Bot, Router
from aiogram.exceptions import AiogramError
from aiogram.types import CallbackQuery, Message

from bot.delivery.exports import Export, ExportSender, log_failure
from bot.domain.errors import AppError, NoAccessError, StorageError
from bot.domain.exports import ExportError, ExportFault, NotAllSentError
from bot.domain.log import Turn
from bot.domain.log_views import LogView
from bot.domain.people import Employee
from bot.telegram.background import Background
from bot.telegram.filters import HasRole
from bot.telegram.reply import answer, say, show
from bot.views import calls as call_views
from bot.views import exports as views
from bot.views import log_views as chosen_views
from bot.views import refusals
from handlers.log_screens import LogScreens
from keyboards import exports as keyboards
from keyboards.callbacks import ExportCancel, ExportDrop, ExportMenu, ExportStart, ExportWeekly
from storage.export_plans import ExportPlans
from storage.exports_under_way import ExportsUnderWay

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 3.0
"""Between two edits of the message that tells how far it is."""

_GOODBYE_SECONDS = 2.0
_TOKENS = 10**9


@dataclass(frozen=True, slots=True)
class ExportScreens:
    """Built once, with the dispatcher."""

    log: LogScreens
    sender: ExportSender
    plans: ExportPlans
    under_way: ExportsUnderWay
    background: Background
    progress_seconds: float = PROGRESS_SECONDS

    async def show(
        self, query: CallbackQuery, asked: ExportMenu, employee: Employee, toast: str | None = None
    ) -> None:
        """Show how many calls it would be, and what comes every Monday."""
        if employee.scope.extensions == ():
            await show(query, call_views.no_extensions())
            return
        view = await self.log.log_views.get(employee.id, asked.view)
        part = await self.log.viewed.part(view, employee, now=self.log.clock())
        size = employee.page_size
        page = await self.log.journal.page(
            employee.scope, part, turn=Turn.FIRST, key=None, size=size
        )
        counted = page.counted * size
        found = chosen_views.found(min(page.total, counted), is_more=page.total > counted)
        every_week = await self.weekly_view(view, employee)
        plans = {one.view_id: one.kind for one in await self.plans.list_of(employee.id)}
        weekly = plans.pop(every_week, None)
        others = {}
        for view_id, kind in plans.items():
            other = await self.log.log_views.get(employee.id, view_id)
            words = chosen_views.chosen_words(other, await self.log.viewed.names(other))
            others[view_id] = kind, words or views.whole_log()
        text = views.menu(
            await self.sender.words(view, employee),
            found,
            weekly=weekly,
            others=len(others),
        )
        markup = keyboards.menu(asked, is_any=page.total > 0, weekly=weekly, others=others)
        await show(query, text, markup, toast=toast)

    async def weekly_view(self, view: LogView, employee: Employee) -> int:
        """The id of what a weekly file is of: all that is chosen but the days."""
        return await self.log.log_views.put(employee.id, view.of_any_day)


def create_router() -> Router:
    router = Router(name=__name__)
    router.callback_query.filter(HasRole())
    router.callback_query.register(show_menu, ExportMenu.filter())
    router.callback_query.register(start, ExportStart.filter())
    router.callback_query.register(cancel, ExportCancel.filter())
    router.callback_query.register(set_weekly, ExportWeekly.filter())
    router.callback_query.register(drop_weekly, ExportDrop.filter())
    return router


async def show_menu(
    query: CallbackQuery,
    callback_data: ExportMenu,
    employee: Employee,
    export_screens: ExportScreens,
) -> None:
    await export_screens.show(query, callback_data, employee)


async def start(
    query: CallbackQuery,
    callback_data: ExportStart,
    bot: Bot,
    employee: Employee,
    export_screens: ExportScreens,
) -> None:
    """Begin it, unless one of theirs is under way; a message below tells how far it is."""
    log_screens, under_way = export_screens.log, export_screens.under_way
    view = await log_screens.log_views.get(employee.id, callback_data.view)
    if employee.scope.extensions == ():
        raise NoAccessError(f"employee {employee.id} has no extensions")
    token = secrets.randbelow(_TOKENS)
    if not isinstance(query.message, Message) or not await under_way.begin(
        employee.id, token, now=log_screens.clock()
    ):
        await answer(query, views.under_way())
        return
    try:
        shown = await say(query.message, views.waiting(), keyboards.cancel(token))
    except BaseException:
        await under_way.end(employee.id, token)
        raise
    export = Export(employee, view, callback_data.kind, below=query.message.message_id)
    making = _Making(
        export_screens, export, token, message=shown or query.message, is_shown=shown is not None
    )
    making.begin(bot)
    log.info("employee %d asked for calls as %s", employee.id, callback_data.kind)
    await answer(query)


async def cancel(
    query: CallbackQuery,
    callback_data: ExportCancel,
    employee: Employee,
    export_screens: ExportScreens,
) -> None:
    """Make no more of it, in whatever process.

    Pressed twice, or after the process that made it has ended, there is nothing to cancel.
    """
    token = callback_data.export
    if not await export_screens.under_way.end(employee.id, token):
        await show(query, views.is_over())
        return
    export_screens.background.cancel(("export", token))  # elsewhere it is found out soon
    await show(query, views.cancelled())


async def set_weekly(
    query: CallbackQuery,
    callback_data: ExportWeekly,
    employee: Employee,
    export_screens: ExportScreens,
) -> None:
    log_screens, plans = export_screens.log, export_screens.plans
    view = await log_screens.log_views.get(employee.id, callback_data.view)
    every_week = await export_screens.weekly_view(view, employee)
    known = {one.view_id: one.kind for one in await plans.list_of(employee.id)}
    if known.get(every_week) is callback_data.kind:
        await plans.remove(employee.id, every_week)
        toast = views.weekly_no_more()
    elif await plans.put(employee.id, every_week, callback_data.kind, now=log_screens.clock()):
        toast = views.now_weekly()
    else:
        await answer(query, views.too_many_plans(), alert=True)
        return
    await export_screens.show(query, callback_data.menu, employee, toast)


async def drop_weekly(
    query: CallbackQuery,
    callback_data: ExportDrop,
    employee: Employee,
    export_screens: ExportScreens,
) -> None:
    await export_screens.plans.remove(employee.id, callback_data.weekly)
    await export_screens.show(query, callback_data.menu, employee, views.weekly_no_more())


@dataclass(slots=True)
class _Making:
    """An export under way, and the message that tells how far it is.

    `is_shown`: the message is one of our own, not the menu. `is_dropped`: it was cancelled, maybe
    by way of another process.
    """

    screens: ExportScreens
    export: Export
    token: int
    message: Message
    is_shown: bool
    rows: int = 0
    total: int = 0
    is_made: bool = False
    is_dropped: bool = False
    _edits: asyncio.Lock = field(default_factory=asyncio.Lock)

    def begin(self, bot: Bot) -> None:
        self.screens.background.start(("export", self.token), self._send(bot))
        self.screens.background.start(("telling", self.token), self._keep_on())

    async def _send(self, bot: Bot) -> None:
        sender, text = self.screens.sender, None
        try:
            async with sender.turns:
                rows = await sender.send(
                    bot, self.export, self, may_send=lambda: not self.is_dropped
                )
            text = None if rows else views.nothing()
        except asyncio.CancelledError:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    is_stopped = await self._end()
                    await self._say(views.interrupted() if is_stopped else views.cancelled())
            raise
        except Exception as error:  # whatever it is: the person waits
            log_failure("an export", self.export.employee.id, error)
            text = views.cancelled() if self.is_dropped else reason(error)
        finally:
            self.screens.background.cancel(("telling", self.token))
        await self._end()
        await self._say(text)

    def made(self, rows: int, total: int) -> None:
        self.rows, self.total = max(rows, self.rows), total

    async def sending(self) -> None:
        self.is_made = True
        self.is_dropped = not await self._keep()
        if not self.is_dropped:
            await self._edit(views.sending())

    async def _keep_on(self) -> None:
        """Say again and again that it is alive, and how far it is, until cancelled."""
        told = 0
        while True:
            await asyncio.sleep(self.screens.progress_seconds)
            with suppress(StorageError):
                if not await self._keep():
                    self.screens.background.cancel(("export", self.token))
                    return
            if self.total and self.rows != told and not self.is_made:
                told = self.rows
                await self._edit(views.progress(self.rows, self.total))

    async def _keep(self) -> bool:
        """Whether it is still wanted."""
        clock, employee_id = self.screens.log.clock, self.export.employee.id
        return await self.screens.under_way.keep(employee_id, self.token, now=clock())

    async def _end(self) -> bool:
        """Let the person begin another; whether this one was wanted until now."""
        try:
            return await self.screens.under_way.end(self.export.employee.id, self.token)
        except StorageError:
            return True

    async def _edit(self, text: str) -> None:
        """What cannot be shown now need not be: the file, or the end, will tell."""
        async with self._edits:
            with suppress(AiogramError):
                if self.is_shown:
                    await self.message.edit_text(text, reply_markup=keyboards.cancel(self.token))

    async def _say(self, text: str | None) -> None:
        """Say how it ended; the files say it by themselves."""
        async with self._edits:
            with suppress(AiogramError):
                if text is None:
                    if self.is_shown:
                        await self.message.delete()
                elif self.is_shown:
                    await self.message.edit_text(text)
                else:
                    await say(self.message, text)


def reason(error: Exception) -> str:
    """Why there is no file, in words."""
    match error:
        case ExportError():
            return views.failed(error.fault)
        case NotAllSentError():
            return views.not_all_sent(error.sent, error.parts)
        case NoAccessError():
            return views.no_more_yours()
        case AppError():
            return refusals.refusal(error)
        case StorageError():
            return views.interrupted()
        case AiogramError():
            return views.not_sent()
    return views.failed(ExportFault.CRASHED)
