"""The demo's chat page: who may ask it, what it tells, and the real bot in a real browser."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import aiohttp
import httpx
import pytest
from aiohttp import ClientResponse, FormData

from bot.app import serve
from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.fields import Upload
from bot.demo.bot_api.files import tiny_picture
from bot.demo.bot_api.groups import Group
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from bot.demo.page import events
from bot.demo.page import server as demo
from bot.demo.page.chats import Person
from bot.demo.page.panel import Action, ActionError
from bot.demo.page.server import DemoPage
from bot.domain.people import Role
from storage.database import open_database
from storage.invites import InviteRepo
from tests.support.browser import chromium, faint_words
from tests.support.running import (
    ACCOUNTANT,
    ADMIN,
    HOOK_TOKEN,
    IVAN,
    OLENA,
    SUPERVISOR,
    settings_for,
)
from tests.support.telegram import TOKEN, Clock

if TYPE_CHECKING:
    from playwright.async_api import Locator, Page

XSS = "<img src=x onerror=alert(1)>"
KEYS = {"inline_keyboard": [[{"text": "Далі", "callback_data": "next"}]]}


@dataclass
class FakePanel:
    done: list[str] = field(default_factory=list)

    def actions(self) -> Sequence[Action]:
        label = f"Пропущено {len(self.done)}"
        return [("missed", label, "Missed", "call"), ("429", "429", "429", "fault")]

    async def act(self, key: str) -> None:
        if key == "429":
            raise ActionError("Telegram is busy already")
        self.done.append(key)


@dataclass(frozen=True)
class Site:
    """The page as a browser on this computer asks it, on a Telegram with a bot and two people."""

    server: BotApiServer
    bot: Bot
    olena: User
    ivan: User
    group: Group
    panel: FakePanel
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
        """What the bot does."""
        status, body = await self.server.execute(self.bot, method, values, uploads or {})
        assert status == 200, body
        return body["result"]

    @asynccontextmanager
    async def events(self, *, after: str = "", last_id: str = "") -> AsyncIterator["Stream"]:
        headers = {"Last-Event-ID": last_id} if last_id else {}
        url = f"{self.server.url}/events?after={after}"
        async with self.http.get(url, headers=headers) as response:
            assert response.headers["Content-Type"] == "text/event-stream"
            yield Stream(response)


class Stream:
    def __init__(self, response: ClientResponse) -> None:
        self._response = response
        self.last_id = ""

    async def next(self) -> Any:
        """The next event but those of chats' own properties."""
        async with asyncio.timeout(5):
            while True:
                line = (await self._response.content.readline()).decode().rstrip("\n")
                name, _, value = line.partition(": ")
                if name == "id":
                    self.last_id = value
                elif name == "data" and (body := json.loads(value))["kind"] != "chat":
                    return body


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    server = BotApiServer()
    bot = server.register_bot(TOKEN, "dzvinok_bot", "Dzvinok")
    olena = server.user(7, XSS, last_name="Коваленко", is_started=True)
    ivan = server.user(8, "Іван", language_code="en")
    group = server.group(-100, f"Відділ {XSS}", owner=olena)
    panel = FakePanel()
    page = DemoPage(
        server,
        [Person(olena, "Оператор", "Operator"), Person(ivan, "Бухгалтер", "Accountant", "abc_1")],
        panel=panel,
        group=group,
    )
    async with server.running(mount=page.mount), aiohttp.ClientSession() as http:
        group.add(bot)
        yield Site(server, bot, olena, ivan, group, panel, http)


# Who may ask


