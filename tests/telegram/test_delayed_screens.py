"""What shows the screens that Telegram wants later, over real HTTP, on a disk that may be full."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.base import StorageKey
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

from bot.demo.bot_api.server import BotApiServer
from bot.telegram.delayed_screens import DelayedScreens
from bot.telegram.isolation import PersonIsolation
from handlers.dialog_state import adopt
from keyboards.callbacks import DialogButton, DialogStep
from storage.delayed_screens import DelayedScreen, DelayedScreenRepo
from storage.engine.base import Database
from storage.fsm import FsmStorage, put
from storage.open_cards import DrawnCard, OpenCardRepo
from tests.support.engines import ONLY_SQLITE
from tests.support.full_disks import largest_file
from tests.support.telegram import START, TOKEN

OLENA, IVAN = 7, 8
CARD = DrawnCard("c1:1:0:0:0:0:0", 1, None, "a card", int(START))


def question(chat_id: int, card: DrawnCard | None = None) -> DelayedScreen:
    cancel = InlineKeyboardButton(
        text="✖️", callback_data=DialogButton(step=DialogStep.CANCEL).pack()
    )
    buttons = InlineKeyboardMarkup(inline_keyboard=[[cancel]]).model_dump_json(exclude_none=True)
    return DelayedScreen(chat_id, None, None, "Чому?", buttons, int(START), card)


@asynccontextmanager
async def showing(database: Database, telegram: BotApiServer) -> AsyncIterator[FSMContext]:
    """What is kept is shown; yields the dialog of OLENA."""
    api = TelegramAPIServer.from_base(telegram.url)
    async with Bot(TOKEN, session=AiohttpSession(api=api)) as bot, asyncio.TaskGroup() as tasks:
        fsm = FsmStorage(database)
        delayed = DelayedScreens(
            bot,
            DelayedScreenRepo(database),
            OpenCardRepo(database),
            clock=lambda: int(START),
            isolation=PersonIsolation(database),
            fsm=fsm,
            adopt=adopt,
            again=0.01,
        )
        await delayed.adopt_left(seconds=0)
        tasks.create_task(delayed.run())
        yield FSMContext(fsm, StorageKey(bot_id=bot.id, chat_id=OLENA, user_id=OLENA))
        delayed.stop()


@ONLY_SQLITE
async def test_what_was_shown_and_cannot_be_noted_is_not_shown_again(database: Database) -> None:
    """A question that its dialog cannot be told of, and a card."""
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    olena, ivan = telegram.user(OLENA, "Олена"), telegram.user(IVAN, "Іван")
    for user in (olena, ivan):
        await user.start()
    kept = DelayedScreenRepo(database)
    await kept.set(question(OLENA, CARD))
    await kept.set(question(IVAN))
    async with telegram.running():
        telegram.faults.add("sendMessage", "flood", chat_id=IVAN)
        async with showing(database, telegram) as dialog:
            await put(dialog, "asks", {"messages": [1]})
            with largest_file(0):
                await ivan.wait_for(lambda message: message.is_from_bot)
        assert len(olena.replies()) == 1, "while Ivan's waited for a second, and ever after"
        assert await dialog.get_data() == {"messages": [1]}
