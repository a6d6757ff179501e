"""The demo's page on a Bot API server with two people, a group, and no bot behind it."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import ClientResponse, FormData

from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.fields import Upload
from bot.demo.bot_api.groups import Group
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from bot.demo.page.chats import Person
from bot.demo.page.panel import Action, ActionError
from bot.demo.page.server import DemoPage
from bot.demo.page.sources import Source, SourceState, Words
from bot.domain.feeds import FeedState
from tests.support.telegram import TOKEN

XSS = "<img src=x onerror=alert(1)>"
KEYS = {"inline_keyboard": [[{"text": "Далі", "callback_data": "next"}]]}


@dataclass
class FakePanel:
    """Keeps the orders; the label of the first says how many there were, the second fails."""

    done: list[str] = field(default_factory=list)

    def actions(self) -> Sequence[Action]:
        label = f"Пропущено {len(self.done)}"
        return [
            Action("missed", label, "Missed", "call"),
            Action("429", "429", "429", "fault"),
        ]

    async def act(self, key: str) -> None:
        if key == "429":
            raise ActionError("Telegram is busy already")
        self.done.append(key)


@dataclass
class FakeSources:
    """Two PBXs; the second is listened to, and its line is broken when `error` says why."""

    chosen: str = "shop"
    error: str | None = None

    def all(self) -> Sequence[Source]:
        return [
            Source(
                key,
                name=Words(f"АТС {key}", f"PBX {key}"),
                how=Words("Бот слухає.", "The bot listens."),
                takes=Words("ключ", "a key"),
                page=Words("pbx/binotel.uk.md", "pbx/binotel.md"),
            )
            for key in ("shop", "live")
        ]

    def choose(self, key: str) -> None:
        self.chosen = key

    async def states(self) -> dict[str, SourceState]:
        failed_at, connected_at = (1_795_400_000, None) if self.error else (None, 1_795_400_000)
        feed = FeedState("live", "ami", connected_at, failed_at, self.error, None)
        return {"live": SourceState([feed], 1_795_400_060), "shop": SourceState([], None)}


@dataclass(frozen=True)
class Site:
    """The page as a browser on this computer asks it, on a Telegram with a bot and two people."""

    server: BotApiServer
    bot: Bot
    olena: User
    ivan: User
    group: Group
    panel: FakePanel
    sources: FakeSources
    http: aiohttp.ClientSession

    async def post(self, path: str, body: Any, **headers: str) -> tuple[int, Any]:
        sent = {"Origin": self.server.url, "Content-Type": "application/json"} | headers
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.http.post(self.server.url + path, data=data, headers=sent) as response:
            return response.status, await response.json()

    async def get(self, path: str, **headers: str) -> tuple[ClientResponse, bytes]:
        async with self.http.get(self.server.url + path, headers=headers) as response:
            return response, await response.read()

    async def state(self) -> Any:
        return json.loads((await self.get("/state"))[1])

    async def chat(self, number: int) -> Any:
        return next(one for one in (await self.state())["chats"] if one["id"] == number)

    async def say(
        self, method: str, uploads: dict[str, Upload] | None = None, **values: Any
    ) -> Any:
        """What the bot does: the result of a method, which must succeed."""
        status, body = await self.server.execute(self.bot, method, values, uploads or {})
        assert status == 200, body
        return body["result"]

    async def upload(self, content: bytes, name: str, kind: str, **fields: str) -> int:
        """Send a file as the form of the page does; the status."""
        form = FormData(quote_fields=False)
        for key, value in ({"as": "7"} | fields).items():
            form.add_field(key, value)
        form.add_field("file", content, filename=name, content_type=kind)
        headers = {"Origin": self.server.url}
        async with self.http.post(
            self.server.url + "/upload", data=form, headers=headers
        ) as response:
            return response.status

    @asynccontextmanager
    async def events(self, *, after: str = "", last_id: str = "") -> AsyncIterator["Stream"]:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        url = f"{self.server.url}/events?after={after}"
        async with self.http.get(url, headers=headers) as response:
            assert response.headers["Content-Type"] == "text/event-stream"
            yield Stream(response)


class Stream:
    """The events of the page, and the id of the last one heard."""

    def __init__(self, response: ClientResponse) -> None:
        self._response = response
        self.last_id = ""

    async def next(self) -> Any:
        """The next event, but those that tell what has changed of a chat itself."""
        async with asyncio.timeout(5):
            while True:
                line = (await self._response.content.readline()).decode().rstrip("\n")
                name, _, value = line.partition(": ")
                if name == "id":
                    self.last_id = value
                elif name == "data" and (body := json.loads(value))["kind"] != "chat":
                    return body


@asynccontextmanager
async def running_site() -> AsyncIterator[Site]:
    """The page of Olena, who has started the bot, of Ivan, who has not, and of their group."""
    server = BotApiServer()
    bot = server.register_bot(TOKEN, "dzvinok_bot", "Dzvinok")
    olena = server.user(7, XSS, last_name="Коваленко", is_started=True)
    ivan = server.user(8, "Іван", language_code="en")
    group = server.group(-100, f"Відділ {XSS}", owner=olena)
    panel, sources = FakePanel(), FakeSources()
    page = DemoPage(
        server,
        [Person(olena, "Оператор", "Operator"), Person(ivan, "Бухгалтер", "Accountant", "abc_1")],
        panel=panel,
        sources=sources,
        group=group,
    )
    async with server.running(mount=page.mount), aiohttp.ClientSession() as http:
        group.add(bot)
        yield Site(server, bot, olena, ivan, group, panel, sources, http)
