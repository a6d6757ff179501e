"""Conditions of a mapping: `event = start | ringing and duration > 0`.

A comparison has a path, a sign and a value. `=` and `!=` compare texts whatever the case of their
letters, or numbers; `|` parts several values; `~` looks for a regular expression; `>`, `>=`, `<`,
`<=` compare numbers, and nothing that is no number fits. `is empty` and `is not empty` ask whether
anything stands there. Several comparisons are joined by `and`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from bot.sources.mapping.paths import Path, parse_path

EXPECTED = "expected a condition like `state = completed and duration > 0`"

_COMPARISON = re.compile(r"(.+?)\s*(!=|>=|<=|==|=|>|<|~)\s*(.*)", re.DOTALL)
_EMPTINESS = re.compile(r"(.+?)\s+is\s+(not\s+)?empty", re.IGNORECASE)
_AND = re.compile(r"\s+and\s+(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", re.IGNORECASE)

_ORDERS: dict[str, Callable[[Decimal, Decimal], bool]] = {
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
}


@dataclass(frozen=True, slots=True)
class Condition:
    written: str
    tests: tuple[Callable[[object, object], bool], ...]

    def holds(self, call: object, top: object) -> bool:
        return all(test(call, top) for test in self.tests)


def parse_condition(written: str) -> Condition:
    """Raises ValueError if it is none."""
    return Condition(written, tuple(map(_parse_test, _AND.split(f"{written.strip()} "))))


def as_text(value: object) -> str:
    """A value as it is compared: in small letters, `true` and `false` as JSON has them."""
    return str(value).strip().casefold()


def _parse_test(part: str) -> Callable[[object, object], bool]:
    part = part.strip()
    if match := _EMPTINESS.fullmatch(part):
        path, wants_some = parse_path(match[1]), match[2] is not None
        return lambda call, top: bool(path.find(call, top)) is wants_some
    match = _COMPARISON.fullmatch(part)
    if match is None:
        raise ValueError(EXPECTED)
    path, sign, value = parse_path(match[1]), match[2], match[3].strip()
    if sign == "~":
        return _parse_search(path, _unquoted(value))
    if sign in _ORDERS:
        return _parse_order(path, sign, value)
    values = [_unquoted(one) for one in value.split("|")]
    is_wanted = sign != "!="
    return lambda call, top: (
        any(_is_same(found, one) for found in path.find(call, top) or [""] for one in values)
        is is_wanted
    )


def _parse_search(path: Path, pattern: str) -> Callable[[object, object], bool]:
    try:
        search = re.compile(pattern, re.IGNORECASE).search
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return lambda call, top: any(search(str(found)) for found in path.find(call, top))


def _parse_order(path: Path, sign: str, value: str) -> Callable[[object, object], bool]:
    limit = _number(value)
    if limit is None:
        raise ValueError(f"expected a number after {sign}")
    is_so = _ORDERS[sign]

    def test(call: object, top: object) -> bool:
        numbers = [_number(found) for found in path.find(call, top)]
        return any(is_so(number, limit) for number in numbers if number is not None)

    return test


def _is_same(found: object, value: str) -> bool:
    if as_text(found) == as_text(value):
        return True
    left, right = _number(found), _number(value)
    return left is not None and left == right


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value).strip().replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _unquoted(value: str) -> str:
    value = value.strip()
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1] if is_quoted else value
