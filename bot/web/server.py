"""The one HTTP server: hooks of PBXs, Telegram's updates, health, metrics."""

import errno
import hmac
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiogram import Bot
from aiohttp import web

from bot.config.settings import Settings
from bot.domain.clock import Clock
from bot.domain.errors import StartError
from bot.intake.hooks import Hooks
from bot.intake.recorder import Recorder
from bot.sources.base import CallSource
from bot.telemetry.metrics import Metrics
from bot.web.probes import Probes
from storage.database import Database
from storage.outbox import OutboxRepo

MAX_BODY_BYTES = 1024 * 1024
TELEGRAM_PATH = "/telegram"

_FINISH_SECONDS = 25.0
"""How long a stop waits for requests being answered."""


def create_web(
    *,
    settings: Settings,
    sources: Mapping[str, CallSource],
    recorder: Recorder,
    database: Database,
    outbox: OutboxRepo,
    metrics: Metrics,
    bot: Bot,
    handle_update: Callable[[object], Awaitable[bool]],
    clock: Clock,
) -> web.Application:
    """The routes of the server. Updates of Telegram are taken only if UPDATES says webhook.

    `handle_update` handles a raw update; False: it must be sent again.
    """
    app = web.Application(client_max_size=MAX_BODY_BYTES)
    hooks = Hooks(settings, sources, recorder, metrics)
    probes = Probes(database, bot, outbox, metrics, clock)
    app.router.add_post("/hooks/{source}/{token}", hooks.receive)
    app.router.add_get("/healthz", probes.alive)
    app.router.add_get("/readyz", probes.ready)
    app.router.add_get("/metrics", probes.metrics)
    if settings.updates == "webhook":
        secret = settings.webhook_secret.get_secret_value()
        app.router.add_post(TELEGRAM_PATH, UpdateHook(secret, handle_update).receive)
    return app


class UpdateHook:
    """Takes the updates that Telegram posts, and answers when they are done.

    Anything but 200 makes Telegram send an update again, so only a stop answers otherwise.
    """

    def __init__(self, secret: str, handle: Callable[[object], Awaitable[bool]]) -> None:
        self._secret = secret.encode()
        self._handle = handle

    async def receive(self, request: web.Request) -> web.Response:
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret):
            return web.Response(text="Unauthorized", status=401)
        try:
            raw: object = json.loads(await request.read())
        except (ValueError, RecursionError):
            raw = None  # of no kind, like all that cannot be read
        if await self._handle(raw):
            return web.json_response({})
        return web.Response(text="stopping", status=503)


@asynccontextmanager
async def serve_http(app: web.Application, settings: Settings) -> AsyncIterator[str]:
    """Serve until the end of the block; yields the server's address, like `http://127.0.0.1:8080`.

    Raises StartError if the address or the port cannot be had.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_FINISH_SECONDS)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.http_host, settings.http_port)
        try:
            await site.start()
        except (OSError, UnicodeError) as error:
            raise not_served(settings, error) from error
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


def not_served(settings: Settings, error: OSError | UnicodeError) -> StartError:
    """Which setting is wrong when the system does not let us listen, and what to do about it."""
    port = settings.http_port
    match error:
        case UnicodeError() | socket.gaierror():
            return StartError(
                "HTTP_HOST: no such address; expected 127.0.0.1, 0.0.0.0 or another one of this "
                "computer, without http:// and without a port"
            )
        case OSError(errno=errno.EADDRINUSE):
            return StartError(
                f"HTTP_PORT: {port} is taken by another program: stop it, or choose another port"
            )
        case OSError(errno=errno.EACCES | errno.EPERM):
            return StartError(
                f"HTTP_PORT: this user may not listen on {port}: choose one above 1023"
            )
    why = os.strerror(error.errno) if error.errno else str(error)
    return StartError(f"HTTP_HOST: {why}; expected an address of this computer")
