"""Servers that stand in processes of their own: `python -m tests.bench.servers KIND DIRECTORY`.

`hooks` is the program's HTTP server with its Recorder, `whole` the whole bot, `bare` an aiohttp
handler that parses the same JSON and answers, `telegram` a Bot API that answers two methods with
constants, `echo` a bare aiogram bot that polls. Each prints its address, or a word, when it is
ready, and ends when its input does.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Message
from aiohttp import web

from bot.app import serve
from bot.config.settings import Settings
from bot.demo.bot_api.server import BotApiServer
from bot.domain.clock import system_clock
from bot.domain.posts import HookPosts
from bot.intake.recorder import Recorder
from bot.repositories import create_repositories
from bot.sources.http_api import create_client
from bot.sources.registry import create_source
from bot.telemetry.metrics import Metrics
from bot.web.server import create_web
from bot.web.source_figures import SourceFigures
from storage.database import open_database
from tests.bench.logs import add_people
from tests.support.running import settings_for
from tests.support.telegram import TOKEN

RECIPIENTS = 5

EDITED = {
    "message_id": 1,
    "date": 1_790_000_000,
    "edit_date": 1_790_000_001,
    "chat": {"id": 1001, "type": "private", "first_name": "Olena"},
    "from": {"id": 42, "is_bot": True, "first_name": "Dzvinok", "username": "dzvinok_bot"},
    "text": "a page",
}


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def bare(options: argparse.Namespace) -> AsyncIterator[str]:
    """The yardstick of hooks: what aiohttp alone takes for such a request."""
    del options

    async def receive(request: web.Request) -> web.Response:
        posted = json.loads(await request.read())
        known = isinstance(posted["id"], str)
        return web.json_response({"accepted": int(known), "updated": 0, "rejected": []})

    app = web.Application(client_max_size=1024 * 1024)
    app.router.add_post("/hooks/{source}/{token}", receive)
    async with served(app) as url:
        yield url


async def _no_update(raw: object) -> bool:
    return raw is None


@asynccontextmanager
async def hooks(options: argparse.Namespace) -> AsyncIterator[str]:
    """The program's own HTTP server and Recorder; nobody sends the messages owed."""
    settings = _settings(options)
    async with open_database(settings.database) as database:
        await add_people(database, RECIPIENTS)
        repositories = create_repositories(database, settings)
        bot = Bot(TOKEN)
        app = create_web(
            settings=settings,
            sources={
                name: create_source(name, it, http=create_client())
                for name, it in settings.sources.items()
            },
            recorder=Recorder(
                repositories.calls,
                repositories.rejects,
                clock=system_clock,
                on_recorded=lambda: None,
            ),
            durability=repositories.durability,
            outbox=repositories.outbox,
            metrics=Metrics(),
            figures=SourceFigures(
                settings.sources,
                repositories.calls,
                repositories.feeds,
                repositories.silences,
                system_clock,
            ),
            posts=HookPosts(system_clock),
            bot=bot,
            handle_update=_no_update,
            steady=time.monotonic,
            is_receiving=lambda: True,
            is_leader=lambda: True,
        )
        async with served(app) as url:
            yield url
        await bot.session.close()


@asynccontextmanager
async def whole(options: argparse.Namespace) -> AsyncIterator[str]:
    """The whole bot, its messages leaving for the Bot API at `--api`."""
    settings = _settings(options)
    async with open_database(settings.database) as database:
        await add_people(database, RECIPIENTS)
    async with serve(settings, clock=system_clock) as url:
        yield url


@asynccontextmanager
async def telegram(options: argparse.Namespace) -> AsyncIterator[str]:
    """A Bot API as fast as aiohttp makes one: both sides of a comparison pay little for it."""
    del options
    edited = json.dumps({"ok": True, "result": EDITED}).encode()
    done = json.dumps({"ok": True, "result": True}).encode()

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        is_edit = request.match_info["method"] == "editMessageText"
        return web.Response(body=edited if is_edit else done, content_type="application/json")

    app = web.Application()
    app.router.add_post("/bot{token}/{method}", answer)
    async with served(app) as url:
        yield url


@asynccontextmanager
async def echo(options: argparse.Namespace) -> AsyncIterator[str]:
    """The yardstick of memory: aiogram, polling, with one handler."""

    async def repeat(message: Message) -> None:
        await message.answer(message.text or "")

    dispatcher = Dispatcher()
    dispatcher.message.register(repeat)
    session = AiohttpSession(api=TelegramAPIServer.from_base(options.api))
    async with Bot(TOKEN, session=session) as bot, asyncio.TaskGroup() as tasks:
        polling = tasks.create_task(dispatcher.start_polling(bot, handle_signals=False))
        yield "polling"
        polling.cancel()


KINDS: dict[str, Callable[[argparse.Namespace], AbstractAsyncContextManager[str]]] = {
    "bare": bare,
    "hooks": hooks,
    "whole": whole,
    "telegram": telegram,
    "echo": echo,
}


def _settings(options: argparse.Namespace) -> Settings:
    nowhere = BotApiServer()
    nowhere.url = options.api
    return settings_for(Path(options.directory), nowhere, database_url=options.database)


async def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("directory")
    parser.add_argument("--api", default="http://127.0.0.1:9")
    parser.add_argument("--database", default="", help="of PostgreSQL, in the place of a file")
    options: Any = parser.parse_args()
    async with KINDS[options.kind](options) as word:
        print(word, flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main())
