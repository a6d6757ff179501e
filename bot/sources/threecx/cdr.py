"""A line of 3CX's CDR service: one call, its fields parted by commas, in the order chosen there.

https://www.3cx.com/docs/cdr-call-data-records/. `Ext.101` is an extension, or a queue. The fields
are not quoted: a comma in a name moves what follows, so names should come last, as they do in the
order of 3CX.
"""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation

from bot.config.sources import ThreeCxSettings
from bot.config.values import split_list
from bot.domain.calls import CallFacts, Direction, EndedBy, Party, Status
from bot.domain.clock import AHEAD_LIMIT
from bot.sources.base import (
    ID_LIMIT,
    NAME_LIMIT,
    TEXT_LIMIT,
    TOO_FAR_AHEAD,
    Reading,
    clean_text,
    rejected,
)
from bot.sources.durations import read_duration
from bot.sources.statuses import fitting_status
from bot.sources.times import LocalTime

_NO_PERSON = re.compile(r"queue|ivr|recept|group|mail|fax|script|conf|park", re.IGNORECASE)
_EXTENSION = re.compile(r"Ext\.(.+)", re.IGNORECASE)
_STATUSES = {
    "busy": Status.REJECTED_BY_SUBSCRIBER,
    "rejected": Status.REJECTED_BY_SUBSCRIBER,
    "terminatedbysrc": Status.CANCELLED_BY_OPERATOR,
    "srcparticipantterminated": Status.CANCELLED_BY_OPERATOR,
    "cancelled": Status.CANCELLED_BY_OPERATOR,
    "notregistered": Status.UNREACHABLE,
    "noroute": Status.UNREACHABLE,
    "failed": Status.UNKNOWN_ERROR,
}
"""Of a call that nobody answered, by the letters of its reason; any other: no answer."""


class CdrReader:
    def __init__(self, name: str, settings: ThreeCxSettings, zone: LocalTime) -> None:
        self._name = name
        self._fields = split_list(settings.cdr_fields)
        self._numbers = settings.number_plan
        self._currency = settings.currency
        self._is_extension = re.compile(settings.extension_pattern).search
        self._zone = zone

    def read(self, line: str, *, now: int) -> Reading:
        values = (part.strip() for part in line.strip().split(","))
        said = {name: value for name, value in zip(self._fields, values, strict=False) if value}
        try:
            return self._call(said, now)
        except ValueError as error:
            return rejected(0, [str(error)], line)

    def _call(self, said: dict[str, str], now: int) -> CallFacts:
        """Raises ValueError with what is wrong."""
        started_at = self._moment(said.get("time-start"))
        if started_at is None:
            raise ValueError("time-start: is missing, or is no time; check CDR_FIELDS")
        if started_at > now + AHEAD_LIMIT:
            raise ValueError(f"time-start: {TOO_FAR_AHEAD}")
        call_id = said.get("callid") or (
            f"{said['historyid']} {started_at}" if "historyid" in said else None
        )
        if call_id is None or len(call_id) > ID_LIMIT:
            raise ValueError("callid: is missing, or too long; check CDR_FIELDS")
        caller, is_ours = self._party(said, "from")
        side = "final" if "final-number" in said or "final-dn" in said else "to"
        callee, is_inside = self._party(said, side)
        inside = Direction.INTERNAL if is_inside else Direction.OUT
        direction = inside if is_ours else Direction.IN
        is_in = direction is Direction.IN
        ended_at, answered_at = self._moment(said.get("time-end")), self._answered(said)
        is_person = not _NO_PERSON.search(said.get(f"{side}-type", ""))
        has_talked = answered_at is not None and is_person
        extension = caller if is_ours else callee if has_talked and is_inside else None
        dialled = clean_text(said.get("dial-no") or said.get("to-no") or "", TEXT_LIMIT)
        outside = callee if not is_in else None
        if direction is Direction.OUT and side == "to":
            outside = dialled or callee
        return CallFacts(
            source=self._name,
            external_id=call_id,
            direction=direction,
            status=_status(said, direction, has_talked=has_talked),
            raw_status=clean_text(said.get("reason-terminated", ""), TEXT_LIMIT),
            started_at=started_at,
            numbers=self._numbers,
            caller=Party(_name(said, "from-dispname", caller), caller),
            callee=Party(number=extension or callee) if is_in else Party(number=outside),
            line=dialled if is_in and dialled and not self._is_extension(dialled) else None,
            queue=_queue(said),
            extension=extension,
            rang=self._rang(said, callee if is_in and is_inside and is_person else None),
            answered_at=answered_at if has_talked else None,
            ended_at=None if ended_at is None else max(ended_at, started_at),
            ended_by=_ended_by(said),
            price=_price(said.get("bill-cost")),
            currency=self._currency,
        )

    def _party(self, said: dict[str, str], side: str) -> tuple[str | None, bool]:
        """A number, and whether it is an extension of ours."""
        written = said.get(f"{side}-number") or said.get(f"{side}-no") or said.get(f"{side}-dn")
        if written is None:
            return None, False
        if match := _EXTENSION.fullmatch(written):
            return clean_text(match[1], TEXT_LIMIT), True
        number = clean_text(written, TEXT_LIMIT)
        kind = said.get(f"{side}-type", "").casefold()
        is_short = number is not None and bool(self._is_extension(number))
        return number, kind == "extension" or (is_short and not kind)

    def _answered(self, said: dict[str, str]) -> int | None:
        """When somebody answered: as told, or by the length of the talk before the end."""
        answered = self._moment(said.get("time-answered"))
        ended = self._moment(said.get("time-end"))
        if answered is not None or ended is None:
            return answered
        try:
            talk = read_duration(said.get("duration", ""))
        except ValueError:
            return None
        return ended - round(talk) if talk else None

    def _moment(self, written: str | None) -> int | None:
        if not written:
            return None
        try:
            when = datetime.fromisoformat(written.replace("/", "-"))
        except ValueError:
            return None
        return self._zone.seconds(when)

    def _rang(self, said: dict[str, str], callee: str | None) -> tuple[str, ...]:
        asked = re.findall(r"\d+", said.get("missed-queue-calls", ""))
        found = [one for one in asked if self._is_extension(one)]
        return tuple(dict.fromkeys([*([callee] if callee else []), *found]))


def _letters(said: dict[str, str]) -> str:
    return re.sub(r"[^a-z]", "", said.get("reason-terminated", "").casefold())


def _status(said: dict[str, str], direction: Direction, *, has_talked: bool) -> Status:
    if has_talked:
        return Status.ANSWERED
    return fitting_status(_STATUSES.get(_letters(said), Status.NO_ANSWER), direction)


def _ended_by(said: dict[str, str]) -> EndedBy | None:
    match _letters(said):
        case "terminatedbysrc" | "srcparticipantterminated":
            return EndedBy.CALLER
        case "terminatedbydst" | "dstparticipantterminated":
            return EndedBy.CALLEE
    return None


def _queue(said: dict[str, str]) -> str | None:
    if said.get("to-type", "").casefold() != "queue":
        return None
    return clean_text(said.get("to-dispname") or said.get("to-dn") or "", TEXT_LIMIT)


def _name(said: dict[str, str], field: str, number: str | None) -> str | None:
    name = clean_text(said.get(field, ""), NAME_LIMIT)
    return None if name == number else name


def _price(written: str | None) -> Decimal | None:
    """0 means that 3CX was told no prices."""
    try:
        price = Decimal(written) if written else Decimal(0)
    except InvalidOperation:
        return None
    return price if price.is_finite() and price > 0 else None
