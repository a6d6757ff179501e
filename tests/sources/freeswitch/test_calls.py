"""Records of mod_json_cdr: whole calls, whichever legs are logged and in whatever order."""

import base64
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from bot.config.sources import FreeSwitchSettings
from bot.domain.calls import CallFacts, Direction, EndedBy, Reject
from bot.domain.merging import MergedCall
from bot.sources.base import HookSource, Reading
from bot.sources.http_api import create_client
from bot.sources.registry import create_source
from tests.support.freeswitch_legs import CLIENT, DID, START, leg, rung
from tests.support.posted import together

NOW = START + 9999


def source(**settings: Any) -> HookSource:
    chosen = FreeSwitchSettings(kind="freeswitch", **settings)
    made = create_source("switch", chosen, http=create_client(), clock=lambda: NOW)
    assert isinstance(made, HookSource)
    return made


def read(record: object, **settings: Any) -> Reading:
    [reading] = source(**settings).read_hook(json.dumps(record).encode(), "application/json")
    return reading


def call_of(*records: object) -> MergedCall:
    return together(*map(read, records), now=NOW)


def facts_of(record: object, **settings: Any) -> CallFacts:
    facts = read(record, **settings)
    assert isinstance(facts, CallFacts), facts
    return facts


def talk(**more: Any) -> dict[str, Any]:
    said: dict[str, Any] = {
        "bridged": 10,
        "bridge_uuid": "b2",
        "bridge_channel": "sofia/internal/102@192.0.2.9:5060",
        "sip_hangup_disposition": "recv_bye",
    }
    return leg("a", **(said | more))


LOSER = rung("b1", "101", "a", began=1, ended=10, hangup_cause="LOSE_RACE")
WINNER = rung("b2", "102", "a", began=1, bridged=10, sip_hangup_disposition="send_bye")


def test_a_ring_group_is_one_call() -> None:
    call = call_of(LOSER, WINNER, talk())
    assert (call.external_id, call.status, call.direction) == ("a", "answered", "in")
    assert (call.client, call.line, call.extension) == ("+380671234567", DID, "102")
    assert call.rang == ("101", "102")
    assert (call.started_at, call.wait, call.talk) == (START, 10, 30)
    assert (call.ended_by, call.raw_status) == (EndedBy.CALLER, "NORMAL_CLEARING")


def test_the_same_call_is_the_same_without_the_legs_to_the_phones() -> None:
    alone, whole = call_of(talk()), call_of(LOSER, WINNER, talk())
    assert alone.rang == ("102",)
    for name in ("status", "client", "extension", "wait", "talk", "ended_by", "line"):
        assert getattr(alone, name) == getattr(whole, name)


def test_a_phone_that_does_not_answer_is_no_lost_call_yet() -> None:
    for record in (LOSER, rung("b1", "101", "a", hangup_cause="NO_ANSWER")):
        facts = facts_of(record)
        assert (facts.external_id, facts.status) == ("a", "connecting_operator")
        assert (facts.direction, facts.caller.number, facts.rang) == ("in", CLIENT, ("101",))


def test_what_only_a_menu_or_a_voicemail_answered_is_missed() -> None:
    record = leg("a", answer_epoch=str(START + 1), billsec="39", sip_hangup_disposition="recv_bye")
    call = call_of(LOSER, record)
    assert (call.status, call.lost, call.rang) == ("missed", True, ("101",))
    assert (call.wait, call.talk, call.ended_by) == (40, 0, EndedBy.CALLER)


@pytest.mark.parametrize(
    ("cause", "others", "status"),
    [
        ("ORIGINATOR_CANCEL", "NO_ANSWER", "missed"),
        ("NO_ANSWER", None, "missed"),
        ("USER_BUSY", None, "missed"),
        ("NORMAL_CLEARING", "USER_NOT_REGISTERED", "missed_offline"),
        ("SUBSCRIBER_ABSENT", None, "missed_offline"),
        ("NORMAL_CIRCUIT_CONGESTION", None, "no_channels"),
        ("INTERWORKING", None, "unknown_error"),
        ("SOMETHING_NEW", None, "unknown_error"),
    ],
)
def test_causes_of_calls_in(cause: str, others: str | None, status: str) -> None:
    more: dict[str, Any] = {"originate_disposition": others} if others else {}
    facts = facts_of(leg("a", hangup_cause=cause, **more))
    assert (facts.direction, facts.status) == (Direction.IN, status)
    assert facts.raw_status in {cause, others}
    assert facts.extension is None


