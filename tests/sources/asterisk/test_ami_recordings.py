"""Recordings of real Asterisks: what truly happened comes out, however they are heard."""

import random
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise

import pytest

from bot.domain.calls import CallFacts, EndedBy
from bot.domain.merging import MergedCall
from bot.sources.asterisk.ami_calls import AmiCalls
from bot.sources.asterisk.ami_packets import Packet
from bot.sources.asterisk.master_csv import MasterCsvSource
from tests.support.ami_recordings import (
    DATA,
    IAX2,
    LATER,
    PJSIP,
    SETTINGS,
    Timed,
    calls_of,
    recorded,
    replay,
    timed,
    truth,
)

NAMES = (IAX2, PJSIP)
CLIENT_SIDE = {"caller": EndedBy.CALLER, "system": EndedBy.SYSTEM}


def without_records(events: Timed) -> Timed:
    """As an Asterisk tells them that writes neither CEL nor CDR to AMI."""
    return [one for one in events if one[1]["event"] not in {"CEL", "Cdr"}]


def at_once(events: Timed) -> Timed:
    """As they come after nobody has read for long: all in one moment."""
    return [(LATER, packet) for _, packet in events]


def paced(events: Timed) -> Timed:
    return events


WAYS = {"paced": paced, "bare": without_records, "at_once": at_once}


@pytest.mark.parametrize("way", WAYS)
def test_twelve_calls_with_iax2_names(way: str) -> None:
    calls = calls_of(replay(WAYS[way](timed(recorded(IAX2)))))
    told = truth(IAX2)
    assert set(calls) == {one["linkedid"] for one in told}
    for one in told:
        call = calls[one["linkedid"]]
        _assert_as_expected(call, one)


def _assert_as_expected(call: MergedCall, one: dict[str, object]) -> None:
    is_in = one["direction"] == "in"
    client = call.caller_number if is_in else call.callee_number
    assert (call.direction, call.status) == (one["direction"], one["status"])
    assert (client, call.extension) == (one["customer"], one["answered_by"])
    assert (call.caller_name if is_in else None) == one["customer_name"]
    assert (call.line, call.queue) == (one["line"], one["queue"])
    assert (list(call.rang), call.ended_by) == (one["rang"], one["ended_by"])
    assert call.lost == one["missed"]
    for said, true in ((call.wait, one["wait_seconds"]), (call.talk, one["talk_seconds"])):
        assert said == pytest.approx(true, abs=1)
    assert call.started_at == pytest.approx(_seconds(str(one["started_at"])), abs=1)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize("way", WAYS)
