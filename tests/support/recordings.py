"""Recordings under test: a PBX that serves them, well and badly, and a call that has one."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from bot.domain.calls import Call, Direction, EndedBy, Party, Status
from tests.support.sounds import WAV


def call_with_recording(url: str | None, source: str = "office") -> Call:
    """A talk whose recording is at this address, as the source says."""
    return Call(
        id=7,
        source=source,
        external_id="a1",
        direction=Direction.IN,
        status=Status.ANSWERED,
        raw_status=None,
        caller=Party(number="0671234567"),
        callee=Party(),
        client="+380671234567",
        contact=None,
        line=None,
        queue=None,
        extension="101",
        rang=("101",),
        started_at=100,
        answered_at=110,
        ended_at=160,
        wait=10,
        talk=50,
        ended_by=EndedBy.CALLER,
        price=None,
        currency=None,
        recording_url=url,
        settles_at=None,
        lost=False,
    )


class RecordingServer:
    """Where a PBX keeps its recordings: what is asked for says how it is answered.

    `/held` answers when `release` is set; `/to?to=…` redirects; `/503` answers so; see `answer`
    for the others.
    """

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.cookies: list[str] = []
        self.logins: list[str] = []
        self.release = asyncio.Event()
        self.has_trickled = asyncio.Event()
        self._is_asked = asyncio.Event()

    async def are_asked(self, times: int) -> None:
        """Wait until that many requests have come."""
        while len(self.asked) < times:
            self._is_asked.clear()
            await self._is_asked.wait()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self.cookies += request.headers.getall("Cookie", [])
        for told in request.headers.getall("Authorization", []):
            self.logins.append(b64decode(told.removeprefix("Basic ")).decode())
        self._is_asked.set()
        match request.match_info["what"]:
            case "ok":
                return web.Response(body=WAV)
            case "held":
                await self.release.wait()
                return web.Response(body=WAV)
            case "to":
                return web.Response(status=302, headers={"Location": request.query["to"]})
            case "page":
                return web.Response(text="<html>Log in</html>", content_type="audio/mpeg")
            case "squeezed":
                return web.Response(body=WAV, headers={"Content-Encoding": "gzip"})
            case "endless":
                response = web.StreamResponse()
                await response.prepare(request)
                while True:
                    await response.write(WAV)
            case "trickle":
                response = web.StreamResponse()
                await response.prepare(request)
                while not self.release.is_set():
                    await response.write(WAV[:1])
                    self.has_trickled.set()
                    await asyncio.sleep(0.01)
            case "broken":
                return web.Response(body=WAV[:44])
            case "empty":
                return web.Response()
            case "cut" | "garbage" as what:
                length = {"Content-Length": "10", "Transfer-Encoding": "chunked"}
                name = "Content-Length" if what == "cut" else "Transfer-Encoding"
                assert request.transport is not None
                head = f"HTTP/1.1 200 OK\r\n{name}: {length[name]}\r\n\r\n"
                request.transport.write(head.encode() + WAV[:5])
                request.transport.close()
            case "cookie":
                return web.Response(body=WAV, headers={"Set-Cookie": "session=of-one-person"})
            case status if status.isdecimal():
                return web.Response(status=int(status))
        raise web.HTTPNotFound if request.match_info["what"] == "gone" else web.HTTPBadGateway


@asynccontextmanager
async def recording_server() -> AsyncIterator[RecordingServer]:
    pbx = RecordingServer()
    app = web.Application()
    app.router.add_get("/{what}", pbx.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    pbx.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield pbx
    finally:
        pbx.release.set()
        await runner.cleanup()