def outgoing(**more: Any) -> dict[str, Any]:
    return leg("a", caller="101", dialled="0671234567", sip_auth_username="101", **more)


@pytest.mark.parametrize(
    ("cause", "others", "status"),
    [
        ("ORIGINATOR_CANCEL", "NO_ANSWER", "cancelled_by_operator"),
        ("NORMAL_CLEARING", "USER_BUSY", "rejected_by_subscriber"),
        ("CALL_REJECTED", None, "rejected_by_subscriber"),
        ("NO_ANSWER", None, "no_answer"),
        ("NORMAL_CLEARING", None, "no_answer"),
        ("UNALLOCATED_NUMBER", None, "unreachable"),
        ("SUBSCRIBER_ABSENT", None, "unreachable"),
        ("SWITCH_CONGESTION", None, "no_channels"),
        ("NORMAL_UNSPECIFIED", None, "unknown_error"),
    ],
)
def test_causes_of_calls_out(cause: str, others: str | None, status: str) -> None:
    more: dict[str, Any] = {"last_bridge_hangup_cause": others} if others else {}
    facts = facts_of(outgoing(hangup_cause=cause, **more))
    assert (facts.direction, facts.status) == (Direction.OUT, status)
    assert (facts.caller.number, facts.callee.number) == ("101", "0671234567")
    assert (facts.extension, facts.line) == ("101", None)


def test_a_call_out_through_a_gateway() -> None:
    own = leg(
        "a", caller="101", dialled="0671234567", bridged=8, user_name="101",
        bridge_uuid="g", sip_hangup_disposition="send_bye",
    )  # fmt: skip
    gateway = leg(
        "g", direction="outbound", caller="380445550101", dialled="380671234567", began=1,
        bridged=8, originator="a", channel_name="sofia/external/380671234567@192.0.2.77",
    )  # fmt: skip
    call = call_of(gateway, own)
    assert (call.external_id, call.direction, call.status) == ("a", "out", "answered")
    assert (call.client, call.extension, call.talk) == ("+380671234567", "101", 32)
    assert (call.caller_number, call.ended_by) == ("101", EndedBy.CALLEE)


def test_a_call_between_extensions() -> None:
    record = leg("a", caller="101", dialled="102", bridged=5, bridge_uuid="b2")
    facts = facts_of(record)
    assert (facts.direction, facts.extension) == (Direction.INTERNAL, "101")
    assert facts_of(rung("b2", "102", "a", caller="101")).direction is Direction.INTERNAL


def test_fusionpbx_says_the_direction_itself() -> None:
    for said, direction in (("inbound", "in"), ("outbound", "out"), ("local", "internal")):
        assert facts_of(leg("a", call_direction=said)).direction == direction


def test_a_call_that_the_pbx_was_asked_to_make() -> None:
    first = leg(
        "a", direction="outbound", caller="0000", dialled="101", bridged=12, bridge_uuid="g",
        last_sent_callee_id_number="0671234567", sip_hangup_disposition="recv_bye",
    )  # fmt: skip
    facts = facts_of(first)
    assert (facts.direction, facts.extension) == (Direction.OUT, "101")
    assert (facts.callee.number, facts.ended_by) == ("0671234567", EndedBy.CALLER)


def test_a_queue_is_one_call() -> None:
    member = leg(
        "a", bridged=25, bridge_uuid="ag2", cc_side="member", cc_queue="sales@example.com",
        cc_agent="102@example.com", cc_cause="answered", answer_epoch=str(START + 1),
    )  # fmt: skip
    agents = [
        rung(f"ag{n}", f"10{n}", f"ag{n}", cc_side="agent", cc_member_session_uuid="a",
             originator="", cc_queue="sales@example.com", began=5, ended=20)
        for n in (1, 2)
    ]  # fmt: skip
    call = call_of(*agents, member)
    assert (call.external_id, call.queue, call.extension) == ("a", "sales", "102")
    assert (call.rang, call.wait, call.talk) == (("101", "102"), 25, 15)
    gone = leg("a", cc_side="member", cc_queue="sales@example.com", cc_cause="cancel")
    lost = call_of(agents[0], gone)
    assert (lost.status, lost.queue, lost.rang) == ("missed", "sales", ("101",))


