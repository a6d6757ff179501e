"""What a real Asterisk said in tests/lab: every call heard live is the call that was made."""

import pytest

from bot.config.sources import AsteriskSettings
from bot.domain.merging import MergedCall, merge
from bot.sources.asterisk.ami_calls import AmiCalls
from tests.support.lab_recordings import ALL, Heard, packets, truth, wrong


@pytest.mark.parametrize("name", ALL)
def test_calls_of_the_laboratory(name: str) -> None:
    assert wrong(name) == []


@pytest.mark.parametrize("name", ["harder", "harder16"])
def test_a_break_between_any_two_events_makes_nothing_wrong(name: str) -> None:
    true = {one["linkedid"]: one for one in truth(name)["calls"]}
    over = 0
    for part in _quiet_to_quiet(packets(name)):
        for place in range(0, len(part), 3):
            for key, call in _told(part, place).items():
                if call.status.is_live or key not in true:
                    continue
                over += 1
                said = (call.direction, call.talked)
                was = (true[key]["direction"], true[key]["status"] == "answered")
                assert said == was, f"{true[key]['play']}: a break before {part[place]}"
    assert over > 700


def _told(part: Heard, place: int) -> dict[str, MergedCall]:
    """The calls, if the connection breaks before an event."""
    live = AmiCalls("pbx", AsteriskSettings(kind="asterisk", timezone="UTC"))
    calls: dict[str, MergedCall] = {}
    for at, (moment, packet) in enumerate(part):
        if at == place:
            live.lose(moment)
        live.hear(packet, moment)
        for facts in live.statements():
            key = facts.external_id
            calls[key] = merge(calls.get(key), facts, now=int(moment))
    return calls


def _quiet_to_quiet(heard: Heard) -> list[Heard]:
    """The events in parts, between which no channel was there."""
    parts: list[Heard] = [[]]
    alive: set[str] = set()
    for moment, packet in heard:
        event = packet.get("event")
        if event == "Newchannel":
            if not alive and parts[-1]:
                parts.append([])
            alive.add(packet["uniqueid"])
        elif event == "Hangup":
            alive.discard(packet["uniqueid"])
        if event:
            parts[-1].append((moment, packet))
    return parts
