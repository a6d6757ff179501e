"""Dzvinok's own call JSON, as others post it: one object, or an array of up to 1000.

Fields that are not ours are passed over, so that a newer sender works with an older Dzvinok. The
content type is not looked at: what is posted must be JSON. `python -m bot.sources.own.json_calls`
prints the JSON Schema of it, which is committed as docs/call.schema.json.
"""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, BinaryIO
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)

from bot.config.sources import WebhookSettings
from bot.domain.calls import CallFacts, Direction, EndedBy, Party, Reject, Status
from bot.sources.base import (
    FIRST_YEAR,
    ID_LIMIT,
    LAST_YEAR,
    NAME_LIMIT,
    TEXT_LIMIT,
    Advance,
    clean_text,
    has_control,
    ignore_progress,
    rejected,
)
from bot.sources.own.files import read_calls
from bot.sources.times import LocalTime

ARRAY_LIMIT = 1000
RANG_LIMIT = 100
URL_LIMIT = 2000
SECONDS_LIMIT = 7 * 86400

_DAY = 86400
_EARLIEST = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC).timestamp() - _DAY
_LATEST = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp() + _DAY
"""Bounds of a time with an offset; a day wider, so that no zone's local year sticks out."""

_TIME = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(?P<offset>[Zz]|[+-]\d\d(:?\d\d)?)?",
    re.ASCII,
)
_PRICE = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)
_CURRENCY = re.compile("[A-Z]{3}")
_URL = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)


