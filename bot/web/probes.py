"""What watchers ask: alive, ready, metrics."""

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiohttp import web

from bot.domain.clock import Clock
from bot.domain.errors import StorageError
from bot.telemetry.metrics import Metrics
from storage.database import Database
from storage.outbox import OutboxRepo

_READY_SECONDS = 10


class Probes:
    def __init__(
        self, database: Database, bot: Bot, outbox: OutboxRepo, metrics: Metrics, clock: Clock
    ) -> None:
        self._database = database
        self._bot = bot
        self._outbox = outbox
        self._metrics = metrics
        self._clock = clock
        self._telegram: tuple[int, str] = (0, "")

    async def alive(self, request: web.Request) -> web.Response:
        del request
        return web.Response(text="ok")

    async def ready(self, request: web.Request) -> web.Response:
        del request
        parts = {
            "database": await self._check_database(),
            "telegram": await self._check_telegram(),
        }
        is_ready = all(state == "ok" for state in parts.values())
        return web.json_response(parts, status=200 if is_ready else 503)

    async def metrics_text(self, request: web.Request) -> web.Response:
        del request
        self._metrics.outbox_pending.set(await self._outbox.count_pending())
        return web.Response(body=self._metrics.text(), content_type="text/plain", charset="utf-8")

    async def _check_database(self) -> str:
        try:
            await self._database.ping()
        except StorageError as error:
            return str(error)
        return "ok"

    async def _check_telegram(self) -> str:
        """Asked at most once in a while: probes come often and Telegram counts requests."""
        asked_at, state = self._telegram
        if self._clock() - asked_at >= _READY_SECONDS:
            try:
                await self._bot.get_me(request_timeout=5)
                state = "ok"
            except AiogramError as error:
                state = type(error).__name__
            self._telegram = (self._clock(), state)
        return state
