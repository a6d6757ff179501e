"""Inline mode: what people type after the bot's name, what the bot answers, what of it is kept.

An answer is shown again for its `cache_time`, and the bot is not asked: to whoever types the same,
or to the same person alone if it `is_personal`. Whether Telegram tells chats apart there is not
published; here it does not.
"""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.changes import DEFAULT_TIMEOUT, Changes
from bot.demo.bot_api.chats import Account, Chat, Message
from bot.demo.bot_api.errors import bad_request
from bot.demo.bot_api.fields import JsonObject
from bot.demo.bot_api.formatting.text import FormattedText

MAX_QUERY = 256
"""Letters of a query."""
QUERY_LIFETIME = 10.0
"""Seconds a query waits for its answer; how long Telegram waits is not published."""
QUERY_KEPT = 30
CHOSEN_KEPT = 600
"""Seconds for which telegram-bot-api keeps updates of the two kinds for a bot that is away."""


@dataclass(frozen=True)
class InlineResult:
    """What is sent when somebody chooses the result."""

    content: FormattedText
    keyboard: JsonObject | None = None
    link_preview: JsonObject | None = None


@dataclass(frozen=True)
class InlineAnswer:
    """What answerInlineQuery said: `results` and `button` as they came, `cache_time` in seconds.

    `contents` are what the results send, by their ids.
    """

    results: list[JsonObject]
    next_offset: str
    cache_time: int
    is_personal: bool
    button: JsonObject | None
    contents: dict[str, InlineResult] = field(repr=False)


Send = Callable[[InlineResult, Message | None], Awaitable[Message]]
"""Sends a result where it was typed, as an answer to that message."""
Start = Callable[[str], Awaitable[Message]]
"""Sends /start with that payload in the bot's own chat."""


@dataclass(eq=False)
class InlineQuery:
    """What somebody types after the name of a bot, and its answer, once there is one."""

    id: str
    bot: Bot
    user: Account
    chat: Chat
    text: str
    offset: str
    at: float
    send: Send = field(repr=False)
    start: Start = field(repr=False)
    changes: Changes = field(repr=False)
    answer: InlineAnswer | None = None

    async def answered(self, timeout: float = DEFAULT_TIMEOUT) -> InlineAnswer:  # noqa: ASYNC109 - a test's deadline
        """The answer, once there is one; TimeoutError after `timeout` seconds."""
        return await self.changes.until(
            lambda: self.answer,
            timeout=timeout,
            failure=lambda: f"nobody answered the inline query {self.text!r}",
        )

    async def choose(self, result_id: str, *, reply_to: Message | None = None) -> Message:
        """Send the result with that id; LookupError if the answer has none.

        The bot is told with chosen_inline_result, if it has `inline_feedback`.
        """
        contents = self.answer.contents if self.answer else {}
        if result_id not in contents:
            raise LookupError(f"no result {result_id!r}; there are {list(contents)}")
        sent = await self.send(contents[result_id], reply_to)
        if self.bot.inline_feedback:
            body = {"result_id": result_id, "from": self.user.as_json(), "query": self.text}
            if sent.markup:
                body["inline_message_id"] = f"inline_{self.id}_{sent.id}"
            self.bot.queue.put(
                "chosen_inline_result", body, chat_id=self.user.id, lifetime=CHOSEN_KEPT
            )
        return sent

    async def press_button(self) -> Message:
        """Press the button above the results: the /start that it sends in the bot's own chat.

        Raises LookupError if there is none, or one that opens a web app.
        """
        button = (self.answer.button if self.answer else None) or {}
        if "start_parameter" not in button:
            raise LookupError(f"no button leads to the bot: {button}")
        return await self.start(str(button["start_parameter"]))


class InlineQueries:
    """The queries that wait for their bots, and the answers that are still kept."""

    def __init__(self, clock: Callable[[], float], changes: Changes) -> None:
        self._clock = clock
        self._changes = changes
        self._ids = itertools.count(5_120_000_000_000_000_001)
        self._waiting: dict[str, InlineQuery] = {}
        self._kept: dict[tuple[int, str, str, int | None], tuple[float, InlineAnswer]] = {}
        self.lifetime = QUERY_LIFETIME

    def clear(self) -> None:
        self._waiting.clear()
        self._kept.clear()

    def ask(
        self,
        bot: Bot,
        user: Account,
        chat: Chat,
        *,
        chat_type: str,
        text: str,
        offset: str,
        send: Send,
        start: Start,
    ) -> InlineQuery:
        """Ask the bot, unless an answer is kept; `chat_type` is the one that the bot is told."""
        self._forget()
        query = InlineQuery(
            str(next(self._ids)),
            bot,
            user,
            chat,
            text,
            offset,
            self._clock(),
            send=send,
            start=start,
            changes=self._changes,
        )
        for reader in (user.id, None):
            if kept := self._kept.get((bot.id, text.strip(), offset, reader)):
                query.answer = kept[1]
                return query
        self._waiting[query.id] = query
        body = {
            "id": query.id,
            "from": user.as_json(),
            "chat_type": chat_type,
            "query": text,
            "offset": offset,
        }
        bot.queue.put("inline_query", body, chat_id=user.id, lifetime=QUERY_KEPT)
        self._changes.notify()
        return query

    def waiting(self, bot: Bot, query_id: str) -> InlineQuery:
        """The query that the bot may answer now; ApiError 400 if there is no such one."""
        query = self._waiting.get(query_id)
        if query is None or query.bot is not bot or self._is_late(query):
            raise bad_request(
                "query is too old and response timeout expired or query ID is invalid"
            )
        return query

    def answer(self, query: InlineQuery, answer: InlineAnswer) -> None:
        del self._waiting[query.id]
        query.answer = answer
        reader = query.user.id if answer.is_personal else None
        key = (query.bot.id, query.text.strip(), query.offset, reader)
        self._kept[key] = (self._clock() + answer.cache_time, answer)
        self._changes.notify()

    def _is_late(self, query: InlineQuery) -> bool:
        return self._clock() - query.at > self.lifetime

    def _forget(self) -> None:
        """Forget what is over; a query that was typed over waits on, as it does in Telegram."""
        now = self._clock()
        self._kept = {key: kept for key, kept in self._kept.items() if kept[0] > now}
        self._waiting = {
            key: query for key, query in self._waiting.items() if not self._is_late(query)
        }
