"""Recordings: what is fetched and from where, what is refused, and the button on the card."""

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from pydantic import ValidationError

from bot.config.settings import Settings
from bot.config.sources import WebhookSettings
from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.demo.pbx.sounds import tune
from bot.domain.calls import Call, Direction, EndedBy, Party, Status
from bot.domain.errors import RecordingError, RecordingGoneError, RecordingTooLargeError
from bot.domain.people import Role
from bot.media import recordings as fetching
from bot.media.recordings import Recordings, can_be_heard, resolve
from keyboards.callbacks import Listen
from tests.support.running import IVAN, OLENA, Office, running_office
from tests.support.telegram import Clock

WAV = tune(1)
PUBLIC = "93.184.216.34"


def settings(hosts: str) -> Settings:
    office = WebhookSettings(kind="webhook", recording_hosts=hosts)
    return Settings(_env_file=None, sources={"office": office})


def call(url: str | None, source: str = "office") -> Call:
    return Call(
        id=7,
        source=source,
        external_id="a1",
        direction=Direction.IN,
        status=Status.ANSWERED,
        raw_status=None,
        caller=Party(number="0671234567"),
        callee=Party(),
        client="+380671234567",
        contact=None,
        line=None,
        queue=None,
        extension="101",
        rang=("101",),
        started_at=100,
        answered_at=110,
        ended_at=160,
        wait=10,
        talk=50,
        ended_by=EndedBy.CALLER,
        price=None,
        currency=None,
        recording_url=url,
        settles_at=None,
        lost=False,
    )


# A PBX on this computer, trusted by its whole origin


