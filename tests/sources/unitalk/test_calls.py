"""What UniTalk says of calls: events and history, each state, one call however it is told."""

import itertools
import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from bot.config.sources import UnitalkSettings
from bot.domain.calls import CallFacts, Direction, Party, Reject, Status
from bot.domain.merging import MergedCall, merge
from bot.sources.base import Reading
from bot.sources.rows import read_row
from bot.sources.times import LocalTime
from bot.sources.unitalk.calls import UnitalkReader
from bot.sources.unitalk.source import UnitalkSource
from tests.support.kyiv import KYIV, at
from tests.support.plain_http import plain_http
from tests.support.unitalk_server import KEY, unitalk_call

SETTINGS = UnitalkSettings(kind="unitalk", key=SecretStr(KEY))
DATE = "2026-11-22 10:00:00"
START = at(DATE)
NOW = START + 600

LINK = "https://api.unitalk.cloud:8443/tracking/rec/1531144732.920/2018-07-09"

DOCUMENTED = {
    "event": "CALL_END",
    "call": {
        "id": 1091944,
        "dbid": 275,
        "from": "380505557182",
        "to": ["2000"],
        "lastGroupName": "Sales managers",
        "outerNumber": "site.ua",
        "direction": "IN",
        "date": "2018-07-09 16:58:52",
        "secondsFullTime": 19,
        "secondsTalk": 9,
        "callback": True,
        "state": "ANSWER",
        "source": "REGULAR",
        "link": LINK,
        "cause": 16,
    },
}
"""The example of the documentation; the number in its link is the moment 16:58:52 in Kyiv."""


def source() -> UnitalkSource:
    return UnitalkSource("office", SETTINGS, http=plain_http(), clock=lambda: NOW)


def read(call: dict[str, Any]) -> Reading:
    reader = UnitalkReader("office", SETTINGS.number_plan, LocalTime(KYIV), lambda: NOW)
    return read_row(call, 0, reader.read_call)


def facts_of(**changes: Any) -> CallFacts:
    facts = read({**unitalk_call(275, DATE), **changes})
    assert isinstance(facts, CallFacts), facts
    return facts


def told(event: str, **changes: Any) -> list[Reading]:
    call = {
        **unitalk_call(275, DATE, state=None, secondsFullTime=None, secondsTalk=None),
        "id": 1091944,
        **changes,
    }
    body = json.dumps({"event": event, "call": call}).encode()
    return source().read_hook(body, "application/json")


def event_of(event: str, **changes: Any) -> CallFacts:
    [facts] = told(event, **changes)
    assert isinstance(facts, CallFacts), facts
    return facts


def test_the_documented_event_is_read_whole() -> None:
    [facts] = source().read_hook(json.dumps(DOCUMENTED).encode(), "application/json")
    assert facts == CallFacts(
        source="office",
        external_id="275",
        direction=Direction.IN,
        status=Status.ANSWERED,
        started_at=1531144732,
        numbers=SETTINGS.number_plan,
        raw_status="ANSWER",
        caller=Party(None, "380505557182"),
        callee=Party(None, "site.ua"),
        line="site.ua",
        queue="Sales managers",
        extension="2000",
        rang=("2000",),
        answered_at=1531144742,
        ended_at=1531144751,
        wait=10,
        talk=9,
        recording_url=LINK,
    )


@pytest.mark.parametrize(
    ("state", "came_in", "went_out"),
    [
        ("ANSWER", Status.ANSWERED, Status.ANSWERED),
        ("BUSY", Status.MISSED, Status.REJECTED_BY_SUBSCRIBER),
        ("NOANSWER", Status.MISSED, Status.NO_ANSWER),
        ("FAIL", Status.UNKNOWN_ERROR, Status.UNKNOWN_ERROR),
        ("CHANUNAVAIL", Status.MISSED_OFFLINE, Status.UNREACHABLE),
        ("UNREACHABLE", Status.MISSED_OFFLINE, Status.UNREACHABLE),
        ("NOT_EXIST", Status.MISSED_OFFLINE, Status.UNREACHABLE),
        ("WRONGDIR", Status.MISSED_OFFLINE, Status.UNREACHABLE),
        ("BUSYOUT", Status.NO_CHANNELS, Status.NO_CHANNELS),
        ("NOMONEY", Status.UNKNOWN_ERROR, Status.UNKNOWN_ERROR),
        ("BLOCKED", Status.UNKNOWN_ERROR, Status.UNKNOWN_ERROR),
        ("DIALING", Status.RINGING, Status.RINGING),
        (None, Status.RINGING, Status.RINGING),
        ("SOMETHING_NEW", Status.UNKNOWN_ERROR, Status.UNKNOWN_ERROR),
    ],
)
def test_every_state_has_a_status(state: str | None, came_in: Status, went_out: Status) -> None:
    assert facts_of(state=state).status is came_in
    out = facts_of(state=state, direction="OUT", **{"from": "2000"}, to=["380671234567"])
    assert out.status is went_out
    assert out.raw_status == state


def test_what_was_not_answered_counts_as_lost_whatever_the_state() -> None:
    for state in ("NOANSWER", "FAIL", "BLOCKED", "NOMONEY", "SOMETHING_NEW", "BUSYOUT"):
        call = merge(None, facts_of(state=state), now=NOW)
        assert (call.lost, call.talked, call.wait, call.talk) == (True, False, 17, 0), state


