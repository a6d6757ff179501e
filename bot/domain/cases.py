"""Cases: clients whose lost calls nobody has returned yet, and what people did about them."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from bot.domain.calls import Call, CaseRights, CaseState
from bot.domain.people import Employee, Person, Scope
from bot.domain.places import Place

ALERT_MAX_AGE = 3600
"""Seconds after the end of a lost call after which nobody is alerted of it any more."""


class CaseActionKind(StrEnum):
    TAKEN = "taken"
    RETURNED = "returned"
    """The owner gave it back."""
    HANDED = "handed"
    ASKED = "asked"
    """The bot asked the owner whether they still see to it."""
    EXTENDED = "extended"
    """The owner asked for more time."""
    FREED = "freed"
    """The bot took it from an owner who did not answer."""
    CLOSED = "closed"
    UNCLOSED = "unclosed"
    """A closing that was undone: it counts no more."""
    REOPENED = "reopened"
    DIALLED = "dialled"
    """Somebody called the client from chat."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAction:
    """What somebody did with a case; `other`: to whom it was handed, `text`: what they said."""

    at: int
    kind: CaseActionKind
    who: Person | None
    other: Person | None
    text: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(CaseRights):
    """One client whose lost calls somebody should return, and how far that has come.

    `client` is the number in E.164, None if hidden. `lost` and `attempts` count calls. `call` is
    the latest lost one, `attempt` the latest failed call back, `closing` the talk that closed the
    case. `rang`: every extension that was rung for it. `owner`: who has taken it, `owned_at` since
    when; `asked_at`: when they were asked whether they still see to it. After `expires_at` nobody
    waits for a call back. `closed_at` is None while the case is open, and where only the PBX says
    that somebody has called back.
    """

    id: int
    client: str | None
    state: CaseState
    opened_at: int
    last_lost_at: int
    expires_at: int
    lost: int
    attempts: int
    closed_at: int | None
    owner: Person | None
    owned_at: int | None
    asked_at: int | None
    call: Call
    attempt: Call | None
    closing: Call | None
    rang: tuple[str, ...]
    actions: tuple[CaseAction, ...] = ()
    reopen_until: int = 0
    """As in CaseLink; known where one case is read, not on pages of them."""

    def is_in(self, scope: Scope) -> bool:
        """Whether the person owns it, or was rung for it; as case_in_scope_sql in storage/."""
        if scope.extensions is None:
            return True
        owner = self.owner.id if self.owner else None
        return owner == (scope.owner or -1) or not set(self.rang).isdisjoint(scope.extensions)

    @property
    def is_of_new_client(self) -> bool:
        """Whether the company had no call with the client before the case."""
        return self.call.case is not None and self.call.case.is_of_new_client

    @property
    def closing_by_hand(self) -> CaseAction | None:
        """Its closing by hand, if that is how it ended; without a text: its number is ignored."""
        if self.state is not CaseState.BY_HAND:
            return None
        closings = (one for one in self.actions if one.kind is CaseActionKind.CLOSED)
        return max(closings, key=lambda one: one.at, default=None)

    def can_be_reopened_by(self, employee: Employee, *, now: int) -> bool:
        """Whether the employee may undo its closing by hand at this moment."""
        action = self.closing_by_hand
        closer = action.who.id if action and action.who else None
        return now < self.reopen_until and self.is_undone_by(employee, closer=closer)

    def can_be_ignored_by(self, employee: Employee) -> bool:
        """Whether the employee may close it so that this client makes no cases any more."""
        return self.is_open and self.client is not None and employee.role.sees_all


@dataclass(frozen=True, slots=True)
class CaseHold(CaseRights):
    """As much of a case as decides who may do what with it."""

    state: CaseState
    owner: Person | None


class Board(StrEnum):
    """Which cases the board shows: the open ones in the reader's scope, or a part of those."""

    ALL = "a"
    MINE = "m"
    """Taken by the reader."""
    FREE = "f"
    """Taken by nobody."""
    CLOSED = "c"
    """Closed today."""


class BoardAge(IntEnum):
    ANY = 0
    TODAY = 1
    """Those whose client called today."""
    EARLIER = 2
    """Those whose client called before, and not today."""


@dataclass(frozen=True, slots=True)
class BoardPart:
    """The part of the board that is shown: cases of this age, lost on this line or queue.

    `place` None: all of them; that of a case is where its latest call was lost.
    """

    age: BoardAge = BoardAge.ANY
    place: Place | None = None


WHOLE_BOARD = BoardPart()


@dataclass(frozen=True, slots=True)
class BoardPage:
    """A page of cases, oldest first (closed ones latest first); `total` on all pages.

    `number` of `count` pages, from 1.
    """

    cases: tuple[Case, ...]
    number: int
    count: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseNumbers:
    """Cases, by what became of those opened from a moment on; `left`: those nobody has reached."""

    opened: int
    called_back: int
    got_through: int
    by_hand: int
    left: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """A number whose lost calls make no case and alert nobody; `name`: the contact's, if any."""

    id: int
    number: str
    name: str | None


class Taking(StrEnum):
    """How an attempt to take a case ended."""

    TAKEN = "taken"
    MINE_ALREADY = "mine_already"
    ANOTHERS = "anothers"
    OVER = "over"


BATCH_SECONDS = 3600
"""How long a person may answer whether to take, or close, many cases, and then undo it at once."""


class BatchKind(StrEnum):
    TAKE = "take"
    CLOSE = "close"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The cases that a person takes, or closes by hand, at once: `asked` so many of them.

    `of_colleagues`: of those to be closed, how many are in others' hands. `barred`: how many of
    the cases shown are not among them, because colleagues have them; known when the person is
    asked. `done`, `left`: how many were taken or closed, and how many had changed meanwhile.
    `undone`, `kept`: of those done, how many were undone, and how many had changed since.
    """

    id: int
    kind: BatchKind
    asked_at: int
    done_at: int | None = None
    asked: int = 0
    of_colleagues: int = 0
    barred: int = 0
    done: int = 0
    left: int = 0
    undone: int = 0
    kept: int = 0

    def can_be_done(self, now: int) -> bool:
        """Whether it is time to do it, or what is left of it if that was cut short."""
        return now - self.asked_at < BATCH_SECONDS

    def can_be_undone(self, now: int) -> bool:
        return self.done_at is not None and self.done > 0 and now - self.done_at < BATCH_SECONDS
