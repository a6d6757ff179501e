"""MikoPBX asked over HTTP and TLS: pages, growing calls, errors, recordings, its certificate."""

import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import SecretStr

from bot.config.sources import MikopbxSettings
from bot.domain.calls import CallFacts, EndedCall, Reject, Status
from bot.domain.errors import SourceAuthError, SourceError
from bot.sources.base import Batch, FeedSource, LateSource, RecordingSource
from bot.sources.http_api import create_client
from bot.sources.mikopbx.client import PAGE
from bot.sources.mikopbx.source import EVERY, SETTLE, MikopbxSource
from bot.sources.pinning import pinned_transports
from bot.sources.registry import create_source
from bot.sources.times import local_text
from tests.support.kyiv import KYIV, at
from tests.support.mikopbx_server import CERTIFICATE, KEY, MikopbxServer, cdr_row, own_certificate
from tests.support.plain_http import plain_http

NOW = at("2026-11-23 12:00:00")
PATH = "/pbxcore/api/v3/cdr"


def linked(number: int) -> str:
    return f"mikopbx-{NOW - 3600}.{number}"


def row(number: int, call: int, ago: int = 600, **changes: object) -> dict[str, object]:
    return cdr_row(number, linked(call), local_text(NOW - ago, KYIV), **changes)


@dataclass
class Office:
    """A source on its server, whose pauses take no time and are noted."""

    server: MikopbxServer
    source: MikopbxSource
    pauses: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def passes(self, count: int, cursor: str | None = None) -> list[Batch]:
        """What is read in so many passes over all that is new."""
        [feed] = self.source.feeds
        batches = []
        async with aclosing(feed.read(cursor)) as reading:
            async for batch in reading:
                batches.append(batch)
                count -= batch.read_until is not None
                if not count:
                    break
        return batches


@asynccontextmanager
async def office(server: MikopbxServer, *, key: str = KEY) -> AsyncIterator[Office]:
    async with server.running() as url, plain_http() as http:
        settings = MikopbxSettings(kind="mikopbx", key=SecretStr(key), api_url=f"{url}/pbxcore/")
        here = Office(server, MikopbxSource("office", settings, http=http))
        here.source = MikopbxSource(
            "office", settings, http=http, clock=lambda: NOW, sleep=here.sleep
        )
        yield here


def facts_of(batches: list[Batch]) -> list[CallFacts]:
    return [one for batch in batches for one in batch.readings if isinstance(one, CallFacts)]


async def test_the_registry_makes_it() -> None:
    settings = MikopbxSettings(kind="mikopbx", key=SecretStr(KEY), api_url="https://pbx.example")
    async with plain_http() as http:
        source = create_source("office", settings, http=http)
    assert isinstance(source, FeedSource)
    assert isinstance(source, LateSource)
    assert isinstance(source, RecordingSource)


async def test_history_is_read_by_pages_behind_the_newest_row() -> None:
    """Rows of calls lie between each other's: no call is missing, none is read in halves."""
    count = PAGE + 100
    server = MikopbxServer(rows=[row(n + 1, n) for n in range(count)])
    server.rows += [
        row(count + n + 1, n, 590, seconds=60, answered=5, dst_num="102") for n in range(count)
    ]
    async with office(server) as here:
        batches = await here.passes(1)
    assert [one.cursor for one in batches] == [str(count + PAGE), str(2 * count)]
    assert all(batch.is_history for batch in batches)
    facts = facts_of(batches)
    assert len(facts) == len({one.external_id for one in facts}) == count
    assert {one.status for one in facts} == {Status.ANSWERED}


async def test_what_is_new_is_asked_for_behind_the_cursor() -> None:
    server = MikopbxServer(rows=[row(1, 1), row(2, 2)])
    async with office(server) as here:
        [batch] = await here.passes(1, cursor="1")
        assert [one.external_id for one in facts_of([batch])] == [linked(2)]
        assert (batch.cursor, batch.read_until) == ("2", NOW)
        assert server.asked[-1][1]["idFrom"] == "1"
        [batch] = await here.passes(1, cursor="2")
        assert (batch.readings, batch.cursor) == ([], "2")


async def test_the_cursor_is_the_newest_row_not_the_one_that_began_last() -> None:
    """A queue is written down behind those whom it rang, and began before them."""
    server = MikopbxServer(
        rows=[row(1, 1, 590), row(2, 1, 600, is_app="1", dst_chan="Queue:2001")]
    )
    async with office(server) as here:
        [batch] = await here.passes(1)
    assert batch.cursor == "2"


