"""Inline mode on the page: the results of what is being typed, and the one that is chosen."""

from collections import deque

from bot.demo.bot_api.fields import JsonObject
from bot.demo.bot_api.inline import MAX_QUERY, InlineQueries, InlineQuery
from bot.demo.page.chats import ShownChats
from bot.demo.page.requests import Fields, PageError

KEPT_QUERIES = 100
MAX_OFFSET = 64


class InlineMode:
    """What people type after the name of the bot; they wait as long as the bot may take."""

    def __init__(self, shown: ShownChats, queries: InlineQueries) -> None:
        self._shown = shown
        self._all = queries
        self._queries: deque[InlineQuery] = deque(maxlen=KEPT_QUERIES)

    async def ask(self, fields: Fields) -> JsonObject:
        """The answer of the bot, as people see it; no results if there is none."""
        person, chat = self._shown.actor(fields)
        query = await person.user.inline(
            fields.text("text", limit=MAX_QUERY),
            offset=fields.text("offset", limit=MAX_OFFSET),
            chat=None if chat.is_private else self._shown.group,
        )
        self._queries.append(query)
        try:
            answer = await query.answered(self._all.lifetime)
        except TimeoutError:
            return {"query": query.id, "results": [], "next_offset": "", "button": None}
        shown = ("id", "title", "description")
        return {
            "query": query.id,
            "results": [
                {key: result[key] for key in shown if key in result} for result in answer.results
            ],
            "next_offset": answer.next_offset,
            "button": answer.button,
        }

    async def choose(self, fields: Fields) -> JsonObject:
        """Send a result where its query was typed."""
        person, chat = self._shown.actor(fields)
        number = fields.text("query", limit=32)
        query = next((one for one in self._queries if one.id == number), None)
        if query is None or query.user is not person.user.account or query.chat is not chat:
            raise PageError(404, "no such query")
        answered = fields.find_number("reply_to")
        sent = await query.choose(
            fields.text("result", limit=MAX_OFFSET),
            reply_to=chat.messages.get(answered) if answered is not None else None,
        )
        return {"message_id": sent.id}
