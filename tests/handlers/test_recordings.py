"""The button that plays a recording: what comes below the card, and what is told instead."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.domain.calls import Status
from bot.domain.people import EmployeeState, Role
from bot.media import recordings as fetching
from bot.media import voices
from keyboards.callbacks import Listen
from storage.calls import CallRepo
from storage.database import open_database
from storage.employees import EmployeeRepo
from tests.support.engines import ONLY_SQLITE
from tests.support.recordings import RecordingServer, recording_server
from tests.support.running import HOOK_TOKEN, IVAN, OLENA, Office, running_office
from tests.support.sounds import WAV, changed_program, hear, is_voice_of
from tests.support.statements import NOW, START, said
from tests.support.telegram import Clock

pytestmark = ONLY_SQLITE


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
    [
        ("gone", "Аудіозапису більше немає"),
        ("401", "не віддає цей аудіозапис ботові"),
        ("page", "Замість аудіозапису АТС показує вебсторінку"),
        ("empty", "щось інше"),
        ("broken", "Аудіозапис пошкоджено"),
    ],
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


# What Telegram has already


def voices_of(user: User, count: int) -> list[Message]:
    """The voice messages, when there are so many."""
    found = [one for one in user.replies() if one.media]
    assert len(found) == count
    return found


async def test_what_telegram_has_is_fetched_no_more(tmp_path: Path, pbx: RecordingServer) -> None:
    async with listening(tmp_path, pbx, "ok") as (office, olena):
        chief = await office.employee(3000, "Марія", Role.SUPERVISOR, language="en")
        for person in (olena, chief, olena):
            await office.press(person, await card(office, person), "🎧")
        assert pbx.asked == ["/ok"]
        [first, again], [chiefs] = voices_of(olena, 2), voices_of(chief, 1)
        files = [one.media.file.number for one in (first, again, chiefs) if one.media]
        assert len(set(files)) == 1
        assert again.text == first.text
        assert chiefs.text == "Ганна → Олена\n21 September, 10:00 · 0:50"


async def test_what_telegram_has_forgotten_is_fetched_again(
    tmp_path: Path, pbx: RecordingServer
) -> None:
    async with listening(tmp_path, pbx, "ok") as (office, olena):
        shown = await card(office, olena)
        await office.press(olena, shown, "🎧")
        forgotten = "wrong remote file identifier specified: can't unserialize it"
        office.telegram.faults.add("sendVoice", "bad_request", description=forgotten)
        await office.press(olena, shown, "🎧")
        await office.press(olena, shown, "🎧")
        assert pbx.asked == ["/ok"] * 2
        files = [one.media.file.number for one in voices_of(olena, 3) if one.media]
        assert files[1:] == [files[1]] * 2 != [files[0]] * 2


async def test_another_recording_of_the_call_is_fetched(
    tmp_path: Path, pbx: RecordingServer
) -> None:
    async with listening(tmp_path, pbx, "ok") as (office, olena):
        shown = await card(office, olena)
        await office.press(olena, shown, "🎧")
        await office.post({**TALK, "recording_url": f"{pbx.url}/ok?again"})
        await office.press(olena, shown, "🎧")
        assert pbx.asked == ["/ok"] * 2


async def test_a_long_recording_comes_in_parts_in_order(
    tmp_path: Path, pbx: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voices, "_PROGRAM", changed_program(tmp_path, PART_SECONDS=0.5))
    async with listening(tmp_path, pbx, "ok") as (office, olena):
        shown = await card(office, olena)
        for _ in range(2):
            await office.press(olena, shown, "🎧")
        sent = voices_of(olena, 6)
        assert [one.text[-3:] for one in sent] == ["1/3", "2/3", "3/3"] * 2
        files = [one.media.file for one in sent if one.media]
        assert [one.number for one in files[:3]] == [one.number for one in files[3:]]
        assert len({one.number for one in files}) == 3
        heard = [hear(one.content).seconds for one in files[:3]]
        assert sum(heard) == pytest.approx(hear(WAV).seconds, abs=0.1)
        assert pbx.asked == ["/ok"]


async def test_of_parts_that_telegram_has_half_forgotten_none_comes_twice(
    tmp_path: Path, pbx: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voices, "_PROGRAM", changed_program(tmp_path, PART_SECONDS=0.5))
    async with listening(tmp_path, pbx, "ok") as (office, olena):
        shown = await card(office, olena)
        await office.press(olena, shown, "🎧")
        voices_of(olena, 3)
        office.telegram.faults.add("sendVoice", "slow", seconds=0.01)  # the first goes well
        forgotten = "wrong file identifier/HTTP URL specified"
        office.telegram.faults.add("sendVoice", "bad_request", description=forgotten)
        await office.press(olena, shown, "🎧")
        sent = voices_of(olena, 6)
        assert [one.text[-3:] for one in sent] == ["1/3", "2/3", "3/3"] * 2
        assert pbx.asked == ["/ok"] * 2


async def test_who_takes_no_voice_messages_gets_a_sound_file(
    tmp_path: Path, pbx: RecordingServer
) -> None:
    async with listening(tmp_path, pbx, "ok") as (office, olena):
        chief = await office.employee(3000, "Марія", Role.SUPERVISOR)
        await office.press(chief, await card(office, chief), "🎧")
        refusal = "VOICE_MESSAGES_FORBIDDEN"
        office.telegram.faults.add(
            "sendVoice", "bad_request", chat_id=olena.id, times=None, description=refusal
        )
        shown = await card(office, olena)
        for _ in range(2):
            await office.press(olena, shown, "🎧")
        sent = [one.media for one in voices_of(olena, 2) if one.media]
        assert [one.kind for one in sent] == ["audio"] * 2
        assert sent[0].attributes["title"] == "Ганна, 21 вересня, 10:00"
        assert sent[0].file.name == "2026-09-21_10-00_380671234567.ogg"
        assert is_voice_of(sent[0].file.content, WAV)
        assert sent[0].file.number == sent[1].file.number
        assert pbx.asked == ["/ok"] * 2  # once for each way


# What changes meanwhile


@pytest.mark.parametrize("change", ["blocked", "extensions"])
async def test_who_lost_the_right_while_it_was_fetched_does_not_get_it(
    tmp_path: Path, pbx: RecordingServer, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 0.05)
    async with listening(tmp_path, pbx, "held") as (office, olena):
        await (await olena.click(await card(office, olena), "🎧")).answered()
        await pbx.are_asked(1)
        async with open_database(office.settings.database) as database:
            employees = EmployeeRepo(database)
            person = await employees.find(olena.id)
            assert person is not None
            if change == "blocked":
                await employees.set_state(person.id, EmployeeState.BLOCKED)
            else:
                await employees.set_extensions(person.id, ["109"])
        pbx.release.set()
        refused = await olena.wait_for(lambda one: "доступ" in one.text or "видалено" in one.text)
        await office.stop()
        assert refused
        assert not [one for one in olena.replies() if one.media]


async def test_an_open_card_offers_the_recording_as_soon_as_it_is_known(
    tmp_path: Path, pbx: RecordingServer
) -> None:
    async with listening(tmp_path, pbx, "ok") as (office, olena):
        late = {**TALK, "id": "a2", "started_at": "2026-09-21T10:00:30+03:00"}
        await office.post(late)
        shown = await card(office, olena)
        assert "🎧" not in str(shown.buttons)
        await office.post({**late, "recording_url": f"{pbx.url}/ok"})

        def has_button(message: Message) -> bool:
            return message.id == shown.id and "🎧" in str(message.buttons)

        changed = await olena.wait_for(has_button)
        await office.press(olena, changed, "🎧")
        assert olena.last_reply().media is not None


# On the same machine


async def test_what_lies_in_a_folder_of_this_machine_is_heard(tmp_path: Path) -> None:
    folder = tmp_path / "monitor" / "2026" / "09" / "21"
    folder.mkdir(parents=True)
    (folder / "in-Ганна 1.wav").write_bytes(WAV)
    sources = {"pbx": {"kind": "asterisk", "recordings_url": f"file://{tmp_path}/monitor"}}
    async with running_office(tmp_path, clock=Clock(), sources=sources) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        name = quote("in-Ганна 1.wav")
        facts = said(
            source="pbx",
            status=Status.ANSWERED,
            extension="101",
            answered_at=START + 5,
            ended_at=START + 50,
            recording_url=f"file://{tmp_path}/monitor/2026/09/21/{name}",
        )
        async with open_database(office.settings.database) as database:
            await CallRepo(database).record([facts], now=NOW)
        shown = await card(office, olena)
        await office.press(olena, shown, "🎧")
        sent = olena.last_reply()
        assert sent.media is not None
        assert is_voice_of(sent.media.file.content, WAV)
