"""Where a value stands in what was posted: `call.id`, `to[0]`, `legs[].ext`, `$.event`.

- A name leads into an object, a number in brackets to an element of an array (`[-1]` the last),
  `[]` to all of them. A name with a dot or a blank in it stands in quotes: `"caller id".number`.
- `$` is all that was posted; without it a path begins at the call.
- A text that holds JSON is opened by itself where a path leads into it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.sources.own.json_fields import JsonNumber, load_json

_PART = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|\[\s*(-?\d*)\s*\]|([^.\[\]"']+))\s*""")
_ALL = None
_NOTHING = {"", "null", "none", "undefined", "nil", "<null>"}


@dataclass(frozen=True, slots=True)
class Path:
    """`parts`: names, indexes, and None for all elements."""

    written: str
    parts: tuple[str | int | None, ...]
    is_from_top: bool

    def find(self, call: object, top: object) -> list[object]:
        """The values there that say anything, in their order."""
        values = [top if self.is_from_top else call]
        for part in self.parts:
            values = [inner for value in values for inner in _inside(value, part)]
        return [_plain(value) for value in values if not is_nothing(value)]


def parse_path(written: str) -> Path:
    """Raises ValueError if it is none."""
    text = written.strip()
    is_from_top = text == "$" or text.startswith(("$.", "$["))
    rest = text[1:].removeprefix(".") if is_from_top else text
    parts: list[str | int | None] = []
    place = 0
    while place < len(rest):
        match = _PART.match(rest, place)
        if match is None:
            raise ValueError(f"expected a path like call.id or to[0], not {written!r}")
        quoted, also_quoted, index, name = match.groups()
        if index is not None:
            parts.append(int(index) if index else _ALL)
        else:
            parts.append(quoted or also_quoted or name.strip())
        place = match.end()
        if rest[place : place + 1] == ".":
            place += 1
            if place == len(rest):
                raise ValueError(f"a path does not end with a dot, as {written!r} does")
    if not parts and not is_from_top:
        raise ValueError("expected a path like call.id or to[0], not an empty text")
    return Path(text, tuple(parts), is_from_top)


def is_nothing(value: object) -> bool:
    """Whether it only says that there is nothing."""
    if isinstance(value, str):
        return value.strip().casefold() in _NOTHING
    return value is None or value in ([], {})


def _inside(value: object, part: str | int | None) -> Iterator[object]:
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        try:
            value = load_json(value)
        except ValueError:
            return
    match part, value:
        case None, list():
            yield from value
        case None, dict():
            yield from value.values()
        case int(), list() if -len(value) <= part < len(value):
            yield value[part]
        case str(), dict() if part in value:
            yield value[part]
        case int(), dict() if str(part) in value:
            yield value[str(part)]


def _plain(value: object) -> object:
    """A number of a JSON text as it was written: an id like 1651057476.362 is no sum."""
    return value.text if isinstance(value, JsonNumber) else value
