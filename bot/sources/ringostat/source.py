"""Ringostat as a source: told by webhooks, asked for its call log."""

from collections.abc import AsyncIterator, Sequence
from zoneinfo import ZoneInfo

import httpx

from bot.config.sources import RingostatSettings
from bot.domain.calls import EndedCall
from bot.domain.clock import Clock, system_clock
from bot.sources.base import Feed, Reading
from bot.sources.polling import Pace, PolledFeed, find_recordings, has_recording
from bot.sources.ringostat.calls import RingostatReader
from bot.sources.ringostat.client import RingostatClient
from bot.sources.rows import read_posted_rows, read_rows
from bot.sources.times import LocalTime

OFTEN, SELDOM = 60.0, 300.0
"""Seconds between requests: without webhooks, and while they tell of every call."""

_CHECKED = 60
"""Seconds of the log that `dzvinok check` asks for."""


class RingostatSource:
    """Is a HookSource, a FeedSource and a LateSource."""

    def __init__(
        self,
        name: str,
        settings: RingostatSettings,
        *,
        http: httpx.AsyncClient,
        clock: Clock = system_clock,
    ) -> None:
        self._name = name
        self._encoding = settings.encoding
        self._clock = clock
        self._client = RingostatClient(http, name, settings)
        self._reader = RingostatReader(
            name, settings.number_plan, LocalTime(ZoneInfo(settings.timezone)), clock
        )
        self._pace = Pace(OFTEN, SELDOM)
        self._has_recordings = False

    @property
    def name(self) -> str:
        return self._name

    @property
    def feeds(self) -> Sequence[Feed]:
        return (PolledFeed("log", self._read_window, self._clock, self._pace),)

    def read_hook(self, body: bytes, content_type: str) -> list[Reading]:
        readings = read_posted_rows(body, content_type, self._encoding, self._reader.read_event)
        self._pace.note_hook(readings)
        return readings

    async def check(self) -> str:
        now = self._clock()
        await self._client.check(now - _CHECKED, now)
        return f"{self._client.host} answers, the key is right"

    async def ask_again(self, calls: Sequence[EndedCall]) -> list[Reading]:
        """The recordings of talks; not asked for where there has never been one."""
        return await find_recordings(calls, self._read_window) if self._has_recordings else []

    async def _read_window(self, begins: int, ends: int) -> AsyncIterator[Sequence[Reading]]:
        async for calls in self._client.calls(begins, ends):
            readings = read_rows(calls, self._reader.read_call)
            self._has_recordings = self._has_recordings or has_recording(readings)
            yield readings
