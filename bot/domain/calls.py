"""Calls, what a source says of them, and their comments.

Every time is whole Unix seconds, UTC, as in the database; only the views know a time zone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from bot.domain.people import Employee, Person
from bot.domain.phones import NumberPlan

PRICE_DELAY = 300
"""Seconds after the end of a call within which its price and recording may still come."""

RECORDING_REFERENCE = "pbx:"
"""Begins a `recording_url` that is no address: the PBX must be asked where the recording is."""

COMMENT_LIMIT = 200
"""Unicode code points of a comment, after trimming."""

CONTACT_LIMIT = 64
"""Characters of a contact's name."""


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


class EndedBy(StrEnum):
    CALLER = "caller"
    CALLEE = "callee"
    SYSTEM = "system"
    UNKNOWN = "unknown"


class CaseState(StrEnum):
    """How a case stands. OPEN: nobody has reached the client yet; in all other states it is over.

    GOT_THROUGH: the client called again and talked. BY_HAND: a person closed it. EXPIRED: nobody
    reached the client within CASE_WINDOW_HOURS. VOID: its calls were not lost after all.
    """

    OPEN = "open"
    CALLED_BACK = "called_back"
    GOT_THROUGH = "got_through"
    BY_HAND = "by_hand"
    EXPIRED = "expired"
    VOID = "void"


def shown_status(stored: Status, fate: CaseState | None) -> Status:
    """The status that is shown; `fate`: how the case of a lost call stands."""
    return Status.MISSED_CALLED_BACK if fate is CaseState.CALLED_BACK else stored


class CasePart(StrEnum):
    """What a call is to its case."""

    LOST = "lost"
    ATTEMPT = "attempt"
    """The company called the client back and did not reach them."""
    CLOSING = "closing"
    """The talk that closed the case."""


class CaseRights:
    """Who may do what with a case, for everything that knows its state and its owner.

    The owner is the employee who has taken the case; supervisors and administrators (`sees_all`)
    may do to a colleague's case what its owner may.
    """

    __slots__ = ()
    state: CaseState
    owner: Person | None

    @property
    def is_open(self) -> bool:
        return self.state is CaseState.OPEN

    def is_held_by(self, employee: Employee) -> bool:
        return self.owner is not None and self.owner.id == employee.id

    def is_held_by_a_colleague_of(self, employee: Employee) -> bool:
        return self.owner is not None and self.owner.id != employee.id

    def can_be_taken_by(self, employee: Employee) -> bool:
        return self.is_open and self.owner is None and employee.role.takes_clients

    def can_be_released_by(self, employee: Employee) -> bool:
        """Whether the employee may make it nobody's: also one whose role has changed since."""
        is_decided = self.is_held_by(employee) or employee.role.sees_all
        return self.is_open and self.owner is not None and is_decided

    def can_be_closed_by(self, employee: Employee) -> bool:
        """Whether the employee may close it by hand."""
        is_decided = not self.is_held_by_a_colleague_of(employee) or employee.role.sees_all
        return self.is_open and is_decided and employee.role.takes_clients

    def is_undone_by(self, employee: Employee, *, closer: int | None) -> bool:
        """Whether undoing its closing by hand is theirs; `closer`: the id of who closed it."""
        is_decided = closer == employee.id or self.is_held_by(employee) or employee.role.sees_all
        return self.state is CaseState.BY_HAND and is_decided and employee.role.takes_clients

    def can_be_handed_over_by(self, employee: Employee) -> bool:
        """Whether the employee may choose who shall have it."""
        return self.is_open and employee.role.sees_all

    def can_be_extended_by(self, employee: Employee) -> bool:
        """Whether the employee may keep it for longer before the bot asks again."""
        return self.is_open and self.is_held_by(employee) and employee.role.takes_clients


@dataclass(frozen=True, slots=True)
class Party:
    """One end of a call, as the PBX wrote it. All empty: a hidden number."""

    name: str | None = None
    number: str | None = None
    sip: str | None = None


