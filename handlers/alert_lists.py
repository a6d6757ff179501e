"""The buttons of a list of lost calls: its rows, and the way to the board.

The list grows while it is read, so nothing takes its place: a row opens its case, and the last
button the board, in a message below.
"""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from bot.domain.clock import Clock
from bot.domain.people import Employee
from bot.telegram.filters import HasRole
from bot.telegram.reply import answer
from bot.views import cases as views
from handlers.board import BoardScreens, missed_command
from keyboards.callbacks import BoardBelow, ListedCase
from storage.alert_lists import AlertLists
from storage.cases import CaseRepo


def create_router() -> Router:
    router = Router(name=__name__)
    router.callback_query.filter(HasRole())
    router.callback_query.register(open_listed, ListedCase.filter())
    router.callback_query.register(board_below, BoardBelow.filter())
    return router


async def open_listed(
    query: CallbackQuery,
    callback_data: ListedCase,
    employee: Employee,
    alert_lists: AlertLists,
    cases: CaseRepo,
    clock: Clock,
) -> None:
    """Let the Alerter send the case, which keeps that message true as it does every alert."""
    if query.message and query.message.chat.type == "private":
        await cases.get(callback_data.case, employee.scope)
    is_owed = query.message is not None and await alert_lists.open(
        callback_data.case,
        chat_id=query.message.chat.id,
        message_id=query.message.message_id,
        now=clock(),
    )
    await answer(query, None if is_owed else views.moved())


async def board_below(
    query: CallbackQuery, employee: Employee, board_screens: BoardScreens
) -> None:
    if isinstance(query.message, Message):
        await missed_command(query.message, employee, board_screens)
    await answer(query)
