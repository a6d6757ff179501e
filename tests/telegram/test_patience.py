"""A request to Telegram that hangs lets its handler go on."""

from pathlib import Path
from typing import Any

import pytest
from aiogram.exceptions import TelegramNetworkError
from aiogram.types import TelegramObject, Update

from bot.demo.bot_api.server import BotApiServer
from bot.parts import create_bot
from bot.telegram.middlewares import InHandlerMiddleware
from bot.telegram.patience import PatienceMiddleware
from tests.support.running import settings_for
from tests.support.telegram import TOKEN


async def test_a_handler_waits_for_telegram_only_so_long(tmp_path: Path) -> None:
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    telegram.user(7, "Olena", is_started=True)
    async with telegram.running(), create_bot(settings_for(tmp_path, telegram)) as bot:
        bot.session.middleware(PatienceMiddleware(0.1))
        telegram.faults.add("sendMessage", "slow", seconds=0.5, times=2)

        async def say(event: TelegramObject, data: dict[str, Any]) -> None:
            assert isinstance(event, Update), data
            await bot.send_message(7, "hello")

        with pytest.raises(TelegramNetworkError, match=r"no answer in 0\.1 s"):
            await InHandlerMiddleware()(say, Update(update_id=1), {})
        await say(Update(update_id=1), {})  # not a handler: it has limits of its own
