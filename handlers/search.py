"""Looking for calls: by a command, or by simply sending a number, a name, a word."""

from dataclasses import dataclass

from aiogram import Bot, F, Router
from aiogram.filters import Command, CommandObject
from aiogram.types import Message

from bot.config.settings import Settings
from bot.domain.audit import AuditKind, By
from bot.domain.clock import Clock
from bot.domain.log_views import LogView
from bot.domain.people import Employee
from bot.domain.search import Query, Unclear, read_query
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
    router.message.register(text_sent, Where(F.text), _is_no_command)
    return router


@dataclass(frozen=True, slots=True)
class SearchScreens:
    """Built once, with the dispatcher."""

    log_screens: LogScreens
    audit: AuditRepo
    settings: Settings
    clock: Clock

    def read(self, text: str) -> Query | Unclear:
        return read_query(text, self.settings.number_plan)

    def is_number(self, text: str) -> bool:
        """Whether a text is a number to be looked for, or digits of one."""
        query = self.read(text)
        return isinstance(query, Query) and bool(query.digits)

    async def show(self, message: Message, text: str, employee: Employee) -> None:
        """Show the calls that a text finds, or why it can find none."""
        query = self.read(text)
        if isinstance(query, Unclear):
            await show(message, views.unclear(query))
            return
        by = By(employee.id, self.clock())
        await self.audit.note(AuditKind.LOOKED_UP, by, detail={"query": query.text})
        view = await self.log_screens.log_views.put(employee.id, LogView(query=query.text))
        await self.log_screens.show(message, LogPage(view=view), employee)


async def search_command(
    message: Message,
    command: CommandObject,
    employee: Employee,
    search_screens: SearchScreens,
    bot: Bot,
) -> None:
    if command.args is None:
        await ask(message, bot)
    else:
        await search_screens.show(message, command.args, employee)


async def ask(message: Message, bot: Bot) -> None:
    """Ask what to look for."""
    me = await bot.me()
    await show(message, views.ask(me.username if me.supports_inline_queries else None))


async def text_sent(message: Message, employee: Employee, search_screens: SearchScreens) -> None:
    await search_screens.show(message, message.text or "", employee)


async def _is_no_command(message: Message) -> bool:
    return not is_command(message)
