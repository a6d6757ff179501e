"""What administrators decide for the company: hours, days off, who hears when."""

from collections.abc import Awaitable, Callable

from aiogram import F, Router
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot.config.settings import Settings
from bot.domain.audit import By
from bot.domain.clock import Clock
from bot.domain.company import EscalationField
from bot.domain.errors import NotFoundError
from bot.domain.hours import local_date
from bot.domain.people import Employee, Role
from bot.domain.places import Place, PlaceKind
from bot.domain.typed_times import UnreadableTimeError, parse_days, parse_week
from bot.telegram.filters import HasRole
from bot.telegram.reply import Event, show
from bot.views import company as views
from handlers import dialogs
from handlers.dialog_state import Dialog, InDialog
from keyboards import company as keyboards
from keyboards import dialogs as dialog_keyboards
from keyboards.callbacks import (
    CompanyMenu,
    CompanyNumber,
    CompanyPage,
    CompanyValue,
    HearClient,
    IgnoreAgain,
    LineHours,
    NoHours,
    RungOnly,
)
from storage.case_closings import CaseClosings
from storage.company import CompanyRepo


class CompanyDialog(StatesGroup):
    hours = State()
    holidays = State()


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole(Role.ADMINISTRATOR))
    pages: dict[CompanyPage, Callable[..., Awaitable[None]]] = {
        CompanyPage.MAIN: show_company,
        CompanyPage.LINES: choose_line,
        CompanyPage.HOLIDAYS: ask_holidays,
        CompanyPage.ESCALATION: show_escalation,
        CompanyPage.IGNORED: show_ignored,
        CompanyPage.GROUPS: show_groups,
    }
    for page, handler in pages.items():
        router.callback_query.register(handler, CompanyMenu.filter(F.page == page))
    router.callback_query.register(choose_number, CompanyNumber.filter())
    router.callback_query.register(set_number, CompanyValue.filter())
    router.callback_query.register(set_rung_only, RungOnly.filter())
    router.callback_query.register(ask_hours, LineHours.filter())
    router.callback_query.register(hear_again, HearClient.filter())
    router.callback_query.register(ignore_again, IgnoreAgain.filter())
    is_none = InDialog(CompanyDialog.hours, LineHours)
    router.callback_query.register(no_hours, NoHours.filter(), is_none)
    dialogs.register_answers(
        router, CompanyDialog.hours, LineHours, answered=hours_sent, cancelled=cancel
    )
    dialogs.register_answers(
        router, CompanyDialog.holidays, CompanyMenu, answered=holidays_sent, cancelled=cancel
    )
    return router


async def show_company(query: CallbackQuery, company: CompanyRepo) -> None:
    await _show_company(query, company)


async def choose_line(query: CallbackQuery, company: CompanyRepo) -> None:
    await show(query, views.choose_line(), keyboards.lines(await _lines(company)))


async def show_escalation(query: CallbackQuery, company: CompanyRepo) -> None:
    await _show_escalation(query, company)


async def show_groups(query: CallbackQuery, company: CompanyRepo) -> None:
    await _show_groups(query, company)


async def set_rung_only(
    query: CallbackQuery,
    callback_data: RungOnly,
    employee: Employee,
    company: CompanyRepo,
    clock: Clock,
) -> None:
    await company.set_rung_only(is_so=callback_data.is_so, by=By(employee.id, clock()))
    await _show_groups(query, company, toast=views.saved())


async def show_ignored(query: CallbackQuery, case_closings: CaseClosings) -> None:
    await _show_ignored(query, case_closings)


async def hear_again(
    query: CallbackQuery,
    callback_data: HearClient,
    employee: Employee,
    case_closings: CaseClosings,
    clock: Clock,
) -> None:
    await case_closings.unignore(callback_data.id, now=clock(), by=employee.id)
    await _show_ignored(query, case_closings, toast=views.saved(), undo=callback_data.id)


async def ignore_again(
    query: CallbackQuery,
    callback_data: IgnoreAgain,
    employee: Employee,
    case_closings: CaseClosings,
    clock: Clock,
) -> None:
    await case_closings.ignore_again(callback_data.id, now=clock(), by=employee.id)
    await _show_ignored(query, case_closings, toast=views.saved())


async def choose_number(
    query: CallbackQuery, callback_data: CompanyNumber, company: CompanyRepo
) -> None:
    name = callback_data.name
    chosen = (await company.escalation()).minutes(name)
    labels = {value: views.minutes_words(name, value) for value in keyboards.CHOICES[name]}
    await show(query, views.number_title(name), keyboards.number(name, labels, chosen))


