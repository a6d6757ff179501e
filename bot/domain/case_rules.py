"""What the calls on one number make of it: cases, a pure function of the calls and the closings.

A lost call opens a case or, while one is open, is a repeat of it. A call in which client and
company talked, begun after the first lost call and within the window, closes it; an outgoing one
that failed is an attempt and closes nothing; a person may close it by hand. A case nobody closed
within the window has expired. Events count in the order of their time, never of their arrival.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.calls import CaseState, Direction, Status

_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class CaseRules:
    """What the settings say of cases.

    `window`: seconds after the first lost call within which a talk closes its case. Callers who
    waited less than `min_missed_seconds` make no case. `zone`: that of the working hours.
    """

    window: int = 168 * 3600
    min_missed_seconds: int = 0
    zone: ZoneInfo = _UTC


DEFAULT_RULES = CaseRules()


class EventKind(StrEnum):
    """What a call, or a person, does to a case."""

    LOST = "lost"
    LOST_RETURNED = "lost_returned"
    """Lost, and the PBX itself says that somebody has called back."""
    CALLED_BACK = "called_back"
    GOT_THROUGH = "got_through"
    ATTEMPT = "attempt"
    """The company called the client and did not reach them."""
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One call with a client, or the closing of their case by hand (`id` 0).

    `at`: when it began. `talked_at`: when the waiting was over, by a talk or by giving up. `tie`
    orders events of the same second, whichever was heard of first: (source, external id).
    """

    at: int
    tie: tuple[str, str]
    kind: EventKind
    id: int = 0
    talked_at: int = 0


@dataclass(slots=True)
class CaseFacts:
    """The state of one case as its calls tell it: what a row of `cases` says of it.

    `lost` and `attempts` are ids of calls in order, `closing` the id of the talk that closed it, 0
    if none did. `closed_at` is None while the case is open, and if only the PBX says that somebody
    has called back: it does not say when.
    """

    opened_at: int
    expires_at: int
    last_lost_at: int
    last_over_at: int = 0
    """When the client gave up, the latest time; if nobody knows, when they must have."""
    lost: list[int] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    closing: int = 0
    closed_at: int | None = None
    state: CaseState = CaseState.OPEN


def event_kind(
    rules: CaseRules,
    *,
    direction: Direction,
    status: Status,
    is_lost: bool,
    is_talk: bool,
    wait: int | None,
    is_ignored: bool,
) -> EventKind | None:
    """What a call with a client is to the client's case; None: nothing.

    `is_talk`: see talks.py. `wait` in seconds. `is_ignored`: nobody wants to hear of the client's
    lost calls.
    """
    if status.is_live:
        return None
    if direction is Direction.OUT:
        return EventKind.CALLED_BACK if is_talk else EventKind.ATTEMPT
    if not is_lost:
        return EventKind.GOT_THROUGH
    is_short = wait is not None and wait < rules.min_missed_seconds
    if is_ignored or is_short:
        return None
    is_returned = status is Status.MISSED_CALLED_BACK
    return EventKind.LOST_RETURNED if is_returned else EventKind.LOST


def fold(events: Iterable[CaseEvent], *, window: int, now: int) -> list[CaseFacts]:
    """The cases these events make, oldest first; `window` in seconds."""
    cases: list[CaseFacts] = []
    returned: set[int] = set()
    current: CaseFacts | None = None
    for event in sorted(events, key=lambda one: (one.at, one.id == 0, one.tie)):
        if current and event.at > current.expires_at:
            current = None
        if event.kind in {EventKind.LOST, EventKind.LOST_RETURNED}:
            if current is None:
                current = CaseFacts(event.at, event.at + window, event.at)
                cases.append(current)
            current.lost.append(event.id)
            current.last_lost_at = event.at
            current.last_over_at = event.talked_at
            if event.kind is EventKind.LOST_RETURNED:
                returned.add(event.id)
        elif current is None:
            continue
        elif event.kind is EventKind.ATTEMPT:
            current.attempts.append(event.id)
        elif event.kind is EventKind.BY_HAND:
            current.state, current.closed_at = CaseState.BY_HAND, event.at
            current = None
        elif event.at > current.opened_at:
            current.state = CaseState(event.kind.value)
            current.closing, current.closed_at = event.id, event.talked_at
            current = None
    for case in cases:
        if case.state is CaseState.OPEN:
            _end(case, returned, now)
    return cases


def _end(case: CaseFacts, returned: set[int], now: int) -> None:
    """What becomes of a case that neither a talk nor a person has closed."""
    if returned.issuperset(case.lost):
        case.state = CaseState.CALLED_BACK
    elif now > case.expires_at:
        case.state, case.closed_at = CaseState.EXPIRED, case.expires_at