@pytest.mark.parametrize("path", ["/", "/chat.css", "/chat.js", "/icon.svg", "/state", "/events"])
async def test_the_page_is_only_for_those_who_came_by_this_computers_address(
    site: Site, path: str
) -> None:
    for host in ("evil.example", "127.0.0.1", "127.0.0.1:1", "evil.example:80", "[::1]:80", ""):
        response, _ = await site.get(path, Host=host)
        assert response.status in {400, 403}, host
    port = site.server.url.rpartition(":")[2]
    if path != "/events":
        response, _ = await site.get(path, Host=f"localhost:{port}")
        assert response.status == 200
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/send", "/press", "/start", "/block", "/panel", "/upload"])
async def test_another_sites_page_may_do_nothing(site: Site, path: str) -> None:
    body = {"as": 7, "chat": 7, "text": "x", "key": "missed", "is_blocked": True}
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1", ""):
        assert (await site.post(path, body, Origin=origin))[0] == 403, origin
    async with site.http.post(site.server.url + path, json=body) as response:
        assert response.status == 403, "no origin at all"
    assert (await site.post(path, body, Host="evil.example"))[0] == 403
    assert (await site.get(path))[0].status == 404, "and nothing is done by a link"
    assert site.olena.messages() == []
    assert site.panel.done == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"[" * 60_000, 400),
        (b"{" + b" " * 70_000 + b"}", 413),
        ({"as": "7", "chat": 7, "text": "x"}, 400),
        ({"as": True, "chat": 7, "text": "x"}, 400),
        ({"as": 7, "chat": 7}, 400),
        ({"as": 7, "chat": 7, "text": 5}, 400),
        ({"as": 7, "chat": 7, "text": "\ud800"}, 400),
        ({"as": 9, "chat": 7, "text": "x"}, 404),
        ({"as": 7, "chat": 8, "text": "another's chat"}, 404),
        ({"as": 8, "chat": -100, "text": "not in the group"}, 404),
        ({"as": 7, "chat": 7, "text": " "}, 200),
        ({"as": 7, "chat": 7, "text": "x" * 4097}, 200),
        ({"as": 7, "chat": 7, "key": "no such key"}, 200),
    ],
)
async def test_what_is_wrong_is_refused_and_said(site: Site, body: Any, status: int) -> None:
    answered, answer = await site.post("/send", body)
    assert (answered, answer["ok"]) == (status, False)
    assert answer["error"]
    assert site.olena.messages() == []


async def test_only_json_is_read(site: Site) -> None:
    body = {"as": 7, "chat": 7, "text": "x"}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert (await site.post("/send", body, **{"Content-Type": kind}))[0] == 415


# What is there


async def test_the_state_tells_people_chats_menus_and_actions(site: Site) -> None:
    await site.say("setMyCommands", commands=[{"command": "log", "description": "Журнал"}])
    scope = {"type": "chat", "chat_id": 7}
    only = [{"command": "staff", "description": "Люди"}]
    await site.say("setMyCommands", commands=only, scope=scope)
    state = await site.state()
    assert [one["name"] for one in state["people"]] == [f"{XSS} Коваленко", "Іван"]
    assert state["people"][1]["role"] == {"uk": "Бухгалтер", "en": "Accountant"}
    assert "abc_1" not in json.dumps(state), "a payload is the server's to keep"
    assert [one["id"] for one in state["chats"]] == [7, 8, -100]
    assert [one["is_started"] for one in state["chats"]] == [True, False, True]
    assert state["chats"][0]["commands"] == {"7": only}
    assert state["chats"][1]["commands"]["8"][0]["command"] == "log"
    assert state["chats"][2]["members"] == [7]
    assert state["panel"][0] == {
        "key": "missed",
        "uk": "Пропущено 0",
        "en": "Missed",
        "kind": "call",
    }


async def test_history_is_as_it_is_now_after_edits_and_deletions(site: Site) -> None:
    first = await site.say(
        "sendMessage", chat_id=7, text=f"<b>1</b> {XSS.replace('<', '&lt;')}", parse_mode="HTML"
    )
    second = await site.say("sendMessage", chat_id=7, text="2", reply_markup=KEYS)
    await site.post("/send", {"as": 7, "chat": 7, "text": XSS, "reply_to": first["message_id"]})
    await site.say("editMessageText", chat_id=7, message_id=second["message_id"], text="2!")
    await site.say("deleteMessage", chat_id=7, message_id=first["message_id"])
    await site.say("sendMessage", chat_id=7, text="?", reply_markup={"force_reply": True})
    edited, own, asked = (await site.chat(7))["messages"]
    assert (edited["text"], "reply_markup" in edited) == ("2!", False)
    assert edited["edit_date"]
    assert own["text"] == XSS, "never touched: the page shows it as text"
    assert "reply_to_message" not in own, "what it answered is gone"
    assert asked["force_reply"] == {"force_reply": True}


