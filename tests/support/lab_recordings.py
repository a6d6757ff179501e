"""Recordings of a real Asterisk's manager interface: tests/data/asterisk/recorded/README.md."""

import json
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.config.sources import AsteriskSettings
from bot.domain.calls import Direction
from bot.domain.merging import MergedCall, merge
from bot.sources.asterisk.ami_calls import AmiCalls
from bot.sources.asterisk.ami_packets import Packet, PacketReader
from tests.support.places import DATA

RECORDED = DATA / "asterisk" / "recorded"
ALL = ("whole", "bare", "kyiv", "harder", "harder16", "midway", "restart", "called_back")


Heard = list[tuple[float, Packet]]

UNKNOWN_MIDWAY = {"line", "wait_seconds", "talk_seconds"}
"""What of a call that went on before the connection nobody can tell."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What came over one connection. `arrivals`: up to which byte all had come, and when.

    Times are Unix seconds.
    """

    data: bytes
    arrivals: list[tuple[int, float]]


def connections(name: str, folder: Path = RECORDED) -> list[Connection]:
    """The connections of a recording, in their order."""
    begins = truth(name, folder)["connected_at"]
    parts = [name] if len(begins) == 1 else [f"{name}.{n}" for n in range(1, len(begins) + 1)]
    return [_connection(folder / part, begin) for part, begin in zip(parts, begins, strict=True)]


def truth(name: str, folder: Path = RECORDED) -> dict[str, Any]:
    """What truly happened meanwhile."""
    whole: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    return whole


def heard(name: str, folder: Path = RECORDED) -> dict[str, MergedCall]:
    """What our reader makes of a recording."""
    zone = truth(name, folder)["timezone"]
    live = AmiCalls("pbx", AsteriskSettings(kind="asterisk", timezone=zone))
    calls: dict[str, MergedCall] = {}
    for number, connection in enumerate(connections(name, folder)):
        if number:
            live.lose(connection.arrivals[0][1])
        for moment, packet in _packets(connection, live.events):
            live.hear(packet, moment)
            for facts in live.statements():
                key = facts.external_id
                calls[key] = merge(calls.get(key), facts, now=int(moment))
    return calls


def packets(name: str) -> Heard:
    """What tells of calls in a recording of one connection, each with the moment it came."""
    live = AmiCalls("pbx", AsteriskSettings(kind="asterisk", timezone="UTC"))
    [connection] = connections(name)
    return list(_packets(connection, live.events))


def _packets(connection: Connection, wanted: frozenset[str]) -> Iterator[tuple[float, Packet]]:
    reader = PacketReader(encoding="utf-8", wanted=wanted)
    begin = connection.data.index(b"\r\n") + 2  # behind the greeting
    for until, moment in connection.arrivals:
        for packet in reader.read(connection.data[begin : max(begin, until)]):
            yield moment, packet
        begin = max(begin, until)


def wrong(name: str, folder: Path = RECORDED) -> list[tuple[str, dict[str, Any]]]:
    """The plays of which our reader tells otherwise than it was; "": a call that nobody made."""
    calls, told = heard(name, folder), truth(name, folder)["calls"]
    found = []
    for one in told:
        call = calls.get(one["linkedid"])
        if not one.get("client_was_called", True):
            continue
        if call is None:
            found.append((one["play"], {"": ("not told of", "a call")}))
        elif differing := _differing(call, one, is_midway=name == "midway"):
            found.append((one["play"], differing))
    known = {one["linkedid"] for one in told}
    return found + [("", {key: (call, None)}) for key, call in calls.items() if key not in known]


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


def _connection(part: Path, begin: float) -> Connection:
    data = lzma.decompress(Path(f"{part}.raw.xz").read_bytes())
    times = lzma.decompress(Path(f"{part}.times.xz").read_bytes()).decode()
    pairs = (line.split("\t") for line in times.splitlines())
    return Connection(data, [(int(until), begin + int(after) / 1000) for until, after in pairs])
