"""What Ringostat says of calls: its log and webhooks, each disposition, one call either way."""

import itertools
import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr

from bot.config.sources import RingostatSettings
from bot.domain.calls import CallFacts, Direction, Party, Reject, Status
from bot.domain.merging import MergedCall, merge
from bot.sources.base import Reading
from bot.sources.ringostat.calls import RingostatReader
from bot.sources.ringostat.source import RingostatSource
from bot.sources.rows import read_row
from bot.sources.times import LocalTime
from tests.support.kyiv import KYIV, at
from tests.support.plain_http import plain_http
from tests.support.ringostat_server import KEY, ringostat_call

SETTINGS = RingostatSettings(kind="ringostat", key=SecretStr(KEY))
DATE = "2026-08-08 11:11:11"
START = at(DATE)
NOW = START + 600
AUTUMN = at("2026-11-01 00:00:00")
ID = f"{START}.101"

WAV = "https://app.ringostat.com/recordings/x.wav?token=t"

DOCUMENTED = {
    "call_id": "3333333333.3333333",
    "caller": '"Support" <380671234567>',
    "callee": "380441112233",
    "status": "ANSWERED",
    "date": DATE,
    "call_duration": 50,
    "waiting": 27,
    "dialog": 23,
    "type": "out",
    "record": "3333333333.3333333",
    "recording_wav": WAV,
    "has_recording": "1",
    "employee_fio": "Олена Коваль",
    "department": "Sales",
    "staffid": "1111",
    "outbound_number": "380671234567",
}
"""A webhook as other people's pages show it."""


def source() -> RingostatSource:
    return RingostatSource("office", SETTINGS, http=plain_http(), clock=lambda: NOW)


def read(call: dict[str, Any]) -> Reading:
    reader = RingostatReader("office", SETTINGS.number_plan, LocalTime(KYIV), lambda: AUTUMN)
    return read_row(call, 0, reader.read_call)


def facts_of(**changes: Any) -> CallFacts:
    facts = read({**ringostat_call(ID, DATE), **changes})
    assert isinstance(facts, CallFacts), facts
    return facts


def told(**changes: Any) -> Reading:
    body = json.dumps({**DOCUMENTED, **changes}).encode()
    [reading] = source().read_hook(body, "application/json")
    return reading


def event_of(**changes: Any) -> CallFacts:
    facts = told(**changes)
    assert isinstance(facts, CallFacts), facts
    return facts


def test_the_documented_webhook_is_read_whole() -> None:
    assert told() == CallFacts(
        source="office",
        external_id="3333333333.3333333",
        direction=Direction.OUT,
        status=Status.ANSWERED,
        started_at=START,
        numbers=SETTINGS.number_plan,
        raw_status="ANSWERED",
        caller=Party("Олена Коваль", "380671234567"),
        callee=Party(None, "380441112233"),
        line="380671234567",
        extension="380671234567",
        answered_at=START + 27,
        ended_at=START + 50,
        wait=27,
        talk=23,
        recording_url=WAV,
    )


def test_a_form_says_the_same() -> None:
    [facts] = source().read_hook(
        urlencode(DOCUMENTED).encode(), "application/x-www-form-urlencoded"
    )
    assert facts == told()


@pytest.mark.parametrize(
    ("disposition", "came_in", "went_out"),
    [
        ("NO ANSWER", Status.MISSED, Status.NO_ANSWER),
        ("NO-ANSWER", Status.MISSED, Status.NO_ANSWER),
        ("No answer", Status.MISSED, Status.NO_ANSWER),
        ("No answer from a customer (Callback)", Status.MISSED, Status.NO_ANSWER),
        ("BUSY", Status.MISSED, Status.REJECTED_BY_SUBSCRIBER),
        ("VOICEMAIL", Status.MISSED, Status.NO_ANSWER),
        ("Wrong extension", Status.MISSED, Status.NO_ANSWER),
        ("FAILED", Status.UNKNOWN_ERROR, Status.UNKNOWN_ERROR),
        ("CANCEL", Status.MISSED, Status.CANCELLED_BY_OPERATOR),
        ("CONGESTION", Status.NO_CHANNELS, Status.NO_CHANNELS),
        ("CHANUNAVAIL", Status.MISSED_OFFLINE, Status.UNREACHABLE),
        ("ANSWERED", Status.MISSED, Status.NO_ANSWER),
        ("Forbidden destination", Status.UNKNOWN_ERROR, Status.UNKNOWN_ERROR),
        ("", Status.UNKNOWN_ERROR, Status.UNKNOWN_ERROR),
    ],
)
def test_no_talk_is_lost_or_not_reached(
    disposition: str, came_in: Status, went_out: Status
) -> None:
    """Also one "answered" without a second of talk: an IVR answered."""
    facts = facts_of(disposition=disposition)
    assert facts.status is came_in
    call = merge(None, facts, now=NOW)
    assert (call.lost, call.wait, call.talk) == (True, 17, 0)
    out = facts_of(disposition=disposition, call_type="out", additional_number="101")
    assert out.status is went_out
    assert not merge(None, out, now=NOW).talked


@pytest.mark.parametrize("disposition", ["ANSWERED", "PROPER", "REPEATED", "Repeat call"])
def test_a_talk_is_answered(disposition: str) -> None:
    facts = facts_of(
        disposition=disposition,
        duration="50",
        waittime="27",
        billsec="23",
        additional_number="101",
        employee_fio="Олена Коваль",
        has_recording="1",
        recording="https://app.ringostat.com/recordings/x.mp3",
    )
    assert (facts.status, facts.wait, facts.talk) == (Status.ANSWERED, 27, 23)
    assert (facts.answered_at, facts.ended_at) == (START + 27, START + 50)
    assert (facts.extension, facts.callee.name) == ("101", "Олена Коваль")
    assert facts.recording_url == "https://app.ringostat.com/recordings/x.mp3"


