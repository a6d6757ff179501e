"""The demo's chat page: the people of the Bot API server in a browser on this computer, live.

GET / and the other files of `static/`; /state is all there is, as JSON, /events what happens then
(Server-Sent Events), /media/<file_id> a file of a message, /sources the PBXs and how they are,
/docs/<page> what is written of one. POST /send, /press, /start, /block, /upload and, in inline
mode, /ask and /choose act in the name of a person, /panel gives an order to the panel, /through
chooses the PBX it concerns.
"""

import asyncio
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from bot.demo.bot_api.bodies import read_body
from bot.demo.bot_api.errors import ApiError
from bot.demo.bot_api.events import Subscription
from bot.demo.bot_api.fields import JsonObject
from bot.demo.bot_api.files import picture_type
from bot.demo.bot_api.groups import Group
from bot.demo.bot_api.server import BotApiServer
from bot.demo.page.chats import Person, ShownChats
from bot.demo.page.events import EventLog, server_sent
from bot.demo.page.inline import InlineMode
from bot.demo.page.media import media_response
from bot.demo.page.panel import ActionError, Panel
from bot.demo.page.requests import (
    MAX_JSON,
    REFUSED,
    Fields,
    PageError,
    check_asker,
    read_fields,
    refusal,
)
from bot.demo.page.sources import Source, Sources, source_json
from bot.domain.people import Language