class JsonNumber(float):
    """A number of a JSON text with a fraction or exponent, which keeps the way it was written."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> "JsonNumber":
        number = super().__new__(cls, text)
        number.text = text
        return number


def _is_text(value: object) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _id(value: object) -> str:
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


def _text(limit: int) -> Callable[[object], str | None]:
    def read(value: object) -> str | None:
        if value is None:
            return None
        if not _is_text(value):
            raise ValueError("expected text")
        return clean_text(str(value), limit)

    return read


def _rang(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ValueError("expected an array of extensions")
    if len(value) > RANG_LIMIT:
        raise ValueError(f"has over {RANG_LIMIT} extensions")
    found: dict[str, None] = {}
    for extension in value:
        if not _is_text(extension):
            raise ValueError("expected an array of extensions, each of them text")
        text = clean_text(str(extension), TEXT_LIMIT)
        if text:
            found[text] = None
    return tuple(found)


def _time(value: object) -> datetime | None:
    text = value.strip() if isinstance(value, str) else value
    if text is None or text == "":
        return None
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError("expected a time like 2026-11-22T10:00:00+02:00")
    try:
        when = datetime.fromisoformat(match.group().upper())
    except ValueError:
        raise ValueError("there is no such time") from None
    is_sane = (
        FIRST_YEAR <= when.year <= LAST_YEAR
        if when.tzinfo is None
        else _EARLIEST <= when.timestamp() < _LATEST
    )
    if not is_sane:
        raise ValueError(f"the year is not between {FIRST_YEAR} and {LAST_YEAR}")
    return when


def _start(value: object) -> datetime:
    when = _time(value)
    if when is None:
        raise ValueError("is empty")
    return when


def _seconds(value: object) -> int | None:
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        value = int(text) if text.isdecimal() and len(text) < 10 else text
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("expected a whole number of seconds")
    if not 0 <= value <= SECONDS_LIMIT:
        raise ValueError(f"expected seconds from 0 to {SECONDS_LIMIT}")
    return value


def _price(value: object) -> Decimal | None:
    if isinstance(value, JsonNumber):
        value = value.text
    elif isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = value.strip() if isinstance(value, str) else value
    if text is None or text == "":
        return None
    if not isinstance(text, str) or not _PRICE.fullmatch(text):
        raise ValueError('expected a decimal number like "1.25", not negative')
    return Decimal(text)


def _currency(value: object) -> str | None:
    text = value.strip().upper() if isinstance(value, str) else value
    if text is None or text == "":
        return None
    if not isinstance(text, str) or not _CURRENCY.fullmatch(text):
        raise ValueError("expected three letters like UAH")
    return text


def _url(value: object) -> str | None:
    text = value.strip() if isinstance(value, str) else value
    if text is None or text == "":
        return None
    if not isinstance(text, str) or not _URL.fullmatch(text) or has_control(text):
        raise ValueError("expected an address that starts with https:// or http://")
    if len(text) > URL_LIMIT:
        raise ValueError(f"is over {URL_LIMIT} characters")
    return text


_TIME_SCHEMA: dict[str, Any] = {
    "type": ["string", "null"],
    "pattern": (r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d(:?\d\d)?)?$"),
}
_SECONDS_SCHEMA: dict[str, Any] = {
    "type": ["integer", "null"],
    "minimum": 0,
    "maximum": SECONDS_LIMIT,
}

Id = Annotated[
    str,
    BeforeValidator(_id),
    WithJsonSchema({"type": ["string", "integer"], "minLength": 1, "maxLength": ID_LIMIT}),
]
Text = Annotated[
    str | None,
    BeforeValidator(_text(TEXT_LIMIT)),
    WithJsonSchema({"type": ["string", "integer", "null"]}),
]
Name = Annotated[
    str | None,
    BeforeValidator(_text(NAME_LIMIT)),
    WithJsonSchema({"type": ["string", "integer", "null"]}),
]
Rang = Annotated[
    tuple[str, ...],
    BeforeValidator(_rang),
    WithJsonSchema(
        {
            "type": ["array", "null"],
            "items": {"type": ["string", "integer"]},
            "maxItems": RANG_LIMIT,
        }
    ),
]
Start = Annotated[
    datetime, BeforeValidator(_start), WithJsonSchema(_TIME_SCHEMA | {"type": "string"})
]
Time = Annotated[datetime | None, BeforeValidator(_time), WithJsonSchema(_TIME_SCHEMA)]
Seconds = Annotated[int | None, BeforeValidator(_seconds), WithJsonSchema(_SECONDS_SCHEMA)]
Price = Annotated[
    Decimal | None,
    BeforeValidator(_price),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": r"^\d{1,12}(\.\d{1,6})?$"},
                {"type": "number", "minimum": 0, "exclusiveMaximum": 10**12},
                {"type": "null"},
            ]
        }
    ),
]
Currency = Annotated[
    str | None,
    BeforeValidator(_currency),
    WithJsonSchema({"type": ["string", "null"], "pattern": "^[A-Za-z]{3}$"}),
]
Url = Annotated[
    str | None,
    BeforeValidator(_url),
    WithJsonSchema(
        {"type": ["string", "null"], "pattern": r"^https?://\S+$", "maxLength": URL_LIMIT}
    ),
]

EXAMPLE: dict[str, Any] = {
    "id": "a1",
    "direction": "in",
    "status": "missed",
    "caller": {"number": "0671234567", "name": "Ганна"},
    "callee": {"number": "0445550101"},
    "line": "0445550101",
    "queue": "sales",
    "extension": None,
    "rang": ["101", "102"],
    "started_at": "2026-11-22T10:00:00+02:00",
    "answered_at": None,
    "ended_at": "2026-11-22T10:00:17+02:00",
    "wait_seconds": 17,
    "talk_seconds": 0,
    "ended_by": "caller",
    "price": None,
    "currency": "UAH",
    "recording_url": None,
    "updated_at": None,
}


class PartyDto(BaseModel):
    """One end of the call. Nothing in it: a hidden number."""

    model_config = ConfigDict(title="Party", extra="ignore")

    name: Name = Field(
        None, description=f"As the PBX knows the person; cut at {NAME_LIMIT} characters."
    )
    number: Text = Field(
        None, description="Telephone number or extension, written in any way; may be a number."
    )
    sip: Text = Field(None, description="SIP login or address, where there is no number.")


class CallDto(BaseModel):
    """What is known of one call now. More may come later under the same id.

    Texts are trimmed, and empty ones mean "not known", as null and a missing field do.
    """

    model_config = ConfigDict(
        title="Call", extra="ignore", json_schema_extra={"examples": [EXAMPLE]}
    )

    id: Id = Field(description="The call's own id, the same in everything said of it.")
    direction: Direction = Field(
        description="in: a client calls; out: an employee calls a client."
    )
    status: Status = Field(
        description=(
            "How the call ended, or stands now (ringing, …). answered: an employee talked; "
            "missed, if only an IVR or a queue answered."
        )
    )
    caller: PartyDto | None = Field(None, description="Who called.")
    callee: PartyDto | None = Field(None, description="Who was called.")
    line: Text = Field(None, description="The company number that was dialled.")
    queue: Text = Field(None, description="The queue the call went through.")
    extension: Text = Field(None, description="The employee who talked (in) or who called (out).")
    rang: Rang = Field((), description="Every extension that was rung.")
    started_at: Start = Field(
        description="When the call began: ISO 8601. Without an offset it is local time of the"
        " source; one that happens twice is the first, one that the clocks skip is read as an hour"
        " later."
    )
    answered_at: Time = Field(None, description="When the talk began, written like started_at.")
    ended_at: Time = Field(None, description="When the call ended, written like started_at.")
    wait_seconds: Seconds = Field(
        None, description="From start to answer, or to the end. A stated time wins over it."
    )
    talk_seconds: Seconds = Field(
        None, description="From answer to end. A stated time wins over it."
    )
    ended_by: EndedBy | None = Field(None, description="Who hung up.")
    price: Price = Field(None, description="What the call cost, as a decimal string.")
    currency: Currency = Field(
        None, description="Of the price, ISO 4217; the source's if missing."
    )
    recording_url: Url = Field(None, description="Where the recording is.")
    updated_at: Time = Field(
        None,
        description="When the sender last changed this, written like started_at: of two statements"
        " that differ, the newer wins.",
    )


class WebhookCalls:
    """A source that speaks Dzvinok's own call JSON. Implements HookSource and FileSource."""

    def __init__(self, name: str, settings: WebhookSettings) -> None:
        self._name = name
        self._country = settings.country
        self._currency = settings.currency
        self._time = LocalTime(ZoneInfo(settings.timezone))

    @property
    def name(self) -> str:
        return self._name

    def read_hook(self, body: bytes, content_type: str) -> list[CallFacts | Reject]:  # noqa: ARG002 - one kind of body
        try:
            posted = load_json(body)
        except ValueError as error:
            return [rejected(0, [str(error)], body.decode("utf-8", "replace"))]
        text = body.decode("utf-8", "replace")
        if isinstance(posted, dict):
            return [self.read_call(posted, 0, text)]
        if not isinstance(posted, list):
            return [rejected(0, ["expected an object or an array of objects"], text)]
        if len(posted) > ARRAY_LIMIT:
            return [rejected(0, [f"over {ARRAY_LIMIT} calls in one array"], text)]
        return [self.read_call(item, place) for place, item in enumerate(posted)]

    def read_files(
        self, files: Iterable[BinaryIO], *, advance: Advance = ignore_progress
    ) -> Iterator[CallFacts | Reject]:
        """All statements of the files in their order."""
        return read_calls(files, load=load_json, read=self.read_call, advance=advance)

    def hints(self) -> list[str]:
        return []

    def read_call(self, item: object, place: int, body: str | None = None) -> CallFacts | Reject:
        """One statement; `body` is the text it was, if it was not JSON of its own."""
        try:
            said = CallDto.model_validate(item)
        except ValidationError as error:
            return rejected(place, _told(error), _written(item) if body is None else body)
        caller, callee = said.caller, said.callee
        started_at = self._time.seconds(said.started_at)
        return CallFacts(
            source=self._name,
            external_id=said.id,
            direction=said.direction,
            status=said.status,
            started_at=started_at,
            country=self._country,
            caller=Party(caller.name, caller.number, caller.sip) if caller else Party(),
            callee=Party(callee.name, callee.number, callee.sip) if callee else Party(),
            line=said.line,
            queue=said.queue,
            extension=said.extension,
            rang=said.rang,
            answered_at=self._moment(said.answered_at, started_at),
            ended_at=self._moment(said.ended_at, started_at),
            wait=said.wait_seconds,
            talk=said.talk_seconds,
            ended_by=said.ended_by,
            price=said.price,
            currency=said.currency or self._currency,
            recording_url=said.recording_url,
            updated_at=self._moment(said.updated_at, started_at),
        )

    def _moment(self, when: datetime | None, after: int) -> int | None:
        return None if when is None else self._time.seconds(when, after=after)


