"""Asterisk as a source: files that are imported, and its history followed as it is written."""

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from bot.config.sources import AsteriskSettings
from bot.domain.clock import Clock, system_clock
from bot.sources.asterisk.csv_history import CsvHistory
from bot.sources.asterisk.master_csv import MasterCsvSource
from bot.sources.asterisk.sql_history import SqlHistory
from bot.sources.base import Advance, Feed, Reading, ignore_progress


def create_history(
    name: str, settings: AsteriskSettings, *, clock: Clock
) -> CsvHistory | SqlHistory | None:
    """The feed of its history, if the settings say where that is."""
    if settings.cdr_database_url is not None:
        return SqlHistory(name, settings, clock=clock)
    return CsvHistory(name, settings, clock=clock) if settings.master_csv else None


class AsteriskSource:
    """Is a FileSource and a FeedSource."""

    def __init__(
        self,
        name: str,
        settings: AsteriskSettings,
        history: CsvHistory | SqlHistory,
        *,
        clock: Clock = system_clock,
    ) -> None:
        self._files = MasterCsvSource(name, settings, clock=clock)
        self._history = history

    @property
    def name(self) -> str:
        return self._files.name

    @property
    def feeds(self) -> Sequence[Feed]:
        return [self._history]

    async def check(self) -> str:
        return await self._history.check()

    def read_files(
        self, files: Iterable[BinaryIO], *, advance: Advance = ignore_progress
    ) -> Iterator[Reading]:
        return self._files.read_files(files, advance=advance)

    def hints(self) -> list[str]:
        return self._files.hints()
