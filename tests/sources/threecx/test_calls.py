"""The call log of 3CX v20: tokens, pages, and segments that become whole calls."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from aiohttp import web
from pydantic import SecretStr, ValidationError

from bot.config.sources import ThreeCxSettings
from bot.domain.calls import CallFacts, Direction, EndedBy, Party, Reject
from bot.domain.errors import SourceAuthError, SourceError
from bot.sources.base import FeedSource
from bot.sources.http_api import create_client
from bot.sources.registry import create_source
from bot.sources.threecx.calls import AFTER_MENU, SETTLED, CallLogReader
from bot.sources.threecx.client import PAGE, ThreeCxClient
from tests.support.threecx_server import CLIENT_ID, SECRET, ThreeCxServer

START = 1795334400
SETTINGS = ThreeCxSettings(
    kind="threecx", api_url="http://pbx", client_id=CLIENT_ID, secret=SecretStr(SECRET)
)
READER = CallLogReader("pbx", SETTINGS.number_plan, SETTINGS.extension_pattern, currency="UAH")


@pytest.fixture
async def pbx() -> AsyncIterator[ThreeCxServer]:
    async with ThreeCxServer().running() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with create_client() as client:
        yield client


def settings(pbx: ThreeCxServer, **changes: Any) -> ThreeCxSettings:
    return SETTINGS.model_copy(update={"api_url": pbx.url, **changes})


def read(*rows: object, after: int = 9999) -> CallFacts:
    [facts] = READER.read(rows, now=START + after)
    assert isinstance(facts, CallFacts), facts
    return facts


SEGMENTS = ThreeCxServer()


def row(**said: Any) -> dict[str, Any]:
    return SEGMENTS.segment("main", said.pop("began", START), **said)


MENU = {"CallType": "Ivr", "DestinationDn": "801", "TalkingDuration": "PT12S", "Reason": ""}
QUEUE = {
    "began": START + 20, "CallType": "Queue", "DestinationDn": "800",
    "DestinationDisplayName": "Sales", "TalkingDuration": "PT0S", "RingingDuration": "PT15S",
}  # fmt: skip
AGENT = {"began": START + 30, "Reason": "dst_participant_terminated"}
UNANSWERED = {"Answered": False, "Status": "Unanswered", "TalkingDuration": "PT0S"}


# Whole calls


def test_an_incoming_talk() -> None:
    facts = read(row())
    assert (facts.external_id, facts.status, facts.direction) == ("main", "answered", "in")
    assert (facts.caller, facts.callee) == (Party("Ганна", "0671234567"), Party(None, "101"))
    assert (facts.extension, facts.rang) == ("101", ("101",))
    assert (facts.started_at, facts.answered_at, facts.ended_at) == (
        START, START + 8, START + 48,
    )  # fmt: skip
    assert (facts.price, facts.recording_url) == (None, None)
    assert facts.raw_status == "Terminated by 0671234567"


def test_segments_are_one_call_in_whatever_order() -> None:
    queue = QUEUE | {"Reason": "was replaced by Олена (101)"}
    rows = [row(**AGENT, CallCost=1.2), row(**queue, CallCost=0.3), row(**MENU)]
    facts = read(*rows)
    assert read(*reversed(rows)) == read(*rows, *rows) == facts
    assert (facts.status, facts.queue, facts.extension) == ("answered", "Sales", "101")
    assert (facts.rang, facts.price, facts.currency) == (("101",), Decimal("1.5"), "UAH")
    assert (facts.started_at, facts.answered_at) == (START, START + 38)
    assert facts.ended_by is EndedBy.CALLEE


def test_what_only_a_queue_answered_is_missed() -> None:
    facts = read(row(**MENU), row(**QUEUE), row(**AGENT | UNANSWERED | {"Reason": ""}))
    assert (facts.status, facts.queue, facts.extension) == ("missed", "Sales", None)
    assert (facts.rang, facts.answered_at) == (("101",), None)


def test_a_call_that_may_go_on_is_not_lost_yet() -> None:
    unanswered = row(**UNANSWERED)
    ended = 8
    assert read(unanswered, after=ended + SETTLED - 1).status == "connecting_operator"
    assert read(unanswered, after=ended + SETTLED).status == "missed"
    menu = row(**MENU)
    assert read(menu, after=20 + AFTER_MENU - 1).status == "connecting_operator"
    assert read(menu, after=20 + AFTER_MENU).status == "missed"
    handed = row(**QUEUE | {"Reason": "was replaced by Олена (101)"})
    assert read(menu, handed, after=3600).status == "connecting_operator"
    assert read(menu, handed, after=5 * 3600).status == "missed"
    assert read(row(), after=0).status == "answered"


OUT = {
    "Direction": "Outbound", "SourceDn": "101", "SourceCallerId": "380445550101",
    "SourceDisplayName": "Олена", "DestinationDn": "10000",
    "DestinationCallerId": "0671234567", "DestinationDisplayName": "Ганна",
}  # fmt: skip


def test_an_outgoing_talk() -> None:
    facts = read(row(**OUT, RecordingUrl="https://pbx.example.com/rec/1.wav", CallCost=1))
    assert (facts.direction, facts.status, facts.extension) == (Direction.OUT, "answered", "101")
    assert (facts.caller, facts.callee) == (Party("Олена", "101"), Party("Ганна", "0671234567"))
    assert (facts.rang, facts.recording_url) == ((), "https://pbx.example.com/rec/1.wav")


@pytest.mark.parametrize(
    ("reason", "coming", "going"),
    [
        ("No answer", "missed", "no_answer"),
        ("Busy", "missed", "rejected_by_subscriber"),
        ("Rejected", "missed", "rejected_by_subscriber"),
        ("Cancelled", "missed", "cancelled_by_operator"),
        ("src_participant_terminated", "missed", "cancelled_by_operator"),
        ("Not registered", "missed_offline", "unreachable"),
        ("", "missed", "no_answer"),
        ("something new", "missed", "no_answer"),
    ],
)
def test_calls_that_nobody_answered(reason: str, coming: str, going: str) -> None:
    for way, status in (({}, coming), (OUT, going)):
        facts = read(row(**way, **UNANSWERED, Reason=reason))
        assert (facts.status, facts.raw_status) == (status, reason or "Unanswered")


def test_an_internal_call() -> None:
    facts = read(row(Direction="Internal", SourceDn="101", DestinationDn="102"))
    assert (facts.direction, facts.extension, facts.callee.number) == (
        Direction.INTERNAL, "101", "102",
    )  # fmt: skip
    for own, other, direction in (("101", "102", "internal"), ("101", "067", "out")):
        facts = read(row(Direction=None, SourceDn=own, DestinationDn=other * 3))
        assert facts.direction == ("out" if len(other * 3) > 5 else direction)


def test_times_may_have_any_offset_and_seven_digits() -> None:
    for written in ("2026-11-22T08:00:00.1234567Z", "2026-11-22T10:00:00+02:00",
                    "2026-11-22T08:00:00"):  # fmt: skip
        assert read(row(StartTime=written)).started_at == START


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (5, "expected an object"),
        ({}, "MainCallHistoryId: is missing"),
        (row(StartTime="soon"), "StartTime: expected"),
        (row(MainCallHistoryId="x" * 300), "too long"),
    ],
)
def test_a_row_that_cannot_be_read_spoils_no_other(wrong: object, error: str) -> None:
    facts, reject = READER.read([wrong, row()], now=START + 9999)
    assert isinstance(facts, CallFacts)
    assert isinstance(reject, Reject)
    assert error in reject.errors[0]


def test_fields_that_are_wrong_or_missing_lose_only_themselves() -> None:
    facts = read({"MainCallHistoryId": "a", "StartTime": "2026-11-22T08:00:00Z", "CallCost": "1"})
    assert (facts.status, facts.price, facts.caller) == ("missed", None, Party())
    facts = read(row(TalkingDuration="long", RecordingUrl=5, CallCost=None, SourceDisplayName=7))
    assert facts.status == "answered"


# The API


async def test_pages_are_read_to_the_last(pbx: ThreeCxServer, http: httpx.AsyncClient) -> None:
    for number in range(PAGE * 2 + 5):
        pbx.segment(f"call-{number}", START + number)
    client = ThreeCxClient(http, "pbx", settings(pbx))
    rows = await client.call_log(START, START + 86400)
    assert len({one["CdrId"] for one in rows}) == PAGE * 2 + 5
    assert [skip for _, _, skip in pbx.asked] == [0, PAGE, PAGE * 2]
    assert pbx.tokens == 1


async def test_a_period_of_too_many_rows_is_halved(
    pbx: ThreeCxServer, http: httpx.AsyncClient
) -> None:
    pbx.row_limit = PAGE
    for number in range(PAGE + 200):
        pbx.segment(f"call-{number}", START + number * 10)
    client = ThreeCxClient(http, "pbx", settings(pbx), row_limit=PAGE)
    rows = await client.call_log(START, START + 86400)
    assert {one["MainCallHistoryId"] for one in rows} == {
        f"call-{number}" for number in range(PAGE + 200)
    }


async def test_a_token_is_renewed_when_another_has_ended_it(
    pbx: ThreeCxServer, http: httpx.AsyncClient
) -> None:
    pbx.segment("a", START)
    client = ThreeCxClient(http, "pbx", settings(pbx))
    assert len(await client.call_log(START, START + 60)) == 1
    pbx.tokens += 1  # somebody else asked for one
    assert len(await client.call_log(START, START + 60)) == 1
    assert pbx.tokens == 3


async def test_check_says_what_is_wrong(pbx: ThreeCxServer, http: httpx.AsyncClient) -> None:
    def source(**changes: Any) -> FeedSource:
        made = create_source("pbx", settings(pbx, **changes), http=http)
        assert isinstance(made, FeedSource)
        return made

    assert await source().check() == "3CX answers and shows its call log"
    with pytest.raises(SourceAuthError, match="SOURCES__PBX__CLIENT_ID") as refused:
        await source(secret=SecretStr("wr0ng")).check()
    assert "wr0ng" not in str(refused.value)
    pbx.is_allowed = False
    with pytest.raises(SourceAuthError, match="System Owner"):
        await source().check()
    pbx.is_allowed = True
    for failure, words in (
        (web.Response(status=500), "HTTP 500"),
        (web.Response(text="<html>"), "something else than JSON"),
        (web.json_response([1]), "version 20"),
        (web.Response(status=429, headers={"Retry-After": "7"}), "asked too often"),
    ):
        pbx.failures.append(failure)
        with pytest.raises(SourceError, match=words) as failed:
            await source().check()
    assert failed.value.retry_after == 7
    with pytest.raises(SourceError, match="cannot be reached"):
        await source(api_url="http://127.0.0.1:9").check()


async def test_the_feed_goes_on_and_repeats_nothing(
    pbx: ThreeCxServer, http: httpx.AsyncClient
) -> None:
    now = START + 600
    pbx.segment("old", START)
    source = create_source("pbx", settings(pbx), http=http, clock=lambda: now)
    assert isinstance(source, FeedSource)
    [feed] = source.feeds
    read: list[str] = []
    cursor: str | None = None
    batches = feed.read(str(START + 300))
    async for batch in batches:
        read += [one.external_id for one in batch.readings if isinstance(one, CallFacts)]
        cursor = batch.cursor or cursor
        if cursor is not None:
            break
    await batches.aclose()
    assert (read, cursor) == (["old"], str(now))


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"cdr_host": "pbx", "api_url": "http://pbx", "client_id": "a", "secret": "b"},
        {"api_url": "http://pbx"},
        {"api_url": "pbx", "client_id": "a", "secret": "b"},
        {"cdr_host": "pbx", "cdr_fields": "callid,duration"},
        {"cdr_host": "pbx", "cdr_fields": "callid,time-start,colour"},
    ],
)
def test_settings_that_fit_no_way(said: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        ThreeCxSettings.model_validate({"kind": "threecx", **said})
