"""Asterisk as a source: its files, its manager interface and its history, as the settings say."""

import os
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from bot.config.sources import AsteriskSettings
from bot.domain.clock import Clock, system_clock
from bot.domain.errors import SourceHintError
from bot.sources.asterisk.csv_history import CsvHistory
from bot.sources.asterisk.live import AmiFeed
from bot.sources.asterisk.master_csv import MasterCsvSource
from bot.sources.asterisk.originate import Originating
from bot.sources.asterisk.recordings import RecordedFeed
from bot.sources.asterisk.sql_history import SqlHistory
from bot.sources.base import Feed


def create_asterisk(
    name: str,
    settings: AsteriskSettings,
    *,
    clock: Clock = system_clock,
    latest: Clock | None = None,
) -> MasterCsvSource:
    """The source; an AsteriskSource, if it is to be listened to."""
    feeds: list[AsteriskFeed] = []
    if settings.host:
        feeds.append(AmiFeed(name, settings, clock=clock))
    if settings.cdr_database_url is not None:
        feeds.append(SqlHistory(name, settings, clock=clock, latest=latest))
    elif settings.master_csv:
        feeds.append(CsvHistory(name, settings, clock=clock, latest=latest))
    if not feeds:
        return MasterCsvSource(name, settings, clock=latest or clock)
    if isinstance(feeds[0], AmiFeed):
        return DiallingAsterisk(name, settings, feeds, feeds[0].originating, clock=latest or clock)
    return AsteriskSource(name, settings, feeds, clock=latest or clock)


AsteriskFeed = AmiFeed | CsvHistory | SqlHistory


class AsteriskSource(MasterCsvSource):
    """One that is listened to. Is a FileSource and a FeedSource."""

    def __init__(
        self,
        name: str,
        settings: AsteriskSettings,
        feeds: Sequence[AsteriskFeed],
        *,
        clock: Clock = system_clock,
    ) -> None:
        super().__init__(name, settings, clock=clock)
        self._feeds = feeds
        self._recordings = settings.recordings_folder
        self._local = ZoneInfo(settings.timezone)

    @property
    def feeds(self) -> Sequence[Feed]:
        if self._recordings:
            return [RecordedFeed(feed, self._recordings, self._local) for feed in self._feeds]
        return self._feeds

    async def check(self) -> str:
        told = "; ".join([await feed.check() for feed in self._feeds])
        if self._recordings and not os.access(self._recordings, os.R_OK | os.X_OK):
            raise SourceHintError(
                f"{told}; but recordings are not heard: RECORDINGS_URL is a folder that is not"
                " there, or this user may not read it (`usermod -aG asterisk dzvinok`, restart)"
            )
        return told


class DiallingAsterisk(AsteriskSource):
    """One with a manager interface, over which calls are begun too. Is also a PhoneSource."""

    def __init__(
        self,
        name: str,
        settings: AsteriskSettings,
        feeds: Sequence[AsteriskFeed],
        originating: Originating,
        *,
        clock: Clock = system_clock,
    ) -> None:
        super().__init__(name, settings, feeds, clock=clock)
        self._originating = originating

    def can_ring(self, extension: str) -> bool:
        return self._originating.can_ring(extension)

    async def dial(self, extension: str, number: str, *, ref: str) -> str:
        return await self._originating.dial(extension, number, ref)

    async def picked_up(self, ref: str) -> None:
        await self._originating.picked_up(ref)
