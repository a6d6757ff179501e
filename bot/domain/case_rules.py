"""What the calls of one client, and what people did, make of them: cases, and whose each is.

A lost call opens a case or, while one is open, is a repeat of it. A call in which client and
company talked, begun after the first lost call and within the window, closes it; an outgoing one
that failed is an attempt and closes nothing; a person may close it by hand. A case nobody closed
within the window has expired. Events count in the order of their time, never of their arrival.

What a person did (a deed) is of numbers: of those that were the client's then.
- It is of the latest case that had begun by then with a lost call from one of these numbers; so
  it is not of a number that has become the same client's since.
- Whoever takes a client has them, until they are taken by another, given back or let go, for each
  of the numbers that was of. A case with calls from numbers that several have taken is in the
  hands of the one who was first.
- A closing by hand ends the case, unless somebody has it, or takes it afterwards, by a number the
  closing was not of.
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
    CHANGED_HANDS = "changed_hands"
    """Somebody took the client, was handed them or gave them back."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What a person did with a case, or the bot with one in their hands.

    `at`: when, by the clock of the computer. `numbers`: of which numbers it is; None is a hidden
    one. `about`: the numbers and the ids of lost calls that were the client's when it was done.
    `owner_id`: who has the client from then on, if anybody.
    """

    id: int
    at: int
    numbers: frozenset[str | None]
    about: frozenset[str | int]
    owner_id: int | None = None


@dataclass(slots=True)
class Claim:
    """A deed that put a client into somebody's hands, and the numbers it still holds of."""

    deed: Deed
    numbers: frozenset[str | None]

    def numbers_after(self, deed: Deed) -> frozenset[str | None]:
        """The numbers of which it holds when that is done.

        Who did that has to have known of this claim: of two claims on what became one client only
        later, the second does not end the first.
        """
        return self.numbers - deed.numbers if deed.about & self.deed.about else self.numbers


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One call with a client, or a deed (`id` 0).

    `at`: when it began. `talked_at`: when the waiting was over, by a talk or by giving up. `tie`
    orders events of the same second, whichever was heard of first: (source, external id).
    `number`: the client's; None if hidden.
    """

    at: int
    tie: tuple[str, str]
    kind: EventKind
    id: int = 0
    talked_at: int = 0
    number: str | None = None
    deed: Deed | None = None


@dataclass(slots=True)
class CaseFacts:
    """The state of one case as its calls tell it: what a row of `cases` says of it.

    `lost` and `attempts` are ids of calls in order, `closing` the id of the talk that closed it, 0
    if none did. `closed_at` is None while the case is open, and if only the PBX says that somebody
    has called back: it does not say when. `numbers`: those of the lost calls. `heard`: lost calls
    that came while somebody had the client, each with that deed: the owner was told of it.
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
    numbers: set[str | None] = field(default_factory=set)
    heard: list[tuple[Deed, int]] = field(default_factory=list)
    _claims: list[Claim] = field(default_factory=list)

    @property
    def claim(self) -> Deed | None:
        """The deed by which it is in somebody's hands; None: it is in nobody's."""
        holding = [one.deed for one in self._claims if one.numbers & self.numbers]
        return min(holding, key=lambda one: (one.at, one.id), default=None)

    def is_held_despite(self, closing: Deed) -> bool:
        """Whether somebody has the client by a number that the closing was not of."""
        return any(one.numbers_after(closing) & self.numbers for one in self._claims)

    def change_hands(self, deed: Deed) -> None:
        for one in self._claims:
            one.numbers = one.numbers_after(deed)
        if deed.owner_id is not None:
            self._claims.append(Claim(deed, deed.numbers))

    def lose(self, call: CaseEvent) -> None:
        """Add a lost call that came while it was open."""
        self.heard += [(one.deed, call.id) for one in self._claims if call.number in one.numbers]
        self.lost.append(call.id)
        self.numbers.add(call.number)
        self.last_lost_at = call.at
        self.last_over_at = call.talked_at


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
    in_order = sorted(events, key=lambda one: (one.at, one.id == 0, one.tie))
    for place, event in enumerate(in_order):
        if current and event.at > current.expires_at:
            current = None
        if event.kind in {EventKind.LOST, EventKind.LOST_RETURNED}:
            if current is None:
                current = CaseFacts(event.at, event.at + window, event.at)
                cases.append(current)
            current.lose(event)
            if event.kind is EventKind.LOST_RETURNED:
                returned.add(event.id)
        elif event.deed:
            case = _latest_of(event.deed, cases)
            if case and (
                event.kind is not EventKind.BY_HAND
                or case.is_held_despite(event.deed)
                or _is_taken_despite(case, event.deed, in_order[place + 1 :])
            ):
                case.change_hands(event.deed)
            elif current and case is current:
                current.state, current.closed_at = CaseState.BY_HAND, event.at
                current = None
        elif current is None:
            continue
        elif event.kind is EventKind.ATTEMPT:
            current.attempts.append(event.id)
        elif event.at > current.opened_at:
            current.state = CaseState(event.kind.value)
            current.closing, current.closed_at = event.id, event.talked_at
            current = None
    for case in cases:
        if case.state is CaseState.OPEN:
            _end(case, returned, now)
    return cases


def _latest_of(deed: Deed, cases: list[CaseFacts]) -> CaseFacts | None:
    return next((case for case in reversed(cases) if case.numbers & deed.numbers), None)


def _is_taken_despite(case: CaseFacts, closing: Deed, later: list[CaseEvent]) -> bool:
    """Whether the case, were it open still, is taken by a number that the closing was not of."""
    for event in later:
        if event.kind in {EventKind.CALLED_BACK, EventKind.GOT_THROUGH}:
            break
        deed = event.deed
        if deed and deed.owner_id is not None and event.at <= case.expires_at:
            claim = Claim(deed, deed.numbers)
            if claim.numbers_after(closing) & case.numbers:
                return True
    return False


def _end(case: CaseFacts, returned: set[int], now: int) -> None:
    """What becomes of a case that neither a talk nor a person has closed."""
    if returned.issuperset(case.lost):
        case.state = CaseState.CALLED_BACK
    elif now > case.expires_at:
        case.state, case.closed_at = CaseState.EXPIRED, case.expires_at
