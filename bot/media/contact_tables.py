"""Contacts as CSV: what Google, Outlook and spreadsheets write, with headings or without; written.

Which column is what follows from the headings. Where there are none, or they say nothing, numbers
are the columns that mostly hold whole telephone numbers, and the names the only column of words.
Two columns of words could be anything: then it is said so, and nothing is guessed.
"""

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from bot.domain.contact_files import ContactFileError, FileFault
from bot.domain.contacts import Contact
from bot.domain.phones import spaced
from bot.media.cells import SEPARATORS, defused, undefused
from bot.media.file_text import LINE_LIMIT, TextFile

ReadNumber = Callable[[str], str | None]

_SAMPLE = 100
"""Records by which the columns are told."""

_JOINED_LIMIT = 64
"""Lines a record may spread over: notes have line breaks, a quote left open has no end."""

_SEPARATOR = re.compile(r"\s*(?::::|[;|\n]|,\s|/)\s*")
"""Between the numbers of one cell; `:::` is Google's."""

_PHONE = re.compile(
    r"\b(phones?|telephone|tel|mobile|cell|cellular|fax|pager|телефони?|телефоны|тел|факс"
    r"|моб|мобільний|мобильный)\b"
)
_NOT_PHONE = re.compile(r"\b(type|label|тип|мітка|метка|assistant|extension|email)\b")
_NUMBER = re.compile(r"(номер|number|no|ном)( телефону| телефона)?( \d+)?")
_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}")
_LIKE_NUMBER = re.compile(r"[\s'=\"]*(?:tel:)?\+?[\d\s().\-/'\"]{7,40}", re.ASCII)
_ROUNDED = re.compile(r"\d+[.,]\d+E\+?\d+", re.ASCII | re.IGNORECASE)

_WHOLE = frozenset(
    {
        *("name", "full name", "display name", "file as", "contact", "contact name", "client"),
        *("customer", "піб", "фіо", "фио", "назва", "название", "клієнт", "клиент", "контакт"),
        *("абонент", "контактна особа", "контактное лицо", "прізвище імя", "прізвище та імя"),
        *("прізвище імя по батькові", "імя та прізвище", "імя прізвище", "имя и фамилия"),
        *("фамилия имя", "фамилия имя отчество", "повне імя", "имя контакта", "імя контакту"),
    }
)
_GIVEN = frozenset({"first name", "given name", "імя", "имя"})
_MIDDLE = frozenset({"middle name", "additional name", "по батькові", "отчество"})
_FAMILY = frozenset({"last name", "family name", "surname", "прізвище", "фамилия"})
_COMPANY = frozenset(
    {
        *("company", "organization", "organization name", "organization 1 name", "організація"),
        *("компанія", "фірма", "организация", "компания", "фирма", "назва організації"),
    }
)


