"""A person's own settings: language, alerts, page size."""

from aiogram import Bot, F, Router
from aiogram.filters import Command
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import I18n

from bot.domain.hours import QuietHours
from bot.domain.people import Employee, Role
from bot.domain.typed_times import UnreadableTimeError, parse_quiet
from bot.telegram.filters import HasRole
from bot.telegram.menu import set_menu
from bot.telegram.reply import Event, show
from bot.views import company as company_views
from bot.views import settings as views
from handlers import dialogs
from handlers.dialog_state import Dialog
from keyboards import company as company_keyboards
from keyboards import dialogs as dialog_keyboards
from keyboards import settings as keyboards
from keyboards.callbacks import (
    PAGE_SIZES,
    AlertsChoice,
    LanguageChoice,
    PageSizeChoice,
    QuietChoice,
    QuietMenu,
    QuietOwn,
    SettingsMenu,
)
from storage.employees import EmployeeRepo


class QuietDialog(StatesGroup):
    hours = State()


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    router.message.register(show_settings, Command("settings"))
    router.callback_query.register(choose_language, LanguageChoice.filter())
    alerted = HasRole(*(role for role in Role if role.takes_clients))
    router.callback_query.register(choose_alerts, AlertsChoice.filter(), alerted)
    router.callback_query.register(show_settings, SettingsMenu.filter())
    router.callback_query.register(quiet_menu, QuietMenu.filter(), alerted)
    router.callback_query.register(
        choose_quiet, QuietChoice.filter(F.start.in_(range(24)) & F.end.in_(range(24))), alerted
    )
    router.callback_query.register(ask_quiet, QuietOwn.filter(), alerted)
    router.callback_query.register(choose_page_size, PageSizeChoice.filter(F.size.in_(PAGE_SIZES)))
    dialogs.register_answers(
        router, QuietDialog.hours, QuietOwn, answered=quiet_sent, cancelled=cancel
    )
    return router


async def show_settings(event: Event, employee: Employee) -> None:
    await show(event, views.settings(employee), keyboards.settings(employee))


async def choose_language(
    query: CallbackQuery,
    callback_data: LanguageChoice,
    employee: Employee,
    employees: EmployeeRepo,
    bot: Bot,
    i18n: I18n,
) -> None:
    await employees.set_language(employee.id, callback_data.language)
    with i18n.use_locale(callback_data.language):
        await _show_saved(query, employee, employees)
    await set_menu(bot, i18n, await employees.get(employee.id))


async def choose_alerts(
    query: CallbackQuery, callback_data: AlertsChoice, employee: Employee, employees: EmployeeRepo
) -> None:
    await employees.set_alerts(employee.id, callback_data.alerts)
    await _show_saved(query, employee, employees)


async def choose_page_size(
    query: CallbackQuery,
    callback_data: PageSizeChoice,
    employee: Employee,
    employees: EmployeeRepo,
) -> None:
    await employees.set_page_size(employee.id, callback_data.size)
    await _show_saved(query, employee, employees)


async def quiet_menu(query: CallbackQuery, employee: Employee) -> None:
    await show(
        query,
        company_views.quiet(employee.quiet),
        company_keyboards.quiet(is_set=employee.quiet is not None),
    )


async def choose_quiet(
    query: CallbackQuery, callback_data: QuietChoice, employee: Employee, employees: EmployeeRepo
) -> None:
    quiet = QuietHours(callback_data.start * 60, callback_data.end * 60)
    is_none = callback_data.start == callback_data.end
    await employees.set_quiet(employee.id, None if is_none else quiet)
    await _show_saved(query, employee, employees)


async def ask_quiet(query: CallbackQuery, callback_data: QuietOwn, state: FSMContext) -> None:
    text, markup = company_views.ask_quiet(), dialog_keyboards.cancel()
    await dialogs.ask(query, state, QuietDialog.hours, callback_data, text, markup)


async def quiet_sent(
    message: Message, dialog: Dialog[QuietOwn], employee: Employee, employees: EmployeeRepo
) -> None:
    try:
        quiet = parse_quiet(message.text or "")
    except UnreadableTimeError as error:
        await dialogs.not_understood(message, error)
        return
    async with dialog.ending(message):
        await employees.set_quiet(employee.id, quiet)
        await show_settings(message, await employees.get(employee.id))


async def cancel(event: Event, dialog: Dialog[QuietOwn], employee: Employee) -> None:
    async with dialog.ending(event):
        await show_settings(event, employee)


async def _show_saved(query: CallbackQuery, employee: Employee, employees: EmployeeRepo) -> None:
    saved = await employees.get(employee.id)
    await show(
        query, views.settings(saved), keyboards.settings(saved), toast=company_views.saved()
    )
