"""Presses of inline buttons (callback queries), and what bots answer to them."""

from dataclasses import dataclass, field

from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.changes import DEFAULT_TIMEOUT, Changes
from bot.demo.bot_api.chats import Account, Chat


@dataclass(frozen=True)
class CallbackAnswer:
    """What answerCallbackQuery said; `at` is Unix seconds."""

    text: str
    show_alert: bool
    url: str
    at: float


@dataclass(eq=False)
class CallbackQuery:
    """A press of an inline button, waiting for the bot's answer."""

    id: str
    bot: Bot
    user: Account
    chat: Chat
    message_id: int
    data: str
    at: float
    changes: Changes = field(repr=False)
    answer: CallbackAnswer | None = None

    async def answered(self, timeout: float = DEFAULT_TIMEOUT) -> CallbackAnswer:  # noqa: ASYNC109 - a test's deadline
        """The answer, once there is one; TimeoutError after `timeout` seconds."""
        return await self.changes.until(
            lambda: self.answer,
            timeout=timeout,
            failure=lambda: f"nobody answered the press of {self.data!r}",
        )
