"""The mappings that are shipped, on what the vendors say they post."""

import json
from typing import Any

import pytest

from bot.config.sources import MappingSettings, OneVoipPlanetSettings
from bot.domain.calls import CallFacts, Direction, Status
from bot.domain.merging import MergedCall
from bot.sources.base import HookSource, Reading
from bot.sources.http_api import create_client
from bot.sources.registry import create_source
from tests.support.posted import posted_by, together

START = 1795334400


class Clock:
    """Goes on with each event that is posted."""

    now = START

    def __call__(self) -> int:
        return self.now


def source_of(vendor: str, clock: Clock | None = None) -> HookSource:
    settings = (
        OneVoipPlanetSettings(kind="onevoiplanet")
        if vendor == "onevoiplanet"
        else MappingSettings(kind="mapping", file=vendor)
    )
    made = create_source("office", settings, http=create_client(), clock=clock or Clock())
    assert isinstance(made, HookSource)
    return made


def read(source: HookSource, posted: object) -> Reading:
    [reading] = source.read_hook(json.dumps(posted).encode(), "application/json")
    return reading


def call_of(vendor: str, *changes: dict[str, Any]) -> MergedCall:
    source = source_of(vendor)
    bodies = [body | change for body, change in zip(posted_by(vendor), changes, strict=True)]
    return together(*(read(source, body) for body in bodies), now=START + 9999)


# Yeastar


def test_yeastar() -> None:
    [facts] = [read(source_of("yeastar"), body) for body in posted_by("yeastar")]
    assert isinstance(facts, CallFacts)
    assert (facts.status, facts.direction) == (Status.ANSWERED, Direction.IN)
    assert (facts.caller.number, facts.callee.number, facts.callee.name) == (
        "0671234567",
        "2002",
        "Olena",
    )
    assert (facts.line, facts.extension) == ("0445550101", "2002")
    assert (facts.started_at, facts.ended_at, facts.talk) == (START, START + 24, 21)


@pytest.mark.parametrize(
    ("word", "way", "status"),
    [
        ("NO ANSWER", "Inbound", "missed"),
        ("NO ANSWER", "Outbound", "no_answer"),
        ("BUSY", "Outbound", "rejected_by_subscriber"),
        ("VOICEMAIL", "Inbound", "missed"),
        ("ABANDONED", "Inbound", "missed"),
        ("NEWER", "Inbound", "unknown_error"),
    ],
)
def test_statuses_of_yeastar(word: str, way: str, status: str) -> None:
    [body] = posted_by("yeastar")
    call = json.loads(body["msg"]) | {"status": word, "type": way}
    for msg in (call, json.dumps(call)):  # an object in some releases, a text in others
        facts = read(source_of("yeastar"), body | {"msg": msg})
        assert isinstance(facts, CallFacts)
        assert (facts.status, facts.raw_status) == (status, word)
        if status == "missed":  # what was talked, a voicemail heard
            assert (facts.extension, facts.rang) == (None, ("2002",))


def test_other_events_of_yeastar_are_no_calls() -> None:
    assert source_of("yeastar").read_hook(b'{"type": 30011, "msg": "{}"}', "") == []


# Stream Telecom


def test_stream_telecom_is_one_call_whichever_phones_ring() -> None:
    call = call_of("streamtelecom", {}, {}, {}, {}, {})
    assert (call.external_id, call.status, call.direction) == ("s1", "answered", "in")
    assert (call.client, call.line) == ("+380671234567", "380445550101")
    assert (call.extension, call.rang) == ("80044022204", ("80044022203", "80044022204"))
    assert (call.started_at, call.wait, call.talk) == (START, 10, 30)
    assert call.recording_url == "https://gate.example.com/audio?c2"


def test_a_phone_that_stops_ringing_is_no_missed_call_yet() -> None:
    source = source_of("streamtelecom")
    statuses = []
    for body in posted_by("streamtelecom"):
        facts = read(source, body)
        assert isinstance(facts, CallFacts)
        statuses.append(str(facts.status))
    assert statuses == ["connecting_operator"] * 3 + ["answered"] * 2


