"""Times as vendors write them, as the ISO 8601 that Dzvinok's own call JSON has."""

import re
from datetime import UTC, datetime

_NUMBER = re.compile(r"(\d{9,20})(?:\.\d+)?", re.ASCII)
_COMPACT = re.compile(r"20\d{12}", re.ASCII)
_DATE = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?=\D|$)", re.ASCII)
_NEVER = re.compile(r"[0:\-/. TZ+]*")
_UNITS = ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**20, 10**9))
"""Below each bound numbers are so many parts of a second since 1970: no other reading of them
falls into our years."""


def read_moment(value: object, form: str | None) -> str | None:
    """ISO 8601, with an offset if one is known; None if it only says that there is none.

    `form` is a format of strptime. Without one: ISO 8601 or the like, 20261122100000, or seconds,
    milliseconds, microseconds since 1970, told apart by their size.

    Raises ValueError if it cannot be read.
    """
    text = str(value).strip()
    if _NEVER.fullmatch(text):
        return None
    if form is not None:
        try:
            return datetime.strptime(text, form).isoformat()  # noqa: DTZ007 - the source's zone
        except ValueError:
            raise ValueError(f"expected a time in the format {form}") from None
    if _COMPACT.fullmatch(text):
        return datetime.strptime(text, "%Y%m%d%H%M%S").isoformat()  # noqa: DTZ007
    if match := _NUMBER.fullmatch(text):
        return of_seconds(_seconds(int(match[1])))
    return _DATE.sub(lambda date: f"{date[1]}-{date[2]:0>2}-{date[3]:0>2}", text, count=1)


def of_seconds(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _seconds(number: int) -> int:
    for bound, parts in _UNITS:
        if number < bound:
            return number // parts
    raise ValueError("expected a time")
