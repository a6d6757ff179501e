"""Raw updates into aiogram's: what cannot be read is left out, and if little is left, all of it.

Every version of the Bot API brings kinds that this one does not know, in any message of anybody.
The smallest piece that cannot be read is left out and the rest is read again: an employee's text
is a text whatever it was forwarded from. An update whose kind, chat or sender of a press cannot be
read is no update. Only names of fields are told of, never what was in them.
"""

from typing import Any

from aiogram import Bot
from aiogram.types import Update
from pydantic import ValidationError

_PIECES = 20
"""How many pieces of one update may be left out, one after another."""

_NAMES = 4
"""How many names of fields, one within another, are told."""

Path = list[str | int]


def decode(raw: object, bot: Bot) -> tuple[Update | None, str | None]:
    """The update, if anything is left of it, and the first field that could not be read."""
    lost: str | None = None
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


def _without(raw: Any, path: Path) -> Any:
    """A copy without the piece at the end of the path."""
    first, *rest = path
    copy: Any = dict(raw) if isinstance(raw, dict) else list(raw)
    if rest:
        copy[first] = _without(raw[first], rest)
    else:
        del copy[first]
    return copy
