"""What the page is asked for: who may ask, the fields of a request, and refusals."""

import json
from typing import Any

from aiohttp import web

from bot.demo.bot_api.fields import JsonObject

MAX_JSON = 64 * 1024
REFUSED = 200
"""What Telegram would not do is an answer; any other status a browser reports as an error."""


class PageError(Exception):
    """A request refused with this status; the words are shown on the page."""

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


async def read_fields(request: web.Request) -> Fields:
    """Those of a JSON object; PageError 400, 413 or 415 for anything else."""
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


def check_asker(request: web.Request, *, port: int | None) -> None:
    """PageError 403 unless the page at this computer's own address asks.

    Another site may lead a browser here by a name of its own (Host) or from a page of its own
    (Origin).
    """
    hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
    if request.headers.get("Host") not in hosts:
        raise PageError(403, "the page is only for this computer")
    origins = {f"http://{host}" for host in hosts}
    if request.method == "POST" and request.headers.get("Origin") not in origins:
        raise PageError(403, "only the page itself may ask for this")


def refusal(status: int, error: Exception) -> web.Response:
    return web.json_response({"ok": False, "error": str(error)}, status=status)
