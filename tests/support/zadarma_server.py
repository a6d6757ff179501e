"""Zadarma's API as its specification says: signatures, quotas, pages, links that live a while."""

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlencode
from zoneinfo import ZoneInfo

from aiohttp import web

from tests.support.sounds import WAV

KEY, SECRET = "4f3a-key-of-the-tests", "9b1c-secret-of-the-tests"
KYIV = ZoneInfo("Europe/Kyiv")
PAGE = 1000


def php_signature(text: str, secret: str = SECRET) -> str:
    """`base64_encode(hash_hmac('sha1', $text, $secret))`, whose hash is in hex."""
    digest = hmac.new(secret.encode(), text.encode(), hashlib.sha1).hexdigest()
    return base64.b64encode(digest.encode()).decode()


def local(moment: float) -> str:
    return datetime.fromtimestamp(moment, KYIV).strftime("%Y-%m-%d %H:%M:%S")


class ZadarmaServer:
    """What it answers is what it has; `asked` tells what it was asked."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.url = ""
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.asked_at: list[float] = []
        self.steady: Callable[[], float] = lambda: 0.0
        self.pbx: list[dict[str, Any]] = []
        self.costs: list[dict[str, Any]] = []
        self.recordings: dict[str, int] = {}
        self.hook_url = ""
        self.notifications: dict[str, str] = {}
        self.timezone = KYIV
        self.fast = 0
        self.failures: list[web.Response] = []
        """What the next requests get, whatever they ask for."""
        self.refused_calls: list[web.Response] = []
        """What the next requests to call get: of an office that also reads the log meanwhile."""
        self.ignores_skip = False
        self.asked_to_call = asyncio.Event()
        self.is_held: asyncio.Event | None = None
        """Until it is set a call that was asked for is not answered for."""

    def row(self, pbx_call_id: str, started_at: float, **said: Any) -> dict[str, Any]:
        """A row of the PBX; of an incoming talk of extension 101, but for what is said."""
        row = {
            "call_id": f"{int(started_at)}.{len(self.pbx) + 1}",
            "sip": "380671234567",
            "callstart": local(started_at),
            "clid": 380671234567,
            "destination": 101,
            "disposition": "answered",
            "seconds": 40,
            "is_recorded": False,
            "pbx_call_id": pbx_call_id,
        } | said
        self.pbx.append(row)
        return row

    def cost(self, to: str, started_at: float, **said: Any) -> dict[str, Any]:
        cost = {
            "id": str(155112249 + len(self.costs)),
            "sip": "00001",
            "callstart": local(started_at),
            "from": "380445550101",
            "to": to,
            "disposition": "answered",
            "billseconds": 60,
            "cost": 1.5,
            "billcost": 1.5,
            "currency": "UAH",
        } | said
        self.costs.append(cost)
        return cost

    async def answer(self, request: web.Request) -> web.StreamResponse:
        params = dict(request.query)
        self.asked.append((request.path, params))
        self.asked_at.append(self.steady())
        if request.path.startswith("/v1/pbx/record/download/"):
            return web.Response(body=WAV, content_type="audio/mpeg")
        if self.failures:
            return self.failures.pop(0)
        # As PHP's http_build_query with PHP_QUERY_RFC1738.
        query = urlencode(sorted(params.items()), quote_via=quote_plus).replace("~", "%7E")
        digest = hashlib.md5(query.encode(), usedforsecurity=False).hexdigest()
        signature = php_signature(f"{request.path}{query}{digest}")
        if request.headers.get("Authorization") != f"{KEY}:{signature}":
            return self.error(401, "Not authorized")
        match request.path:
            case "/v1/info/timezone/":
                now = self.clock() + self.fast
                said = datetime.fromtimestamp(now, self.timezone)
                return self.success(
                    unixtime=int(now),
                    datetime=said.strftime("%Y-%m-%d %H:%M:%S"),
                    timezone=said.strftime("UTC%z"),
                )
            case "/v1/pbx/callinfo/":
                return self.success(url=self.hook_url, notifications=self.notifications)
            case "/v1/statistics/pbx/":
                return self.page(self.pbx, params, version=2)
            case "/v1/statistics/":
                return self.page(self.costs, params)
            case "/v1/pbx/record/request/":
                return self.links(params)
            case "/v1/request/callback/":
                self.asked_to_call.set()
                if self.is_held:
                    await self.is_held.wait()
                if self.refused_calls:
                    return self.refused_calls.pop(0)
                return self.success(**{"from": params["from"], "to": params["to"], "time": 1})
        return self.error(404, "Method not found")

    def page(
        self, rows: list[dict[str, Any]], params: Mapping[str, str], **more: object
    ) -> web.Response:
        """Rows of the window, from `skip` on."""
        if not {"start", "end"} <= params.keys():
            return self.error(400, "Wrong parameters")
        within = [row for row in rows if params["start"] <= row["callstart"] <= params["end"]]
        skip = 0 if self.ignores_skip else int(params.get("skip", 0))
        stats = within[skip : skip + min(PAGE, int(params.get("limit", PAGE)))]
        return self.success(start=params["start"], end=params["end"], stats=stats, **more)

    def links(self, params: Mapping[str, str]) -> web.Response:
        count = self.recordings.get(params.get("pbx_call_id", ""), 0)
        if not count:
            return self.error(400, "Recording not found")
        links = [f"{self.url}/v1/pbx/record/download/token/{n}.mp3" for n in range(count)]
        return self.success(links=links, lifetime_till="2030-01-01 00:00:00")

    @staticmethod
    def success(**said: object) -> web.Response:
        return web.json_response({"status": "success", **said})

    @staticmethod
    def error(status: int, message: str) -> web.Response:
        return web.json_response({"status": "error", "message": message}, status=status)


@asynccontextmanager
async def zadarma_server(clock: Callable[[], float]) -> AsyncIterator[ZadarmaServer]:
    server = ZadarmaServer(clock)
    app = web.Application()
    app.router.add_get("/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
