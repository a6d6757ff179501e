"""The rows of CDR tables and files: which column is which, and a row as a CDR.

What a row must have and what may be wrong with it is the same for `Master.csv`, for files of other
layouts and for the database of FreePBX (master_csv.py, sql_history.py).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.config.sources import CDR_COLUMNS, NEEDED_COLUMNS, AsteriskSettings, column_names
from bot.domain.calls import Reject
from bot.domain.clock import AHEAD_LIMIT, Clock
from bot.sources.asterisk.cdr import ANSWERED, BUSY, CONGESTION, FAILED, NO_ANSWER, Cdr
from bot.sources.base import ID_LIMIT, TOO_FAR_AHEAD, rejected
from bot.sources.lines import Line, find_delimiter, read_records
from bot.sources.times import LocalTime

COLUMNS = range(16, 22)
"""How many columns a row may have."""

SRC, DST, CONTEXT, CLID, CHANNEL, DSTCHANNEL, APP, DATA = range(1, 9)
START, ANSWER, END, DURATION = 9, 10, 11, 12
DISPOSITION = 14
FIRST_OPTIONAL = 16

_HEADER = 4
"""Names of a CDR's columns in a line that is surely no row."""

WRONG_ZONE = 1800
"""Seconds between a channel's birth (its uniqueid says) and its row's start that need another
explanation than a slow PBX."""

OTHER_LAYOUT = "If the file has another layout, name its columns in the source's COLUMNS setting"
"""Told where a row does not look like one of cdr_csv."""

_UNIX = re.compile(r"[12]\d{9}(\.\d+)?", re.ASCII)
_FRACTION = re.compile(r"(?<=\d\d:\d\d)[.,]\d+$", re.ASCII)
_WHOLE_SECONDS = re.compile(r"(?<=\d)\.\d+$", re.ASCII)
_NEVER = re.compile(
    r"(0000-00-00|19[67]\d-\d\d-\d\d)[T ][\d:.]*|0(\.0*)?|null|none|-", re.I | re.ASCII
)
"""What stands for no time in exports: zero, the year 1970."""
_DISPOSITIONS = {
    "0": NO_ANSWER,
    "1": NO_ANSWER,
    "2": FAILED,
    "4": BUSY,
    "8": ANSWERED,
    "16": CONGESTION,
    "NOANSWER": NO_ANSWER,
    "NO_ANSWER": NO_ANSWER,
    "No Answer": NO_ANSWER,
    "Busy": BUSY,
    "Answered": ANSWERED,
    "Failed": FAILED,
    "Congestion": CONGESTION,
}
"""As `CDR(disposition,u)` says them, and exports."""

_UNIQUEID = re.compile(r"^\S*\d+\.\d+$", re.ASCII)


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file parts its columns, and their names; no names: those of cdr_csv."""

    names: list[str]
    delimiter: str = ","

    @property
    def counts(self) -> range:
        """How many columns a row may have."""
        return range(len(self.names), len(self.names) + 1) if self.names else COLUMNS

    def missing(self) -> list[str]:
        """The needed columns that it has not."""
        return sorted(NEEDED_COLUMNS.difference(self.names)) if self.names else []

    def in_order(self, cells: list[str]) -> list[str]:
        """The cells in the order of cdr_csv. Raises ValueError with what is wrong, in words."""
        if not self.names:
            if len(cells) not in COLUMNS:
                raise ValueError(f"{len(cells)} columns; cdr_csv writes 16 to 21. {OTHER_LAYOUT}")
            return cells
        if len(cells) != len(self.names):
            raise ValueError(
                f"{len(cells)} columns; the header or COLUMNS names {len(self.names)}"
            )
        named = dict(zip(self.names, cells, strict=True))
        return [named.get(name, "") for name in CDR_COLUMNS]


def find_layout(first: Line | Reject | None, columns: list[str]) -> tuple[Layout, bool]:
    """The layout of a file, by its first line and the COLUMNS; whether that line is its header."""
    named = _named_columns(first)
    if named and isinstance(first, Line):
        return Layout(named, max(",;\t", key=first.text.count)), True
    layout = Layout(columns)
    if first is None:
        return layout, False
    return Layout(columns, find_delimiter(first, layout.counts)), False


def _named_columns(first: Line | Reject | None) -> list[str]:
    """The columns that a file's first line names; none, if it is a row."""
    if not isinstance(first, Line):
        return []
    named = column_names(first.text.replace('"', ""))
    return named if len(set(named) & set(CDR_COLUMNS)) >= _HEADER else []


