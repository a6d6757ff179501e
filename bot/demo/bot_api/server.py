"""The Bot API over HTTP on this computer: what tests and the demo have in place of Telegram.

It is faithful: it takes what Telegram takes, and refuses what Telegram refuses in Telegram's own
words and order. Each request is checked by rules from three places:
- `fields` holds it against `bot_api.json`, the names and types of Bot API 10.3 as the schema in
  aiogram's source distribution has them. What that table does not have is refused, though Telegram
  would ignore it, and kept in `violations` for tests to see.
- `formatting`, `markup`, `methods`, `updates`, `webhooks` follow the public sources of
  telegram-bot-api and of its library tdlib, as they were in July 2026.
- Telegram's own servers check last. Their source is secret: their refusals (in CAPITALS), flood
  limits and lifetimes come from the documentation and from what people met.
What is left out is listed in `not_modelled`. Answers that only this server gives say so.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Self

from aiohttp import web

from bot.demo.bot_api.bodies import read_body
from bot.demo.bot_api.bots import Bot
from bot.demo.bot_api.changes import DEFAULT_TIMEOUT
from bot.demo.bot_api.chats import Account, ChatType
from bot.demo.bot_api.errors import ApiError, DroppedError, conflict
from bot.demo.bot_api.events import Subscription
from bot.demo.bot_api.faults import Fault, FaultKind, Faults, RateLimits
from bot.demo.bot_api.fields import Args, JsonObject, UnknownFieldError, Upload, field_table
from bot.demo.bot_api.groups import Group
from bot.demo.bot_api.methods import editing, inline, profiles, sending
from bot.demo.bot_api.methods.arguments import Handler
from bot.demo.bot_api.not_modelled import not_modelled
from bot.demo.bot_api.people import User
from bot.demo.bot_api.presses import CallbackAnswer
from bot.demo.bot_api.state import Telegram
from bot.demo.bot_api.updates import UpdateQueue
from bot.demo.bot_api.webhooks import Webhooks, delete_webhook, set_webhook, webhook_info

# All of these act at once and never wait: a request takes effect whole, or not at all.
METHODS: dict[str, Handler] = {
    **sending.METHODS,
    **editing.METHODS,
    **inline.METHODS,
    **profiles.METHODS,
}
UPDATE_METHODS = ("getUpdates", "setWebhook", "deleteWebhook", "getWebhookInfo")
TOKEN = re.compile(r"[1-9]\d{0,15}:[A-Za-z0-9_-]+")
MAX_TOKEN = 80
KEPT_CALLS = 10_000
WEBHOOK_IS_ACTIVE = (
    "can't use getUpdates method while webhook is active; "
    "use deleteWebhook to delete the webhook first"
)


@dataclass(frozen=True)
class ApiCall:
    """A request that came, and what became of it.

    `at` is Unix seconds, `status` that of HTTP, 0 if the connection was dropped. `sender`: what
    stood in the path before /bot<token>, by which several processes of one bot are told apart.
    """

    method: str
    params: Mapping[str, Any]
    at: float
    bot_id: int
    status: int
    description: str = ""
    result: Any = None
    sender: str = ""

    @property
    def is_ok(self) -> bool:
        return self.status == 200


class BotApiServer:
    """Register bots, let people write, and look at what the bots did.

    The state outlives `running()`: a server stopped and started again is Telegram after an outage.
    `clock` gives Unix seconds and rules dates, expiry and flood limits; waiting (long polls,
    retries, timeouts of tests) is in real time. `first_message` is the id of the first message of
    each account.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        webhook_retry_delay: float = 1.0,
        first_message: int = 1,
        kept_calls: int = KEPT_CALLS,
    ) -> None:
        self.telegram = Telegram(clock, first_message=first_message)
        self.faults = Faults()
        self.violations: list[str] = []
        self.url = ""
        self._calls: deque[ApiCall] = deque(maxlen=kept_calls)
        self._webhooks = Webhooks(self.telegram, self.execute, retry_delay=webhook_retry_delay)

    # Who is there

    def register_bot(
        self,
        token: str,
        username: str = "dzvinok_bot",
        name: str = "Dzvinok",
        *,
        reads_all_group_messages: bool = False,
        is_inline: bool = True,
        inline_feedback: bool = False,
    ) -> Bot:
        """A bot the server knows; ValueError if Telegram would never give such a token.

        The last three are chosen in a chat with @BotFather, who has the inline mode off at first.
        """
        if not _is_wellformed(token):
            raise ValueError("a token is <number>:<letters, digits, _ and ->")
        clock = self.telegram.clock
        account = Account(int(token.partition(":")[0]), name, username=username, is_bot=True)
        bot = Bot(
            token,
            account,
            UpdateQueue(clock),
            message_ids=count(self.telegram.first_message),
            reads_all_group_messages=reads_all_group_messages,
            is_inline=is_inline,
            inline_feedback=inline_feedback,
        )
        self.telegram.bots[token] = bot
        return bot

    def user(
        self,
        id: int,  # noqa: A002 - Telegram's own name
        first_name: str = "Olena",
        *,
        last_name: str | None = None,
        username: str | None = None,
        language_code: str | None = "uk",
        bot: Bot | None = None,
        is_started: bool = False,
    ) -> User:
        """A person; `is_started` lets the bot write first, without a /start to answer."""
        account = self.telegram.people.get(id)
        if account is None:
            account = Account(id, first_name, last_name, username, language_code)
            self.telegram.people[id] = account
        user = User(self.telegram, account, bot=bot)
        if is_started:
            user.chat.is_started = True
        return user

    def group(
        self,
        id: int,  # noqa: A002 - Telegram's own name
        title: str,
        *,
        kind: ChatType | str = ChatType.SUPERGROUP,
        is_forum: bool = False,
        username: str | None = None,
        owner: User | None = None,
    ) -> Group:
        """A group with nobody but its owner in it: add the bot and the people."""
        chat = self.telegram.add_group(
            id, title, kind=ChatType(kind), is_forum=is_forum, username=username
        )
        creator = owner.account if owner else Account(777000, "Owner")
        self.telegram.people.setdefault(creator.id, creator)
        chat.members[creator.id] = "creator"
        return Group(self.telegram, chat, owner=creator)

    # What happened

    @property
    def limits(self) -> RateLimits:
        return self.telegram.limits

    def calls(self, method: str | None = None, *, chat_id: int | None = None) -> list[ApiCall]:
        """Requests so far, oldest first; the last `kept_calls` are kept."""
        if method is not None:
            field_table().check_method(method)
        return [
            call
            for call in self._calls
            if (method is None or call.method == method)
            and (chat_id is None or call.params.get("chat_id") == chat_id)
        ]

    async def wait_calls(
        self,
        method: str,
        count: int = 1,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - a test's deadline
        *,
        chat_id: int | None = None,
    ) -> list[ApiCall]:
        """The requests of that method once there are at least `count`; TimeoutError otherwise."""

        def find() -> list[ApiCall] | None:
            calls = self.calls(method, chat_id=chat_id)
            return calls if len(calls) >= count else None

        return await self.telegram.changes.until(
            find,
            timeout=timeout,
            failure=lambda: f"the calls were {[call.method for call in self._calls][-20:]}",
        )

    async def wait_until(
        self,
        predicate: Callable[[], bool],
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - a test's deadline
    ) -> None:
        """Wait until `predicate` holds; it is asked again after each change on the server."""
        await self.telegram.changes.until(
            lambda: predicate() or None, timeout=timeout, failure=lambda: "it never came true"
        )

    def callback_answer(self, query_id: str) -> CallbackAnswer | None:
        query = self.telegram.find_query(query_id)
        return query.answer if query else None

    def subscribe(self) -> Subscription:
        """All that people would see happen in chats, from now on."""
        return self.telegram.subscribe()

    def reset(self) -> None:
        """Forget all messages, calls, faults, limits and webhooks; bots and people stay."""
        for bot in self.telegram.bots.values():
            self._webhooks.remove(bot)
        self.telegram.reset()
        self.faults.clear()
        self.violations.clear()
        self._calls.clear()

    # Transport

    @asynccontextmanager
    async def running(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        mount: Callable[[web.Application], None] | None = None,
    ) -> AsyncIterator[Self]:
        """Serve until the end of the block; `mount` adds routes of others to the same address."""
        app = web.Application()
        app.router.add_route("*", "/bot{token}/{method}", self._answer_method)
        app.router.add_get("/file/bot{token}/{path:.+}", self._answer_file)
        app.router.add_route("*", "/{sender}/bot{token}/{method}", self._answer_method)
        if mount is not None:
            mount(app)
        app.router.add_route("*", "/{tail:.*}", self._answer_nothing)
        # without handler_cancellation a long poll outlives the client that went away
        runner = web.AppRunner(
            app, handler_cancellation=True, access_log=None, shutdown_timeout=1.0
        )
        await runner.setup()
        try:
            site = web.TCPSite(runner, host, port)
            await site.start()
            bound = runner.addresses[0][1]
            self.url = f"http://{host}:{bound}"
            self._webhooks.open()
            try:
                yield self
            finally:
                await self._webhooks.close()
                for bot in self.telegram.bots.values():
                    bot.queue.terminate(DroppedError())
        finally:
            await runner.cleanup()

    async def _answer_method(self, request: web.Request) -> web.StreamResponse:
        try:
            bot = self._authorized(request.match_info["token"])
            values, uploads = await read_body(request.headers, request.content)
            values = {**request.query, **values}
            sender = request.match_info.get("sender", "")
            method = request.match_info["method"]
            status, body = await self.execute(bot, method, values, uploads, sender=sender)
        except DroppedError:
            return _dropped(request)
        except ApiError as error:
            status, body = error.code, error.as_json()
        return web.json_response(body, status=status)

    async def _answer_file(self, request: web.Request) -> web.StreamResponse:
        try:
            bot = self._authorized(request.match_info["token"])
        except ApiError as error:
            return web.json_response(error.as_json(), status=error.code)
        file = self.telegram.files.download(bot.id, request.match_info["path"])
        if file is None:
            return web.json_response(ApiError(404).as_json(), status=404)
        return web.Response(body=file.content, content_type="application/octet-stream")

    async def _answer_nothing(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(ApiError(404).as_json(), status=404)

    def _authorized(self, token: str) -> Bot:
        if not _is_wellformed(token):
            raise ApiError(401, "invalid token specified")
        bot = self.telegram.bots.get(token)
        if bot is None:
            raise ApiError(401)
        return bot

    # Execution

    async def execute(
        self,
        bot: Bot,
        name: str,
        values: Mapping[str, Any],
        uploads: Mapping[str, Upload],
        *,
        sender: str = "",
    ) -> tuple[int, JsonObject]:
        """Run one request, however it came, and record it; the HTTP status and the body.

        Raises DroppedError when a fault was ordered that leaves the client without an answer.
        """
        at = self.telegram.clock()
        method = field_table().find_method(name)
        params: Mapping[str, Any] = {**values, **uploads}
        fault: Fault | None = None
        status, body = 0, {}
        try:
            if method is None:
                raise ApiError(404, "method not found")
            if bot.is_logged_out and method != "logOut":
                raise ApiError(400, "Logged out")
            fault = self.faults.take(method, values.get("chat_id"))
            if fault is not None and fault.kind is FaultKind.DROP:
                raise DroppedError
            if method not in METHODS and method not in UPDATE_METHODS:
                raise not_modelled(f"method {method}")
            args = field_table().read(method, values, uploads)
            params = args.values
            if fault is not None and (refusal := fault.refusal()):
                raise refusal
            body = await self._run(bot, method, args)
            status = 200
        except ApiError as error:
            if isinstance(error, UnknownFieldError) or error.code == 501:
                self.violations.append(f"{method or name}: {error.description}")
            status, body = error.code, error.as_json()
        finally:
            is_lost = fault is not None and fault.kind is FaultKind.LOSE_ANSWER
            call = ApiCall(
                method or name,
                params,
                at,
                bot.id,
                0 if is_lost else status,
                str(body.get("description", "")),
                body.get("result"),
                sender,
            )
            self._calls.append(call)
            self.telegram.changes.notify()
        if is_lost:
            raise DroppedError
        if fault is not None and fault.kind is FaultKind.SLOW:
            await asyncio.sleep(fault.seconds)
        return status, body

    async def _run(self, bot: Bot, method: str, args: Args) -> JsonObject:
        match method:
            case "getUpdates":
                return {"ok": True, "result": await self._get_updates(bot, args)}
            case "setWebhook":
                return set_webhook(self._webhooks, bot, args)
            case "deleteWebhook":
                return delete_webhook(self._webhooks, bot, args)
            case "getWebhookInfo":
                return {"ok": True, "result": webhook_info(bot)}
            case _:
                return {"ok": True, "result": METHODS[method](self.telegram, bot, args)}

    async def _get_updates(self, bot: Bot, args: Args) -> list[JsonObject]:
        if bot.webhook is not None:
            raise conflict(WEBHOOK_IS_ACTIVE)
        bot.queue.allow(args.items("allowed_updates") if "allowed_updates" in args else None)
        # after the poll has begun: somebody may wait for the bot to listen
        asyncio.get_running_loop().call_soon(self.telegram.changes.notify)
        updates = await bot.queue.poll(
            offset=args.integer("offset"),
            limit=args.integer("limit", 100),
            timeout=args.integer("timeout"),
        )
        return [update.as_json() for update in updates]


def _is_wellformed(token: str) -> bool:
    return len(token) <= MAX_TOKEN and TOKEN.fullmatch(token) is not None


def _dropped(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
