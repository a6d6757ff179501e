"""What the rows of a call of MikoPBX say together: whole calls, whatever became of the legs."""

from typing import Any

import pytest
from pydantic import SecretStr

from bot.config.sources import MikopbxSettings
from bot.domain.calls import CallFacts, Direction, Party, Reject, Status
from bot.domain.merging import merge
from bot.sources.base import Reading
from bot.sources.mikopbx.calls import MikopbxReader
from bot.sources.rows import read_row
from bot.sources.times import LocalTime
from tests.support.kyiv import KYIV, at
from tests.support.mikopbx_server import KEY, cdr_row

SETTINGS = MikopbxSettings(kind="mikopbx", key=SecretStr(KEY), api_url="https://pbx.example")
DATE = "2026-11-22 10:00:00"
START = at(DATE)
NOW = START + 600
LINKED = f"mikopbx-{START}.10557"
CLIENT = "380671234567"
OUTWARD: dict[str, Any] = {
    "did": "",
    "src_num": "101",
    "dst_num": CLIENT,
    "from_account": "101",
    "to_account": "SIP-TRUNK-66453e4b",
}
QUEUE: dict[str, Any] = {"is_app": "1", "dst_chan": "Queue:2001", "dst_num": "2001"}
IVR: dict[str, Any] = {"is_app": "1", "dst_chan": "App:2002", "dst_num": "2002"}


def second(number: int) -> str:
    return f"2026-11-22 10:00:{number:02}"


def read(*rows: dict[str, Any], linkedid: str = LINKED) -> Reading:
    reader = MikopbxReader("office", SETTINGS, LocalTime(KYIV), lambda: NOW)
    return read_row({"linkedid": linkedid, "records": list(rows)}, 0, reader.read_call)


def facts_of(*rows: dict[str, Any]) -> CallFacts:
    facts = read(*rows)
    assert isinstance(facts, CallFacts), facts
    return facts


def row(number: int, start: str = DATE, **changes: Any) -> dict[str, Any]:
    return cdr_row(number, LINKED, start, **changes)


def test_an_answered_call_is_read_whole() -> None:
    answered = row(
        7,
        seconds=60,
        answered=10,
        src_name="Ганна",
        dst_name="Олена",
        recordingfile="/storage/r.webm",
        download_url="/pbxcore/api/v3/cdr:download?token=t",
    )
    assert facts_of(answered) == CallFacts(
        source="office",
        external_id=LINKED,
        direction=Direction.IN,
        status=Status.ANSWERED,
        started_at=START,
        numbers=SETTINGS.number_plan,
        raw_status="ANSWERED",
        caller=Party("Ганна", CLIENT),
        callee=Party("Олена", "380445550101"),
        line="380445550101",
        extension="101",
        rang=("101",),
        answered_at=START + 10,
        ended_at=START + 60,
        recording_url=f"pbx:{LINKED}/7",
    )


@pytest.mark.parametrize(
    ("disposition", "came_in", "went_out"),
    [
        ("NOANSWER", Status.MISSED, Status.NO_ANSWER),
        ("NO ANSWER", Status.MISSED, Status.NO_ANSWER),
        ("BUSY", Status.MISSED, Status.REJECTED_BY_SUBSCRIBER),
        ("CANCEL", Status.MISSED, Status.CANCELLED_BY_OPERATOR),
        ("CHANUNAVAIL", Status.MISSED_OFFLINE, Status.UNREACHABLE),
        ("CONGESTION", Status.NO_CHANNELS, Status.NO_CHANNELS),
        ("FAILED", Status.UNKNOWN_ERROR, Status.UNKNOWN_ERROR),
        ("INVALIDARGS", Status.UNKNOWN_ERROR, Status.UNKNOWN_ERROR),
        ("", Status.MISSED, Status.NO_ANSWER),
    ],
)
def test_every_word_has_a_status(disposition: str, came_in: Status, went_out: Status) -> None:
    """Without a disposition the status of the dial counts, here NOANSWER."""
    facts = facts_of(row(1, disposition=disposition))
    assert facts.status is came_in
    assert merge(None, facts, now=NOW).lost
    out = facts_of(row(1, disposition=disposition, **OUTWARD))
    assert (out.direction, out.status) == (Direction.OUT, went_out)
    assert not merge(None, out, now=NOW).talked


