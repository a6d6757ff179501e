"""The HTTP of a PBX on loopback: what it was asked is noted, and it can be told to misbehave."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class VendorServer:
    """Answers as `answer` of a subclass says, but first all that stands in `instead`."""

    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    instead: deque[web.Response] = field(default_factory=deque)
    url: str = ""

    async def answer(self, path: str, params: dict[str, Any], request: web.Request) -> Any:
        """What the vendor's documentation promises, as a value of JSON or a whole answer."""
        raise NotImplementedError

    def fail(self, status: int, text: str = "", **headers: str) -> None:
        """Answer the next request like this."""
        self.instead.append(
            web.Response(
                status=status,
                text=text,
                content_type="application/json",
                headers={name.replace("_", "-"): value for name, value in headers.items()},
            )
        )

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        params: dict[str, Any] = dict(request.query)
        if request.content_type == "application/json" and request.can_read_body:
            params |= await request.json()
        self.asked.append((request.path, params))
        if self.instead:
            return self.instead.popleft()
        answer = await self.answer(request.path, params, request)
        return answer if isinstance(answer, web.StreamResponse) else web.json_response(answer)

    @asynccontextmanager
    async def running(self, port: int = 0, **options: Any) -> AsyncIterator[str]:
        """Its address. `options` are aiohttp's, like `ssl_context`."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._receive)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", port, **options)
            await site.start()
            scheme = "https" if options.get("ssl_context") else "http"
            self.url = f"{scheme}://127.0.0.1:{runner.addresses[0][1]}"
            yield self.url
        finally:
            await runner.cleanup()
