"""The whole bot under test: `serve()` over real HTTP, against the demo's Bot API server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
)
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from bot.app import serve
from bot.config.settings import Settings
from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from bot.domain.people import Role
from storage.database import open_database
from storage.invites import InviteRepo
from tests.support.databases import database_url, put_database, rows
from tests.support.plain_http import plain_http
from tests.support.telegram import TOKEN, Clock

ADMIN, SUPERVISOR, OLENA, IVAN, ACCOUNTANT = 1001, 1002, 1101, 1102, 1103
HOOK_TOKEN = "hook-token-of-the-tests"
IN_CHAT = 0.1
"""Seconds between two messages in one chat, where a test is not about them."""


def settings_for(directory: Path, telegram: BotApiServer, **changes: object) -> Settings:
    """Settings of a bot on its own database, untouched by the environment of the tests."""
    values: dict[str, Any] = {
        "bot_token": TOKEN,
        "bot_api_url": telegram.url,
        "admin_ids": (ADMIN,),
        "database_path": directory / "dzvinok.db",
        "database_url": database_url(directory / "dzvinok.db"),
        "http_port": 0,
        "sources": {
            "office": {"kind": "webhook", "token": HOOK_TOKEN},
            "pbx": {"kind": "asterisk", "timezone": "UTC"},
        },
        **changes,
    }
    return Settings(_env_file=None, **values)


@dataclass(frozen=True, slots=True)
class Office:
    """A running bot, its Telegram, its hook, and the moment everybody agrees on."""

    telegram: BotApiServer
    settings: Settings
    url: str
    clock: Clock
    http: httpx.AsyncClient
    stop: Callable[[], Awaitable[None]]

    async def administrator(self) -> User:
        """The one named in ADMIN_IDS, in and greeted."""
        return await self._enter(ADMIN, "Адмін", "uk", "")

    async def employee(
        self, tg_id: int, name: str, role: Role, *extensions: str, language: str = "uk"
    ) -> User:
        """Somebody who has pressed START on an invite, in and greeted."""
        async with open_database(self.settings.database) as database:
            token = await InviteRepo(database).add(
                role, extensions=extensions, name=name, now=int(self.clock())
            )
        user = await self._enter(tg_id, name, language, token)
        await self.nothing_due()  # administrators are told who has joined
        return user

    async def _enter(self, tg_id: int, name: str, language: str, payload: str) -> User:
        user = self.telegram.user(tg_id, first_name=name, language_code=language)
        await user.start(payload)
        await user.wait_for(lambda message: message.is_from_bot)
        return user

    async def ask(self, user: User, text: str) -> Message:
        """Send a command; the bot's next message, which no alert that is still due can be."""
        await self.nothing_due()
        sent = await user.send(text)
        return await user.wait_for(lambda message: message.id > sent.id)

    async def press(self, user: User, message: Message, label: str) -> Message:
        """Press a button and wait until it is answered; the message as it is then."""
        query = await user.click(message, label)
        await query.answered()
        current = user.current(message)
        assert current is not None
        return current

    @asynccontextmanager
    async def restarted(self) -> AsyncIterator["Office"]:
        """The same office after the bot was stopped and started again."""
        await self.stop()
        async with _serve(self.settings, self.clock) as url:
            yield replace(self, url=url)

    async def nothing_due(self, seconds: float = 12) -> None:
        """Wait until all that was due by now is sent, or dropped: nothing more is on its way."""
        sql = "SELECT 1 FROM outbox WHERE state = 'pending' AND due_at <= ? LIMIT 1"
        async with asyncio.timeout(seconds):
            while self.rows(sql, int(self.clock())):  # noqa: ASYNC110 - the bot's own file
                await asyncio.sleep(0.02)

    def rows(self, sql: str, *values: int) -> list[Any]:
        """What is stored, read beside the bot."""
        return rows(self.settings.database, sql, *values)

    async def post(self, *calls: dict[str, Any]) -> dict[str, Any]:
        """Post calls to the hook; the answer must be 200."""
        body = calls[0] if len(calls) == 1 else list(calls)
        answer = await self.http.post(f"{self.url}/hooks/office/{HOOK_TOKEN}", json=body)
        assert answer.status_code == 200, answer.text
        result: dict[str, Any] = answer.json()
        return result


def _serve(settings: Settings, clock: Clock) -> AbstractAsyncContextManager[str]:
    """The bot; where a test moves the clock, time has passed, nobody has set it."""
    return serve(settings, clock=lambda: int(clock()), steady=clock, in_chat=IN_CHAT)


@asynccontextmanager
async def running_office(
    directory: Path, *, clock: Clock | None = None, **changes: object
) -> AsyncIterator[Office]:
    """The bot at work on an empty database, by polling unless told otherwise."""
    clock = clock or Clock()
    telegram = BotApiServer(clock=clock)
    telegram.register_bot(TOKEN, username="dzvinok_bot", name="Dzvinok")
    async with telegram.running(), plain_http() as http:
        settings = settings_for(directory, telegram, **changes)
        await put_database(settings.database_path)
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(_serve(settings, clock))
            yield Office(telegram, settings, url, clock, http, stack.aclose)
    assert telegram.violations == []
