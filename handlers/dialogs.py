"""Questions that wait for an answer: how every dialog is begun, answered and left.

A screen asks with `ask` or `ask_in_own_chat` and registers its answers with `register_answers`.
The rules are the same for all screens:

- The state of aiogram's FSM names the question that waits (a step), and its data is a `Dialog`
  (handlers/dialog_state). Both are in the database, so a dialog survives a restart.
- ✖️ and `/cancel` lead back to where the question was asked; `/cancel` only leaves the dialog of
  a screen that has no such way.
- Every other command leaves it; so does a button of another message that opens a card or a page
  of settings (handlers/left_dialogs), or asks something else, and then the question goes. A text
  sent after that, or as a reply to a question that was left, is answered by the words that it was
  not saved. Pages, and the actions of alerts, do not touch it.
- What a person does in all chats is handled one after another (bot/telegram/isolation): a press
  in a group opens or leaves the dialog in their own chat as if it were pressed there. A text that
  was sent before such a press answers what was asked before it (handlers/earlier_answers).
- A dialog is left, and the messages that asked are deleted, only after the next screen is shown:
  an answer that comes again, because the bot was killed, must find its dialog.
- A button of a question that is pressed again leaves what the first press has shown.
- An answer that is refused leaves the dialog too: it would be refused for ever.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import Bot, F, Router
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot.domain.calls import COMMENT_LIMIT
from bot.domain.typed_times import UnreadableTimeError
from bot.telegram.errors import ShownLaterError
from bot.telegram.filters import Where
from bot.telegram.reply import Event, answer, remove, remove_from, say, show, write_to
from bot.views import dialogs as views
from bot.views import groups as group_views
from handlers.dialog_state import (
    Dialog,
    HasDraft,
    InDialog,
    OfQuestion,
    answered_by,
    dialog_data,
    messages_of,
    of_own_chat,
)
from handlers.earlier_answers import kept_aside
from keyboards import dialogs as keyboards
from keyboards.callbacks import DialogButton, DialogStep, unpacked
from storage.fsm import put

Handler = Callable[..., Awaitable[None]]


def register_answers(
    router: Router,
    step: State,
    *origins: type[CallbackData],
    answered: Handler,
    cancelled: Handler | None,
    accepted: Handler | None = None,
    without_text: Handler | None = None,
) -> None:
    """Route what is written and pressed while the question of this step waits.

    Every handler gets the `dialog`.

    `answered` takes the answer, a text; `without_text` stickers, photos and the like; None: they
    are told that a text is expected. `cancelled`, for `/cancel` and ✖️, takes either kind of
    event; None leaves both to other handlers. `accepted` takes the press of the question's own
    SAVE button, and the `draft` it is about.
    """
    waiting = InDialog(step, *origins)
    if cancelled:
        is_cancel = DialogButton.filter(F.step == DialogStep.CANCEL)
        router.message.register(cancelled, Command("cancel"), waiting)
        router.callback_query.register(cancelled, is_cancel, waiting)
    if accepted:
        is_save = DialogButton.filter(F.step == DialogStep.SAVE)
        router.callback_query.register(accepted, is_save, waiting, OfQuestion(), HasDraft())
    router.message.register(said_to_another_question, waiting, _replies_to_another_question)
    router.message.register(without_text or not_a_text, waiting, Where(~F.text))
    router.message.register(answered, ~Command("cancel"), waiting)


async def ask(
    query: CallbackQuery,
    state: FSMContext,
    step: State,
    origin: CallbackData,
    text: str,
    markup: InlineKeyboardMarkup,
) -> None:
    """Ask in place of the screen whose button, `origin`, was pressed.

    The dialog begins first: Telegram may show the question and its answer to us be lost. The
    question of an earlier dialog goes.
    """
    earlier = await messages_of(state)
    await _begin(state, step, origin, query.message.message_id if query.message else None)
    await show(query, text, markup)
    await remove(query, earlier - {query.message.message_id if query.message else 0})


async def ask_below(
    message: Message,
    state: FSMContext,
    step: State,
    origin: CallbackData,
    draft: str,
    text: str,
    markup: InlineKeyboardMarkup,
) -> None:
    """Ask about a message that came unasked; `draft`: what a press is to decide about."""
    asked = await say(message, text, markup)
    await put(state, step, dialog_data(origin, (asked.message_id,) if asked else (), draft))


async def go_on(event: Event, state: FSMContext, step: State, origin: CallbackData) -> None:
    """Go to a step that asks nothing yet: what may follow an answer."""
    await put(state, step, dialog_data(origin, (), None) | answered_by(event))


async def ask_in_own_chat(
    query: CallbackQuery,
    bot: Bot,
    state: FSMContext,
    step: State,
    origin: CallbackData,
    text: str,
    markup: InlineKeyboardMarkup,
) -> None:
    """Ask in a new message in the person's own chat, also if the button was pressed in a group.

    A person who has not opened that chat yet is told to.
    """
    chat_id = query.from_user.id
    try:
        asked = await write_to(bot, chat_id, text, markup)
    except ShownLaterError:
        message_id = None
    else:
        if asked is None:
            await answer(query, group_views.start_me_first(), alert=True)
            return
        message_id = asked.message_id
    is_here = query.message is not None and query.message.chat.id == chat_id
    await answer(query, None if is_here else views.in_own_chat())
    own = of_own_chat(state, query)
    earlier = await messages_of(own)
    messages = () if message_id is None else (message_id,)
    stored = dialog_data(origin, messages, None, since=message_id or 0)
    if earlier and message_id:
        stored |= await kept_aside(own)
    await put(own, step, stored)
    await remove_from(bot, chat_id, earlier)


async def text_to_keep(message: Message, dialog: Dialog[Any]) -> str | None:
    """The text sent, of at most COMMENT_LIMIT characters; None: the person was told what is wrong.

    The beginning of a longer text is kept as the draft, to be accepted by a press.
    """
    text = (message.text or "").strip()
    if not text:
        await message.answer(views.empty_text(), reply_markup=keyboards.cancel())
        return None
    if len(text) > COMMENT_LIMIT:
        asked = await say(message, views.too_long(text), keyboards.save_beginning())
        await dialog.keep(text[:COMMENT_LIMIT], asked=asked)
        return None
    return text


async def not_understood(message: Message, error: UnreadableTimeError) -> None:
    """Say which piece of a typed time cannot be read; the question goes on waiting."""
    await message.answer(views.not_understood(error.piece), reply_markup=keyboards.cancel())


async def not_a_text(message: Message) -> None:
    await show(message, views.not_a_text())


async def text_expected(message: Message) -> None:
    await message.answer(views.text_expected(), reply_markup=keyboards.cancel())


async def said_to_another_question(message: Message) -> None:
    """Say that the answer to a question that was left was not saved; the present one waits on."""
    await show(message, views.was_left())


async def _replies_to_another_question(message: Message, dialog: Dialog[Any]) -> bool:
    """Whether it answers a question that was left, or came before the present one was asked."""
    if message.message_id < dialog.since:
        return True
    replied = message.reply_to_message
    if replied is None or replied.message_id in dialog.messages:
        return False
    rows = replied.reply_markup.inline_keyboard if replied.reply_markup else []
    data = (button.callback_data or "" for row in rows for button in row)
    return any(unpacked(DialogButton, one) for one in data)


async def _begin(
    state: FSMContext, step: State, origin: CallbackData, message_id: int | None
) -> None:
    messages = () if message_id is None else (message_id,)
    await put(state, step, dialog_data(origin, messages, None))
