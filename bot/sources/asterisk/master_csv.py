"""History of Asterisk from `Master.csv` (cdr_csv): rows in, whole calls out.

The format is that of `cdr/cdr_csv.c` in Asterisk's source: quoted cells, no header, a CDR in each
row. The columns are the 16 every Asterisk writes, then uniqueid and userfield if cdr.conf says
`loguniqueid` and `loguserfield`, then peeraccount, linkedid and sequence if it says
`newcdrcolumns`. Times are local, UTC with `usegmtime`: the source's TIMEZONE must say which.

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
from typing import BinaryIO
from zoneinfo import ZoneInfo

from bot.config.sources import AsteriskSettings
from bot.domain.calls import Reject
from bot.sources.asterisk.calls import CallBuilder
from bot.sources.asterisk.cdr import Cdr
from bot.sources.asterisk.dial_plan import DialPlan
from bot.sources.asterisk.open_calls import OpenCalls
from bot.sources.base import ID_LIMIT, Advance, Reading, ignore_progress, rejected
from bot.sources.lines import read_lines, read_records
from bot.sources.times import LocalTime

COLUMNS = range(16, 22)
"""How many columns a row may have."""

SRC, DST, CONTEXT, CLID, CHANNEL, DSTCHANNEL, APP, DATA = range(1, 9)
START, ANSWER, END, DURATION = 9, 10, 11, 12
DISPOSITION = 14
FIRST_OPTIONAL = 16

WRONG_ZONE = 1800
"""Seconds between a channel's birth (its uniqueid says) and its row's start that need another
explanation than a slow PBX."""

_UNIQUEID = re.compile(r"^\S*\d+\.\d+$", re.ASCII)


class MasterCsvSource:
    """Reads the history of one Asterisk, one reading at a time. Is a FileSource."""

    def __init__(self, name: str, settings: AsteriskSettings) -> None:
        self._name = name
        self._zone = settings.timezone
        self._builder = CallBuilder(name, settings.number_plan, DialPlan(settings))
        self._rows = _RowReader(LocalTime(ZoneInfo(settings.timezone)))

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
            lines = read_lines(file, advance=advance)
            for record in read_records(lines, is_whole=lambda cells: len(cells) in COLUMNS):
                if isinstance(record, Reject):
                    yield record
                    continue
                try:
                    cdr = self._rows.read(record.cells)
                except ValueError as error:
                    yield rejected(record.number, [str(error)], record.text)
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


class _RowReader:
    """Reads rows, and counts those whose time looks like that of another zone."""

    def __init__(self, time: LocalTime) -> None:
        self._time = time
        self.start_counting()

    def start_counting(self) -> None:
        self._rows = self._shifted_rows = 0
        self._shift = 0

    def usual_shift_hours(self) -> float | None:
        """By how much the times differ from the uniqueids, if they do in most rows."""
        return self._shift / 3600 if self._shifted_rows * 2 > self._rows else None

    def read(self, cells: list[str]) -> Cdr:
        """The CDR of a row. Raises ValueError with what is wrong, in words."""
        count = len(cells)
        if count not in COLUMNS:
            raise ValueError(f"{count} columns; Asterisk writes 16 to 21")
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
        try:
            start = self._time.parse(cells[START], after=born)
        except ValueError:
            raise ValueError("column 10 (start) is not a time like 2026-11-22 21:31:36") from None
        self._rows += 1
        if born is not None and not -WRONG_ZONE < start - born < WRONG_ZONE:
            self._shifted_rows += 1
            self._shift = round((start - born) / 900) * 900
        duration = cells[DURATION]
        if not (duration.isdecimal() and len(duration) < 9):
            raise ValueError("column 13 (duration) is not a number of seconds")
        answer = None
        try:
            if cells[ANSWER]:
                answer = max(start, self._time.parse(cells[ANSWER], after=start))
            end_text = cells[END]
            if end_text == cells[START]:
                end = start
            elif end_text:
                end = self._time.parse(end_text, after=start)
            else:
                end = start + int(duration)
        except ValueError:
            raise ValueError(
                "column 11 or 12 (answer, end) is not a time like 2026-11-22 21:31:36"
            ) from None
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
            answer=answer,
            end=max(start, end),
            duration=int(duration),
            disposition=cells[DISPOSITION],
            start_text=cells[START],
            uniqueid=uniqueid,
            linkedid=linkedid,
        )
