"""What people looking at a chat would see happen, for those who watch the server."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Self

from bot.demo.bot_api.chats import Chat, Message
from bot.demo.bot_api.presses import CallbackQuery


class EventKind(StrEnum):
    NEW = "new"
    EDITED = "edited"
    DELETED = "deleted"
    PRESSED = "pressed"
    ANSWERED = "answered"
    ACTION = "action"
    MEMBER = "member"


@dataclass(frozen=True)
class Event:
    """One thing that happened in a chat between people and a bot; `at` is Unix seconds."""

    kind: EventKind
    at: float
    bot_id: int
    chat: Chat
    message: Message | None = None
    query: CallbackQuery | None = None
    action: str | None = None
    status: str | None = None


class Subscription:
    """Events as they happen: `async with ... as events: async for event in events`."""

    def __init__(self, watchers: set["Subscription"]) -> None:
        self._watchers = watchers
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        watchers.add(self)

    def put(self, event: Event) -> None:
        self._events.put_nowait(event)

    async def get(self) -> Event:
        return await self._events.get()

    def close(self) -> None:
        self._watchers.discard(self)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        return await self._events.get()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
