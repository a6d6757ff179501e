"""A mapping file: which field of a call stands where in what a vendor posts. See docs/mapping.md.

A field is a path, a choice, or an array of them, of which the first that finds something counts.
A choice is a table: `from` (a path), `is` (a value of ours) or `text` (a text with `{path}`s in
it); `when` (a condition) says whether it counts; what was found is put right by `match`, `values`,
`divide` and `time`, in this order.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bot.config.values import Zone
from bot.domain.calls import Direction, EndedBy, Status
from bot.domain.errors import StartError
from bot.sources.mapping.conditions import Condition, as_text, parse_condition
from bot.sources.mapping.paths import Path, parse_path

SHIPPED = FilePath(__file__).parent

ARRIVAL = "arrival"
"""As a time: the moment when what is read was posted."""

TIMES = ("started_at", "answered_at", "ended_at", "updated_at")

OTHER = "*"
"""In `values`: any word that is not there."""

CLIENT, EMPLOYEE = "client", "employee"
"""Who hung up, where a vendor tells it so."""

_WORDS = {
    "direction": tuple(Direction),
    "status": tuple(Status),
    "ended_by": (*EndedBy, CLIENT, EMPLOYEE),
}
"""Fields whose values are words of ours."""

_IN_TEXT = re.compile(r"\{([^{}]+)\}")


def _path(value: object) -> object:
    return parse_path(value) if isinstance(value, str) else value


def _condition(value: object) -> object:
    return parse_condition(value) if isinstance(value, str) else value


def _pattern(value: object) -> object:
    try:
        return re.compile(value) if isinstance(value, str) else value
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None


_Path = Annotated[Path, BeforeValidator(_path)]
_Condition = Annotated[Condition, BeforeValidator(_condition)]
_Pattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]


class _Table(BaseModel):
    model_config = ConfigDict(
        extra="forbid", frozen=True, arbitrary_types_allowed=True, populate_by_name=True
    )


class Choice(_Table):
    """One way to a value. `values`: a word of the vendor, in small letters, to ours."""

    source: _Path | None = Field(None, alias="from")
    constant: str | bool | int | float | None = Field(None, alias="is")
    text: str | None = None
    when: _Condition | None = None
    match: _Pattern | None = None
    values: dict[str, str] = {}
    divide: Annotated[float, Field(gt=0)] | None = None
    time: str | None = None

    @field_validator("values", mode="after")
    @classmethod
    def _fold(cls, values: dict[str, str]) -> dict[str, str]:
        return {as_text(word): ours for word, ours in values.items()}

    @model_validator(mode="after")
    def _check_ways(self) -> "Choice":
        if sum(way is not None for way in (self.source, self.constant, self.text)) != 1:
            raise ValueError("expected one of `from`, `is` and `text`")
        list(self.paths_of_text())
        return self

    def paths_of_text(self) -> Iterator[tuple[str, Path]]:
        """The paths in `text`, each with the way it is written there, brackets included."""
        for match in _IN_TEXT.finditer(self.text or ""):
            yield match.group(), parse_path(match[1])


def _choices(value: object) -> object:
    ways = value if isinstance(value, list) else [value]
    return [{"from": way} if isinstance(way, str) else way for way in ways]


Choices = Annotated[tuple[Choice, ...], BeforeValidator(_choices)]


class CallFields(_Table):
    """The fields of a call; what is not told of one stays unknown."""

    id: Choices
    status: Choices
    started_at: Choices
    direction: Choices = ()
    raw_status: Choices = ()
    client_number: Choices = ()
    client_name: Choices = ()
    caller_number: Choices = ()
    caller_name: Choices = ()
    caller_sip: Choices = ()
    callee_number: Choices = ()
    callee_name: Choices = ()
    callee_sip: Choices = ()
    line: Choices = ()
    queue: Choices = ()
    extension: Choices = ()
    rang: Choices = ()
    answered_at: Choices = ()
    ended_at: Choices = ()
    updated_at: Choices = ()
    wait_seconds: Choices = ()
    talk_seconds: Choices = ()
    total_seconds: Choices = ()
    ended_by: Choices = ()
    price: Choices = ()
    currency: Choices = ()
    recording_url: Choices = ()

    @field_validator(*_WORDS, mode="after")
    @classmethod
    def _check_words(cls, choices: tuple[Choice, ...], info: ValidationInfo) -> object:
        allowed = _WORDS[info.field_name or ""]
        for choice in choices:
            said = [*choice.values.values(), *([choice.constant] if choice.constant else [])]
            if wrong := [word for word in said if word not in allowed]:
                raise ValueError(f"{wrong[0]!r} is none of {', '.join(allowed)}")
        return choices


class MappingFile(_Table):
    """`ignore`: what is no call, or tells nothing. `calls`: where several calls stand. `answer`:
    what the vendor wants to read. `extension_pattern`: what extensions look like."""

    name: str = ""
    ignore: tuple[_Condition, ...] = ()
    calls: _Path | None = None
    timezone: Zone | None = None
    extension_pattern: _Pattern = re.compile(r"^\d{2,5}$")
    answer: str | None = None
    call: CallFields


def shipped_mappings() -> list[str]:
    """The names of the mapping files that come with Dzvinok."""
    return sorted(file.stem for file in SHIPPED.glob("*.toml"))


def load_mapping(written: str) -> MappingFile:
    """Read a file, or the one that is shipped under a bare name.

    Raises StartError with a line that names the file, the line or the key, and what is expected.
    """
    file = FilePath(written)
    if written in shipped_mappings():
        file = SHIPPED / f"{written}.toml"
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        known = ", ".join(shipped_mappings())
        raise StartError(f"{written}: no such file, and none of those shipped: {known}") from None
    except OSError as error:
        raise StartError(f"{written}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise StartError(f"{written}: is not in UTF-8") from None
    try:
        return MappingFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise StartError(f"{written}: {_one_line(error)}") from None
    except ValidationError as error:
        wrong = "; ".join(_described(one, text) for one in error.errors(include_url=False))
        raise StartError(f"{written}: {wrong}") from None


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text[:1].lower() + text[1:]


def _described(error: Any, text: str) -> str:
    place: list[str | int] = [part for part in error["loc"] if part not in {"str", "bool"}]
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in place)
    key = key.removeprefix(".")
    line = _line_of(text, place)
    where = f"line {line}, {key}" if line else key
    match error["type"]:
        case "missing":
            reason = "is missing"
        case "extra_forbidden":
            reason = f"there is no such key here; {_known_keys(place)}"
        case "model_type" | "model_attributes_type" | "dict_type":
            reason = 'expected a path, or a table like { from = "path" }'
        case _:
            reason = (
                error["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
            )
    return f"{where}: {reason}" if where else reason


def _known_keys(place: list[str | int]) -> str:
    if len(place) == 1:
        model: type[BaseModel] = MappingFile
    elif len(place) == 2:
        model = CallFields
    else:
        model = Choice
    names = (field.alias or name for name, field in model.model_fields.items())
    return f"known are {', '.join(names)}"


def _line_of(text: str, place: list[str | int]) -> int | None:
    """The line on which the key stands, if it can be told; its table's is near enough."""
    names = [str(part) for part in place if isinstance(part, str)]
    while names:
        table = ""
        for number, line in enumerate(text.splitlines(), 1):
            if match := re.match(r"\s*\[+([^\[\]]+)\]+", line):
                table = match[1].strip() + "."
                if match[1].strip() == ".".join(names):
                    return number
            elif (match := re.match(r"\s*([\w.\"-]+)\s*=", line)) and (
                table + match[1].replace('"', "") == ".".join(names)
            ):
                return number
        names.pop()
    return None
