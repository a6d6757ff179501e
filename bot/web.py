"""The one HTTP server: hooks of PBXs, Telegram's updates, health, metrics."""

import hmac
import logging
from collections.abc import Mapping
from dataclasses import dataclass

from aiogram import Bot, Dispatcher
from aiogram.exceptions import AiogramError
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from bot.config import Settings
from bot.errors import StorageError
from bot.intake import Intake
from bot.metrics import Metrics
from bot.models import CallFacts, Clock, Outcome, Reject
from bot.sources.base import CallSource, HookSource
from storage.database import Database
from storage.outbox import OutboxRepo

log = logging.getLogger(__name__)

BODY_LIMIT = 1024 * 1024
TELEGRAM_PATH = "/telegram"
_READY_SECONDS = 10


def create_web(
    *,
    settings: Settings,
    sources: Mapping[str, CallSource],
    intake: Intake,
    database: Database,
    outbox: OutboxRepo,
    metrics: Metrics,
    bot: Bot,
    dispatcher: Dispatcher,
    clock: Clock,
) -> web.Application:
    app = web.Application(client_max_size=BODY_LIMIT)
    hooks = _Hooks(settings, sources, intake, metrics)
    probes = _Probes(database, bot, outbox, metrics, clock)
    app.router.add_post("/hooks/{source}/{token}", hooks.receive)
    app.router.add_get("/healthz", probes.alive)
    app.router.add_get("/readyz", probes.ready)
    app.router.add_get("/metrics", probes.metrics_text)
    if settings.updates == "webhook":
        # In the foreground: an update is acknowledged to Telegram only when it is done.
        SimpleRequestHandler(
            dispatcher,
            bot,
            handle_in_background=False,
            secret_token=settings.webhook_secret.get_secret_value(),
        ).register(app, TELEGRAM_PATH)
    return app


@dataclass(frozen=True, slots=True)
class _Hooks:
    settings: Settings
    sources: Mapping[str, CallSource]
    intake: Intake
    metrics: Metrics

    async def receive(self, request: web.Request) -> web.Response:
        """Take what a PBX posted; 200 only when it is durable, 404 for a wrong address."""
        name = request.match_info["source"]
        source = self._find(name, request.match_info["token"])
        read = source.read_hook(await request.read(), request.headers.get("Content-Type", ""))
        facts = [item for item in read if isinstance(item, CallFacts)]
        rejects = [item for item in read if isinstance(item, Reject)]
        try:
            outcomes = await self.intake.record(facts)
            if rejects:
                await self.intake.reject(name, rejects)
        except StorageError as error:
            log.error("a hook of %s could not be stored", name, exc_info=error)
            raise web.HTTPServiceUnavailable(headers={"Retry-After": "5"}) from error
        for outcome in outcomes:
            self.metrics.statements.labels(name, outcome.value).inc()
        self.metrics.rejects.labels(name).inc(len(rejects))
        answer = {outcome.value: outcomes.count(outcome) for outcome in Outcome}
        told = [{"index": item.place, "errors": list(item.errors)} for item in rejects]
        return web.json_response({**answer, "rejected": told}, status=200 if outcomes else 422)

    def _find(self, name: str, token: str) -> HookSource:
        source = self.sources.get(name)
        secret = self.settings.sources[name].token if source else None
        expected = secret.get_secret_value() if secret else ""
        is_right = hmac.compare_digest(token.encode(), expected.encode())
        if not (expected and is_right and isinstance(source, HookSource)):
            raise web.HTTPNotFound
        return source


class _Probes:
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
        self._metrics.outbox_pending.set(await self._outbox.pending())
        return web.Response(body=self._metrics.text(), content_type="text/plain", charset="utf-8")

    async def _check_database(self) -> str:
        try:
            await self._database.fetch("SELECT 1")
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
