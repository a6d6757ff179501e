"""Text files and CSV of other people, line by line, with a few lines in memory at most.

Lines end in LF or CRLF. A UTF-8 byte order mark is skipped, that of UTF-16 says the encoding,
whatever it was thought to be (spreadsheets save "Unicode text" so). Bytes that are not in the
encoding become the replacement character, blank lines are passed over. A line over LINE_LIMIT
bytes is refused.
"""

import codecs
import csv
from collections import deque
from collections.abc import Callable, Container, Iterator
from typing import BinaryIO, NamedTuple

from bot.domain.calls import Reject
from bot.sources.base import Advance, rejected

LINE_LIMIT = 1 << 16
"""Bytes of one line. A longer one is no call."""

JOINED_LIMIT = 16
"""Lines a CSV record may spread over: a line break inside quotes, not a quote left open."""

_REPORT_BYTES = 1 << 18
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Line(NamedTuple):
    """A line without its end; `number` counts from 1, blank lines too."""

    number: int
    text: str


class Record(NamedTuple):
    """A CSV record: `number` of the line it starts on, `text` as it stands there, its cells."""

    number: int
    text: str
    cells: list[str]


def read_lines(
    file: BinaryIO, *, advance: Advance, encoding: str = "utf-8"
) -> Iterator[Line | Reject]:
    """The lines of a file that are not blank; one too long is a Reject.

    `advance` is told of every byte of the file, those of refused and blank lines too.
    """
    unreported = number = 0
    readline: Callable[[int], bytes] = file.readline
    while raw := readline(LINE_LIMIT + 1):
        number += 1
        if number == 1 and raw.startswith(_WIDE_MARKS):
            readline, encoding = _NarrowFile(file, raw).readline, "utf-8"
            raw = readline(LINE_LIMIT + 1)
        size = len(raw)
        unreported += size
        is_long = size > LINE_LIMIT and not raw.endswith(b"\n")
        if is_long:
            while (rest := readline(LINE_LIMIT)) and not rest.endswith(b"\n"):
                advance(unreported + len(rest))
                unreported = 0
            unreported += len(rest)
        if unreported >= _REPORT_BYTES:
            advance(unreported)
            unreported = 0
        if number == 1:
            raw = raw.removeprefix(_BYTE_ORDER_MARK)
        text = raw.decode(encoding, "replace").rstrip("\r\n")
        if is_long:
            yield rejected(number, [f"the line is over {LINE_LIMIT} bytes"], text)
        elif text and not text.isspace():
            yield Line(number, text)
    if unreported:
        advance(unreported)


class _NarrowFile:
    """The lines of a UTF-16 file, of which `start` was read already, as UTF-8."""

    def __init__(self, file: BinaryIO, start: bytes) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        self._text = self._decoder.decode(start)

    def readline(self, size: int) -> bytes:
        while "\n" not in self._text and len(self._text) < size:
            raw = self._file.readline(size)
            self._text += self._decoder.decode(raw, final=not raw)
            if not raw:
                break
        end = self._text.find("\n") + 1 or len(self._text)
        line, self._text = self._text[:end], self._text[end:]
        return line.encode("utf-8", "replace")


def read_records(
    lines: Iterator[Line | Reject],
    *,
    is_whole: Callable[[list[str]], bool],
    delimiter: str = ",",
) -> Iterator[Record | Reject]:
    """The CSV records in the lines; a Reject among the lines passes through.

    A line with a quote left open continues on the next ones if together they make a record whose
    cells `is_whole` accepts; otherwise that line alone is refused, and the next ones are read for
    themselves. (A blank line inside quotes is lost: blank lines never get here.)
    """
    ahead: deque[Line | Reject] = deque()
    while (line := ahead.popleft() if ahead else next(lines, None)) is not None:
        if isinstance(line, Reject):
            yield line
            continue
        text = line.text
        if text.count('"') & 1:
            record = _join_lines(line, ahead, lines, is_whole, delimiter)
            yield record or rejected(line.number, ["a quote is opened and not closed"], text)
            continue
        cells = _split_cells(text, delimiter)
        if cells is None:
            yield rejected(line.number, ["the quotes of this line make no sense"], text)
        else:
            yield Record(line.number, text, cells)


def _join_lines(
    first: Line,
    ahead: deque[Line | Reject],
    lines: Iterator[Line | Reject],
    is_whole: Callable[[list[str]], bool],
    delimiter: str,
) -> Record | None:
    """The record that `first` begins, or None if the next lines do not make one with it.

    `ahead` holds lines already taken from `lines` and not used: what is looked at stays there
    unless it becomes a part of the record.
    """
    text = first.text
    for count in range(JOINED_LIMIT - 1):
        if count == len(ahead):
            line = next(lines, None)
            if line is None:
                return None
            ahead.append(line)
        more = ahead[count]
        if isinstance(more, Reject):
            return None
        text = f"{text}\n{more.text}"
        if more.text.count('"') & 1:
            cells = _split_cells(text, delimiter)
            if cells is None or not is_whole(cells):
                return None
            for _ in range(count + 1):
                ahead.popleft()
            return Record(first.number, text, cells)
    return None


def refuse_file(line: Line, error: str, rest: Iterator[Line | Reject]) -> Reject:
    """The Reject of a whole file; its other lines are only counted, for the progress bar."""
    for _ in rest:
        pass
    return rejected(line.number, [f"{error}; nothing of this file was read"], line.text)


def find_delimiter(line: Line | Reject, counts: Container[int]) -> str:
    """What parts the columns of a line into one of these counts: a comma, unless it is another."""
    for delimiter in ",;\t":
        cells = _split_cells(line.text, delimiter) if isinstance(line, Line) else None
        if cells is not None and len(cells) in counts:
            return delimiter
    return ","


def _split_cells(text: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader((text,), delimiter=delimiter, strict=True))
    except (csv.Error, StopIteration):
        return None
