"""History in our own files: JSON lines, or CSV with a header.

The first line that is not blank tells which: it begins with `{` in JSON lines, one call object to
a line. In CSV it names the columns, which are the JSON's fields in any order, those of the parties
as caller_number, caller_name, caller_sip, callee_number, callee_name, callee_sip. Columns of other
names are passed over. An empty cell is "not known". Cells of `rang` hold several extensions with
`;`, `,` or spaces between them. The columns are parted by commas, or by semicolons if the header
is (spreadsheets of many countries write those).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import BinaryIO, Protocol

from bot.domain.calls import CallFacts, Reject
from bot.sources.base import Advance, rejected
from bot.sources.lines import Line, read_lines, read_records

FIELDS = frozenset(
    {
        "id",
        "direction",
        "status",
        "line",
        "queue",
        "extension",
        "rang",
        "started_at",
        "answered_at",
        "ended_at",
        "wait_seconds",
        "talk_seconds",
        "ended_by",
        "price",
        "currency",
        "recording_url",
        "updated_at",
    }
)
PARTY_FIELDS = {
    f"{party}_{field}": (party, field)
    for party in ("caller", "callee")
    for field in ("name", "number", "sip")
}
REQUIRED = ("id", "direction", "status", "started_at")

_BETWEEN = re.compile(r"[;,\s]+")


class ReadCall(Protocol):
    """Reads one call object; `body` is the text it was written as."""

    def __call__(self, item: object, place: int, body: str) -> CallFacts | Reject: ...


def read_calls(
    files: Iterable[BinaryIO],
    *,
    load: Callable[[str], object],
    read: ReadCall,
    advance: Advance,
) -> Iterator[CallFacts | Reject]:
    """Every statement of the files, in their order. `load` reads a JSON text."""
    for file in files:
        lines = read_lines(file, advance=advance)
        first = next(lines, None)
        if first is None:
            continue
        rest = chain([first], lines)
        if isinstance(first, Reject) or first.text.lstrip().startswith("{"):
            yield from _read_json(rest, load, read)
        elif first.text.lstrip().startswith("["):
            yield _given_up(first, "a JSON array; expected JSON lines: one call on a line", lines)
        else:
            yield from _read_csv(rest, read)


def _read_json(
    lines: Iterator[Line | Reject], load: Callable[[str], object], read: ReadCall
) -> Iterator[CallFacts | Reject]:
    for line in lines:
        if isinstance(line, Reject):
            yield line
            continue
        try:
            item = load(line.text)
        except ValueError as error:
            yield rejected(line.number, [str(error)], line.text)
        else:
            yield read(item, line.number, line.text)


def _read_csv(lines: Iterator[Line | Reject], read: ReadCall) -> Iterator[CallFacts | Reject]:
    header = next(lines)
    assert isinstance(header, Line)  # noqa: S101 - the caller has looked
    delimiter = ";" if header.text.count(";") > header.text.count(",") else ","
    columns = [name.strip().strip('"').strip().lower() for name in header.text.split(delimiter)]
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        yield _given_up(header, f"the header has no column {', '.join(missing)}", lines)
        return
    known = [name for name in columns if name in FIELDS or name in PARTY_FIELDS]
    if len(set(known)) < len(known):
        yield _given_up(header, "the header names a column twice", lines)
        return
    count = len(columns)
    records = read_records(lines, is_whole=lambda cells: len(cells) == count, delimiter=delimiter)
    for record in records:
        if isinstance(record, Reject):
            yield record
        elif len(record.cells) != count:
            error = f"{len(record.cells)} columns; the header has {count}"
            yield rejected(record.number, [error], record.text)
        else:
            item = _item(columns, record.cells)
            yield read(item, record.number, record.text)


def _item(columns: list[str], cells: list[str]) -> dict[str, object]:
    """The call object that the cells of a line are."""
    item: dict[str, object] = {}
    parties: dict[str, dict[str, str]] = {"caller": {}, "callee": {}}
    for name, cell in zip(columns, cells, strict=True):
        text = cell.strip()
        if not text:
            continue
        if name in PARTY_FIELDS:
            party, field = PARTY_FIELDS[name]
            parties[party][field] = text
        elif name == "rang":
            item[name] = [extension for extension in _BETWEEN.split(text) if extension]
        elif name in FIELDS:
            item[name] = text
    return item | parties


def _given_up(line: Line, error: str, rest: Iterator[Line | Reject]) -> Reject:
    """The refusal of a whole file; what is left of it is read over, for the progress."""
    for _ in rest:
        pass
    return rejected(line.number, [f"{error}; nothing of this file was read"], line.text)
