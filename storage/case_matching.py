"""Which row of `cases` goes on as which case, when folding gives other cases than are stored.

The row has the messages, the history and the reminders. Whose a client is does not follow from it,
but from what people did and when, as folding does (bot/domain/case_rules.py).

- A case goes on in a row that had one of its lost calls. Where a row's calls have come apart, the
  row goes with the latest of them: that is the case which is still open, if one is. Where rows
  have come together, that of whoever has the client now goes on.
- What people did belongs to the case that was open when they did it, also if that becomes known
  later: the row of a case that was taken, or closed by hand, after the client had called again
  goes on as the later case, whichever call came first.
- A row that no case goes on in is void. Its history and what was told goes to the case that has
  its calls now, if one has.
- When the contacts of numbers change, a case that dissolved before comes back in its own row.

So who has a client, and whether the case is open, is the same in any order of arrival of calls, of
joining and of parting of numbers, with one exception, which cannot be helped: a talk between a
claim and a later lost call that becomes known, as one with this client, only after that call. The
owner was told of the call by then, as of their client's, and keeps them; had the talk been known
in time, everybody would have been told, and nobody would have the client.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from bot.domain.calls import CasePart, CaseState
from bot.domain.case_rules import CaseFacts, Deed
from storage.engine.base import Value
from storage.stored_cases import COMPUTED, StoredCase


class ComputedCase:
    """A case as folding gives it now, beside its row; a new one is given its `id` when written.

    `numbers` are those of its client, empty for a hidden one; `client` that of its latest lost
    call. `out`: the people who can have no clients. `stored` is None where there is no row yet;
    `parted_from`: the case of another client that its calls have been in until now;
    `is_later_one`: not the first that was folded now.
    """

    def __init__(
        self,
        numbers: Collection[str],
        client: str | None,
        facts: CaseFacts,
        *,
        out: Collection[int] = (),
        is_later_one: bool = False,
    ) -> None:
        self.numbers = numbers
        self.is_later_one = is_later_one
        self.facts = facts
        self.stored: StoredCase | None = None
        self.parted_from: StoredCase | None = None
        self.id = 0
        self.parts = _parts(facts)
        self._out = out
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
    def claim(self) -> Deed | None:
        """The deed by which it is in somebody's hands.

        Those who are out have none of the cases that are opened again; what they have until now
        the next tick lets go, and tells of that.
        """
        claim = self.facts.claim
        if claim is None or claim.owner_id not in self._out or not self.is_open:
            return claim
        return claim if self.stored and self.stored.open_owner_id == claim.owner_id else None

    @property
    def owner_id(self) -> int | None:
        return self.claim.owner_id if self.claim else None

    @property
    def keeps_hands(self) -> bool:
        """Whether its row has the same owner, who is asked when it says; a new one has none."""
        if self.stored is None:
            return self.owner_id is None
        is_same = self.stored.row["owner_id"] == self.owner_id
        return is_same and (not self.owner_id or self.stays_open or not self.is_open)

    @property
    def differs(self) -> bool:
        """Whether its row has to be written."""
        if self.stored is None or not self.keeps_hands:
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
    matching = _Matching(cases, stored)
    if is_regrouping:
        matching.bring_back_rows()
    else:
        matching.follow_decisions()
    matching.keep_rows()
    matching.follow_corrected_calls()
    if is_regrouping:
        matching.note_parted()
    return matching.dissolved()


class _Matching:
    """The rules in the order in which they are asked: what one gives away, no later one has."""

    def __init__(self, cases: Sequence[ComputedCase], stored: Sequence[StoredCase]) -> None:
        self._cases = cases
        self._row_of = {call: one for one in stored if not one.is_void for call in one.lost}
        self._void = [one for one in stored if one.is_void]
        self._free = {one.id: one for one in stored if not one.is_void}

    def bring_back_rows(self) -> None:
        """Let cases go on in the rows they had before they came together with another client's.

        A has row 1, B has row 2; joined, both go on in row 1, and row 2 is void. When B is taken
        away, it goes on in row 2, and A in row 1. The last one left to a row never leaves it.
        """
        void_of: dict[int, StoredCase] = {one.row["call_id"]: one for one in self._void}
        heirs: dict[int, list[ComputedCase]] = {}
        for case in self._cases:
            for row in self._rows_of(case).values():
                heirs.setdefault(row.id, []).append(case)
        for case in reversed(self._cases):
            shared = [heirs[row_id] for row_id in self._rows_of(case)]
            if not shared or not all(_has_another_client(case, among=one) for one in shared):
                continue
            if former := void_of.pop(case.facts.lost[-1], None):
                case.go_on_in(former)
                for others in shared:
                    others.remove(case)

    def follow_decisions(self) -> None:
        """Let rows go on as the later cases that people meant when they took or closed them.

        A client called at 9:00 and at 9:20, of which only the first call is known when Olena takes
        them at 9:30. When the second is told of, after a talk at 9:10, her row goes on as its case
        and that of 9:00 gets a new one.
        """
        for row in list(self._free.values()):
            if not row.decided_at:
                continue
            begun = [
                case
                for case in self._cases
                if row.row["client"] in case.facts.numbers
                and case.facts.opened_at <= row.decided_at
            ]
            latest = max(begun, key=lambda case: case.facts.opened_at, default=None)
            if latest and not latest.stored and not self._rows_of(latest):
                self._give(row, latest)

    def keep_rows(self) -> None:
        """Let cases go on in rows of their own clients, the latest case first.

        Row 1 has calls of 9:00 and 9:20; a talk at 9:10 is told of. The case of 9:20 has row 1.
        """
        self._give_rows(_is_of_client)

    def follow_corrected_calls(self) -> None:
        """Let the cases that are left go on in what rows are left, whosever those were.

        The only call of row 1 was another client's after all: that client's case has row 1.
        """
        self._give_rows(lambda _row, _case: True)

    def note_parted(self) -> None:
        """Note which cases have had their calls in a row that goes on as another client's."""
        case_of = {case.id: case for case in self._cases if case.stored}
        for case in self._cases:
            if case.stored and not case.stored.is_void:
                continue
            source = self._row_of.get(case.facts.lost[-1])
            other = case_of.get(source.id) if source else None
            if other and other.numbers != case.numbers:
                case.parted_from = source

    def dissolved(self) -> list[Dissolved]:
        case_of = {call: case for case in self._cases for call in case.facts.lost}
        return [
            Dissolved(row, max(into, key=lambda case: case.facts.opened_at, default=None))
            for row in self._free.values()
            for into in [[case_of[call] for call in row.lost if call in case_of]]
        ]

    def _give_rows(self, may_have: Callable[[StoredCase, ComputedCase], bool]) -> None:
        for case in reversed(self._cases):
            rows = [
                row
                for row in self._rows_of(case).values()
                if row.id in self._free and may_have(row, case)
            ]
            if rows and not case.stored:
                self._give(min(rows, key=lambda row: _preference(row, case)), case)

    def _give(self, row: StoredCase, case: ComputedCase) -> None:
        case.go_on_in(row)
        del self._free[row.id]

    def _rows_of(self, case: ComputedCase) -> dict[int, StoredCase]:
        """The rows that had its lost calls until now, by id."""
        rows = (self._row_of.get(call) for call in case.facts.lost)
        return {row.id: row for row in rows if row}


def _has_another_client(case: ComputedCase, *, among: Sequence[ComputedCase]) -> bool:
    return case in among and any(one.numbers != case.numbers for one in among)


def _is_of_client(row: StoredCase, case: ComputedCase) -> bool:
    client = row.row["client"]
    return client is None or client in case.numbers


def _preference(row: StoredCase, case: ComputedCase) -> tuple[bool, bool, int]:
    """Of rows that have come together: that of whoever has the client, an open one, the oldest."""
    owner_id = row.open_owner_id
    is_owners = owner_id is not None and owner_id == case.owner_id
    return not is_owners, row.row["state"] != CaseState.OPEN, row.id


def _parts(facts: CaseFacts) -> dict[int, CasePart]:
    parts = dict.fromkeys(facts.lost, CasePart.LOST)
    parts |= dict.fromkeys(facts.attempts, CasePart.ATTEMPT)
    if facts.closing:
        parts[facts.closing] = CasePart.CLOSING
    return parts
