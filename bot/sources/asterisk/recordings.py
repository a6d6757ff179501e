"""Recordings that Asterisk wrote into a folder of this machine, found by the names of their files.

A name says whose it is if it ends with the id of the call: `MixMonitor(${UNIQUEID}.wav)`, or with
more before it, as FreePBX has it: `in-0445550101-0671234567-20261126-143000-1795703400.12.wav`.
They are looked for in the folder itself, and below it in those of the day (`2026/11/26`), once a
talk is over: Asterisk writes while people talk, so a recording is there by then.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bot.domain.calls import CallFacts, Status
from bot.sources.base import Batch, Feed, Reading

_SOUNDS = frozenset({".wav", ".gsm", ".mp3", ".ogg", ".opus", ".flac", ".m4a"})


class RecordedFeed:
    """A Feed that says of talks where their recording is, if the other one does not."""

    def __init__(self, feed: Feed, folder: str, zone: ZoneInfo) -> None:
        self._feed = feed
        self._folder = folder
        self._zone = zone

    @property
    def name(self) -> str:
        return self._feed.name

    async def read(self, cursor: str | None) -> AsyncGenerator[Batch, None]:
        async with aclosing(self._feed.read(cursor)) as batches:
            async for batch in batches:
                if any(_may_have_one(one) for one in batch.readings):
                    readings = await asyncio.to_thread(self._with_recordings, batch.readings)
                    yield replace(batch, readings=readings)
                else:
                    yield batch

    def _with_recordings(self, readings: Sequence[Reading]) -> list[Reading]:
        known: dict[str, dict[str, str]] = {}
        found: list[Reading] = []
        for one in readings:
            if isinstance(one, CallFacts) and _may_have_one(one):
                began = datetime.fromtimestamp(one.started_at, self._zone)
                for place in (f"{began:%Y/%m/%d}", ""):
                    if place not in known:
                        known[place] = _files_in(os.path.join(self._folder, place))
                    if name := known[place].get(one.external_id):
                        path = os.path.join(self._folder, place, name)
                        one = replace(one, recording_url=f"file://{quote(path)}")
                        break
            found.append(one)
        return found


def _may_have_one(reading: Reading) -> bool:
    return (
        isinstance(reading, CallFacts)
        and reading.status is Status.ANSWERED
        and reading.recording_url is None
    )


def _files_in(folder: str) -> dict[str, str]:
    """The names of the recordings in a folder, by the ids they end with."""
    names: dict[str, str] = {}
    with suppress(OSError):  # no such day, or it may not be read: then none is known
        for name in os.listdir(folder):
            stem, suffix = os.path.splitext(name)
            if suffix.lower() in _SOUNDS:
                names.setdefault(stem, name)
                # An id may have the name of its Asterisk before it: pbx-1795703400.12.
                parts = stem.split("-")
                for count in (1, 2):
                    names.setdefault("-".join(parts[-count:]), name)
    return names
