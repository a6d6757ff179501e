"""What the program talks about: calls, people, comments. Plain data, no I/O, no Telegram.

Every time is whole Unix seconds, UTC, as in the database; only the views know a time zone.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from bot.hours import QuietHours

Clock = Callable[[], int]
"""The present moment in Unix seconds. Injected, so that tests can move it."""


def system_clock() -> int:
    return int(time.time())


PRICE_DELAY = 300
"""Seconds after the end of a call within which its price and recording may still come."""

ALERT_MAX_AGE = 3600
"""Seconds after the end of a lost call after which nobody is alerted of it any more."""

COMMENT_LIMIT = 200
"""Unicode code points of a comment, after trimming."""


CONTACT_LIMIT = 64
"""Characters of a contact's name."""


class Role(StrEnum):
    ADMINISTRATOR = "administrator"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"
    ACCOUNTANT = "accountant"

    @property
    def sees_all(self) -> bool:
        """Whether the role sees every call of the company, not only those of its extensions."""
        return self in {Role.ADMINISTRATOR, Role.SUPERVISOR}

    @property
    def takes_clients(self) -> bool:
        """Whether the role is told of lost calls and calls clients back."""
        return self is not Role.ACCOUNTANT


class Direction(StrEnum):
    IN = "in"
    OUT = "out"
    INTERNAL = "internal"


class Status(StrEnum):
    ANSWERED = "answered"
    UNREACHABLE = "unreachable"
    REJECTED_BY_SUBSCRIBER = "rejected_by_subscriber"
    NO_ANSWER = "no_answer"
    CANCELLED_BY_OPERATOR = "cancelled_by_operator"
    MISSED = "missed"
    MISSED_CALLED_BACK = "missed_called_back"
    UNKNOWN_ERROR = "unknown_error"
    NETWORK_ERROR = "network_error"
    RINGING = "ringing"
    CONNECTING_OPERATOR = "connecting_operator"
    NO_CHANNELS = "no_channels"
    MISSED_OFFLINE = "missed_offline"

    @property
    def is_live(self) -> bool:
        """Whether the call still goes on: its end will replace this status."""
        return self is Status.RINGING or self is Status.CONNECTING_OPERATOR

    @property
    def is_talk(self) -> bool:
        """Whether the status itself says that an employee and the client talked."""
        return self is Status.ANSWERED or self is Status.NETWORK_ERROR


class EndedBy(StrEnum):
    CALLER = "caller"
    CALLEE = "callee"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class Language(StrEnum):
    UK = "uk"
    EN = "en"


class AlertScope(StrEnum):
    """Which lost calls a person wants to be told of, within what the role may see."""

    ALL = "all"
    OWN = "own"
    NONE = "none"


class CaseState(StrEnum):
    """OPEN: nobody has reached the client yet. All others are over.

    EXPIRED: nobody did within CASE_WINDOW_HOURS. VOID: its calls were not lost after all.
    """

    OPEN = "open"
    CALLED_BACK = "called_back"
    GOT_THROUGH = "got_through"
    BY_HAND = "by_hand"
    EXPIRED = "expired"
    VOID = "void"


class CasePart(StrEnum):
    """What a call is to its case."""

    LOST = "lost"
    ATTEMPT = "attempt"
    CLOSING = "closing"


