"""Binotel's API under test: what it was asked is noted, and it can be told to misbehave."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.demo.pbx import binotel_server as demo
from bot.demo.pbx.binotel_server import LIMIT as LIMIT
from tests.support.sounds import WAV

KEY, SECRET = "b1n0-key-of-the-tests", "5ecr-secret-of-the-tests"


class BinotelServer(demo.BinotelServer):
    """`asked` tells what it was asked, without the key and the secret."""

    def __init__(self) -> None:
        super().__init__(KEY, SECRET, clock=lambda: 0.0)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.failures: list[web.Response] = []
        self.may_dial = True

    def sound(self, call_id: str) -> bytes:
        del call_id
        return WAV

    def say(self, method: str, body: dict[str, Any]) -> web.Response:
        self.asked.append((method, body))
        if self.failures:
            return self.failures.pop(0)
        if method.endswith("/internal-number-to-external-number"):
            if not self.may_dial:
                return self.error("104", "Method is not allowed")
            return web.json_response({"status": "success", "generalCallID": 22661563})
        return super().say(method, body)


@asynccontextmanager
async def binotel_server() -> AsyncIterator[BinotelServer]:
    async with BinotelServer().running() as server:
        yield server


def as_form(value: object, name: str = "") -> bytes:
    """As PHP writes nested values into a form: `callDetails[historyData][0][waitsec]=4`."""
    pairs: list[tuple[str, str]] = []

    def put(name: str, value: object) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                put(f"{name}[{key}]" if name else key, inner)
        elif isinstance(value, list):
            for place, inner in enumerate(value):
                put(f"{name}[{place}]", inner)
        elif value is not None:
            pairs.append((name, str(value)))

    put(name, value)
    return urlencode(pairs).encode()
