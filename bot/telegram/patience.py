"""How long a handler waits for Telegram: a request that hangs must not hold up what comes next.

Uploads take their own time; what the Alerter sends, and requests for updates, have limits of
their own.
"""

import asyncio

from aiogram import Bot
from aiogram.client.session.middlewares.base import (
    BaseRequestMiddleware,
    NextRequestMiddlewareType,
)
from aiogram.exceptions import TelegramNetworkError
from aiogram.methods import Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import InputFile

from bot.telegram.middlewares import is_in_handler

SECONDS = 10.0


class PatienceMiddleware(BaseRequestMiddleware):
    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        is_upload = any(isinstance(value, InputFile) for _, value in method)
        if is_upload or not is_in_handler():
            return await make_request(bot, method)
        try:
            async with asyncio.timeout(self._seconds):
                return await make_request(bot, method)
        except TimeoutError as error:
            words = f"no answer in {self._seconds:g} s"
            raise TelegramNetworkError(method=method, message=words) from error
