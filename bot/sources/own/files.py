"""History in our own files: JSON lines, or CSV with a header.

The first line that is not blank tells which: it begins with `{` in JSON lines, one call object to
a line. In CSV it names the columns, which are the JSON's fields in any order, those of the parties
as caller_number, caller_name, caller_sip, callee_number, callee_name, callee_sip. Columns of other
names are passed over. An empty cell is "not known". Cells of `rang` hold several extensions with
`;`, `,` or spaces between them. What spreadsheets do to numbers is undone (`="067…"`, `'067…`,
`380….0`), but for `3.80671E+11`, which has lost its digits and is dropped. The columns are parted
by commas, or by semicolons or tabs if the header is (spreadsheets write those).
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO, Protocol

from bot.domain.calls import Reject
from bot.sources.base import Advance, Reading, rejected
from bot.sources.lines import Line, read_lines, read_records, refuse_file
from bot.sources.own.call_model import CallDto, PartyDto
from bot.sources.own.json_fields import load_json

PARTY_FIELDS = {
    f"{party}_{field}": (party, field)
    for party in ("caller", "callee")
    for field in PartyDto.model_fields
}
FIELDS = CallDto.model_fields.keys() - {"caller", "callee"}
REQUIRED = [name for name, field in CallDto.model_fields.items() if field.is_required()]

_SEPARATORS = re.compile(r"[;,\s]+")
_SPREADSHEET_MARK = re.compile(r"\s*\"?sep=.\"?\s*", re.IGNORECASE)
"""A first line that tells a spreadsheet what parts the columns."""

_FORMULA = re.compile(r'="([^"]*)"')
"""How spreadsheets are made to keep a text as it is: `="0671234567"`."""


class ReadCall(Protocol):
    """Reads one call object: `body` is the text it was written as, `place` the number of its line.

    What it cannot read it returns as a Reject; it raises nothing.
    """

    def __call__(self, item: object, place: int, body: str) -> Reading: ...


def read_calls(
    files: Iterable[BinaryIO],
    *,
    read: ReadCall,
    advance: Advance,
    encoding: str,
) -> Iterator[Reading]:
    """What `read` makes of each line, in order; a file that is neither kind is one Reject."""
    for file in files:
        lines = read_lines(file, advance=advance, encoding=encoding)
        first = next(lines, None)
        if isinstance(first, Line) and _SPREADSHEET_MARK.fullmatch(first.text):
            first = next(lines, None)
        if first is None:
            continue
        rest = chain([first], lines)
        if isinstance(first, Reject) or first.text.lstrip().startswith("{"):
            yield from _read_json_lines(rest, read)
        elif first.text.lstrip().startswith("["):
            yield refuse_file(
                first, "a JSON array; expected JSON lines: one call on a line", lines
            )
        else:
            yield from _read_csv(rest, read)


def _read_json_lines(lines: Iterator[Line | Reject], read: ReadCall) -> Iterator[Reading]:
    for line in lines:
        if isinstance(line, Reject):
            yield line
            continue
        try:
            item = load_json(line.text)
        except ValueError as error:
            yield rejected(line.number, [str(error)], line.text)
        else:
            yield read(item, line.number, line.text)


def _read_csv(lines: Iterator[Line | Reject], read: ReadCall) -> Iterator[Reading]:
    header = next(lines)
    assert isinstance(header, Line)  # noqa: S101 - the caller has looked
    delimiter = max(",;\t", key=header.text.count)
    columns = [
        re.sub(r"\s+", "_", name.strip().strip('"').strip().lower())
        for name in header.text.split(delimiter)
    ]
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        yield refuse_file(header, f"the header has no column {', '.join(missing)}", lines)
        return
    known = [name for name in columns if name in FIELDS or name in PARTY_FIELDS]
    if len(set(known)) < len(known):
        yield refuse_file(header, "the header names a column twice", lines)
        return
    count = len(columns)
    records = read_records(lines, is_whole=lambda cells: len(cells) == count, delimiter=delimiter)
    for record in records:
        if isinstance(record, Reject):
            yield record
        elif len(record.cells) < count or any(record.cells[count:]):
            error = f"{len(record.cells)} columns; the header has {count}"
            yield rejected(record.number, [error], record.text)
        else:
            yield read(_call_object(columns, record.cells[:count]), record.number, record.text)


def _call_object(columns: list[str], cells: list[str]) -> dict[str, object]:
    """The call object that the cells of a line stand for."""
    item: dict[str, object] = {}
    parties: dict[str, dict[str, str]] = {"caller": {}, "callee": {}}
    for name, cell in zip(columns, cells, strict=True):
        text = cell.strip()
        if match := _FORMULA.fullmatch(text):
            text = match[1].strip()
        if not text:
            continue
        if name in PARTY_FIELDS:
            party, field = PARTY_FIELDS[name]
            parties[party][field] = text
        elif name == "rang":
            item[name] = [extension for extension in _SEPARATORS.split(text) if extension]
        elif name in FIELDS:
            item[name] = text
    return item | parties
