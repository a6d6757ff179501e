"""The values that a mapping finds for one call, each with where it came from."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from bot.sources.durations import read_duration
from bot.sources.mapping.conditions import as_text
from bot.sources.mapping.model import ARRIVAL, OTHER, TIMES, CallFields, Choice
from bot.sources.mapping.moments import of_seconds, read_moment
from bot.sources.mapping.paths import is_nothing

_DURATIONS = ("wait_seconds", "talk_seconds", "total_seconds")
_LISTS = ("rang",)


@dataclass(slots=True)
class Found:
    """`values` by field; `origins`: where each came from; `words`: what the vendor said in place
    of each; `by_arrival`: the fields taken from the clock here; `flaws`: what could not be read.
    """

    values: dict[str, object] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    by_arrival: set[str] = field(default_factory=set)
    flaws: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        return None if value is None else str(value)

    def put(self, name: str, value: object, origin: str) -> None:
        """Give a field that has no value one that follows from others."""
        if value is not None and name not in self.values:
            self.values[name] = value
            self.origins[name] = origin


def find_fields(fields: CallFields, call: object, top: object, *, now: int) -> Found:
    """`call` is where paths begin, `top` all that was posted."""
    found = Found()
    for name in CallFields.model_fields:
        choices: tuple[Choice, ...] = getattr(fields, name)
        for choice in choices:
            if choice.when is None or choice.when.holds(call, top):
                try:
                    _take(found, name, choice, call, top, now)
                except ValueError as error:
                    found.flaws.setdefault(name, str(error))
            if name in found.values:
                found.flaws.pop(name, None)
                break
    return found


def _take(found: Found, name: str, choice: Choice, call: object, top: object, now: int) -> None:
    origin = _origin(choice)
    if choice.constant is not None:
        value: object = choice.constant
        if name in TIMES and value == ARRIVAL:
            value = of_seconds(now)
            found.by_arrival.add(name)
        found.values[name], found.origins[name] = value, origin
        return
    values = _found_at(choice, call, top)
    words = [str(value) for value in values]
    results = [_put_right(name, choice, value) for value in values]
    results = [result for result in results if not is_nothing(result)]
    if results:
        found.values[name] = results if name in _LISTS else results[0]
        is_changed = str(results[0]) != words[0]
        found.origins[name] = f"{origin}: {words[0]}" if is_changed else origin
    if words and name not in found.words:
        found.words[name] = words[0]


def _found_at(choice: Choice, call: object, top: object) -> list[object]:
    if choice.source is not None:
        return choice.source.find(call, top)
    text = choice.text or ""
    for written, path in choice.paths_of_text():
        values = path.find(call, top)
        if not values:
            return []
        text = text.replace(written, str(values[0]))
    return [text]


def _put_right(name: str, choice: Choice, value: object) -> object:
    if choice.match is not None:
        match = choice.match.search(str(value))
        if match is None:
            return None
        value = match[1] if match.re.groups else match[0]
    if choice.values:
        value = choice.values.get(as_text(value), choice.values.get(OTHER))
    if is_nothing(value):
        return None
    if choice.divide is not None:
        value = _divided(value, choice.divide)
    if name in TIMES:
        return read_moment(value, choice.time)
    if name in _DURATIONS:
        return read_duration(str(value))
    return _LOWERED.get(name, _same)(value)


def _same(value: object) -> object:
    return value


def _lowered(value: object) -> object:
    return as_text(value)


_LOWERED: dict[str, Callable[[object], object]] = {
    "direction": _lowered,
    "status": _lowered,
    "ended_by": _lowered,
}


def _divided(value: object, by: float) -> str:
    try:
        return str(Decimal(str(value).strip()) / Decimal(str(by)))
    except InvalidOperation:
        raise ValueError("expected a number") from None


def _origin(choice: Choice) -> str:
    said = ""
    if choice.constant == ARRIVAL:
        said = "when it was posted"
    elif choice.constant is None:
        said = choice.source.written if choice.source else f'"{choice.text}"'
    when = f"when {choice.when.written}" if choice.when else ""
    return ", ".join(filter(None, [said, when])) or "always"
