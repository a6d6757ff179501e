"""The people's screens as the tests use them: a dispatcher, real storage, a recording Telegram."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, cast

from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramAPIError
from aiogram.fsm.storage.memory import SimpleEventIsolation
from aiogram.methods import (
    AnswerCallbackQuery,
    DeleteMyCommands,
    EditMessageText,
    GetMe,
    SendMessage,
    SetMyCommands,
    TelegramMethod,
)
from aiogram.methods.base import TelegramType
from aiogram.types import (
    BotCommandScopeChat,
    Chat,
    InlineKeyboardMarkup,
    Message,
    Update,
    User,
)
from pydantic import SecretStr

from bot.config.settings import Settings
from bot.config.sources import WebhookSource
from bot.domain.people import Employee, Language, Role
from bot.telegram.i18n import create_i18n
from bot.telegram.middlewares import EmployeeMiddleware, LanguageMiddleware, LeaveDialog
from handlers import dialogs, fallback, health, invites, settings, staff, start
from storage.calls import CallRepo
from storage.database import Database, open_database
from storage.employees import EmployeeRepo
from storage.fsm import FsmStorage
from storage.invites import InviteRepo
from storage.journal import JournalRepo
from storage.outbox import OutboxRepo
from storage.rejects import RejectRepo

NOW = 1_790_000_000
BOSS, OLENA, IVAN, STRANGER = 1001, 1002, 1003, 1009


class RecordingSession(BaseSession):
    """Telegram that remembers what it was asked and agrees, but to the methods in `refused`."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[TelegramMethod[Any]] = []
        self.refused: dict[type[TelegramMethod[Any]], type[TelegramAPIError]] = {}
        self._ids = count(500)

    async def make_request(
        self,
        bot: Bot,
        method: TelegramMethod[TelegramType],
        timeout: int | None = None,  # noqa: ARG002, ASYNC109 - the signature of aiogram's
    ) -> TelegramType:
        self.requests.append(method)
        if error := self.refused.get(type(method)):
            raise error(method=method, message="Forbidden: bot was blocked by the user")
        answer: object = True
        if isinstance(method, GetMe):
            answer = User(id=42, is_bot=True, first_name="Dzvinok", username="dzvinok_bot")
        elif isinstance(method, SendMessage):
            chat = Chat(id=int(method.chat_id), type="private")
            answer = Message(
                message_id=next(self._ids),
                date=datetime.fromtimestamp(NOW, UTC),
                chat=chat,
                text=method.text,
            )
            answer = answer.as_(bot)
        return cast(TelegramType, answer)  # the method's own type is known only to aiogram

    async def close(self) -> None:
        pass

    async def stream_content(self, *_args: Any, **_options: Any) -> AsyncGenerator[bytes, None]:
        raise NotImplementedError
        yield b""


