"""The log as CSV, with the separators and decimal signs of the reader's language."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from bot.domain.exports import Totals
from bot.domain.phones import spaced
from bot.media.call_tables import COLUMNS, DAY, MONEY, SPAN, TEXT, WHEN, CallTables, Cell
from bot.media.cells import defused

_PLACES = {name: place for place, (name, _, _) in enumerate(COLUMNS)}
_NUMBERS = {_PLACES[name] for name in ("caller_number", "callee_number", "line")}
_CODES = {_PLACES[name] for name in ("extension", "queue")}

_EATEN = re.compile(r"0\d{4,}", re.ASCII)
"""A number that spreadsheets take for one to count with: its zero would be gone."""

_CHANGED = re.compile(r"0\d+|\d{16,}|\d+[eE]\d+", re.ASCII)
"""What they would show as another number: 007, 1e3, and what has more digits than they keep."""


class TextTables(CallTables):
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
        elif kind == TEXT:
            text = str(value)
            if place in _NUMBERS:
                cells.append(_number(text))
            elif place in _CODES:
                cells.append(_code(text))
            else:
                cells.append(defused(text))
        elif kind == SPAN:
            minutes, seconds = divmod(int(value), 60)
            cells.append(f"{minutes // 60}:{minutes % 60:02}:{seconds:02}")
        elif kind == WHEN:
            cells.append(_when(int(value), is_comma=is_comma))
        elif kind == MONEY and is_comma:
            cells.append(str(value).replace(".", ","))
        else:
            cells.append(str(value))
    return cells


def _when(local: int, *, is_comma: bool) -> str:
    days, seconds = divmod(local, DAY)
    hour, minute, second = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{_date(days, is_comma=is_comma)} {hour:02}:{minute:02}:{second:02}"


@lru_cache(1024)
def _date(days: int, *, is_comma: bool) -> str:
    day = datetime.fromtimestamp(days * DAY, UTC)
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
