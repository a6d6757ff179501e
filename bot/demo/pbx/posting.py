"""PBXs that post each call to the bot's hook: one in the bot's own JSON, one in its own words."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx

from bot.demo.page.sources import Source, Words
from bot.demo.pbx.company import LINE, SOURCE
from bot.demo.pbx.shop_calls import ShopCall
from bot.demo.pbx.sounds import address

log = logging.getLogger(__name__)

Body = dict[str, Any]

_CALLS_PER_POST = 500
"""How many calls one POST has at most: the hook takes 1000, and 1 MiB."""

_FIRST_RECORDING = 10**9


class PostingPbx:
    """What it could not post in its silence waits, as in the queue of a real one."""

    calls_per_post = 1

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        self.hook = ""
        self._http = httpx.AsyncClient(timeout=10, verify=False)  # noqa: S501 - http:// on this computer
        self._unsent: list[Body] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async with self._http:
            yield

    @property
    def is_silent(self) -> bool:
        return self._unsent is not None

    async def turn_silence(self) -> None:
        if self._unsent is None:
            self._unsent = []
            return
        unsent, self._unsent = self._unsent, None
        for first in range(0, len(unsent), self.calls_per_post):
            await self._send(unsent[first : first + self.calls_per_post])

    async def _post(self, body: Body) -> None:
        if self._unsent is not None:
            self._unsent.append(body)
        else:
            await self._send([body])

    async def _send(self, bodies: list[Body]) -> None:
        """Post until the hook takes it: a PBX does not forget what was not answered 2xx.

        What is refused (4xx) would be refused for ever: that is a mistake of the demo, and logged.
        """
        while not self._http.is_closed:  # the demo ends
            try:
                body = bodies if self.calls_per_post > 1 else bodies[0]
                answer = await self._http.post(self.hook, json=body)
            except httpx.TransportError:
                await asyncio.sleep(1)
                continue
            if answer.is_success:
                return
            if answer.is_client_error:
                log.error("the hook refuses the demo's calls: %d", answer.status_code)
                return
            await asyncio.sleep(1)


class JsonPbx(PostingPbx):
    """Posts a call as docs/call.schema.json has it. Is a ShopPbx."""

    calls_per_post = _CALLS_PER_POST
    about = Source(
        SOURCE,
        name=Words("JSON від самої АТС", "JSON from the PBX"),
        how=Words("Сама надсилає боту кожен дзвінок.", "It posts each call to the bot."),
        takes=Words("адресу з секретом у ній", "an address with a secret in it"),
        page=Words("connecting.md", "connecting.md"),
    )

    def __init__(self, origin: Callable[[], str]) -> None:
        """`origin` tells where recordings are, once they are there."""
        super().__init__()
        self._origin = origin

    def settings(self) -> dict[str, object]:
        return {"kind": "webhook", "token": self.token, "recording_hosts": self._origin()}

    async def begin(self, call: ShopCall) -> None:
        await self._post(_own_json(call) | {"status": "ringing"})

    async def answer(self, call: ShopCall) -> None:
        if call.is_incoming:
            await self._post(_own_json(call) | {"status": "connecting_operator"})

    async def end(self, call: ShopCall) -> None:
        await self._post(_own_json(call) | _end(call))

    async def settle(self, call: ShopCall) -> None:
        late: Body = {"recording_url": address(self._origin(), _FIRST_RECORDING + call.number)}
        if not call.is_incoming:
            late["price"] = "0.08"
        await self._post(_own_json(call) | _end(call) | late)


def _own_json(call: ShopCall) -> Body:
    common: Body = {
        "id": call.ref or f"live-{call.started_at}-{call.number}",
        "started_at": _iso(call.started_at),
    }
    if call.is_incoming:
        return common | {
            "direction": "in",
            "caller": {"number": call.client},
            "callee": {"number": LINE},
            "line": LINE,
            "queue": call.queue,
            "rang": [call.extension],
        }
    return common | {
        "direction": "out",
        "caller": {"number": call.extension},
        "callee": {"number": call.client},
        "extension": call.extension,
    }


def _end(call: ShopCall) -> Body:
    end: Body = {"status": call.failure, "ended_at": _iso(call.ended_at)}
    if call.ended_by:
        end["ended_by"] = call.ended_by
    if call.answered_at:
        end |= {
            "status": "answered",
            "extension": call.extension,
            "answered_at": _iso(call.answered_at),
        }
    return end


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()


class PhonetPbx(PostingPbx):
    """Posts the webhooks call.dial, call.bridge and call.hangup of Phonet. Is a ShopPbx."""

    about = Source(
        "phonet",
        name=Words("Phonet", "Phonet"),
        how=Words(
            "Надсилає події своїми словами, а невеликий файл каже, що в них де.",
            "It posts events in its own words; a small file says what is where in them.",
        ),
        takes=Words("FILE=phonet і адресу", "FILE=phonet and an address"),
        page=Words("mapping.md", "mapping.md"),
    )

    def settings(self) -> dict[str, object]:
        return {"kind": "mapping", "file": "phonet", "token": self.token}

    async def begin(self, call: ShopCall) -> None:
        await self._post(_phonet_event("call.dial", call, at=call.started_at))

    async def answer(self, call: ShopCall) -> None:
        await self._post(_phonet_event("call.bridge", call, at=call.answered_at or 0))

    async def end(self, call: ShopCall) -> None:
        await self._post(_phonet_event("call.hangup", call, at=call.ended_at))

    async def settle(self, call: ShopCall) -> None:
        """Its webhooks tell nothing later."""


def _phonet_event(event: str, call: ShopCall, *, at: int) -> Body:
    return {
        "event": event,
        "uuid": f"{call.started_at}-{call.number}",
        "parentUuid": None,
        "lgDirection": 4 if call.is_incoming else 2,
        "trunkNum": LINE,
        "leg": {"id": int(call.extension), "type": 1, "ext": call.extension},
        "otherLegs": [{"num": call.client or "", "name": ""}],
        "dialAt": call.started_at * 1000,
        "bridgeAt": call.answered_at * 1000 if call.answered_at else None,
        "serverTime": at * 1000,
    }
