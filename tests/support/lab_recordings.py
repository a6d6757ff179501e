"""Recordings of a real Asterisk's manager interface: tests/data/asterisk/recorded/README.md."""

import json
import lzma
from dataclasses import dataclass
from typing import Any

from tests.support.places import DATA

RECORDED = DATA / "asterisk" / "recorded"
ALL = ("whole", "bare", "kyiv", "midway", "restart", "called_back")


@dataclass(frozen=True, slots=True)
class Connection:
    """What came over one connection. `arrivals`: up to which byte all had come, and when.

    Times are Unix seconds.
    """

    data: bytes
    arrivals: list[tuple[int, float]]


def connections(name: str) -> list[Connection]:
    """The connections of a recording, in their order."""
    begins = truth(name)["connected_at"]
    parts = [name] if len(begins) == 1 else [f"{name}.{n}" for n in range(1, len(begins) + 1)]
    return [_connection(part, begin) for part, begin in zip(parts, begins, strict=True)]


def truth(name: str) -> dict[str, Any]:
    """What truly happened meanwhile."""
    whole: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    return whole


def _connection(part: str, begin: float) -> Connection:
    data = lzma.decompress((RECORDED / f"{part}.raw.xz").read_bytes())
    times = lzma.decompress((RECORDED / f"{part}.times.xz").read_bytes()).decode()
    pairs = (line.split("\t") for line in times.splitlines())
    return Connection(data, [(int(until), begin + int(after) / 1000) for until, after in pairs])
