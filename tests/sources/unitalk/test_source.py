"""UniTalk asked over HTTP: moving pages, errors in its words, quotas, an outage, its prices."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.config.sources import UnitalkSettings
from bot.domain.calls import CallFacts, EndedCall
from bot.domain.errors import SourceAuthError, SourceError
from bot.sources.base import FeedSource, HookSource, LateSource
from bot.sources.polling import PolledFeed
from bot.sources.registry import create_source
from bot.sources.unitalk.source import OFTEN, SELDOM, UnitalkSource
from tests.support.kyiv import KYIV, at
from tests.support.plain_http import plain_http
from tests.support.polled import call_ids, read_once
from tests.support.unitalk_server import KEY, UnitalkServer, unitalk_call

NOW = at("2026-11-23 12:00:00")
LINK = "https://api.unitalk.cloud:8443/tracking/rec/1531144732.920/2018-07-09"


def local(moment: int) -> str:
    return datetime.fromtimestamp(moment, KYIV).strftime("%Y-%m-%d %H:%M:%S")


@asynccontextmanager
async def office(server: UnitalkServer, *, key: str = KEY) -> AsyncIterator[UnitalkSource]:
    async with server.running() as url, plain_http() as http:
        settings = UnitalkSettings(kind="unitalk", key=SecretStr(key), api_url=f"{url}/api")
        source = create_source("office", settings, http=http, clock=lambda: NOW)
        assert isinstance(source, UnitalkSource)
        assert isinstance(source, HookSource)
        assert isinstance(source, FeedSource)
        assert isinstance(source, LateSource)
        yield source


def ended(external_id: str, started_at: int, **changes: object) -> EndedCall:
    values = {"ended_at": started_at + 60, "talk": 43, "has_price": False, "has_recording": False}
    return EndedCall(external_id, started_at, **{**values, **changes})  # type: ignore[arg-type]


async def test_pages_that_move_lose_no_call_and_double_none() -> None:
    """2500 calls of a morning while three more come in, one before each page."""
    server = UnitalkServer(
        calls=[unitalk_call(n, local(NOW - 3000 + n)) for n in range(2500)],
        coming=[unitalk_call(9000 + n, local(NOW - 5 + n)) for n in range(3)],
    )
    async with office(server) as source:
        read = call_ids(await read_once(source, str(NOW - 600), now=NOW))
    assert len(read) == len(set(read))
    assert set(map(str, range(2500))) <= set(read)
    assert [params["offset"] for _, params in server.asked] == [0, 1000, 2000]
    assert {path for path, _ in server.asked} == {"/api/history/get"}


async def test_a_page_that_comes_again_and_again_ends() -> None:
    server = UnitalkServer(calls=[unitalk_call(n, local(NOW - 3000 + n)) for n in range(1000)])
    page = {"count": 99999, "calls": server.calls}
    for _ in range(3):
        server.instead.append(web.json_response(page))
    async with office(server) as source:
        assert len(call_ids(await read_once(source, str(NOW), now=NOW))) == 1000
    assert len(server.asked) == 2


async def test_a_full_page_is_not_the_last_whatever_the_count() -> None:
    calls = [unitalk_call(n, local(NOW - 3000 + n)) for n in range(1001)]
    server = UnitalkServer()
    server.instead.append(web.json_response({"count": 0, "calls": calls[:1000]}))
    server.instead.append(web.json_response({"calls": calls[1000:]}))
    async with office(server) as source:
        assert len(call_ids(await read_once(source, str(NOW), now=NOW))) == 1001


async def test_the_times_asked_for_are_those_of_the_zone() -> None:
    server = UnitalkServer()
    async with office(server) as source:
        await read_once(source, str(NOW), now=NOW)
    [(_, params)] = server.asked
    assert (params["dateFrom"], params["dateTo"]) == ("2026-11-23 08:00:00", "2026-11-24 12:00:00")
    assert params["limit"] == 1000


async def test_a_wrong_key_must_be_mended_by_a_person_and_is_not_shown() -> None:
    async with office(UnitalkServer(), key="another-key") as source:
        with pytest.raises(SourceAuthError, match="SOURCES__OFFICE__KEY") as caught:
            await source.check()
    assert "another-key" not in str(caught.value)
    assert "Authorization invalid" in str(caught.value)


async def test_a_wrong_key_told_by_the_status_is_the_same() -> None:
    server = UnitalkServer()
    server.fail(401, '{"status": "Error", "message": "Authorization invalid"}')
    async with office(server) as source:
        with pytest.raises(SourceAuthError, match="Authorization invalid"):
            await source.check()


async def test_the_cheapest_request_is_the_check() -> None:
    server = UnitalkServer(calls=[unitalk_call(n, local(NOW - n)) for n in range(50)])
    async with office(server) as source:
        assert await source.check() == "127.0.0.1 answers, the key is right"
    [(_, params)] = server.asked
    assert params["limit"] == 1
    assert (params["dateFrom"], params["dateTo"]) == ("2026-11-23 11:59:00", "2026-11-23 12:00:00")


@pytest.mark.parametrize(
    ("status", "text", "told"),
    [
        (200, '{"status": "Error", "message": "Internal error"}', "127.0.0.1: Internal error"),
        (500, '{"status": "Error", "message": "Internal error"}', "HTTP 500: Internal error"),
        (500, "", "answers HTTP 500"),
        (200, "<html>", "something else than JSON"),
        (200, "[" * 100_000, "something else than JSON"),
        (200, '{"count": 1}', "no list of calls"),
        (200, "[]", "no list of calls"),
    ],
)
async def test_whatever_it_answers_is_told_in_a_line(status: int, text: str, told: str) -> None:
    server = UnitalkServer()
    server.fail(status, text)
    async with office(server) as source:
        with pytest.raises(SourceError, match=told) as caught:
            await read_once(source, now=NOW)
    assert not isinstance(caught.value, SourceAuthError)


async def test_a_quota_is_obeyed() -> None:
    server = UnitalkServer()
    server.fail(429, "{}", Retry_After="77")
    async with office(server) as source:
        with pytest.raises(SourceError) as caught:
            await read_once(source, now=NOW)
    assert caught.value.retry_after == 77


async def test_an_unreadable_call_of_history_costs_no_other() -> None:
    server = UnitalkServer(
        calls=[unitalk_call(1, local(NOW - 60)), unitalk_call(2, local(NOW - 50), direction="?")]
    )
    async with office(server) as source:
        batches = await read_once(source, now=NOW)
    assert call_ids(batches) == ["1"]
    assert sum(len(batch.readings) for batch in batches) == 2


async def test_recordings_are_asked_for_only_where_there_are_any() -> None:
    call = unitalk_call(1, local(NOW - 600), state="ANSWER", secondsFullTime=60, secondsTalk=43)
    server = UnitalkServer(calls=[call])
    async with office(server) as source:
        assert await source.ask_again([ended("1", NOW - 600)]) == []
        assert server.asked == []
        await read_once(source, str(NOW), now=NOW)
        server.asked.clear()
        assert await source.ask_again([ended("1", NOW - 600)]) == []
        assert server.asked == []

        server.calls.append({**call, "dbid": 2, "link": LINK})
        await read_once(source, str(NOW), now=NOW)
        server.asked.clear()
        call["link"] = LINK
        missed = ended("3", NOW - 500, talk=0)
        found = await source.ask_again([ended("1", NOW - 600), missed])
        assert {one.recording_url for one in found if isinstance(one, CallFacts)} == {LINK}
        assert len(server.asked) == 1
        assert await source.ask_again([missed, ended("1", NOW - 600, has_recording=True)]) == []
        assert len(server.asked) == 1


async def test_history_is_asked_for_seldom_once_events_tell_of_the_ends_of_calls() -> None:
    async with office(UnitalkServer()) as source:
        [feed] = source.feeds
        assert isinstance(feed, PolledFeed)
        assert feed.pace.seconds() == OFTEN
        for event, pause in (("CALL_NEW", OFTEN), ("CALL_ANSWER", OFTEN), ("CALL_END", SELDOM)):
            call = unitalk_call(1, local(NOW - 60))
            source.read_hook(json.dumps({"event": event, "call": call}).encode(), "")
            assert feed.pace.seconds() == pause
