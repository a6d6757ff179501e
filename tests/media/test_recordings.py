"""Recordings: what is fetched and from where, and what is refused."""

import asyncio
import logging
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from pydantic import SecretStr, ValidationError

from bot.config.settings import Settings
from bot.config.sources import AsteriskSettings, BinotelSettings, WebhookSettings, ZadarmaSettings
from bot.domain.errors import (
    RecordingBusyError,
    RecordingDeniedError,
    RecordingEarlyError,
    RecordingError,
    RecordingGoneError,
    RecordingNotSoundError,
    RecordingPageError,
    RecordingPlaceError,
    RecordingSlowError,
    RecordingTooLargeError,
    SourceAuthError,
    SourceError,
)
from bot.media import recordings as fetching
from bot.media.origins import can_be_heard
from bot.media.recordings import Recordings, resolve
from bot.media.voices import Voice
from tests.support.plain_http import plain_http
from tests.support.recordings import RecordingServer, call_with_recording, recording_server
from tests.support.sounds import WAV, is_voice_of

PUBLIC = "93.184.216.34"


def settings(hosts: str) -> Settings:
    office = WebhookSettings(kind="webhook", recording_hosts=hosts)
    return Settings(_env_file=None, sources={"office": office})


# A PBX on this computer, trusted by its whole origin


@pytest.fixture
async def pbx() -> AsyncIterator[RecordingServer]:
    async with recording_server() as pbx:
        yield pbx


async def fetch(url: str, hosts: str) -> bytes:
    async with (
        plain_http(trust_env=False) as http,
        Recordings(http, settings(hosts)) as recordings,
        recordings.voices(call_with_recording(url), employee_id=1) as voices,
    ):
        return await content(voices)


async def content(voices: list[Voice]) -> bytes:
    [voice] = voices
    return b"".join([chunk async for chunk in voice.read()])


async def test_a_recording_comes_whole_from_a_trusted_origin(pbx: RecordingServer) -> None:
    assert is_voice_of(await fetch(f"{pbx.url}/ok?key=k", pbx.url), WAV)
    redirected = await fetch(f"{pbx.url}/to?to=/ok", f"records.example.com, {pbx.url}/")
    assert is_voice_of(redirected, WAV)