def test_a_talk_that_the_network_ended_is_a_talk() -> None:
    facts = facts_of(state="ANSWER", cause=38, secondsFullTime=60, secondsTalk=50)
    assert facts.status is Status.NETWORK_ERROR
    assert merge(None, facts, now=NOW).talked


def test_an_outgoing_call_is_of_the_line_and_to_the_long_number() -> None:
    facts = facts_of(
        direction="OUT", **{"from": "2000"}, to=["2000", "0671234567"], state="ANSWER"
    )
    assert facts.caller == Party(None, "2000")
    assert facts.callee == Party(None, "0671234567")
    assert facts.extension == "2000"
    assert facts.line == "380445550101"
    assert merge(None, facts, now=NOW).client == "+380671234567"


def test_an_internal_call_has_no_client_and_no_line() -> None:
    facts = facts_of(direction="INNER", **{"from": "2000"}, to=["2001"])
    assert (facts.direction, facts.line) == (Direction.INTERNAL, None)
    assert (facts.extension, facts.rang, facts.callee.number) == ("2000", ("2001",), "2001")
    assert not merge(None, facts, now=NOW).lost


def test_who_answered_is_not_guessed_among_several() -> None:
    facts = facts_of(state="ANSWER", to=["2000", "2001"], secondsTalk=5)
    assert (facts.extension, facts.rang) == (None, ("2000", "2001"))


def test_a_hidden_number_is_no_client() -> None:
    for number in (None, "", "anonymous"):
        assert merge(None, facts_of(**{"from": number}), now=NOW).client is None


def test_events_tell_of_a_live_call() -> None:
    assert event_of("CALL_NEW").status is Status.RINGING
    assert event_of("CALL_REDIRECT").status is Status.CONNECTING_OPERATOR
    assert event_of("CALL_ANSWER").status is Status.CONNECTING_OPERATOR
    assert event_of("CALL_ANSWER", direction="OUT").status is Status.RINGING
    assert event_of("CALL_UNHEARD_OF").status is Status.RINGING
    end = event_of("CALL_END", state="NOANSWER", secondsFullTime=17, secondsTalk=0)
    assert (end.status, end.ended_at) == (Status.MISSED, START + 17)


def test_an_end_without_a_state_is_an_end() -> None:
    assert event_of("CALL_END", secondsFullTime=17).status is Status.UNKNOWN_ERROR


def test_one_call_told_in_any_order_is_the_same_call() -> None:
    """Events come late and twice, and history says the same under the same id."""
    statements = [
        event_of("CALL_NEW", to=[]),
        event_of("CALL_REDIRECT"),
        event_of("CALL_ANSWER", to=["2001"]),
        event_of(
            "CALL_END", to=["2001"], state="ANSWER", secondsFullTime=60, secondsTalk=43, link=LINK
        ),
        facts_of(to=["2001"], state="ANSWER", secondsFullTime=60, secondsTalk=43, link=LINK),
    ]
    seen = set()
    for order in itertools.permutations(statements):
        call: MergedCall | None = None
        for facts in (*order, *order):
            call = merge(call, facts, now=NOW)
        assert call is not None
        seen.add(repr(replace(call, strengths={})))
        assert (call.status, call.extension, call.wait, call.talk) == (
            Status.ANSWERED,
            "2001",
            17,
            43,
        )
        assert call.recording_url == LINK
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("changes", "told_of"),
    [
        ({"dbid": None}, "dbid: is missing"),
        ({"dbid": [1]}, "dbid: expected text"),
        ({"direction": "SIDEWAYS"}, "direction: expected IN, OUT or INNER"),
        ({"date": None}, "date: is missing"),
        ({"date": "yesterday"}, "date: expected a time like 2026-11-22 10:00:00"),
        ({"date": "2026-11-22"}, "date: expected a time like 2026-11-22 10:00:00"),
        ({"date": "1970-01-01 00:00:00"}, "date: the year is not between 2000 and 2099"),
        ({"date": "2026-11-25 10:00:00"}, "date: is over two days ahead"),
    ],
)
def test_what_is_no_call_is_refused(changes: dict[str, Any], told_of: str) -> None:
    [reject] = told("CALL_END", **changes)
    assert isinstance(reject, Reject)
    assert reject.errors[0].startswith(told_of)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'"call"', b"null", b"\xff\xfe", b"[" * 9999])
def test_nothing_that_is_posted_is_raised(body: bytes) -> None:
    [reject] = source().read_hook(body, "application/json")
    assert isinstance(reject, Reject)


def test_what_is_wrong_in_a_call_costs_only_its_field() -> None:
    facts = facts_of(secondsFullTime="long", secondsTalk=-1, outerNumber={"a": 1}, to="2000")
    assert (facts.line, facts.rang, facts.ended_at) == (None, ("2000",), None)
    assert len(facts.flaws) == 3


def test_a_link_that_is_no_address_is_no_recording() -> None:
    assert facts_of(state="ANSWER", link="file:///etc/passwd").recording_url is None
    assert facts_of(state="NOANSWER", link=LINK).recording_url is None


def test_history_without_dbid_goes_by_its_id() -> None:
    facts = read({**unitalk_call(0, DATE), "dbid": None, "id": 275})
    assert isinstance(facts, CallFacts)
    assert facts.external_id == "275"


def test_the_clock_of_a_winter_night_is_read() -> None:
    """03:30 comes twice on 25 October 2026; it is read as the first."""
    assert facts_of(date="2026-10-25 03:30:00").started_at == at("2026-10-25 03:30:00")
    assert facts_of(date="2026-03-29 03:30:00").started_at == at("2026-03-29 04:30:00")
