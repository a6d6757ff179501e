"""What goes wrong over HTTP: whether a PBX surely did not do what it was asked, or may have."""

import pytest
from aiohttp import web

from bot.domain.errors import SourceError, UnsureError
from bot.sources.http_api import HttpApi
from tests.support.plain_http import plain_http
from tests.support.vendor_server import VendorServer


class Broken(VendorServer):
    """Takes the request, and closes the connection."""

    async def answer(self, path: str, params: object, request: web.Request) -> web.Response:
        del path, params
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


async def failure(url: str) -> SourceError:
    async with plain_http(timeout=5, trust_env=False) as http:
        with pytest.raises(SourceError) as raised:
            await HttpApi(http, url, setting="SOURCES__OFFICE", secrets={}).ask("POST", "/dial")
    return raised.value


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_server_that_fails_may_have_done_it(status: int) -> None:
    server = VendorServer()
    async with server.running() as url:
        server.fail(status, "{}")
        assert isinstance(await failure(url), UnsureError)


@pytest.mark.parametrize("status", [400, 401, 404, 429])
async def test_what_is_refused_was_not_done(status: int) -> None:
    server = VendorServer()
    async with server.running() as url:
        server.fail(status, "{}")
        assert not isinstance(await failure(url), UnsureError)


async def test_a_connection_that_breaks_after_the_request_leaves_it_open() -> None:
    async with Broken().running() as url:
        assert isinstance(await failure(url), UnsureError)


async def test_nobody_who_listens_has_done_nothing() -> None:
    async with VendorServer().running() as url:
        pass
    assert not isinstance(await failure(url), UnsureError)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("30", 30),
        ("soon", 60),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 3600),
        ("9" * 400, 3600),
    ],
)
async def test_a_busy_pbx_is_left_alone_for_an_hour_at_the_most(told: str, seconds: int) -> None:
    server = VendorServer()
    async with server.running() as url:
        server.fail(429, "{}", Retry_After=told)
        assert (await failure(url)).retry_after == seconds
