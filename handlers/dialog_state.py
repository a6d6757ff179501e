"""A dialog in progress: what is kept of it, and the filters that read it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from aiogram.filters import Filter
from aiogram.filters.callback_data import CallbackData
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.types import CallbackQuery, Message, TelegramObject

from bot.telegram.reply import Event, remove
from keyboards.callbacks import DialogButton, unpacked
from storage.fsm import put

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
        stored = dialog_data(origin or self.origin, messages, draft, since=self.since)
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
        await put(self.state, None, answered_by(event))
        shown = event.message if isinstance(event, CallbackQuery) else None
        await remove(event, [one for one in self.messages if not shown or one != shown.message_id])


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


async def adopt(state: FSMContext, message_id: int, buttons: str | None) -> None:
    """Count a message that Telegram let us show later among those that ask, if a question waits.

    `buttons`: its keyboard as JSON. Those that ask have a button of a dialog; a menu that came
    meanwhile has none.
    """
    if f'"{DialogButton.__prefix__}:' not in (buttons or ""):
        return
    match await state.get_data():
        case {"messages": [*messages]} as data if await state.get_state() is not None:
            await state.set_data({**data, "messages": [*messages, message_id]})


def answered_by(event: Event) -> dict[str, Any]:
    """What is kept of a question that a press has answered: the message shows what came of it."""
    message = event.message if isinstance(event, CallbackQuery) else None
    return {"answered": message.message_id} if message else {}


async def is_answered(state: FSMContext, query: CallbackQuery) -> bool:
    """Whether the pressed message was the question answered last, by a press of its buttons."""
    answered = (await state.get_data()).get("answered")
    return query.message is not None and query.message.message_id == answered


def of_own_chat(state: FSMContext, query: CallbackQuery) -> FSMContext:
    """The dialog in the person's own chat, also if the button was pressed in a group."""
    key = replace(state.key, chat_id=query.from_user.id, thread_id=None)
    return FSMContext(state.storage, key)


async def messages_of(state: FSMContext) -> set[int]:
    """The ids of the messages that ask, if a question waits."""
    if await state.get_state() is None:
        return set()
    match await state.get_data():
        case {"messages": [*messages]}:
            return {one for one in messages if isinstance(one, int)}
    return set()


def dialog_data(
    origin: CallbackData, messages: tuple[int, ...], draft: str | None, *, since: int = 0
) -> dict[str, Any]:
    """What is stored of a dialog."""
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
