"""Showing a screen: a command answers with a message, a button changes the message it is on.

What Telegram wants later is shown later (bot/telegram/delayed_screens); for a screen it counts as
shown.
"""

from collections.abc import Collection, Sequence
from contextlib import suppress

from aiogram import Bot
from aiogram.exceptions import (
    AiogramError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramRetryAfter,
)
from aiogram.types import (
    CallbackQuery,
    InlineKeyboardMarkup,
    InlineQuery,
    InlineQueryResultsButton,
    InlineQueryResultUnion,
    Message,
)

from bot.telegram.errors import ShownLaterError, is_closed, is_gone, is_too_old, is_unchanged
from bot.telegram.links import SEARCH_LINK
from bot.views import refusals

Event = Message | CallbackQuery
"""What a person did: a command or an answer, or the press of a button."""


async def show(
    event: Event,
    text: str,
    markup: InlineKeyboardMarkup | None = None,
    *,
    toast: str | None = None,
) -> None:
    """Answer with a screen: a new message to a message, in place of the pressed one to a press.

    `toast`: the short words over the chat, for a press alone. A screen that already looks so is
    a success; one whose message is gone is sent anew.
    """
    if isinstance(event, Message):
        await say(event, text, markup)
        return
    try:
        await _show_in_place(event, text, markup)
    except ShownLaterError as error:
        toast = toast or refusals.shown_later(error.retry_after)
    await answer(event, toast)


async def say(
    message: Message, text: str, markup: InlineKeyboardMarkup | None = None
) -> Message | None:
    """Answer with a new message. None: Telegram wants it later."""
    try:
        return await message.answer(text, reply_markup=markup)
    except ShownLaterError:
        return None


async def answer(query: CallbackQuery, toast: str | None = None, *, alert: bool = False) -> None:
    """Stop the spinner of the pressed button, with a toast or without; too late is no error.

    `alert`: the toast is a window that the person has to close.
    """
    try:
        await query.answer(toast, show_alert=alert)
    except TelegramRetryAfter:
        return
    except TelegramBadRequest as error:
        if not is_too_old(error):
            raise


async def answer_inline(
    query: InlineQuery,
    results: Sequence[InlineQueryResultUnion],
    *,
    words: str = "",
    next_offset: str = "",
    seconds: int = 0,
) -> None:
    """Answer what somebody types after the bot's name in any chat; too late is no error.

    `words`: a line above the list, of at most 64 characters, that leads to the search. `seconds`
    for which Telegram may give the same answer to the same person without asking again: rights
    change, so an employee's is asked for anew each time.
    """
    line = InlineQueryResultsButton(text=words, start_parameter=SEARCH_LINK) if words else None
    try:
        await query.answer(
            list(results),
            cache_time=seconds,
            is_personal=True,
            next_offset=next_offset,
            button=line,
        )
    except TelegramRetryAfter:
        return
    except TelegramBadRequest as error:
        if not is_too_old(error):
            raise


async def write_to(
    bot: Bot, chat_id: int, text: str, markup: InlineKeyboardMarkup | None = None
) -> Message | None:
    """Send a message to a chat. None if that is not allowed.

    A person has never started the bot, or has blocked it; a group does not let it speak. Raises
    ShownLaterError if Telegram wants it later.
    """
    try:
        return await bot.send_message(chat_id, text, reply_markup=markup)
    except (TelegramForbiddenError, TelegramBadRequest) as error:
        if not is_closed(error):
            raise
        return None


async def take_buttons_away(message: Message) -> None:
    """Leave a message without buttons; that they are gone, or the group has moved, is as good."""
    with suppress(AiogramError):
        await message.edit_reply_markup()


async def remove(event: Event, message_ids: Collection[int]) -> None:
    """Delete messages of ours from the chat of the event; those that cannot be are let be."""
    message = event if isinstance(event, Message) else event.message
    if message and message.bot:
        await remove_from(message.bot, message.chat.id, message_ids)


async def remove_from(bot: Bot, chat_id: int, message_ids: Collection[int]) -> None:
    """Delete messages of ours from a chat; those that cannot be are let be."""
    if message_ids:
        with suppress(AiogramError):
            await bot.delete_messages(chat_id, list(message_ids))


async def _show_in_place(
    query: CallbackQuery, text: str, markup: InlineKeyboardMarkup | None
) -> None:
    if isinstance(query.message, Message):
        try:
            await query.message.edit_text(text, reply_markup=markup)
        except TelegramBadRequest as error:
            if is_unchanged(error):
                return
            if not is_gone(error):
                raise
            await query.message.answer(text, reply_markup=markup)
    elif query.message is not None:
        await query.message.answer(text, reply_markup=markup)
