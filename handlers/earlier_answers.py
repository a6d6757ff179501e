"""A text answers the question that its writer saw, not one asked while it was on its way.

A press in a group may ask in the person's own chat, where they are answering something else, and
Telegram tells of both in any order. The dialog left so is kept aside in the data of the new one:
a text that was sent before the new question is handled in it, and the new question waits on.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from aiogram import BaseMiddleware
from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.types import Message, TelegramObject

from bot.telegram.filters import is_command
from storage.fsm import put


async def kept_aside(state: FSMContext) -> dict[str, Any]:
    """The dialog in progress, to be kept in the data of the one that takes its place."""
    data = await state.get_data()
    data.pop("earlier", None)
    return {"earlier": {"state": await state.get_state(), "data": data}}


class AnswerEarlier(BaseMiddleware):
    """Hands a text to the dialog kept aside if the new question came `since` it was sent."""

    async def __call__(
        self,
        handler: Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]],
        event: TelegramObject,
        data: dict[str, Any],
    ) -> Any:
        if data.get("raw_state") is None or not isinstance(event, Message) or is_command(event):
            return await handler(event, data)
        state: FSMContext = data["state"]
        stored = await state.get_data()
        earlier = stored.get("earlier")
        if earlier is None or event.message_id >= stored.get("since", 0):
            return await handler(event, data)
        aside = FSMContext(MemoryStorage(), state.key)
        await put(aside, earlier["state"], earlier["data"])
        try:
            return await handler(event, {**data, "state": aside, "raw_state": earlier["state"]})
        finally:
            left = {"earlier": {"state": await aside.get_state(), "data": await aside.get_data()}}
            await state.set_data({**stored, **left})