class RowReader:
    """Reads rows, and counts those whose time looks like that of another zone."""

    def __init__(self, settings: AsteriskSettings, *, latest: Clock) -> None:
        """`latest`: the latest moment the clock has shown: a row far ahead of it is refused."""
        self._columns = column_names(settings.columns)
        self._zone = settings.timezone
        self._time = LocalTime(ZoneInfo(settings.timezone))
        self._latest = latest
        self.start_counting()

    def start_counting(self) -> None:
        self._rows = self._shifted_rows = 0
        self._shift = 0

    def usual_shift_hours(self) -> float | None:
        """By how much the times differ from the uniqueids, if they do in most rows."""
        return self._shift / 3600 if self._shifted_rows * 2 > self._rows else None

    def zone_hint(self) -> str | None:
        """What looks wrong with the TIMEZONE, for an administrator."""
        hours = self.usual_shift_hours()
        if hours is None:
            return None
        return (
            f"its times are about {hours:+g} h from those in its unique ids:"
            f" is TIMEZONE={self._zone} the zone it is written in?"
        )

    def layout(self, first: Line | Reject | None) -> tuple[Layout, bool]:
        """The layout of a file that begins so; whether the line is its header."""
        return find_layout(first, self._columns)

    def read_lines(
        self, lines: Iterator[Line | Reject], layout: Layout
    ) -> Iterator[tuple[int, Cdr] | Reject]:
        """The CDRs in lines of that layout, with the numbers of the lines they begin on."""
        counts = layout.counts
        records = read_records(
            lines, is_whole=lambda cells: len(cells) in counts, delimiter=layout.delimiter
        )
        for record in records:
            if isinstance(record, Reject):
                yield record
                continue
            try:
                cdr = self.read(layout.in_order(record.cells))
            except ValueError as error:
                yield rejected(record.number, [str(error)], record.text)
                continue
            if not cdr.is_message():
                yield record.number, cdr

    def read(self, cells: list[str]) -> Cdr:
        """The CDR of a row. Raises ValueError with what is wrong, in words."""
        count = len(cells)
        uniqueid = linkedid = ""
        if count >= 19:
            linkedid = cells[-2].strip()
        if count in (18, 21) or (count in (17, 20) and _UNIQUEID.match(cells[FIRST_OPTIONAL])):
            uniqueid = cells[FIRST_OPTIONAL].strip()
        key = linkedid or uniqueid
        if len(key) > ID_LIMIT or not key.isprintable():
            raise ValueError(f"the unique id is over {ID_LIMIT} characters, or not text")
        second, point, _ = uniqueid.partition(".")
        born = int(second[-10:]) if point and second[-10:].isdecimal() else None
        start = self._moment(cells[START], born)
        if start is None:
            raise ValueError(
                f"column 10 (start) is not a time like 2026-11-22 21:31:36. {OTHER_LAYOUT}"
            )
        if start > self._latest() + AHEAD_LIMIT:
            raise ValueError(f"column 10 (start) {TOO_FAR_AHEAD}")
        self._rows += 1
        if born is not None and not -WRONG_ZONE < start - born < WRONG_ZONE:
            self._shifted_rows += 1
            self._shift = round((start - born) / 900) * 900
        flaws = []
        seconds = _WHOLE_SECONDS.sub("", cells[DURATION].strip())
        duration = int(seconds) if seconds.isdecimal() and len(seconds) < 9 else None
        if duration is None and seconds:
            flaws.append("duration: expected a number of seconds")
        answer = self._moment(cells[ANSWER], start) if cells[ANSWER] else None
        end = start if cells[END] == cells[START] else self._moment(cells[END], start)
        for name, text, moment in (("answer", cells[ANSWER], answer), ("end", cells[END], end)):
            if text and moment is None and not _NEVER.fullmatch(text):
                flaws.append(f"{name}: expected a time like 2026-11-22 21:31:36")
        if end is None:
            end = start + (duration or 0)
        end = max(start, end)
        return Cdr(
            src=cells[SRC],
            dst=cells[DST],
            context=cells[CONTEXT],
            clid=cells[CLID],
            channel=cells[CHANNEL],
            dstchannel=cells[DSTCHANNEL],
            app=cells[APP],
            data=cells[DATA],
            start=start,
            answer=None if answer is None else max(start, answer),
            end=end,
            duration=end - start if duration is None else duration,
            disposition=_DISPOSITIONS.get(cells[DISPOSITION], cells[DISPOSITION]),
            start_text=cells[START],
            uniqueid=uniqueid,
            linkedid=linkedid,
            flaws=tuple(flaws),
        )

    def _moment(self, text: str, after: int | None) -> int | None:
        """The moment of a column; cdr_custom may write Unix seconds. None: no such time."""
        if _UNIX.fullmatch(text):
            return int(text[:10])
        try:
            return self._time.parse(_FRACTION.sub("", text), after=after)
        except ValueError:
            return None
