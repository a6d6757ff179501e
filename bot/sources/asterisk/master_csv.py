"""History of Asterisk from `Master.csv` (cdr_csv): rows in, whole calls out.

The format is that of `cdr/cdr_csv.c` in Asterisk's source: quoted cells, no header, a CDR in each
row. The columns are the 16 every Asterisk writes, then uniqueid and userfield if cdr.conf says
`loguniqueid` and `loguserfield`, then peeraccount, linkedid and sequence if it says
`newcdrcolumns`. Another layout (cdr_custom, an export) is named by the first line of the file, or
by the source's COLUMNS. Rows of text messages and USSD are no calls and are passed over. Times are
local, UTC with `usegmtime`: the source's TIMEZONE must say which.

Asterisk writes the rows of a call as channels hang up, so they lie near each other, yet not
together (`open_calls.py` finds them). A call is given out once OPEN_CDRS rows of other calls have
come since its last row, or at the end of the last file. A row later than that makes a second
statement under the same id, merged like any other.

What such a file cannot tell, and what is said instead:
- who hung up: not said;
- whether the caller gave up or the dial timed out, both NO ANSWER: an outgoing call reads as
  no_answer, never as cancelled_by_operator;
- the wait of a call that an IVR, a queue or a click-to-call answered before the person did: it
  is counted to that answer, unless the person's leg has a row of its own;
- who answered or was rung where neither the channel nor the dial string names the extension (a
  queue whose members sit behind one trunk): not said;
- a peer that was off, from a peer that does not exist: both FAILED. With `congestion=no`
  (default) CONGESTION is FAILED too;
- the line of a call that the dial plan moved on before it was answered (all of FreePBX's ring
  groups, queues and IVRs: only the database has a `did` column): not said;
- calls that never dialled anybody, with `unanswered=no` (default): they are not in the file;
- price, recording, talk lost to the network, SIP attended transfers as one call.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO
from zoneinfo import ZoneInfo

from bot.config.sources import CDR_COLUMNS, NEEDED_COLUMNS, AsteriskSettings, column_names
from bot.domain.calls import Reject
from bot.domain.clock import AHEAD_LIMIT, Clock, system_clock
from bot.sources.asterisk.calls import CallBuilder
from bot.sources.asterisk.cdr import ANSWERED, BUSY, CONGESTION, FAILED, NO_ANSWER, Cdr
from bot.sources.asterisk.dial_plan import DialPlan
from bot.sources.asterisk.open_calls import OpenCalls
from bot.sources.base import (
    ID_LIMIT,
    TOO_FAR_AHEAD,
    Advance,
    Reading,
    ignore_progress,
    rejected,
)
from bot.sources.lines import Line, find_delimiter, read_lines, read_records, refuse_file
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


class MasterCsvSource:
    """Reads the history of one Asterisk, one reading at a time. Is a FileSource."""

    def __init__(
        self, name: str, settings: AsteriskSettings, *, clock: Clock = system_clock
    ) -> None:
        self._name = name
        self._zone = settings.timezone
        self._encoding = settings.encoding
        self._columns = column_names(settings.columns)
        self._builder = CallBuilder(name, settings.number_plan, DialPlan(settings))
        self._rows = _RowReader(LocalTime(ZoneInfo(settings.timezone)), clock)

    @property
    def name(self) -> str:
        return self._name

    def read_files(
        self, files: Iterable[BinaryIO], *, advance: Advance = ignore_progress
    ) -> Iterator[Reading]:
        """All calls of the files, which are one log in pieces, the oldest first."""
        self._rows.start_counting()
        calls = OpenCalls()
        for file in files:
            lines = read_lines(file, advance=advance, encoding=self._encoding)
            delimiter = ","
            first = next(lines, None)
            named = _named_columns(first)
            if named and isinstance(first, Line):
                delimiter = max(",;\t", key=first.text.count)
                if missing := sorted(NEEDED_COLUMNS.difference(named)):
                    yield refuse_file(
                        first, f"the header has no column {', '.join(missing)}", lines
                    )
                    continue
            elif first is not None:
                delimiter = find_delimiter(first, _counts(self._columns))
                lines = chain([first], lines)
            layout = named or self._columns
            counts = _counts(layout)
            records = read_records(
                lines,
                is_whole=lambda cells, counts=counts: len(cells) in counts,  # type: ignore[misc]
                delimiter=delimiter,
            )
            for record in records:
                if isinstance(record, Reject):
                    yield record
                    continue
                try:
                    cdr = self._rows.read(_in_order(layout, record.cells))
                except ValueError as error:
                    yield rejected(record.number, [str(error)], record.text)
                    continue
                if cdr.is_message():
                    continue
                if ended := calls.add(cdr):
                    yield self._builder.build(ended)
                while calls.is_over_limit:
                    yield self._builder.build(calls.pop_oldest())
        while calls:
            yield self._builder.build(calls.pop_oldest())

    def hints(self) -> list[str]:
        hours = self._rows.usual_shift_hours()
        if hours is None:
            return []
        return [
            f"the times in the file are about {hours:+g} h from those in its unique ids: was it"
            f" written in another time zone than {self._zone} (with usegmtime=yes it is UTC)?"
        ]


def _named_columns(first: Line | Reject | None) -> list[str]:
    """The columns that a file's first line names; none, if it is a row."""
    if not isinstance(first, Line):
        return []
    named = column_names(first.text.replace('"', ""))
    return named if len(set(named) & set(CDR_COLUMNS)) >= _HEADER else []


def _counts(layout: list[str]) -> range:
    """How many columns a row may have."""
    return range(len(layout), len(layout) + 1) if layout else COLUMNS


def _in_order(layout: list[str], cells: list[str]) -> list[str]:
    """The cells in the order of cdr_csv, whose is the layout without names."""
    if not layout:
        if len(cells) not in COLUMNS:
            raise ValueError(f"{len(cells)} columns; cdr_csv writes 16 to 21. {OTHER_LAYOUT}")
        return cells
    if len(cells) != len(layout):
        raise ValueError(f"{len(cells)} columns; the header or COLUMNS names {len(layout)}")
    named = dict(zip(layout, cells, strict=True))
    return [named.get(name, "") for name in CDR_COLUMNS]


class _RowReader:
    """Reads rows, and counts those whose time looks like that of another zone."""

    def __init__(self, time: LocalTime, clock: Clock) -> None:
        self._time = time
        self._clock = clock
        self.start_counting()

    def start_counting(self) -> None:
        self._latest = self._clock() + AHEAD_LIMIT
        self._rows = self._shifted_rows = 0
        self._shift = 0

    def usual_shift_hours(self) -> float | None:
        """By how much the times differ from the uniqueids, if they do in most rows."""
        return self._shift / 3600 if self._shifted_rows * 2 > self._rows else None

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
        if start > self._latest:
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
