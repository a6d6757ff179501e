"""One object of a PBX's JSON, read field by field: what is wrong in it costs only its field.

Vendors write numbers as texts and texts as numbers, leave fields out, and rename them. So a field
may have several names, of which the first that holds something counts; what cannot be read is
dropped and noted as a flaw, without the value. Only what a call cannot do without (`call_id`,
`start`) raises ValueError, and makes a Reject of the object.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from bot.domain.calls import CallFacts
from bot.domain.clock import AHEAD_LIMIT
from bot.sources.base import (
    FIRST_YEAR,
    ID_LIMIT,
    LAST_YEAR,
    TEXT_LIMIT,
    TOO_FAR_AHEAD,
    UNDECODABLE,
    Reading,
    clean_text,
    has_control,
    rejected,
)
from bot.sources.posted import decode_text, read_posted
from bot.sources.times import LocalTime

NO_TEXT = "is not text in the encoding that ENCODING says"
URL_LIMIT = 2000
LONGEST = 7 * 86400
"""Seconds that a call may last."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d", re.ASCII)

Built = Callable[["Row"], CallFacts]
"""Makes the statement of a row; raises ValueError with what is wrong, without values."""


class Row:
    """The fields of one object. `flaws` grows as they are read."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields
        self.flaws: list[str] = []

    def get(self, *names: str) -> Any:
        """The first value that is neither missing, null nor blank."""
        for name in names:
            value = self._fields.get(name)
            if value is not None and not (isinstance(value, str) and not value.strip()):
                return value
        return None

    def text(self, *names: str, limit: int = TEXT_LIMIT) -> str | None:
        value = self.get(*names)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            self._note(names[0], "expected text")
            return None
        if UNDECODABLE in str(value):
            self._note(names[0], NO_TEXT)
            return None
        return clean_text(str(value), limit)

    def texts(self, *names: str) -> tuple[str, ...]:
        """An array of texts, or one text that stands for an array of it; each once, in order."""
        value = self.get(*names)
        found: dict[str, None] = {}
        for one in value if isinstance(value, list) else [value]:
            if text := Row({"": one}).text(""):
                found[text] = None
        return tuple(found)

    def seconds(self, *names: str) -> int | None:
        """Whole seconds, whatever the fraction."""
        value = self.get(*names)
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            self._note(names[0], "expected seconds")
            return None
        if isinstance(value, bool) or not 0 <= number <= LONGEST:
            self._note(names[0], f"expected seconds from 0 to {LONGEST}")
            return None
        return int(number)

    def moment(self, *names: str, zone: LocalTime, after: int | None = None) -> int | None:
        """A time like `2026-11-22 10:00:00`, as LocalTime has it; zeros mean none."""
        value = self.get(*names)
        if value is None or (isinstance(value, str) and not value.strip("0 :.-T")):
            return None
        try:
            return _moment(value, zone, after)
        except ValueError as error:
            self._note(names[0], str(error))
            return None

    def address(self, *names: str) -> str | None:
        """The first of these that is an address of the web; others may hold an id of a file."""
        for name in names:
            text = self.text(name, limit=URL_LIMIT + 1)
            if text and text.startswith(("https://", "http://")) and len(text) <= URL_LIMIT:
                return text if " " not in text else None
        return None

    def call_id(self, *names: str) -> str:
        value = self.get(*names)
        if value is None:
            raise ValueError(f"{names[0]}: is missing")
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise ValueError(f"{names[0]}: expected text")
        text = str(value).strip()
        if len(text) > ID_LIMIT or has_control(text):
            raise ValueError(
                f"{names[0]}: is over {ID_LIMIT} characters or has control characters"
            )
        return text

    def start(self, *names: str, zone: LocalTime, now: int, after: int | None = None) -> int:
        """The moment a call began; `now` is that of the clock here."""
        value = self.get(*names)
        if value is None:
            raise ValueError(f"{names[0]}: is missing")
        try:
            moment = _moment(value, zone, after)
        except ValueError as error:
            raise ValueError(f"{names[0]}: {error}") from None
        if moment > now + AHEAD_LIMIT:
            raise ValueError(f"{names[0]}: {TOO_FAR_AHEAD}")
        return moment

    def _note(self, name: str, expected: str) -> None:
        self.flaws.append(f"{name}: {expected}")


def read_posted_rows(body: bytes, content_type: str, encoding: str, build: Built) -> list[Reading]:
    """What is posted, one object or an array of them."""
    try:
        posted = read_posted(body, content_type, encoding)
    except ValueError as error:
        return [rejected(0, [str(error)], decode_text(body, encoding))]
    return read_rows(posted if isinstance(posted, list) else [posted], build)


def read_rows(items: Iterable[object], build: Built) -> list[Reading]:
    return [read_row(item, place, build) for place, item in enumerate(items)]


def read_row(item: object, place: int, build: Built) -> Reading:
    """The statement that `build` makes of one value of a JSON text, or why there is none."""
    if not isinstance(item, dict):
        return rejected(place, ["expected an object"], _as_text(item))
    row = Row(item)
    try:
        facts = build(row)
    except ValueError as error:
        return rejected(place, [str(error)], _as_text(item))
    facts.flaws = tuple(dict.fromkeys((*facts.flaws, *row.flaws)))
    return facts


def _moment(value: object, zone: LocalTime, after: int | None) -> int:
    text = value.strip() if isinstance(value, str) else ""
    try:
        when = datetime.fromisoformat(text if _TIME.match(text) else "")
    except ValueError:
        raise ValueError("expected a time like 2026-11-22 10:00:00") from None
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise ValueError(f"the year is not between {FIRST_YEAR} and {LAST_YEAR}")
    return zone.seconds(when, after=after)


def _as_text(item: object) -> str:
    try:
        return json.dumps(item, ensure_ascii=False)
    except RecursionError:
        return "nested too deeply to be shown"
