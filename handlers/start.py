"""Coming in, help."""

from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message, User
from aiogram.utils.i18n import I18n

from bot.config.settings import Settings
from bot.domain.clock import Clock
from bot.domain.errors import InviteError
from bot.domain.people import Employee, EmployeeState, Role
from bot.telegram.filters import HasRole
from bot.telegram.i18n import language_of
from bot.telegram.menu import set_menu
from bot.telegram.reply import show
from bot.views import refusals
from bot.views import staff as staff_views
from bot.views import start as views
from keyboards import start as keyboards
from keyboards.callbacks import HelpPage
from storage.employees import NAME_LIMIT, EmployeeRepo
from storage.invites import InviteRepo


def create_router() -> Router:
    router = Router(name=__name__)
    invited = CommandStart(deep_link=True)
    router.message.register(pressed_own_link, invited, HasRole(Role.ADMINISTRATOR))
    router.message.register(join, invited)
    router.message.register(start, CommandStart(), HasRole())
    router.message.register(stranger, CommandStart())
    router.message.register(help_command, Command("help"), HasRole())
    router.message.register(stranger, Command("help"))
    router.callback_query.register(help_pressed, HelpPage.filter(), HasRole())
    return router


async def start(message: Message, employee: Employee, bot: Bot, i18n: I18n) -> None:
    await _greet(message, employee, bot, i18n)


async def stranger(message: Message) -> None:
    await show(message, refusals.stranger())


async def pressed_own_link(message: Message, employee: Employee, bot: Bot, i18n: I18n) -> None:
    """Keep an administrator as they are who presses a link, perhaps to see that it works."""
    await _greet(message, employee, bot, i18n, note=views.link_is_for_others())


async def join(
    message: Message,
    command: CommandObject,
    event_from_user: User,
    employee: Employee | None,
    employees: EmployeeRepo,
    invites: InviteRepo,
    settings: Settings,
    clock: Clock,
    bot: Bot,
    i18n: I18n,
) -> None:
    """Let a person in by a link; one who is in already loses nothing, and is told what it did.

    Somebody already in is not told that the link is unusable.
    """
    offered = await invites.find(command.args or "", now=clock())
    is_in = employee is not None and employee.state is EmployeeState.ACTIVE
    gave = False
    try:
        gave = await invites.accept(
            command.args or "",
            tg_id=event_from_user.id,
            name=employee.name if employee else event_from_user.full_name[:NAME_LIMIT],
            language=language_of(event_from_user.language_code, default=settings.language),
            page_size=settings.page_size,
            now=clock(),
        )
    except InviteError:
        if employee is None:
            raise
    if person := await employees.find(event_from_user.id):
        note = None
        if employee and is_in and offered:
            with i18n.use_locale(person.language):
                gained = staff_views.invite_gave(employee, person)
                note = gained if gave else staff_views.invite_changes_nothing(offered)
        await _greet(message, person, bot, i18n, note=note)


async def help_command(message: Message, employee: Employee) -> None:
    await show(message, views.help_text(employee), keyboards.help_page())


async def help_pressed(query: CallbackQuery, callback_data: HelpPage, employee: Employee) -> None:
    if callback_data.signs:
        await show(query, views.signs_text(), keyboards.signs())
    else:
        await show(query, views.help_text(employee), keyboards.help_page())


async def _greet(
    message: Message, employee: Employee, bot: Bot, i18n: I18n, *, note: str | None = None
) -> None:
    with i18n.use_locale(employee.language):
        await show(message, views.greeting(employee, note=note), keyboards.greeting())
    await set_menu(bot, i18n, employee)