def test_a_group_that_rang_is_one_call() -> None:
    """One was offline, one rang: the call is missed, and both were rung."""
    facts = facts_of(
        row(1, disposition="CHANUNAVAIL", dst_num="101"),
        row(2, disposition="NOANSWER", dst_num="102"),
        row(3, disposition="BUSY", dst_num="103"),
    )
    assert (facts.status, facts.rang, facts.extension) == (
        Status.MISSED,
        ("101", "102", "103"),
        None,
    )


def test_an_ivr_and_a_queue_that_answered_are_no_talk() -> None:
    facts = facts_of(
        row(1, seconds=5, answered=0, **IVR),
        row(2, second(5), seconds=30, answered=20, dst_name="Продажі", **QUEUE),
        row(3, second(6), seconds=15, dst_num="102"),
    )
    assert (facts.status, facts.queue, facts.rang) == (Status.MISSED, "Продажі", ("102",))
    call = merge(None, facts, now=NOW)
    assert (call.lost, call.wait, call.talk) == (True, 35, 0)


@pytest.mark.parametrize("end", ["voicemail", "outworktimes"])
def test_voicemail_and_closed_hours_are_no_talk(end: str) -> None:
    facts = facts_of(
        row(1, disposition="NOANSWER"), row(2, second(17), seconds=20, answered=0, dst_num=end)
    )
    assert facts.status is Status.MISSED
    only = facts_of(row(2, seconds=20, answered=0, dst_num=end))
    assert (only.status, only.rang) == (Status.MISSED, ())


def test_a_call_through_an_ivr_and_a_queue_to_a_person_is_one_talk() -> None:
    facts = facts_of(
        row(3, second(6), seconds=50, answered=9, dst_num="102", dst_name="Іван"),
        row(1, seconds=5, answered=0, **IVR),
        row(2, second(5), seconds=10, answered=10, **QUEUE),
        row(4, second(6), seconds=9, dst_num="101"),
    )
    assert (facts.started_at, facts.answered_at, facts.ended_at) == (
        START,
        START + 15,
        START + 56,
    )
    assert (facts.extension, facts.rang, facts.queue) == ("102", ("102", "101"), "2001")
    assert facts.callee.name == "Іван"


def test_a_transfer_is_one_call_of_who_answered_first() -> None:
    """101 talks, asks 102, and gives the client to 102."""
    inner = {"did": "", "src_num": "101", "dst_num": "102", "from_account": "101"}
    facts = facts_of(
        row(1, seconds=11, answered=1),
        row(2, second(5), seconds=3, answered=1, transfer="1", **inner),
        row(3, second(11), seconds=20, answered=0, dst_num="102"),
    )
    assert (facts.direction, facts.status) == (Direction.IN, Status.ANSWERED)
    assert (facts.extension, facts.rang) == ("101", ("101", "102"))
    call = merge(None, facts, now=NOW)
    assert (call.client, call.wait, call.talk) == ("+380671234567", 1, 30)


def test_a_colleague_who_was_asked_is_nobody_the_client_talked_with() -> None:
    inner = {"did": "", "src_num": "101", "dst_num": "102", "from_account": "101"}
    facts = facts_of(row(1), row(2, second(5), seconds=3, answered=1, **inner))
    assert facts.status is Status.MISSED


def test_an_outgoing_call_by_the_second_trunk_is_one_call() -> None:
    facts = facts_of(
        row(1, seconds=1, disposition="CHANUNAVAIL", **OUTWARD),
        row(2, second(1), seconds=30, answered=10, src_name="Олена", **OUTWARD),
    )
    assert (facts.direction, facts.status) == (Direction.OUT, Status.ANSWERED)
    assert (facts.extension, facts.callee.number, facts.line) == ("101", CLIENT, None)
    assert merge(None, facts, now=NOW).client == "+380671234567"


