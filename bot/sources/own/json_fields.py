"""Values of Dzvinok's own call JSON: how each kind is read, and its JSON Schema beside it.

A text becomes values with `load_json`. The reader of a field takes any such value and returns what
it means, None for null and for empty text: "not known". It raises ValueError with what was
expected, and never with the value: that may be personal.

A call is never lost for a field it can do without: what the reader of an optional field cannot
read is dropped, or mended if it raises MendedError with what it is read as instead. Either is
noted in the list that is the context of the validation, as "field: what was expected".
"""

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, ValidationInfo, WithJsonSchema

from bot.domain.calls import EndedBy
from bot.sources.base import (
    FIRST_YEAR,
    ID_LIMIT,
    LAST_YEAR,
    NAME_LIMIT,
    TEXT_LIMIT,
    UNDECODABLE,
    clean_text,
    has_control,
)

RANG_LIMIT = 100
URL_LIMIT = 2000
SECONDS_LIMIT = 7 * 86400
_LONGEST_NUMBER = 100

_DAY = 86400
_EARLIEST = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp() - _DAY
_LATEST = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp() + _DAY
"""Bounds of a time with an offset; a day wider, so that no zone's local year sticks out."""

_TIME = r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d(:?\d\d)?)?"
_PRICE = r"\d{1,12}(\.\d{1,6})?"
"""Patterns that the JSON Schema names too."""

_TIME_RE = re.compile(_TIME, re.ASCII)
_PRICE_RE = re.compile(_PRICE, re.ASCII)
_CURRENCY_RE = re.compile("[A-Z]{3}")
_URL_RE = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)
_FRACTION_RE = re.compile(r"\d{1,9}(\.\d+|,\d{1,2})", re.ASCII)
_PEOPLES_PRICE_RE = re.compile(
    r"(\d{1,12}|\d{1,3}([ \u00a0\u202f']\d{3}){1,3})([.,]\d{1,2})?", re.ASCII
)
_ROUNDED_RE = re.compile(r"[+-]?\d([.,]\d+E\+?|E\+)\d+", re.ASCII | re.IGNORECASE)
_SPREADSHEET_ERROR_RE = re.compile(r"#(N/A|[A-Z0/]+[!?])|#{3,}", re.ASCII)
_WHOLE_RE = re.compile(r"(\+?\d+)[.,]0", re.ASCII)
_PARTING_RE = re.compile(r"[;,\s]+")

CURRENCY_SIGNS = {
    "ГРН": "UAH",
    "ГРН.": "UAH",
    "₴": "UAH",
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "ZŁ": "PLN",
    "ZŁ.": "PLN",
}
"""What people write in place of the three letters, in capitals."""

ROUNDED = "a number like 3.80671E+11 has lost its digits: make the column text before saving"
"""Said of what spreadsheets make of a long number: nobody knows any more whose it was."""


NO_TEXT = "is not text in the encoding that ENCODING says"
"""Said of bytes that are no letters of that encoding."""


class MendedError(ValueError):
    """What was expected of a value, and what it is read as all the same."""

    def __init__(self, expected: str, mended: object) -> None:
        super().__init__(expected)
        self.mended = mended


