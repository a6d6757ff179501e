"""Slow recordings of a greedy person, and a bot that is killed with one in hand."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from bot.domain.people import Role
from bot.media import recordings as fetching
from keyboards.callbacks import Listen
from tests.support.engines import ONLY_SQLITE
from tests.support.lost_calls import dialled
from tests.support.plain_http import plain_http
from tests.support.processes import environment, forked
from tests.support.recordings import RecordingServer, recording_server
from tests.support.running import ADMIN, HOOK_TOKEN, IVAN, OLENA, running_office
from tests.support.sounds import WAV, is_voice_of
from tests.support.telegram import TOKEN
from tests.support.terminals import Wall

pytestmark = ONLY_SQLITE


@pytest.fixture
async def pbx() -> AsyncIterator[RecordingServer]:
    async with recording_server() as pbx:
        yield pbx


def talk(call_id: str, recording: str) -> dict[str, Any]:
    return dialled(call_id, time.time() - 600, recording_url=recording)


async def said(user: User, call: int) -> str | None:
    """What a press of 🎧 is answered with."""
    query = await user.press_stale(user.last(), Listen(call=call).pack())
    return (await query.answered()).text


async def test_who_asks_for_many_slow_recordings_holds_up_nobody_else(
    tmp_path: Path, pbx: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 0.05)
    monkeypatch.setattr(fetching, "PACE_SECONDS", 60)
    source = {"kind": "webhook", "token": HOOK_TOKEN, "recording_hosts": pbx.url}
    async with running_office(tmp_path, clock=Wall(), sources={"office": source}) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        ivan = await office.employee(IVAN, "Іван", Role.SUPERVISOR)
        for number in range(8):
            what = "ok" if number == 7 else "trickle"
            await office.post(talk(f"a{number}", f"{pbx.url}/{what}"))
        assert await said(olena, 1) == "Надсилаю аудіозапис…"
        for call in (2, 3, 4, 5, 2):
            assert await said(olena, call) == "Аудіозапис у черзі й надійде сюди сам."
        assert (await said(olena, 6) or "").startswith("Кілька аудіозаписів уже на шляху")
        await pbx.are_asked(1)
        await said(ivan, 8)
        sent = await ivan.wait_for(lambda message: message.media is not None)
        assert sent.media is not None
        assert is_voice_of(sent.media.file.content, WAV)
        assert pbx.asked == ["/trickle", "/ok"]
        pbx.release.set()


async def test_a_killed_bot_leaves_nobodys_voice_behind(
    tmp_path: Path, pbx: RecordingServer
) -> None:
    places = tmp_path / "temporary"
    places.mkdir()
    telegram = BotApiServer()
    telegram.register_bot(TOKEN, username="dzvinok_bot")
    hosts = {"SOURCES__OFFICE__RECORDING_HOSTS": pbx.url, "TMPDIR": str(places)}
    async with telegram.running(), plain_http() as http:
        admin = telegram.user(ADMIN, "Адмін")
        async with forked(tmp_path, environment(tmp_path, telegram, **hosts)) as bot:
            await admin.start()
            await admin.wait_for(lambda message: message.is_from_bot)
            call = talk("a1", f"{pbx.url}/trickle")
            await http.post(f"{bot.url}/hooks/office/{HOOK_TOKEN}", json=call)
            assert await said(admin, 1) == "Надсилаю аудіозапис…"
            await pbx.are_asked(1)
            async with asyncio.timeout(10):
                await pbx.has_trickled.wait()
            assert os.listdir(places) == []
            await bot.kill()
        assert os.listdir(places) == []
