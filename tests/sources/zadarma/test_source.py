"""Asking Zadarma, over real HTTP: its pages, its quota, prices, recordings, what check says."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
import pytest
from aiohttp import web
from pydantic import SecretStr

from bot.config.sources import ZadarmaSettings
from bot.domain.calls import CallFacts, Direction, EndedCall, Reject, Status
from bot.domain.errors import SourceAuthError, SourceError
from bot.domain.merging import merge
from bot.sources.base import Batch, Reading
from bot.sources.zadarma.source import OFTEN, SELDOM, ZadarmaSource
from tests.support.plain_http import plain_http
from tests.support.statements import NOW, merged
from tests.support.zadarma_events import FORM, as_body, talk
from tests.support.zadarma_server import KEY, KYIV, SECRET, ZadarmaServer, zadarma_server

TOKEN = "t0ken-of-the-hook"
OUT = {"sip": "101", "clid": "380445550101", "destination": "380671234567"}


class Asking:
    """A source and the PBX it asks; time passes only in pauses."""

    def __init__(self, server: ZadarmaServer, http: httpx.AsyncClient, **changes: Any) -> None:
        self.server = server
        self.now = float(NOW)
        self.pauses: list[float] = []
        server.clock = server.steady = lambda: self.now
        values: dict[str, Any] = {
            "kind": "zadarma",
            "key": SecretStr(KEY),
            "secret": SecretStr(SECRET),
            "api_url": server.url,
            "token": SecretStr(TOKEN),
        }
        self.source = ZadarmaSource(
            "office",
            ZadarmaSettings(**values | changes),
            http=http,
            clock=lambda: int(self.now),
            steady=lambda: self.now,
            sleep=self.sleep,
        )

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    async def read(self, passes: int = 1, cursor: str | None = None) -> list[Reading]:
        """What the feed says in its first passes."""
        readings: list[Reading] = []
        [feed] = self.source.feeds
        async with aclosing(feed.read(cursor)) as batches:
            async for batch in batches:
                assert isinstance(batch, Batch)
                readings += batch.readings
                passes -= batch.cursor is not None
                if not passes:
                    break
        return readings

    def paths(self) -> list[str]:
        return [path for path, _ in self.server.asked]


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    async with zadarma_server(lambda: NOW) as server, plain_http() as http:
        yield Asking(server, http)


def ended(external_id: str, started_at: int, talk_seconds: int = 40) -> EndedCall:
    return EndedCall(
        external_id, started_at, started_at + 10 + talk_seconds, talk_seconds, False, False
    )


def facts(readings: list[Reading]) -> list[CallFacts]:
    assert not [one for one in readings if isinstance(one, Reject)]
    return [one for one in readings if isinstance(one, CallFacts)]


# Back-fill


async def test_rows_of_one_call_are_one_call(asking: Asking) -> None:
    begun = NOW - 3600
    asking.server.row("in_1", begun + 9, destination=101, seconds=40, is_recorded=True)
    asking.server.row("in_1", begun, destination="0-main", seconds=60)
    asking.server.row("in_1", begun + 2, destination=102, disposition="no answer", seconds=7)
    asking.server.row("out_2", begun + 100, **OUT, disposition="busy", seconds=5)
    asking.server.row("in_3", begun + 200, destination=5, clid='"Ганна" <380501112233>')
    asking.server.row("in_4", begun + 300, clid="Anonymous", sip="", disposition="cancel")
    asking.server.row("", begun + 400, sip=101, clid=101, destination=102, call_id="1.2")
    one, two, three, four, five = facts(await asking.read())
    assert (one.status, one.extension, one.rang) == (Status.ANSWERED, "101", ("102", "101"))
    assert (one.started_at, one.talk, one.caller.number) == (begun, 40, "380671234567")
    assert one.recording_url == "pbx:in_1"
    assert (two.direction, two.status) == (Direction.OUT, Status.REJECTED_BY_SUBSCRIBER)
    assert (two.extension, two.callee.number, two.line) == ("101", "380671234567", "380445550101")
    assert (three.status, three.raw_status) == (Status.MISSED, "answered")  # by a menu only
    assert (three.caller.name, three.caller.number) == ("Ганна", "380501112233")
    assert (four.status, merged(four).client) == (Status.MISSED, None)
    assert (five.direction, five.external_id) == (Direction.INTERNAL, "1.2")


async def test_what_is_no_row_is_a_reject_and_stops_nothing(asking: Asking) -> None:
    asking.server.row("in_1", NOW - 60)
    asking.server.pbx += [
        {"callstart": asking.server.pbx[0]["callstart"]},
        asking.server.row("in_2", NOW - 50) | {"pbx_call_id": "?", "sip": 5, "destination": 5},
    ]
    readings = await asking.read()
    rejects = [one for one in readings if isinstance(one, Reject)]
    assert [one.errors[0].split(":")[0] for one in rejects] == ["pbx_call_id", "pbx_call_id"]
    assert len(readings) == 4


async def test_all_pages_are_read_at_the_pace_zadarma_wants(asking: Asking) -> None:
    for n in range(5500):
        asking.server.row(f"in_{n}", NOW - 86400 + n)
    asking.server.pbx.reverse()
    asking.server.pbx.insert(1000, asking.server.pbx[0])  # told twice
    calls = facts(await asking.read())
    assert len(calls) == len({one.external_id for one in calls}) == 5500
    assert [params["skip"] for _, params in asking.server.asked] == [
        str(n * 1000) for n in range(6)
    ]
    assert {params["version"] for _, params in asking.server.asked} == {"2"}
    for first, last in zip(asking.server.asked_at, asking.server.asked_at[3:], strict=False):
        assert last - first >= 60


async def test_a_page_that_comes_again_and_again_ends(asking: Asking) -> None:
    asking.server.ignores_skip = True
    for n in range(1000):
        asking.server.row(f"in_{n}", NOW - 86400 + n)
    assert len(facts(await asking.read())) == 1000
    assert len(asking.server.asked) == 2


async def test_statistics_are_read_seldom(asking: Asking) -> None:
    asking.server.row("in_1", NOW - 60)
    await asking.read(passes=4)
    assert asking.pauses == [OFTEN] * 3
    asking.pauses.clear()
    for at, posted in talk(asking.now):
        asking.now = at
        asking.source.read_hook(as_body(posted), FORM)
    await asking.read(passes=3)
    assert [pause for pause in asking.pauses if pause > 60] == [SELDOM] * 2


async def test_a_month_is_never_asked_for_at_once(asking: Asking) -> None:
    asking.server.row("in_1", NOW - 80 * 86400)
    asking.server.row("in_2", NOW - 60)
    calls = facts(await asking.read(passes=12, cursor=str(NOW - 82 * 86400)))
    assert [one.external_id for one in calls] == ["in_1", "in_2"]
    for _, params in asking.server.asked:
        window = datetime.fromisoformat(params["end"]) - datetime.fromisoformat(params["start"])
        assert window.days < 30


async def test_all_that_ask_for_statistics_share_one_quota(asking: Asking) -> None:
    for n in range(4):
        asking.server.row(f"out_{n}", NOW - 500 + n, **OUT)
    for n in range(4):
        await asking.source.ask_again([ended(f"out_{n}", NOW - 500 + n)])
    await asking.read()
    assert len(asking.server.asked_at) == 10
    for first, last in zip(asking.server.asked_at, asking.server.asked_at[3:], strict=False):
        assert last - first >= 60


async def test_after_429_nobody_asks_until_it_is_over(asking: Asking) -> None:
    asking.server.row("in_1", NOW - 60)
    asking.server.failures = [web.Response(status=429, headers={"Retry-After": "90"})]
    with pytest.raises(SourceError) as caught:
        await asking.read()
    assert caught.value.retry_after == 90
    await asking.source.ask_again([ended("in_1", NOW - 60)])
    assert [at - NOW for at in asking.server.asked_at] == [0, 90]


@pytest.mark.parametrize(
    "failure",
    [
        web.Response(status=500),
        web.Response(text="<html>maintenance</html>"),
        web.json_response([]),
        web.json_response({"status": "success"}),
        web.json_response({"status": "error", "message": f"no {KEY}"}, status=400),
    ],
)
async def test_any_failure_is_one_line_without_a_secret(
    asking: Asking, failure: web.Response
) -> None:
    asking.server.failures = [failure]
    with pytest.raises(SourceError) as caught:
        await asking.read()
    told = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert KEY not in told
    assert SECRET not in told
    assert "\n" not in str(caught.value)


async def test_a_night_when_the_clocks_go_back(asking: Asking) -> None:
    second = datetime(2026, 10, 25, 3, 30, tzinfo=KYIV, fold=1).timestamp()
    asking.now = second + 3600
    asking.server.row("in_1", second)
    [call] = facts(await asking.read())
    assert call.started_at == second


# The same call by both ways


async def test_hook_and_statistics_do_not_spoil_each_other(asking: Asking) -> None:
    told: list[Reading] = []
    for at, posted in talk(NOW):
        asking.now = at
        told += asking.source.read_hook(as_body(posted), FORM)
    live = merged(*facts(told))
    asking.server.row("in_1", NOW, destination="0-main", seconds=51)
    asking.server.row("in_1", NOW + 2, destination=102, disposition="no answer", seconds=8)
    asking.server.row("in_1", NOW + 3, seconds=48, is_recorded=True)  # with the ringing
    asking.now = NOW + 400
    [read] = facts(await asking.read())
    ways = [*facts(told), read], [read, *facts(told)]
    for statements in ways:
        call = merged(*statements)
        assert (call.wait, call.talk, call.ended_at) == (9, 42, NOW + 51)
        assert (call.status, call.extension, call.rang) == (
            Status.ANSWERED,
            "101",
            ("101", "102"),
        )
        assert call.recording_url == live.recording_url == "pbx:in_1"
    assert merged(*ways[0]) == merged(*ways[1])


async def test_a_network_error_told_by_the_hook_stays(asking: Asking) -> None:
    *before, (at, end) = talk(NOW)
    told: list[Reading] = []
    for asking.now, posted in [*before, (at, end | {"status_code": "41"})]:
        told += asking.source.read_hook(as_body(posted), FORM)
    asking.server.row("in_1", NOW)
    [read] = facts(await asking.read())
    for statements in ([*facts(told), read], [read, *facts(told)]):
        assert merged(*statements).status is Status.NETWORK_ERROR
        assert merged(*statements).talk == 42


async def test_a_talk_of_which_the_hook_did_not_say_whose_is_mended(asking: Asking) -> None:
    [(_, end)] = talk(NOW)[-1:]
    [told] = facts(asking.source.read_hook(as_body(end | {"internal": ""}), FORM))
    assert told.status is Status.MISSED
    asking.server.row("in_1", NOW)
    [read] = facts(await asking.read())
    for statements in ([told, read], [read, told]):
        assert (merged(*statements).status, merged(*statements).extension) == (
            Status.ANSWERED,
            "101",
        )


# Prices


async def test_a_price_is_found_by_the_number_and_the_time(asking: Asking) -> None:
    asking.server.row("out_1", NOW - 500, **OUT)
    asking.server.row("in_2", NOW - 400)
    asking.server.cost("+380671234567", NOW - 497, billcost=0.195, currency="USD")
    asking.server.cost("380679999999", NOW - 497, billcost=9)
    readings = facts(
        await asking.source.ask_again([ended("out_1", NOW - 500), ended("in_2", NOW - 400)])
    )
    prices = {one.external_id: (one.price, one.currency) for one in readings}
    assert prices["out_1"] == (Decimal("0.195"), "USD")
    assert prices["in_2"][0] is None
    call = merge(None, readings[0], now=NOW)
    assert call.price == Decimal("0.195")


@pytest.mark.parametrize(
    ("calls", "costs"),
    [
        ([0, 20], [2]),  # which of two calls?
        ([0], [2, 20]),  # which of two prices?
        ([0], [45]),  # too late
        ([0], []),
    ],
)
async def test_a_price_that_may_be_anothers_is_none(
    asking: Asking, calls: list[int], costs: list[int]
) -> None:
    for n, at in enumerate(calls):
        asking.server.row(f"out_{n}", NOW - 500 + at, **OUT)
    for at in costs:
        asking.server.cost("380671234567", NOW - 500 + at)
    some = [ended(f"out_{n}", NOW - 500 + at) for n, at in enumerate(calls)]
    readings = facts(await asking.source.ask_again(some))
    assert len(readings) == len(calls)
    assert [one.price for one in readings] == [None] * len(calls)


@pytest.mark.parametrize(
    "changes",
    [
        {"billseconds": 600},
        {"to": "380671234568"},
        {"currency": ""},
        {"billcost": None},
        {"billcost": -1},
        {"billcost": "NaN"},
        {"callstart": "?"},
        {"to": None},
    ],
)
async def test_a_cost_that_does_not_fit_is_no_price(
    asking: Asking, changes: dict[str, Any]
) -> None:
    asking.server.row("out_1", NOW - 500, **OUT)
    row = asking.server.cost("380671234567", NOW - 498)
    row.update(changes)
    [call] = facts(await asking.source.ask_again([ended("out_1", NOW - 500)]))
    assert call.price is None


async def test_nobody_is_asked_about_calls_that_have_nothing_to_come(asking: Asking) -> None:
    known = EndedCall("in_1", NOW - 500, NOW - 400, 60, False, True)
    assert await asking.source.ask_again([ended("out_1", NOW - 500, 0), known]) == []
    assert asking.server.asked == []


async def test_back_filled_talks_have_their_prices(asking: Asking) -> None:
    asking.server.row("out_1", NOW - 500, **OUT)
    asking.server.cost("380671234567", NOW - 498, billcost="2.50")
    [call] = facts(await asking.read())
    assert call.price == Decimal("2.50")


# Recordings, calling, check


async def test_a_recording_is_asked_for_by_the_id_of_its_call(asking: Asking) -> None:
    asking.server.recordings = {"in_1": 2}
    assert await asking.source.find_recording("in_1") == (
        f"{asking.server.url}/v1/pbx/record/download/token/0.mp3"
    )
    assert await asking.source.find_recording("in_2") is None
    assert await asking.source.find_recording("in_1&pbx_call_id=in_3 ~é") is None
    assert {path for path, _ in asking.server.asked} == {"/v1/pbx/record/request/"}


async def test_calling_rings_the_extension_first(asking: Asking) -> None:
    await asking.source.dial("101", "+380671234567", ref="r")
    [(path, params)] = asking.server.asked
    assert path == "/v1/request/callback/"
    assert params == {"from": "101", "to": "380671234567", "sip": "101"}


async def test_check_says_that_all_is_well(asking: Asking) -> None:
    asking.server.hook_url = f"https://bot.example.com/hooks/office/{TOKEN}"
    assert "the key fits" in await asking.source.check()
    assert not [path for path in asking.paths() if "statistics" in path]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"hook_url": ""}, "no address is set"),
        ({"hook_url": f"https://crm.example.com/hooks/other/{TOKEN}"}, "posted to another"),
        ({"notifications": {"notify_answer": "false"}}, "switch on notify_answer"),
        ({"fast": 600}, "clock of this computer is 600 s slow"),
        ({"fast": -600}, "clock of this computer is 600 s fast"),
        ({"timezone": UTC}, "SOURCES__OFFICE__TIMEZONE: Europe/Kyiv is not the zone"),
        ({"failures": [web.Response(status=429)]}, "asked too often"),
    ],
)
async def test_check_says_what_is_wrong(
    asking: Asking, changes: dict[str, Any], words: str
) -> None:
    values = {"hook_url": f"https://bot.example.com/hooks/office/{TOKEN}"} | changes
    for name, value in values.items():
        setattr(asking.server, name, value)
    with pytest.raises(SourceError, match=words) as caught:
        await asking.source.check()
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("wrong", ["key", "secret"])
async def test_a_wrong_key_is_said_to_be_wrong(asking: Asking, wrong: str) -> None:
    async with plain_http() as http:
        source = Asking(asking.server, http, **{wrong: SecretStr("wr0ng")}).source
        with pytest.raises(SourceAuthError, match="SOURCES__OFFICE__") as caught:
            await source.check()
    assert "wr0ng" not in str(caught.value)
