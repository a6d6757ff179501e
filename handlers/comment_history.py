"""What a call's comment was before, from the call's card, for all who see the call."""

from aiogram import Router
from aiogram.types import CallbackQuery

from bot.domain.people import Employee
from bot.telegram.filters import HasRole
from bot.telegram.reply import show
from bot.views import comment_history as views
from handlers.calls import CardScreens
from keyboards import calls as keyboards
from keyboards.callbacks import CommentHistory
from storage.comments import CommentRepo


def create_router() -> Router:
    router = Router(name=__name__)
    router.callback_query.filter(HasRole())
    router.callback_query.register(show_history, CommentHistory.filter())
    return router


async def show_history(
    query: CallbackQuery,
    callback_data: CommentHistory,
    employee: Employee,
    comments: CommentRepo,
    card_screens: CardScreens,
) -> None:
    call = await card_screens.journal.get(callback_data.call, employee.scope)
    changes = await comments.list_changes(call.id, limit=views.SHOWN)
    now, zone = card_screens.clock(), card_screens.settings.zone
    text = views.comment_history(call, changes, now=now, zone=zone)
    await show(query, text, keyboards.comment_history(callback_data))
