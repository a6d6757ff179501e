"""The log as tables: XLSX and CSV, written row by row to one open file, part behind part.

A part is a whole file of its own. A new one begins when the one before is as large as can be sent,
or has as many rows as a sheet: how large it is, is known while it is written.

Of a workbook XlsxWriter makes everything but the rows of calls: headings, styles, widths, filter,
the sheet of totals. The rows are put into it here, compressed as they come: a hundred thousand of
them take it 13 s, by themselves 3, and how large they become it tells only at the end.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import IO, Any, Protocol
from zipfile import ZIP_DEFLATED, ZipFile
from zoneinfo import ZoneInfo

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from bot.domain.calls import Direction
from bot.domain.exports import (
    ExportedCall,
    ExportError,
    ExportFault,
    ExportJob,
    ExportKind,
    ExportWords,
    Totals,
)
from bot.domain.phones import spaced
from bot.media.cells import defused

_SHEET_BYTES = 1_500_000_000
"""Of the rows of a sheet before they are compressed; beyond 2 GiB some programs cannot read it."""

_DAY = 86_400
_EPOCH = 25_569
"""1970 in the days of a spreadsheet."""

_WHEN, _TEXT, _SPAN, _MONEY, _WHOLE = range(5)

COLUMNS: Sequence[tuple[str, int, int]] = (
    ("started_at", _WHEN, 19),
    ("direction", _TEXT, 12),
    ("status", _TEXT, 34),
    ("caller", _TEXT, 24),
    ("caller_number", _TEXT, 17),
    ("callee", _TEXT, 24),
    ("callee_number", _TEXT, 17),
    ("line", _TEXT, 17),
    ("queue", _TEXT, 14),
    ("employee", _TEXT, 22),
    ("extension", _TEXT, 12),
    ("wait", _SPAN, 12),
    ("talk", _SPAN, 12),
    ("ended_at", _WHEN, 19),
    ("ended_by", _TEXT, 16),
    ("price", _MONEY, 10),
    ("currency", _TEXT, 9),
    ("comment", _TEXT, 40),
    ("author", _TEXT, 20),
    ("fate", _TEXT, 26),
    ("fate_by", _TEXT, 20),
    ("fate_at", _WHEN, 19),
    ("fate_words", _TEXT, 30),
    ("source", _TEXT, 12),
    ("external_id", _TEXT, 20),
    ("id", _WHOLE, 10),
)
"""Of each column what of the call it says, of which kind that is, and how wide it is."""

_PLACES = {name: place for place, (name, _, _) in enumerate(COLUMNS)}
_NUMBERS = {_PLACES[name] for name in ("caller_number", "callee_number", "line")}
_CODES = {_PLACES[name] for name in ("extension", "queue")}

_COMPRESSION = 4
"""A third faster than the usual 6, and hardly larger."""

_LETTERS = [chr(ord("A") + i) for i in range(len(COLUMNS))]
_SHEET = "xl/worksheets/sheet1.xml"
_ROWS_END = "</sheetData>"
_STYLE = re.compile(r'<col min="(\d+)" max="(\d+)"[^>]* style="(\d+)"')
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold."""

_LIKE_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
"""Excel reads _x0041_ as the letter A."""

_EATEN = re.compile(r"0\d{4,}", re.ASCII)
"""A number that spreadsheets take for one to count with: its zero would be gone."""

_CHANGED = re.compile(r"0\d+|\d{16,}|\d+[eE]\d+", re.ASCII)
"""What they would show as another number: 007, 1e3, and what has more digits than they keep."""

Cell = str | int | None
"""In the order of COLUMNS; times are seconds as local clocks tell them, from 1970."""


class Parts(Protocol):
    """What is written of an export: `bounds` are the place and the size of each part."""

    bounds: list[tuple[int, int]]

    def write(self, calls: Sequence[ExportedCall]) -> None: ...
    def end(self, totals: Totals) -> None: ...


def open_parts(job: ExportJob, file: IO[bytes]) -> Parts:
    kind = _Workbooks if job.kind is ExportKind.XLSX else _Texts
    return kind(job, file)


class _Parts:
    """Raises ExportError for more than the job's `all_bytes`, OSError for a full disk."""

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


# XLSX


class _Place:
    """Part of a file, as a file of its own that begins where it does."""

    def __init__(self, file: IO[bytes], start: int) -> None:
        self._file = file
        self._start = start

    def write(self, data: bytes) -> int:
        return self._file.write(data)

    def tell(self) -> int:
        return self._file.tell() - self._start

    def seek(self, place: int) -> int:
        return self._file.seek(place + self._start) - self._start

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        """The file goes on behind it."""


