"""Several bots on one PostgreSQL that come and go around one Telegram."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from aiohttp import ClientSession, web
from pydantic import SecretStr

from bot.app import serve
from bot.config.settings import Settings
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from bot.domain.clock import system_clock
from bot.sources.base import DialSource
from bot.web.server import TELEGRAM_PATH
from tests.support.crashing import lost_call
from tests.support.plain_http import plain_http
from tests.support.postgres import postgres_database
from tests.support.running import ADMIN, HOOK_TOKEN, IN_CHAT, settings_for
from tests.support.telegram import TOKEN

PATIENCE = 20.0
SECRET = "telegram-webhook-secret"

_HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


class Company:
    """What the bots have in common; `to`: the address of the one that Telegram's updates go to."""

    def __init__(
        self, telegram: BotApiServer, settings: Settings, http: httpx.AsyncClient
    ) -> None:
        self.telegram = telegram
        self.settings = settings
        self.http = http
        self.to = ""
        self.admin: User = telegram.user(ADMIN, "Адмін", language_code="uk", is_started=True)
        self._numbers: Iterator[int] = count(1_000_000)

    def bot(
        self, *, dialling: Mapping[str, DialSource] | None = None
    ) -> AbstractAsyncContextManager[str]:
        return serve(self.settings, clock=system_clock, in_chat=IN_CHAT, dialling=dialling)

    async def lose(self, url: str, number: str) -> float:
        """Tell the bot at this address of a lost call; how long it takes until that is in chat.

        What cannot be stored is told again, as a PBX does.
        """
        begun, call = time.monotonic(), lost_call(number, number, ["101"])
        hook = f"{url}/hooks/office/{HOOK_TOKEN}"
        while (answer := await self.http.post(hook, json=call)).status_code == 503:
            pass
        assert answer.status_code == 200, answer.text
        await self.admin.wait_for(lambda one: number[1:] in one.text.replace(" ", ""), PATIENCE)
        return time.monotonic() - begun

    def told(self, number: str) -> int:
        """How often Telegram was given a message about that number."""
        return sum(
            number[1:] in str(call.params["text"]).replace(" ", "")
            for call in self.telegram.calls("sendMessage", chat_id=ADMIN)
        )

    async def write(
        self, url: str, text: str, *, user: User | None = None, group: int | None = None
    ) -> int:
        """Post the bot at this address an update of Telegram's: a text; what it answers."""
        who = user or self.admin
        number = next(self._numbers)
        message = {
            "message_id": number,
            "date": int(time.time()),
            "chat": {"id": group, "type": "supergroup", "title": "Зміна"}
            if group
            else {"id": who.id, "type": "private"},
            "from": {"id": who.id, "is_bot": False, "first_name": "Адмін", "language_code": "uk"},
            "text": text,
        }
        update = {"update_id": number, "message": message}
        answer = await self.http.post(
            f"{url}{TELEGRAM_PATH}", json=update, headers=_HEADERS, timeout=PATIENCE
        )
        return answer.status_code


@asynccontextmanager
async def company(directory: Path, *, by_webhook: bool = False) -> AsyncIterator[Company]:
    """No bot runs yet. `by_webhook`: Telegram's updates go through a balancer to `Company.to`."""
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    with postgres_database() as url:
        async with telegram.running(), plain_http() as http, _balancer() as balancer:
            changes: dict[str, Any] = {"database_url": SecretStr(url)}
            if by_webhook:
                changes |= {
                    "updates": "webhook",
                    "public_url": balancer.url,
                    "webhook_secret": SECRET,
                }
            settings = settings_for(directory, telegram, **changes)
            balancer.company = Company(telegram, settings, http)
            yield balancer.company
    assert telegram.violations == []


class _Balancer:
    """Passes on what Telegram posts."""

    def __init__(self, session: ClientSession) -> None:
        self._session = session
        self.url = ""
        self.company: Company | None = None

    async def pass_on(self, request: web.Request) -> web.Response:
        to = self.company.to if self.company else ""
        if not to:
            return web.Response(status=502)
        async with self._session.post(
            f"{to}{request.path}", data=await request.read(), headers=_HEADERS
        ) as answer:
            return web.Response(status=answer.status, body=await answer.read())


@asynccontextmanager
async def _balancer() -> AsyncIterator[_Balancer]:
    async with ClientSession() as session:
        balancer, app = _Balancer(session), web.Application()
        app.router.add_post(TELEGRAM_PATH, balancer.pass_on)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            balancer.url = f"http://{host}:{port}"
            yield balancer
        finally:
            await asyncio.shield(runner.cleanup())
