"""UniTalk as a source: told by its hook, asked for what the hook has missed."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from bot.config.sources import UnitalkSettings
from bot.domain.calls import CallFacts, EndedCall
from bot.domain.clock import Clock, system_clock
from bot.sources.base import Feed, Reading
from bot.sources.polling import Pace, PolledFeed, find_recordings, has_recording
from bot.sources.rows import Row, read_posted_rows, read_rows
from bot.sources.times import LocalTime, local_text
from bot.sources.unitalk.calls import UnitalkReader
from bot.sources.unitalk.client import UnitalkClient

OFTEN, SELDOM = 120.0, 1800.0
"""Seconds between requests, which cost money: without hooks, and while hooks tell of all."""

_CHECKED = 60
"""Seconds of history that `dzvinok check` asks for."""


class UnitalkSource:
    """Is a HookSource, a FeedSource and a LateSource."""

    def __init__(
        self,
        name: str,
        settings: UnitalkSettings,
        *,
        http: httpx.AsyncClient,
        clock: Clock = system_clock,
    ) -> None:
        self._name = name
        self._encoding = settings.encoding
        self._zone = ZoneInfo(settings.timezone)
        self._clock = clock
        self._client = UnitalkClient(http, name, settings)
        self._reader = UnitalkReader(name, settings.number_plan, LocalTime(self._zone), clock)
        self._pace = Pace(OFTEN, SELDOM)
        self._has_recordings = False

    @property
    def name(self) -> str:
        return self._name

    @property
    def feeds(self) -> Sequence[Feed]:
        return (PolledFeed("history", self._read_window, self._clock, self._pace),)

    def read_hook(self, body: bytes, content_type: str) -> list[Reading]:
        readings = read_posted_rows(body, content_type, self._encoding, self._read_event)
        self._pace.note_hook(readings)
        return self._noted(readings)

    async def check(self) -> str:
        now = self._clock()
        await self._client.check(self._local(now - _CHECKED), self._local(now))
        return f"{self._client.host} answers, the key is right"

    async def ask_again(self, calls: Sequence[EndedCall]) -> list[Reading]:
        """The recordings of talks; not asked for where there has never been one."""
        return await find_recordings(calls, self._read_window) if self._has_recordings else []

    async def _read_window(self, begins: int, ends: int) -> AsyncIterator[Sequence[Reading]]:
        async for page in self._client.history(self._local(begins), self._local(ends)):
            readings = read_rows(page, self._reader.read_call)
            yield self._noted(readings)

    def _read_event(self, row: Row) -> CallFacts:
        """An event is `{"event": …, "call": {…}}`; a template of one's own may leave the rest."""
        call: Any = row.get("call")
        event = (row.text("event") or "").upper()
        if not isinstance(call, dict):
            return self._reader.read_event(row, event)
        inner = Row(call)
        facts = self._reader.read_event(inner, event)
        facts.flaws = tuple(inner.flaws)
        return facts

    def _noted(self, readings: list[Reading]) -> list[Reading]:
        self._has_recordings = self._has_recordings or has_recording(readings)
        return readings

    def _local(self, moment: int) -> str:
        return local_text(moment, self._zone)
