"""Values of Dzvinok's own call JSON: how each kind is read, and its JSON Schema beside it.

A text becomes values with `load_json`. The reader of a field takes any such value and returns what
it means, None for null and for empty text: "not known". It raises ValueError with what was
expected, and never with the value: that may be personal.
"""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from bot.sources.base import (
    FIRST_YEAR,
    ID_LIMIT,
    LAST_YEAR,
    NAME_LIMIT,
    TEXT_LIMIT,
    clean_text,
    has_control,
)

RANG_LIMIT = 100
URL_LIMIT = 2000
SECONDS_LIMIT = 7 * 86400

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


def load_json(text: bytes | str) -> object:
    """The value of a JSON text. Raises ValueError with the reason, without what is in the text."""
    try:
        return json.loads(text, parse_float=JsonNumber)
    except UnicodeDecodeError:
        raise ValueError("not UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"broken JSON at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise ValueError("JSON nested too deeply") from None
    except ValueError:
        raise ValueError("a number in the JSON is too long") from None


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
    return text


def _text_reader(limit: int) -> Callable[[object], str | None]:
    def read(value: object) -> str | None:
        if value is None:
            return None
        if not _is_text(value):
            raise ValueError("expected text")
        return clean_text(str(value), limit)

    return read


def _read_rang(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ValueError("expected an array of extensions")
    if len(value) > RANG_LIMIT:
        raise ValueError(f"has over {RANG_LIMIT} extensions")
    extensions: dict[str, None] = {}  # a set that keeps the order
    for extension in value:
        if not _is_text(extension):
            raise ValueError("expected an array of extensions, each of them text")
        text = clean_text(str(extension), TEXT_LIMIT)
        if text:
            extensions[text] = None
    return tuple(extensions)


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
    value = _stripped(value)
    if value is None:
        return None
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("expected a whole number of seconds")
    if not 0 <= value <= SECONDS_LIMIT:
        raise ValueError(f"expected seconds from 0 to {SECONDS_LIMIT}")
    return value


def _read_price(value: object) -> Decimal | None:
    if isinstance(value, JsonNumber):
        value = value.text
    elif isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = _stripped(value)
    if text is None:
        return None
    if not isinstance(text, str) or not _PRICE_RE.fullmatch(text):
        raise ValueError('expected a decimal number like "1.25", not negative')
    return Decimal(text)


def _read_currency(value: object) -> str | None:
    text = _stripped(value)
    if text is None:
        return None
    if not isinstance(text, str) or not _CURRENCY_RE.fullmatch(text.upper()):
        raise ValueError("expected three letters like UAH")
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
    BeforeValidator(_text_reader(TEXT_LIMIT)),
    WithJsonSchema({"type": ["string", "integer", "null"]}),
]
Name = Annotated[
    str | None,
    BeforeValidator(_text_reader(NAME_LIMIT)),
    WithJsonSchema({"type": ["string", "integer", "null"]}),
]
Rang = Annotated[
    tuple[str, ...],
    BeforeValidator(_read_rang),
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
Time = Annotated[datetime | None, BeforeValidator(_read_time), WithJsonSchema(_TIME_SCHEMA)]
Seconds = Annotated[int | None, BeforeValidator(_read_seconds), WithJsonSchema(_SECONDS_SCHEMA)]
Price = Annotated[
    Decimal | None,
    BeforeValidator(_read_price),
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
    BeforeValidator(_read_currency),
    WithJsonSchema({"type": ["string", "null"], "pattern": "^[A-Za-z]{3}$"}),
]
Url = Annotated[
    str | None,
    BeforeValidator(_read_url),
    WithJsonSchema(
        {"type": ["string", "null"], "pattern": r"^https?://\S+$", "maxLength": URL_LIMIT}
    ),
]
