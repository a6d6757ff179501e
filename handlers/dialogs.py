"""Questions that wait for an answer: how every dialog is begun, answered and left.

A screen asks with `ask` or `ask_in_own_chat` and registers its answers with `register_answers`.
The rules are the same for all screens:

- The state of aiogram's FSM names the question that waits (a step), and its data is a `Dialog`.
  Both are in the database, so a dialog survives a restart.
- ✖️ and `/cancel` lead back to where the question was asked; `/cancel` only leaves the dialog of
  a screen that has no such way.
- Every other command leaves it (`LeaveDialog`); so does a button of another message that opens a
  card or a page of settings (`LeaveByPress`), or asks something else, and then the question goes.
  A text sent after that, or as a reply to a question that was left, is answered by the words that
  it was not saved. Pages, and the actions of alerts, do not touch it.
- What a person does in all chats is handled one after another (bot/telegram/isolation): a press
  in a group opens or leaves the dialog in their own chat as if it were pressed there. A text that
  was sent before such a press answers what was asked before it (handlers/earlier_answers).
- A dialog is left, and the messages that asked are deleted, only after the next screen is shown:
  an answer that comes again, because the bot was killed, must find its dialog.
- An answer that is refused leaves the dialog too: it would be refused for ever.
- The router of this module stands behind all screens. It takes the buttons of questions that are
  over, and answers to questions that no screen knows any more, and says that nothing was changed.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from aiogram import BaseMiddleware, Bot, F, Router
from aiogram.filters import Command, Filter
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message, TelegramObject

from bot.domain.calls import COMMENT_LIMIT
from bot.domain.errors import AppError
from bot.domain.typed_times import UnreadableTimeError
from bot.telegram.errors import ShownLaterError
from bot.telegram.filters import HasRole, is_command
from bot.telegram.middlewares import LEFT
from bot.telegram.reply import Event, answer, remove, remove_from, say, show, write_to
from bot.views import dialogs as views
from bot.views import groups as group_views
from bot.views import start as start_views
from handlers.earlier_answers import kept_aside
from keyboards import dialogs as keyboards
from keyboards.callbacks import (
    AlertCard,
    Card,
    CaseButton,
    CaseStep,
    CompanyMenu,
    ContactButton,
    ContactStep,
    DialogButton,
    DialogStep,
    DigestMenu,
    InviteStart,
    NoHours,
    QuietMenu,
    ReadyText,
    SettingsMenu,
    StaffButton,
    StaffPage,
)
from storage.fsm import clear, put

Handler = Callable[..., Awaitable[None]]

_OPENING: tuple[type[CallbackData], ...] = (
    AlertCard,
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

Origin = TypeVar("Origin", bound=CallbackData)


@dataclass(frozen=True, slots=True)
class Dialog(Generic[Origin]):
    """A dialog in progress.

    `origin`: the button that began it, which says what it is about and what to go back to.
    `messages`: the ids of our messages that ask. `draft`: a text that waits for a press.
    `since`: the id of the question, if a press in another chat asked it while the person may have
    been writing here; a text with a lower id is no answer to it.
    """

    origin: Origin
    messages: tuple[int, ...]
    draft: str | None
    state: FSMContext
    since: int = 0

    async def keep(
        self,
        draft: str,
        *,
        asked: Message | None = None,
        origin: Origin | None = None,
        step: State | None = None,
    ) -> None:
        """Keep a text until a press decides about it. `asked`: one more message that asks.

        `step`: the question that waits now, if it is another one.
        """
        messages = (*self.messages, asked.message_id) if asked else self.messages
        stored = _stored(origin or self.origin, messages, draft, since=self.since)
        if step:
            await put(self.state, step, stored)
        else:
            await self.state.set_data(stored)

    @asynccontextmanager
    async def ending(self, event: Event) -> AsyncIterator[None]:
        """Leave the dialog when the block has done what the answer asks and shown the next screen.

        What is refused leaves it too: see LeaveWhenRefused.
        """
        yield
        await clear(self.state)
        shown = event.message if isinstance(event, CallbackQuery) else None
        await remove(event, [one for one in self.messages if not shown or one != shown.message_id])


class LeaveByPress(BaseMiddleware):
    """Leaves the dialog in a person's own chat when a button of another message opens a screen.

    The question goes after the screen is shown. What was typed and waits for a press (a text that
    was too long) stays to be read; its buttons say that it is over.
    """

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        if not isinstance(event, CallbackQuery) or not _opens_screen(event.data or ""):
            return await handler(event, data)
        own = _of_own_chat(data["state"], event)
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

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        try:
            return await handler(event, data)
        except AppError:
            if dialog := data.get("dialog"):
                await clear(dialog.state)
            raise


class InDialog(Filter):
    """Lets in what comes while the question of a step waits; gives the handler its `dialog`.

    `origins`: the kinds of buttons that ask this question.
    """

    def __init__(self, step: State, *origins: type[CallbackData]) -> None:
        self._step = step
        self._origins = origins

    async def __call__(
        self, event: TelegramObject, state: FSMContext, raw_state: str | None
    ) -> bool | dict[str, Any]:
        del event
        if raw_state is None or raw_state != self._step.state:
            return False
        dialog = _read(await state.get_data(), self._origins, state)
        return {"dialog": dialog} if dialog else False


class OfQuestion(Filter):
    """Lets in the buttons of this dialog's messages, not of an older one's; follows InDialog."""

    async def __call__(self, query: CallbackQuery, dialog: Dialog[Any]) -> bool:
        return query.message is not None and query.message.message_id in dialog.messages


class HasDraft(Filter):
    """Lets in a press about a text that is kept, and gives the handler that `draft`."""

    async def __call__(self, query: CallbackQuery, dialog: Dialog[Any]) -> bool | dict[str, str]:
        del query
        return {"draft": dialog.draft} if dialog.draft is not None else False


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
    router.message.register(without_text or not_a_text, ~F.text, waiting)
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
    earlier = await _messages_of(state)
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
    await put(state, step, _stored(origin, (asked.message_id,) if asked else (), draft))


async def go_on(state: FSMContext, step: State, origin: CallbackData) -> None:
    """Go to a step that asks nothing yet: what may follow an answer."""
    await _begin(state, step, origin, None)


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
    of_own_chat = _of_own_chat(state, query)
    earlier = await _messages_of(of_own_chat)
    messages = () if message_id is None else (message_id,)
    stored = _stored(origin, messages, None, since=message_id or 0)
    if earlier and message_id:
        stored |= await kept_aside(of_own_chat)
    await put(of_own_chat, step, stored)
    await remove_from(bot, chat_id, earlier)


async def adopt(state: FSMContext, message_id: int, buttons: str | None) -> None:
    """Count a message that Telegram let us show late among those that ask, if a question waits.

    `buttons`: its keyboard as JSON. Those that ask have a button of a dialog; a menu that came
    meanwhile has none.
    """
    if f'"{DialogButton.__prefix__}:' not in (buttons or ""):
        return
    match await state.get_data():
        case {"messages": [*messages]} as data if await state.get_state() is not None:
            await state.set_data({**data, "messages": [*messages, message_id]})


async def leave(state: FSMContext, steps: type[StatesGroup]) -> None:
    """Leave the dialog if it is at one of these steps; the dialog of another screen goes on."""
    if await state.get_state() in steps.__all_states_names__:
        await clear(state)


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


def create_router() -> Router:
    """Takes the answers and presses that no dialog has taken; stands behind all screens."""
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


async def said_to_another_question(message: Message) -> None:
    """Say that the answer to a question that was left was not saved; the present one waits on."""
    await show(message, views.was_left())


async def pressed_too_late(query: CallbackQuery) -> None:
    """Take the buttons off a question whose dialog was left by a command."""
    await show(query, views.is_over())


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


async def _is_in_dialog(message: Message, raw_state: str | None) -> bool:
    del message
    return raw_state is not None


async def _has_left(message: Message, state: FSMContext) -> bool:
    return not is_command(message) and await state.get_data() == LEFT


def _opens_screen(data: str) -> bool:
    for kind in _OPENING:
        button = unpacked(kind, data)
        if isinstance(button, CaseButton):
            return button.step is CaseStep.OPEN
        if isinstance(button, ContactButton):
            return button.step is ContactStep.OPEN
        if button is not None:
            return True
    return False


async def _leave_by(query: CallbackQuery, state: FSMContext, bot: Bot) -> None:
    if await state.get_state() is None:
        return
    messages = await _messages_of(state)
    if query.message and query.message.message_id in messages:
        return  # a way back of the question itself
    await put(state, None, LEFT if messages else {})
    if messages:
        await remove_from(bot, state.key.chat_id, {min(messages)})


def _of_own_chat(state: FSMContext, query: CallbackQuery) -> FSMContext:
    """The dialog in the person's own chat, also if the button was pressed in a group."""
    key = replace(state.key, chat_id=query.from_user.id, thread_id=None)
    return FSMContext(state.storage, key)