class JsonNumber(float):
    """A number of a JSON text with a fraction or an exponent; `text` is the way it was written.

    As a float alone, 1.10 would be a price of 1.1.
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> "JsonNumber":
        number = super().__new__(cls, text)
        number.text = text
        return number


def _whole_number(text: str) -> int | float:
    """The number; one longer than any of a call is no whole number, which loses only its field."""
    return int(text) if len(text) < _LONGEST_NUMBER else JsonNumber(text)


def load_json(text: str) -> object:
    """The value of a JSON text. Raises ValueError with the reason, without what is in the text."""
    try:
        return json.loads(text, parse_float=JsonNumber, parse_int=_whole_number)
    except json.JSONDecodeError as error:
        raise ValueError(f"broken JSON at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None


def _stripped(value: object) -> object:
    """The value; a text without blanks around it, and None in place of an empty one."""
    if isinstance(value, str):
        return value.strip() or None
    return value


def _is_text(value: object) -> bool:
    """Whether it is text, or a whole number that some systems write in place of it."""
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _read_id(value: object) -> str:
    if not _is_text(value):
        raise ValueError("expected text")
    text = str(value).strip()
    if not text:
        raise ValueError("is empty")
    if len(text) > ID_LIMIT:
        raise ValueError(f"is over {ID_LIMIT} characters")
    if has_control(text):
        raise ValueError("has control characters")
    if UNDECODABLE in text:
        raise ValueError(NO_TEXT)
    if _ROUNDED_RE.fullmatch(text):
        raise ValueError(ROUNDED)
    return text


def _text_reader(limit: int) -> Callable[[object], str | None]:
    def read(value: object) -> str | None:
        if value is None:
            return None
        if not _is_text(value):
            raise ValueError("expected text")
        if UNDECODABLE in str(value):
            raise ValueError(NO_TEXT)
        text = clean_text(str(value), limit + 1)
        if text is None or len(text) <= limit:
            return text
        raise MendedError(f"is cut at {limit} characters", text[:limit].rstrip() or None)

    return read


_read_text = _text_reader(TEXT_LIMIT)


_read_name = _text_reader(NAME_LIMIT)


def _read_number(value: object) -> str | None:
    """A telephone number or an extension, also as spreadsheets write them."""
    if isinstance(value, JsonNumber):
        value = value.text
        if not _WHOLE_RE.fullmatch(value):
            raise ValueError(ROUNDED if "e" in value.lower() else "expected text")
    if isinstance(value, str):
        value = clean_text(value, len(value)) or ""
        if _SPREADSHEET_ERROR_RE.fullmatch(value):
            raise ValueError(ROUNDED)
        value = value.lstrip("'=")
        if _ROUNDED_RE.fullmatch(value):
            raise ValueError(ROUNDED)
        if match := _WHOLE_RE.fullmatch(value):
            value = match[1]
    return _read_text(value)


def _read_rang(value: object) -> tuple[str, ...]:
    flaws: list[str] = []
    if value is None:
        return ()
    if _is_text(value):
        value = [part for part in _PARTING_RE.split(str(value)) if part]
        flaws = ["expected an array of extensions"] if value else []
    if not isinstance(value, list):
        raise ValueError("expected an array of extensions")
    extensions: dict[str, None] = {}  # a set that keeps the order
    for extension in value:
        try:
            text = _read_number(extension)
        except ValueError:
            text = None
            flaws.append("expected an array of extensions, each of them text")
        if text:
            extensions[text] = None
    if len(extensions) > RANG_LIMIT:
        flaws.append(f"has over {RANG_LIMIT} extensions")
    rang = tuple(extensions)[:RANG_LIMIT]
    if flaws:
        raise MendedError(flaws[-1], rang)
    return rang


def _read_ended_by(value: object) -> EndedBy | None:
    text = _stripped(value)
    if text is None:
        return None
    try:
        return EndedBy(text.lower() if isinstance(text, str) else "")
    except ValueError:
        raise ValueError(f"expected one of {', '.join(EndedBy)}") from None


def _read_time(value: object) -> datetime | None:
    """Aware if an offset is written, else naive: local time of the source."""
    text = _stripped(value)
    if text is None:
        return None
    match = _TIME_RE.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError("expected a time like 2026-11-22T10:00:00+02:00")
    try:
        when = datetime.fromisoformat(match.group().upper())
    except ValueError:
        raise ValueError("there is no such time") from None
    is_of_our_years = (
        FIRST_YEAR <= when.year <= LAST_YEAR
        if when.tzinfo is None
        else _EARLIEST <= when.timestamp() < _LATEST
    )
    if not is_of_our_years:
        raise ValueError(f"the year is not between {FIRST_YEAR} and {LAST_YEAR}")
    return when


def _read_start(value: object) -> datetime:
    when = _read_time(value)
    if when is None:
        raise ValueError("is empty")
    return when


def _read_seconds(value: object) -> int | None:
    """Whole seconds; a fraction is rounded, a half up."""
    value = _stripped(value)
    if value is None:
        return None
    if isinstance(value, str):
        if value.isdecimal() and len(value) < 10:
            value = int(value)
        elif _FRACTION_RE.fullmatch(value):
            value = float(value.replace(",", "."))
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError("expected a whole number of seconds")
    if not 0 <= value <= SECONDS_LIMIT:
        raise ValueError(f"expected seconds from 0 to {SECONDS_LIMIT}")
    whole = math.floor(value + 0.5)
    if whole != value:
        raise MendedError("expected a whole number of seconds", whole)
    return whole


def _read_price(value: object) -> Decimal | None:
    expected = 'expected a decimal number like "1.25", not negative'
    if isinstance(value, JsonNumber):
        value = value.text
    elif isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = _stripped(value)
    if text is None:
        return None
    if not isinstance(text, str):
        raise ValueError(expected)
    if _PRICE_RE.fullmatch(text):
        return Decimal(text)
    if _PEOPLES_PRICE_RE.fullmatch(text):
        raise MendedError(expected, Decimal(re.sub(r"[\s']", "", text).replace(",", ".")))
    raise ValueError(expected)


def _read_currency(value: object) -> str | None:
    expected = "expected three letters like UAH"
    text = _stripped(value)
    if text is None:
        return None
    if isinstance(text, str) and text.upper() in CURRENCY_SIGNS:
        raise MendedError(expected, CURRENCY_SIGNS[text.upper()])
    if not isinstance(text, str) or not _CURRENCY_RE.fullmatch(text.upper()):
        raise ValueError(expected)
    return text.upper()


def _read_url(value: object) -> str | None:
    text = _stripped(value)
    if text is None:
        return None
    if not isinstance(text, str) or not _URL_RE.fullmatch(text) or has_control(text):
        raise ValueError("expected an address that starts with https:// or http://")
    if len(text) > URL_LIMIT:
        raise ValueError(f"is over {URL_LIMIT} characters")
    return text


def read_party_field(value: object) -> object:
    """What a party is read from: a bare text or number is its number."""
    if value is None or isinstance(value, dict):
        return value
    if _is_text(value):
        raise MendedError("expected an object", {"number": value})
    raise ValueError("expected an object")


def optional(read: Callable[[object], object], *, missing: object = None) -> BeforeValidator:
    """A reader that loses no call: what it cannot read is `missing`, or mended, and noted."""

    def validate(value: object, info: ValidationInfo) -> object:
        try:
            return read(value)
        except ValueError as error:
            if info.context is not None:
                info.context.append(f"{info.field_name}: {error}")
            return error.mended if isinstance(error, MendedError) else missing

    return BeforeValidator(validate)


_TIME_SCHEMA: dict[str, Any] = {
    "type": ["string", "null"],
    "pattern": f"^{_TIME}$",
}
_SECONDS_SCHEMA: dict[str, Any] = {
    "type": ["integer", "null"],
    "minimum": 0,
    "maximum": SECONDS_LIMIT,
}

Id = Annotated[
    str,
    BeforeValidator(_read_id),
    WithJsonSchema({"type": ["string", "integer"], "minLength": 1, "maxLength": ID_LIMIT}),
]
Text = Annotated[
    str | None,
    optional(_read_text),
    WithJsonSchema({"type": ["string", "integer", "null"]}),
]
Name = Annotated[
    str | None,
    optional(_read_name),
    WithJsonSchema({"type": ["string", "integer", "null"]}),
]
Number = Annotated[
    str | None,
    optional(_read_number),
    WithJsonSchema({"type": ["string", "integer", "null"]}),
]
Ending = Annotated[
    EndedBy | None,
    optional(_read_ended_by),
    WithJsonSchema({"enum": [*EndedBy, None]}),
]
Rang = Annotated[
    tuple[str, ...],
    optional(_read_rang, missing=()),
    WithJsonSchema(
        {
            "type": ["array", "null"],
            "items": {"type": ["string", "integer"]},
            "maxItems": RANG_LIMIT,
        }
    ),
]
Start = Annotated[
    datetime, BeforeValidator(_read_start), WithJsonSchema(_TIME_SCHEMA | {"type": "string"})
]
Time = Annotated[datetime | None, optional(_read_time), WithJsonSchema(_TIME_SCHEMA)]
Seconds = Annotated[int | None, optional(_read_seconds), WithJsonSchema(_SECONDS_SCHEMA)]
Price = Annotated[
    Decimal | None,
    optional(_read_price),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": f"^{_PRICE}$"},
                {"type": "number", "minimum": 0, "exclusiveMaximum": 10**12},
                {"type": "null"},
            ]
        }
    ),
]
Currency = Annotated[
    str | None,
    optional(_read_currency),
    WithJsonSchema({"type": ["string", "null"], "pattern": "^[A-Za-z]{3}$"}),
]
Url = Annotated[
    str | None,
    optional(_read_url),
    WithJsonSchema(
        {"type": ["string", "null"], "pattern": r"^https?://\S+$", "maxLength": URL_LIMIT}
    ),
]