def test_statuses_of_stream_telecom() -> None:
    source, (*_, hangup) = source_of("streamtelecom"), posted_by("streamtelecom")
    alone = hangup | {"join": "no", "result": "no answer", "time_answer": "null"}
    for change, status in (
        ({}, "missed"),
        ({"type": "out"}, "no_answer"),
        ({"event": "End_in"}, "missed"),
    ):
        facts = read(source, alone | change)
        assert isinstance(facts, CallFacts)
        assert (facts.status, facts.answered_at) == (status, None)
        assert facts.ended_at == START + 40


# Phonet


def test_phonet() -> None:
    call = call_of("phonet", {}, {}, {})
    assert (call.external_id, call.status, call.direction) == ("p1", "answered", "in")
    assert (call.client, call.caller_name, call.extension) == ("+380671234567", "Ганна", "001")
    assert (call.started_at, call.wait, call.talk) == (START, 10, 30)


def test_statuses_of_phonet() -> None:
    source, (*_, hangup) = source_of("phonet"), posted_by("phonet")
    unanswered = hangup | {"bridgeAt": None}
    for change, status in (
        ({}, "missed"),
        ({"lgDirection": 2}, "no_answer"),
        ({"parentUuid": "p0"}, "connecting_operator"),
    ):
        facts = read(source, unanswered | change)
        assert isinstance(facts, CallFacts)
        assert facts.status == status
    assert source.read_hook(json.dumps(hangup | {"lgDirection": 32}).encode(), "") == []


# OneVOIPlanet


def planet(*states: tuple[int, dict[str, Any]]) -> MergedCall:
    """A call of these events, each so many seconds after the first."""
    clock = Clock()
    source = source_of("onevoiplanet", clock)
    [begun, *_] = posted_by("onevoiplanet")
    readings = []
    for after, change in states:
        clock.now = START + after
        readings.append(read(source, begun | {"call": begun["call"] | change}))
    return together(*readings, now=START + 9999)


STARTED = (0, {"state": "started"})
ANSWERED = (9, {"state": "answered"})
COMPLETED = (51, {"state": "completed", "duration": 42, "audio_url": "https://r.example.com/1"})


def test_onevoiplanet_by_the_times_of_its_posts() -> None:
    call = planet(STARTED, ANSWERED, COMPLETED)
    assert (call.status, call.direction, call.client) == ("answered", "in", "+380671234567")
    assert (call.extension, call.recording_url) == ("000domainc261", "https://r.example.com/1")
    assert (call.started_at, call.wait, call.talk) == (START, 9, 42)
    assert planet(STARTED, ANSWERED, COMPLETED, (600, COMPLETED[1])) == call


def test_the_end_alone_is_a_call_too() -> None:
    call = planet(COMPLETED)
    assert (call.started_at, call.wait, call.talk) == (START + 9, 0, 42)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"state": "completed"}, "missed"),
        ({"state": "completed", "duration": 0}, "missed"),
        ({"state": "canceled"}, "missed"),
        ({"state": "busy"}, "missed"),
        ({"state": "completed", "direction": "outgoing"}, "no_answer"),
        ({"state": "canceled", "direction": "outgoing"}, "cancelled_by_operator"),
        ({"state": "busy", "direction": "outgoing"}, "rejected_by_subscriber"),
        ({"state": "transferred"}, "answered"),
        ({"state": "newer"}, "unknown_error"),
    ],
)
def test_states_of_onevoiplanet(change: dict[str, Any], status: str) -> None:
    call = planet((0, change | {"state": "started"}), (17, change))
    assert (call.status, call.raw_status) == (status, change["state"])
    if status == "missed":
        assert (call.extension, call.rang, call.wait) == (None, ("000domainc261",), 17)
    if call.direction is Direction.OUT:
        assert (call.caller_number, call.callee_number) == ("000domainc261", "+380671234567")


def test_what_is_no_call_of_onevoiplanet() -> None:
    assert source_of("onevoiplanet").read_hook(b'{"action": "ping"}', "") == []
