"""How dialogs are left, and what is said of what comes after that.

The router of this module stands behind all screens. It takes the buttons of questions that are
over, and answers to questions that no screen knows any more, and says that nothing was changed.
"""

from typing import Any

from aiogram import BaseMiddleware, Bot, Router
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import StatesGroup
from aiogram.types import CallbackQuery, Message, TelegramObject

from bot.domain.errors import AppError
from bot.telegram.errors import ShownLaterError
from bot.telegram.filters import HasRole, is_command
from bot.telegram.middlewares import Handler
from bot.telegram.reply import answer, remove, remove_from, show
from bot.views import dialogs as views
from bot.views import start as start_views
from handlers.dialog_state import is_answered, messages_of, of_own_chat
from keyboards.callbacks import (
    AlertCard,
    BookButton,
    BookFile,
    BookPage,
    BookStep,
    Card,
    CaseButton,
    CaseStep,
    CompanyMenu,
    ContactButton,
    ContactStep,
    DialogButton,
    DigestMenu,
    InviteStart,
    NoHours,
    QuietMenu,
    ReadyText,
    SettingsMenu,
    StaffButton,
    StaffPage,
    unpacked,
)
from storage.fsm import clear, put

_CANCEL = Command("cancel")

_LEFT = {"left": True}
"""What is kept of a dialog that was left for another screen, until a text comes."""

_OPENING: tuple[type[CallbackData], ...] = (
    AlertCard,
    BookButton,
    BookFile,
    BookPage,
    Card,
    CaseButton,
    CompanyMenu,
    ContactButton,
    DigestMenu,
    InviteStart,
    QuietMenu,
    SettingsMenu,
    StaffButton,
    StaffPage,
)
"""Buttons that lead to something else than what a question of another message is about."""


class LeaveByCommand(BaseMiddleware):
    """Leaves the dialog in progress when a command comes, which is no answer to its question.

    The handlers of a dialog see every message while it is on; without this `/log` would become
    the text of a comment. `/cancel`, to us and not to another bot, is left to the dialog itself:
    see handlers/dialogs.
    """

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        is_asked = bool(data.get("raw_state"))
        if not is_asked or not isinstance(event, Message) or not is_command(event):
            return await handler(event, data)
        bot: Bot = data["bot"]
        if await _CANCEL(event, bot=bot):
            return await handler(event, data)
        state: FSMContext = data["state"]
        questions = (await state.get_data()).get("messages")
        await put(state, None, _LEFT if questions else {})
        data["raw_state"] = None
        return await handler(event, data)


class LeaveByPress(BaseMiddleware):
    """Leaves the dialog in a person's own chat when a button of another message opens a screen.

    The question goes after the screen is shown. What was typed and waits for a press (a text that
    was too long) stays to be read; its buttons say that it is over.
    """

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        if not isinstance(event, CallbackQuery):
            return await handler(event, data)
        state: FSMContext = data["state"]
        own = of_own_chat(state, event)
        is_none_on = own.key == state.key and data["raw_state"] is None
        if is_none_on or not _opens_screen(event.data or ""):
            return await handler(event, data)
        try:
            result = await handler(event, data)
        except ShownLaterError:
            await _leave_by(event, own, data["bot"])
            raise
        await _leave_by(event, own, data["bot"])
        return result


class LeaveWhenRefused(BaseMiddleware):
    """Leaves the dialog whose answer was refused by an AppError, or each further one were too.

    It is an inner middleware: what handles the answer was given its `dialog` by then.
    """

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        try:
            return await handler(event, data)
        except AppError:
            if dialog := data.get("dialog"):
                await clear(dialog.state)
            raise


async def leave(state: FSMContext, steps: type[StatesGroup]) -> None:
    """Leave the dialog if it is at one of these steps; the dialog of another screen goes on."""
    if await state.get_state() in steps.__all_states_names__:
        await clear(state)


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    router.message.register(cancel, Command("cancel"))
    router.message.register(said_too_late, _is_in_dialog)
    router.message.register(said_after_leaving, _has_left)
    for of_question in (DialogButton.filter(), ReadyText.filter(), NoHours.filter()):
        router.callback_query.register(pressed_too_late, of_question)
    return router


async def cancel(message: Message, state: FSMContext) -> None:
    """Of a screen without a way back of its own, or when nothing is asked."""
    is_begun, data = await state.get_state() is not None, await state.get_data()
    await clear(state)
    await show(message, start_views.cancelled() if is_begun else start_views.nothing_to_cancel())
    match data:
        case {"messages": [*asked]}:
            await remove(message, [one for one in asked if isinstance(one, int)])


async def said_too_late(message: Message, state: FSMContext) -> None:
    """Leave a dialog that no screen takes answers of.

    Another version of the bot began it, or the person's role has lost the screen since.
    """
    await clear(state)
    await show(message, views.is_over())


async def said_after_leaving(message: Message, state: FSMContext) -> None:
    """Say that a text was not saved whose question was left for another screen."""
    await clear(state)
    await show(message, views.was_left())


async def pressed_too_late(query: CallbackQuery, state: FSMContext) -> None:
    """Take the buttons off a question whose dialog was left by a command.

    Pressed twice, or told of twice by Telegram, it shows what came of the first press.
    """
    if await is_answered(state, query):
        await answer(query)
    else:
        await show(query, views.is_over())


async def _is_in_dialog(message: Message, raw_state: str | None) -> bool:
    del message
    return raw_state is not None


async def _has_left(message: Message, state: FSMContext) -> bool:
    return not is_command(message) and await state.get_data() == _LEFT


def _opens_screen(data: str) -> bool:
    for kind in _OPENING:
        button = unpacked(kind, data)
        if isinstance(button, CaseButton):
            return button.step is CaseStep.OPEN
        if isinstance(button, ContactButton):
            return button.step is ContactStep.OPEN
        if isinstance(button, BookButton):
            return button.step is BookStep.OPEN
        if button is not None:
            return True
    return False


async def _leave_by(query: CallbackQuery, state: FSMContext, bot: Bot) -> None:
    if await state.get_state() is None:
        return
    messages = await messages_of(state)
    if query.message and query.message.message_id in messages:
        return  # a way back of the question itself
    await put(state, None, _LEFT if messages else {})
    if messages:
        await remove_from(bot, state.key.chat_id, {min(messages)})
