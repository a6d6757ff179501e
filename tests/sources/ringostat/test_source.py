"""Ringostat asked over HTTP: full periods, failures, an unreadable call, recordings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from bot.config.sources import RingostatSettings
from bot.domain.calls import CallFacts, EndedCall
from bot.domain.errors import SourceAuthError, SourceError
from bot.sources.base import FeedSource, HookSource, LateSource
from bot.sources.registry import create_source
from bot.sources.ringostat.source import RingostatSource
from bot.sources.times import local_text
from tests.support.kyiv import KYIV, at
from tests.support.plain_http import plain_http
from tests.support.polled import call_ids, read_once
from tests.support.ringostat_server import KEY, LIMIT, RingostatServer, ringostat_call

NOW = at("2026-11-23 12:00:00")


def call(number: int, ago: int, **changes: str) -> dict[str, str]:
    return ringostat_call(f"{NOW - ago}.{number}", local_text(NOW - ago, KYIV), **changes)


@asynccontextmanager
async def office(server: RingostatServer, *, key: str = KEY) -> AsyncIterator[RingostatSource]:
    async with server.running() as url, plain_http() as http:
        settings = RingostatSettings(kind="ringostat", key=SecretStr(key), api_url=url)
        source = create_source("office", settings, http=http, clock=lambda: NOW)
        assert isinstance(source, RingostatSource)
        assert isinstance(source, HookSource)
        assert isinstance(source, FeedSource)
        assert isinstance(source, LateSource)
        yield source


async def test_a_full_period_is_asked_for_in_halves() -> None:
    server = RingostatServer(calls=[call(n, n % 3600) for n in range(2 * LIMIT + 100)])
    async with office(server) as source:
        read = call_ids(await read_once(source, str(NOW), now=NOW))
    assert len(read) == len(set(read)) == 2 * LIMIT + 100
    assert len(server.asked) > 3


async def test_a_second_that_is_full_is_not_asked_for_without_end() -> None:
    server = RingostatServer(calls=[call(n, 60) for n in range(LIMIT)])
    async with office(server) as source:
        assert len(call_ids(await read_once(source, str(NOW), now=NOW))) == LIMIT


async def test_it_asks_for_what_is_read_and_in_local_times() -> None:
    server = RingostatServer()
    async with office(server) as source:
        await read_once(source, str(NOW), now=NOW)
        assert await source.check() == "127.0.0.1 answers, the key is right"
    (path, log), (_, checked) = server.asked
    assert path == "/calls/list"
    assert (log["from"], log["to"]) == ("2026-11-23 08:00:00", "2026-11-24 12:00:00")
    assert {"uniqueid", "disposition", "recording"} <= set(log["fields"].split(","))
    assert checked["fields"] == "uniqueid"


async def test_a_wrong_key_must_be_mended_by_a_person_and_is_not_shown() -> None:
    async with office(RingostatServer(), key="another-key") as source:
        with pytest.raises(SourceAuthError, match="SOURCES__OFFICE") as caught:
            await source.check()
    assert "another-key" not in str(caught.value)
    assert "Access denied" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "text", "told"),
    [
        (500, "", "answers HTTP 500"),
        (400, '{"error": "bad period"}', "HTTP 400: bad period"),
        (200, '{"message": "bad period"}', "127.0.0.1: bad period"),
        (200, "uniqueid;calldate", "something else than JSON"),
        (200, '{"calls": null}', "answered no calls"),
        (200, "null", "answered no calls"),
    ],
)
async def test_whatever_it_answers_is_told_in_a_line(status: int, text: str, told: str) -> None:
    server = RingostatServer()
    server.fail(status, text)
    async with office(server) as source:
        with pytest.raises(SourceError, match=told):
            await read_once(source, now=NOW)


async def test_a_quota_is_obeyed() -> None:
    server = RingostatServer()
    server.fail(429, "", Retry_After="30")
    async with office(server) as source:
        with pytest.raises(SourceError) as caught:
            await read_once(source, now=NOW)
    assert caught.value.retry_after == 30


async def test_an_unreadable_call_of_the_log_costs_no_other() -> None:
    server = RingostatServer(calls=[call(1, 60), call(2, 50, call_type="")])
    async with office(server) as source:
        batches = await read_once(source, now=NOW)
    assert call_ids(batches) == [f"{NOW - 60}.1"]
    assert sum(len(batch.readings) for batch in batches) == 2


async def test_a_recording_that_comes_later_is_asked_for() -> None:
    talk = {"disposition": "ANSWERED", "duration": "50", "waittime": "27", "billsec": "23"}
    late, other = call(1, 600, **talk), call(2, 500, **talk)
    other |= {"has_recording": "1", "recording": "https://app.ringostat.com/r/2.mp3"}
    server = RingostatServer(calls=[late, other])
    ended = EndedCall(late["uniqueid"], NOW - 600, NOW - 550, 23, False, False)
    async with office(server) as source:
        await read_once(source, str(NOW), now=NOW)
        late |= {"has_recording": "1", "recording": "https://app.ringostat.com/r/1.mp3"}
        found = await source.ask_again([ended])
    assert [one.recording_url for one in found if isinstance(one, CallFacts)] == [
        "https://app.ringostat.com/r/1.mp3"
    ]