class Recorder:
    """The HTTP side of a PBX. `held` answers when `release` is set."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[str] = []
        self.release = asyncio.Event()
        self._is_asked = asyncio.Event()

    async def are_asked(self, times: int) -> None:
        while len(self.asked) < times:
            self._is_asked.clear()
            await self._is_asked.wait()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        self._is_asked.set()
        match request.match_info["what"]:
            case "ok":
                return web.Response(body=WAV)
            case "held":
                await self.release.wait()
                return web.Response(body=WAV)
            case "to":
                raise web.HTTPFound(request.query["to"])
            case "page":
                return web.Response(text="<html>Log in</html>", content_type="audio/mpeg")
            case "squeezed":
                return web.Response(body=WAV, headers={"Content-Encoding": "gzip"})
            case "endless":
                response = web.StreamResponse()
                await response.prepare(request)
                while True:
                    await response.write(WAV)
        raise web.HTTPNotFound if request.match_info["what"] == "gone" else web.HTTPBadGateway


@asynccontextmanager
async def recorder() -> AsyncIterator[Recorder]:
    pbx = Recorder()
    app = web.Application()
    app.router.add_get("/{what}", pbx.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    pbx.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield pbx
    finally:
        pbx.release.set()
        await runner.cleanup()


@pytest.fixture
async def pbx() -> AsyncIterator[Recorder]:
    async with recorder() as pbx:
        yield pbx


async def fetch(url: str, hosts: str) -> tuple[bytes, str]:
    async with (
        httpx.AsyncClient(trust_env=False, verify=False) as http,  # noqa: S501 - no TLS here
        Recordings(http, settings(hosts)) as recordings,
        recordings.fetched(call(url)) as found,
    ):
        return found.path.read_bytes(), found.suffix


async def test_a_recording_comes_whole_from_a_trusted_origin(pbx: Recorder) -> None:
    assert await fetch(f"{pbx.url}/ok?key=k", pbx.url) == (WAV, ".wav")
    assert await fetch(f"{pbx.url}/to?to=/ok", f"records.example.com, {pbx.url}/") == (WAV, ".wav")


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("gone", RecordingGoneError),
        ("broken", RecordingError),
        ("page", RecordingError),
        ("squeezed", RecordingError),
        ("to?to=/to?to=/to", RecordingError),
        ("to?to=http://127.0.0.1:1/ok", RecordingError),
        ("to?to=http://169.254.169.254/latest/meta-data", RecordingError),
        ("to?to=https://localhost/ok", RecordingError),
        ("to?to=file:///etc/passwd", RecordingError),
        ("to?to=//", RecordingError),
    ],
)
async def test_what_is_no_recording_is_refused(
    pbx: Recorder, what: str, error: type[RecordingError], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "bot"), pytest.raises(error) as raised:
        await fetch(f"{pbx.url}/{what}", f"{pbx.url},localhost")
    assert raised.type is error
    [line] = [
        record.getMessage() for record in caplog.records if record.name == "bot.media.recordings"
    ]
    assert "call 7 of office" in line
    assert pbx.url not in line
    assert "/ok" not in line


async def test_more_than_telegram_takes_is_cut_short(
    pbx: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", len(WAV) - 1)
    for what in ("ok", "endless"):  # with a Content-Length, and without
        with pytest.raises(RecordingTooLargeError):
            await fetch(f"{pbx.url}/{what}", pbx.url)
    monkeypatch.setattr(fetching, "MAX_BYTES", len(WAV))
    assert (await fetch(f"{pbx.url}/ok", pbx.url))[0] == WAV


async def test_all_of_it_has_a_time_and_a_trickle_does_not_stretch_it(
    pbx: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.1)
    for what in ("held", "endless"):
        with pytest.raises(RecordingError):
            await fetch(f"{pbx.url}/{what}", pbx.url)


def files_in(directory: Path) -> int:
    return len(list(directory.iterdir()))


async def test_who_waits_for_a_turn_has_no_file_yet(
    tmp_path: Path, pbx: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.TaskGroup() as all_at_once:
        recordings = Recordings(http, settings(pbx.url))

        async def fetched() -> None:
            async with recordings.fetched(call(f"{pbx.url}/held")) as sound:
                assert sound.path.read_bytes() == WAV

        for _ in range(5):
            all_at_once.create_task(fetched())
        async with asyncio.timeout(10):
            await pbx.are_asked(3)
        assert files_in(tmp_path) == 3
        pbx.release.set()
    assert len(pbx.asked) == 5
    assert files_in(tmp_path) == 0


async def test_a_pbx_that_is_down_is_no_traceback(pbx: Recorder) -> None:
    with pytest.raises(RecordingError):
        await fetch("http://127.0.0.1:1/ok", "http://127.0.0.1:1")
    assert pbx.asked == []


# A host on the internet


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.1.2.3"],
        ["192.168.1.10"],
        ["172.16.0.1"],
        ["169.254.169.254"],
        ["100.64.0.1"],
        ["0.0.0.0"],  # noqa: S104 - an address to refuse
        ["224.0.1.1"],
        ["255.255.255.255"],
        ["::1"],
        ["::"],
        ["fe80::1%eth0"],
        ["fd00::1"],
        ["ff0e::1"],
        ["::ffff:10.0.0.1"],
        ["::ffff:93.184.216.34"],
        ["64:ff9b::7f00:1"],
        ["2002:7f00:1::"],
        ["fec0::1"],
        ["192.0.0.8"],
        ["192.0.0.9"],
        [PUBLIC, "127.0.0.1"],
        [],
    ],
)
async def test_a_host_that_is_not_wholly_public_is_not_asked(addresses: list[str]) -> None:
    async with internet(addresses) as (get, asked):
        with pytest.raises(RecordingError):
            await get("https://records.example.com/1.wav")
    assert asked == []


@asynccontextmanager
async def internet(
    addresses: list[str], *, down: str = "", to: str = ""
) -> AsyncIterator[tuple[Callable[[str], Any], list[httpx.Request]]]:
    """Fetching from records.example.com, which has these addresses; nothing leaves the test."""
    asked: list[httpx.Request] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.url.host == down:
            raise httpx.ConnectError("no route")
        if to:
            return httpx.Response(302, headers={"Location": to})
        return httpx.Response(200, content=whole())

    async def whole() -> AsyncIterator[bytes]:
        yield WAV

    async def found(host: str) -> list[str]:
        assert host == "records.example.com"
        return addresses

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport) as http:
        chosen = settings("records.example.com,https://[::1]:8443")
        recordings = Recordings(http, chosen, resolve=found)

        async def get(url: str) -> bytes:
            async with recordings.fetched(call(url)) as sound:
                return sound.path.read_bytes()

        yield get, asked


async def test_the_connection_goes_to_the_address_that_was_judged() -> None:
    async with internet(["2606:2800:220:1::1", PUBLIC], down="2606:2800:220:1::1") as (get, asked):
        assert await get("https://Records.example.com:443/1.wav?key=k") == WAV
    assert [one.url.host for one in asked] == ["2606:2800:220:1::1", PUBLIC]
    assert str(asked[1].url) == f"https://{PUBLIC}/1.wav?key=k"
    assert asked[1].headers["Host"] == "records.example.com"
    assert asked[1].headers["Connection"] == "close"
    assert asked[1].extensions["sni_hostname"] == "records.example.com"


async def test_a_public_host_cannot_lead_into_the_network() -> None:
    for to in ("http://127.0.0.1/x", "https://10.0.0.1/x", "http://records.example.com/x"):
        async with internet([PUBLIC], to=to) as (get, asked):
            with pytest.raises(RecordingError):
                await get("https://records.example.com/1.wav")
        assert len(asked) == 1


REFUSED = [
    "http://records.example.com/1.wav",
    "https://records.example.com:8443/1.wav",
    "https://records.example.com.evil.example/1.wav",
    "https://evil.example/records.example.com",
    "https://records.example.com@evil.example/1.wav",
    "ftp://records.example.com/1.wav",
    "file:///etc/passwd",
    "//records.example.com/1.wav",
    "https://[::1/",
    "https://[::1]/1.wav",
    "not an address",
]


@pytest.mark.parametrize("url", REFUSED)
async def test_only_https_and_only_the_sources_own_hosts_are_asked(url: str) -> None:
    async with internet([PUBLIC]) as (get, asked):
        with pytest.raises(RecordingError):
            await get(url)
    assert asked == []
    assert not can_be_heard(call(url), settings("records.example.com"))


def test_no_host_is_allowed_until_it_is_named() -> None:
    url = "https://records.example.com/1.wav"
    assert can_be_heard(call(url), settings(" records.example.com ,"))
    assert can_be_heard(call(url), settings("RECORDS.example.com"))
    assert not can_be_heard(call(url), settings(""))
    assert not can_be_heard(call(url, source="gone"), settings("records.example.com"))
    assert not can_be_heard(call(None), settings("records.example.com"))


async def test_names_of_this_computer_resolve_to_its_addresses() -> None:
    assert set(await resolve("localhost")) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    "hosts",
    [
        "https://records.example.com/path",
        "records.example.com:8443",
        "ftp://records.example.com",
        "http://user:secret@192.168.1.10",
        "*.example.com",
        "a b",
    ],
)
def test_a_wrong_setting_stops_the_start(hosts: str) -> None:
    with pytest.raises(ValidationError, match="expected hosts like"):
        settings(hosts)


# In the chat


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
    tmp_path: Path, pbx: Recorder, what: str, hosts: str | None = None
) -> AsyncIterator[tuple[Office, User]]:
    """The office with one talk whose recording is at `what`, and its operator."""
    source = {
        "kind": "webhook",
        "token": "hook-token-of-the-tests",
        "recording_hosts": pbx.url if hosts is None else hosts,
    }
    async with running_office(tmp_path, clock=Clock(), sources={"office": source}) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post({**TALK, "recording_url": f"{pbx.url}/{what}"})
        yield office, olena


async def card(office: Office, user: User) -> Message:
    return await office.press(user, await office.ask(user, "/log"), "1")


async def test_the_button_sends_the_recording_below_the_card(
    tmp_path: Path, pbx: Recorder
) -> None:
    async with listening(tmp_path, pbx, "ok?key=k") as (office, olena):
        shown = await card(office, olena)
        assert shown.buttons[0] == ["🎧 Слухати"]
        await office.press(olena, shown, "🎧")
        sent = olena.last_reply()
        assert sent.media is not None
        assert sent.media.kind == "audio"
        assert sent.media.file.content == WAV
        assert sent.media.file.name == "2026-09-21_10-00_380671234567.wav"
        assert sent.media.attributes["title"] == "Ганна, 21 вересня, 10:00"
        assert sent.media.attributes["duration"] == 50
        assert sent.reply_to == shown.id


@pytest.mark.parametrize(
    ("what", "words"),
    [("gone", "Аудіозапису більше немає"), ("broken", "Аудіозапис зараз недоступний")],
)
async def test_a_failure_is_told_at_the_button(
    tmp_path: Path, pbx: Recorder, what: str, words: str
) -> None:
    async with listening(tmp_path, pbx, what) as (office, olena):
        query = await olena.click(await card(office, olena), "🎧")
        answer = await query.answered()
        assert words in (answer.text or "")
        assert answer.show_alert


async def test_without_an_allowed_host_the_card_only_says_there_is_one(
    tmp_path: Path, pbx: Recorder
) -> None:
    async with listening(tmp_path, pbx, "ok", hosts="") as (office, olena):
        shown = await card(office, olena)
        assert "Аудіозапис розмови: є" in shown.text
        assert shown.buttons[0] == ["💬 Коментар"]
        query = await olena.press_stale(shown, Listen(call=1).pack())
        assert "недоступний" in ((await query.answered()).text or "")
        assert pbx.asked == []


async def test_each_press_asks_whether_the_call_is_theirs_and_there(
    tmp_path: Path, pbx: Recorder
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
    tmp_path: Path, pbx: Recorder, monkeypatch: pytest.MonkeyPatch
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


async def test_pressed_again_and_again_it_is_fetched_and_comes_once(
    tmp_path: Path, pbx: Recorder, monkeypatch: pytest.MonkeyPatch
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
        await office.press(olena, shown, "🎧")  # that one is here, so anew
        await office.stop()
        assert pbx.asked == ["/held"] * 2
        assert len([one for one in olena.replies() if one.media]) == 2


async def test_a_slow_failure_is_told_by_a_message(
    tmp_path: Path, pbx: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 0.05)
    monkeypatch.setattr(fetching, "SECONDS", 0.3)
    async with listening(tmp_path, pbx, "held") as (office, olena):
        shown = await card(office, olena)
        await (await olena.click(shown, "🎧")).answered()
        await olena.wait_for(lambda message: "Аудіозапис зараз недоступний" in message.text)


async def test_a_stop_finishes_the_recording_that_was_promised(
    tmp_path: Path, pbx: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 0.05)
    async with listening(tmp_path, pbx, "held") as (office, olena):
        await (await olena.click(await card(office, olena), "🎧")).answered()
        asyncio.get_running_loop().call_later(0.1, pbx.release.set)
        await office.stop()
        assert olena.last_reply().media is not None