class EmployeeState(StrEnum):
    ACTIVE = "active"
    BLOCKED = "blocked"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a call, as the PBX wrote it. All empty: a hidden number."""

    name: str | None = None
    number: str | None = None
    sip: str | None = None


@dataclass(slots=True, kw_only=True)
class CallFacts:
    """What a source said of one call at one moment. None and () mean "not said".

    `country` is the source's, for reading national numbers; `updated_at` is the source's own time
    of this statement, if it gives one.
    """

    source: str
    external_id: str
    direction: Direction
    status: Status
    started_at: int
    country: str
    raw_status: str | None = None
    caller: Party = Party()
    callee: Party = Party()
    line: str | None = None
    queue: str | None = None
    extension: str | None = None
    rang: tuple[str, ...] = ()
    answered_at: int | None = None
    ended_at: int | None = None
    wait: int | None = None
    talk: int | None = None
    ended_by: EndedBy | None = None
    price: Decimal | None = None
    currency: str | None = None
    recording_url: str | None = None
    updated_at: int | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """Input of a source that could not be read: kept, counted, told of, never dropped silently.

    `place` is the index in a posted array or the line of a file, both as the sender counts them.
    """

    place: int
    errors: tuple[str, ...]
    body: str


class Outcome(StrEnum):
    """What recording one statement about a call did to the log."""

    ACCEPTED = "accepted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Scope:
    """The calls a person may see: all of them, or those of these extensions.

    `owner`: the person's id, who may also see the calls of the cases in their hands.
    """

    extensions: tuple[str, ...] | None = None
    owner: int | None = None

    @property
    def is_all(self) -> bool:
        return self.extensions is None


EVERYTHING = Scope()


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """A person allowed to use the bot. `in_settings`: named in ADMIN_IDS, fixed in chat."""

    id: int
    tg_id: int
    name: str
    role: Role
    extensions: tuple[str, ...] = ()
    language: Language = Language.UK
    page_size: int = 8
    alerts: AlertScope = AlertScope.ALL
    state: EmployeeState = EmployeeState.ACTIVE
    in_settings: bool = False
    unreachable: bool = False
    quiet: QuietHours | None = None

    @property
    def scope(self) -> Scope:
        return EVERYTHING if self.role.sees_all else Scope(self.extensions, owner=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invite:
    """A one-time way in. The token itself is shown once and stored only as a hash."""

    id: int
    role: Role
    extensions: tuple[str, ...]
    name: str | None
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """The comment of a call. `version` grows with every change, for noticing a colleague's."""

    text: str
    author: str
    written_at: int
    version: int


