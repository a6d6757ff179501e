"""The source that speaks Dzvinok's own call JSON: posted to its hook, or in files.

What is posted is one object or an array of up to 1000, whatever the content type says. Fields that
are not ours are passed over, so that a newer sender works with an older Dzvinok. What an object
may hold is in `call_model.py`; what a file may look like, in `files.py`.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from bot.config.sources import CommonSettings
from bot.domain.calls import CallFacts, Party
from bot.domain.clock import AHEAD_LIMIT, Clock, system_clock
from bot.sources.base import (
    TOO_FAR_AHEAD,
    Advance,
    Reading,
    ignore_progress,
    rejected,
)
from bot.sources.own.call_model import ARRAY_LIMIT, CallDto
from bot.sources.own.files import read_calls
from bot.sources.own.json_fields import SECONDS_LIMIT, load_json
from bot.sources.posted import decode_text
from bot.sources.times import TOLERANCE, LocalTime

YEAR = 366 * 86400


class JsonCallSource:
    """Reads calls in Dzvinok's own JSON. Is a HookSource and a FileSource."""

    def __init__(
        self, name: str, settings: CommonSettings, *, clock: Clock = system_clock
    ) -> None:
        self._name = name
        self._numbers = settings.number_plan
        self._currency = settings.currency
        self._encoding = settings.encoding
        self._time = LocalTime(ZoneInfo(settings.timezone))
        self._clock = clock

    @property
    def name(self) -> str:
        return self._name

    def read_hook(self, body: bytes, content_type: str) -> list[Reading]:  # noqa: ARG002 - always JSON
        text = decode_text(body, self._encoding)
        try:
            posted = load_json(text)
        except ValueError as error:
            return [rejected(0, [str(error)], text)]
        if isinstance(posted, dict):
            return [self.read_call(posted, 0, text)]
        if not isinstance(posted, list):
            return [rejected(0, ["expected an object or an array of objects"], text)]
        if not posted:
            return [rejected(0, ["an array without calls"], text)]
        if len(posted) > ARRAY_LIMIT:
            return [rejected(0, [f"over {ARRAY_LIMIT} calls in one array"], text)]
        return [self.read_call(item, place) for place, item in enumerate(posted)]

    def read_files(
        self, files: Iterable[BinaryIO], *, advance: Advance = ignore_progress
    ) -> Iterator[Reading]:
        """Every statement of the files, in the order of their lines."""
        return read_calls(files, read=self.read_call, advance=advance, encoding=self._encoding)

    def hints(self) -> list[str]:
        return []

    def read_call(self, item: object, place: int, body: str | None = None) -> Reading:
        """The statement of one JSON value, or the Reject at `place` if it makes none.

        `body` is the text the value was read from, for the Reject; without it the value is
        written anew.
        """
        flaws: list[str] = []
        try:
            said = CallDto.model_validate(item, context=flaws)
        except ValidationError as error:
            return rejected(
                place, _describe_errors(error), _as_text(item) if body is None else body
            )
        started_at = self._time.seconds(said.started_at)
        if started_at > self._clock() + AHEAD_LIMIT:
            ahead = [f"started_at: {TOO_FAR_AHEAD}"]
            return rejected(place, ahead, _as_text(item) if body is None else body)
        caller, callee = said.caller, said.callee
        ended_at = _inside(
            self._moment(said.ended_at, started_at), "ended_at", started_at, None, flaws
        )
        answered_at = _inside(
            self._moment(said.answered_at, started_at), "answered_at", started_at, ended_at, flaws
        )
        updated_at = self._moment(said.updated_at, started_at)
        if updated_at is not None and updated_at > started_at + YEAR:
            flaws.append("updated_at: expected a time within a year of started_at")
            updated_at = None  # it would win over all that is said until then
        return CallFacts(
            source=self._name,
            external_id=said.id,
            direction=said.direction,
            status=said.status,
            started_at=started_at,
            numbers=self._numbers,
            caller=Party(caller.name, caller.number, caller.sip) if caller else Party(),
            callee=Party(callee.name, callee.number, callee.sip) if callee else Party(),
            line=said.line,
            queue=said.queue,
            extension=said.extension,
            rang=said.rang,
            answered_at=answered_at,
            ended_at=ended_at,
            wait=said.wait_seconds,
            talk=said.talk_seconds,
            ended_by=said.ended_by,
            price=said.price,
            currency=said.currency or self._currency,
            recording_url=said.recording_url,
            updated_at=updated_at,
            flaws=tuple(dict.fromkeys(flaws)),
        )

    def _moment(self, when: datetime | None, after: int) -> int | None:
        return None if when is None else self._time.seconds(when, after=after)


def _inside(
    moment: int | None, name: str, start: int, end: int | None, flaws: list[str]
) -> int | None:
    """The moment if it lies within the call, what TOLERANCE makes of it, or None; noted."""
    if moment is None:
        return None
    if moment < start:
        flaws.append(f"{name}: expected a time not before started_at")
        return start if moment >= start - TOLERANCE else None
    if end is not None and moment > end:
        flaws.append(f"{name}: expected a time not after ended_at")
        return end if moment <= end + TOLERANCE else None
    if moment > start + SECONDS_LIMIT:
        flaws.append(f"{name}: expected a time within a week of started_at")
        return None
    return moment


def _as_text(item: object) -> str:
    try:
        return json.dumps(item, ensure_ascii=False)
    except RecursionError:
        return "nested too deeply to be shown"


def _describe_errors(error: ValidationError) -> list[str]:
    """What is wrong, field by field, in words and without the values: they may be personal."""
    descriptions = []
    for detail in error.errors(include_url=False, include_input=False):
        match detail["type"]:
            case "missing":
                reason = "is missing"
            case "enum":
                reason = f"expected one of {detail['ctx']['expected']}"
            case "model_type" | "model_attributes_type":
                reason = "expected an object"
            case _:
                reason = detail["msg"].removeprefix("Value error, ")
        place = ".".join(map(str, detail["loc"]))
        descriptions.append(f"{place}: {reason}" if place else reason)
    return descriptions
