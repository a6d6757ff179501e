"""The log as workbooks (XLSX), written row by row.

XlsxWriter makes everything but the rows of calls: headings, styles, widths, filter, the sheet of
totals. The rows are put into it here, compressed as they come: a hundred thousand of them take it
13 s, by themselves 3, and how large they become it tells only at the end.
"""

import io
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from bot.domain.exports import ExportWords, Totals
from bot.media.call_tables import COLUMNS, DAY, MONEY, SPAN, TEXT, WHEN, WHOLE, CallTables, Cell

_SHEET_BYTES = 1_500_000_000
"""Of the rows of a sheet before they are compressed; beyond 2 GiB some programs cannot read it."""

_EPOCH = 25_569
"""1970 in the days of a spreadsheet."""

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


class Workbooks(CallTables):
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
            WHEN: book.add_format({"num_format": f"{day} hh:mm:ss"}),
            TEXT: book.add_format({"num_format": "@"}),
            SPAN: book.add_format({"num_format": "[h]:mm:ss"}),
            MONEY: book.add_format({"num_format": "0.00##"}),
            WHOLE: book.add_format({"num_format": "0"}),
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
    sheet.write_number(row + 1, 1, totals.talk / DAY, span)
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
        if kind == TEXT:
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
    WHEN: lambda local: repr(local / DAY + _EPOCH),
    SPAN: lambda seconds: repr(seconds / DAY),
    MONEY: str,
    WHOLE: str,
}


@lru_cache(1 << 14)
def _escaped(text: str) -> str:
    """A text as a cell of XML holds it, always as a text and never as a formula."""
    text = _LIKE_ESCAPE.sub("_x005F_", _FORBIDDEN.sub("", text))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace("\r", "&#13;")
