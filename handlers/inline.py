"""Finding calls from within any chat, `@bot 067…`, and what a shared card leads to.

The list is of the calls that the person who types may see. What is shared has a button for those
who may see the whole call; whether they may is asked when they press it.
"""

import re
from zoneinfo import ZoneInfo

from aiogram import Bot, F, Router
from aiogram.filters import CommandObject, CommandStart
from aiogram.types import (
    ChosenInlineResult,
    InlineQuery,
    InlineQueryResultArticle,
    InputTextMessageContent,
    Message,
)
from aiogram.utils.deep_linking import create_start_link

from bot.domain.audit import AuditKind, By
from bot.domain.calls import Call
from bot.domain.clock import Clock
from bot.domain.log import Key, LogFilter, Turn
from bot.domain.log_views import LogView
from bot.domain.people import Employee
from bot.domain.search import Unclear
from bot.telegram.filters import HasRole
from bot.telegram.links import CALL_ID, CALL_LINK, SEARCH_LINK, TO_CALL
from bot.telegram.reply import answer_inline
from bot.views import inline as views
from handlers.calls import CardScreens, show_card
from handlers.search import SearchScreens, ask
from handlers.start import stranger
from keyboards import inline as keyboards
from keyboards.callbacks import Card
from storage.audit import AuditRepo
from storage.journal import JournalRepo
from storage.viewed_log import ViewedLog

_AT_ONCE = 20
_STRANGERS_ASK_AGAIN = 60
"""Seconds: until then Telegram itself answers the same stranger's same words."""

_ID = re.compile(CALL_ID)
_OFFSET = re.compile(rf"([0-9]{{1,15}})\.({CALL_ID})")


def create_router() -> Router:
    router = Router(name=__name__)
    router.inline_query.register(find, HasRole())
    router.inline_query.register(stranger_asks)
    router.chosen_inline_result.register(note_shared, HasRole())
    to_call = CommandStart(deep_link=True, magic=F.args.regexp(rf"{TO_CALL.pattern}$"))
    to_search = CommandStart(deep_link=True, magic=F.args == SEARCH_LINK)
    router.message.register(open_shared, to_call, HasRole())
    router.message.register(ask, to_search, HasRole())
    for link in (to_call, to_search):
        router.message.register(stranger, link)
    return router


async def find(
    query: InlineQuery,
    employee: Employee,
    search_screens: SearchScreens,
    viewed_log: ViewedLog,
    journal: JournalRepo,
    audit: AuditRepo,
    bot: Bot,
) -> None:
    """List the calls that the words find, and without words the latest."""
    key, part = _key(query.offset), LogFilter()
    if text := query.query.strip():
        wanted = search_screens.read(text)
        if isinstance(wanted, Unclear):
            await answer_inline(query, [], words=views.nothing(wanted))
            return
        by = By(employee.id, search_screens.clock())  # with any offset: the person may forge it
        await audit.note_typed(by, wanted.text)
        part = await viewed_log.part(LogView(query=wanted.text), employee, now=by.at)
    turn = Turn.OLDER if key else Turn.FIRST
    page = await journal.page(employee.scope, part, turn=turn, key=key, size=_AT_ONCE)
    if page.is_beyond or not page.calls:
        await answer_inline(query, [], words="" if key else views.nothing(None))
        return
    now, zone = search_screens.clock(), search_screens.settings.zone
    results = [_result(call, await _link(bot, call), now, zone) for call in page.calls]
    last = page.keys[-1]
    further = f"{last.position}.{last.id}" if page.has_older else ""
    await answer_inline(query, results, next_offset=further)


async def stranger_asks(query: InlineQuery) -> None:
    await answer_inline(query, [], words=views.only_employees(), seconds=_STRANGERS_ASK_AGAIN)


async def note_shared(
    chosen: ChosenInlineResult,
    employee: Employee,
    journal: JournalRepo,
    audit: AuditRepo,
    clock: Clock,
) -> None:
    """Note that a card was shared. Telegram tells of it only after /setinlinefeedback."""
    found = _ID.fullmatch(chosen.result_id)
    calls = await journal.list_visible([int(found[0])] if found else [], employee.scope)
    for call in calls.values():
        by = By(employee.id, clock())
        await audit.note(AuditKind.SHARED, by, call=call.id, number=call.client)


async def open_shared(
    message: Message, command: CommandObject, employee: Employee, card_screens: CardScreens
) -> None:
    """Show the card of a call that somebody shared, to one who may see it."""
    call = int((command.args or "").removeprefix(CALL_LINK))
    card = await card_screens.card(Card(call=call), employee)
    await show_card(message, card)


def _result(call: Call, link: str, now: int, zone: ZoneInfo) -> InlineQueryResultArticle:
    title, description = views.row(call, now=now, zone=zone)
    text = views.shared(call, now=now, zone=zone)
    return InlineQueryResultArticle(
        id=str(call.id),
        title=title,
        description=description,
        input_message_content=InputTextMessageContent(message_text=text),
        reply_markup=keyboards.shared(link),
    )


async def _link(bot: Bot, call: Call) -> str:
    return await create_start_link(bot, f"{CALL_LINK}{call.id}")


def _key(offset: str) -> Key | None:
    """The last call of the list that Telegram wants to go on; None: none was listed yet."""
    found = _OFFSET.fullmatch(offset)
    return Key(int(found[1]), int(found[2])) if found else None