async def test_all_that_happens_is_told_in_order(site: Site) -> None:
    position = (await site.state())["position"]
    async with site.events(after=position) as stream:
        sent = await site.say("sendMessage", chat_id=7, text="1", reply_markup=KEYS)
        number = sent["message_id"]
        shown = await stream.next()
        assert (shown["kind"], shown["chat"]) == ("new", 7)
        assert shown["message"]["reply_markup"] == KEYS

        press = {"as": 7, "chat": 7, "message_id": number, "data": "next"}
        status, answer = await site.post("/press", press)
        assert status == 200
        pressed = await stream.next()
        assert pressed == {
            "kind": "pressed",
            "chat": 7,
            "query": answer["query"],
            "person": 7,
            "message_id": number,
            "data": "next",
        }
        await site.say("sendChatAction", chat_id=7, action="typing")
        assert (await stream.next())["action"] == "typing"
        await site.say(
            "answerCallbackQuery", callback_query_id=answer["query"], text="!", show_alert=True
        )
        answered = await stream.next()
        assert (answered["kind"], answered["text"], answered["show_alert"]) == (
            "answered",
            "!",
            True,
        )
        await site.say("editMessageText", chat_id=7, message_id=number, text="2")
        changed = await stream.next()
        assert (changed["kind"], changed["message"]["text"]) == ("edited", "2")
        await site.say("deleteMessage", chat_id=7, message_id=number)
        assert await stream.next() == {"kind": "deleted", "chat": 7, "message_id": number}

        assert (await site.post("/press", press))[0] == 200, "a button of a message just deleted"
        assert (await stream.next())["kind"] == "pressed"
        assert (await site.post("/press", press | {"message_id": 999}))[0] == 404
        assert (await site.post("/press", press | {"data": "x" * 65}))[0] == 400


async def test_menus_keyboards_and_blocks_are_told_too(site: Site) -> None:
    position = (await site.state())["position"]
    await site.say("setMyCommands", commands=[{"command": "log", "description": "Журнал"}])
    keys = {"keyboard": [[{"text": "Журнал"}]]}
    await site.say("sendMessage", chat_id=7, text="x", reply_markup=keys)
    await site.post("/block", {"as": 7, "is_blocked": True})
    heard: list[Any] = []
    async with (
        asyncio.timeout(5),
        site.http.get(f"{site.server.url}/events?after={position}") as response,
    ):
        while not any(one["is_blocked"] for one in heard):
            line = (await response.content.readline()).decode()
            if line.startswith("data: ") and (body := json.loads(line[6:]))["kind"] == "chat":
                heard.append(body["now"])
    mine = [one for one in heard if one["id"] == 7]
    assert mine[-1]["commands"]["7"][0]["command"] == "log"
    assert mine[-1]["keyboard"] == keys
    assert not (await site.post("/send", {"as": 7, "chat": 7, "text": "x"}))[1]["ok"]
    await site.post("/block", {"as": 7, "is_blocked": False})
    assert (await site.post("/send", {"as": 7, "chat": 7, "key": "Журнал"}))[0] == 200
    assert site.olena.last().text == "Журнал"


