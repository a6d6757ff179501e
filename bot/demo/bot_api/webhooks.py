"""Webhooks: the rules of setWebhook, delivery with growing delays, methods in answers.

The rules are those of telegram-bot-api (WebhookActor.cpp), but plain http is let through to this
computer, and any port of it.
"""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientConnectorError, ClientError, ClientSession, ClientTimeout

from bot.demo.bot_api.bodies import read_body
from bot.demo.bot_api.bots import Bot, WebhookSettings
from bot.demo.bot_api.errors import ApiError, DroppedError, bad_request, conflict
from bot.demo.bot_api.fields import Args, JsonObject, Upload
from bot.demo.bot_api.state import Telegram
from bot.demo.bot_api.updates import Update

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
PORTS = {80, 88, 443, 8443}
MAX_SECRET = 256
MAX_DELAY = 60.0
ANSWER_TIMEOUT = 60.0
DEFAULT_CONNECTIONS = 40
MAX_CONNECTIONS = 100
# A webhook's answer may not ask for these: nobody would read what they return.
NOT_IN_ANSWER = {"deletewebhook", "setwebhook", "close", "logout"}

Execute = Callable[[Bot, str, Mapping[str, Any], Mapping[str, Upload]], Awaitable[object]]


class Webhooks:
    """Sends each bot its updates, those of one chat in order, one after another (a lane).

    The lanes of a bot share its `max_connections`. After a second failure a lane waits
    `retry_delay` seconds, doubled each time up to a minute.
    """

    def __init__(self, telegram: Telegram, execute: Execute, *, retry_delay: float) -> None:
        self._telegram = telegram
        self._execute = execute
        self._retry_delay = retry_delay
        self._session: ClientSession | None = None
        self._lanes: dict[tuple[int, int], asyncio.Task[None]] = {}
        self._cancelled: list[asyncio.Task[None]] = []
        self._connections: dict[int, asyncio.Semaphore] = {}

    def open(self) -> None:
        self._session = ClientSession(timeout=ClientTimeout(total=ANSWER_TIMEOUT))
        for bot in self._telegram.bots.values():
            if bot.webhook is not None:
                self.set(bot, bot.webhook)

    async def close(self) -> None:
        for lane in self._lanes.values():
            lane.cancel()
        ended = await asyncio.gather(
            *self._lanes.values(), *self._cancelled, return_exceptions=True
        )
        self._lanes.clear()
        self._cancelled.clear()
        if self._session is not None:
            await self._session.close()
        for outcome in ended:
            if isinstance(outcome, Exception):
                raise outcome

    def set(self, bot: Bot, settings: WebhookSettings) -> None:
        bot.queue.terminate(conflict("terminated by setWebhook request"))
        bot.webhook = settings
        self._connections[bot.id] = asyncio.Semaphore(settings.max_connections)
        bot.queue.on_put = partial(self._schedule, bot)
        for update in bot.queue.pending:
            self._schedule(bot, update)

    def remove(self, bot: Bot) -> None:
        bot.webhook = None
        bot.queue.on_put = None
        for key in [key for key in self._lanes if key[0] == bot.id]:
            lane = self._lanes.pop(key)
            lane.cancel()
            self._cancelled.append(lane)

    def _schedule(self, bot: Bot, update: Update) -> None:
        key = (bot.id, update.chat_id)
        if self._session is not None and key not in self._lanes:
            lane = self._deliver(bot, update.chat_id)
            self._lanes[key] = asyncio.get_running_loop().create_task(lane)

    async def _deliver(self, bot: Bot, chat_id: int) -> None:
        failures = 0
        while bot.webhook is not None:
            update = next((one for one in bot.queue.pending if one.chat_id == chat_id), None)
            if update is None:
                break
            async with self._connections[bot.id]:
                error, retry_after = await self._post(bot, bot.webhook, update)
            if error is None:
                bot.queue.forget(update.id)
                self._telegram.changes.notify()
                failures = 0
                continue
            if bot.webhook is not None:
                bot.webhook.last_error_date = self._telegram.now
                bot.webhook.last_error_message = error
                self._telegram.changes.notify()
            # the first failure is tried again at once, then the pause doubles
            pause = min(MAX_DELAY, self._retry_delay * 2**failures) if failures else 0.0
            failures += 1
            await asyncio.sleep(retry_after or pause)
        self._lanes.pop((bot.id, chat_id), None)

    async def _post(
        self, bot: Bot, webhook: WebhookSettings, update: Update
    ) -> tuple[str | None, float]:
        """What went wrong (None: nothing), and the seconds of a Retry-After, or 0."""
        assert self._session is not None  # noqa: S101 - lanes live between open and close
        headers = {}
        if webhook.secret_token:
            headers["X-Telegram-Bot-Api-Secret-Token"] = webhook.secret_token
        try:
            async with self._session.post(
                webhook.url,
                json=update.as_json(),
                headers=headers,
                allow_redirects=False,
                ssl=_ssl(webhook),
            ) as response:
                if not response.ok or response.status >= 300:
                    reason = f"{response.status} {response.reason}"
                    wait = response.headers.get("Retry-After", "0")
                    seconds = float(wait) if wait.isdecimal() else 0.0
                    return f"Wrong response from the webhook: {reason}", seconds
                await self._run_answer(bot, response.headers, response.content)
        except TimeoutError:
            return "Read timeout expired", 0.0
        except ClientConnectorError:
            return "Connection refused", 0.0
        except ClientError:
            return "Webhook connection closed", 0.0
        return None, 0.0

    async def _run_answer(self, bot: Bot, headers: Mapping[str, str], content: Any) -> None:
        """Run the method that the answer to a webhook may carry, in any encoding of a request."""
        try:
            values, uploads = await read_body(headers, content)
        except ApiError:
            return
        method = str(values.pop("method", "")).lower()
        if method and method not in NOT_IN_ANSWER and not method.startswith("get"):
            with suppress(DroppedError):  # there is nobody to drop
                await self._execute(bot, method, values, uploads)