async def test_a_call_of_long_ago_behind_the_cursor_is_read() -> None:
    """After an outage of two months; without a date the PBX would look back for one."""
    old = cdr_row(2, "mikopbx-1795000000.1", "2026-09-23 10:00:00")
    async with office(MikopbxServer(rows=[row(1, 1), old, row(3, 3)])) as here:
        assert len(facts_of(await here.passes(1, cursor="1"))) == 2
        assert len(facts_of(await here.passes(1))) == 2  # a new source has a week read


async def test_a_call_whose_rows_are_being_written_is_waited_for() -> None:
    """Its second row comes after the first answer, its third after the second."""
    server = MikopbxServer(
        rows=[row(1, 1, is_app="1", dst_chan="App:2002", seconds=5)],
        coming=[
            row(2, 1, 595, disposition="BUSY"),
            row(3, 1, 590, seconds=60, answered=5, dst_num="102"),
        ],
    )
    async with office(server) as here:
        [batch] = await here.passes(1)
    [facts] = facts_of([batch])
    assert (facts.status, facts.extension, batch.cursor) == (Status.ANSWERED, "102", "3")
    assert here.pauses == [SETTLE] * 3


async def test_a_row_that_comes_later_brings_the_whole_call_again() -> None:
    server = MikopbxServer(rows=[row(1, 1), row(2, 2)])
    async with office(server) as here:
        first = await here.passes(1)
        server.rows.append(row(3, 1, 590, seconds=60, answered=5, dst_num="102"))
        second = await here.passes(1, first[-1].cursor)
    [facts] = facts_of(second)
    assert (facts.external_id, facts.started_at) == (linked(1), NOW - 600)
    assert (facts.status, facts.rang) == (Status.ANSWERED, ("101", "102"))


async def test_only_what_comes_as_it_happens_says_something_of_clocks() -> None:
    server = MikopbxServer(rows=[row(1, 1)])
    async with office(server) as here:
        server.coming = [row(2, 2), row(3, 3)]
        batches = await here.passes(2, cursor="0")
        assert [one.is_history for one in batches] == [True, False]
        assert here.pauses.count(EVERY) == 1


async def test_a_history_set_up_anew_is_read_from_its_beginning() -> None:
    server = MikopbxServer(rows=[row(1, 1), row(2, 2)])
    async with office(server) as here:
        assert len(facts_of(await here.passes(1, cursor="718517"))) == 2


async def test_a_wrong_key_must_be_mended_by_a_person_and_is_not_shown() -> None:
    async with office(MikopbxServer(), key="another-key") as here:
        with pytest.raises(SourceAuthError, match="isn't authenticated") as caught:
            await here.source.check()
    assert "another-key" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "text", "told"),
    [
        (422, '{"result": false, "messages": {"error": ["Bad date"]}}', "HTTP 422: Bad date"),
        (500, '{"result": false, "messages": {"error": ["a", "b"]}}', "HTTP 500: a; b"),
        (200, '{"result": false, "data": {}, "messages": {"error": ["no"]}}', "127.0.0.1: no"),
        (200, '{"result": true, "data": [], "messages": []}', "REST API v3"),
        (404, "<html>", "answers HTTP 404"),
        (302, "", "answers HTTP 302"),
        (200, "<html>", "something else than JSON"),
    ],
)
async def test_whatever_it_answers_is_told_in_a_line(status: int, text: str, told: str) -> None:
    server = MikopbxServer()
    server.fail(status, text)
    async with office(server) as here:
        with pytest.raises(SourceError, match=told):
            await here.passes(1)


async def test_the_check_says_what_it_found() -> None:
    server = MikopbxServer(rows=[row(7, 1)])
    async with office(server) as here:
        assert await here.source.check() == "127.0.0.1 answers, its newest row is 7"
        server.rows.clear()
        assert "no calls of the last 30 days" in await here.source.check()
    assert {path for path, _ in server.asked} == {PATH}


