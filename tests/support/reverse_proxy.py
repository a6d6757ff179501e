"""A proxy before several bots, which repeats what nginx repeats by default and nothing else.

A request that could not be given to one of them is given to the next. One that was given, and got
no answer, may have been done: whoever posted it is told so (502, 504) and posts it again.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

READ_SECONDS = 30.0
_CONNECT_SECONDS = 2.0


class ReverseProxy:
    def __init__(self, upstreams: Sequence[str]) -> None:
        """`upstreams`: addresses, asked in turn."""
        self._upstreams = upstreams
        self._turn = 0
        self._http: aiohttp.ClientSession | None = None
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ReverseProxy"]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        patience = aiohttp.ClientTimeout(sock_connect=_CONNECT_SECONDS, sock_read=READ_SECONDS)
        try:
            async with aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(force_close=True, limit=0), timeout=patience
            ) as self._http:
                yield self
        finally:
            await runner.cleanup()

    async def _pass_on(self, request: web.Request) -> web.Response:
        body = await request.read()
        self._turn += 1
        for number in range(len(self._upstreams)):
            upstream = self._upstreams[(self._turn + number) % len(self._upstreams)]
            try:
                return await self._ask(request, upstream, body)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                continue
            except (TimeoutError, aiohttp.SocketTimeoutError):
                return web.Response(status=504)
            except aiohttp.ClientError:
                return web.Response(status=502)
        await asyncio.sleep(0.05)  # whoever is told so asks again at once
        return web.Response(status=502)

    async def _ask(self, request: web.Request, upstream: str, body: bytes) -> web.Response:
        assert self._http is not None
        async with self._http.request(
            request.method,
            upstream + request.path_qs,
            data=body,
            headers={
                name: value
                for name, value in request.headers.items()
                if name.lower() not in {"host", "connection", "content-length"}
            },
        ) as answer:
            return web.Response(
                body=await answer.read(),
                status=answer.status,
                headers={
                    name: answer.headers[name]
                    for name in ("Content-Type", "Retry-After")
                    if name in answer.headers
                },
            )
