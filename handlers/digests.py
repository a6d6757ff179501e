"""The lists behind the numbers of a digest, and the times at which a person gets it."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot.delivery.digests import digest_message
from bot.domain.clock import Clock
from bot.domain.digests import day_so_far
from bot.domain.errors import NotFoundError
from bot.domain.hours import DAY
from bot.domain.people import Employee, Role
from bot.domain.typed_times import UnreadableTimeError, parse_time
from bot.telegram.filters import HasRole
from bot.telegram.reply import Event, answer, say, show
from bot.views import company as company_views
from bot.views import digests as views
from handlers import dialogs
from handlers.dialog_state import Dialog
from keyboards import dialogs as dialog_keyboards
from keyboards import digests as keyboards
from keyboards.callbacks import (
    DigestList,
    DigestMenu,
    DigestNow,
    DigestOwn,
    DigestPages,
    DigestTime,
    WeeklyStats,
)
from storage.cases import CaseRepo
from storage.company import CompanyRepo
from storage.digest_times import LIMIT, DigestTimes
from storage.digests import DigestRepo
from storage.weekly_statistics import WeeklyStatistics

_LONGEST = 32 * 1440
_END_OF_TIME = 1 << 27
"""Minutes: the year 2225."""


class DigestDialog(StatesGroup):
    time = State()


@dataclass(frozen=True, slots=True)
class DigestScreens:
    """What the screens of digests work with; built once, with the dispatcher."""

    digests: DigestRepo
    cases: CaseRepo
    company: CompanyRepo
    zone: ZoneInfo
    clock: Clock

    async def today(self, employee: Employee) -> tuple[str, InlineKeyboardMarkup | None]:
        """The digest of the day so far."""
        start, end = day_so_far(self.clock(), self.zone)
        return await digest_message(
            employee, start, end, digests=self.digests, company=self.company, zone=self.zone
        )

    async def list_of(
        self, asked: DigestPages, employee: Employee
    ) -> tuple[str, InlineKeyboardMarkup]:
        """A page of the cases behind a number. Raises NotFoundError for a forged span."""
        is_span = 0 <= asked.since < asked.until <= min(_END_OF_TIME, asked.since + _LONGEST)
        if not is_span or not 0 <= asked.who <= _END_OF_TIME:
            raise NotFoundError(f"digest of {asked.since}-{asked.until}, {asked.who}")
        start, end = asked.since * 60, asked.until * 60
        page = await self.cases.list_span(
            employee,
            start,
            end,
            asked.group,
            who=asked.employee,
            target=asked.target * 60 or (await self.company.escalation()).target_minutes * 60,
            page=asked.page,
            size=employee.page_size,
        )
        text = views.span_list(page, asked.group, start, end, now=self.clock(), zone=self.zone)
        return text, keyboards.span_list(page, asked, employee)


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole(Role.ADMINISTRATOR, Role.SUPERVISOR, Role.OPERATOR))
    router.callback_query.register(open_list, DigestList.filter())
    router.callback_query.register(turn_list, DigestPages.filter())
    router.callback_query.register(show_now, DigestNow.filter())
    router.callback_query.register(show_times, DigestMenu.filter())
    router.callback_query.register(set_time, DigestTime.filter())
    router.callback_query.register(set_weekly, WeeklyStats.filter())
    router.callback_query.register(ask_time, DigestOwn.filter())
    dialogs.register_answers(
        router, DigestDialog.time, DigestOwn, answered=time_sent, cancelled=cancel
    )
    return router


async def open_list(
    query: CallbackQuery,
    callback_data: DigestList,
    employee: Employee,
    digest_screens: DigestScreens,
) -> None:
    """Show the list below the digest, which stays."""
    asked = DigestPages(**callback_data.model_dump())
    text, markup = await digest_screens.list_of(asked, employee)
    if query.message:
        await query.message.answer(text, reply_markup=markup)
    await answer(query)


async def turn_list(
    query: CallbackQuery,
    callback_data: DigestPages,
    employee: Employee,
    digest_screens: DigestScreens,
) -> None:
    await show(query, *await digest_screens.list_of(callback_data, employee))


async def show_now(
    query: CallbackQuery, employee: Employee, digest_screens: DigestScreens
) -> None:
    """Send the digest as a new message, as if its time had come."""
    text, markup = await digest_screens.today(employee)
    if query.message:
        await query.message.answer(text, reply_markup=markup)
    await answer(query)


async def show_times(
    query: CallbackQuery,
    employee: Employee,
    digest_times: DigestTimes,
    weekly_statistics: WeeklyStatistics,
) -> None:
    await _show_times(query, employee, digest_times, weekly_statistics)


async def set_time(
    query: CallbackQuery,
    callback_data: DigestTime,
    employee: Employee,
    digest_times: DigestTimes,
    weekly_statistics: WeeklyStatistics,
    clock: Clock,
) -> None:
    if callback_data.minutes not in range(DAY):
        raise NotFoundError(f"minute {callback_data.minutes} of a day")
    toast = company_views.saved()
    if not callback_data.is_wanted:
        await digest_times.remove(employee.id, callback_data.minutes)
    elif not await digest_times.add(employee.id, callback_data.minutes, now=clock()):
        toast = views.too_many(LIMIT)
    await _show_times(query, employee, digest_times, weekly_statistics, toast=toast)


async def set_weekly(
    query: CallbackQuery,
    callback_data: WeeklyStats,
    employee: Employee,
    digest_times: DigestTimes,
    weekly_statistics: WeeklyStatistics,
    clock: Clock,
) -> None:
    await weekly_statistics.set_wanted(employee.id, is_wanted=callback_data.is_wanted, now=clock())
    toast = company_views.saved()
    await _show_times(query, employee, digest_times, weekly_statistics, toast=toast)


async def ask_time(query: CallbackQuery, callback_data: DigestOwn, state: FSMContext) -> None:
    text, markup = views.ask_time(), dialog_keyboards.cancel()
    await dialogs.ask(query, state, DigestDialog.time, callback_data, text, markup)


async def time_sent(
    message: Message,
    dialog: Dialog[DigestOwn],
    employee: Employee,
    digest_times: DigestTimes,
    weekly_statistics: WeeklyStatistics,
    clock: Clock,
) -> None:
    try:
        minutes = parse_time(message.text or "")
    except UnreadableTimeError as error:
        await dialogs.not_understood(message, error)
        return
    async with dialog.ending(message):
        if not await digest_times.add(employee.id, minutes, now=clock()):
            await say(message, views.too_many(LIMIT))
        await _show_times(message, employee, digest_times, weekly_statistics)


async def cancel(
    event: Event,
    dialog: Dialog[DigestOwn],
    employee: Employee,
    digest_times: DigestTimes,
    weekly_statistics: WeeklyStatistics,
) -> None:
    async with dialog.ending(event):
        await _show_times(event, employee, digest_times, weekly_statistics)


async def _show_times(
    event: Event,
    employee: Employee,
    digest_times: DigestTimes,
    weekly_statistics: WeeklyStatistics,
    *,
    toast: str | None = None,
) -> None:
    chosen = await digest_times.times(employee.id)
    offered = sorted({*keyboards.PRESETS, *chosen})
    is_weekly = await weekly_statistics.is_wanted(employee.id)
    labels = {minutes: views.clock(minutes) for minutes in offered}
    markup = keyboards.times(chosen, labels, is_weekly=is_weekly)
    await show(event, views.times(chosen, is_weekly=is_weekly), markup, toast=toast)
