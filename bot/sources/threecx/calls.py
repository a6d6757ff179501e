"""The call log of 3CX v20: its segments as whole calls.

- The segments of one `MainCallHistoryId` (or `CallHistoryId`) are one call. It came in if one of
  them did; else the first says which way it went.
- It was a talk if a person answered: a segment of an extension, `Answered`. What only a menu, a
  queue, a ring group or voicemail answered is missed.
- A segment is there when it has ended, the call may go on: a call that nobody answered yet counts
  as over SETTLED seconds after its last segment, after a menu AFTER_MENU, and not for HANDED if a
  queue says that it was handed to somebody, who is then talking.
- `Direction`, `CallType` and `Reason` are texts of 3CX's; they are looked into, not compared.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bot.domain.calls import CallFacts, Direction, EndedBy, Party, Status
from bot.domain.phones import NumberPlan
from bot.sources.base import ID_LIMIT, NAME_LIMIT, TEXT_LIMIT, Reading, clean_text, rejected
from bot.sources.durations import read_duration
from bot.sources.statuses import fitting_status

SETTLED, AFTER_MENU, HANDED = 20, 180, 4 * 3600
"""Seconds after the end of the last segment."""

_NO_PERSON = re.compile(
    r"queue|ivr|digital|receptionist|group|voice|mail|script|fax|conference|park|flow", re.I
)
_HANDED = re.compile(r"replaced by|continued", re.IGNORECASE)
_REASONS = (
    (re.compile(r"busy|reject|declin", re.I), Status.REJECTED_BY_SUBSCRIBER),
    (re.compile(r"not registered|unregistered|offline|unreachable|not found", re.I),
     Status.UNREACHABLE),
    (re.compile(r"no (free )?(channel|line|trunk)|congestion", re.I), Status.NO_CHANNELS),
    (re.compile(r"cancel|terminated ?by ?src|src_participant", re.I),
     Status.CANCELLED_BY_OPERATOR),
)  # fmt: skip


_LONGEST_URL = 2000


@dataclass(frozen=True, slots=True)
class _Segment:
    row: dict[str, Any]
    started_at: int
    rings: int
    talks: int
    is_answered: bool
    is_of_person: bool

    @property
    def ended_at(self) -> int:
        return self.started_at + self.rings + self.talks

    def text(self, *names: str) -> str | None:
        for name in names:
            value = self.row.get(name)
            if isinstance(value, (str, int)) and (text := clean_text(str(value), TEXT_LIMIT)):
                return text
        return None


class CallLogReader:
    """`pattern` finds a match in extensions of ours."""

    def __init__(self, name: str, numbers: NumberPlan, pattern: str, *, currency: str) -> None:
        self._name = name
        self._numbers = numbers
        self._is_extension = re.compile(pattern).search
        self._currency = currency

    def read(self, rows: Sequence[object], *, now: int) -> list[Reading]:
        """A statement about each call, in the order of their first rows."""
        calls: dict[str, list[_Segment]] = {}
        rejects: list[Reading] = []
        known: set[object] = set()
        for place, row in enumerate(rows):
            name = row.get("CdrId") if isinstance(row, dict) else None
            if isinstance(name, str) and name and name in known:
                continue  # pages shift when calls end meanwhile
            known.add(name if isinstance(name, str) else "")
            try:
                main, segment = self._segment(row)
            except ValueError as error:
                rejects.append(rejected(place, [str(error)], str(row)))
            else:
                calls.setdefault(main, []).append(segment)
        return [self._call(main, segments, now) for main, segments in calls.items()] + rejects

    def _segment(self, row: object) -> tuple[str, _Segment]:
        if not isinstance(row, dict):
            raise ValueError("expected an object")
        main = str(row.get("MainCallHistoryId") or row.get("CallHistoryId") or "").strip()
        if not main or len(main) > ID_LIMIT:
            raise ValueError("MainCallHistoryId: is missing, or too long")
        kind = str(row.get("CallType") or "")
        segment = _Segment(
            row,
            started_at=_moment(row.get("StartTime")),
            rings=_seconds(row.get("RingingDuration")),
            talks=_seconds(row.get("TalkingDuration")),
            is_answered=row.get("Answered") is True,
            is_of_person=not _NO_PERSON.search(kind),
        )
        return main, segment

    def _call(self, main: str, segments: list[_Segment], now: int) -> CallFacts:
        segments.sort(key=lambda one: one.started_at)
        first, last = segments[0], max(segments, key=lambda one: one.ended_at)
        direction = self._direction(segments)
        talks = [one for one in segments if one.is_answered and one.is_of_person]
        is_in = direction is Direction.IN
        extension = self._extension(first, talks, is_in=is_in)
        status, word = _status(segments, last, direction, has_talked=bool(talks), now=now)
        begun = talks[0] if talks else None
        return CallFacts(
            source=self._name,
            external_id=main,
            direction=direction,
            status=status,
            raw_status=word,
            started_at=first.started_at,
            numbers=self._numbers,
            caller=self._caller(first, is_in=is_in, extension=extension),
            callee=self._callee(first, direction, extension),
            queue=next((queue for one in segments if (queue := _queue(one))), None),
            extension=extension,
            rang=self._rang(segments) if is_in else (),
            answered_at=begun.started_at + begun.rings if begun else None,
            ended_at=None if status.is_live else last.ended_at,
            ended_by=_ended_by(last, talked=bool(talks)),
            price=_price(segments),
            currency=self._currency,
            recording_url=next((url for one in segments if (url := _recording(one))), None),
        )

    def _direction(self, segments: Sequence[_Segment]) -> Direction:
        said = [str(one.row.get("Direction") or "").casefold() for one in segments]
        if any(word.startswith("in") and "internal" not in word for word in said):
            return Direction.IN
        if any(word.startswith("out") for word in said):
            return Direction.OUT
        if any("internal" in word for word in said):
            return Direction.INTERNAL
        inside = [self._is(segments[0].text(name)) for name in ("SourceDn", "DestinationDn")]
        if inside[0]:
            return Direction.INTERNAL if inside[1] else Direction.OUT
        return Direction.IN

    def _is(self, number: str | None) -> bool:
        return number is not None and bool(self._is_extension(number))

    def _extension(self, first: _Segment, talks: Sequence[_Segment], *, is_in: bool) -> str | None:
        if not is_in:
            return first.text("SourceDn")
        longest = max(talks, key=lambda one: one.talks, default=None)
        return longest.text("DestinationDn", "DestinationCallerId") if longest else None

    def _caller(self, first: _Segment, *, is_in: bool, extension: str | None) -> Party:
        number = first.text("SourceCallerId", "SourceDn") if is_in else extension
        return Party(_name(first, "Source", number), number)

    def _callee(self, first: _Segment, direction: Direction, extension: str | None) -> Party:
        if direction is Direction.IN:
            return Party(number=extension)
        names = ("DestinationCallerId", "DestinationDn")
        number = first.text(*(names if direction is Direction.OUT else reversed(names)))
        return Party(_name(first, "Destination", number), number)

    def _rang(self, segments: Sequence[_Segment]) -> tuple[str, ...]:
        rung = (one.text("DestinationDn") for one in segments if one.is_of_person)
        return tuple(dict.fromkeys(one for one in rung if one is not None and self._is(one)))


def _status(
    segments: Sequence[_Segment],
    last: _Segment,
    direction: Direction,
    *,
    has_talked: bool,
    now: int,
) -> tuple[Status, str | None]:
    """The status, and 3CX's own word for it."""
    reason = last.text("Reason") or last.text("Status")
    if has_talked:
        return Status.ANSWERED, reason
    is_handed = any(_HANDED.search(one.text("Reason") or "") for one in segments)
    waits = HANDED if is_handed else AFTER_MENU if last.is_answered else SETTLED
    if now < last.ended_at + waits:
        return Status.CONNECTING_OPERATOR, reason
    found = (status for pattern, status in _REASONS if pattern.search(reason or ""))
    return fitting_status(next(found, Status.NO_ANSWER), direction), reason


