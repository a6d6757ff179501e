"""The demo's chat page: the people of the Bot API server in a browser on this computer, live."""

import asyncio
import json
import math
import re
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from aiohttp import web

from bot.demo.bot_api.bodies import read_body
from bot.demo.bot_api.chats import PRESENT, Chat, Message
from bot.demo.bot_api.errors import ApiError
from bot.demo.bot_api.fields import JsonObject
from bot.demo.bot_api.files import File
from bot.demo.bot_api.people import Group, User
from bot.demo.bot_api.server import BotApiServer
from bot.demo.bot_api.state import Event, EventKind, Subscription
from bot.demo.page.panel import ActionError, Panel

FILES = Path(__file__).parent
STATIC = {
    "/": ("index.html", "text/html"),
    "/chat.css": ("chat.css", "text/css"),
    "/chat.js": ("chat.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
KEPT_EVENTS = 2000
HEARTBEAT = 15.0
MAX_JSON = 64 * 1024
MAX_FILE = 20 * 1024 * 1024
REFUSED = 200
"""What Telegram would not do is an answer; any other status a browser reports as an error."""
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
# What a browser may show in place; the rest is only for saving.
SHOWN_TYPES = re.compile(r"image/(png|jpeg|gif|webp)|audio/[\w.+-]+|video/[\w.+-]+", re.ASCII)
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Person:
    """Somebody whose Telegram the page shows. `start_payload` goes with the START button."""

    user: User
    role_uk: str
    role_en: str
    start_payload: str = ""
    phone_number: str = "+380441234567"


class PageError(Exception):
    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class Fields:
    """The fields of a request, each checked when it is read."""

    def __init__(self, values: JsonObject) -> None:
        self._values = values

    def number(self, name: str) -> int:
        value = self._values.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise PageError(400, f"{name}: expected a number")
        return value

    def find_number(self, name: str) -> int | None:
        return None if self._values.get(name) is None else self.number(name)

    def text(self, name: str, *, limit: int) -> str:
        value = self._values.get(name)
        if not isinstance(value, str):
            raise PageError(400, f"{name}: expected a text")
        if len(value) > limit:
            raise PageError(400, f"{name}: longer than {limit}")
        try:
            value.encode()
        except UnicodeEncodeError:  # half of a character
            raise PageError(400, f"{name}: not a text") from None
        return value

    def find_text(self, name: str, *, limit: int) -> str | None:
        return None if self._values.get(name) is None else self.text(name, limit=limit)

    def flag(self, name: str) -> bool:
        value = self._values.get(name)
        if not isinstance(value, bool):
            raise PageError(400, f"{name}: expected true or false")
        return value


class Journal:
    """Events by number; the last ones are kept for those whose connection broke."""

    def __init__(self) -> None:
        self.session = secrets.token_hex(4)
        self.last = 0
        self.more = asyncio.Event()
        self._kept: deque[str] = deque(maxlen=KEPT_EVENTS)

    def add(self, body: JsonObject) -> None:
        self.last += 1
        self._kept.append(_server_sent(self.position, body))
        more, self.more = self.more, asyncio.Event()
        more.set()

    @property
    def position(self) -> str:
        return f"{self.session}-{self.last}"

    def number(self, position: str) -> int | None:
        """The number in what `position` was; None when it is not of this session."""
        session, _, number = position.partition("-")
        if session != self.session or not re.fullmatch(r"\d{1,9}", number, re.ASCII):
            return None
        return int(number) if int(number) <= self.last else None

    def since(self, number: int) -> list[str] | None:
        """What came after that number; None when some of it is forgotten."""
        missing = self.last - number
        if missing > len(self._kept):
            return None
        return list(self._kept)[len(self._kept) - missing :]


class DemoPage:
    """`async with server.running(port, mount=page.mount)` serves it at the server's root."""

    def __init__(
        self,
        server: BotApiServer,
        people: Sequence[Person],
        *,
        panel: Panel,
        group: Group | None = None,
    ) -> None:
        self._server = server
        self._people = {person.user.id: person for person in people}
        self._bot = people[0].user.bot
        self._group = group
        self._panel = panel
        self._journal = Journal()
        self._seen: dict[int, JsonObject] = {}
        self._is_closing = False

    def mount(self, app: web.Application) -> None:
        """Add the page to the server's application: its routes, and its life with it."""
        for path, (name, kind) in STATIC.items():
            app.router.add_get(path, self._guarded(_static(FILES / name, kind)))
        app.router.add_get("/state", self._guarded(self._answer_state))
        app.router.add_get("/events", self._guarded(self._answer_events))
        app.router.add_get("/media/{file}", self._guarded(self._answer_media))
        for path, act in {
            "/send": self._send,
            "/press": self._press,
            "/start": self._start,
            "/block": self._block,
            "/panel": self._act,
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
        self._journal.more.set()

    async def _follow_events(self, events: Subscription) -> None:
        async for event in events:
            if event.bot_id == self._bot.id and (body := self._event_json(event)):
                self._journal.add(body)

    async def _follow_chats(self) -> None:
        """Tell of what has no event of its own: menus, reply keyboards, blocks."""
        while True:
            changed = await self._server.telegram.until(
                self._changed_chats, timeout=math.inf, failure=str
            )
            for body in changed:
                self._seen[body["id"]] = body
                self._journal.add({"kind": "chat", "chat": body["id"], "now": body})

    def _changed_chats(self) -> list[JsonObject] | None:
        bodies = [self._chat_json(chat) for chat in self._chats()]
        return [body for body in bodies if self._seen.get(body["id"]) != body] or None

    # What there is

    def _chats(self) -> list[Chat]:
        chats = [person.user.chat for person in self._people.values()]
        return [*chats, self._group.chat] if self._group else chats

    def _chat_json(self, chat: Chat) -> JsonObject:
        bot = self._bot
        language = (chat.person and chat.person.language_code) or ""
        members = [one for one in self._people if one == chat.id or _is_in(chat, one)]
        return {
            "id": chat.id,
            "title": chat.title,
            "person": chat.person.id if chat.person else None,
            "members": members,
            "is_started": chat.is_started or not chat.is_private,
            "is_blocked": chat.is_blocked,
            "keyboard": chat.keyboard,
            "pinned": list(chat.pinned),
            "description": bot.descriptions.get(language) or bot.descriptions.get("") or "",
            "commands": {
                str(one): bot.commands_for(self._people[one].user.account, chat) for one in members
            },
        }

    def _message_json(self, message: Message) -> JsonObject:
        """As the bot is told of it, and what only people's eyes see."""
        body = message.as_json(self._bot.id)
        if message.keyboard and message.keyboard.get("force_reply"):
            body["force_reply"] = message.keyboard
        return body

    def _event_json(self, event: Event) -> JsonObject | None:
        if event.chat.id not in self._people and (
            self._group is None or event.chat is not self._group.chat
        ):
            return None
        body: JsonObject = {"kind": event.kind.value, "chat": event.chat.id}
        query, message = event.query, event.message
        match event.kind:
            case EventKind.NEW | EventKind.EDITED:
                if message is None:  # the pin of a deleted message
                    return None
                body["message"] = self._message_json(message)
            case EventKind.DELETED:
                body["message_id"] = message.id if message else 0
            case EventKind.PRESSED | EventKind.ANSWERED if query is not None:
                body |= {
                    "query": query.id,
                    "person": query.user.id,
                    "message_id": query.message_id,
                    "data": query.data,
                }
                if query.answer is not None:
                    body["text"] = query.answer.text
                    body["show_alert"] = query.answer.show_alert
                    body["url"] = query.answer.url
            case EventKind.ACTION:
                body["action"] = event.action
            case _:
                return None
        return body

    def _actions_json(self) -> list[JsonObject]:
        return [
            {"key": key, "uk": uk, "en": en, "kind": kind}
            for key, uk, en, kind in self._panel.actions()
        ]

    # Reading

    async def _answer_state(self, _request: web.Request) -> web.StreamResponse:
        account = self._bot.account
        state = {
            "session": self._journal.session,
            "position": self._journal.position,
            "callback_lifetime": self._server.telegram.callback_lifetime,
            "max_file": MAX_FILE,
            "bot": {"id": account.id, "name": account.first_name, "username": account.username},
            "people": [
                {
                    "id": person.user.id,
                    "name": _name(person.user),
                    "language": person.user.account.language_code,
                    "role": {"uk": person.role_uk, "en": person.role_en},
                }
                for person in self._people.values()
            ],
            "chats": [
                {
                    **self._chat_json(chat),
                    "messages": [self._message_json(message) for message in chat.visible()],
                }
                for chat in self._chats()
            ],
            "panel": self._actions_json(),
        }
        return web.json_response(state)

    async def _answer_events(self, request: web.Request) -> web.StreamResponse:
        position = request.headers.get("Last-Event-ID") or request.query.get("after", "")
        last = self._journal.number(position)
        response = web.StreamResponse(headers={**HEADERS, "Content-Type": "text/event-stream"})
        with suppress(ConnectionResetError):
            await response.prepare(request)
            await response.write(b"retry: 1000\n\n")
            while not self._is_closing:
                more = self._journal.more
                missed = None if last is None else self._journal.since(last)
                if missed is None:
                    missed = [_server_sent(self._journal.position, {"kind": "resync"})]
                last = self._journal.last
                if missed:
                    await response.write("".join(missed).encode())
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        await more.wait()
                except TimeoutError:
                    await response.write(b": still here\n\n")
        return response

    async def _answer_media(self, request: web.Request) -> web.StreamResponse:
        file = self._server.telegram.files.find(self._bot.id, request.match_info["file"])
        if file is None:
            raise PageError(404, "no such file")
        kind = _picture_type(file.content) or file.mime_type or ""
        headers = {**HEADERS, "Content-Security-Policy": "sandbox; default-src 'none'"}
        if not SHOWN_TYPES.fullmatch(kind):
            kind = "application/octet-stream"
            name = quote(file.name or f"file_{file.number}", safe="")
            headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
        return _part(request, file, headers | {"Content-Type": kind, "Accept-Ranges": "bytes"})

    # Acting

    async def _send(self, fields: Fields) -> JsonObject:
        """A text, or a key of the reply keyboard by its label."""
        person, chat = self._actor(fields)
        if (key := fields.find_text("key", limit=200)) is not None:
            sent = await person.user.press_key(key, phone_number=person.phone_number)
            return {"message_id": sent.id}
        number = fields.find_number("reply_to")
        group = None if chat.is_private else self._group
        reply_to = chat.messages.get(number) if number is not None else None
        text = fields.text("text", limit=MAX_JSON)
        sent = await person.user.send(text, group=group, reply_to=reply_to)
        return {"message_id": sent.id}

    async def _press(self, fields: Fields) -> JsonObject:
        person, chat = self._actor(fields)
        number = fields.number("message_id")
        shown = next((one for one in reversed(chat.history) if one.id == number), None)
        if shown is None:
            raise PageError(404, "no such message")
        query = await person.user.press_stale(shown, fields.text("data", limit=64))
        return {"query": query.id}

    async def _start(self, fields: Fields) -> JsonObject:
        """With no payload, the person's own, until it has been used."""
        person = self._person(fields)
        payload = fields.find_text("payload", limit=64)
        if payload is None:
            payload = "" if person.user.chat.is_started else person.start_payload
        if not START_PAYLOAD.fullmatch(payload):
            raise PageError(400, "payload: Telegram would not take it")
        return {"message_id": (await person.user.start(payload)).id}

    async def _block(self, fields: Fields) -> JsonObject:
        user = self._person(fields).user
        is_blocked = fields.flag("is_blocked")
        if is_blocked != user.chat.is_blocked:
            await (user.block() if is_blocked else user.unblock())
        return {}

    async def _act(self, fields: Fields) -> JsonObject:
        key = fields.text("key", limit=100)
        if key not in {action[0] for action in self._panel.actions()}:
            raise PageError(404, "no such action")
        before = self._actions_json()
        try:
            await self._panel.act(key)
        except ActionError as error:
            raise PageError(REFUSED, str(error)) from error
        if (after := self._actions_json()) != before:
            self._journal.add({"kind": "panel", "actions": after})
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
        user = self._person(Fields({"as": int(number)})).user
        caption = Fields(values | {"caption": values.get("caption") or ""})
        words = caption.text("caption", limit=1024)
        kind = (file.mime_type or "").partition(";")[0].lower()
        try:
            if kind.startswith("audio/"):
                sent = await user.send_audio(file.content, name=file.name, duration=0)
            elif _picture_type(file.content):
                sent = await user.send_photo(file.content, caption=words)
            else:
                sent = await user.send_document(
                    file.content, name=file.name, mime_type=kind, caption=words
                )
        except ApiError as error:
            raise PageError(REFUSED, error.description) from error
        return web.json_response({"ok": True, "message_id": sent.id})

    def _person(self, fields: Fields) -> Person:
        person = self._people.get(fields.number("as"))
        if person is None:
            raise PageError(404, "no such person")
        return person

    def _actor(self, fields: Fields) -> tuple[Person, Chat]:
        """Who acts, and in which chat: their own, or the group they are in."""
        person = self._person(fields)
        number = fields.number("chat")
        if number == person.user.id:
            return person, person.user.chat
        group = self._group
        if group is None or number != group.id or not _is_in(group.chat, person.user.id):
            raise PageError(404, "no such chat for this person")
        return person, group.chat

    # Guarding

    def _guarded(self, answer: Answer) -> Answer:
        """Answer only those who came by this computer's own address, and name every refusal."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                self._check_source(request)
                response = await answer(request)
            except PageError as error:
                response = _refusal(error.status, error)
            except (ValueError, LookupError) as error:  # what Telegram gives people no way to do
                response = _refusal(REFUSED, error)
            if not response.prepared:
                for name, value in HEADERS.items():
                    response.headers.setdefault(name, value)
            return response

        return handle

    def _check_source(self, request: web.Request) -> None:
        """Another site may lead a browser here by its own name (Host) or its own page (Origin)."""
        port = urlsplit(self._server.url).port
        hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        if request.headers.get("Host") not in hosts:
            raise PageError(403, "the page is only for this computer")
        origins = {f"http://{host}" for host in hosts}
        if request.method == "POST" and request.headers.get("Origin") not in origins:
            raise PageError(403, "only the page itself may ask for this")


def _json_answer(act: Callable[[Fields], Awaitable[JsonObject]]) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.json_response({"ok": True, **await act(await _read_fields(request))})

    return answer


async def _read_fields(request: web.Request) -> Fields:
    if request.content_type != "application/json":
        raise PageError(415, "expected JSON")
    raw = bytearray()
    async for chunk in request.content.iter_any():
        raw += chunk
        if len(raw) > MAX_JSON:
            raise PageError(413, "too much")
    try:
        values: Any = json.loads(raw)
    except (ValueError, RecursionError):
        raise PageError(400, "expected JSON") from None
    if not isinstance(values, dict):
        raise PageError(400, "expected a JSON object")
    return Fields(values)


def _static(path: Path, kind: str) -> Answer:
    content = path.read_bytes()

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=content, content_type=kind, charset="utf-8")

    return answer


def _refusal(status: int, error: Exception) -> web.Response:
    return web.json_response({"ok": False, "error": str(error)}, status=status)


def _part(request: web.Request, file: File, headers: dict[str, str]) -> web.Response:
    """The whole file, or the part a player asks for when somebody moves along the recording."""
    total = len(file.content)
    try:
        wanted = request.http_range
    except ValueError:
        wanted = slice(0, None)
    start, stop, _ = wanted.indices(total)
    if (start, stop) == (0, total) and "Range" not in request.headers:
        return web.Response(body=file.content, headers=headers)
    if start >= stop:
        unsatisfied = headers | {"Content-Range": f"bytes */{total}"}
        return web.Response(status=416, headers=unsatisfied)
    headers |= {"Content-Range": f"bytes {start}-{stop - 1}/{total}"}
    return web.Response(status=206, body=file.content[start:stop], headers=headers)


def _picture_type(content: bytes) -> str | None:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def _server_sent(position: str, body: JsonObject) -> str:
    """JSON has no raw line ends, so one `data:` line is enough."""
    return f"id: {position}\ndata: {json.dumps(body, separators=(',', ':'))}\n\n"


def _name(user: User) -> str:
    account = user.account
    return f"{account.first_name} {account.last_name or ''}".strip()


def _is_in(chat: Chat, person_id: int) -> bool:
    return chat.members.get(person_id) in PRESENT


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