class _Workbooks(_Parts):
    def _begin(self) -> None:
        place = _Place(self._file, self._start)
        self._zip = ZipFile(place, "w", ZIP_DEFLATED, compresslevel=_COMPRESSION)
        entries = _template(self._job.words, rows=0, totals=None)
        head, _, _ = entries[_SHEET].partition(_ROWS_END)
        self._styles = _styles(head)
        self._put = _row_writer(self._styles)
        self._sheet = self._zip.open(_SHEET, "w")
        self._unpacked = self._sheet.write(head.encode())

    def _write(self, rows: Sequence[Sequence[Cell]]) -> None:
        put, first = self._put, self._rows + 2
        text = "".join([put(number, row) for number, row in enumerate(rows, start=first)])
        self._unpacked += self._sheet.write(text.encode())

    def _is_full(self) -> bool:
        return super()._is_full() or self._unpacked >= _SHEET_BYTES

    def _end(self, totals: Totals | None) -> None:
        entries = _template(self._job.words, rows=self._rows, totals=totals)
        head, _, tail = entries.pop(_SHEET).partition(_ROWS_END)
        if _styles(head) != self._styles:
            raise RuntimeError("the workbook numbers its styles in another way")
        self._sheet.write(f"{_ROWS_END}{tail}".encode())
        self._sheet.close()
        for name, content in entries.items():
            self._zip.writestr(name, content)
        self._zip.close()


def _template(words: ExportWords, *, rows: int, totals: Totals | None) -> dict[str, str]:
    """The files of a workbook without its rows of calls, by their names."""
    made = io.BytesIO()
    day = "dd.mm.yyyy" if words.is_comma else "yyyy-mm-dd"
    with Workbook(made, {"in_memory": True}) as book:
        head = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
        formats = {
            _WHEN: book.add_format({"num_format": f"{day} hh:mm:ss"}),
            _TEXT: book.add_format({"num_format": "@"}),
            _SPAN: book.add_format({"num_format": "[h]:mm:ss"}),
            _MONEY: book.add_format({"num_format": "0.00##"}),
            _WHOLE: book.add_format({"num_format": "0"}),
        }
        sheet = book.add_worksheet(words.calls)
        for place, (_, kind, width) in enumerate(COLUMNS):
            sheet.set_column(place, place, width, formats[kind])
            sheet.write_string(0, place, words.headings[place], head)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, rows, len(COLUMNS) - 1)
        if totals:
            _write_totals(book.add_worksheet(words.totals), book, words, totals)
    with ZipFile(made) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


def _write_totals(sheet: Worksheet, book: Workbook, words: ExportWords, totals: Totals) -> None:
    bold, span = book.add_format({"bold": True}), book.add_format({"num_format": "[h]:mm:ss"})
    money = book.add_format({"num_format": "0.00##"})
    sheet.set_column(0, 0, 46)
    sheet.set_column(1, 1, 40)
    row = 0
    for name, value in words.about:
        sheet.write_string(row, 0, name, bold)
        sheet.write_string(row, 1, value)
        row += 1
    row += 1
    sheet.write_string(row, 0, words.all_calls, bold)
    sheet.write_number(row, 1, totals.calls)
    sheet.write_string(row + 1, 0, words.talk, bold)
    sheet.write_number(row + 1, 1, totals.talk / _DAY, span)
    row += 2
    for currency, amount in sorted(totals.prices.items()):
        sheet.write_string(row, 0, f"{words.price}, {currency}".rstrip(", "), bold)
        sheet.write_number(row, 1, float(amount), money)
        row += 1
    # By their words, as the rows have them: one status is told of each direction in other words.
    ways, statuses = Counter[str](), Counter[str]()
    for direction, count in totals.directions.items():
        ways[words.directions[direction]] += count
    for (direction, status), count in totals.statuses.items():
        statuses[words.statuses[direction][status]] += count
    for title, counts in ((words.by_direction, ways), (words.by_status, statuses)):
        sheet.write_string(row + 1, 0, title, bold)
        row += 2
        for name, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
            sheet.write_string(row, 0, name)
            sheet.write_number(row, 1, count)
            row += 1


def _styles(head: str) -> list[str]:
    """The number of the style of each column."""
    found: dict[int, str] = {}
    for first, last, style in _STYLE.findall(head):
        found |= dict.fromkeys(range(int(first), int(last) + 1), style)
    return [found[place] for place in range(1, len(COLUMNS) + 1)]


