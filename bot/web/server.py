"""The one HTTP server: hooks of PBXs, Telegram's updates, health, metrics."""

import errno
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

from aiogram import Bot
from aiohttp import web

from bot.config.settings import Settings
from bot.domain.errors import StartError
from bot.domain.posts import HookPosts
from bot.intake.bodies import MAX_BODY_BYTES
from bot.intake.hooks import Hooks
from bot.intake.recorder import Recorder
from bot.sources.base import CallSource
from bot.telemetry.metrics import Metrics
from bot.web.posted_updates import PostedUpdates
from bot.web.probes import Probes
from bot.web.refused import server_log
from bot.web.slow_bodies import Bodies
from bot.web.source_figures import SourceFigures
from storage.durability import Durability
from storage.outbox import OutboxRepo

TELEGRAM_PATH = "/telegram"

_FINISH_SECONDS = 25.0
"""How long a stop waits for requests being answered."""

_IDLE_SECONDS = 150.0
"""How long a connection may say nothing, or not all headers of a request: longer than the proxies
before us keep theirs (nginx 60 s, Caddy 120 s), which else write into one that is being closed."""

_LINGERING_SECONDS = 2.0
"""How long the rest of an unwanted body is read, so that its sender reads the refusal."""

_BODIES = web.AppKey("bodies", Bodies)


def create_web(
    *,
    settings: Settings,
    sources: Mapping[str, CallSource],
    recorder: Recorder,
    durability: Durability,
    outbox: OutboxRepo,
    metrics: Metrics,
    figures: SourceFigures,
    posts: HookPosts,
    bot: Bot,
    handle_update: Callable[[object], Awaitable[bool]],
    steady: Callable[[], float],
    is_receiving: Callable[[], bool],
    is_leader: Callable[[], bool],
) -> web.Application:
    """The routes of the server. Updates of Telegram are taken only if UPDATES says webhook.

    `handle_update` handles a raw update; False: it must be sent again.
    """
    bodies = Bodies()
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[bodies.middleware()])
    app[_BODIES] = bodies
    hooks = Hooks(settings, sources, recorder, metrics, posts)

    async def finish(_app: web.Application) -> None:
        await hooks.finish()

    app.on_cleanup.append(finish)
    probes = Probes(
        durability,
        bot,
        outbox,
        metrics,
        figures,
        steady=steady,
        is_receiving=is_receiving,
        is_leader=is_leader,
    )
    app.router.add_post("/hooks/{source}/{token}", hooks.receive)
    app.router.add_get("/hooks/{source}/{token}", hooks.echo, allow_head=False)
    app.router.add_get("/healthz", probes.alive)
    app.router.add_get("/readyz", probes.ready)
    app.router.add_get("/metrics", probes.metrics)
    if settings.updates == "webhook":
        secret = settings.webhook_secret.get_secret_value()
        app.router.add_post(TELEGRAM_PATH, PostedUpdates(secret, handle_update).receive)
    return app


@asynccontextmanager
async def serve_http(app: web.Application, settings: Settings) -> AsyncIterator[str]:
    """Serve until the end of the block; yields the server's address, like `http://127.0.0.1:8080`.

    Raises StartError if the address or the port cannot be had.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=_FINISH_SECONDS,
        auto_decompress=False,  # bot/intake/bodies does it
        logger=server_log(),
        keepalive_timeout=_IDLE_SECONDS,
        lingering_time=_LINGERING_SECONDS,
    )
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
        for opened in tuple(runner.sites):
            await opened.stop()
        await app[_BODIES].finish()
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
