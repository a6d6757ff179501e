"""Files of the page: up as what they are, and down as what cannot hurt."""

import pytest

from bot.demo.bot_api.files import tiny_picture
from bot.demo.page import server
from tests.support.demo_page import Site


async def test_files_go_up_as_what_they_are_and_come_down_safe(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = b"<script>alert(1)</script>"
    assert await site.upload(tiny_picture(), "я.png", "image/png", caption="Ось") == 200
    assert await site.upload(b"0123456789", "a.mp3", "audio/mpeg") == 200
    assert await site.upload(page, 'x"я.html', "text/html") == 200
    assert await site.upload(page, "x.png", "image/png") == 200
    photo, audio, html, fake = (await site.chat(7))["messages"]
    assert photo["caption"] == "Ось"
    response, body = await site.get(f"/media/{photo['photo'][0]['file_id']}")
    assert (response.content_type, body) == ("image/png", tiny_picture())
    assert "sandbox" in response.headers["Content-Security-Policy"]

    path = f"/media/{audio['audio']['file_id']}"
    response, body = await site.get(path, Range="bytes=2-4")
    assert (response.status, body) == (206, b"234")
    assert response.headers["Content-Range"] == "bytes 2-4/10"
    response, body = await site.get(path, Range="bytes=-3")
    assert (response.status, body) == (206, b"789")
    assert (await site.get(path, Range="bytes=99-"))[0].status == 416
    assert (await site.get(path, Range="nonsense"))[0].status == 206

    response, body = await site.get(f"/media/{html['document']['file_id']}")
    assert response.content_type == "application/octet-stream"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["Content-Disposition"].endswith("x%22%D1%8F.html")
    response, _ = await site.get(f"/media/{fake['document']['file_id']}")
    assert response.headers["X-Content-Type-Options"] == "nosniff"

    for unknown in ("x", "BQACzzzz", "..%2Fstate"):
        assert (await site.get(f"/media/{unknown}"))[0].status == 404
    assert await site.upload(b"x", "x", "text/plain", **{"as": "9"}) == 404
    assert await site.upload(b"x", "x", "text/plain", **{"as": "x"}) == 400
    assert await site.upload(b"x", "x", "text/plain", caption="x" * 1025) == 400
    assert await site.upload(b"", "x", "text/plain") == 200
    assert len((await site.chat(7))["messages"]) == 4, "Telegram takes no empty file"
    monkeypatch.setattr(server, "MAX_FILE", 10)
    assert await site.upload(b"x" * 11, "x", "text/plain") == 413
    monkeypatch.setattr(server, "MAX_JSON", 10)
    assert await site.upload(b"x" * 11, "x", "text/plain") == 413
