"""A person's own settings: language, alerts, page size."""

from aiogram import Bot, F, Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message
from aiogram.utils.i18n import I18n

from bot.commands import set_menu
from bot.filters import HasRole
from bot.models import Employee, Role
from bot.reply import show
from bot.views import settings as views
from keyboards import settings as keyboards
from keyboards.callbacks import PAGE_SIZES, AlertsChoice, LanguageChoice, PageSizeChoice
from storage.employees import EmployeeRepo


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    router.message.register(settings_command, Command("settings"))
    router.callback_query.register(choose_language, LanguageChoice.filter())
    router.callback_query.register(
        choose_alerts,
        AlertsChoice.filter(),
        HasRole(Role.ADMINISTRATOR, Role.SUPERVISOR, Role.OPERATOR),
    )
    router.callback_query.register(choose_page_size, PageSizeChoice.filter(F.size.in_(PAGE_SIZES)))
    return router


async def settings_command(message: Message, employee: Employee) -> None:
    await show(message, views.settings(employee), keyboards.settings(employee))


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


async def _show_saved(query: CallbackQuery, employee: Employee, employees: EmployeeRepo) -> None:
    saved = await employees.get(employee.id)
    await show(query, views.settings(saved), keyboards.settings(saved), toast=views.saved())
