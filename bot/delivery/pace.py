"""How fast Telegram lets a bot speak: 30 messages a second over all, 1 a second in a chat, 20 a
minute in a group. Kept without being told, with a little room for the jitter of the network.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from aiogram import Bot
from aiogram.client.session.middlewares.base import (
    BaseRequestMiddleware,
    NextRequestMiddlewareType,
)
from aiogram.exceptions import TelegramRetryAfter
from aiogram.methods import Response, SendChatAction, TelegramMethod
from aiogram.methods.base import TelegramType

OVERALL = 1 / 29
IN_CHAT = 1.05
GROUP_MESSAGES = 20
GROUP_SECONDS = 61.0


class Pace:
    """Says when a chat may be written to. Times are seconds of a monotonic clock."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self._next = 0.0
        self._chats: dict[int, float] = {}
        self._groups: dict[int, deque[float]] = {}
        self._taken: set[int] = set()

    def closed(self) -> dict[int, float]:
        """The chats that may not be written to yet, and when they may."""
        now = self.now()
        self._chats = {chat: moment for chat, moment in self._chats.items() if moment > now}
        return self._chats

    def close(self, chat_id: int, seconds: float) -> None:
        """Telegram, or a failure, asks to leave this chat alone for a while."""
        moment = self.now() + seconds
        self._chats[chat_id] = max(moment, self._chats.get(chat_id, 0.0))

    async def turn(self, chat_id: int, *, is_edit: bool = False) -> None:
        """Wait for the next free moment over all, and take it for this chat."""
        wait = max(0.0, self._next - self.now())
        if not is_edit:
            self._taken.add(chat_id)
        self._count(chat_id, wait)
        await asyncio.sleep(wait)

    def spoke(self, chat_id: int) -> None:
        """A message leaves for this chat; it is counted unless its turn was waited for."""
        if chat_id in self._taken:
            self._taken.discard(chat_id)
        else:
            self._count(chat_id)

    def _count(self, chat_id: int, wait: float = 0.0) -> None:
        """A message leaves for this chat in `wait` seconds."""
        now = self.now()
        self._next = max(now, self._next) + OVERALL
        self.close(chat_id, wait + IN_CHAT)
        if chat_id < 0:
            sent = self._groups.setdefault(chat_id, deque(maxlen=GROUP_MESSAGES))
            sent.append(now + wait)
            if len(sent) == GROUP_MESSAGES:
                self.close(chat_id, sent[0] + GROUP_SECONDS - now)


class SpeakMiddleware(BaseRequestMiddleware):
    """Counts what the screens send too and hears every 429; a screen itself never waits."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        chat_id = getattr(method, "chat_id", None)
        is_message = method.__api_method__.startswith("send")
        if is_message and isinstance(chat_id, int) and not isinstance(method, SendChatAction):
            self._pace.spoke(chat_id)
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as error:
            if isinstance(chat_id, int):
                self._pace.close(chat_id, error.retry_after)
            raise
