"""Several bots on one PostgreSQL: all take hooks, one leads and sends, and the next follows it."""

import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from bot.app import serve
from bot.config.settings import Settings
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from bot.domain.clock import system_clock
from tests.support.crashing import lost_call
from tests.support.plain_http import plain_http
from tests.support.postgres import postgres_database
from tests.support.running import ADMIN, HOOK_TOKEN, IN_CHAT, settings_for
from tests.support.telegram import TOKEN

PATIENCE = 20.0
SWEEP = 5.0
"""Seconds after which an outbox is looked into that nobody rang for."""


class Company:
    """Bots that come and go around one Telegram."""

    def __init__(
        self, telegram: BotApiServer, settings: Settings, http: httpx.AsyncClient
    ) -> None:
        self.telegram = telegram
        self.settings = settings
        self.http = http
        self.admin: User = telegram.user(ADMIN, "Адмін", language_code="uk", is_started=True)

    def bot(self) -> AbstractAsyncContextManager[str]:
        return serve(self.settings, clock=system_clock, in_chat=IN_CHAT)

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


@pytest.fixture
async def company(tmp_path: Path) -> AsyncIterator[Company]:
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    with postgres_database() as url:
        async with telegram.running(), plain_http() as http:
            settings = settings_for(tmp_path, telegram, database_url=SecretStr(url))
            yield Company(telegram, settings, http)
    assert telegram.violations == []


async def test_whoever_takes_a_call_the_leader_tells_of_it_at_once(company: Company) -> None:
    async with company.bot() as leader, company.bot() as other:
        await company.lose(leader, "0671234501")
        assert await company.lose(other, "0671234502") < SWEEP / 2
        assert company.told("0671234501") == company.told("0671234502") == 1


async def test_when_the_leader_stops_another_goes_on(company: Company) -> None:
    async with AsyncExitStack() as first, company.bot() as other:
        await first.enter_async_context(company.bot())
        await company.lose(other, "0671234501")
        await first.aclose()
        await company.lose(other, "0671234502")
        assert company.told("0671234501") == company.told("0671234502") == 1


async def test_a_leader_that_is_cut_off_leads_again_or_another_does(company: Company) -> None:
    async with company.bot() as one, company.bot() as other:
        await company.lose(one, "0671234501")
        with psycopg.connect(company.settings.database_url.get_secret_value()) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        for number, url in enumerate((one, other, one)):
            await company.lose(url, f"067123451{number}")
        for number in range(3):
            assert company.told(f"067123451{number}") == 1
