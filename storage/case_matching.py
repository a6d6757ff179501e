"""Which row of `cases` goes on as which case, when folding gives other cases than are stored.

- A case goes on in a row that had one of its lost calls. Where a row's calls have come apart, the
  row goes with the latest of them: that is the case which is still open, if one is. Where rows
  have come together, the one in somebody's hands goes on, of several the one taken first.
- What people did belongs to the case that was open when they did it, also if that becomes known
  later: who took a client, or closed the case by hand, after the client had called again has the
  later case, whichever call came first. So no order of arrival decides whose a client is, with one
  exception: a talk, told of late, between a claim and a later lost call that was told of in time.
  Whoever has the client by then keeps them; had the talk come in time, nobody would.
- A row that no case goes on in is void. What people did and were told goes to the case that has
  its calls now, if one has.
- When the contacts of numbers change, a case that was parted from another client's is in the same
  hands as that; and one that dissolved before comes back in its own row.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from bot.domain.calls import CasePart, CaseState
from bot.domain.case_rules import CaseFacts
from storage.database import Row, Value

COMPUTED = (
    "client",
    "call_id",
    "opened_at",
    "last_lost_at",
    "expires_at",
    "lost",
    "attempts",
    "state",
    "closed_at",
)
"""The columns of `cases` that follow from the calls."""


@dataclass(slots=True)
class StoredCase:
    """A row of `cases`, and its calls by id."""

    row: Row
    parts: dict[int, CasePart] = field(default_factory=dict)

    @property
    def id(self) -> int:
        id_: int = self.row["id"]
        return id_

    @property
    def lost(self) -> set[int]:
        return {call for call, part in self.parts.items() if part is CasePart.LOST}

    @property
    def is_void(self) -> bool:
        return bool(self.row["state"] == CaseState.VOID)

    @property
    def decided_at(self) -> int:
        """When its owner took it, or somebody closed it by hand; 0: it is in nobody's hands."""
        if self.row["state"] == CaseState.EXPIRED:
            return 0
        at: int = self.row["closed_by_hand_at"] or 0
        if self.row["owner_id"] is not None:
            # Its calls are dated by the clock of a PBX, which may be ahead of ours.
            at = max(at, self.row["owned_at"] or 0, self.row["opened_at"])
        return at


class ComputedCase:
    """A case as folding gives it now, beside its row; a new one is given its `id` when written.

    `numbers` are those of its client, empty for a hidden one; `client` that of its latest lost
    call. `stored` is None where there is no row yet; `parted_from`: the case of another client
    that its calls have been in until now; `is_later_one`: not the first that was folded now.
    """

    def __init__(
        self,
        numbers: Collection[str],
        client: str | None,
        facts: CaseFacts,
        *,
        is_later_one: bool = False,
    ) -> None:
        self.numbers = numbers
        self.is_later_one = is_later_one
        self.facts = facts
        self.stored: StoredCase | None = None
        self.parted_from: StoredCase | None = None
        self.id = 0
        self.parts = _parts(facts)
        self.values: tuple[Value, ...] = (
            client,
            facts.lost[-1],
            facts.opened_at,
            facts.last_lost_at,
            facts.expires_at,
            len(facts.lost),
            len(facts.attempts),
            facts.state.value,
            facts.closed_at,
        )

    def go_on_in(self, stored: StoredCase) -> None:
        self.stored = stored
        self.id = stored.id

    @property
    def parts_before(self) -> set[int]:
        return set(self.stored.parts) if self.stored else set()

    @property
    def differs(self) -> bool:
        """Whether its row has to be written."""
        if self.stored is None:
            return True
        row = self.stored.row
        return self.parts != self.stored.parts or self.values != tuple(
            row[name] for name in COMPUTED
        )

    @property
    def is_open(self) -> bool:
        return self.facts.state is CaseState.OPEN

    @property
    def stays_open(self) -> bool:
        """Whether it is open now and its row was open too."""
        return self.is_open and self.stored is not None and self.stored.row["state"] == "open"

    def claim_due_at(self, now: int) -> int | None:
        """When to ask the owner of a case that was reopened, which is at once; None: never.

        A case that stays open keeps the moment in its row.
        """
        return now if self.is_open and self.stored and self.stored.row["owner_id"] else None

    def inherited_claim(self) -> Row | None:
        """The row whose owner has this case too, if it is in nobody's hands itself."""
        source = self.parted_from
        if source is None or not self.is_open or (self.stored and self.stored.row["owner_id"]):
            return None
        is_claimed = source.row["state"] == "open" and source.row["owner_id"] is not None
        return source.row if is_claimed else None


