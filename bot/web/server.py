"""The one HTTP server: hooks of PBXs, Telegram's updates, health, metrics."""

from collections.abc import Mapping

from aiogram import Bot, Dispatcher
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

from bot.config.settings import Settings
from bot.domain.clock import Clock
from bot.intake.hooks import Hooks
from bot.intake.recorder import Recorder
from bot.sources.base import CallSource
from bot.telemetry.metrics import Metrics
from bot.web.probes import Probes
from storage.database import Database
from storage.outbox import OutboxRepo

BODY_LIMIT = 1024 * 1024
TELEGRAM_PATH = "/telegram"


def create_web(
    *,
    settings: Settings,
    sources: Mapping[str, CallSource],
    recorder: Recorder,
    database: Database,
    outbox: OutboxRepo,
    metrics: Metrics,
    bot: Bot,
    dispatcher: Dispatcher,
    clock: Clock,
) -> web.Application:
    app = web.Application(client_max_size=BODY_LIMIT)
    hooks = Hooks(settings, sources, recorder, metrics)
    probes = Probes(database, bot, outbox, metrics, clock)
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