class App:
    def __init__(self, database: Database, chosen: Settings) -> None:
        self.database = database
        self.employees = EmployeeRepo(database)
        self.invites = InviteRepo(database)
        self.calls = CallRepo(database)
        self.outbox = OutboxRepo(database)
        self.rejects = RejectRepo(database)
        self.telegram = RecordingSession()
        self.now = NOW
        self.bot = Bot(
            "42:TEST", session=self.telegram, default=DefaultBotProperties(parse_mode="HTML")
        )
        self.dispatcher = Dispatcher(
            storage=FsmStorage(database),
            events_isolation=SimpleEventIsolation(),
            employees=self.employees,
            invites=self.invites,
            calls=self.calls,
            journal=JournalRepo(database),
            outbox=self.outbox,
            rejects=self.rejects,
            settings=chosen,
            clock=lambda: self.now,
            started_at=NOW - 3 * 86400 - 4 * 3600,
        )
        self.i18n = create_i18n(chosen.language)
        language = LanguageMiddleware(self.i18n, default=chosen.language)
        self.dispatcher.update.outer_middleware(EmployeeMiddleware())
        self.dispatcher.update.outer_middleware(language)
        self.dispatcher.error.outer_middleware(language)
        self.dispatcher.message.outer_middleware(LeaveDialog())
        private = Router()
        private.message.filter(F.chat.type == "private")
        private.callback_query.filter(F.message.chat.type == "private")
        screens = (staff, invites, health, settings, start, dialogs, fallback)
        private.include_routers(*(screen.create_router() for screen in screens))
        self.dispatcher.include_router(private)
        self._ids = count(1)

    async def hire(
        self,
        tg_id: int,
        role: Role,
        *extensions: str,
        name: str = "Олена Коваленко",
        language: Language = Language.UK,
    ) -> Employee:
        token = await self.invites.add(role, extensions=extensions, name=name, now=self.now)
        await self.invites.accept(
            token, tg_id=tg_id, name=name, language=language, page_size=8, now=self.now
        )
        return await self.person(tg_id)

    async def person(self, tg_id: int) -> Employee:
        person = await self.employees.find(tg_id)
        assert person is not None
        return person

    async def say(
        self, tg_id: int, text: str | None, *, code: str = "uk", chat: str = "private"
    ) -> None:
        """Write to the bot; with no text, send a sticker."""
        sticker = {
            "file_id": "s",
            "file_unique_id": "s",
            "type": "regular",
            "width": 1,
            "height": 1,
            "is_animated": False,
            "is_video": False,
        }
        said = {"text": text} if text is not None else {"sticker": sticker}
        await self._feed("message", self._message(tg_id, code, chat) | said)

    async def press(self, tg_id: int, label: str, *, code: str = "uk") -> None:
        """Press the button of the newest screen whose label begins so."""
        await self.press_data(tg_id, self.buttons(label)[0], code=code)

    async def press_data(
        self, tg_id: int, data: str, *, code: str = "uk", chat: str = "private"
    ) -> None:
        message = self._message(tg_id, code, chat)
        query = {"id": "1", "from": message["from"], "chat_instance": "1", "data": data}
        bots = {"id": 42, "is_bot": True, "first_name": "Dzvinok"}
        query["message"] = message | {"from": bots, "message_id": 77, "text": "…"}
        await self._feed("callback_query", query)

    @property
    def text(self) -> str:
        """What the newest screen says."""
        return self._screen().text or ""

    @property
    def labels(self) -> list[str]:
        markup = self._screen().reply_markup
        assert markup is None or isinstance(markup, InlineKeyboardMarkup)
        return [button.text for row in markup.inline_keyboard for button in row] if markup else []

    def buttons(self, label: str = "") -> list[str]:
        """The data of the buttons of the newest screen whose labels begin so."""
        markup = self._screen().reply_markup
        assert isinstance(markup, InlineKeyboardMarkup), self.text
        found = [button for row in markup.inline_keyboard for button in row]
        return [button.callback_data or "" for button in found if button.text.startswith(label)]

    @property
    def answers(self) -> list[str | None]:
        """The notices of the pressed buttons, in order."""
        return [one.text for one in self.telegram.requests if isinstance(one, AnswerCallbackQuery)]

    def menus(self, tg_id: int) -> list[list[str] | None]:
        """The menus set in a person's chat, in order; None for one taken away."""
        chat = BotCommandScopeChat(chat_id=tg_id)
        return [
            [x.command for x in one.commands] if isinstance(one, SetMyCommands) else None
            for one in self.telegram.requests
            if isinstance(one, SetMyCommands | DeleteMyCommands) and one.scope == chat
        ]

    def _screen(self) -> SendMessage | EditMessageText:
        return next(
            one
            for one in reversed(self.telegram.requests)
            if isinstance(one, SendMessage | EditMessageText)
        )

    def _message(self, tg_id: int, code: str, chat: str) -> dict[str, Any]:
        name = {"first_name": f"<b>{tg_id}", "last_name": "Smith"}
        return {
            "message_id": next(self._ids),
            "date": self.now,
            "chat": {"id": tg_id, "type": chat, "title": "Group"},
            "from": {"id": tg_id, "is_bot": False, "language_code": code} | name,
        }

    async def _feed(self, kind: str, event: dict[str, Any]) -> None:
        update = Update.model_validate(
            {"update_id": next(self._ids), kind: event}, context={"bot": self.bot}
        )
        await self.dispatcher.feed_update(self.bot, update)


@asynccontextmanager
async def open_app(folder: Path) -> AsyncIterator[App]:
    """The screens on an empty database, with one administrator, BOSS."""
    path = folder / "dzvinok.db"
    chosen = Settings(
        _env_file=None,
        bot_token=SecretStr("42:TEST"),
        database_path=path,
        timezone="Europe/Kyiv",
        language=Language.UK,
        page_size=8,
        sources={"office": WebhookSource(kind="webhook"), "shop": WebhookSource(kind="webhook")},
    )
    async with open_database(path) as database:
        app = App(database, chosen)
        await app.hire(BOSS, Role.ADMINISTRATOR, name="Ганна Мельник")
        yield app
