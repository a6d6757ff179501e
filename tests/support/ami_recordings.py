"""Recordings of AMI: their packets, when each came, and what the telephones knew of the calls."""

import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from bot.config.sources import AsteriskSettings
from bot.domain.calls import CallFacts
from bot.domain.merging import MergedCall, merge
from bot.sources.asterisk.ami_calls import AmiCalls
from bot.sources.asterisk.ami_packets import Packet, PacketReader

DATA = Path(__file__).parents[1] / "data" / "asterisk"
IAX2, PJSIP = "ami-capture.raw", "ami-pjsip.raw"
"""The recordings of twelve calls with IAX2 and thirteen with PJSIP channel names."""

SETTINGS = AsteriskSettings(kind="asterisk", timezone="UTC")
LATER = 1_800_000_000.0
"""A moment long after the recordings."""

_ANSWERS = {"ANSWER", "BRIDGE_ENTER"}
_OF_ANSWER = {"newstate", "dialend", "bridgeenter"}

Timed = list[tuple[float, Packet]]


def raw_packets(name: str) -> list[bytes]:
    """The recording, packet by packet, without the greeting and the answer to the login."""
    data = (DATA / name).read_bytes().partition(b"\r\n")[2]
    return [part + b"\r\n\r\n" for part in data.split(b"\r\n\r\n")[1:] if part.strip()]


def packets(*raw: bytes, encoding: str = "utf-8") -> list[Packet]:
    reader = PacketReader(encoding=encoding, wanted=AmiCalls("pbx", SETTINGS).events)
    return [packet for one in raw for packet in reader.read(one)]


@cache
def _recorded(name: str) -> tuple[Packet, ...]:
    return tuple(packets(*raw_packets(name)))


def recorded(name: str) -> list[Packet]:
    return list(_recorded(name))


def timed(events: list[Packet]) -> Timed:
    """When each event came, to a second, by the times that CEL tells of the same call."""
    told: list[float] = []
    for place, packet in enumerate(events):
        call = _call_of(packet)
        before = next((x for x in reversed(events[:place]) if _tells(x, call)), None)
        after = next((x for x in events[place:] if _tells(x, call)), before)
        is_answer = packet["event"].lower() in _OF_ANSWER
        if before and is_answer and before["eventname"] in _ANSWERS:
            after = before
        moment = _time(after) if after else (told[-1] if told else LATER)
        if packet["event"] == "Newchannel":
            moment = float(packet["uniqueid"].partition(".")[0])
        told.append(moment)
    return list(zip(told, events, strict=True))


def replay(events: Timed, *, live: AmiCalls | None = None) -> list[CallFacts]:
    """Every statement that comes of the events, one after another."""
    live = live or AmiCalls("pbx", SETTINGS)
    stated: list[CallFacts] = []
    for moment, packet in events:
        live.hear(packet, moment)
        stated += live.statements()
    return stated


def calls_of(stated: list[CallFacts]) -> dict[str, MergedCall]:
    calls: dict[str, MergedCall] = {}
    for facts in stated:
        calls[facts.external_id] = merge(calls.get(facts.external_id), facts, now=int(LATER))
    return calls


def truth(name: str) -> list[dict[str, Any]]:
    """What truly happened in the calls of a recording, in their order."""
    file = "ami-pjsip.truth.json" if name == PJSIP else "expected.json"
    told = json.loads((DATA / file).read_text())
    calls: list[dict[str, Any]] = told if name == PJSIP else told["calls"]
    return calls


def _call_of(packet: Packet) -> str:
    return packet.get("linkedid") or packet.get("destlinkedid") or packet.get("uniqueid", "")


def _tells(packet: Packet, call: str) -> bool:
    return packet["event"] == "CEL" and packet.get("linkedid") == call


def _time(cel: Packet) -> float:
    return datetime.fromisoformat(cel["eventtime"]).replace(tzinfo=UTC).timestamp()