@pytest.mark.parametrize(
    ("what", "error"),
    [
        *((str(status), RecordingGoneError) for status in (404, 410)),
        *((str(status), RecordingDeniedError) for status in (401, 403, 407)),
        *((str(status), RecordingBusyError) for status in (429, 503)),
        *((str(status), RecordingError) for status in (204, 206, 302, 304, 418, 500, 502, 504)),
        ("page", RecordingPageError),
        ("empty", RecordingNotSoundError),
        ("squeezed", RecordingNotSoundError),
        ("cut", RecordingError),
        ("garbage", RecordingError),
        ("to?to=/to?to=/to", RecordingError),
        *(
            (f"to?to={quote(to, safe='')}", RecordingPlaceError)
            for to in (
                "http://127.0.0.1:1/ok",
                "http://169.254.169.254/latest/meta-data",
                "https://localhost/ok",
                "file:///etc/passwd",
                "data:audio/wav;base64,UklGRg==",
                "data:,",
                "javascript:alert(1)",
                "mailto:a@b",
                "urn:isbn:1",
                "blob:http://127.0.0.1/x",
                "gopher://127.0.0.1/ok",
                "ws://127.0.0.1/ok",
                "http://2130706433/ok",
                "http://0x7f.1/ok",
                "http://[::1]/ok",
                "http://[::ffff:127.0.0.1]/ok",
                "http://127.0.0.1:99999/ok",
                "http://root:secret@10.0.0.1/ok",
                "http://xn--/ok",
                "http://a../ok",
                "http://" + "a" * 5000,
                "//evil.example/ok",
            )
        ),
        *(
            (f"to?to={quote(to, safe='')}", RecordingError)
            for to in (
                "",
                "?",
                "http:",
                "http://[::1",
                "http://127.0.0.1:abc/ok",
                "http://[v1.a]/",
            )
        ),
    ],
)
async def test_what_is_no_recording_is_refused(
    pbx: RecordingServer, what: str, error: type[RecordingError], caplog: pytest.LogCaptureFixture
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


async def test_more_than_is_fetched_is_cut_short(
    pbx: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", len(WAV) - 1)
    for what in ("ok", "endless"):  # with a Content-Length, and without
        with pytest.raises(RecordingTooLargeError):
            await fetch(f"{pbx.url}/{what}", pbx.url)
    monkeypatch.setattr(fetching, "MAX_BYTES", len(WAV))
    assert is_voice_of(await fetch(f"{pbx.url}/ok", pbx.url), WAV)


async def test_all_of_it_has_a_time_and_a_trickle_does_not_stretch_it(
    pbx: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "SECONDS", 0.1)
    for what in ("held", "endless"):
        with pytest.raises(RecordingSlowError):
            await fetch(f"{pbx.url}/{what}", pbx.url)


async def test_what_begins_too_late_or_comes_too_slowly_is_given_up_soon(
    pbx: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "ANSWER_SECONDS", 0.1)
    monkeypatch.setattr(fetching, "PACE_SECONDS", 0.1)
    async with asyncio.timeout(fetching.SECONDS / 4):
        for what in ("held", "trickle"):
            with pytest.raises(RecordingSlowError):
                await fetch(f"{pbx.url}/{what}", pbx.url)


async def test_only_the_web_server_of_the_setting_is_told_its_password(
    pbx: RecordingServer,
) -> None:
    async def get(call_url: str, recordings_url: str, login: str = "dzvinok:слово:1") -> None:
        office = AsteriskSettings(
            kind="asterisk",
            recordings_url=recordings_url,
            recordings_login=SecretStr(login),
            recording_hosts=pbx.url,
        )
        chosen = Settings(_env_file=None, sources={"office": office})
        async with (
            plain_http(trust_env=False) as http,
            Recordings(http, chosen) as recordings,
            recordings.voices(call_with_recording(call_url), employee_id=1) as voices,
        ):
            assert is_voice_of(await content(voices), WAV)

    elsewhere = pbx.url.replace("127.0.0.1", "localhost")
    assert "слово" not in repr(
        AsteriskSettings(kind="asterisk", recordings_login=SecretStr("dzvinok:слово"))
    )
    await get(f"{pbx.url}/ok", f"{pbx.url}/monitor")
    assert pbx.logins == ["dzvinok:слово:1"]
    await get(f"{pbx.url}/ok", f"{elsewhere}/monitor")
    await get(f"{elsewhere}/to?to={quote(f'{pbx.url}/ok', safe='')}", f"{elsewhere}/monitor")
    assert pbx.logins == ["dzvinok:слово:1"] * 2  # the first answer of the last one


@pytest.mark.parametrize("login", ["dzvinok", ":word", "dzvinok:", "a b:word", "a:b\nX-Other: 1"])
def test_what_is_no_login_stops_the_start(login: str) -> None:
    with pytest.raises(ValidationError, match="expected user:password"):
        AsteriskSettings(kind="asterisk", recordings_login=SecretStr(login))


@pytest.mark.parametrize(
    "url",
    [
        *("/var/spool/asterisk/monitor", "file://monitor", "file://host/monitor", "file:///"),
        *("ftp://pbx.example.com/", "https://user:word@pbx.example.com/", "file:///a?b"),
    ],
)
def test_what_is_no_folder_of_recordings_stops_the_start(url: str) -> None:
    with pytest.raises(ValidationError, match="expected an address like"):
        AsteriskSettings(kind="asterisk", recordings_url=url)


async def test_no_cookie_is_kept(pbx: RecordingServer) -> None:
    async with plain_http() as http, Recordings(http, settings(pbx.url)) as recordings:
        for what in ("cookie", "ok"):
            call = call_with_recording(f"{pbx.url}/{what}")
            async with recordings.voices(call, employee_id=1) as voices:
                assert is_voice_of(await content(voices), WAV)
    assert pbx.cookies == []


async def test_recordings_have_no_name_and_come_in_turns(
    tmp_path: Path, pbx: RecordingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with plain_http() as http, asyncio.TaskGroup() as all_at_once:
        recordings = Recordings(http, settings(pbx.url))

        async def fetched(person: int) -> None:
            call = call_with_recording(f"{pbx.url}/held")
            async with recordings.voices(call, employee_id=person) as voices:
                assert is_voice_of(await content(voices), WAV)

        for person in range(5):
            all_at_once.create_task(fetched(person))
        async with asyncio.timeout(10):
            await pbx.are_asked(3)
        assert os.listdir(tmp_path) == []
        pbx.release.set()
    assert len(pbx.asked) == 5


async def test_files_that_a_killed_earlier_version_left_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = ["dzvinok-abc", "dzvinok-12345678.wav", "other-12345678", "dzvinok-recently"]
    for name in ("dzvinok-1a2_xyzq", *kept):
        (tmp_path / name).write_bytes(WAV)
        os.utime(tmp_path / name, (1000, 1000))
    os.utime(tmp_path / "dzvinok-recently")
    (tmp_path / "dzvinok-_folder_").mkdir()
    os.utime(tmp_path / "dzvinok-_folder_", (1000, 1000))
    async with plain_http() as http, Recordings(http, settings("")):
        assert sorted(os.listdir(tmp_path)) == sorted([*kept, "dzvinok-_folder_"])


async def test_a_pbx_that_is_down_is_no_traceback(pbx: RecordingServer) -> None:
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

    async def addresses_of(host: str) -> list[str]:
        assert host == "records.example.com"
        return addresses

    transport = httpx.MockTransport(answer)
    async with httpx.AsyncClient(transport=transport) as http:
        chosen = settings("records.example.com,https://[::1]:8443")
        recordings = Recordings(http, chosen, resolve=addresses_of)

        async def get(url: str) -> bytes:
            call = call_with_recording(url)
            async with recordings.voices(call, employee_id=1) as voices:
                return await content(voices)

        yield get, asked


async def test_the_connection_goes_to_the_address_that_was_judged() -> None:
    async with internet(["2606:2800:220:1::1", PUBLIC], down="2606:2800:220:1::1") as (get, asked):
        voice = await get("https://Records.example.com:443/1.wav?key=k")
        assert is_voice_of(voice, WAV)
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
    assert not can_be_heard(call_with_recording(url), settings("records.example.com"))


def test_no_host_is_allowed_until_it_is_named() -> None:
    url = "https://records.example.com/1.wav"
    assert can_be_heard(call_with_recording(url), settings(" records.example.com ,"))
    assert can_be_heard(call_with_recording(url), settings("RECORDS.example.com"))
    assert not can_be_heard(call_with_recording(url), settings(""))
    assert not can_be_heard(
        call_with_recording(url, source="gone"), settings("records.example.com")
    )
    assert not can_be_heard(call_with_recording(None), settings("records.example.com"))


async def test_names_of_this_computer_resolve_to_its_addresses() -> None:
    addresses = set(await resolve("localhost"))
    assert addresses
    assert addresses <= {"127.0.0.1", "::1"}


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


# A PBX that gives the address only when asked


async def fetch_asked(
    found: str | Exception | None, hosts: str, *, settles_at: int | None = None
) -> tuple[bytes, list[tuple[str, str]]]:
    """What is fetched when the PBX answers so, and what it was asked."""
    asked: list[tuple[str, str]] = []

    async def find(source: str, reference: str) -> str | None:
        asked.append((source, reference))
        if isinstance(found, Exception):
            raise found
        return found

    call = replace(call_with_recording("pbx:in_1"), settles_at=settles_at)
    async with (
        plain_http() as http,
        Recordings(http, settings(hosts), find=find) as recordings,
        recordings.voices(call, employee_id=1) as voices,
    ):
        return await content(voices), asked


async def test_a_pbx_is_asked_where_the_recording_is(pbx: RecordingServer) -> None:
    voice, asked = await fetch_asked(f"{pbx.url}/ok", pbx.url)
    assert is_voice_of(voice, WAV)
    assert asked == [("office", "in_1")]


async def test_the_address_a_pbx_gives_is_judged_like_any_other(pbx: RecordingServer) -> None:
    for address in (f"{pbx.url}/ok", "file:///etc/passwd", "pbx:in_1", "nowhere"):
        with pytest.raises(RecordingPlaceError):
            await fetch_asked(address, "records.example.com")
    with pytest.raises(RecordingPlaceError):
        await fetch_asked(f"{pbx.url}/to?to=http%3A%2F%2F127.0.0.1%3A1%2Fx", pbx.url)
    assert pbx.asked == ["/to"]


@pytest.mark.parametrize(
    ("found", "settles_at", "error"),
    [
        (None, None, RecordingGoneError),
        (None, 500, RecordingEarlyError),
        (SourceAuthError("key"), None, RecordingDeniedError),
        (SourceError("429", retry_after=60), None, RecordingBusyError),
        (SourceError("down"), None, RecordingError),
    ],
)
async def test_a_pbx_that_has_no_address_is_told_in_words(
    found: Exception | None, settles_at: int | None, error: type[RecordingError]
) -> None:
    with pytest.raises(error):
        await fetch_asked(found, "", settles_at=settles_at)


async def test_without_anybody_to_ask_there_is_no_recording() -> None:
    async with plain_http() as http, Recordings(http, settings("")) as recordings:
        with pytest.raises(RecordingPlaceError):
            async with recordings.voices(call_with_recording("pbx:in_1"), employee_id=1):
                pass


def test_what_a_pbx_must_be_asked_for_can_be_heard_if_it_can_be_asked() -> None:
    call = call_with_recording("pbx:in_1")
    assert can_be_heard(call, settings(""), askable={"office"})
    assert not can_be_heard(call, settings("records.example.com"), askable={"other"})
    assert not can_be_heard(call_with_recording("https://a.example/1.wav"), settings(""))


def test_hosts_of_the_vendor_need_no_setting() -> None:
    zadarma = ZadarmaSettings(kind="zadarma", key=SecretStr("k"), secret=SecretStr("s"))
    binotel = BinotelSettings(kind="binotel", key=SecretStr("k"), secret=SecretStr("s"))
    moved = ZadarmaSettings(
        kind="zadarma",
        key=SecretStr("k"),
        secret=SecretStr("s"),
        api_url="http://127.0.0.1:8443/api",
        recording_hosts="records.example.com",
    )
    for source, url, is_heard in (
        (zadarma, "https://api.zadarma.com/v1/pbx/record/download/x/1.mp3", True),
        (zadarma, "http://api.zadarma.com/1.mp3", False),
        (zadarma, "https://x.api.zadarma.com/1.mp3", False),
        (binotel, "https://rec.binotel.com/1.mp3", True),
        (binotel, "https://s3.EU-central-1.amazonaws.com/1.mp3", True),
        (binotel, "https://binotel.com.evil.example/1.mp3", False),
        (binotel, "https://evilbinotel.com/1.mp3", False),
        (binotel, "https://rec.binotel.com:8443/1.mp3", False),
        (binotel, "http://rec.binotel.com/1.mp3", False),
        (moved, "http://127.0.0.1:8443/1.mp3", True),
        (moved, "http://127.0.0.1:8444/1.mp3", False),
        (moved, "https://records.example.com/1.mp3", True),
    ):
        chosen = Settings(_env_file=None, sources={"office": source})
        assert can_be_heard(call_with_recording(url), chosen) == is_heard, url
