"""Recordings: only from where the administrator allowed, bounded, and for those who may hear."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from bot.config import WebhookSource
from bot.demo.sounds import mount, tune
from bot.errors import RecordingError, RecordingGoneError, RecordingTooLargeError
from bot.models import Role
from bot.recordings import Recordings
from tests.running import IVAN, OLENA, running_office
from tests.telegram import START, Clock
from tests.test_groups import lost, moment


@asynccontextmanager
async def pbx() -> AsyncIterator[str]:
    """A PBX that keeps recordings, and answers in every wrong way. Its origin."""
    app = web.Application()
    mount(app)

    async def redirect(_request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "/recordings/1.wav"})

    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        for _ in range(100):
            await answer.write(b"x" * 1000)
        return answer

    app.router.add_get("/redirect", redirect)
    app.router.add_get("/endless", endless)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def test_a_recording_is_fetched_from_a_trusted_origin_only() -> None:
    async with pbx() as origin, httpx.AsyncClient() as http:
        recordings = Recordings(http, {"office": (origin,), "shop": ("127.0.0.1",)}, limit=50_000)
        found = await recordings.fetch("office", f"{origin}/recordings/7.wav")
        assert (found.content, found.extension) == (tune(7), ".wav")
        for source, address in (
            ("shop", f"{origin}/recordings/7.wav"),
            ("other", f"{origin}/recordings/7.wav"),
            ("office", f"{origin}/redirect"),
            ("office", origin.replace("http", "https") + "/recordings/7.wav"),
            ("office", "http://user@[bad"),
            ("office", "file:///etc/passwd"),
            ("office", "http://127.0.0.1:1/x"),
        ):
            with pytest.raises(RecordingError):
                await recordings.fetch(source, address)
        with pytest.raises(RecordingGoneError):
            await recordings.fetch("office", f"{origin}/nothing.wav")
        with pytest.raises(RecordingTooLargeError):
            await recordings.fetch("office", f"{origin}/endless")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
async def test_a_bare_host_is_never_a_private_one(host: str) -> None:
    async with httpx.AsyncClient() as http:
        recordings = Recordings(http, {"office": (host,)})
        shown = f"[{host}]" if ":" in host else host
        with pytest.raises(RecordingError):
            await recordings.fetch("office", f"https://{shown}/a.wav")


def test_hosts_are_hosts() -> None:
    chosen = WebhookSource.model_validate(
        {"kind": "webhook", "recording_hosts": "a.example.com, http://192.168.1.10:8088"}
    )
    assert chosen.hosts == ("a.example.com", "http://192.168.1.10:8088")
    for wrong in ("a/b", "ftp://a", "a:80", "http://a/path", "*"):
        with pytest.raises(ValueError, match="expected hosts"):
            WebhookSource.model_validate({"kind": "webhook", "recording_hosts": wrong})


async def test_a_talk_is_listened_to_by_those_who_may(tmp_path: Path) -> None:
    async with (
        pbx() as origin,
        running_office(
            tmp_path,
            clock=Clock(START),
            sources={
                "office": {
                    "kind": "webhook",
                    "token": "hook-token-of-the-tests",
                    "recording_hosts": origin,
                }
            },
        ) as office,
    ):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "102")
        talked = lost(
            "a",
            status="answered",
            extension="101",
            answered_at=moment(START - 55),
            recording_url=f"{origin}/recordings/5.wav",
        )
        gone = talked | {"id": "b", "recording_url": f"{origin}/gone.wav"}
        await office.post(talked, gone, lost("c"))
        page = await office.ask(olena, "/today")
        rows = [row for row in page.text.splitlines() if row[:2] in {"1.", "2.", "3."}]
        number = next(row[0] for row in rows if "✅" in row)
        card = await office.press(olena, page, number)
        answers = {}
        for _ in range(2):
            answers[(await (await olena.click(card, "🎧")).answered()).text] = card
            page = await office.press(olena, card, "⬅️")
            number = next(
                row[0] for row in page.text.splitlines() if "✅" in row and row[0] != number
            )
            card = await office.press(olena, page, number)
        assert "Запису вже немає." in answers
        heard = await olena.wait_for(lambda one: one.media is not None)
        assert heard.media is not None
        listen = card.button("🎧")
        refused = await ivan.press_stale(ivan.last(), str(listen["callback_data"]))
        assert (await refused.answered()).text == "Немає доступу."
