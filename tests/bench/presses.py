"""A press of a page button: the update comes in, the last API request goes out.

The yardstick is a bare aiogram handler that makes the same two requests, with the same text and
keyboard ready in its hand. Both go through aiogram's dispatcher from raw JSON and through
aiohttp to a Bot API in another process that answers with constants. Presses alternate.
"""

import asyncio
import random
import statistics
import time
from contextlib import AsyncExitStack
from typing import Any

import httpx
from aiogram import Bot, Dispatcher
from aiogram.client.session.middlewares.base import (
    BaseRequestMiddleware,
    NextRequestMiddlewareType,
)
from aiogram.methods import EditMessageText, Response, TelegramMethod
from aiogram.methods.base import TelegramType
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot.app import hold_up_little
from bot.delivery.pace import Pace, PaceMiddleware
from bot.demo.bot_api.server import BotApiServer
from bot.dialling.dialler import Dialler
from bot.domain.clock import system_clock
from bot.domain.log import LogFilter, Turn
from bot.domain.people import EVERYTHING
from bot.domain.receiving import Receiving
from bot.media.recordings import Recordings
from bot.parts import create_bot, create_cards, create_dispatcher
from bot.repositories import create_repositories
from bot.telegram.i18n import create_i18n
from bot.telegram.isolation import PersonIsolation
from keyboards.callbacks import LogPage
from storage.database import Where, open_database
from storage.engine.base import Database
from tests.bench import office
from tests.bench.figures import Figure, Growth, share, spread
from tests.bench.logs import Bench, say
from tests.bench.processes import server
from tests.bench.servers import EDITED
from tests.support.running import ADMIN, settings_for

TIMES = 2.2
MEANWHILE = 2.0

_STATISTICS = (
    "SELECT extension, status, count(*) AS n, sum(talk) AS talked, max(wait) AS waited "
    "FROM calls GROUP BY extension, status"
)


class _Screens(BaseRequestMiddleware):
    """Keeps what the bot showed last."""

    def __init__(self) -> None:
        self.text = ""
        self.markup: InlineKeyboardMarkup | None = None

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        if isinstance(method, EditMessageText):
            self.text = method.text or ""
            self.markup = method.reply_markup
        return await make_request(bot, method)


def measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    where = bench.whole_log
    say("pressing buttons")
    return asyncio.run(press_buttons(bench, where)), []


async def press_buttons(bench: Bench, where: Where) -> list[Figure]:
    rounds = bench.scaled(400, 50)
    taken: dict[str, list[float]] = {"mine": [], "bare": [], "meanwhile": []}
    nowhere = BotApiServer()
    async with AsyncExitStack() as stack:
        nowhere.url, _ = await stack.enter_async_context(server("telegram", bench.directory))
        settings = settings_for(bench.directory, nowhere)
        database = await stack.enter_async_context(open_database(where))
        repositories = create_repositories(database, settings)
        dispatcher = create_dispatcher(
            settings=settings,
            repositories=repositories,
            cards=create_cards(repositories, settings),
            i18n=create_i18n(settings.language),
            clock=system_clock,
            receiving=Receiving(system_clock),
            isolation=PersonIsolation(database),
            wake=lambda: None,
            recordings=Recordings(httpx.AsyncClient(), settings),
            dialler=Dialler({}, repositories.dials, clock=system_clock, wake=lambda: None),
        )
        screens = _Screens()
        mine, bare = create_bot(settings), create_bot(settings)
        mine.session.middleware(screens)
        mine.session.middleware(PaceMiddleware(Pace(time.monotonic)))
        for bot in (mine, bare):
            stack.push_async_callback(bot.session.close)
        page = await repositories.journal.page(
            EVERYTHING, LogFilter(), turn=Turn.LAST, key=None, size=8
        )
        first = page.calls[0].started_at
        last = first + max(1, bench.calls // 10_000) * 7 * office.DAY
        yardstick = _bare_dispatcher(screens)
        dice = random.Random(1)

        def press(number: int) -> dict[str, Any]:
            here = LogPage(turn=Turn.OLDER, position=dice.randint(first, last), id=1)
            return update(number, here.pack())

        hold_up_little()
        for number in range(rounds + 20):
            pressed = press(number)
            for name, one, to in (("mine", dispatcher, mine), ("bare", yardstick, bare)):
                started = time.perf_counter()
                await one.feed_raw_update(to, pressed)
                if number >= 20:
                    taken[name].append(time.perf_counter() - started)
        assert "/1000+" in str(screens.markup) or bench.calls < 10_000
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(_read_statistics(database))
            for number in range(rounds):
                started = time.perf_counter()
                await dispatcher.feed_raw_update(mine, press(number))
                taken["meanwhile"].append(time.perf_counter() - started)
            reading.cancel()
    slower = share(taken["meanwhile"], 95) / share(taken["mine"], 95)
    ratio = statistics.median(taken["mine"]) / statistics.median(taken["bare"])
    return [
        Figure(
            what="page press, update in to last request answered",
            figure=spread(taken["mine"]),
            yardstick=f"bare aiogram handler {spread(taken['bare'])}",
            ratio=f"{ratio:.2f} (p95 {share(taken['mine'], 95) / share(taken['bare'], 95):.2f})",
            target="≤ 2.2 ×",
            is_met=ratio <= TIMES,
        ),
        Figure(
            what="the same while somebody reads the statistics of the whole log",
            figure=spread(taken["meanwhile"]),
            yardstick=f"page press {spread(taken['mine'])}",
            ratio=f"p95 {slower:.2f}",
            target="p95 ≤ 2 ×",
            is_met=slower <= MEANWHILE,
        ),
    ]


async def _read_statistics(database: Database) -> None:
    """Read the whole log again and again, as whoever wants to know something of all years."""
    while True:
        await database.fetch(_STATISTICS)


def _bare_dispatcher(screens: _Screens) -> Dispatcher:
    async def show(query: CallbackQuery) -> None:
        assert isinstance(query.message, Message)
        await query.message.edit_text(screens.text, reply_markup=screens.markup)
        await query.answer()

    dispatcher = Dispatcher()
    dispatcher.callback_query.register(show)
    return dispatcher


def update(number: int, data: str) -> dict[str, Any]:
    """The press of a button of the administrator's."""
    return {
        "update_id": number + 1,
        "callback_query": {
            "id": str(number),
            "from": {"id": ADMIN, "is_bot": False, "first_name": "Olena", "language_code": "uk"},
            "message": EDITED,
            "chat_instance": "1",
            "data": data,
        },
    }
