"""MikoPBX as a source: asked for what is new in its call history, and where recordings are.

With a user of its AMI it also begins calls.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from bot.config.sources import MikopbxSettings
from bot.domain.calls import EndedCall
from bot.domain.clock import Clock, system_clock
from bot.sources.base import Batch, Feed, Reading
from bot.sources.mikopbx.ami import MikopbxAmi
from bot.sources.mikopbx.calls import MikopbxReader
from bot.sources.mikopbx.client import MikopbxClient, Page
from bot.sources.mikopbx.rows import reached_out
from bot.sources.polling import FIRST, has_recording
from bot.sources.rows import read_rows
from bot.sources.times import LocalTime, local_text

EVERY = 10.0
"""Seconds between requests; the PBX writes a call within five seconds after its end."""

SETTLE, SETTLE_TIMES = 1.0, 5
"""Rows of one call are written one after another: what is new is asked for again after so many
seconds, until nothing is added, so that nobody is told of a call that misses half its rows."""

_LOOK_BACK = 360 * 86400
"""How far back rows are looked for that are newer than the cursor: nearly all the PBX allows."""


class MikopbxSource:
    """Is a FeedSource, a LateSource and a RecordingSource."""

    def __init__(
        self,
        name: str,
        settings: MikopbxSettings,
        *,
        http: httpx.AsyncClient,
        clock: Clock = system_clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._name = name
        self._origin = settings.origin
        self._zone = ZoneInfo(settings.timezone)
        self._clock = clock
        self._sleep = sleep
        self._client = MikopbxClient(http, name, settings)
        self._reader = MikopbxReader(name, settings, LocalTime(self._zone), clock)
        self._has_recordings = False

    @property
    def name(self) -> str:
        return self._name

    @property
    def feeds(self) -> Sequence[Feed]:
        return (MikopbxFeed("cdr", self.read),)

    async def check(self) -> str:
        newest = await self._client.newest_row()
        found = f"its newest row is {newest}" if newest else "it has no calls of the last 30 days"
        return f"{self._client.host} answers, {found}"

    async def read(self, cursor: str | None) -> AsyncGenerator[Batch, None]:
        """What is new, again and again. The cursor is the highest id of a row that was read."""
        row = int(cursor) if cursor and cursor.isdecimal() else 0
        if row and row > await self._client.newest_row() > 0:
            row = 0  # its history was set up anew, and counts from one again
        is_history = True
        while True:
            now = self._clock()
            since = local_text(now - (_LOOK_BACK if row else FIRST), self._zone)
            page = await self._settled(row, since)
            has_more = page.has_more and page.newest > row
            row = page.newest
            yield Batch(
                self._readings(page.calls),
                cursor=str(row),
                is_history=is_history or has_more,
                read_until=None if has_more else now,
            )
            if not has_more:
                is_history = False
                await self._sleep(EVERY)

    async def ask_again(self, calls: Sequence[EndedCall]) -> list[Reading]:
        """The recordings of talks, which the PBX converts first; not where there is never one."""
        found: list[Any] = []
        if self._has_recordings:
            for one in calls:
                if one.talk and not one.has_recording:
                    found += await self._client.rows_of(one.external_id)
        return self._readings(found)

    async def find_recording(self, reference: str) -> str | None:
        """An address that lives for an hour, of a sound that every telephone plays."""
        linkedid, _, row = reference.rpartition("/")
        for call in await self._client.rows_of(linkedid):
            rows = call.get("records") if isinstance(call, dict) else None
            for one in rows if isinstance(rows, list) else []:
                if isinstance(one, dict) and str(one.get("id")) == row:
                    return self._address(one.get("download_url"))
        return None

    def _address(self, path: Any) -> str | None:
        """The PBX gives a path; the tokens in it open one recording and need no key."""
        if not isinstance(path, str) or not path.startswith("/") or path.startswith("//"):
            return None
        return f"{self._origin}{path}{'&' if '?' in path else '?'}format=mp3"

    async def _settled(self, row: int, since: str) -> Page:
        page = await self._client.calls_behind(row, since=since)
        for _ in range(SETTLE_TIMES):
            if not page.calls or page.has_more:
                break
            before = page.newest
            await self._sleep(SETTLE)
            page = await self._client.calls_behind(row, since=since)
            if page.newest == before:
                break
        return page

    def _readings(self, calls: Sequence[Any]) -> list[Reading]:
        readings = read_rows(filter(reached_out, calls), self._reader.read_call)
        self._has_recordings = self._has_recordings or has_recording(readings)
        return readings


class DiallingMikopbx(MikopbxSource):
    """One that begins calls over AMI. Is also a PhoneSource."""

    def __init__(
        self,
        name: str,
        settings: MikopbxSettings,
        *,
        http: httpx.AsyncClient,
        clock: Clock = system_clock,
    ) -> None:
        super().__init__(name, settings, http=http, clock=clock)
        self._ami = MikopbxAmi(name, settings, clock=clock)

    @property
    def feeds(self) -> Sequence[Feed]:
        return (*super().feeds, self._ami)

    async def check(self) -> str:
        return f"{await super().check()}; {await self._ami.check()}"

    def can_ring(self, extension: str) -> bool:
        return self._ami.can_ring(extension)

    async def dial(self, extension: str, number: str, *, ref: str) -> str:
        return await self._ami.dial(extension, number, ref)

    async def picked_up(self, ref: str) -> None:
        await self._ami.picked_up(ref)


def create_mikopbx(
    name: str, settings: MikopbxSettings, *, http: httpx.AsyncClient, clock: Clock = system_clock
) -> MikopbxSource:
    create = DiallingMikopbx if settings.host else MikopbxSource
    return create(name, settings, http=http, clock=clock)


@dataclass(frozen=True, slots=True)
class MikopbxFeed:
    name: str
    read: Callable[[str | None], AsyncGenerator[Batch, None]]
