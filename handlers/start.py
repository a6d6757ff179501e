"""Coming in, help."""

from aiogram import Bot, Router
from aiogram.filters import Command, CommandObject, CommandStart
from aiogram.types import CallbackQuery, Message, User
from aiogram.utils.i18n import I18n

from bot.config.settings import Settings
from bot.domain.clock import Clock
from bot.domain.errors import InviteError
from bot.domain.people import Acceptance, Employee, Role
from bot.telegram.filters import HasRole
from bot.telegram.i18n import language_of
from bot.telegram.menu import set_menu
from bot.telegram.reply import Event, show
from bot.views import refusals
from bot.views import staff as staff_views
from bot.views import start as views
from keyboards import start as keyboards
from keyboards.callbacks import HelpPage, InviteAnswer
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
    router.callback_query.register(invite_answered, InviteAnswer.filter(), HasRole())
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
    """Let a person in by a link. One who is in already is asked whether they want what it changes.

    Somebody already in is not told that the link is unusable.
    """
    token = command.args or ""
    offered = await invites.find(token, now=clock())
    became = None
    try:
        became = await invites.accept(
            token,
            tg_id=event_from_user.id,
            name=employee.name if employee else event_from_user.full_name[:NAME_LIMIT],
            language=language_of(event_from_user.language_code, default=settings.language),
            page_size=settings.page_size,
            now=clock(),
        )
    except InviteError:
        if employee is None:
            raise
    if employee and offered and became is Acceptance.ASKS:
        text = staff_views.invite_asks(employee, offered)
        await show(message, text, keyboards.invite_answers(token))
        return
    if person := await employees.find(event_from_user.id):
        note = None
        if offered and became is Acceptance.NOTHING:
            with i18n.use_locale(person.language):
                note = staff_views.invite_changes_nothing(offered)
        await _greet(message, person, bot, i18n, note=note)


async def invite_answered(
    query: CallbackQuery,
    callback_data: InviteAnswer,
    employee: Employee,
    employees: EmployeeRepo,
    invites: InviteRepo,
    clock: Clock,
    bot: Bot,
    i18n: I18n,
) -> None:
    """Change somebody who is in already as an invitation says, or leave it for somebody else."""
    if not callback_data.is_wanted or employee.role is Role.ADMINISTRATOR:
        await show(query, staff_views.invite_left())
        return
    await invites.accept(
        callback_data.token,
        tg_id=employee.tg_id,
        name=employee.name,
        language=employee.language,
        page_size=employee.page_size,
        now=clock(),
        is_confirmed=True,
    )
    person = await employees.get(employee.id)
    await _greet(query, person, bot, i18n, note=staff_views.invite_gave(employee, person))


async def help_command(message: Message, employee: Employee) -> None:
    await show(message, views.help_text(employee), keyboards.help_page())


async def help_pressed(query: CallbackQuery, callback_data: HelpPage, employee: Employee) -> None:
    if callback_data.signs:
        await show(query, views.signs_text(), keyboards.signs())
    else:
        await show(query, views.help_text(employee), keyboards.help_page())


async def _greet(
    event: Event, employee: Employee, bot: Bot, i18n: I18n, *, note: str | None = None
) -> None:
    with i18n.use_locale(employee.language):
        await show(event, views.greeting(employee, note=note), keyboards.greeting())
    await set_menu(bot, i18n, employee)