async def test_who_wishes_to_call_and_does_not_pick_up_has_called_nobody() -> None:
    wish: dict[str, Any] = {
        "appname": "originate",
        "did": "",
        "src_num": "101",
        "dst_num": "380671234567",
    }
    trunk = {"to_account": "SIP-TRUNK-66453e4b", "from_account": "101"}
    server = MikopbxServer(rows=[row(1, 1, **wish), row(2, 2, **wish)])
    async with office(server) as here:
        [batch] = await here.passes(1)
        assert (batch.readings, batch.cursor) == ([], "2")
        server.rows.append(row(3, 2, 590, **{**wish, **trunk, "appname": ""}))
        [facts] = facts_of(await here.passes(1, cursor="2"))
    assert (facts.external_id, facts.started_at) == (linked(2), NOW - 590)


async def test_an_unreadable_call_costs_no_other_and_is_passed_once() -> None:
    server = MikopbxServer(rows=[row(1, 1), {**row(2, 2), "start": "2026-11-23 soon"}])
    async with office(server) as here:
        batches = await here.passes(3)
    readings = [one for batch in batches for one in batch.readings]
    assert [type(one) for one in readings] == [CallFacts, Reject]


async def test_a_recording_is_found_when_it_is_wanted() -> None:
    talk = row(1, 1, seconds=60, answered=5, recordingfile="/storage/r.webm")
    async with office(MikopbxServer(rows=[talk])) as here, plain_http() as http:
        [facts] = facts_of(await here.passes(1))
        assert facts.recording_url == f"pbx:{linked(1)}/1"
        address = await here.source.find_recording(f"{linked(1)}/1")
        assert address is not None
        sound = await http.get(address)
        assert (sound.status_code, sound.content[:3]) == (200, b"ID3")
        assert await here.source.find_recording(f"{linked(1)}/2") is None
        assert await here.source.find_recording("no such call/1") is None
        talk["recordingfile"] = ""
        assert await here.source.find_recording(f"{linked(1)}/1") is None


async def test_a_recording_that_is_converted_later_is_asked_for() -> None:
    talk, other = (row(n, n, seconds=60, answered=5) for n in (1, 2))
    ended = EndedCall(linked(1), NOW - 600, NOW - 540, 55, False, False)
    server = MikopbxServer(rows=[talk, other])
    async with office(server) as here:
        await here.passes(1)
        server.asked.clear()
        assert await here.source.ask_again([ended]) == []
        assert server.asked == []
        other["recordingfile"] = "/storage/2.webm"
        await here.passes(1)
        talk["recordingfile"] = "/storage/1.webm"
        [facts] = await here.source.ask_again([ended])
    assert isinstance(facts, CallFacts)
    assert facts.recording_url == f"pbx:{linked(1)}/1"


def fingerprint() -> str:
    der = ssl.PEM_cert_to_DER_cert(CERTIFICATE.read_text())
    shown = hashlib.sha256(der).hexdigest().upper()
    return ":".join(shown[place : place + 2] for place in range(0, 64, 2))


async def checked(url: str, pin: str) -> str:
    settings = MikopbxSettings(kind="mikopbx", key=SecretStr(KEY), api_url=url, fingerprint=pin)
    async with create_client(pinned_transports([settings])) as http:
        return await MikopbxSource("office", settings, http=http).check()


async def test_its_own_certificate_is_taken_by_its_fingerprint_only() -> None:
    server = MikopbxServer(rows=[row(1, 1)])
    async with server.running(ssl_context=own_certificate()) as url:
        assert await checked(url, fingerprint()) == "127.0.0.1 answers, its newest row is 1"
        server.asked.clear()
        with pytest.raises(SourceError, match="FINGERPRINT") as caught:
            await checked(url, "0" * 64)
        assert fingerprint().replace(":", "").lower() in str(caught.value)
        with pytest.raises(SourceError, match="SOURCES__OFFICE__FINGERPRINT"):
            await checked(url, "")
        assert server.asked == []


@pytest.mark.parametrize("pin", ["", "0" * 64, ":".join(["aF"] * 32)])
def test_a_fingerprint_is_written_with_colons_or_without(pin: str) -> None:
    MikopbxSettings(
        kind="mikopbx", key=SecretStr(KEY), api_url="https://pbx.example", fingerprint=pin
    )


def test_recordings_come_from_the_pbx_itself() -> None:
    settings = MikopbxSettings(
        kind="mikopbx", key=SecretStr(KEY), api_url="https://192.168.1.10:8443/x"
    )
    assert settings.recording_places == "https://192.168.1.10:8443"
