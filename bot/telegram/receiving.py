"""Whether updates come in: a loop that asks for them in vain is seen from outside."""

from collections.abc import Callable

from aiogram import Bot
from aiogram.client.session.middlewares.base import (
    BaseRequestMiddleware,
    NextRequestMiddlewareType,
)
from aiogram.methods import GetUpdates, Response, TelegramMethod
from aiogram.methods.base import TelegramType

_STALLED_SECONDS = 90.0
"""Longer than one long poll and the slowest update that is handled before the next."""


class Receiving(BaseRequestMiddleware):
    """Notes when Telegram was last asked for updates and gave an answer that could be read."""

    def __init__(self, steady: Callable[[], float]) -> None:
        self._steady = steady
        self._answered_at = steady()

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        response = await make_request(bot, method)
        if isinstance(method, GetUpdates):
            self._answered_at = self._steady()
        return response

    def is_receiving(self) -> bool:
        return self._steady() - self._answered_at < _STALLED_SECONDS
