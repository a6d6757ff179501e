"""A Bot API server of which the time stands still, the bot over bare HTTP, and one who uses it."""

from collections.abc import AsyncIterator

import pytest

from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from tests.support.telegram import Api, Clock, bare_api, olena


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server(clock: Clock) -> BotApiServer:
    return BotApiServer(clock=clock)


@pytest.fixture
async def api(server: BotApiServer) -> AsyncIterator[Api]:
    async with bare_api(server) as api:
        yield api


@pytest.fixture
def user(api: Api) -> User:
    return olena(api.server)
