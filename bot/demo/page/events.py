"""The events of the page, numbered, as a browser reads them (Server-Sent Events)."""

import asyncio
import json
import re
import secrets
from collections import deque

from bot.demo.bot_api.fields import JsonObject

KEPT_EVENTS = 2000


class EventLog:
    """Events by number; the last ones are kept for those whose connection broke.

    A `position` is `<session>-<number>`: the numbers of a page served before mean nothing now.
    `more` is set when an event comes, and replaced by another one.
    """

    def __init__(self) -> None:
        self.session = secrets.token_hex(4)
        self.last = 0
        self.more = asyncio.Event()
        self._kept: deque[str] = deque(maxlen=KEPT_EVENTS)

    def add(self, body: JsonObject) -> None:
        self.last += 1
        self._kept.append(server_sent(self.position, body))
        more, self.more = self.more, asyncio.Event()
        more.set()

    @property
    def position(self) -> str:
        return f"{self.session}-{self.last}"

    def number(self, position: str) -> int | None:
        """The number of the event at that position; None when it is not of this session."""
        session, _, number = position.partition("-")
        if session != self.session or not re.fullmatch(r"\d{1,9}", number, re.ASCII):
            return None
        return int(number) if int(number) <= self.last else None

    def since(self, number: int) -> list[str] | None:
        """What came after that number; None when some of it is forgotten."""
        missing = self.last - number
        if missing > len(self._kept):
            return None
        return list(self._kept)[len(self._kept) - missing :]


def server_sent(position: str, body: JsonObject) -> str:
    """An event of the stream; JSON has no raw line ends, so one `data:` line is enough."""
    return f"id: {position}\ndata: {json.dumps(body, separators=(',', ':'))}\n\n"
