"""What tests of the Bot API server share: a clock to move, a bot's token, a bare client."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer

TOKEN = "42:TEST-token_of-a-bot"
START = 1_790_000_000.0


class Clock:
    """Unix time that stands still until somebody moves it."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class RunningClock(Clock):
    """Unix time that began at `now` and runs, for what waits as long as Telegram says."""

    def __init__(self, now: float = START) -> None:
        super().__init__(now)
        self._begun = time.monotonic()

    def __call__(self) -> float:
        return self.now + time.monotonic() - self._begun


class Api:
    """Requests as bare as they come, for what a library would hide: bodies, codes, encodings."""

    def __init__(self, server: BotApiServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session

    async def call(
        self, method: str, params: dict[str, Any] | None = None, *, token: str = TOKEN
    ) -> tuple[int, Any]:
        """An urlencoded request, objects as JSON in strings; the status and the whole body."""
        form = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in (params or {}).items()
        }
        async with self.session.post(self.url(method, token=token), data=form) as response:
            return response.status, await response.json()

    async def result(self, method: str, params: dict[str, Any] | None = None) -> Any:
        status, body = await self.call(method, params)
        assert status == 200, body
        assert body["ok"] is True
        return body["result"]

    async def refused(
        self, method: str, params: dict[str, Any] | None = None, *, token: str = TOKEN
    ) -> tuple[int, str]:
        """The code and the description of an error; both codes must agree."""
        status, body = await self.call(method, params, token=token)
        assert body["ok"] is False, body
        assert body["error_code"] == status
        return status, str(body["description"])

    def url(self, method: str, *, token: str = TOKEN) -> str:
        return f"{self.server.url}/bot{token}/{method}"


@asynccontextmanager
async def bare_api(server: BotApiServer) -> AsyncIterator[Api]:
    """The server, running, with one bot registered."""
    if TOKEN not in server.telegram.bots:
        server.register_bot(TOKEN, "dzvinok_bot", "Dzvinok")
    async with server.running(), aiohttp.ClientSession() as session:
        yield Api(server, session)


def olena(server: BotApiServer, *, is_started: bool = True) -> User:
    return server.user(7, "Olena", username="olena", is_started=is_started)
