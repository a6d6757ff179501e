"""A server that stands where any PBX should: it refuses, breaks, or says back what it was told."""

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class RefusingServer:
    """`status` and `date` of its answers. `says`: JSON; None: the request, where errors stand."""

    status: int = 200
    says: Any = None
    date: str | None = None
    before: str = ""
    told: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode()
        whole = f"{dict(request.headers)} {request.path_qs} {body}"
        self.told.append(whole)
        echo = f"{self.before}{request.headers.get('Authorization')} "
        echo += f"{request.headers.get('Auth-key')} {body} {request.path_qs} {whole}"
        said = self.says
        if said is None:
            said = {"status": "error", "result": False, "code": "1", "messages": {"error": [echo]}}
            said |= dict.fromkeys(("message", "error", "error_description", "detail"), echo)
        headers = {"Date": self.date} if self.date else {}
        text = said if isinstance(said, str) else json.dumps(said)
        return web.Response(status=self.status, text=text, headers=headers)

    @asynccontextmanager
    async def running(self, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        try:
            yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()