def test_an_internal_call_is_nobodys_case() -> None:
    inner = {**OUTWARD, "dst_num": "102", "to_account": "102"}
    facts = facts_of(row(1, **inner))
    assert (facts.direction, facts.extension, facts.rang) == (
        Direction.INTERNAL,
        "101",
        ("102",),
    )
    assert not merge(None, facts, now=NOW).lost
    assert facts_of(row(1, seconds=20, answered=0, **{**inner, **IVR})).status is Status.ANSWERED


def test_a_short_number_over_a_trunk_is_an_outgoing_call() -> None:
    assert facts_of(row(1, **{**OUTWARD, "dst_num": "112"})).direction is Direction.OUT


def test_what_the_pbx_makes_up_to_originate_is_no_talk() -> None:
    made_up = row(1, seconds=5, answered=3, appname="originate", **OUTWARD)
    facts = facts_of(made_up, row(2, second(9), seconds=20, **OUTWARD))
    assert (facts.status, facts.started_at) == (Status.NO_ANSWER, START + 9)
    assert facts_of(made_up).status is Status.NO_ANSWER


def test_a_hidden_number_is_no_client() -> None:
    for number in ("", "anonymous"):
        call = merge(None, facts_of(row(1, src_num=number)), now=NOW)
        assert (call.client, call.lost) == (None, True)
    assert facts_of(row(1, src_num="", seconds=9, answered=2)).status is Status.ANSWERED


def test_a_call_that_grows_is_the_same_call_in_any_order() -> None:
    """First the IVR is there, then who answered, then the transfer."""
    rows = [
        row(1, seconds=5, answered=0, **IVR),
        row(2, second(5), seconds=20, answered=5),
        row(3, second(25), seconds=20, answered=0, dst_num="102"),
    ]
    grown = [facts_of(*rows[:count]) for count in (1, 2, 3)]
    for order in (grown, grown[::-1], [grown[1], grown[2], grown[0]]):
        call = None
        for facts in (*order, *order):
            call = merge(call, facts, now=NOW)
        assert call is not None
        assert (call.status, call.extension, call.rang) == (
            Status.ANSWERED,
            "101",
            ("101", "102"),
        )
        assert (call.wait, call.talk) == (10, 35)


def test_the_longest_recorded_talk_is_heard() -> None:
    recorded = {"download_url": "/pbxcore/api/v3/cdr:download?token=t"}
    facts = facts_of(
        row(1, seconds=11, answered=1, **recorded),
        row(2, second(11), seconds=40, answered=0, dst_num="102", **recorded),
        row(3, second(51), seconds=90, answered=0, dst_num="103"),
    )
    assert facts.recording_url == f"pbx:{LINKED}/2"


def test_the_linkedid_tells_which_of_two_hours_it_was() -> None:
    """03:30 comes twice on 25 October 2026; the call began in the second, and ended in winter."""
    late = at("2026-10-25 03:30:00") + 3600
    linkedid = f"mikopbx-{late}.1"
    facts = read(
        cdr_row(1, linkedid, "2026-10-25 03:30:00", seconds=60, answered=5), linkedid=linkedid
    )
    assert isinstance(facts, CallFacts)
    assert (facts.started_at, facts.answered_at, facts.ended_at) == (late, late + 5, late + 60)


@pytest.mark.parametrize(
    ("group", "wrong"),
    [
        ([], "expected an object"),
        ({"records": [{}]}, "linkedid: is missing"),
        ({"linkedid": "a", "records": []}, "records: expected the rows of a call"),
        ({"linkedid": "a", "records": [1]}, "records: expected objects"),
        ({"linkedid": "a", "records": [{}]}, "start: is missing"),
        ({"linkedid": "a", "records": [{"start": "soon"}]}, "start: expected a time"),
    ],
)
def test_what_is_no_call_is_refused(group: Any, wrong: str) -> None:
    reader = MikopbxReader("office", SETTINGS, LocalTime(KYIV), lambda: NOW)
    reject = read_row(group, 0, reader.read_call)
    assert isinstance(reject, Reject)
    assert reject.errors[0].startswith(wrong)


def test_a_row_with_nothing_but_a_start_is_a_missed_call() -> None:
    facts = facts_of({"start": DATE})
    assert (facts.direction, facts.status) == (Direction.IN, Status.UNKNOWN_ERROR)
    assert merge(None, facts, now=NOW).lost