@dataclass(frozen=True, slots=True)
class Person:
    """An employee as others are told of them."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLink:
    """The case a call belongs to, as the call's row and card show it.

    `lost_call` is the id of its latest lost call, `closing_call` of the talk that closed it, None
    where there is none or it is not the reader's to see;
    `closed_by` who talked there, or closed it by hand saying `words`.
    """

    case_id: int
    part: CasePart
    state: CaseState
    lost: int
    attempts: int
    opened_at: int
    closed_at: int | None
    owner: Person | None
    owned_at: int | None
    lost_call: int | None
    closing_call: int | None
    closed_by: str | None
    words: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One conversation attempt between a client and the company, as the log shows it.

    Always `ended_at - started_at == wait + talk` where they are known. `settles_at` is the moment
    until which a missing price or recording is pending; None or past: it is absent.
    `colleagues` names the employees of the extensions in it; `contact` the client's name in the
    company's contacts; `client` the client's number in E.164, None if hidden or unreadable.
    """

    id: int
    source: str
    external_id: str
    direction: Direction
    status: Status
    raw_status: str | None
    caller: Party
    callee: Party
    client: str | None
    contact: str | None
    line: str | None
    queue: str | None
    extension: str | None
    rang: tuple[str, ...]
    started_at: int
    answered_at: int | None
    ended_at: int | None
    wait: int | None
    talk: int | None
    ended_by: EndedBy
    price: Decimal | None
    currency: str | None
    recording_url: str | None
    settles_at: int | None
    lost: bool
    comment: Comment | None = None
    case: CaseLink | None = None
    colleagues: Mapping[str, str] = field(default_factory=dict)

    def is_pending(self, now: int) -> bool:
        """Whether what the PBX tells late (price, recording) may still come."""
        return self.status.is_live or (self.settles_at is not None and now < self.settles_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What somebody did with a case; `other`: to whom it was handed, `text`: what they said."""

    at: int
    kind: "DeedKind"
    who: Person | None
    other: Person | None
    text: str | None


class LadderField(StrEnum):
    """The fields of Ladder by their names."""

    OPERATORS = "operators_after"
    GROUPS = "groups_after"
    SUPERVISORS = "supervisors_after"
    REPEAT = "repeat_every"
    TARGET = "target_minutes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Who hears of a lost call after how many minutes of working time, and how fast is well done.

    0: at once. `repeat_every`: minutes after which all hear again until somebody takes the case,
    0 for never. `target_minutes`: within which a client should be called back.
    """

    operators_after: int = 0
    groups_after: int = 0
    supervisors_after: int = 0
    repeat_every: int = 0
    target_minutes: int = 15

    def minutes(self, name: LadderField) -> int:
        found: int = getattr(self, name.value)
        return found

    @property
    def is_at_once(self) -> bool:
        """Whether everybody hears at once, and once."""
        return not (
            self.operators_after
            or self.groups_after
            or self.supervisors_after
            or self.repeat_every
        )


class DeedKind(StrEnum):
    TAKEN = "taken"
    RETURNED = "returned"
    HANDED = "handed"
    ASKED = "asked"
    EXTENDED = "extended"
    FREED = "freed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
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
    deeds: tuple[Deed, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.state is CaseState.OPEN


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


class CaseGroup(StrEnum):
    """Cases by what became of them, as a digest counts them.

    LEFT: nobody had reached the client by the end of the span. IN_TARGET: a part of CALLED_BACK.
    """

    OPENED = "o"
    CALLED_BACK = "b"
    GOT_THROUGH = "g"
    BY_HAND = "h"
    LEFT = "l"
    IN_TARGET = "t"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestTotals:
    """How many clients' calls were lost in a span, and what became of them by its end.

    `in_target` of `due` clients were called back in time: due are those called back and those
    left for longer than the target, not those who got through or were closed by hand. `median`,
    `p90`: seconds in which half, and nine of ten, of those called back were.
    """

    opened: int = 0
    called_back: int = 0
    got_through: int = 0
    by_hand: int = 0
    left: int = 0
    in_target: int = 0
    due: int = 0
    median: int | None = None
    p90: int | None = None

    def count(self, group: CaseGroup) -> int:
        found: int = getattr(self, group.name.lower())
        return found

    @property
    def share(self) -> int | None:
        """Per cent of those due who were called back in time."""
        return round(100 * self.in_target / self.due) if self.due else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPerson:
    """What one employee did; `id` 0: an extension nobody has. `median`: seconds to call back."""

    id: int
    name: str
    called_back: int
    median: int | None
    by_hand: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Lost calls from `start` to `end`, as things stood at `end`.

    `before`: the same wall times a week earlier; None: nothing is known of that time. `earlier`:
    those lost before `start` and not reached by `end`. `target` in seconds. `worst_at`: where the
    local hour began in which most were lost.
    """

    start: int
    end: int
    totals: DigestTotals
    before: DigestTotals | None
    earlier: int
    target: int
    worst_at: int | None
    worst_count: int
    people: tuple[DigestPerson, ...]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DayNumbers:
    """The numbers of one day: lost calls are incoming ones in which nobody talked."""

    total: int
    incoming: int
    outgoing: int
    lost: int
    unreturned: int


PAGES_COUNTED = 1000
"""Page numbers are exact up to this many; beyond it counting would cost more than it tells."""


class Key(NamedTuple):
    position: int
    id: int


class Turn(StrEnum):
    """Which page is meant, seen from a key: the one after, before, or beginning with it."""

    FIRST = "f"
    LAST = "l"
    OLDER = "o"
    NEWER = "n"
    AT = "a"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What part of the log is read. `start` ≤ call < `end`, Unix seconds; `client` in E.164."""

    start: int | None = None
    end: int | None = None
    lost_only: bool = False
    client: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Calls, newest first; `number` of `count`, each exact up to PAGES_COUNTED, else above it.

    `is_beyond`: a page past an end of the log was asked for; this is the one at that end.
    """

    calls: tuple[Call, ...]
    keys: tuple[Key, ...]
    number: int
    count: int
    has_newer: bool
    has_older: bool
    is_beyond: bool = False
