"""The button that plays a recording: what comes below the card, and what is told instead."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.domain.people import Role
from bot.media import recordings as fetching
from keyboards.callbacks import Listen
from tests.support.recordings import RecordingServer, recording_server
from tests.support.running import HOOK_TOKEN, IVAN, OLENA, Office, running_office
from tests.support.sounds import WAV, hear, is_voice_of
from tests.support.telegram import Clock


@pytest.fixture
async def pbx() -> AsyncIterator[RecordingServer]:
    async with recording_server() as pbx:
        yield pbx


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy computer what is quick may take longer."""
    monkeypatch.setattr(fetching, "PATIENCE", 10)


TALK = {
    "id": "a1",
    "direction": "in",
    "status": "answered",
    "caller": {"number": "0671234567", "name": "Ганна"},
    "extension": "101",
    "rang": ["101"],
    "started_at": "2026-09-21T10:00:00+03:00",
    "answered_at": "2026-09-21T10:00:10+03:00",
    "ended_at": "2026-09-21T10:01:00+03:00",
}


@asynccontextmanager
async def listening(
    tmp_path: Path, pbx: RecordingServer, what: str, hosts: str | None = None
) -> AsyncIterator[tuple[Office, User]]:
    """The office with one talk whose recording is at `what`, and its operator."""
    source = {
        "kind": "webhook",
        "token": HOOK_TOKEN,
        "recording_hosts": pbx.url if hosts is None else hosts,
    }
    async with running_office(tmp_path, clock=Clock(), sources={"office": source}) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post({**TALK, "recording_url": f"{pbx.url}/{what}"})
        yield office, olena


async def card(office: Office, user: User) -> Message:
    return await office.press(user, await office.ask(user, "/log"), "1")


async def test_the_button_sends_the_recording_below_the_card(
    tmp_path: Path, pbx: RecordingServer
) -> None:
    async with listening(tmp_path, pbx, "ok?key=k") as (office, olena):
        shown = await card(office, olena)
        assert shown.buttons[0] == ["🎧 Слухати"]
        await office.press(olena, shown, "🎧")
        sent = olena.last_reply()
        assert sent.media is not None
        assert sent.media.kind == "voice"
        assert is_voice_of(sent.media.file.content, WAV)
        assert sent.media.attributes["duration"] == round(hear(WAV).seconds)
        assert sent.text == "Ганна → Олена\n21 вересня, 10:00 · 0:50"
        assert sent.reply_to == shown.id


async def test_a_recording_that_telegram_wants_later_comes_later(
    tmp_path: Path, pbx: RecordingServer
) -> None:
    async with listening(tmp_path, pbx, "ok") as (office, olena):
        shown = await card(office, olena)
        office.telegram.faults.add("sendVoice", "flood", chat_id=olena.id)
        await (await olena.click(shown, "🎧")).answered()
        sent = await olena.wait_for(lambda one: one.media is not None)
        assert sent.media is not None
        assert is_voice_of(sent.media.file.content, WAV)


@pytest.mark.parametrize(
    ("what", "words"),
    [("gone", "Аудіозапису більше немає"), ("401", "не віддає цей аудіозапис ботові")],
)
async def test_a_failure_is_told_at_the_button(
    tmp_path: Path, pbx: RecordingServer, what: str, words: str
) -> None:
    async with listening(tmp_path, pbx, what) as (office, olena):
        query = await olena.click(await card(office, olena), "🎧")
        answer = await query.answered()
        assert words in (answer.text or "")
        assert answer.show_alert


async def test_without_an_allowed_host_the_card_only_says_there_is_one(
    tmp_path: Path, pbx: RecordingServer
) -> None:
    async with listening(tmp_path, pbx, "ok", hosts="") as (office, olena):
        shown = await card(office, olena)
        assert "Аудіозапис розмови: є" in shown.text
        assert shown.buttons[0] == ["💬 Коментар"]
        query = await olena.press_stale(shown, Listen(call=1).pack())
        assert "RECORDING_HOSTS" in ((await query.answered()).text or "")
        assert pbx.asked == []


async def test_each_press_asks_whether_the_call_is_theirs_and_there(
    tmp_path: Path, pbx: RecordingServer
) -> None:
    async with listening(tmp_path, pbx, "ok") as (office, olena):
        ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "102")
        query = await ivan.press_stale(ivan.last(), Listen(call=1).pack())
        assert (await query.answered()).text == "Немає доступу."
        query = await olena.press_stale(olena.last(), Listen(call=99).pack())
        assert "видалено" in ((await query.answered()).text or "")
        await office.post({**TALK, "id": "a2"})
        query = await olena.press_stale(olena.last(), Listen(call=2).pack())
        assert "Аудіозапису більше немає" in ((await query.answered()).text or "")
        assert pbx.asked == []


async def test_a_slow_pbx_keeps_nobody_waiting(
    tmp_path: Path, pbx: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 0.05)
    async with listening(tmp_path, pbx, "held") as (office, olena):
        shown = await card(office, olena)
        answer = await (await olena.click(shown, "🎧")).answered()
        assert answer.text == "Надсилаю аудіозапис…"
        again = await office.ask(olena, "/log")  # others, and oneself, go on
        assert again.text
        pbx.release.set()
        await olena.wait_for(lambda message: message.media is not None)


async def test_pressed_again_and_again_it_is_fetched_once(
    tmp_path: Path, pbx: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 0.05)
    async with listening(tmp_path, pbx, "held") as (office, olena):
        shown = await card(office, olena)
        for _ in range(4):
            answer = await (await olena.click(shown, "🎧")).answered()
            assert answer.text == "Надсилаю аудіозапис…"
        assert pbx.asked == ["/held"]
        pbx.release.set()
        await olena.wait_for(lambda message: message.media is not None)
        await office.press(olena, shown, "🎧")  # that one is here, so again
        await office.stop()
        assert pbx.asked == ["/held"]
        assert len([one for one in olena.replies() if one.media]) == 2


async def test_a_slow_failure_is_told_by_a_message(
    tmp_path: Path, pbx: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 0.05)
    monkeypatch.setattr(fetching, "SECONDS", 0.3)
    async with listening(tmp_path, pbx, "held") as (office, olena):
        shown = await card(office, olena)
        await (await olena.click(shown, "🎧")).answered()
        await olena.wait_for(lambda message: "віддає аудіозапис надто повільно" in message.text)


async def test_a_stop_finishes_the_recording_that_was_promised(
    tmp_path: Path, pbx: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 0.05)
    async with listening(tmp_path, pbx, "held") as (office, olena):
        await (await olena.click(await card(office, olena), "🎧")).answered()
        asyncio.get_running_loop().call_later(0.1, pbx.release.set)
        await office.stop()
        assert olena.last_reply().media is not None


async def test_only_who_talked_and_those_who_see_all_hear_a_talk(
    tmp_path: Path, pbx: RecordingServer
) -> None:
    async with listening(tmp_path, pbx, "ok") as (office, olena):
        ivan = await office.employee(IVAN, "Іван", Role.OPERATOR, "102")
        chief = await office.employee(3000, "Марія", Role.SUPERVISOR)
        both = {**TALK, "id": "a2", "rang": ["101", "102"], "recording_url": f"{pbx.url}/ok"}
        await office.post(both)
        shown = await card(office, ivan)
        assert "🎧" not in str(shown.buttons)
        refused = await (await ivan.press_stale(shown, Listen(call=2).pack())).answered()
        assert refused.text == (
            "Запис можуть слухати той, хто розмовляв, супервайзери й адміністратори."
        )
        for person in (olena, chief):
            assert "🎧" in str((await card(office, person)).buttons)
