"""The log as a file: the screen below the log, the file that is made and sent, every Monday."""

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from aiogram import Bot, Router
from aiogram.exceptions import AiogramError
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot.domain.errors import AppError, NoAccessError, StorageError
from bot.domain.exports import ExportError
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
from handlers.export_files import Export, ExportSender
from keyboards import exports as keyboards
from keyboards.callbacks import ExportCancel, ExportDrop, ExportMenu, ExportStart, ExportWeekly
from storage.export_plans import ExportPlans

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 3.0
"""Between two edits of the message that tells how far it is."""

_GOODBYE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class ExportScreens:
    """Built once, with the dispatcher. `shown`: the messages of the exports under way here."""

    sender: ExportSender
    plans: ExportPlans
    background: Background
    progress_seconds: float = PROGRESS_SECONDS
    shown: dict[int, int] = field(default_factory=dict)
    cancelled: set[int] = field(default_factory=set)

    async def show(
        self, query: CallbackQuery, asked: ExportMenu, employee: Employee, toast: str | None = None
    ) -> None:
        """Show how many calls it would be, and what comes every Monday."""
        screens = self.sender.log_screens
        if employee.scope.extensions == ():
            await show(query, call_views.no_extensions())
            return
        view = await screens.log_views.get(employee.id, asked.view)
        part = await screens.part(view, employee)
        size = employee.page_size
        page = await screens.journal.page(
            employee.scope, part, turn=Turn.FIRST, key=None, size=size
        )
        counted = page.counted * size
        found = chosen_views.found(min(page.total, counted), is_more=page.total > counted)
        every_week = await self.weekly_view(view, employee)
        plans = {one.view_id: one.kind for one in await self.plans.list_of(employee.id)}
        weekly = plans.pop(every_week, None)
        others = {}
        for view_id, kind in plans.items():
            other = await screens.log_views.get(employee.id, view_id)
            words = chosen_views.chosen_words(other, await screens.names(other))
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
        return await self.sender.log_screens.log_views.put(employee.id, without_days(view))


def without_days(view: LogView) -> LogView:
    return replace(view, days=None, period=None)


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
    key = ("export", employee.id)
    log_screens = export_screens.sender.log_screens
    view = await log_screens.log_views.get(employee.id, callback_data.view)
    if employee.scope.extensions == ():
        raise NoAccessError(f"employee {employee.id} has no extensions")
    if export_screens.background.is_under_way(key) or not isinstance(query.message, Message):
        await answer(query, views.under_way())
        return
    shown = await say(query.message, views.waiting(), keyboards.cancel())
    export = Export(employee, view, callback_data.kind, below=query.message.message_id)
    if shown:
        export_screens.shown[employee.id] = shown.message_id
    telling = _Telling(shown or query.message, is_shown=shown is not None)
    export_screens.background.start(key, _send(bot, export, telling, export_screens))
    log.info("employee %d asked for calls as %s", employee.id, callback_data.kind)
    await answer(query)


async def cancel(query: CallbackQuery, employee: Employee, export_screens: ExportScreens) -> None:
    """Make no more of it; one that ended with the bot can only be begun anew."""
    message_id = query.message.message_id if query.message else 0
    if export_screens.shown.get(employee.id) == message_id:
        export_screens.cancelled.add(employee.id)
        if export_screens.background.cancel(("export", employee.id)):
            await show(query, views.cancelled())
            return
    await show(query, views.interrupted())


async def set_weekly(
    query: CallbackQuery,
    callback_data: ExportWeekly,
    employee: Employee,
    export_screens: ExportScreens,
) -> None:
    log_screens, plans = export_screens.sender.log_screens, export_screens.plans
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
class _Telling:
    """The message that tells how far it is; `is_shown`: one of our own, not the menu."""

    message: Message
    is_shown: bool
    rows: int = 0
    total: int = 0
    is_sent: bool = False

    def made(self, rows: int, total: int) -> None:
        self.rows, self.total = max(rows, self.rows), total

    async def sending(self) -> None:
        self.is_sent = True
        await self.edit(views.sending(), keyboards.cancel())

    async def keep_on(self, seconds: float) -> None:
        """Tell it again and again, until cancelled."""
        told = 0
        while True:
            await asyncio.sleep(seconds)
            if self.total and self.rows != told and not self.is_sent:
                told = self.rows
                await self.edit(views.progress(self.rows, self.total), keyboards.cancel())

    async def edit(self, text: str, markup: InlineKeyboardMarkup | None = None) -> None:
        """What cannot be shown now need not be: the file, or the end, will tell."""
        with suppress(AiogramError):
            if self.is_shown:
                await self.message.edit_text(text, reply_markup=markup)

    async def end(self, text: str | None) -> None:
        """Say how it ended; the files say it by themselves."""
        with suppress(AiogramError):
            if text is None:
                if self.is_shown:
                    await self.message.delete()
            elif self.is_shown:
                await self.message.edit_text(text)
            else:
                await say(self.message, text)


async def _send(
    bot: Bot, export: Export, telling: _Telling, export_screens: ExportScreens
) -> None:
    employee = export.employee
    export_screens.cancelled.discard(employee.id)
    text: str | None = None
    try:
        async with _beside(telling.keep_on(export_screens.progress_seconds)):
            rows = await export_screens.sender.send(bot, export, telling, may_send=lambda: True)
        text = None if rows else views.nothing()
    except asyncio.CancelledError:
        if employee.id not in export_screens.cancelled:
            with suppress(TimeoutError):
                async with asyncio.timeout(_GOODBYE_SECONDS):
                    await telling.end(views.interrupted())
        raise
    except (AppError, StorageError, AiogramError) as error:
        log.warning("an export of employee %d: %s", employee.id, type(error).__name__)
        text = reason(error)
    finally:
        if export_screens.shown.get(employee.id) == telling.message.message_id:
            del export_screens.shown[employee.id]
    await telling.end(text)


def reason(error: Exception) -> str:
    """Why there is no file, in words."""
    match error:
        case ExportError():
            return views.failed(error.fault)
        case NoAccessError():
            return views.no_more_yours()
        case AppError():
            return refusals.refusal(error)
        case StorageError():
            return views.interrupted()
    return views.not_sent()


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Have it done beside the block, and cancelled at its end; what the block raises stays so."""
    task = asyncio.get_running_loop().create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
