"""The screens as people use them: the real dispatcher and storage, and a Telegram that records."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, cast

import httpx
from aiogram import Bot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.base import BaseSession
from aiogram.exceptions import TelegramAPIError
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
from bot.config.sources import WebhookSettings
from bot.dialling.dialler import Dialler
from bot.domain.people import Employee, Language, Role
from bot.domain.posts import HookPosts
from bot.domain.receiving import Receiving
from bot.media.recordings import Recordings
from bot.parts import create_cards, create_dispatcher
from bot.repositories import create_repositories
from bot.telegram.i18n import create_i18n
from bot.telegram.isolation import PersonIsolation
from storage.database import open_database
from storage.engine.base import Database
from tests.support.databases import database_url, put_database
from tests.support.plain_http import plain_http

NOW = 1_790_000_000
STARTED_AT = NOW - 3 * 86400 - 4 * 3600
BOSS, OLENA, IVAN, STRANGER = 1001, 1002, 1003, 1009


class RecordingSession(BaseSession):
    """Telegram that remembers what it was asked and agrees, but to the methods in `refused`."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[TelegramMethod[Any]] = []
        self.refused: dict[type[TelegramMethod[Any]], type[TelegramAPIError]] = {}
        self.last_message_id = 0
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
            self.last_message_id = next(self._ids)
            answer = Message(
                message_id=self.last_message_id,
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
    """All screens on one database; `telegram` has what was said, `woken` how often to be sent.

    The clock stands still at `now`; the program was started three days and four hours before.
    """

    def __init__(self, database: Database, chosen: Settings, http: httpx.AsyncClient) -> None:
        repositories = create_repositories(database, chosen)
        self.database = database
        self.employees = repositories.employees
        self.invites = repositories.invites
        self.calls = repositories.calls
        self.outbox = repositories.outbox
        self.rejects = repositories.rejects
        self.telegram = RecordingSession()
        self.bot = Bot(
            "42:TEST", session=self.telegram, default=DefaultBotProperties(parse_mode="HTML")
        )
        self.i18n = create_i18n(chosen.language)
        self.woken = 0
        self.now = STARTED_AT
        self.posts = HookPosts(lambda: self.now)
        self.dispatcher = create_dispatcher(
            settings=chosen,
            repositories=repositories,
            cards=create_cards(repositories, chosen),
            i18n=self.i18n,
            clock=lambda: self.now,
            receiving=Receiving(lambda: self.now),
            isolation=PersonIsolation(database),
            posts=self.posts,
            wake=self._wake,
            recordings=Recordings(http, chosen),
            dialler=Dialler({}, repositories.dials, clock=lambda: self.now, wake=self._wake),
        )
        self.now = NOW
        self._ids = count(1)

    def _wake(self) -> None:
        self.woken += 1

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

    async def press_confirmation(self, tg_id: int) -> None:
        """Press ✅ on the question sent last, which is a message of its own."""
        await self.press_data(tg_id, self.buttons("✅")[0], on=self.telegram.last_message_id)

    async def press_data(
        self, tg_id: int, data: str, *, code: str = "uk", chat: str = "private", on: int = 77
    ) -> None:
        """`on`: the id of the message the button is under."""
        message = self._message(tg_id, code, chat)
        query = {"id": "1", "from": message["from"], "chat_instance": "1", "data": data}
        bots = {"id": 42, "is_bot": True, "first_name": "Dzvinok"}
        query["message"] = message | {"from": bots, "message_id": on, "text": "…"}
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
        """The toasts of the pressed buttons, in order."""
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
async def open_app(
    folder: Path, *, wrap: Callable[[Database], Database] = lambda database: database
) -> AsyncIterator[App]:
    """The screens on an empty database, with one administrator, BOSS.

    `wrap`: what the screens are given in place of the database.
    """
    path = folder / "dzvinok.db"
    await put_database(path)
    where = database_url(path) or path
    async with open_database(where) as database, open_screens(wrap(database)) as app:
        yield app


@asynccontextmanager
async def open_screens(database: Database) -> AsyncIterator[App]:
    """The same on a database that is open and empty."""
    chosen = Settings(
        _env_file=None,
        bot_token=SecretStr("42:TEST"),
        timezone="Europe/Kyiv",
        language=Language.UK,
        page_size=8,
        sources={
            "office": WebhookSettings(kind="webhook"),
            "shop": WebhookSettings(kind="webhook"),
        },
    )
    async with plain_http() as http:
        app = App(database, chosen, http)
        await app.hire(BOSS, Role.ADMINISTRATOR, name="Ганна Мельник")
        yield app