def load_json(text: bytes | str) -> object:
    """The value of a JSON text. Raises ValueError with the reason, without what was in it."""
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


def call_json(facts: CallFacts) -> dict[str, object]:
    """The statement as Dzvinok's own call JSON: reading it gives the same statement again.

    The source, the country and the PBX's own word for the status are not part of it.
    """
    return {
        "id": facts.external_id,
        "direction": facts.direction.value,
        "status": facts.status.value,
        "caller": _party_json(facts.caller),
        "callee": _party_json(facts.callee),
        "line": facts.line,
        "queue": facts.queue,
        "extension": facts.extension,
        "rang": list(facts.rang),
        "started_at": _time_json(facts.started_at),
        "answered_at": _time_json(facts.answered_at),
        "ended_at": _time_json(facts.ended_at),
        "wait_seconds": facts.wait,
        "talk_seconds": facts.talk,
        "ended_by": facts.ended_by and facts.ended_by.value,
        "price": None if facts.price is None else f"{facts.price:f}",
        "currency": facts.currency,
        "recording_url": facts.recording_url,
        "updated_at": _time_json(facts.updated_at),
    }


def call_schema() -> str:
    """The JSON Schema of what may be posted, as text."""
    posted: TypeAdapter[Any] = TypeAdapter(
        CallDto | Annotated[list[CallDto], Field(max_length=ARRAY_LIMIT)]
    )
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Dzvinok: one call, or an array of calls",
        **posted.json_schema(),
    }
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _party_json(party: Party) -> dict[str, str]:
    said = {"name": party.name, "number": party.number, "sip": party.sip}
    return {key: value for key, value in said.items() if value is not None}


def _time_json(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()


def _written(item: object) -> str:
    try:
        return json.dumps(item, ensure_ascii=False)
    except RecursionError:
        return "nested too deeply to be shown"


def _told(error: ValidationError) -> list[str]:
    """What is wrong, field by field, in words and without the values: they may be personal."""
    told = []
    for found in error.errors(include_url=False, include_input=False):
        match found["type"]:
            case "missing":
                reason = "is missing"
            case "enum":
                reason = f"expected one of {found['ctx']['expected']}"
            case "model_type" | "model_attributes_type":
                reason = "expected an object"
            case _:
                reason = found["msg"].removeprefix("Value error, ")
        place = ".".join(map(str, found["loc"]))
        told.append(f"{place}: {reason}" if place else reason)
    return told


if __name__ == "__main__":
    sys.stdout.write(call_schema())
