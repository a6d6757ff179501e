"""Cases: clients whose lost calls nobody has returned yet, and what people did about them."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.calls import Call, CaseRights, CaseState
from bot.domain.people import Employee, Person

ALERT_MAX_AGE = 3600
"""Seconds after the end of a lost call after which nobody is alerted of it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAction:
    """What somebody did with a case; `other`: to whom it was handed, `text`: what they said."""

    at: int
    kind: "CaseActionKind"
    who: Person | None
    other: Person | None
    text: str | None


class CaseActionKind(StrEnum):
    TAKEN = "taken"
    RETURNED = "returned"
    HANDED = "handed"
    ASKED = "asked"
    EXTENDED = "extended"
    FREED = "freed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case(CaseRights):
    """One client whose lost calls somebody should return, and how far that has come.

    `lost` and `attempts` count calls. `call` is the latest lost one, `attempt` the latest failed
    outgoing one, `closing` the talk that closed it. `rang`: every extension that was rung for it.
    `closed_at` is None while it is open, and where only the PBX says that it was returned.
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

    def can_be_ignored_by(self, employee: Employee) -> bool:
        """Whether the employee may close it so that this client makes no cases any more."""
        return self.is_open and self.client is not None and employee.role.sees_all


@dataclass(frozen=True, slots=True)
class CaseHold(CaseRights):
    """As much of a case as decides who may do what with it."""

    state: CaseState
    owner: Person | None


class Board(StrEnum):
    """Which cases the board shows."""

    ALL = "a"
    MINE = "m"
    FREE = "f"
    CLOSED = "c"
    """Closed today."""


@dataclass(frozen=True, slots=True)
class BoardPage:
    """Cases, oldest first (the closed ones latest first); `number` of `count` pages, from 1."""

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
    """A number whose lost calls nobody is told of; `name`: of the contact, if it has one."""

    id: int
    number: str
    name: str | None


class Taking(StrEnum):
    """How an attempt to take a case ended."""

    TAKEN = "taken"
    MINE_ALREADY = "mine_already"
    ANOTHERS = "anothers"
    OVER = "over"
