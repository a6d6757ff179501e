"""3CX as a source: by its CDR service, or by the call log of its Configuration API.

The two number calls differently, so a source has one of them.
"""

from collections.abc import AsyncIterator, Sequence
from zoneinfo import ZoneInfo

import httpx

from bot.config.sources import ThreeCxSettings
from bot.domain.clock import Clock, system_clock
from bot.sources.base import Feed, Reading
from bot.sources.polling import Pace, PolledFeed
from bot.sources.threecx.calls import CallLogReader
from bot.sources.threecx.cdr import CdrReader
from bot.sources.threecx.cdr_feed import CdrFeed
from bot.sources.threecx.client import ThreeCxClient
from bot.sources.times import LocalTime

_OFTEN = 15.0
"""Seconds between two looks into the call log."""

_CHECKED = 3600


class ThreeCxCdrSource:
    """Is a FeedSource."""

    def __init__(
        self, name: str, settings: ThreeCxSettings, *, clock: Clock = system_clock
    ) -> None:
        self._name = name
        reader = CdrReader(name, settings, LocalTime(ZoneInfo(settings.timezone)))
        self._feed = CdrFeed(settings, reader, clock)

    @property
    def name(self) -> str:
        return self._name

    @property
    def feeds(self) -> Sequence[Feed]:
        return (self._feed,)

    async def check(self) -> str:
        return await self._feed.check()


class ThreeCxApiSource:
    """Is a FeedSource."""

    def __init__(
        self,
        name: str,
        settings: ThreeCxSettings,
        *,
        http: httpx.AsyncClient,
        clock: Clock = system_clock,
    ) -> None:
        self._name = name
        self._clock = clock
        self._client = ThreeCxClient(http, name, settings)
        self._reader = CallLogReader(
            name,
            settings.number_plan,
            settings.extension_pattern,
            currency=settings.currency,
        )
        self._feed = PolledFeed("call log", self._read_window, clock, Pace(_OFTEN, _OFTEN))

    @property
    def name(self) -> str:
        return self._name

    @property
    def feeds(self) -> Sequence[Feed]:
        return (self._feed,)

    async def check(self) -> str:
        now = self._clock()
        await self._client.page(now - _CHECKED, now, top=1)
        return "3CX answers and shows its call log"

    async def _read_window(self, begins: int, ends: int) -> AsyncIterator[Sequence[Reading]]:
        rows = await self._client.call_log(begins, ends)
        yield self._reader.read(rows, now=self._clock())


def create_threecx_source(
    name: str, settings: ThreeCxSettings, *, http: httpx.AsyncClient, clock: Clock = system_clock
) -> ThreeCxCdrSource | ThreeCxApiSource:
    if settings.api_url:
        return ThreeCxApiSource(name, settings, http=http, clock=clock)
    return ThreeCxCdrSource(name, settings, clock=clock)
