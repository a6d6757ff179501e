"""The last router: strangers, unknown words, stale buttons, errors."""

import logging

from aiogram import F, Router
from aiogram.enums import ChatType
from aiogram.exceptions import (
    AiogramError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.filters import ExceptionTypeFilter
from aiogram.types import CallbackQuery, ErrorEvent, Message, Update

from bot.domain.errors import AppError, HeldUpError, NoAccessError
from bot.domain.people import Employee
from bot.telegram.errors import ShownLaterError, is_closed
from bot.telegram.filters import Where, is_command
from bot.telegram.reply import answer, show
from bot.views import dialogs, refusals
from keyboards.callbacks import Nothing

log = logging.getLogger(__name__)


def create_router() -> Router:
    router = Router(name=__name__)
    router.callback_query.register(nothing, Nothing.filter())
    router.callback_query.register(stale_button)
    router.message.register(unknown_message)
    router.edited_message.register(edited_message, Where(F.text))
    router.error.register(failed, ~ExceptionTypeFilter(HeldUpError))  # it comes again
    return router


async def nothing(query: CallbackQuery) -> None:
    await answer(query)


async def stale_button(query: CallbackQuery, employee: Employee | None) -> None:
    if employee is None:
        log.warning("a button was pressed by a stranger or a blocked person")
        await answer(query, refusals.refusal(NoAccessError()), alert=True)
        return
    await answer(query, refusals.stale_button())


async def unknown_message(message: Message, employee: Employee | None) -> None:
    if employee is None:
        await show(message, refusals.stranger())
    elif is_command(message):
        await show(message, refusals.unknown_command())
    else:
        await show(message, refusals.unexpected())


async def edited_message(message: Message, employee: Employee | None) -> None:
    if employee:
        await show(message, dialogs.edited())


async def failed(event: ErrorEvent, employee: Employee | None = None) -> None:
    """Tell the person what an error may tell, and the log the rest; a group's talk, nothing.

    Where nothing can be written now, only the pressed button can be answered; and if that, or the
    words for the error, cannot be told either, that is a line of the log and no new error.
    """
    error, update = event.exception, event.update
    if isinstance(error, NoAccessError):
        who = employee.id if employee else None
        pressed = update.callback_query.data if update.callback_query else None
        log.warning("refused to employee %s: %s, %r", who, error, pressed)
    elif is_closed(error):
        log.info("update %d: its chat cannot be written to", update.update_id)
    elif isinstance(error, TelegramNetworkError | TelegramServerError):
        log.warning("update %d: no answer of Telegram: %s", update.update_id, _brief(error))
    elif not isinstance(error, AppError | TelegramRetryAfter):
        log.error("update %d failed", update.update_id, exc_info=error)
    try:
        await _tell(update, error)
    except AiogramError as failure:
        log.info("update %d: the refusal cannot be told: %s", update.update_id, _brief(failure))


async def _tell(update: Update, error: Exception) -> None:
    query, message = update.callback_query, update.message
    is_mute = is_closed(error) or isinstance(error, TelegramRetryAfter)
    if query:
        if isinstance(error, ShownLaterError):
            await answer(query, refusals.shown_later(error.retry_after))
        else:
            await answer(query, refusals.refusal(error), alert=True)
    elif message and message.chat.type == ChatType.PRIVATE and not is_mute:
        await show(message, refusals.refusal(error))


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