async def set_number(
    query: CallbackQuery,
    callback_data: CompanyValue,
    employee: Employee,
    company: CompanyRepo,
    clock: Clock,
) -> None:
    name, minutes = callback_data.name, callback_data.minutes
    if minutes not in keyboards.CHOICES[name]:
        raise NotFoundError(f"{minutes} minutes of {name}")
    await company.set_number(name, minutes, now=clock(), by=employee.id)
    await _show_escalation(query, company, toast=views.saved())


async def ask_hours(
    query: CallbackQuery, callback_data: LineHours, state: FSMContext, company: CompanyRepo
) -> None:
    line = await _line(company, callback_data.code)
    text = views.ask_hours(line, await company.hours(line))
    markup = keyboards.hours_question(callback_data.code)
    await dialogs.ask(query, state, CompanyDialog.hours, callback_data, text, markup)


async def ask_holidays(
    query: CallbackQuery, callback_data: CompanyMenu, state: FSMContext, company: CompanyRepo
) -> None:
    text = views.ask_holidays(sorted((await company.hours()).holidays))
    markup = dialog_keyboards.cancel()
    await dialogs.ask(query, state, CompanyDialog.holidays, callback_data, text, markup)


async def hours_sent(
    message: Message,
    dialog: Dialog[LineHours],
    employee: Employee,
    company: CompanyRepo,
    clock: Clock,
) -> None:
    try:
        week = parse_week(message.text or "")
    except UnreadableTimeError as error:
        await dialogs.not_understood(message, error)
        return
    async with dialog.ending(message):
        line = await _line(company, dialog.origin.code)
        await company.set_hours(line, week, now=clock(), by=employee.id)
        await _show_company(message, company)


async def holidays_sent(
    message: Message,
    dialog: Dialog[CompanyMenu],
    employee: Employee,
    company: CompanyRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    try:
        days = parse_days(message.text or "", local_date(clock(), settings.zone))
    except UnreadableTimeError as error:
        await dialogs.not_understood(message, error)
        return
    async with dialog.ending(message):
        await company.set_holidays(days, now=clock(), by=employee.id)
        await _show_company(message, company)


async def no_hours(
    query: CallbackQuery,
    callback_data: NoHours,
    dialog: Dialog[LineHours],
    employee: Employee,
    company: CompanyRepo,
    clock: Clock,
) -> None:
    """Remove the hours of the button's line, even if another line was asked about since."""
    line = await _line(company, callback_data.code)
    were = await company.hours() if line is None else (await company.own_hours()).get(line)
    async with dialog.ending(query):
        await company.set_hours(line, None, now=clock(), by=employee.id)
        note = views.hours_were(were) if were else None
        await _show_company(query, company, toast=views.saved(), note=note)


async def cancel(event: Event, dialog: Dialog[CallbackData], company: CompanyRepo) -> None:
    async with dialog.ending(event):
        await _show_company(event, company)


async def _line(company: CompanyRepo, code: int) -> str | None:
    """The line a button is about; None: the company. Raises NotFoundError if it is gone."""
    if code < 0:
        return None
    lines = await _lines(company)
    if code not in lines:
        raise NotFoundError(f"line {code}")
    return lines[code]


async def _lines(company: CompanyRepo) -> dict[int, str]:
    return {Place(PlaceKind.LINE, name).code: name for name in await company.lines()}


async def _show_company(
    event: Event, company: CompanyRepo, *, toast: str | None = None, note: str | None = None
) -> None:
    """`note`: how to bring back what was just removed."""
    text = views.company(
        await company.hours(),
        await company.own_hours(),
        await company.escalation(),
        is_rung_only=await company.is_for_rung_only(),
    )
    await show(event, f"{text}\n\n{note}" if note else text, keyboards.company(), toast=toast)


async def _show_escalation(
    query: CallbackQuery, company: CompanyRepo, *, toast: str | None = None
) -> None:
    escalation = await company.escalation()
    labels = {
        name: f"{views.number_name(name)}: {views.minutes_words(name, escalation.minutes(name))}"
        for name in EscalationField
    }
    await show(query, views.escalation_title(), keyboards.escalation(labels), toast=toast)


async def _show_groups(
    query: CallbackQuery, company: CompanyRepo, *, toast: str | None = None
) -> None:
    is_rung_only = await company.is_for_rung_only()
    markup = keyboards.groups(views.takers(), is_rung_only=is_rung_only)
    await show(query, views.groups_title(), markup, toast=toast)


async def _show_ignored(
    query: CallbackQuery,
    case_closings: CaseClosings,
    *,
    toast: str | None = None,
    undo: int | None = None,
) -> None:
    """`undo`: the id of the number just taken off the list."""
    numbers = await case_closings.list_ignored()
    labels = {one.id: views.ignored_name(one) for one in numbers[: views.IGNORED_SHOWN]}
    await show(query, views.ignored(numbers), keyboards.ignored(labels, undo=undo), toast=toast)
