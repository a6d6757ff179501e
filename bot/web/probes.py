"""What watchers ask over HTTP: whether the bot is alive and ready, and its metrics."""

from collections.abc import Callable

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiohttp import web

from bot.domain.errors import StorageError
from bot.telemetry.metrics import Metrics
from bot.web.source_figures import SourceFigures
from storage.durability import Durability
from storage.outbox import OutboxRepo

_TELEGRAM_SECONDS = 10
"""How long an answer of Telegram holds: probes come often, and Telegram counts requests."""


class Probes:
    """Answers `/healthz`, `/readyz` and `/metrics`."""

    def __init__(
        self,
        durability: Durability,
        bot: Bot,
        outbox: OutboxRepo,
        metrics: Metrics,
        figures: SourceFigures,
        *,
        steady: Callable[[], float],
        is_receiving: Callable[[], bool],
        is_leader: Callable[[], bool],
    ) -> None:
        """`steady`: seconds that pass. `is_receiving`: whether updates of Telegram come in.

        `is_leader`: whether no other process leads; if one does, it looks after the updates.
        """
        self._durability = durability
        self._bot = bot
        self._outbox = outbox
        self._metrics = metrics
        self._figures = figures
        self._steady = steady
        self._is_receiving = is_receiving
        self._is_leader = is_leader
        self._asked_at = 0.0
        self._telegram_state = ""

    async def alive(self, request: web.Request) -> web.Response:
        """`ok` as long as the process answers at all."""
        del request
        return web.Response(text="ok")

    async def ready(self, request: web.Request) -> web.Response:
        """The state of each part as JSON, "ok" or what is wrong; 503 unless all are ok."""
        del request
        parts = {
            "database": await self._durability.state(),
            "telegram": await self._check_telegram(),
            "updates": "ok" if self._is_receiving() or not self._is_leader() else "stalled",
        }
        is_ready = all(state == "ok" for state in parts.values())
        role = "leader" if self._is_leader() else "follower"
        return web.json_response({**parts, "role": role}, status=200 if is_ready else 503)

    async def metrics(self, request: web.Request) -> web.Response:
        """The metrics as Prometheus reads them; 503 if the database cannot be read."""
        del request
        try:
            self._metrics.leader.set(self._is_leader())
            self._metrics.outbox_pending.set(await self._outbox.count_pending())
            await self._figures.measure(self._metrics)
        except StorageError as error:
            raise web.HTTPServiceUnavailable(text=str(error)) from error
        return web.Response(body=self._metrics.text(), content_type="text/plain", charset="utf-8")

    async def _check_telegram(self) -> str:
        if not self._telegram_state or self._steady() - self._asked_at >= _TELEGRAM_SECONDS:
            try:
                await self._bot.get_me(request_timeout=5)
                self._telegram_state = "ok"
            except AiogramError as error:
                self._telegram_state = type(error).__name__
            self._asked_at = self._steady()
        return self._telegram_state
