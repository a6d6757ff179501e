"""Records what AMI says while the plays are played: `python -m tests.lab.record ROOT`.

Needs root; installs an Asterisk into the folder ROOT first, unless it is there. What is written
to `tests/data/asterisk/recorded` is described in its README; what our reader makes of it otherwise
than it was is printed.
"""

import argparse
import asyncio
import json
import lzma
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.lab.asterisk import PJSIP, SIP, Asterisk, install, running
from tests.lab.company import Company, Truth, company
from tests.lab.manager import Recording, recorded
from tests.lab.plays import HARDER, PLAYS, Play, called_back
from tests.lab.plays.breaks import midway, restarted
from tests.support.lab_recordings import RECORDED, wrong

CLOCKS = 1.5
"""Seconds by which our clock and what Asterisk says of a new channel may be apart."""

_BETWEEN_PLAYS = 1.0

KINDS: Mapping[str, Mapping[str, Any]] = {
    "whole": {},
    "bare": {"has_records": False},
    "kyiv": {"has_timestamps": True, "zone": "Europe/Kyiv"},
}
"""The recordings of all plays, and the settings of their Asterisk."""

NAMES = (*KINDS, "harder", "midway", "restart", "called_back")


async def play_all(at: Company, plays: Sequence[Play]) -> None:
    """Play them one after another. Raises all their failures together."""
    failures = []
    for play in plays:
        at.play = play.__module__.rpartition(".")[2] + "." + play.__name__
        for phone in (*at.phones.values(), at.world):
            phone.forget()
        try:
            await play(at)
        except Exception as error:
            error.add_note(f"in the play {at.play}")
            failures.append(error)
            await at.asterisk.command("channel request hangup all")
        await asyncio.sleep(_BETWEEN_PLAYS)
    if failures:
        raise ExceptionGroup("plays failed", failures)


async def _record(
    root: Path, name: str, into: Path, plays: Sequence[Play], network: int, technology: str
) -> None:
    kind = KINDS.get(name, {})
    async with AsyncExitStack() as stack:
        asterisk = await stack.enter_async_context(
            running(root, network=network, technology=technology, **kind)
        )
        at = await stack.enter_async_context(company(asterisk))
        if name == "restart":
            recordings = await restarted(at)
        elif name == "midway":
            recordings = [await midway(at)]
        else:
            recording = await stack.enter_async_context(recorded(asterisk.host))
            await play_all(at, called_back.PLAYS if name == "called_back" else plays)
            recordings = [recording]
        version = await asterisk.command("core show version")
        keep(into, name, at, recordings, version.split(" built")[0], kind)
        if name == "whole":
            _keep_history(into, asterisk)


def keep(
    into: Path,
    name: str,
    at: Company,
    recordings: Sequence[Recording],
    version: str,
    kind: Mapping[str, Any],
) -> None:
    """Write the recordings of one Asterisk, and the truth."""
    into.mkdir(parents=True, exist_ok=True)
    for number, recording in enumerate(recordings, 1):
        part = f"{name}.{number}" if len(recordings) > 1 else name
        (into / f"{part}.raw.xz").write_bytes(lzma.compress(recording.data, preset=9))
        first = recording.arrivals[0][1]
        times = "".join(
            f"{until}\t{round((arrived - first) * 1000)}\n"
            for until, arrived in recording.arrivals
        )
        (into / f"{part}.times.xz").write_bytes(lzma.compress(times.encode(), preset=9))
    entries = [entry for recording in recordings for entry in recording.entries()]
    calls = [_with_id(truth, entries) for truth in at.truths]
    whole = {
        "asterisk": version,
        "timezone": kind.get("zone", "UTC"),
        "connected_at": [recording.arrivals[0][1] for recording in recordings],
        "calls": calls,
    }
    text = json.dumps(whole, indent=1, ensure_ascii=False)
    (into / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def _with_id(truth: Truth, entries: Sequence[tuple[float, Mapping[str, str]]]) -> dict[str, Any]:
    """The call with the linkedid of its first channel."""
    roots = [
        (abs(_born(entry, arrived) - truth.began), entry["Linkedid"])
        for arrived, entry in entries
        if entry.get("Event") in {"Newchannel", "CoreShowChannel"}
        and entry["Uniqueid"] == entry["Linkedid"]
        and entry["Channel"].startswith(truth.channel)
        and (not truth.number or entry["CallerIDNum"] == truth.number)
    ]
    away, linkedid = min(roots)
    assert away < CLOCKS, f"no channel of {truth}"
    return {"linkedid": linkedid, **truth.call}


def _born(entry: Mapping[str, str], arrived: float) -> float:
    """When the channel was made; of one that was there before us, to a second.

    One whose id was chosen was made just before its recording began.
    """
    if entry["Event"] == "Newchannel" or not entry["Uniqueid"][0].isdecimal():
        return arrived
    return int(entry["Uniqueid"].partition(".")[0]) + 0.5


def _keep_history(into: Path, asterisk: Asterisk) -> None:
    for name, source in (
        ("Master.csv", asterisk.master_csv),
        ("asteriskcdrdb.csv", asterisk.database_csv),
    ):
        (into / name).write_bytes(source.read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path)
    parser.add_argument(
        "names", nargs="*", default=[*KINDS, "harder", "midway", "restart", "called_back"]
    )
    parser.add_argument("--into", type=Path, default=RECORDED)
    parser.add_argument("--play", action="append", default=[])
    parser.add_argument("--network", type=int, default=77)
    parser.add_argument("--release", default="sid", help="of Debian, to be installed")
    parser.add_argument("--technology", choices=(PJSIP, SIP), default=PJSIP)
    args = parser.parse_args()
    install(args.root, args.release)
    for name in args.names:
        plays = HARDER if name.startswith("harder") else PLAYS
        plays = [one for one in plays if not args.play or one.__name__ in args.play]
        asyncio.run(_record(args.root, name, args.into, plays, args.network, args.technology))
        for play, differing in wrong(name, args.into):
            sys.stdout.write(f"{name} {play} {differing}\n")


if __name__ == "__main__":
    main()