def _row_writer(styles: Sequence[str]) -> Callable[[int, Sequence[Cell]], str]:
    plan: list[tuple[str, str, Callable[[Any], str], str]] = []
    for letter, style, (_, kind, _) in zip(_LETTERS, styles, COLUMNS, strict=True):
        begin, opened = f'<c r="{letter}', f'" s="{style}"'
        if kind == _TEXT:
            opened += ' t="inlineStr"><is><t xml:space="preserve">'
            plan.append((begin, opened, _escaped, "</t></is></c>"))
        else:
            plan.append((begin, f"{opened}><v>", _VALUES[kind], "</v></c>"))

    def write(number: int, row: Sequence[Cell]) -> str:
        cells = [f'<row r="{number}">']
        cells += [
            f"{begin}{number}{opened}{value_of(value)}{closed}"
            for value, (begin, opened, value_of, closed) in zip(row, plan, strict=True)
            if value is not None and value != ""
        ]
        cells.append("</row>")
        return "".join(cells)

    return write


_VALUES: Mapping[int, Callable[[Any], str]] = {
    _WHEN: lambda local: repr(local / _DAY + _EPOCH),
    _SPAN: lambda seconds: repr(seconds / _DAY),
    _MONEY: str,
    _WHOLE: str,
}


@lru_cache(1 << 14)
def _escaped(text: str) -> str:
    """A text as a cell of XML holds it, always as a text and never as a formula."""
    text = _LIKE_ESCAPE.sub("_x005F_", _FORBIDDEN.sub("", text))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;")


# CSV


class _Texts(_Parts):
    def _begin(self) -> None:
        self._file.write(b"\xef\xbb\xbf")
        self._write_rows([self._job.words.headings])

    def _write(self, rows: Sequence[Sequence[Cell]]) -> None:
        is_comma = self._job.words.is_comma
        self._write_rows([text_cells(row, is_comma=is_comma) for row in rows])

    def _write_rows(self, rows: Sequence[Sequence[str]]) -> None:
        text = io.StringIO()
        csv.writer(text, delimiter=";" if self._job.words.is_comma else ",").writerows(rows)
        self._file.write(text.getvalue().encode("utf-8", "replace"))

    def _end(self, totals: Totals | None) -> None:
        """A table of text has no totals: nobody could sum its columns."""


def text_cells(row: Sequence[Cell], *, is_comma: bool) -> list[str]:
    """The cells of a call as texts that no spreadsheet takes for formulas.

    Telephone numbers stand in groups, by which they stay texts, with their plus, zeros and digits;
    extensions stay as they are dialled, and have an apostrophe where they need one.
    """
    cells = []
    for place, (value, (_, kind, _)) in enumerate(zip(row, COLUMNS, strict=True)):
        if value is None:
            cells.append("")
        elif kind == _TEXT:
            text = str(value)
            if place in _NUMBERS:
                cells.append(_number(text))
            elif place in _CODES:
                cells.append(_code(text))
            else:
                cells.append(defused(text))
        elif kind == _SPAN:
            minutes, seconds = divmod(int(value), 60)
            cells.append(f"{minutes // 60}:{minutes % 60:02}:{seconds:02}")
        elif kind == _WHEN:
            cells.append(_when(int(value), is_comma=is_comma))
        elif kind == _MONEY and is_comma:
            cells.append(str(value).replace(".", ","))
        else:
            cells.append(str(value))
    return cells


def _when(local: int, *, is_comma: bool) -> str:
    days, seconds = divmod(local, _DAY)
    hour, minute, second = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{_date(days, is_comma=is_comma)} {hour:02}:{minute:02}:{second:02}"


@lru_cache(1024)
def _date(days: int, *, is_comma: bool) -> str:
    day = datetime.fromtimestamp(days * _DAY, UTC)
    return f"{day:%d.%m.%Y}" if is_comma else f"{day:%Y-%m-%d}"


def _number(written: str) -> str:
    """A telephone number, or an extension."""
    text = spaced(written).replace("-", " ")
    if text.startswith("+") and " " in text and text[1:].replace(" ", "").isdecimal():
        return text
    if _EATEN.fullmatch(text):
        return f"{text[:3]} {text[3:]}"
    return _code(text)


def _code(text: str) -> str:
    return f"'{text}" if _CHANGED.fullmatch(text) else defused(text)