STATIC = Path(__file__).with_name("static")
DOCS = Path(__file__).parents[3] / "docs"
"""Where the sources lie beside them; an installed package has none."""
STATIC_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
HEARTBEAT = 15.0
"""Seconds of silence after which a comment keeps the connection of /events alive."""
MAX_FILE = 20 * 1024 * 1024
START_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class DemoPage:
    """`async with server.running(port, mount=page.mount)` serves it at the server's root."""

    def __init__(
        self,
        server: BotApiServer,
        people: Sequence[Person],
        *,
        panel: Panel,
        group: Group | None = None,
        sources: Sources | None = None,
        choose_language: Callable[[Language], Awaitable[None]] | None = None,
    ) -> None:
        """`choose_language` tells the bot which language its people read now."""
        self._server = server
        self._choose_language = choose_language
        self._shown = ShownChats(people, group)
        self._inline = InlineMode(self._shown, server.telegram.inline)
        self._panel = panel
        self._sources = sources
        self._events = EventLog()
        self._told: dict[int, JsonObject] = {}
        self._is_closing = False

    def mount(self, app: web.Application) -> None:
        """Add the page to the server's application: its routes, and its life with it."""
        for file in STATIC.iterdir():
            path = "/" if file.name == "index.html" else f"/{file.name}"
            app.router.add_get(path, self._guarded(_static(file)))
        app.router.add_get("/state", self._guarded(self._answer_state))
        app.router.add_get("/events", self._guarded(self._answer_events))
        app.router.add_get("/media/{file}", self._guarded(self._answer_media))
        app.router.add_get("/sources", self._guarded(self._answer_sources))
        app.router.add_get("/docs/{page:.+}", self._guarded(self._answer_docs))
        for path, act in {
            "/send": self._send,
            "/press": self._press,
            "/ask": self._inline.ask,
            "/choose": self._inline.choose,
            "/start": self._start,
            "/block": self._block,
            "/panel": self._act,
            "/through": self._choose,
            "/language": self._speak,
        }.items():
            app.router.add_post(path, self._guarded(_json_answer(act)))
        app.router.add_post("/upload", self._guarded(self._answer_upload))
        app.cleanup_ctx.append(self._living)
        app.on_shutdown.append(self._close)

    # Life

    async def _living(self, _app: web.Application) -> AsyncIterator[None]:
        self._is_closing = False
        async with AsyncExitStack() as stack:
            events = await stack.enter_async_context(self._server.subscribe())
            loop = asyncio.get_running_loop()
            for work in (self._follow_events(events), self._follow_chats()):
                stack.push_async_callback(_cancelled, loop.create_task(work))
            yield

    async def _close(self, _app: web.Application) -> None:
        self._is_closing = True
        self._events.more.set()

    async def _follow_events(self, events: Subscription) -> None:
        async for event in events:
            if body := self._shown.event_json(event):
                self._events.add(body)

    async def _follow_chats(self) -> None:
        """Tell of what has no event of its own: menus, reply keyboards, blocks."""
        while True:
            changed = await self._server.telegram.changes.until(
                self._changed_chats, timeout=math.inf, failure=str
            )
            for body in changed:
                self._told[body["id"]] = body
                self._events.add({"kind": "chat", "chat": body["id"], "now": body})

    def _changed_chats(self) -> list[JsonObject] | None:
        bodies = [self._shown.chat_json(chat) for chat in self._shown.all()]
        return [body for body in bodies if self._told.get(body["id"]) != body] or None

    def _actions_json(self) -> list[JsonObject]:
        return [action._asdict() for action in self._panel.actions()]

    # Reading

    async def _answer_state(self, _request: web.Request) -> web.StreamResponse:
        bot = self._shown.bot
        state = {
            "session": self._events.session,
            "position": self._events.position,
            "callback_lifetime": self._server.telegram.callback_lifetime,
            "max_file": MAX_FILE,
            "bot": {
                "id": bot.id,
                "name": bot.account.first_name,
                "username": bot.username,
                "is_inline": bot.is_inline,
            },
            "people": [person.as_json() for person in self._shown.people.values()],
            "chats": [
                {
                    **self._shown.chat_json(chat),
                    "messages": [self._shown.message_json(one) for one in chat.visible()],
                }
                for chat in self._shown.all()
            ],
            "panel": self._actions_json(),
        }
        return web.json_response(state)

    async def _answer_events(self, request: web.Request) -> web.StreamResponse:
        position = request.headers.get("Last-Event-ID") or request.query.get("after", "")
        last = self._events.number(position)
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        with suppress(ConnectionResetError):
            await response.prepare(request)
            await response.write(b"retry: 1000\n\n")
            while not self._is_closing:
                more = self._events.more
                missed = None if last is None else self._events.since(last)
                if missed is None:
                    missed = [server_sent(self._events.position, {"kind": "resync"})]
                last = self._events.last
                if missed:
                    await response.write("".join(missed).encode())
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        await more.wait()
                except TimeoutError:
                    await response.write(b": still here\n\n")
        return response

    async def _answer_media(self, request: web.Request) -> web.StreamResponse:
        file_id = request.match_info["file"]
        file = self._server.telegram.files.find(self._shown.bot.id, file_id)
        if file is None:
            raise PageError(404, "no such file")
        return media_response(request, file, HEADERS)

    async def _answer_sources(self, _request: web.Request) -> web.StreamResponse:
        if self._sources is None:
            return web.json_response([])
        states, chosen = await self._sources.states(), self._sources.chosen
        return web.json_response(
            [
                {
                    **source_json(source, states.get(source.key)),
                    "is_chosen": source.key == chosen,
                    "has_page": (DOCS / source.page.en).exists(),
                }
                for source in self._sources.all()
            ]
        )

    async def _answer_docs(self, request: web.Request) -> web.StreamResponse:
        page = request.match_info["page"]
        pages = {name for source in self._all_sources() for name in source.page}
        if page not in pages or not (DOCS / page).exists():
            raise PageError(404, "no such page")
        text = (DOCS / page).read_text(encoding="utf-8")
        return web.Response(text=text, content_type="text/plain", charset="utf-8")

    def _all_sources(self) -> Sequence[Source]:
        return self._sources.all() if self._sources else ()

    # Acting

    async def _send(self, fields: Fields) -> JsonObject:
        """A text, or a key of the reply keyboard by its label."""
        person, chat = self._shown.actor(fields)
        if (key := fields.find_text("key", limit=200)) is not None:
            sent = await person.user.press_key(key, phone_number=person.phone_number)
            return {"message_id": sent.id}
        number = fields.find_number("reply_to")
        group = None if chat.is_private else self._shown.group
        reply_to = chat.messages.get(number) if number is not None else None
        text = fields.text("text", limit=MAX_JSON)
        sent = await person.user.send(text, group=group, reply_to=reply_to)
        return {"message_id": sent.id}

    async def _press(self, fields: Fields) -> JsonObject:
        person, chat = self._shown.actor(fields)
        number = fields.number("message_id")
        shown = next((one for one in reversed(chat.history) if one.id == number), None)
        if shown is None:
            raise PageError(404, "no such message")
        query = await person.user.press_stale(shown, fields.text("data", limit=64))
        return {"query": query.id}

    async def _start(self, fields: Fields) -> JsonObject:
        """With no payload, the person's own, until it has been used."""
        person = self._shown.person(fields)
        payload = fields.find_text("payload", limit=64)
        if payload is None:
            payload = "" if person.user.chat.is_started else person.start_payload
        if not START_PAYLOAD.fullmatch(payload):
            raise PageError(400, "payload: Telegram would not take it")
        return {"message_id": (await person.user.start(payload)).id}

    async def _block(self, fields: Fields) -> JsonObject:
        user = self._shown.person(fields).user
        is_blocked = fields.flag("is_blocked")
        if is_blocked != user.chat.is_blocked:
            await (user.block() if is_blocked else user.unblock())
        return {}

    async def _speak(self, fields: Fields) -> JsonObject:
        """The language of the page is that of everybody's Telegram, and of the bot."""
        try:
            language = Language(fields.text("language", limit=2))
        except ValueError:
            raise PageError(400, f"language: expected {' or '.join(Language)}") from None
        for person in self._shown.people.values():
            person.user.account.language_code = language
        if self._choose_language is not None:
            await self._choose_language(language)
        return {}

    async def _act(self, fields: Fields) -> JsonObject:
        key = fields.text("key", limit=100)
        if key not in {action.key for action in self._panel.actions()}:
            raise PageError(404, "no such action")
        before = self._actions_json()
        try:
            await self._panel.act(key)
        except ActionError as error:
            raise PageError(REFUSED, str(error)) from error
        if (after := self._actions_json()) != before:
            self._events.add({"kind": "panel", "actions": after})
        return {}

    async def _choose(self, fields: Fields) -> JsonObject:
        key = fields.text("key", limit=100)
        if self._sources is None or key not in {source.key for source in self._all_sources()}:
            raise PageError(404, "no such source")
        self._sources.choose(key)
        self._events.add({"kind": "panel", "actions": self._actions_json()})
        return {}

    async def _answer_upload(self, request: web.Request) -> web.StreamResponse:
        """A form: `as`, `caption` and the file; to the person's own chat."""
        if (request.content_length or 0) > MAX_FILE + MAX_JSON:
            raise PageError(413, f"a file may have {MAX_FILE} bytes")
        if request.content_type != "multipart/form-data":
            raise PageError(415, "expected a form")
        try:
            values, uploads = await read_body(request.headers, request.content)
        except (ApiError, ValueError) as error:
            raise PageError(400, "the form is broken") from error
        file = uploads.get("file")
        number = str(values.get("as", ""))
        if file is None or not re.fullmatch(r"\d{1,18}", number, re.ASCII):
            raise PageError(400, "expected a person and a file")
        if len(file.content) > MAX_FILE:
            raise PageError(413, f"a file may have {MAX_FILE} bytes")
        user = self._shown.person(Fields({"as": int(number)})).user
        caption = Fields(values | {"caption": values.get("caption") or ""})
        words = caption.text("caption", limit=1024)
        kind = (file.mime_type or "").partition(";")[0].lower()
        try:
            if kind.startswith("audio/"):
                sent = await user.send_audio(file.content, name=file.name, duration=0)
            elif picture_type(file.content):
                sent = await user.send_photo(file.content, caption=words)
            else:
                sent = await user.send_document(
                    file.content, name=file.name, mime_type=kind, caption=words
                )
        except ApiError as error:
            raise PageError(REFUSED, error.description) from error
        return web.json_response({"ok": True, "message_id": sent.id})

    # Guarding

    def _guarded(self, answer: Answer) -> Answer:
        """Answer only the page at this computer's own address, and say why in every refusal."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                check_asker(request, port=urlsplit(self._server.url).port)
                response = await answer(request)
            except PageError as error:
                response = refusal(error.status, error)
            except (ValueError, LookupError) as error:  # what Telegram gives people no way to do
                response = refusal(REFUSED, error)
            if not response.prepared:
                for name, value in HEADERS.items():
                    response.headers.setdefault(name, value)
            return response

        return handle


def _json_answer(act: Callable[[Fields], Awaitable[JsonObject]]) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True, **await act(await read_fields(request))})

    return answer


def _static(file: Path) -> Answer:
    content, kind = file.read_bytes(), STATIC_TYPES[file.suffix]

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=content, content_type=kind, charset="utf-8")

    return answer


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