def _moment(value: object) -> int:
    """Raises ValueError. Without an offset it is UTC."""
    try:
        when = datetime.fromisoformat(_SEVENTH_DIGIT.sub(r"\1", str(value)))
    except ValueError:
        raise ValueError("StartTime: expected a time like 2026-11-22T08:00:00Z") from None
    return int((when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp())


_SEVENTH_DIGIT = re.compile(r"(\.\d{6})\d+")


def _seconds(value: object) -> int:
    try:
        return round(read_duration("" if value is None else str(value)) or 0)
    except ValueError:
        return 0


def _name(segment: _Segment, side: str, number: str | None) -> str | None:
    name = clean_text(str(segment.row.get(f"{side}DisplayName") or ""), NAME_LIMIT)
    return None if name == number else name


def _queue(segment: _Segment) -> str | None:
    if "queue" not in str(segment.row.get("CallType") or "").casefold():
        return None
    return segment.text("DestinationDisplayName", "DestinationDn")


def _ended_by(last: _Segment, *, talked: bool) -> EndedBy | None:
    reason = (last.text("Reason") or "").casefold().replace(" ", "")
    if "src_participant" in reason or "terminatedbysrc" in reason:
        return EndedBy.CALLER
    if talked and ("dst_participant" in reason or "terminatedbydst" in reason):
        return EndedBy.CALLEE
    return None


def _price(segments: Sequence[_Segment]) -> Decimal | None:
    """What all segments cost; 0 means that 3CX was told no prices."""
    costs = [one.row.get("CallCost") for one in segments]
    whole = sum(
        (Decimal(str(one)) for one in costs if isinstance(one, (int, float)) and one > 0),
        Decimal(0),
    )
    return whole or None


def _recording(segment: _Segment) -> str | None:
    url = segment.row.get("RecordingUrl")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        return None
    return url if len(url) <= _LONGEST_URL and " " not in url else None
