"""Which message shows a card is noted as handlers show things: see storage/open_cards.

- A screen that is a card is shown within `drawing`; the message it is in is noted then.
- Anything else shown in the place of a card has the message forgotten first: should the bot die in
  between, a card is kept true no more, and never does one cover a newer screen.
- Whether the pressed message shows a card is read along with the person who pressed
  (PersonMiddleware), under the hold of their chat; so pages and menus cost no statement more.
- In groups no cards are shown.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from aiogram import Bot
from aiogram.client.session.middlewares.base import (
    BaseRequestMiddleware,
    NextRequestMiddlewareType,
)
from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import (
    EditMessageReplyMarkup,
    EditMessageText,
    Response,
    SendMessage,
    TelegramMethod,
)
from aiogram.methods.base import TelegramType
from aiogram.types import Message

from bot.domain.clock import Clock
from bot.domain.errors import StorageError
from bot.telegram.errors import is_unchanged
from storage.open_cards import DrawnCard, OpenCardRepo

log = logging.getLogger(__name__)

_drawn: ContextVar[DrawnCard | None] = ContextVar("drawn", default=None)
_pressed: ContextVar[tuple[int, int] | None] = ContextVar("pressed", default=None)


@contextmanager
def drawing(card: DrawnCard) -> Iterator[None]:
    """What is shown in this block is the card."""
    token = _drawn.set(card)
    try:
        yield
    finally:
        _drawn.reset(token)


@contextmanager
def pressing(chat_id: int, message_id: int) -> Iterator[None]:
    """A button of the message, which shows a card, was pressed; what comes of it is this block."""
    token = _pressed.set((chat_id, message_id))
    try:
        yield
    finally:
        _pressed.reset(token)


def drawn_card() -> DrawnCard | None:
    """The card that is being shown."""
    return _drawn.get()


class OpenCardsMiddleware(BaseRequestMiddleware):
    """Notes which messages show a card, and which no longer do."""

    def __init__(self, open_cards: OpenCardRepo, *, clock: Clock) -> None:
        self._open_cards = open_cards
        self._clock = clock

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        shows = isinstance(method, SendMessage | EditMessageText | EditMessageReplyMarkup)
        card = _drawn.get() if shows else None
        place = getattr(method, "chat_id", 0), getattr(method, "message_id", 0)
        if shows and card is None and place == _pressed.get():
            await self._forget(*place)
        try:
            response = await make_request(bot, method)
        except TelegramBadRequest as error:
            if card and is_unchanged(error):
                await self._note(*place, card)
            raise
        shown: object = response  # aiogram's types say Response; what comes is its result
        if card:
            if isinstance(shown, Message):
                place = shown.chat.id, shown.message_id
            await self._note(*place, card)
        return response

    async def _note(self, chat_id: int, message_id: int, card: DrawnCard) -> None:
        if chat_id < 0:
            return
        try:
            await self._open_cards.note(chat_id, message_id, card, now=self._clock())
        except StorageError as error:
            log.error("an open card cannot be noted", exc_info=error)

    async def _forget(self, chat_id: int, message_id: int) -> None:
        try:
            await self._open_cards.forget(chat_id, message_id)
        except StorageError as error:
            log.error("an open card cannot be forgotten", exc_info=error)