def test_a_transfer_keeps_the_first_answer() -> None:
    record = talk(bridged=30)
    first = {**record["callflow"][0], "times": {"bridged_time": str((START + 10) * 10**6)}}
    record["callflow"] = [record["callflow"][0], first]
    assert facts_of(record).answered_at == START + 10


@pytest.mark.parametrize(
    ("cause", "disposition", "is_talk", "ended_by"),
    [
        ("NORMAL_CLEARING", "recv_bye", True, EndedBy.CALLER),
        ("NORMAL_CLEARING", "send_bye", True, EndedBy.CALLEE),
        ("ORIGINATOR_CANCEL", "recv_cancel", False, EndedBy.CALLER),
        ("NORMAL_CLEARING", "send_bye", False, EndedBy.SYSTEM),
        ("ALLOTTED_TIMEOUT", "send_bye", True, EndedBy.SYSTEM),
        ("USER_BUSY", "send_refuse", False, None),
        ("NORMAL_CLEARING", "", True, None),
    ],
)
def test_who_hung_up(
    cause: str, disposition: str, is_talk: bool, ended_by: EndedBy | None
) -> None:
    record = talk() if is_talk else leg("a")
    said = {"hangup_cause": cause, "sip_hangup_disposition": disposition}
    assert facts_of(record | {"variables": record["variables"] | said}).ended_by is ended_by


def test_a_talk_that_the_network_ended() -> None:
    assert facts_of(talk(hangup_cause="MEDIA_TIMEOUT")).status == "network_error"
    assert call_of(talk(hangup_cause="MEDIA_TIMEOUT")).talk == 30


def test_a_recording_is_where_a_web_server_shows_it() -> None:
    folder = "/var/lib/freeswitch/recordings/example.com/archive/2026/Nov/22"
    record = talk(record_path=folder, record_name="a b.mp3")
    assert facts_of(record).recording_url is None
    facts = facts_of(record, recordings_url="https://pbx.example.com/rec/")
    assert facts.recording_url == (
        "https://pbx.example.com/rec/example.com/archive/2026/Nov/22/a%20b.mp3"
    )


def test_each_way_of_posting_reads_the_same() -> None:
    plain = json.dumps(talk(encodes=False))
    encoded = json.dumps(talk())
    packed = base64.b64encode(encoded.encode()).decode()
    form = "application/x-www-form-urlencoded"
    for body, content_type in (
        (plain, "application/json"),
        (encoded, "application/json"),
        (encoded, ""),
        (urlencode({"cdr": encoded}), form),
        (f"cdr={packed}", "application/x-www-form-base64-encoded"),
        (f"cdr={packed}", form),
        (urlencode({"cdr": packed}), "application/x-www-form-base64-encoded"),
    ):
        assert source().read_hook(body.encode(), content_type) == [facts_of(talk())], content_type


def test_times_without_epochs_are_local() -> None:
    record = talk()
    for name in ("start_epoch", "start_uepoch"):
        del record["variables"][name]
    assert facts_of(record).started_at == START
    assert facts_of(record, timezone="UTC").started_at == START + 7200


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "JSON"),
        (b"{}", "variables: is missing"),
        (b"[1]", "variables: is missing"),
        (b"cdr=%%%", "JSON"),
        (b"cdr=aGVsbG8=", "JSON"),
        (json.dumps(leg("")).encode(), "uuid: is missing"),
        (json.dumps(leg("x" * 201)).encode(), "uuid: expected"),
        (json.dumps(leg("a", start_epoch="0", start_uepoch="", start_stamp="")).encode(), "start"),
        (json.dumps(leg("a", began=9 * 86400)).encode(), "two days ahead"),
    ],
)
def test_what_cannot_be_read(body: bytes, error: str) -> None:
    [reject] = source().read_hook(body, "")
    assert isinstance(reject, Reject)
    assert error in reject.errors[0]


def test_unknown_and_missing_fields_stop_nothing() -> None:
    least = {"variables": {"uuid": "a", "start_epoch": str(START)}, "callflow": "none"}
    facts = facts_of(least)
    assert (facts.status, facts.direction) == ("missed", Direction.IN)
    assert facts_of({**talk(), "callflow": [None, 5]}).status == "answered"
