"""Updates that Telegram posts to us: who proves to be Telegram, and what is an update."""

import hmac
import json
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.intake.bodies import read_body

_SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header


class PostedUpdates:
    """Answers `POST /telegram`."""

    def __init__(self, secret: str, handle: Callable[[object], Awaitable[bool]]) -> None:
        """`handle` handles a raw update; False: it must be sent again."""
        self._secret = secret.encode()
        self._handle = handle

    async def receive(self, request: web.Request) -> web.Response:
        """Handle an update; it is acknowledged to Telegram only when it is done.

        401: the secret is wrong. 400: this is no update. 503: it must be sent again.
        """
        given = request.headers.get(_SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self._secret):
            raise web.HTTPUnauthorized(text="the secret token is wrong")
        raw = _read_json(await read_body(request))
        if not isinstance(raw, dict) or type(raw.get("update_id")) is not int:
            raise web.HTTPBadRequest(text="expected an update: an object with its update_id")
        if await self._handle(raw):
            return web.json_response({})
        return web.Response(text="later", status=503)


def _read_json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # also of UTF-8, of numbers without end
        raise web.HTTPBadRequest(text="expected JSON") from error
