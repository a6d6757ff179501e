"""Zadarma from its hook to the chat: over real HTTP, with its recordings, and after an outage."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.domain.people import Role
from bot.media import recordings as fetching
from tests.support.engines import ONLY_SQLITE
from tests.support.lost_calls import NOW, is_alert
from tests.support.running import HOOK_TOKEN, OLENA, Office, running_office
from tests.support.sounds import WAV, is_voice_of
from tests.support.telegram import Clock
from tests.support.zadarma_events import event, signature_of, talk
from tests.support.zadarma_server import KEY, SECRET, ZadarmaServer, zadarma_server

pytestmark = ONLY_SQLITE


@asynccontextmanager
async def zadarma_office(
    tmp_path: Path, **changes: Any
) -> AsyncIterator[tuple[Office, ZadarmaServer, Clock]]:
    clock = Clock(NOW)
    async with zadarma_server(clock) as server:
        source = {"kind": "zadarma", "key": KEY, "secret": SECRET, "token": HOOK_TOKEN}
        sources = {"office": source | {"api_url": server.url} | changes}
        async with running_office(tmp_path, clock=clock, sources=sources) as office:
            yield office, server, clock


async def post(
    office: Office, posted: Mapping[str, str], signature: str | None = ""
) -> httpx.Response:
    """The answer to an event; `signature` "" is the right one, None none."""
    right = signature_of(posted) if signature == "" else signature
    return await office.http.post(
        f"{office.url}/hooks/office/{HOOK_TOKEN}",
        data=dict(posted),
        headers={} if right is None else {"Signature": right},
    )


def stored(office: Office) -> list[Any]:
    return office.rows("SELECT external_id, status, wait, talk, recording_url FROM calls")


async def test_a_talk_and_its_recording_come_into_the_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 10)
    async with zadarma_office(tmp_path) as (office, server, clock):
        server.recordings = {"in_1": 1}
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        for at, posted in talk(NOW):
            clock.now = at
            answer = await post(office, posted)
            assert (answer.status_code, answer.json()) == (200, {})
        await post(office, talk(NOW)[-1][1])  # told twice
        assert stored(office) == [("in_1", "answered", 9, 42, "pbx:in_1")]
        card = await office.press(olena, await office.ask(olena, "/log"), "1")
        assert card.buttons[0] == ["🎧 Слухати"]
        await office.press(olena, card, "🎧")
        sent = olena.last_reply()
        assert sent.media is not None
        assert is_voice_of(sent.media.file.content, WAV)


async def test_a_lost_call_alerts_and_the_call_back_closes_it(tmp_path: Path) -> None:
    async with zadarma_office(tmp_path) as (office, _, clock):
        admin = await office.administrator()
        await post(office, event("NOTIFY_START", NOW))
        clock.advance(20)
        await post(
            office, event("NOTIFY_END", NOW, duration="0", disposition="cancel", status_code="16")
        )
        alert = await admin.wait_for(is_alert)
        assert "+380 67 123 45 67" in alert.text.replace("\u00a0", " ")
        clock.advance(60)
        await post(office, event("NOTIFY_OUT_START", clock.now))
        begun = clock.now
        clock.advance(30)
        await post(
            office,
            event("NOTIFY_OUT_END", begun, duration="21", disposition="answered"),
        )
        assert office.rows("SELECT state FROM cases") == [("called_back",)]


async def test_what_is_not_signed_is_refused_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with zadarma_office(tmp_path) as (office, _, _clock):
        admin = await office.administrator()
        posted = event("NOTIFY_START", NOW)
        for signature in (
            None,
            "wrong",
            signature_of(posted, "another"),
            signature_of(posted)[1:],
        ):
            answer = await post(office, posted, signature)
            assert answer.status_code == 403
        assert stored(office) == []
        await admin.wait_for(lambda message: "«office»" in message.text)
        reasons = office.rows("SELECT DISTINCT reason FROM rejects")
        assert len(reasons) == 1
        assert "SECRET" in reasons[0][0]
        await office.stop()
    for secret in (KEY, SECRET, signature_of(posted)):
        assert secret not in caplog.text


async def test_the_address_is_proved_by_an_echo(tmp_path: Path) -> None:
    async with zadarma_office(tmp_path) as (office, _, _clock):
        hook = f"{office.url}/hooks/office/{HOOK_TOKEN}"
        answer = await office.http.get(hook, params={"zd_echo": "a1<b>&ї"})
        assert (answer.status_code, answer.text) == (200, "a1<b>&ї")
        assert answer.headers["Content-Type"].startswith("text/plain")
        assert (await office.http.get(hook)).status_code == 405
        assert (await office.http.get(f"{hook}x", params={"zd_echo": "1"})).status_code == 404


async def test_what_was_missed_is_read_after_a_start_and_nothing_is_doubled(
    tmp_path: Path,
) -> None:
    async with zadarma_office(tmp_path) as (office, server, clock):
        await office.stop()
        server.row("in_1", NOW - 60, disposition="no answer", seconds=15)
        server.row("in_2", NOW - 50)
        clock.advance(600)
        async with office.restarted() as again:
            async with asyncio.timeout(10):
                while len(stored(again)) < 2:  # noqa: ASYNC110 - the bot's own file
                    await asyncio.sleep(0.02)
            for at, posted in talk(NOW - 50):
                clock.now = at
                await post(again, posted | {"pbx_call_id": "in_2"})
            calls = stored(again)
            assert [one[:2] for one in calls] == [("in_1", "missed"), ("in_2", "answered")]
            assert calls[1][2:4] == (9, 42)
            await again.stop()
