"""A PBX in the cloud that is asked: its history, as Binotel's API has it."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from bot.demo.page.sources import Source, Words
from bot.demo.pbx.binotel_server import BinotelServer
from bot.demo.pbx.company import LINE, OPERATORS, PEOPLE
from bot.demo.pbx.shop_calls import ShopCall
from bot.demo.pbx.sounds import tune
from bot.domain.clock import Clock

_DISPOSITIONS = {
    "missed": "CANCEL",
    "no_answer": "NOANSWER",
    "rejected_by_subscriber": "BUSY",
    "unreachable": "CHANUNAVAIL",
    "cancelled_by_operator": "CANCEL",
}


Dial = Callable[[str, str], str]
"""Told the extension to ring and the number to call then; returns the id of the call."""


class BinotelPbx:
    """A call stands in its history once it is over, its recording later. Is a ShopPbx."""

    about = Source(
        "binotel",
        name=Words("Binotel", "Binotel"),
        how=Words(
            "Бот питає її щохвилини, тож дзвінок видно не одразу.",
            "The bot asks it every minute, so a call is seen a little later.",
        ),
        takes=Words("ключ і секрет від Binotel", "a key and a secret from Binotel"),
        page=Words("pbx/binotel.uk.md", "pbx/binotel.md"),
    )

    def __init__(self, clock: Clock) -> None:
        self._key, self._secret = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
        self._server = _Server(self._key, self._secret, clock=clock)
        self._serving = AsyncExitStack()
        self.is_silent = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        try:
            await self._serving.enter_async_context(self._server.running())
            yield
        finally:
            await self._serving.aclose()

    def settings(self) -> dict[str, object]:
        login = {"key": self._key, "secret": self._secret}
        return {"kind": "binotel", "api_url": self._server.url, **login}

    async def turn_silence(self) -> None:
        self.is_silent = not self.is_silent
        if self.is_silent:
            await self._serving.aclose()
        else:
            port = urlsplit(self._server.url).port or 0
            await self._serving.enter_async_context(self._server.running(port))

    def on_dial(self, dial: Dial) -> None:
        """Have this begin the calls that are asked for; until then none is."""
        self._server.dial = dial

    async def begin(self, call: ShopCall) -> None:
        """Its history has only what is over."""

    async def answer(self, call: ShopCall) -> None:
        """Its history has only what is over."""

    async def end(self, call: ShopCall) -> None:
        disposition = "BUSY" if call.is_busy else _DISPOSITIONS[call.failure]
        leg: dict[str, Any] = {
            "waitsec": str(call.wait),
            "billsec": str(call.talk),
            "disposition": "ANSWER" if call.answered_at else disposition,
            "internalNumber": call.extension,
        }
        name = next(one.name for one in PEOPLE if one.extension == call.extension)
        self._server.record(
            _id(call),
            call.started_at,
            callType="0" if call.is_incoming else "1",
            externalNumber=call.national_number,
            recordingStatus="uploading" if call.answered_at else "",
            internalAdditionalData="",
            historyData=[leg],
            customerData="",
            employeeData={"name": name, "email": ""},
            pbxNumberData={"name": "", "number": LINE},
            **leg,
        )

    async def settle(self, call: ShopCall) -> None:
        self._server.records[_id(call)]["recordingStatus"] = "uploaded"
        self._server.recordings.add(_id(call))


class _Server(BinotelServer):
    dial: Dial | None = None

    def say(self, method: str, body: dict[str, Any]) -> web.Response:
        if method != "calls/internal-number-to-external-number" or self.dial is None:
            return super().say(method, body)
        if body["internalNumber"] not in OPERATORS:
            return self.error("104", "There is no such internal number")
        call_id = self.dial(body["internalNumber"], body["externalNumber"])
        return web.json_response({"status": "success", "generalCallID": call_id})

    def sound(self, call_id: str) -> bytes:
        return tune(int(call_id))


def _id(call: ShopCall) -> str:
    return call.ref or f"{call.started_at}{call.number:05}"