def test_seconds_of_a_machine_or_of_our_own_leg_are_no_talk() -> None:
    for disposition in ("VOICEMAIL", "No answer from a customer (Callback)"):
        facts = facts_of(disposition=disposition, billsec="40", duration="57", connected_with="1")
        assert not merge(None, facts, now=NOW).talked


def test_a_disposition_unheard_of_with_a_talk_is_a_talk() -> None:
    facts = facts_of(disposition="NEW", billsec="40", waittime="5", duration="45")
    assert facts.status is Status.UNKNOWN_ERROR
    facts = replace(facts, extension="101")
    assert merge(None, facts, now=NOW).talked


def test_time_in_an_ivr_counts_as_wait() -> None:
    facts = facts_of(disposition="ANSWERED", duration="60", waittime="20", billsec="23")
    assert (facts.wait, facts.talk, facts.ended_at) == (37, 23, START + 60)


def test_parties_of_a_call_that_came_in() -> None:
    facts = facts_of(caller='"Ганна" <380671234567>', caller_number="")
    assert facts.caller == Party("Ганна", "380671234567")
    assert (facts.line, facts.callee) == ("380445550101", Party(None, "380445550101"))
    assert facts_of(caller='"Unknown" <>', caller_number="").caller == Party()
    assert facts_of().caller == Party(None, "380671234567")
    assert facts_of(caller="380671234567").caller == Party(None, "380671234567")


def test_who_was_connected_is_the_extension() -> None:
    facts = facts_of(disposition="ANSWERED", billsec="5", connected_with="sip:101@pbx.example")
    assert (facts.extension, facts.rang) == ("101", ("101",))
    assert facts_of(connected_with="101").extension is None


def test_an_outgoing_call_is_of_the_extension_by_its_line() -> None:
    facts = facts_of(
        call_type="out",
        caller='"Support" <380445550101>',
        caller_number="",
        dst="380671234567",
        additional_number="101",
    )
    assert (facts.extension, facts.line) == ("101", "380445550101")
    assert facts.caller == Party("Support", "101")
    assert merge(None, facts, now=NOW).client == "+380671234567"
    short = facts_of(call_type="out", caller="101", caller_number="", additional_number="101")
    assert short.line is None


@pytest.mark.parametrize(
    ("written", "direction"),
    [
        ("in", Direction.IN),
        ("Incoming", Direction.IN),
        ("callback", Direction.IN),
        ("Вхідний", Direction.IN),
        ("out", Direction.OUT),
        ("вихідний", Direction.OUT),
        ("internal", Direction.INTERNAL),
    ],
)
def test_directions(written: str, direction: Direction) -> None:
    assert facts_of(call_type=written).direction is direction


def test_webhooks_before_the_end_tell_of_a_live_call() -> None:
    empty = {"call_duration": "", "waiting": "", "dialog": "", "type": "in"}
    assert event_of(**empty, status="").status is Status.RINGING
    assert event_of(**empty, status="ANSWERED").status is Status.CONNECTING_OPERATOR
    taken = event_of(type="in", call_duration=8, waiting=8, dialog=0)
    assert taken.status is Status.CONNECTING_OPERATOR
    zeros = event_of(type="in", call_duration="0", waiting="0", dialog="0", status="")
    assert (zeros.status, zeros.ended_at) == (Status.RINGING, None)


def test_one_call_told_in_any_order_is_the_same_call() -> None:
    incoming = {"call_id": ID, "type": "in", "caller": "380671234567", "callee": "380445550101"}
    talk = {"waiting": 27, "dialog": 23, "call_duration": 50}
    statements = [
        event_of(**incoming, status="", waiting="", dialog="", call_duration=""),
        event_of(**incoming, waiting=27, dialog=0, call_duration=27),
        event_of(**incoming, **talk),
        facts_of(
            disposition="PROPER",
            duration="50",
            waittime="27",
            billsec="23",
            additional_number="101",
            recording_wav=WAV,
            has_recording="1",
        ),
    ]
    seen = set()
    for order in itertools.permutations(statements):
        call: MergedCall | None = None
        for facts in (*order, *order):
            call = merge(call, facts, now=NOW)
        assert call is not None
        assert (call.external_id, call.status, call.wait, call.talk) == (
            ID,
            Status.ANSWERED,
            27,
            23,
        )
        assert (call.extension, call.line) == ("101", "380445550101")
        seen.add(repr(replace(call, strengths={})))
    assert len(seen) == 1


def test_the_id_tells_which_of_two_hours_it_was() -> None:
    """03:30 comes twice on 25 October 2026; the channel was made in the second."""
    date, second = "2026-10-25 03:30:00", at("2026-10-25 03:30:00") + 3600
    assert facts_of(calldate=date, uniqueid=f"{second}.7").started_at == second
    assert facts_of(calldate=date, uniqueid=f"{second - 3600}.7").started_at == second - 3600
    assert facts_of(calldate=date, uniqueid="nothing").started_at == second - 3600


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"call_id": ""}, "uniqueid: is missing"),
        ({"type": ""}, "call_type: expected in or out"),
        ({"date": ""}, "calldate: is missing"),
        ({"date": "11:11"}, "calldate: expected a time"),
    ],
)
def test_what_is_no_call_is_refused(changes: dict[str, Any], wrong: str) -> None:
    reject = told(**changes)
    assert isinstance(reject, Reject)
    assert reject.errors[0].startswith(wrong)


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b"\xff\xfe", b"call_id=1"])
def test_nothing_that_is_posted_is_raised(body: bytes) -> None:
    [reject] = source().read_hook(body, "application/json")
    assert isinstance(reject, Reject)
