"""How fast the bot writes to chats: no faster than Telegram permits.

- Telegram permits about 30 messages a second over all, 1 a second in a chat and 20 a minute in a
  group; more is answered by 429 and a time to wait. The constants leave room for the network.
- The Alerter's messages and edits count against all three. Messages that screens send are counted
  by PaceMiddleware when they leave, their edits are not; screens never wait, and
  those that Telegram wants later are shown later (bot/telegram/delayed_screens).
- In a group the first EVENLY_AFTER messages of a minute may come as fast as in any chat; from then
  on what is left of the 20 is spread over what is left of the minute, so that none is long silent.
- The Alerter waits in `wait_for_turn` until the bot may send its next message to anybody. Turns
  are given in the order of asking, one each OVERALL seconds.
- Nobody waits for a single chat: one that may not be written to yet is closed until a moment, and
  the Alerter picks messages of other chats meanwhile.
- Somebody who presses on and on keeps alerts out of their chat for BY_SCREENS at the most: what is
  too soon then Telegram puts off by a 429.
- A 429, whoever gets it, closes the chat for as long as Telegram asks; a failure to send closes it
  for a while too.
- All of this is in memory only: after a restart a 429 of Telegram says which chat is closed. So it
  does where screens of other processes have used up what a chat may get: the leader alone sends
  alerts, and does not count what they show.
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
"""Seconds between two messages of the bot."""

IN_CHAT = 1.05
"""Seconds between two messages in one chat."""

BY_SCREENS = 3.0
"""Seconds for which messages of screens, one soon after another, close a chat."""

GROUP_MESSAGES = 20
GROUP_SECONDS = 61.0
EVENLY_AFTER = 10


class Pace:
    """Says when a chat may be written to. Times are seconds of a monotonic clock."""

    def __init__(self, now: Callable[[], float], *, in_chat: float = IN_CHAT) -> None:
        self.now = now
        self._in_chat = in_chat
        self._next_turn = 0.0
        self._closed_until: dict[int, float] = {}
        self._group_messages: dict[int, deque[float]] = {}
        self._shown: dict[int, tuple[float, float]] = {}
        """The first and the latest message of screens that came soon after one another."""
        self._counted: set[int] = set()
        """The chats whose next message was counted when it waited for its turn."""

    def closed_chats(self) -> dict[int, float]:
        """The ids of chats that may not be written to yet, and when each may."""
        now = self.now()
        self._closed_until = {
            chat: moment for chat, moment in self._closed_until.items() if moment > now
        }
        return self._closed_until

    def close_chat(self, chat_id: int, seconds: float) -> None:
        """Leave this chat alone for a while, as Telegram or a failure asks."""
        moment = self.now() + seconds
        self._closed_until[chat_id] = max(moment, self._closed_until.get(chat_id, 0.0))

    async def wait_for_turn(self, chat_id: int, *, is_edit: bool = False) -> None:
        """Wait for the next free moment over all, and take it for this chat."""
        wait = max(0.0, self._next_turn - self.now())
        if not is_edit:
            self._counted.add(chat_id)
        self._shown.pop(chat_id, None)
        self._count(chat_id, wait + self._in_chat, wait)
        await asyncio.sleep(wait)

    def count_message(self, chat_id: int) -> None:
        """Count a message that leaves for this chat, unless its turn was waited for."""
        if chat_id in self._counted:
            self._counted.discard(chat_id)
            return
        now = self.now()
        first, latest = self._shown.get(chat_id, (now, now))
        if now >= latest + self._in_chat:
            first = now
        self._shown[chat_id] = first, now
        self._count(chat_id, min(self._in_chat, first + BY_SCREENS - now))

    def _count(self, chat_id: int, closed: float, wait: float = 0.0) -> None:
        """Count a message that leaves for this chat in `wait` seconds and closes it."""
        now = self.now()
        self._next_turn = max(now, self._next_turn) + OVERALL
        self.close_chat(chat_id, closed)
        if chat_id < 0:
            sent = self._group_messages.setdefault(chat_id, deque(maxlen=GROUP_MESSAGES))
            while sent and sent[0] + GROUP_SECONDS <= now:
                sent.popleft()
            sent.append(now + wait)
            if len(sent) > EVENLY_AFTER:
                left = GROUP_MESSAGES + 1 - len(sent)
                self.close_chat(chat_id, (sent[0] + GROUP_SECONDS - now) / left)


class PaceMiddleware(BaseRequestMiddleware):
    """Counts what the screens send too and notes every 429; a screen itself never waits."""

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
            self._pace.count_message(chat_id)
        try:
            return await make_request(bot, method)
        except TelegramRetryAfter as error:
            if isinstance(chat_id, int):
                self._pace.close_chat(chat_id, error.retry_after)
            raise