@dataclass(slots=True, kw_only=True)
class CallFacts:
    """One statement: what a source said of one call at one moment. None and () mean "not said".

    `line` is the company's number that was called, `queue` the one the caller waited in,
    `extension` the employee's who talked or dialled, `rang` all that were rung. `wait` and `talk`
    in seconds. `numbers` says how the source writes telephone numbers; `updated_at` is
    the source's own time of this statement, if it gives one. `is_witnessed`: the source heard the
    call happen, and gives the times of the talk where a record may have those of a machine that
    answered first. `by_arrival` names those of `started_at`, `answered_at` and `ended_at` that the
    source does not tell: they are when the statement came, so any time that is told is better.
    `flaws` are optional fields that were dropped or mended, as "field: what was expected", without
    the values: those may be personal.
    """

    source: str
    external_id: str
    direction: Direction
    status: Status
    started_at: int
    numbers: NumberPlan
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
    by_arrival: frozenset[str] = frozenset()
    is_witnessed: bool = False
    flaws: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Reject:
    """Input of a source that could not be read: kept, counted, told of, never dropped silently.

    `place` is the index in a posted array or the line of a file, both as the sender counts them.
    """

    place: int
    errors: tuple[str, ...]
    body: str


@dataclass(frozen=True, slots=True)
class Flaw:
    """An optional field that `count` statements of a source had wrong: what was expected of it."""

    told: str
    count: int


@dataclass(frozen=True, slots=True)
class EndedCall:
    """A call that is over, of which something is still not known: its price or its recording."""

    external_id: str
    started_at: int
    ended_at: int
    talk: int
    has_price: bool
    has_recording: bool


class Outcome(StrEnum):
    """What recording one statement about a call did to the log."""

    ACCEPTED = "accepted"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """The comment of a call. `version` grows with every change, for noticing a colleague's."""

    text: str
    author: str
    written_at: int
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentChange:
    """One change of a comment: `old` None: there was none before, `new` None: it was deleted."""

    author: str
    at: int
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLink(CaseRights):
    """The case a call belongs to, as the call's row and card show it.

    `part` is what the call is to the case. `lost` and `attempts` count calls of the case.
    `lost_call` is the id of its latest lost call, `closing_call` that of the talk that closed it,
    None where there is none or the reader may not see it. `handed_by`: who gave it to the
    owner, if the owner did not take it. `closed_by`: who talked then, or closed the case by hand,
    saying `words`.
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
    handed_by: str | None = None
    lost_call: int | None
    closing_call: int | None
    closed_by: str | None
    words: str | None
    closer: int | None = None
    """The id of who closed it by hand."""
    is_of_new_client: bool = False
    """Whether the log has no call of the client before the case."""
    reopen_until: int = 0
    """Before which moment the closing can be undone; 0: the client has a newer case."""

    def can_be_reopened_by(self, employee: Employee, *, now: int) -> bool:
        """Whether the employee may undo its closing by hand at this moment."""
        return now < self.reopen_until and self.is_undone_by(employee, closer=self.closer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One conversation attempt between a client and the company, as the log shows it.

    Always `ended_at - started_at == wait + talk` where they are known. `settles_at` is the moment
    until which a missing price or recording is pending; None or past: it is absent.
    `is_end_unknown`: it counts as over only because it has been live for too long.
    `source_sends_prices`, `source_sends_recordings`: whether its source has sent one since a week
    before this call.
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
    is_end_unknown: bool = False
    source_sends_prices: bool = True
    source_sends_recordings: bool = True
    comment: Comment | None = None
    case: CaseLink | None = None
    colleagues: Mapping[str, str] = field(default_factory=dict)
    comment_changes: int = 0
    """How often the comment was written, changed or deleted."""
    is_first: bool = False
    """Whether the company, whoever reads, had no call with the client before, in or out."""

    @property
    def is_over(self) -> bool:
        """Whether nobody rings or talks any more; one that was answered may go on."""
        return not self.status.is_live and (self.ended_at is not None or self.talk is not None)

    @property
    def recording_reference(self) -> str | None:
        """What its PBX must be asked with where the recording is; None: that need not be asked."""
        url = self.recording_url or ""
        is_one = url.startswith(RECORDING_REFERENCE)
        return url.removeprefix(RECORDING_REFERENCE) if is_one else None

    def can_be_heard_by(self, employee: Employee) -> bool:
        """Whether the employee may hear its recording: they talked, or see every call."""
        return employee.role.sees_all or self.extension in employee.extensions

    def can_be_called_back_by(self, employee: Employee) -> bool:
        """Whether no colleague has its client; those who see all may call all the same."""
        case = self.case
        return case is None or not case.is_open or case.can_be_closed_by(employee)

    def is_pending(self, now: int) -> bool:
        """Whether what the PBX tells late (price, recording) may still come."""
        return self.status.is_live or (self.settles_at is not None and now < self.settles_at)