@dataclass(slots=True)
class Columns:
    """Which columns are what; `name`: in the order in which they make it, `else_name` if empty."""

    name: list[int] = field(default_factory=list)
    else_name: list[list[int]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    has_headings: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A contact as a table has it. `rounded`: numbers of which a spreadsheet has lost digits."""

    place: int
    name: str
    numbers: list[str]


def read_table(text: TextFile, read_number: ReadNumber) -> Iterator[Row]:
    """The rows that say anything. Raises ContactFileError if the columns cannot be told."""
    lines = text.decoded()
    head = list(islice((one for one in lines if one[1].strip()), _SAMPLE))
    delimiter, head = _delimiter(head)
    records = _records(chain(head, lines), delimiter)
    sample = list(islice(records, _SAMPLE))
    columns = _columns([cells for _, cells in sample], read_number)
    for place, cells in islice(chain(sample, records), int(columns.has_headings), None):
        name = _name_of(cells, columns)
        numbers = [one for i in columns.numbers for one in _numbers_in(_cell(cells, i))]
        if name or numbers:
            yield Row(place, name, numbers)


def is_rounded(number: str) -> bool:
    """Whether a spreadsheet has left of it only what it shows: 3.80671E+11."""
    return _ROUNDED.fullmatch(number.strip()) is not None


def _name_of(cells: Sequence[str], columns: Columns) -> str:
    for indexes in (columns.name, *columns.else_name):
        words = [undefused(_cell(cells, i)) for i in indexes]
        if name := " ".join(filter(None, words)):
            return name
    return ""


def _cell(cells: Sequence[str], index: int) -> str:
    return cells[index].strip() if index < len(cells) else ""


def _numbers_in(cell: str) -> list[str]:
    parts = [one for one in _SEPARATOR.split(cell) if one]
    are_whole = all(sum(map(str.isdigit, one)) >= 7 for one in parts)
    return parts if are_whole else [cell]


def _delimiter(
    head: list[tuple[int, str]],
) -> tuple[str, list[tuple[int, str]]]:
    """What parts the columns, and the first lines without Excel's own word about that."""
    if head and (told := re.fullmatch(r'"?sep=(.)"?', head[0][1].strip())):
        return told[1], head[1:]
    scores = {}
    for delimiter in SEPARATORS:
        widths = Counter(len(cells) for _, cells in _records(iter(head), delimiter))
        [(width, count)] = widths.most_common(1) or [(0, 0)]
        scores[delimiter] = (width > 1, count, width)
    return max(SEPARATORS, key=lambda one: scores[one]), head


def _records(lines: Iterator[tuple[int, str]], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """The records; a line with a quote that nothing closes is taken as it stands."""
    ahead: deque[tuple[int, str]] = deque()
    while first := ahead.popleft() if ahead else next(lines, None):
        number, whole = first
        used = 0
        while whole.count('"') & 1 and used < _JOINED_LIMIT and len(whole) <= LINE_LIMIT:
            if used == len(ahead):
                if (line := next(lines, None)) is None:
                    break
                ahead.append(line)
            whole = f"{whole}\n{ahead[used][1]}"
            used += 1
        cells = None if whole.count('"') & 1 else _cells(whole, delimiter)
        if cells is None:
            cells, used = [one.strip('"') for one in first[1].split(delimiter)], 0
        for _ in range(used):
            ahead.popleft()
        if any(cell.strip() for cell in cells):
            yield number, cells


def _cells(text: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader((text,), delimiter=delimiter), [])
    except csv.Error:
        return None


def _columns(records: Sequence[list[str]], read_number: ReadNumber) -> Columns:
    if not records:
        raise ContactFileError(FileFault.EMPTY)

    def is_number(cell: str) -> bool:
        parts = _numbers_in(cell.strip())
        return all(
            _LIKE_NUMBER.fullmatch(one)
            and not _DATE.fullmatch(one)
            and (read_number(one) or "").startswith("+")
            for one in parts
        )

    columns = Columns(
        has_headings=not any(cell.strip() and is_number(cell) for cell in records[0])
    )
    body = records[1:] if columns.has_headings else records
    width = max(map(len, records))
    filled = [[cell for one in body if (cell := _cell(one, i))] for i in range(width)]
    if columns.has_headings:
        _read_headings([_folded(cell) for cell in records[0]], columns)
    if not columns.numbers:
        columns.numbers = [
            i
            for i, cells in enumerate(filled)
            if cells and 2 * sum(map(is_number, cells)) >= len(cells)
        ]
    if not columns.numbers:
        raise ContactFileError(FileFault.NO_NUMBERS)
    if not columns.name and not columns.else_name:
        words = [
            i
            for i, cells in enumerate(filled)
            if i not in columns.numbers
            and 2 * sum(any(map(str.isalpha, cell)) for cell in cells) > len(cells)
        ]
        if not words:
            raise ContactFileError(FileFault.NO_NAMES)
        if len(words) > 1:
            raise ContactFileError(FileFault.WHICH_NAME, [filled[i][0][:40] for i in words[:5]])
        columns.name = words
    return columns


def _read_headings(headings: Sequence[str], columns: Columns) -> None:
    def those(known: frozenset[str]) -> list[int]:
        return [i for i, one in enumerate(headings) if one in known][:1]

    columns.numbers = [
        i
        for i, one in enumerate(headings)
        if (_PHONE.search(one) and not _NOT_PHONE.search(one)) or _NUMBER.fullmatch(one)
    ]
    whole, parts = those(_WHOLE), those(_GIVEN) + those(_MIDDLE) + those(_FAMILY)
    columns.name = whole or parts
    columns.else_name = [one for one in (parts if whole else [], those(_COMPANY)) if one]


def _folded(heading: str) -> str:
    text = re.sub(r"['’ʼ`]", "", heading.casefold())
    return " ".join(re.sub(r"[^\w\s]|_", " ", text).split())


# Writing


def headings_row(name: str, number: str, added: Sequence[str], *, numbers: int) -> str:
    columns = [number if numbers == 1 else f"{number} {i + 1}" for i in range(numbers)]
    return _row([name, *columns, *added])


def contact_row(contact: Contact, added: Sequence[str], *, numbers: int) -> str:
    """Numbers are written in groups: so they stay text, with their plus and all their digits."""
    written = [spaced(one.number) for one in contact.numbers]
    cells = [*written, *[""] * (numbers - len(written))]
    return _row([defused(contact.name or ""), *cells, *map(defused, added)])


def _row(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerow(cells)
    return text.getvalue()
