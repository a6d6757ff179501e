"""Raw updates into aiogram's: what cannot be read is left out, and if little is left, all of it.

Every version of the Bot API brings kinds that this one does not know, in any message of anybody.
The smallest piece that cannot be read is left out and the rest is read again: an employee's text
is a text whatever it was forwarded from. An update whose kind, chat or sender of a press cannot be
read is no update. Numbers of over 64 bits, which no database takes, cannot be read either; halves
of surrogate pairs become U+FFFD. Only names of fields are told of, never what was in them.
"""

import re
from collections.abc import Iterator
from typing import Any

from aiogram import Bot
from aiogram.types import Update
from pydantic import ValidationError

_PIECES = 20
"""How many pieces of one update may be left out, one after another."""

_NAMES = 4
"""How many names of fields, one within another, are told."""

_TOO_LARGE = 2**63
_NO_NUMBER = ("over 64 bits",)
"""Cannot be read where a number is expected."""

_HALVES = re.compile("[\ud800-\udfff]")

Path = list[str | int]


def decode(raw: object, bot: Bot) -> tuple[Update | None, str | None]:
    """The update, if anything is left of it, and the first field that could not be read."""
    lost: str | None = None
    for path, instead in list(_unstorable(raw)):
        raw = _with(raw, path, instead)
    for _ in range(_PIECES):
        try:
            update = Update.model_validate(raw, context={"bot": bot})
            _ = update.event_type
        except ValidationError as error:
            path = _path(raw, error.errors(include_url=False, include_input=False)[0]["loc"])
            lost = lost or _name(path)
            if len(path) < 2:
                return None, lost
            raw = _without(raw, path)
        except Exception:  # an unknown kind, or nested too deep, say: it must stop nothing
            return None, lost or "update"
        else:
            return update, lost
    return None, lost


def _unstorable(raw: Any) -> Iterator[tuple[Path, Any]]:
    """Where there is what no database takes, and what may stand there instead."""
    inside: list[tuple[Path, Any]] = [([], raw)]
    while inside:
        path, value = inside.pop()
        match value:
            case dict():
                inside += [([*path, key], one) for key, one in value.items()]
            case list():
                inside += [([*path, place], one) for place, one in enumerate(value)]
            case str() if _HALVES.search(value):
                yield path, value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            case int() if not -_TOO_LARGE <= value < _TOO_LARGE:
                yield path, _NO_NUMBER


def _name(path: Path) -> str:
    names = [part for part in path if isinstance(part, str)]
    return ".".join(names[:_NAMES]) or "update"


def _path(raw: Any, location: tuple[str | int, ...]) -> Path:
    """Where in the raw update an error is: pydantic also names the types it has tried."""
    path: Path = []
    for part in location:
        is_there = (isinstance(raw, dict) and part in raw) or (
            isinstance(raw, list) and isinstance(part, int) and part < len(raw)
        )
        if is_there:
            raw = raw[part]
            path.append(part)
    return path


def _with(raw: Any, path: Path, value: Any) -> Any:
    """A copy with this value at the end of the path."""
    if not path:
        return value
    first, *rest = path
    copy: Any = dict(raw) if isinstance(raw, dict) else list(raw)
    copy[first] = _with(raw[first], rest, value)
    return copy


def _without(raw: Any, path: Path) -> Any:
    """A copy without the piece at the end of the path."""
    first, *rest = path
    copy: Any = dict(raw) if isinstance(raw, dict) else list(raw)
    if rest:
        copy[first] = _without(raw[first], rest)
    else:
        del copy[first]
    return copy
