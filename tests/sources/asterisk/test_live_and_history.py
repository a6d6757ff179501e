"""The same calls heard live and read in the history: each is one call, and not spoiled."""

from typing import Any

import pytest

from bot.config.sources import AsteriskSettings
from bot.domain.calls import CallFacts, Direction
from bot.domain.merging import MergedCall
from bot.sources.asterisk.ami_calls import AmiCalls
from bot.sources.asterisk.ami_packets import PacketReader
from tests.support.asterisk_history import differences
from tests.support.lab_recordings import RECORDED, connections, truth
from tests.support.master_csv import merged, read

ASKED = {"moved.attended", "moved.outgoing_and_connected"}
"""In these a colleague is asked first, in a call of its own: live it is known to be a part of the
client's, rows do not show that, and so it is an internal call."""


def heard(name: str) -> list[CallFacts]:
    """What is told of a recording as it comes."""
    settings = AsteriskSettings(kind="asterisk", timezone=truth(name)["timezone"])
    live = AmiCalls("pbx", settings)
    stated: list[CallFacts] = []
    moment = 0.0
    for connection in connections(name):
        reader, place = PacketReader(encoding="utf-8", wanted=live.events), 0
        for until, moment in connection.arrivals:
            for packet in reader.read(connection.data[place:until]):
                live.hear(packet, moment)
            place = until
            stated += live.statements()
        live.tick(moment + 10)
        stated += live.statements()
    return stated


def wrong(calls: dict[str, MergedCall], true: dict[str, Any]) -> dict[str, object]:
    """What is told otherwise than it was; empty, if the call is not told of at all."""
    call = calls.get(true["linkedid"])
    if call is None:
        return {}
    found: dict[str, object] = dict(differences(call, true))
    if call.ended_by not in (true["ended_by"], *true.get("fair", {}).get("ended_by", [])):
        found["ended_by"] = call.ended_by
    return found


@pytest.mark.parametrize("is_live_first", [True, False])
def test_a_call_in_both_is_one_and_as_it_was_heard(is_live_first: bool) -> None:
    live = heard("whole")
    history = read((RECORDED / "Master.csv").read_bytes())
    heard_calls = merged(live)
    both = merged([*live, *history] if is_live_first else [*history, *live])
    true = truth("whole")["calls"]
    assert heard_calls.keys() <= both.keys()
    spoiled = {
        one["play"]: names
        for one in true
        if (names := wrong(both, one).keys() - wrong(heard_calls, one).keys())
    }
    assert spoiled == {"moved.parked": {"rang"}}  # who took the client back stands there as rung
    more = [both[key] for key in both.keys() - {one["linkedid"] for one in true}]
    assert {one.direction for one in more} == {Direction.INTERNAL}
    assert len(more) == len(ASKED)


def test_history_tells_what_nobody_heard() -> None:
    live = heard("whole")
    history = read((RECORDED / "Master.csv").read_bytes())
    half = {one.external_id for one in live[: len(live) // 2]}
    both = merged([one for one in live if one.external_id in half] + history)
    whole = merged(history)
    for key in whole.keys() - half:
        assert both[key] == whole[key]
