"""What tests of the commands begin with."""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.demo.bot_api.server import BotApiServer
from tests.support.processes import environment
from tests.support.telegram import TOKEN
from tests.support.terminals import Terminal


@pytest.fixture(autouse=True)
def _logs() -> Iterator[None]:
    """Commands set up logging for their process, which here is everybody's."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    names = ("aiohttp.access", "apscheduler", "httpx", "httpcore", "aiosqlite", "aiogram.event")
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, kept in levels.items():
        logging.getLogger(name).setLevel(kept)


@pytest.fixture
async def telegram() -> AsyncIterator[BotApiServer]:
    telegram = BotApiServer()
    telegram.register_bot(TOKEN, username="dzvinok_bot")
    async with telegram.running():
        yield telegram
    assert telegram.violations == []


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal with no Telegram behind it."""
    monkeypatch.chdir(tmp_path)
    nowhere = BotApiServer()
    nowhere.url = "http://127.0.0.1:9"
    return Terminal(tmp_path, environment(tmp_path, nowhere))


@pytest.fixture
def online(terminal: Terminal, telegram: BotApiServer) -> Terminal:
    return Terminal(terminal.directory, environment(terminal.directory, telegram))
