"""Binotel from its webhooks and its history to the chat, over real HTTP."""

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
from tests.support.binotel_server import KEY, SECRET, BinotelServer, as_form, binotel_server
from tests.support.engines import ONLY_SQLITE
from tests.support.lost_calls import NOW, is_alert
from tests.support.running import HOOK_TOKEN, OLENA, Office, running_office
from tests.support.sounds import WAV, is_voice_of
from tests.support.telegram import Clock

pytestmark = ONLY_SQLITE

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@asynccontextmanager
async def binotel_office(tmp_path: Path) -> AsyncIterator[tuple[Office, BinotelServer, Clock]]:
    clock = Clock(NOW)
    async with binotel_server() as server:
        server.clock = clock
        source = {"kind": "binotel", "key": KEY, "secret": SECRET, "token": HOOK_TOKEN}
        sources = {"office": source | {"api_url": server.url}}
        async with running_office(tmp_path, clock=clock, sources=sources) as office:
            yield office, server, clock


async def post(office: Office, posted: Mapping[str, Any]) -> httpx.Response:
    return await office.http.post(
        f"{office.url}/hooks/office/{HOOK_TOKEN}", content=as_form(dict(posted)), headers=FORM
    )


async def test_a_talk_and_its_recording_come_into_the_chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(fetching, "PATIENCE", 10)
    async with binotel_office(tmp_path) as (office, server, _):
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "902")
        record = BinotelServer().record("77", NOW - 80)
        for _again in range(2):
            answer = await post(office, {"requestType": "apiCallCompleted", "callDetails": record})
            assert (answer.status_code, answer.json()) == (200, {"status": "success"})
        assert office.rows("SELECT external_id, wait, talk FROM calls") == [("77", 4, 68)]
        card = await office.press(olena, await office.ask(olena, "/log"), "1")
        soon = await (await olena.click(card, "🎧")).answered()
        assert soon.text == "Аудіозапис ще не готовий. Спробуйте за кілька хвилин."
        server.recordings = {"77"}
        await office.press(olena, card, "🎧")
        sent = olena.last_reply()
        assert sent.media is not None
        assert is_voice_of(sent.media.file.content, WAV)
        await office.stop()
    for secret in (KEY, SECRET):
        assert secret not in caplog.text


async def test_a_lost_call_alerts_as_it_is_hung_up(tmp_path: Path) -> None:
    async with binotel_office(tmp_path) as (office, _, clock):
        admin = await office.administrator()
        common = {"generalCallID": "78", "callType": "0", "externalNumber": "0671234567"}
        await post(office, common | {"requestType": "receivedTheCall", "internalNumber": "901"})
        clock.advance(17)
        ended = {"requestType": "hangupTheCall", "generalCallID": "78", "billsec": "0"}
        await post(office, ended | {"disposition": "CANCEL"})
        alert = await admin.wait_for(is_alert)
        assert "+380 67 123 45 67" in alert.text
        record = BinotelServer().record(
            "78", NOW - 1, disposition="CANCEL", billsec="0", waitsec="17", historyData=""
        )
        await post(office, {"requestType": "apiCallCompleted", "callDetails": record})
        assert office.rows("SELECT status, wait, started_at FROM calls") == [
            ("missed", 17, int(NOW) - 1)
        ]
        assert office.rows("SELECT count(*) FROM cases") == [(1,)]


async def test_what_cannot_be_read_is_not_posted_again(tmp_path: Path) -> None:
    async with binotel_office(tmp_path) as (office, _, _clock):
        for posted in (
            {"requestType": "apiCallCompleted", "callDetails": {"generalCallID": "1"}},
            {"requestType": "apiCallSettings", "externalNumber": "0671234567"},
        ):
            answer = await post(office, posted)
            assert (answer.status_code, answer.json()) == (200, {"status": "success"})
        assert office.rows("SELECT count(*) FROM rejects") == [(1,)]


async def test_calls_come_without_any_webhook(tmp_path: Path) -> None:
    async with binotel_office(tmp_path) as (office, server, _):
        await office.stop()
        server.record("79", NOW - 600)
        server.record("80", NOW - 500, callType="1")
        async with office.restarted() as again:
            async with asyncio.timeout(10):
                while again.rows("SELECT count(*) FROM calls") != [(2,)]:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            await again.stop()
