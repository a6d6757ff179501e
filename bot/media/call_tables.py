"""The log as tables of calls: their columns and cells, written to one open file, part behind part.

A part is a whole file of its own. A new one begins when the one before is as large as can be sent,
or has as many rows as a sheet: how large it is, is known while it is written. The two kinds of
tables are in call_workbooks.py and call_csv.py.
"""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import IO
from zoneinfo import ZoneInfo

from bot.domain.calls import Direction
from bot.domain.exports import (
    ExportedCall,
    ExportError,
    ExportFault,
    ExportJob,
    ExportWords,
    Totals,
)

DAY = 86_400
"""Seconds."""

WHEN, TEXT, SPAN, MONEY, WHOLE = range(5)

COLUMNS: Sequence[tuple[str, int, int]] = (
    ("started_at", WHEN, 19),
    ("direction", TEXT, 12),
    ("status", TEXT, 34),
    ("caller", TEXT, 24),
    ("caller_number", TEXT, 17),
    ("callee", TEXT, 24),
    ("callee_number", TEXT, 17),
    ("line", TEXT, 17),
    ("queue", TEXT, 14),
    ("employee", TEXT, 22),
    ("extension", TEXT, 12),
    ("wait", SPAN, 12),
    ("talk", SPAN, 12),
    ("ended_at", WHEN, 19),
    ("ended_by", TEXT, 16),
    ("price", MONEY, 10),
    ("currency", TEXT, 9),
    ("comment", TEXT, 40),
    ("author", TEXT, 20),
    ("fate", TEXT, 26),
    ("fate_by", TEXT, 20),
    ("fate_at", WHEN, 19),
    ("fate_words", TEXT, 30),
    ("source", TEXT, 12),
    ("external_id", TEXT, 20),
    ("id", WHOLE, 10),
)
"""Of each column what of the call it says, of which kind that is, and how wide it is."""

Cell = str | int | None
"""In the order of COLUMNS; times are seconds as local clocks tell them, from 1970."""


class CallTables:
    """What is written of an export; `bounds`: the place and the size of each part.

    Raises ExportError for more than the job's `all_bytes`, OSError for a full disk.
    """

    def __init__(self, job: ExportJob, file: IO[bytes]) -> None:
        self.bounds: list[tuple[int, int]] = []
        self._job = job
        self._file = file
        self._cells = Cells(job.words, ZoneInfo(job.zone))
        self._start = 0
        self._rows = 0
        self._begin()

    def write(self, calls: Sequence[ExportedCall]) -> None:
        while calls:
            if self._is_full():
                self._end(None)
                self._next()
            room = self._job.file_rows - self._rows
            self._write([self._cells.of(call) for call in calls[:room]])
            self._rows += len(calls[:room])
            calls = calls[room:]
        if self._file.tell() > self._job.all_bytes:
            raise ExportError(ExportFault.TOO_LARGE)

    def end(self, totals: Totals) -> None:
        self._end(totals)
        self._close_part()

    def _next(self) -> None:
        self._close_part()
        self._begin()

    def _close_part(self) -> None:
        end = self._file.seek(0, io.SEEK_END)
        self.bounds.append((self._start, end - self._start))
        self._start, self._rows = end, 0

    def _is_full(self) -> bool:
        size = self._file.tell() - self._start
        return self._rows >= self._job.file_rows or size >= self._job.file_bytes

    def _begin(self) -> None:
        raise NotImplementedError

    def _write(self, rows: Sequence[Sequence[Cell]]) -> None:
        raise NotImplementedError

    def _end(self, totals: Totals | None) -> None:
        raise NotImplementedError


class Cells:
    """What the cells of a call say."""

    def __init__(self, words: ExportWords, zone: ZoneInfo) -> None:
        self._words = words
        self._zone = zone
        self._offset = lru_cache(4096)(self._offset_of)

    def of(self, call: ExportedCall) -> list[Cell]:
        words = self._words
        name = call.caller
        if name is None and call.caller_number is None and call.direction is Direction.IN:
            name = words.hidden
        other = call.callee
        if other is None and call.callee_number is None and call.direction is Direction.OUT:
            other = words.hidden
        return [
            self._local(call.started_at),
            words.directions[call.direction],
            words.statuses[call.direction][call.status],
            name,
            call.caller_number,
            other,
            call.callee_number,
            call.line,
            call.queue,
            call.employee,
            call.extension,
            call.wait,
            call.talk,
            self._local(call.ended_at),
            words.ended_by[call.ended_by],
            None if call.price is None else f"{call.price:f}",
            call.currency if call.price is not None else None,
            call.comment,
            call.author,
            words.fates[call.fate] if call.fate else None,
            call.fate_by,
            self._local(call.fate_at),
            call.fate_words,
            call.source,
            call.external_id,
            call.id,
        ]

    def _local(self, moment: int | None) -> int | None:
        return None if moment is None else moment + self._offset(moment // 900)

    def _offset_of(self, quarter: int) -> int:
        """Seconds by which local clocks are before UTC: that changes on quarters of an hour."""
        there = datetime.fromtimestamp(quarter * 900, UTC).astimezone(self._zone).utcoffset()
        return int(there.total_seconds()) if there else 0
