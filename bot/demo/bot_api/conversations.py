"""A chat as somebody sees it: what is there now, and waiting for what is to come."""

from collections.abc import Callable

from bot.demo.bot_api.changes import DEFAULT_TIMEOUT
from bot.demo.bot_api.chats import Chat, Message
from bot.demo.bot_api.state import Telegram

Predicate = Callable[[Message], bool]


class Conversation:
    """What a person's chat with a bot and a group have in common."""

    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram

    @property
    def chat(self) -> Chat:
        raise NotImplementedError

    def messages(self) -> list[Message]:
        """All messages visible now, oldest first."""
        return self.chat.visible()

    def last(self) -> Message:
        """The newest message, whoever wrote it."""
        return self.messages()[-1]

    def replies(self) -> list[Message]:
        """What bots wrote, oldest first."""
        return [message for message in self.messages() if message.is_from_bot]

    def last_reply(self) -> Message:
        return self.replies()[-1]

    def current(self, message: Message) -> Message | None:
        """The message as it is now; None when it was deleted."""
        return self.chat.messages.get(message.id)

    def history(self) -> list[Message]:
        """Every version of every message, deleted ones too, in the order they were shown."""
        return list(self.chat.history)

    async def wait_for(
        self,
        predicate: Predicate = lambda _: True,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - a test's deadline
        *,
        after: Message | None = None,
    ) -> Message:
        """The newest visible message of a bot that `predicate` holds for, once there is one.

        `after` leaves out that message and all before it.
        """
        first = after.id + 1 if after else 0

        def find() -> Message | None:
            matching = [one for one in self.replies() if one.id >= first and predicate(one)]
            return matching[-1] if matching else None

        return await self._telegram.changes.until(find, timeout=timeout, failure=self._describe)

    async def wait_gone(self, message: Message, timeout: float = DEFAULT_TIMEOUT) -> None:  # noqa: ASYNC109 - a test's deadline
        await self._telegram.changes.until(
            lambda: None if message.id in self.chat.messages else True,
            timeout=timeout,
            failure=self._describe,
        )

    def _describe(self) -> str:
        shown = [f"#{one.id} {one.html!r} {one.buttons}" for one in self.messages()[-5:]]
        return "no such message; the last ones are:\n" + "\n".join(shown)
