"""Requests whose bodies arrive too slowly, or not at all: they are given up, nobody waits.

- A body has BODY_SECONDS to arrive, then its request is answered by 408.
- When the bot stops, a body has STOP_SECONDS more; then its request is answered by 503: nothing of
  it was taken, and the PBX posts it again. Whoever's body is all there gets a real answer.
"""

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

BODY_SECONDS = 30.0
STOP_SECONDS = 1.0


class Bodies:
    def __init__(self) -> None:
        self._arriving: dict[int, web.Request] = {}
        """By id: a request has no hash."""
        self._none_arriving = asyncio.Event()
        self._none_arriving.set()
        self._is_stopping = False

    def middleware(self) -> Middleware:
        """Lets no handler wait too long for the body of its request."""

        @web.middleware
        async def with_body(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.content.is_eof():
                return await handler(request)
            return await self._with_body(request, handler)

        return with_body

    async def finish(self) -> None:
        """Wait a moment for the bodies under way, then give them up."""
        self._is_stopping = True
        try:
            await asyncio.wait_for(self._none_arriving.wait(), STOP_SECONDS)
        except TimeoutError:
            for request in tuple(self._arriving.values()):
                _give_up(request)

    async def _with_body(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self._arriving[id(request)] = request
        self._none_arriving.clear()
        request.content.on_eof(lambda: self._forget(request))
        loop = asyncio.get_running_loop()
        watching = loop.call_later(BODY_SECONDS, _give_up, request)
        try:
            return await handler(request)
        except _SlowBodyError as error:
            refusal = web.HTTPServiceUnavailable if self._is_stopping else web.HTTPRequestTimeout
            raise refusal(headers={"Connection": "close", "Retry-After": "5"}) from error
        finally:
            watching.cancel()
            self._forget(request)

    def _forget(self, request: web.Request) -> None:
        self._arriving.pop(id(request), None)
        if not self._arriving:
            self._none_arriving.set()


class _SlowBodyError(TimeoutError):
    """aiohttp takes a TimeoutError for the end of what it waits for."""


def _give_up(request: web.Request) -> None:
    if not request.content.is_eof():
        request.content.set_exception(_SlowBodyError())