@dataclass(frozen=True, slots=True)
class Dissolved:
    """A row that is void now; `into`: the case that has its calls, None if they are not lost."""

    stored: StoredCase
    into: ComputedCase | None


def match_rows(
    cases: Sequence[ComputedCase], stored: Sequence[StoredCase], *, is_regrouping: bool = False
) -> list[Dissolved]:
    """Let each case go on in its row. Returns the rows that are void now, of those that were not.

    `cases`: those of a client oldest first. `is_regrouping`: the contacts of numbers have changed.
    """
    row_of = {call: one for one in stored if not one.is_void for call in one.lost}
    if is_regrouping:
        _bring_back(cases, row_of, [one for one in stored if one.is_void])
    free = {one.id: one for one in stored if not one.is_void}
    if not is_regrouping:
        _follow_decisions(cases, row_of, free)
    for is_own in (True, False):  # a call whose number was corrected brings its row along
        for case in reversed(cases):
            if case.stored:
                continue
            rows = {
                row.id: row
                for row in (row_of.get(call) for call in case.facts.lost)
                if row and row.id in free and (not is_own or _is_of(row, case))
            }
            if rows:
                case.go_on_in(min(rows.values(), key=_preference))
                del free[case.id]
    if is_regrouping:
        _note_parted(cases, row_of)
    case_of = {call: case for case in cases for call in case.facts.lost}
    return [
        Dissolved(row, max(into, key=lambda case: case.facts.opened_at, default=None))
        for row in free.values()
        for into in [[case_of[call] for call in row.lost if call in case_of]]
    ]


def _follow_decisions(
    cases: Sequence[ComputedCase], row_of: dict[int, StoredCase], free: dict[int, StoredCase]
) -> None:
    """Let rows go on as the later cases of their clients that were open at a claim or closing.

    Such a case has no row yet: that it is not the one people saw is known only now.
    """
    for row in list(free.values()):
        if not row.decided_at:
            continue
        of_client = [
            case
            for case in cases
            if row.row["client"] in case.numbers and case.facts.opened_at <= row.decided_at
        ]
        latest = max(of_client, key=lambda case: case.facts.opened_at, default=None)
        if latest and not latest.stored and not any(call in row_of for call in latest.facts.lost):
            latest.go_on_in(row)
            del free[row.id]


def _bring_back(
    cases: Sequence[ComputedCase],
    row_of: dict[int, StoredCase],
    void: Sequence[StoredCase],
) -> None:
    """Let cases go on in the rows they had before they came together with another client's.

    The row they have been in since then stays with that.
    """
    void_of = {one.row["call_id"]: one for one in void}
    wanting: dict[int, list[ComputedCase]] = {}
    for case in cases:
        for row_id in {row_of[call].id for call in case.facts.lost if call in row_of}:
            wanting.setdefault(row_id, []).append(case)
    for case in reversed(cases):
        shared = [others for others in wanting.values() if case in others]
        is_shared = all(any(one.numbers != case.numbers for one in others) for others in shared)
        if shared and is_shared and (row := void_of.pop(case.facts.lost[-1], None)):
            case.go_on_in(row)
            for others in shared:
                others.remove(case)


def _note_parted(cases: Sequence[ComputedCase], row_of: dict[int, StoredCase]) -> None:
    goes_on = {case.id: case for case in cases if case.stored}
    for case in cases:
        if case.stored and not case.stored.is_void:
            continue
        source = row_of.get(case.facts.lost[-1])
        other = goes_on.get(source.id) if source else None
        if other and other.numbers != case.numbers:
            case.parted_from = source


def _is_of(row: StoredCase, case: ComputedCase) -> bool:
    client = row.row["client"]
    return client is None or client in case.numbers


def _preference(one: StoredCase) -> tuple[bool, bool, bool, int, int]:
    row = one.row
    is_open = row["state"] == CaseState.OPEN
    is_owned = row["owner_id"] is not None and row["state"] != CaseState.EXPIRED
    taken_at = row["owned_at"] or 0
    return not (is_open and is_owned), not is_owned, not is_open, taken_at, one.id


def _parts(facts: CaseFacts) -> dict[int, CasePart]:
    parts = dict.fromkeys(facts.lost, CasePart.LOST)
    parts |= dict.fromkeys(facts.attempts, CasePart.ATTEMPT)
    if facts.closing:
        parts[facts.closing] = CasePart.CLOSING
    return parts
