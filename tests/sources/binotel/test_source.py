"""Asking Binotel, over real HTTP: windows of its history, its failures, recordings, calling."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import httpx
import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.config.sources import BinotelSettings
from bot.domain.calls import CallFacts, Reject, Status
from bot.domain.errors import SourceAuthError, SourceError
from bot.sources.base import Reading
from bot.sources.binotel.source import BinotelSource
from bot.sources.polling import FIRST, OFTEN, OVERLAP, SELDOM
from tests.support.binotel_server import (
    KEY,
    LIMIT,
    SECRET,
    BinotelServer,
    as_form,
    binotel_server,
)
from tests.support.plain_http import plain_http
from tests.support.statements import NOW, merged

FORM = "application/x-www-form-urlencoded"


class Asking:
    """A source and the PBX it asks; time passes only in pauses."""

    def __init__(self, server: BinotelServer, http: httpx.AsyncClient, **changes: Any) -> None:
        self.server = server
        self.now = NOW
        self.pauses: list[float] = []
        server.clock = lambda: self.now
        values = {"kind": "binotel", "key": KEY, "secret": SECRET, "api_url": server.url}
        self.source = BinotelSource(
            "office",
            BinotelSettings.model_validate(values | changes),
            http=http,
            clock=lambda: self.now,
            sleep=self.sleep,
        )

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += int(seconds)
        await asyncio.sleep(0)

    async def read(self, passes: int = 1, cursor: str | None = None) -> list[Reading]:
        """What the feed says until so many passes have reached the present."""
        readings: list[Reading] = []
        [feed] = self.source.feeds
        async with aclosing(feed.read(cursor)) as batches:
            async for batch in batches:
                readings += batch.readings
                passes -= batch.cursor == str(self.now)
                if not passes:
                    break
        return readings

    def methods(self) -> set[str]:
        return {method for method, _ in self.server.asked}


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    async with binotel_server() as server, plain_http() as http:
        yield Asking(server, http)


def ids(readings: list[Reading]) -> list[str]:
    return [one.external_id for one in readings if isinstance(one, CallFacts)]


async def test_both_ways_are_read_and_each_call_once(asking: Asking) -> None:
    asking.server.record("1", NOW - 300)
    asking.server.record("2", NOW - 200, callType="1")
    asking.server.record("3", NOW - 100, disposition="SMS-SUCCESS")
    assert ids(await asking.read(passes=3, cursor=str(NOW - 3600))) == ["1", "2"]
    assert asking.methods() == {"stats/all-incoming-calls-since", "stats/all-outgoing-calls-since"}
    assert {body["timestamp"] for _, body in asking.server.asked} >= {NOW - 3600 - OVERLAP}
    assert asking.pauses == [OFTEN] * 2


async def test_a_call_that_goes_on_is_read_again_when_it_is_over(asking: Asking) -> None:
    asking.server.record("1", NOW - 60, disposition="ONLINE", billsec="", historyData="")
    [live] = await asking.read()
    assert isinstance(live, CallFacts)
    assert live.status is Status.RINGING
    asking.now += 3000
    asking.server.record("1", NOW - 60)
    [over] = await asking.read(cursor=str(NOW))
    assert isinstance(over, CallFacts)
    assert merged(live, over) == merged(over, live) == merged(over)


async def test_a_week_is_read_in_halves_of_days(asking: Asking) -> None:
    for n in range(20):
        asking.server.record(str(n), NOW - FIRST + n * 30000)
    assert sorted(ids(await asking.read()), key=int) == [str(n) for n in range(20)]
    spans = [
        body["stopTime"] - body["startTime"]
        for _, body in asking.server.asked
        if "startTime" in body
    ]
    assert max(spans) <= 86400


async def test_a_list_that_is_full_is_asked_for_in_parts(asking: Asking) -> None:
    for n in range(3 * LIMIT):
        asking.server.record(str(n), NOW - 7200 + n * 2)
    found = ids(await asking.read(cursor=str(NOW - 7200)))
    assert sorted(set(found), key=int) == [str(n) for n in range(3 * LIMIT)]


async def test_a_second_of_more_calls_than_fit_ends_too(asking: Asking) -> None:
    for n in range(LIMIT + 5):
        asking.server.record(str(n), NOW - 600)
    assert len(set(ids(await asking.read(cursor=str(NOW - 3600))))) == LIMIT


async def test_records_nobody_can_read_stop_nothing(asking: Asking) -> None:
    asking.server.records |= {"1": "", "2": None, "3": {"generalCallID": "3"}}
    asking.server.record("4", NOW - 60)
    readings = await asking.read()
    assert ids(readings) == ["4"]
    assert len([one for one in readings if isinstance(one, Reject)]) == 3


async def test_hooks_that_tell_of_all_spare_the_asking(asking: Asking) -> None:
    posted = {"requestType": "apiCallCompleted", "callDetails": asking.server.record("1", NOW)}
    [told] = asking.source.read_hook(as_form(posted), FORM)
    [read, *_] = await asking.read(passes=3)
    assert asking.pauses == [SELDOM] * 2
    assert isinstance(told, CallFacts)
    assert isinstance(read, CallFacts)
    assert merged(told, read) == merged(read, told) == merged(told)


@pytest.mark.parametrize(
    ("failure", "words", "retry_after"),
    [
        (BinotelServer.error("106", "Requests are too frequent"), "asked too often", 60),
        (web.Response(status=429), "asked too often", 60),
        (web.Response(text="Something went wrong (exception)"), "else than JSON", 0),
        (web.json_response([1]), "else than an object", 0),
        (web.json_response({"status": "success", "callDetails": "none"}), "no list of calls", 0),
        (BinotelServer.error("1", f"odd {KEY} {SECRET}"), "Binotel says 1 odd", 0),
        (web.Response(status=502), "HTTP 502", 0),
    ],
)
async def test_any_failure_is_one_line_without_a_secret(
    asking: Asking, failure: web.Response, words: str, retry_after: int
) -> None:
    asking.server.failures = [failure]
    with pytest.raises(SourceError, match=words) as caught:
        await asking.read()
    assert caught.value.retry_after == retry_after
    told = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert KEY not in told
    assert SECRET not in told


async def test_check_tries_the_key(asking: Asking) -> None:
    assert await asking.source.check() == "the key and the secret fit"
    async with plain_http() as http:
        wrong = Asking(asking.server, http, secret=SecretStr("wr0ng")).source
        with pytest.raises(SourceAuthError, match="SOURCES__OFFICE__KEY") as caught:
            await wrong.check()
    assert "wr0ng" not in str(caught.value)


async def test_a_recording_is_asked_for_by_its_call(asking: Asking) -> None:
    asking.server.recordings = {"77"}
    assert (await asking.source.find_recording("77") or "").startswith(f"{asking.server.url}/77")
    assert await asking.source.find_recording("78") is None
    asking.server.failures = [BinotelServer.error("106", "Requests are too frequent")]
    with pytest.raises(SourceError):
        await asking.source.find_recording("77")


async def test_calling_rings_the_extension_first(asking: Asking) -> None:
    assert await asking.source.dial("902", "+380671234567", ref="r") == "22661563"
    assert await asking.source.dial("902", "+48221234567", ref="r") == "22661563"
    assert [body["externalNumber"] for _, body in asking.server.asked] == [
        "0671234567",
        "48221234567",
    ]
    assert asking.server.asked[0][1]["async"] is True
    asking.server.may_dial = False
    with pytest.raises(SourceError, match="ask Binotel to allow"):
        await asking.source.dial("902", "+380671234567", ref="r")