def test_thirteen_calls_with_pjsip_names(way: str) -> None:
    calls = [*calls_of(replay(WAYS[way](timed(recorded(PJSIP))))).values()]
    told = truth(PJSIP)
    assert len(calls) == len(told)
    for call, one in zip(calls, told, strict=True):
        is_queue = "queue" in one["note"]
        assert call.started_at == pytest.approx(one["began"], abs=1), one["note"]
        assert call.talked == (one["answered"] and one["note"] != "queue, abandoned")
        if not is_queue:
            assert call.wait == pytest.approx(one["wait"], abs=1), one["note"]
            assert call.talk == pytest.approx(one["talk"], abs=1), one["note"]
        else:
            whole = (call.wait or 0) + (call.talk or 0)
            assert whole == pytest.approx(one["wait"] + one["talk"], abs=1)
        true = one["ended_by"]
        expected = CLIENT_SIDE.get(true, EndedBy.CALLEE)  # no system ended a talk here
        assert call.ended_by == expected, one["note"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", WAYS)
def test_what_is_said_twice_changes_nothing(name: str, way: str) -> None:
    events = WAYS[way](timed(recorded(name)))
    once = calls_of(replay(events))
    assert calls_of(replay([one for one in events for _ in range(2)])) == once
    assert calls_of(replay(events + events)) == once


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", ["paced", "bare"])
def test_events_of_one_second_may_change_places(name: str, way: str) -> None:
    events = WAYS[way](timed(recorded(name)))
    once = {key: _told(call) for key, call in calls_of(replay(events)).items()}
    for seed in range(20):
        chance = random.Random(seed)
        mixed = list(events)
        for _ in range(len(mixed) // 4):
            place = chance.randrange(len(mixed) - 1)
            if _may_swap(mixed[place], mixed[place + 1]):
                mixed[place : place + 2] = mixed[place + 1], mixed[place]
        calls = calls_of(replay(mixed))
        assert {key: _told(call) for key, call in calls.items()} == once, seed


def _may_swap(one: tuple[float, Packet], other: tuple[float, Packet]) -> bool:
    """Asterisk tells what happens to one channel in order, and of a channel's birth first."""
    is_same = one[1].get("uniqueid") == other[1].get("uniqueid")
    births = {one[1]["event"], other[1]["event"]} & {"Newchannel"}
    return one[0] == other[0] and not is_same and not births


def _told(call: MergedCall) -> object:
    return (
        *(call.direction, call.status, call.extension, call.rang, call.ended_by, call.queue),
        *(call.caller_number, call.callee_number, call.line, call.started_at),
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("has_records", [True, False])
@pytest.mark.parametrize("lost", [0, 3, 10])
@pytest.mark.parametrize("is_listed", [True, False])
def test_a_break_anywhere_makes_nothing_wrong(
    name: str, has_records: bool, lost: int, is_listed: bool
) -> None:
    """`lost` events are never heard; what is alive then is listed, or nothing is."""
    events = timed(recorded(name))
    events = events if has_records else without_records(events)
    finished = expected = 0
    for part in _call_by_call(events):
        whole = calls_of(replay(part))
        for place in range(0, len(part), 1 if lost == 0 else 4):
            live = AmiCalls("pbx", SETTINGS)
            stated = replay(part[:place], live=live)
            live.lose(part[place][0])
            rest = part[place + lost :]
            moment = rest[0][0] if rest else LATER
            heard = [packet for _, packet in part[: place + lost]]
            listing = _listing(heard) if is_listed else [{"event": "CoreShowChannelsComplete"}]
            if not is_listed:
                listing.insert(0, {"event": "FullyBooted", "uptime": "0"})  # which is not true
            stated += replay([(moment, one) for one in listing] + rest, live=live)
            finished += _assert_honest(calls_of(stated), whole, f"cut at {place}")
            expected += len(whole)
    assert finished > expected * (0.8 if is_listed and lost == 0 else 0.25)


def _call_by_call(events: Timed) -> Iterator[Timed]:
    """The events in parts, each of a call and what is said late of the one before."""
    alive: set[str] = set()
    part: Timed = []
    for one in events:
        _, packet = one
        if packet["event"] == "Newchannel":
            if not alive and part:
                yield part
                part = []
            alive.add(packet["uniqueid"])
        elif packet["event"] == "Hangup":
            alive.discard(packet["uniqueid"])
        part.append(one)
    yield part


def _assert_honest(calls: dict[str, MergedCall], whole: dict[str, MergedCall], where: str) -> int:
    """Less may be known than the whole says, nothing else. Returns how many calls are over."""
    assert set(calls) <= set(whole), f"{where}: a call that never was"
    over = 0
    for key, call in calls.items():
        true = whole[key]
        if call.status.is_live:
            continue
        over += 1
        assert (call.direction, call.talked, call.lost) == (
            *(true.direction, true.talked, true.lost),
        ), f"{where}: {key}"
        assert call.extension in {None, true.extension}, f"{where}: {key}"
        assert call.ended_by in {None, true.ended_by}, f"{where}: {key}"
        assert call.client == true.client, f"{where}: {key}"
    return over


def _listing(heard: Iterable[Packet]) -> list[Packet]:
    """What CoreShowChannels would list after these events."""
    alive: dict[str, Packet] = {}
    for packet in heard:
        event, uniqueid = packet["event"], packet.get("uniqueid", "")
        if event in {"Newchannel", "Newstate", "BridgeEnter", "BridgeLeave", "Newexten"}:
            entry = alive.setdefault(uniqueid, {"duration": "00:00:01"})
            entry |= {key: value for key, value in packet.items() if key != "event"}
            if event == "BridgeEnter":
                entry["bridgeid"] = packet["bridgeuniqueid"]
            elif event == "BridgeLeave":
                entry["bridgeid"] = ""
            if event == "Newexten":
                entry["applicationdata"] = packet["appdata"]
        elif event == "Hangup":
            alive.pop(uniqueid, None)
    listed = [{**entry, "event": "CoreShowChannel"} for entry in alive.values()]
    return [*listed, {"event": "CoreShowChannelsComplete"}]


@pytest.mark.parametrize("is_live_first", [True, False])
def test_what_was_heard_and_the_history_are_one_call_and_spoil_nothing(
    is_live_first: bool,
) -> None:
    heard = replay(timed(recorded(IAX2)))
    with (DATA / "Master.csv").open("rb") as file:
        read = list(MasterCsvSource("pbx", SETTINGS).read_files([file]))
    history = [one for one in read if isinstance(one, CallFacts)]
    calls = calls_of([*heard, *history] if is_live_first else [*history, *heard])
    told = truth(IAX2)
    assert set(calls) == {one["linkedid"] for one in told}
    for one in told:
        _assert_as_expected(calls[one["linkedid"]], one)


def test_a_call_is_stated_only_when_something_is_new() -> None:
    for name in NAMES:
        stated = replay(timed(recorded(name)))
        assert len(stated) < 6 * len(truth(name))
        for one, other in pairwise(stated):
            assert one != other