def set_webhook(webhooks: Webhooks, bot: Bot, args: Args) -> JsonObject:
    url = args.text("url")
    if not url:
        return delete_webhook(webhooks, bot, args)
    secret = args.text("secret_token")
    _check_url(url)
    if len(secret) > MAX_SECRET:
        raise bad_request("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad_request("secret token contains unallowed characters")
    connections = args.integer("max_connections", DEFAULT_CONNECTIONS) or DEFAULT_CONNECTIONS
    if args.flag("drop_pending_updates"):
        bot.queue.clear()
    bot.queue.allow(args.items("allowed_updates") if "allowed_updates" in args else None)
    certificate = args.upload("certificate")
    settings = WebhookSettings(
        url,
        secret_token=secret,
        max_connections=min(max(connections, 1), MAX_CONNECTIONS),
        certificate=certificate.content if certificate else None,
        ip_address=args.find_text("ip_address"),
    )
    was_set = bot.webhook is not None and bot.webhook.url == url
    webhooks.remove(bot)
    webhooks.set(bot, settings)
    words = "Webhook is already set" if was_set else "Webhook was set"
    return {"ok": True, "result": True, "description": words}


def delete_webhook(webhooks: Webhooks, bot: Bot, args: Args) -> JsonObject:
    if args.flag("drop_pending_updates"):
        bot.queue.clear()
    words = "Webhook was deleted" if bot.webhook else "Webhook is already deleted"
    webhooks.remove(bot)
    return {"ok": True, "result": True, "description": words}


def webhook_info(bot: Bot) -> JsonObject:
    webhook = bot.webhook
    body: JsonObject = {
        "url": webhook.url if webhook else "",
        "has_custom_certificate": bool(webhook and webhook.certificate),
        "pending_update_count": len(bot.queue),
    }
    if webhook is not None:
        body["max_connections"] = webhook.max_connections
        body["ip_address"] = webhook.ip_address
        body["last_error_date"] = webhook.last_error_date
        body["last_error_message"] = webhook.last_error_message
    if bot.queue.allowed:
        body["allowed_updates"] = sorted(bot.queue.allowed)
    return {name: value for name, value in body.items() if value is not None}


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise bad_request("invalid webhook URL specified") from None
    is_loopback = parts.hostname in LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if not parts.hostname:
        raise bad_request("invalid webhook URL specified")
    if not is_loopback and port is not None and port not in PORTS:
        raise bad_request("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


def _ssl(webhook: WebhookSettings) -> ssl.SSLContext | bool:
    if webhook.certificate is None:
        return True
    context = ssl.create_default_context()
    context.load_verify_locations(cadata=webhook.certificate.decode("ascii"))
    return context