async def _messages_of(state: FSMContext) -> set[int]:
    """The ids of the messages that ask, if a question waits."""
    if await state.get_state() is None:
        return set()
    match await state.get_data():
        case {"messages": [*messages]}:
            return {one for one in messages if isinstance(one, int)}
    return set()


async def _begin(
    state: FSMContext, step: State, origin: CallbackData, message_id: int | None
) -> None:
    messages = () if message_id is None else (message_id,)
    await put(state, step, _stored(origin, messages, None))


def _stored(
    origin: CallbackData, messages: tuple[int, ...], draft: str | None, *, since: int = 0
) -> dict[str, Any]:
    stored = {"origin": origin.pack(), "messages": list(messages), "draft": draft}
    return stored | {"since": since} if since else stored


def _read(
    data: Mapping[str, Any], origins: tuple[type[CallbackData], ...], state: FSMContext
) -> Dialog[CallbackData] | None:
    """The stored dialog; None if it has another form, or another kind of button began it."""
    match data:
        case {"origin": str(packed), "messages": [*messages], "draft": None | str() as draft}:
            for kind in origins:
                if origin := unpacked(kind, packed):
                    return Dialog(origin, tuple(messages), draft, state, data.get("since", 0))
    return None


def unpacked(kind: type[CallbackData], packed: str) -> CallbackData | None:
    """The button of this kind that these data are; None: they are not."""
    try:
        return kind.unpack(packed)
    except (TypeError, ValueError):
        return None
