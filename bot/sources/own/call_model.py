"""Dzvinok's own call JSON as a model: one object is one statement about a call.

The format is ours. `python -m bot.sources.own.call_model` prints its JSON Schema, which is
committed as docs/call.schema.json.
"""

import json
import sys
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationInfo, field_validator

from bot.domain.calls import Direction, Status
from bot.sources.base import NAME_LIMIT
from bot.sources.own.json_fields import (
    Currency,
    Ending,
    Id,
    MendedError,
    Name,
    Number,
    Price,
    Rang,
    Seconds,
    Start,
    Text,
    Time,
    Url,
    read_party_field,
)

ARRAY_LIMIT = 1000
"""Calls of one posted array."""

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
    number: Number = Field(
        None, description="Telephone number or extension, written in any way; may be a number."
    )
    sip: Text = Field(None, description="SIP login or address, where there is no number.")


class CallDto(BaseModel):
    """What is known of one call now. More may come later under the same id, in any order.

    A final status beats a live one, of two final statements with updated_at the newer wins, else
    answered wins. What they still contradict each other in is settled by what says more (the
    longer text, the later end, more seconds, the higher price), never by what came last.

    Texts are trimmed, and empty ones mean "not known", as null and a missing field do. Fields that
    are not required lose no call: what cannot be read is dropped, or mended where it is clear
    what was meant (a fraction of a second is rounded, a party that is a text is its number), and
    counted in /health.
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
            "missed, if only an IVR or a queue answered. network_error is a talk only with "
            "answered_at or talk_seconds above 0."
        )
    )
    caller: PartyDto | None = Field(None, description="Who called.")
    callee: PartyDto | None = Field(None, description="Who was called.")
    line: Number = Field(None, description="The company number that was dialled.")
    queue: Text = Field(None, description="The queue the call went through.")
    extension: Number = Field(
        None, description="The employee who talked (in) or who called (out)."
    )
    rang: Rang = Field((), description="Every extension that was rung.")
    started_at: Start = Field(
        description="When the call began: ISO 8601. Without an offset it is local time of the"
        " source; one that happens twice is the first, one that the clocks skip is read as an hour"
        " later. A call that begins over two days from now is refused."
    )
    answered_at: Time = Field(
        None,
        description="When the talk began, written like started_at. Up to a minute outside the call"
        " it is the start or the end; farther, it is dropped.",
    )
    ended_at: Time = Field(
        None,
        description="When the call ended, written like started_at. Up to a minute before the start"
        " it is the start; earlier, or over a week later, it is dropped.",
    )
    wait_seconds: Seconds = Field(
        None, description="From start to answer, or to the end. A stated time wins over it."
    )
    talk_seconds: Seconds = Field(
        None, description="From answer to end. A stated time wins over it."
    )
    ended_by: Ending = Field(None, description="Who hung up.")
    price: Price = Field(None, description="What the call cost, as a decimal string.")
    currency: Currency = Field(
        None, description="Of the price, ISO 4217; the source's if missing or no currency."
    )
    recording_url: Url = Field(None, description="Where the recording is.")
    updated_at: Time = Field(
        None,
        description="When the sender last changed this, written like started_at: of two final"
        " statements that give it, the newer wins, also over a talk. Over a year after started_at,"
        " it is dropped.",
    )

    @field_validator("caller", "callee", mode="before")
    @classmethod
    def _read_party(cls, value: object, info: ValidationInfo) -> PartyDto | None:
        """The party; flaws of its fields are noted under the party's name."""
        flaws: list[str] = []
        try:
            said = read_party_field(value)
        except ValueError as error:
            flaws.append(f"{info.field_name}: {error}")
            said = error.mended if isinstance(error, MendedError) else None
        inner: list[str] = []
        party = None if said is None else PartyDto.model_validate(said, context=inner)
        if info.context is not None:
            info.context.extend([*flaws, *(f"{info.field_name}.{flaw}" for flaw in inner)])
        return party


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


if __name__ == "__main__":
    sys.stdout.write(call_schema())
