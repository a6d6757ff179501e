"""Updates that Telegram posts to us: who proves to be Telegram, and what is an update."""

import hmac
import json
import logging
from typing import Any

from aiogram import Bot, Dispatcher
from aiogram.types import Update
from aiogram.types.update import UpdateTypeLookupError
from aiohttp import web
from pydantic import ValidationError

from bot.intake.bodies import read_body

log = logging.getLogger(__name__)

_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header


class PostedUpdates:
    """Answers `POST /telegram`."""

    def __init__(self, dispatcher: Dispatcher, bot: Bot, secret: str) -> None:
        self._dispatcher = dispatcher
        self._bot = bot
        self._secret = secret.encode()

    async def receive(self, request: web.Request) -> web.Response:
        """Handle an update; it is acknowledged to Telegram only when it is done.

        401: the secret is wrong. 400: this is no update.
        """
        given = request.headers.get(_SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._secret):
            raise web.HTTPUnauthorized(text="the secret token is wrong")
        raw = _read_json(await read_body(request))
        if not isinstance(raw, dict) or type(raw.get("update_id")) is not int:
            raise web.HTTPBadRequest(text="expected an update: an object with its update_id")
        if update := self._decoded(raw):
            await self._dispatcher.feed_webhook_update(self._bot, update)
        return web.json_response({})

    def _decoded(self, raw: dict[str, Any]) -> Update | None:
        """None: it is of a newer Bot API; refused, it would be posted again and again."""
        try:
            update = Update.model_validate(raw, context={"bot": self._bot})
            _ = update.event_type
        except ValidationError as error:
            field = ".".join(map(str, error.errors(include_input=False)[0]["loc"]))
            log.warning("update %d cannot be read: %s", raw["update_id"], field)
        except UpdateTypeLookupError:
            log.warning("update %d is of an unknown kind", raw["update_id"])
        else:
            return update
        return None


def _read_json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # also of UTF-8, of numbers without end
        raise web.HTTPBadRequest(text="expected JSON") from error
