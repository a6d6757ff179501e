"""What a real Asterisk 22 said in tests/lab: every call heard live is the call that was made."""

from datetime import datetime
from typing import Any

import pytest

from bot.config.sources import AsteriskSettings
from bot.domain.calls import Direction
from bot.domain.merging import MergedCall, merge
from bot.sources.asterisk.ami_calls import AmiCalls
from bot.sources.asterisk.ami_packets import PacketReader
from tests.support.lab_recordings import ALL, connections, truth

UNKNOWN_MIDWAY = {"line", "wait_seconds", "talk_seconds"}
"""What of a call that went on before the connection nobody can tell."""


def heard(name: str) -> dict[str, MergedCall]:
    zone = truth(name)["timezone"]
    live = AmiCalls("pbx", AsteriskSettings(kind="asterisk", timezone=zone))
    calls: dict[str, MergedCall] = {}
    for number, connection in enumerate(connections(name)):
        if number:
            live.lose(connection.arrivals[0][1])
        reader = PacketReader(encoding="utf-8", wanted=live.events)
        begin = connection.data.index(b"\r\n") + 2  # behind the greeting
        for until, moment in connection.arrivals:
            for packet in reader.read(connection.data[begin : max(begin, until)]):
                live.hear(packet, moment)
                for facts in live.statements():
                    key = facts.external_id
                    calls[key] = merge(calls.get(key), facts, now=int(moment))
            begin = max(begin, until)
    return calls


@pytest.mark.parametrize("name", ALL)
def test_calls_of_the_laboratory(name: str) -> None:
    calls, told = heard(name), truth(name)["calls"]
    expected = {one["linkedid"] for one in told if one.get("client_was_called") is not False}
    assert set(calls) - expected <= {one["linkedid"] for one in told}
    assert expected <= set(calls)
    wrong = [
        (one["play"], differing)
        for one in told
        if one["linkedid"] in expected
        and (differing := _differing(calls[one["linkedid"]], one, is_midway=name == "midway"))
    ]
    assert not wrong


def _differing(call: MergedCall, one: dict[str, Any], *, is_midway: bool) -> dict[str, Any]:
    is_in = call.direction is Direction.IN
    outside = call.caller_number if is_in else call.callee_number
    said = {
        "direction": call.direction.value,
        "status": call.status.value,
        "customer": None if call.direction is Direction.INTERNAL else outside,
        "line": call.line,
        "queue": call.queue,
        "answered_by": call.extension,
        "rang": sorted(call.rang),
        "ended_by": call.ended_by.value if call.ended_by else None,
        "missed": call.lost,
    }
    found: dict[str, tuple[Any, Any]] = {}
    for key, value in said.items():
        true = sorted(one[key]) if key == "rang" else one[key]
        if value != true and value not in one.get("fair", {}).get(key, []):
            found[key] = (value, true)
    started_at = datetime.fromisoformat(one["started_at"]).timestamp()
    for key, moment, true_moment in (
        ("started_at", call.started_at, started_at),
        ("wait_seconds", call.wait, one["wait_seconds"]),
        ("talk_seconds", call.talk, one["talk_seconds"]),
    ):
        if moment is None or abs(moment - true_moment) > 1:
            found[key] = (moment, true_moment)
    if is_midway:
        found = {
            key: pair
            for key, pair in found.items()
            if pair[0] is not None or key not in UNKNOWN_MIDWAY
        }
    return found
