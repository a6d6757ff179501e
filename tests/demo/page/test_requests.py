"""Who may ask the page, and what is wrong with a request."""

from typing import Any

import pytest

from tests.support.demo_page import Site


@pytest.mark.parametrize("path", ["/", "/chat.css", "/chat.js", "/words.js", "/state", "/events"])
async def test_the_page_is_only_for_those_who_came_by_this_computers_address(
    site: Site, path: str
) -> None:
    for host in ("evil.example", "127.0.0.1", "127.0.0.1:1", "evil.example:80", "[::1]:80", ""):
        response, _ = await site.get(path, Host=host)
        assert response.status in {400, 403}, host
    port = site.server.url.rpartition(":")[2]
    if path != "/events":
        response, _ = await site.get(path, Host=f"localhost:{port}")
        assert response.status == 200
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/send", "/press", "/start", "/block", "/panel", "/upload"])
async def test_another_sites_page_may_do_nothing(site: Site, path: str) -> None:
    body = {"as": 7, "chat": 7, "text": "x", "key": "missed", "is_blocked": True}
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1", ""):
        assert (await site.post(path, body, Origin=origin))[0] == 403, origin
    async with site.http.post(site.server.url + path, json=body) as response:
        assert response.status == 403, "no origin at all"
    assert (await site.post(path, body, Host="evil.example"))[0] == 403
    assert (await site.get(path))[0].status == 404, "and nothing is done by a link"
    assert site.olena.messages() == []
    assert site.panel.done == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[]", 400),
        (b"[" * 60_000, 400),
        (b"{" + b" " * 70_000 + b"}", 413),
        ({"as": "7", "chat": 7, "text": "x"}, 400),
        ({"as": True, "chat": 7, "text": "x"}, 400),
        ({"as": 7, "chat": 7}, 400),
        ({"as": 7, "chat": 7, "text": 5}, 400),
        ({"as": 7, "chat": 7, "text": "\ud800"}, 400),
        ({"as": 9, "chat": 7, "text": "x"}, 404),
        ({"as": 7, "chat": 8, "text": "another's chat"}, 404),
        ({"as": 8, "chat": -100, "text": "not in the group"}, 404),
        ({"as": 7, "chat": 7, "text": " "}, 200),
        ({"as": 7, "chat": 7, "text": "x" * 4097}, 200),
        ({"as": 7, "chat": 7, "key": "no such key"}, 200),
    ],
)
async def test_what_is_wrong_is_refused_and_said(site: Site, body: Any, status: int) -> None:
    answered, answer = await site.post("/send", body)
    assert (answered, answer["ok"]) == (status, False)
    assert answer["error"]
    assert site.olena.messages() == []


async def test_only_json_is_read(site: Site) -> None:
    body = {"as": 7, "chat": 7, "text": "x"}
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        assert (await site.post("/send", body, **{"Content-Type": kind}))[0] == 415