async def test_who_was_away_hears_what_was_missed_or_starts_anew(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await site.say("sendMessage", chat_id=7, text="1")
    async with site.events(after=(await site.state())["position"]) as stream:
        await site.say("sendMessage", chat_id=7, text="2")
        assert (await stream.next())["message"]["text"] == "2"
        last = stream.last_id
    await site.say("sendMessage", chat_id=7, text="3")
    async with site.events(after="nonsense", last_id=last) as stream:
        assert (await stream.next())["message"]["text"] == "3"
        last = stream.last_id
    for unknown in ("", "other-1", "1", f"{last.partition('-')[0]}-99999"):
        async with site.events(after=unknown) as stream:
            assert (await stream.next())["kind"] == "resync"
            await site.say("sendMessage", chat_id=7, text="on")
            assert (await stream.next())["message"]["text"] == "on"
    for _ in range(events.KEPT_EVENTS):
        await site.say("sendChatAction", chat_id=7, action="typing")
    async with site.events(last_id=last) as stream:
        assert (await stream.next())["kind"] == "resync", "too much to tell one by one"

    monkeypatch.setattr(demo, "HEARTBEAT", 0.01)
    async with asyncio.timeout(5), site.http.get(site.server.url + "/events?after=") as response:
        while not (await response.content.readline()).startswith(b": still here"):
            pass


# Acting


async def test_start_brings_the_payload_once_or_that_of_a_link(site: Site) -> None:
    assert (await site.post("/start", {"as": 8}))[0] == 200
    assert site.ivan.last().text == "/start abc_1"
    await site.post("/start", {"as": 8})
    assert site.ivan.last().text == "/start"
    await site.post("/start", {"as": 7, "payload": "Link-1"})
    assert site.olena.last().text == "/start Link-1"
    assert (await site.post("/start", {"as": 7, "payload": "a b"}))[0] == 400


async def test_people_write_to_the_group_they_are_in(site: Site) -> None:
    body = {"as": 7, "chat": -100, "text": "/log@dzvinok_bot"}
    assert (await site.post("/send", body))[0] == 200
    assert site.group.last().text == "/log@dzvinok_bot"


async def test_the_panel_acts_and_its_labels_follow(site: Site) -> None:
    async with site.events(after=(await site.state())["position"]) as stream:
        assert (await site.post("/panel", {"key": "missed"}))[0] == 200
        told = await stream.next()
    assert (told["kind"], told["actions"][0]["uk"]) == ("panel", "Пропущено 1")
    assert await site.post("/panel", {"key": "429"}) == (
        200,
        {"ok": False, "error": "Telegram is busy already"},
    )
    assert (await site.post("/panel", {"key": "other"}))[0] == 404
    assert site.panel.done == ["missed"]


async def upload(site: Site, content: bytes, name: str, kind: str, **fields: str) -> int:
    form = FormData(quote_fields=False)
    for key, value in ({"as": "7"} | fields).items():
        form.add_field(key, value)
    form.add_field("file", content, filename=name, content_type=kind)
    headers = {"Origin": site.server.url}
    url = site.server.url + "/upload"
    async with site.http.post(url, data=form, headers=headers) as response:
        return response.status


async def test_files_go_up_as_what_they_are_and_come_down_safe(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = b"<script>alert(1)</script>"
    assert await upload(site, tiny_picture(), "я.png", "image/png", caption="Ось") == 200
    assert await upload(site, b"0123456789", "a.mp3", "audio/mpeg") == 200
    assert await upload(site, page, 'x"я.html', "text/html") == 200
    assert await upload(site, page, "x.png", "image/png") == 200
    photo, audio, html, fake = (await site.chat(7))["messages"]
    assert photo["caption"] == "Ось"
    response, body = await site.get(f"/media/{photo['photo'][0]['file_id']}")
    assert (response.content_type, body) == ("image/png", tiny_picture())
    assert "sandbox" in response.headers["Content-Security-Policy"]

    path = f"/media/{audio['audio']['file_id']}"
    response, body = await site.get(path, Range="bytes=2-4")
    assert (response.status, body) == (206, b"234")
    assert response.headers["Content-Range"] == "bytes 2-4/10"
    response, body = await site.get(path, Range="bytes=-3")
    assert (response.status, body) == (206, b"789")
    assert (await site.get(path, Range="bytes=99-"))[0].status == 416
    assert (await site.get(path, Range="nonsense"))[0].status == 206

    response, body = await site.get(f"/media/{html['document']['file_id']}")
    assert response.content_type == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["Content-Disposition"].endswith("x%22%D1%8F.html")
    response, _ = await site.get(f"/media/{fake['document']['file_id']}")
    assert response.headers["X-Content-Type-Options"] == "nosniff"

    for unknown in ("x", "BQACzzzz", "..%2Fstate"):
        assert (await site.get(f"/media/{unknown}"))[0].status == 404
    assert await upload(site, b"x", "x", "text/plain", **{"as": "9"}) == 404
    assert await upload(site, b"x", "x", "text/plain", **{"as": "x"}) == 400
    assert await upload(site, b"x", "x", "text/plain", caption="x" * 1025) == 400
    assert await upload(site, b"", "x", "text/plain") == 200
    assert len((await site.chat(7))["messages"]) == 4, "Telegram takes no empty file"
    monkeypatch.setattr(demo, "MAX_FILE", 10)
    assert await upload(site, b"x" * 11, "x", "text/plain") == 413
    monkeypatch.setattr(demo, "MAX_JSON", 10)
    assert await upload(site, b"x" * 11, "x", "text/plain") == 413


async def test_stopping_does_not_wait_for_those_who_listen() -> None:
    server = BotApiServer()
    server.register_bot(TOKEN)
    page = DemoPage(server, [Person(server.user(7), "", "")], panel=FakePanel())
    async with aiohttp.ClientSession() as http:
        async with asyncio.timeout(0.9), server.running(mount=page.mount):
            response = await http.get(server.url + "/events")
        assert (await response.content.read()).startswith(b"retry")


# In a real browser

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass
class Calls:
    """A panel that posts calls to the real bot's hook."""

    http: httpx.AsyncClient
    url: str = ""
    count: int = 0

    def actions(self) -> Sequence[Action]:
        return [("missed", "Клієнт дзвонить, пропущено", "A client calls, missed", "call")]

    async def act(self, key: str) -> None:
        assert key == "missed"
        await self.post(ago=30)

    async def post(self, *, ago: int) -> None:
        self.count += 1
        ended = NOON - timedelta(seconds=ago)
        call = {
            "id": f"call-{self.count}",
            "direction": "in",
            "status": "missed",
            "caller": {
                "number": f"06712345{self.count:02}",
                "name": f"Клієнт <b>{self.count}</b>",
            },
            "callee": {"number": "101"},
            "line": "0445550101",
            "rang": ["101"],
            "started_at": (ended - timedelta(seconds=17)).isoformat(),
            "ended_at": ended.isoformat(),
            "ended_by": "caller",
        }
        answer = await self.http.post(f"{self.url}/hooks/office/{HOOK_TOKEN}", json=call)
        assert answer.status_code == 200, answer.text


@asynccontextmanager
async def demo_office(directory: Path) -> AsyncIterator[str]:
    """The bot with twelve old calls of today, five people who have not pressed START; the page."""
    clock = Clock(NOON.timestamp())
    server = BotApiServer(clock=clock)
    bot = server.register_bot(TOKEN, username="dzvinok_bot", name="Dzvinok")
    staff: list[tuple[int, str, str, Role | None, tuple[str, ...]]] = [
        (ADMIN, "Ганна", "Адміністратор", None, ()),
        (SUPERVISOR, "Марія", "Керівник", Role.SUPERVISOR, ()),
        (OLENA, "Олена", "Оператор 101", Role.OPERATOR, ("101",)),
        (IVAN, "Іван", "Оператор 102", Role.OPERATOR, ("102",)),
        (ACCOUNTANT, "Софія", "Бухгалтер", Role.ACCOUNTANT, ()),
    ]
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient())
        panel = Calls(http)
        people: list[Person] = []
        async with open_database(directory / "dzvinok.db") as database:
            for number, name, role_name, role, extensions in staff:
                payload = role and await InviteRepo(database).add(
                    role, extensions=extensions, name=name, now=int(clock())
                )
                user = server.user(number, name, language_code="uk")
                people.append(Person(user, role_name, role_name, payload or ""))
        group = server.group(-1001, "Відділ продажів", owner=people[0].user)
        group.add(bot)
        page = DemoPage(server, people, panel=panel, group=group)
        await stack.enter_async_context(server.running(mount=page.mount))
        settings = settings_for(directory, server)
        panel.url = await stack.enter_async_context(serve(settings, clock=lambda: int(clock())))
        for index in range(12):
            await panel.post(ago=7200 + index * 60)
        yield server.url
    assert server.violations == []


async def watched(page: "Page", problems: list[str]) -> "Page":
    page.on("console", lambda said: problems.append(said.text) if said.type != "log" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.set_default_timeout(60_000)
    return page


def last(page: "Page") -> "Locator":
    return page.locator(".message").last


def person(page: "Page", name: str) -> "Locator":
    return page.locator(".row", has=page.locator("b", has_text=name))


async def test_what_the_bot_shows_is_drawn_as_telegram_draws_it(site: Site) -> None:
    problems: list[str] = []
    async with chromium() as browser:
        page = await watched(await browser.new_page(locale="en-GB"), problems)
        await page.goto(site.server.url)
        await page.locator("#text").wait_for()
        html = (
            f"👨‍👩‍👧 <b>bold <i>both</i></b> <code>{XSS.replace('<', '&lt;')}</code> <s>old</s> "
            '<tg-spoiler>hidden</tg-spoiler> <a href="https://example.com/">link</a> /log'
        )
        sent = await site.say("sendMessage", chat_id=7, text=html, parse_mode="HTML")
        number = sent["message_id"]
        body = last(page).locator(".body")
        await body.wait_for()
        assert await body.locator("strong em").text_content() == "both"
        assert await body.locator("code").text_content() == XSS
        assert await body.locator("s").text_content() == "old"
        assert await page.locator("img").count() == 0
        spoiler = body.get_by_role("button", name="hidden text")
        await spoiler.press("Enter")
        assert await body.locator(".spoiler.open").text_content() == "hidden"
        await body.get_by_role("link").click()
        assert await page.get_by_role("dialog").get_by_role("link").get_attribute("href") == (
            "https://example.com/"
        )
        await page.get_by_role("button", name="Cancel").click()
        await body.get_by_role("button", name="/log").click()
        await page.locator(".own .body", has_text="/log").wait_for()

        # an address that would run is no link
        evil = [{"type": "text_link", "offset": 0, "length": 4, "url": "javascript:alert(1)"}]
        await site.say("sendMessage", chat_id=7, text="evil", entities=evil)
        await page.locator(".body", has_text="evil").wait_for()
        assert await page.locator(".body a").count() == 1
        await site.say("deleteMessage", chat_id=7, message_id=number + 2)
        await page.locator(".body", has_text="evil").wait_for(state="detached")

        # a pressed button turns until it is answered; its message changes where it stands
        edit: dict[str, Any] = {
            "chat_id": 7,
            "message_id": number,
            "text": "Screen",
            "reply_markup": KEYS,
        }
        await site.say("editMessageText", **edit)
        key = page.get_by_role("button", name="Далі")
        for show_alert in (False, True):
            await key.click()
            await page.locator(".key[aria-busy]").wait_for()
            query = next(reversed(site.server.telegram._queries))
            answer: dict[str, Any] = {
                "callback_query_id": query,
                "text": f"Said {XSS}",
                "show_alert": show_alert,
            }
            await site.say("answerCallbackQuery", **answer)
            if show_alert:
                await page.get_by_role("dialog").get_by_text(f"Said {XSS}").wait_for()
                await page.keyboard.press("Enter")
                await page.get_by_role("dialog").wait_for(state="detached")
            else:
                await page.locator("#toast.shown", has_text=f"Said {XSS}").wait_for()
            assert await page.locator(".key[aria-busy]").count() == 0
        await key.focus()
        await site.say("editMessageText", **edit | {"text": "Changed"})
        await page.locator(".bubble", has_text="Changed").wait_for()
        assert await page.evaluate("document.activeElement.textContent") == "Далі"
        assert await page.locator(".message").count() == 2
        await site.say("deleteMessage", chat_id=7, message_id=number)
        await page.locator(".bubble", has_text="Changed").wait_for(state="detached")

        # the open command menu stays open, and true, when the bot changes it
        commands = [{"command": "log", "description": "Log"}]
        await site.say("setMyCommands", commands=commands)
        await page.get_by_role("button", name="Bot commands").click()
        await page.get_by_role("option", name="/log").wait_for()
        commands.append({"command": "today", "description": "Today"})
        await site.say("setMyCommands", commands=commands)
        await page.get_by_role("option", name="/today").wait_for()
        await page.get_by_role("textbox").press("Escape")
        await page.locator("#commands").wait_for(state="hidden")

        # reply, force-reply, typing, a file up
        await page.locator(".message", has_text="/log").dblclick()
        await page.get_by_role("textbox").fill("answer\nof two lines")
        await page.get_by_role("textbox").press("Enter")
        await page.locator(".own .quote", has_text="/log").wait_for()
        asked = {"force_reply": True, "input_field_placeholder": "Your name"}
        await site.say("sendMessage", chat_id=7, text="Who?", reply_markup=asked)
        await page.get_by_placeholder("Your name").fill("Olena")
        await page.keyboard.press("Enter")
        await page.locator(".own .quote", has_text="Who?").wait_for()
        await site.say("sendChatAction", chat_id=7, action="typing")
        await page.locator("#head-line", has_text="typing").wait_for()
        await page.locator("#file").set_input_files(
            {"name": "a.png", "mimeType": "image/png", "buffer": tiny_picture()}
        )
        await page.locator(".own .photo img").wait_for()
        await page.locator("#file").set_input_files(
            {"name": "Журнал.csv", "mimeType": "text/csv", "buffer": b"1;2"}
        )
        await page.locator(".own .file b", has_text="Журнал.csv").wait_for()
        await page.close()
    assert problems == []


STYLED = [
    {"text": style, "callback_data": style, "style": style} for style in ("danger", "success")
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_word_stands_out_from_what_is_behind_it(
    site: Site, scheme: Literal["light", "dark"]
) -> None:
    problems: list[str] = []
    await site.say("setMyCommands", commands=[{"command": "log", "description": "Log"}])
    html = (
        '<code>code</code> <a href="https://example.com/">link</a> <blockquote>said</blockquote>'
    )
    keys = {"inline_keyboard": [*KEYS["inline_keyboard"], STYLED]}
    await site.say("sendMessage", chat_id=7, text=html, parse_mode="HTML", reply_markup=keys)
    await site.post("/send", {"as": 7, "chat": 7, "text": "/log", "reply_to": 1})
    await site.post("/start", {"as": 8})
    await site.say("sendMessage", chat_id=8, text="Unread")
    async with chromium() as browser:
        page = await watched(
            await browser.new_page(locale="en-GB", color_scheme=scheme, reduced_motion="reduce"),
            problems,
        )
        await page.goto(site.server.url)
        await page.get_by_role("button", name="Bot commands").click()
        await page.get_by_role("option", name="/log").wait_for()
        assert await faint_words(page) == []
        await page.set_viewport_size({"width": 390, "height": 844})
        await page.get_by_role("button", name="Phone system").click()
        assert await faint_words(page) == []
        await page.keyboard.press("Escape")
        await person(page, "Іван").click()
        await page.get_by_role("button", name="Bot commands").wait_for()
        assert await faint_words(page) == []
        await page.close()
    assert problems == []


async def test_the_keyboard_alone_is_enough(site: Site) -> None:
    problems: list[str] = []
    quoted = "<blockquote expandable>" + "line\n" * 9 + "</blockquote>"
    await site.say(
        "sendMessage", chat_id=7, text=f"<code>18:30</code> {quoted}", parse_mode="HTML"
    )
    async with chromium() as browser:
        page = await watched(
            await browser.new_page(locale="en-GB", viewport={"width": 390, "height": 844}),
            problems,
        )
        await page.goto(site.server.url)
        await page.get_by_role("button", name="18:30").press("Enter")
        await page.locator("#toast.shown").wait_for()
        await page.locator("blockquote.long").press(" ")
        assert await page.locator("blockquote.open").get_attribute("aria-expanded") == "true"

        # what the panel covers is out of reach until it is closed, and the way back is known
        await page.get_by_role("button", name="Phone system").press("Enter")
        focused = page.locator(":focus")
        assert await focused.text_content() == "Missed"
        for _ in range(2):
            await page.keyboard.press("Shift+Tab")
        assert await page.locator("#people :focus, #chat :focus").count() == 0
        await page.keyboard.press("Escape")
        assert await focused.get_attribute("aria-label") == "Phone system"

        await page.get_by_role("button", name="More").press("Enter")
        assert await focused.text_content() == "Block the bot"
        await page.keyboard.press("Escape")
        assert await focused.get_attribute("aria-label") == "More"
        await page.close()
    assert problems == []


async def test_nothing_lies_over_what_is_to_be_pressed(site: Site) -> None:
    problems: list[str] = []
    for _ in range(30):
        await site.say("sendMessage", chat_id=7, text="A message")
    keys = {"keyboard": [[{"text": "Yes"}], [{"text": "No"}]]}
    await site.say("sendMessage", chat_id=7, text="?", reply_markup=keys)
    async with chromium() as browser:
        page = await watched(
            await browser.new_page(locale="en-GB", viewport={"width": 390, "height": 844}),
            problems,
        )
        await page.goto(site.server.url)
        await page.locator("#text").fill("Five\nlines\nof\na\ntext")
        await page.locator("#feed").evaluate("feed => { feed.scrollTop = 0; }")
        await page.get_by_role("button", name="To the newest").wait_for()
        down = await page.locator("#down").bounding_box()
        composer = await page.locator("#composer").bounding_box()
        assert down
        assert composer
        assert down["y"] + down["height"] < composer["y"]
        await page.get_by_role("button", name="To the newest").click()
        await page.locator("#down").wait_for(state="hidden")

        # what was said to one person is not said to another, and a notice leads out of the panel
        await page.locator("#text").fill("")
        await page.locator(".row", has_text="Іван").click()
        await page.get_by_role("button", name="START").click()
        await page.locator(".own").wait_for()
        await page.locator("#file").set_input_files(
            {"name": "empty", "mimeType": "text/plain", "buffer": b""}
        )
        await page.locator("#toast.shown").wait_for()
        await page.get_by_role("button", name="Phone system").click()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(page.locator(".notice").click())
            tasks.create_task(site.say("sendMessage", chat_id=7, text="New"))
        await page.locator(".bubble", has_text="New").wait_for()
        assert await page.locator("#panel.open, #toast.shown").count() == 0
        await page.close()
    assert problems == []


async def test_thousands_of_messages_and_two_tabs_are_no_burden(site: Site) -> None:
    problems: list[str] = []
    async with chromium() as browser:
        context = await browser.new_context(
            locale="en-GB", viewport={"width": 1280, "height": 800}
        )
        other = await watched(await context.new_page(), problems)
        await other.goto(site.server.url)
        await person(other, "Іван").click()
        page = await watched(await context.new_page(), problems)
        await page.goto(site.server.url)
        await person(page, "Коваленко").click()
        for number in range(3000):
            await site.say("sendMessage", chat_id=7, text=f"Message {number}", reply_markup=KEYS)
            await asyncio.sleep(0)  # the page is told of each
        async with asyncio.timeout(30):
            await last(page).locator(".body", has_text="Message 2999").wait_for()
        few = "() => document.querySelectorAll('.message').length <= 240"
        await page.wait_for_function(few)
        shown = await page.locator(".message").count()
        await page.wait_for_function("() => document.querySelector('#down').hidden")
        await page.locator("#earlier").click()
        assert await page.locator(".message").count() > shown

        await other.wait_for_function("() => !document.querySelector('.badge:not([hidden])')")
        assert not (await other.title()).startswith("(")
        await context.close()
    assert problems == []


AWAY_AT_ONCE = """row => {
  const away = (_, watching) => { watching.disconnect(); row.click(); };
  new MutationObserver(away).observe(document.querySelector("#messages"), { childList: true });
}"""


async def test_what_was_seen_is_read_however_soon_one_looks_away(site: Site) -> None:
    problems: list[str] = []
    async with chromium() as browser:
        page = await watched(
            await browser.new_page(viewport={"width": 1280, "height": 800}), problems
        )
        await page.goto(site.server.url)
        olena, ivan = person(page, "Коваленко"), person(page, "Іван")
        await olena.click()
        await ivan.evaluate(AWAY_AT_ONCE)
        await site.say("sendMessage", chat_id=7, text="Seen")
        await page.locator(".row[aria-current]", has_text="Іван").wait_for()
        assert not await olena.locator(".badge").is_visible()
    assert problems == []


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)])
async def test_a_shop_owner_tries_the_bot_in_a_browser(
    tmp_path: Path, width: int, height: int
) -> None:
    is_phone = width < 720
    problems: list[str] = []
    async with chromium() as browser, demo_office(tmp_path) as url:
        page = await watched(
            await browser.new_page(
                viewport={"width": width, "height": height},
                locale="uk-UA",
                timezone_id="Europe/Kyiv",
                has_touch=is_phone,
                color_scheme="dark" if is_phone else "light",
            ),
            problems,
        )
        await page.goto(url)
        await page.locator("#about", has_text="замовте дзвінок на телефонній станції").wait_for()
        for name in ("Олена", "Марія"):
            await person(page, name).click()
            await page.get_by_role("button", name="ПОЧАТИ").click()
            await page.locator(".bubble", has_text="Вітаю!").wait_for()

        # today's calls by the menu, the next page, a card
        await page.get_by_role("button", name="Команди бота").click()
        await page.get_by_role("option", name="/today").click()
        await page.locator(".bubble", has_text="Всього 12").wait_for()
        await last(page).get_by_role("button", name="▶️").click()
        await last(page).get_by_role("button", name="2/2").wait_for()
        assert await page.locator("[aria-busy]").count() == 0, "answered: nothing turns"
        await last(page).get_by_role("button", name="1", exact=True).click()
        await last(page).locator(".body", has_text="Коментаря ще немає").wait_for()

        # a comment, with what must stay text
        await last(page).get_by_role("button", name="Коментар").click()
        await page.locator(".bubble", has_text="Надішліть текст").wait_for()
        await page.get_by_role("textbox").fill("Передзвонити <b>завтра</b>")
        await page.get_by_role("textbox").press("Enter")
        card = page.locator(".bubble", has_text="Передзвонити <b>завтра</b>").last
        await card.wait_for()
        assert await page.locator(".body b").count() == 0, "bold is strong, and never raw"

        # a call is missed while Olena's chat is open: Maria has it unread
        supervisor = person(page, "Марія")
        await person(page, "Олена").click()
        if is_phone:
            await page.get_by_role("button", name="Телефонна станція").click()
        async with asyncio.TaskGroup() as tasks:  # a notice goes in seconds: look out for it first
            tasks.create_task(page.locator(".notice", has_text="Марія").wait_for())
            await page.get_by_role("button", name="Клієнт дзвонить, пропущено").click()
        await last(page).locator("strong", has_text="Пропущений дзвінок").wait_for()
        await supervisor.locator(".badge", has_text="1").wait_for()
        assert (await page.title()).startswith("(1) ")
        if is_phone:
            await page.get_by_role("button", name="Закрити", exact=True).click()
        await supervisor.click()
        await page.get_by_text("Непрочитані повідомлення").wait_for()
        await last(page).locator("strong", has_text="Пропущений дзвінок").wait_for()
        assert not await supervisor.locator(".badge").is_visible()
        assert await page.evaluate("document.body.scrollWidth <= innerWidth"), "nothing sticks out"

        # English, the other theme, and what was read stays read
        await page.get_by_role("button", name="English").click()
        await page.get_by_role("button", name="Light or dark theme").click()
        await page.reload()
        await person(page, "Марія").wait_for()
        assert await page.get_by_role("textbox").get_attribute("placeholder") == "Message"
        assert await page.locator(".badge:visible").count() == 0
        await page.close()
    assert problems == []
