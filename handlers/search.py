"""Looking for calls: by a command, or by simply sending a number, a name, a word."""

from aiogram import F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from bot.config.settings import Settings
from bot.domain.audit import AuditKind, By
from bot.domain.clock import Clock
from bot.domain.log_views import LogView
from bot.domain.people import Employee
from bot.domain.search import Unclear, read_query
from bot.telegram.filters import HasRole, Where, is_command
from bot.telegram.reply import show
from bot.views import search as views
from handlers.log_screens import LogScreens
from keyboards.callbacks import LogPage
from storage.audit import AuditRepo


def create_router() -> Router:
    """It takes any text that nothing has asked for: it stands behind all screens."""
    router = Router(name=__name__)
    router.message.filter(HasRole())
    router.message.register(search_command, Command("search"))
    router.message.register(text_sent, Where(F.text), ~Where(F.via_bot), _is_no_command)
    return router


async def search_command(
    message: Message,
    command: CommandObject,
    employee: Employee,
    log_screens: LogScreens,
    audit: AuditRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    if command.args is None:
        await show(message, views.ask())
    else:
        await _search(message, command.args, employee, log_screens, audit, settings, clock)


async def text_sent(
    message: Message,
    employee: Employee,
    log_screens: LogScreens,
    audit: AuditRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    await _search(message, message.text or "", employee, log_screens, audit, settings, clock)


async def _search(
    message: Message,
    text: str,
    employee: Employee,
    log_screens: LogScreens,
    audit: AuditRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    query = read_query(text, settings.number_plan)
    if isinstance(query, Unclear):
        await show(message, views.unclear(query))
        return
    by = By(employee.id, clock())
    await audit.note(AuditKind.LOOKED_UP, by, detail={"query": query.text})
    view = await log_screens.log_views.put(employee.id, LogView(query=query.text))
    await log_screens.show(message, LogPage(view=view), employee)


async def _is_no_command(message: Message) -> bool:
    return not is_command(message)
