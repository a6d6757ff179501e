"""What Zadarma's statistics say: rows of the PBX, several for a call, and what calls cost.

A row of the PBX is one leg: `destination` is the extension or the menu that was reached, or the
number that was called; rows of one call have the same `pbx_call_id`. It has no time of the
answer, no end, and no line. The costs stand in another list, whose rows have no id of the call.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.clock import AHEAD_LIMIT, Clock
from bot.domain.phones import NumberPlan
from bot.sources.base import NAME_LIMIT, TOO_FAR_AHEAD, Reading, clean_text, rejected
from bot.sources.times import LocalTime
from bot.sources.zadarma.words import (
    direction_of,
    extension_of,
    id_of,
    is_true,
    outside_number,
    recording_of,
    status_of,
    text_of,
)

NEAR = 30
"""Seconds by which the times of a call may differ in the two lists."""

_MINUTE = 60
_CALLER = re.compile(r'\s*"?(?P<name>[^"<]*?)"?\s*<(?P<number>[^>]*)>\s*')
_CURRENCY = re.compile("[A-Z]{3}")
_HIGHEST_PRICE = Decimal(10) ** 6


@dataclass(frozen=True, slots=True)
class Leg:
    external_id: str
    started_at: int
    seconds: int
    disposition: str
    sip: str | None
    caller: str | None
    caller_name: str | None
    destination: str | None
    is_recorded: bool

    @property
    def direction(self) -> Direction | None:
        """None: neither its id nor its numbers say."""
        told = direction_of(self.external_id)
        ours, theirs = extension_of(self.sip or self.caller), extension_of(self.destination)
        if told is not Direction.IN and ours and theirs:
            return Direction.INTERNAL
        return told or (Direction.OUT if ours else Direction.IN if theirs else None)

    @property
    def is_answered(self) -> bool:
        return self.disposition.lower() == "answered"


class Statistics:
    """Makes calls of the rows of one window of time."""

    def __init__(self, source: str, *, numbers: NumberPlan, time: LocalTime, clock: Clock) -> None:
        self._source = source
        self._numbers = numbers
        self._time = time
        self._clock = clock

    def calls(self, rows: Sequence[object]) -> list[Reading]:
        """Each call once, by its start; what is no row is a Reject in the place of the row."""
        rejects: list[Reading] = []
        legs: dict[str, list[Leg]] = {}
        for place, row in enumerate(rows):
            try:
                leg = self._leg(row)
            except ValueError as error:
                rejects.append(rejected(place, [str(error)], json.dumps(row, ensure_ascii=False)))
            else:
                legs.setdefault(leg.external_id, []).append(leg)
        calls = [
            self._call(sorted(some, key=lambda leg: leg.started_at)) for some in legs.values()
        ]
        return [*rejects, *sorted(calls, key=lambda call: call.started_at)]

    def _leg(self, row: object) -> Leg:
        """Raises ValueError with what is wrong."""
        if not isinstance(row, Mapping):
            raise ValueError("expected an object")
        external_id = id_of(row.get("pbx_call_id")) or id_of(row.get("call_id"))
        if external_id is None:
            raise ValueError("pbx_call_id: expected the id of a call")
        try:
            written = str(row.get("callstart")).strip()
            started_at = self._time.parse(written, after=_begun(row.get("call_id")))
        except ValueError:
            raise ValueError("callstart: expected a time like 2026-11-22 21:31:36") from None
        if started_at > self._clock() + AHEAD_LIMIT:
            raise ValueError(f"callstart: {TOO_FAR_AHEAD}")
        number, name = _caller(text_of(row.get("clid")))
        leg = Leg(
            external_id,
            started_at,
            _whole(row.get("seconds")),
            text_of(row.get("disposition")) or "",
            text_of(row.get("sip")),
            number,
            name,
            text_of(row.get("destination")),
            is_true(row.get("is_recorded")),
        )
        if leg.direction is None:
            raise ValueError("pbx_call_id: expected in_… or out_…")
        return leg

    def _call(self, legs: Sequence[Leg]) -> CallFacts:
        """`legs` of one call, by their start."""
        first, direction = legs[0], legs[0].direction or Direction.IN
        is_in = direction is Direction.IN
        talks = [
            leg for leg in legs if leg.is_answered and (not is_in or extension_of(leg.destination))
        ]
        told = (talks or [leg for leg in legs if not leg.is_answered] or legs)[-1]
        lasted = max(leg.started_at + leg.seconds for leg in legs) - first.started_at
        facts = CallFacts(
            source=self._source,
            external_id=first.external_id,
            direction=direction,
            status=status_of(told.disposition, "", direction, is_talk=bool(talks)),
            raw_status=told.disposition or None,
            started_at=first.started_at,
            numbers=self._numbers,
            updated_at=first.started_at,  # the hook, which tells more, is believed more
            talk=talks[0].seconds if len(talks) == 1 else None,
            wait=lasted if not talks and lasted else None,
            ended_at=first.started_at + lasted if not talks and lasted else None,
            recording_url=(
                recording_of(first.external_id) if any(leg.is_recorded for leg in legs) else None
            ),
        )
        reached = tuple(filter(None, (extension_of(leg.destination) for leg in legs)))
        if is_in:
            return replace(
                facts,
                caller=Party(name=first.caller_name, number=_client_of(legs)),
                extension=extension_of(told.destination) if talks else None,
                rang=tuple(dict.fromkeys(reached)),
            )
        ours = extension_of(first.sip) or extension_of(first.caller)
        return replace(
            facts,
            caller=Party(number=ours),
            callee=Party(number=told.destination),
            line=None if direction is Direction.INTERNAL else outside_number(first.caller),
            extension=ours,
            rang=reached if direction is Direction.INTERNAL else (),
        )


class Prices:
    """Finds what outgoing talks cost. A call and a cost that fit only each other are one.

    They fit if the number called is the same, if they begin at nearly the same time, and if what
    was billed is as long as the talk, or rounded up to a minute.
    """

    def __init__(self, *, numbers: NumberPlan, time: LocalTime) -> None:
        self._numbers = numbers
        self._time = time

    def add(self, calls: Sequence[CallFacts], rows: Sequence[object]) -> list[CallFacts]:
        """The calls, with their prices where those are beyond doubt."""
        costs = [cost for cost in map(self._cost, rows) if cost]
        fitting = [
            [cost for cost in costs if self._fits(call, cost)] if _is_paid(call) else []
            for call in calls
        ]
        times = {id(cost): 0 for cost in costs}
        for some in fitting:
            for cost in some:
                times[id(cost)] += 1
        return [
            replace(call, price=some[0].price, currency=some[0].currency)
            if len(some) == 1 and times[id(some[0])] == 1
            else call
            for call, some in zip(calls, fitting, strict=True)
        ]

    def _cost(self, row: object) -> "_Cost | None":
        if not isinstance(row, Mapping):
            return None
        number = self._number(text_of(row.get("to")))
        currency = text_of(row.get("currency")) or ""
        try:
            price = Decimal(text_of(row.get("billcost")) or "")
            started_at = self._time.parse(str(row.get("callstart")).strip())
        except (InvalidOperation, ValueError):
            return None
        is_price = price.is_finite() and 0 <= price <= _HIGHEST_PRICE
        if number is None or not is_price or not _CURRENCY.fullmatch(currency):
            return None
        return _Cost(number, started_at, _whole(row.get("billseconds")), price, currency)

    def _fits(self, call: CallFacts, cost: "_Cost") -> bool:
        talk = call.talk or 0
        return (
            cost.number == self._number(call.callee.number)
            and abs(cost.started_at - call.started_at) <= NEAR
            and talk - _MINUTE <= cost.seconds <= -(-talk // _MINUTE) * _MINUTE + 2
        )

    def _number(self, written: str | None) -> str | None:
        return self._numbers.client_number(written, is_dialled=True) if written else None


@dataclass(frozen=True, slots=True)
class _Cost:
    number: str
    started_at: int
    seconds: int
    price: Decimal
    currency: str


def _is_paid(call: CallFacts) -> bool:
    is_talk = call.status in (Status.ANSWERED, Status.NETWORK_ERROR)
    return call.direction is Direction.OUT and is_talk and bool(call.talk)


def _client_of(legs: Sequence[Leg]) -> str | None:
    """The number that called in; where `clid` is a name, it stands in `sip`."""
    numbers = [number for leg in legs for number in (leg.caller, leg.sip)]
    return next((number for number in numbers if number and outside_number(number)), None)


def _caller(clid: str | None) -> tuple[str | None, str | None]:
    """The number and the name of `"Name" <number>`, of a number, or of a name."""
    if clid is None:
        return None, None
    if match := _CALLER.fullmatch(clid):
        return text_of(match["number"]), clean_text(match["name"], NAME_LIMIT)
    return (clid, None) if any(char.isdigit() for char in clid) else (None, clid)


def _begun(call_id: object) -> int | None:
    """A moment not after the start of a leg: its id begins with Unix seconds."""
    match = re.match(r"(?:\d{1,9}-)?(\d{10})\.", text_of(call_id) or "")
    return int(match[1]) - 2 * _MINUTE if match else None


def _whole(value: object) -> int:
    written = text_of(value) or ""
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 7 else 0
