"""The rows of `cases` as they are before refolding, each with its calls."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.domain.calls import CasePart, CaseState
from storage.engine.base import Answer, Row, Transaction, Value

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

    @property
    def open_owner_id(self) -> int | None:
        """Who has its client, if it is open."""
        owner_id: int | None = self.row["owner_id"]
        return owner_id if self.row["state"] == CaseState.OPEN else None


def ask_stored(tx: Transaction, where: str, values: Sequence[Value], *, asked: str = "") -> Answer:
    """The cases `AS k` that satisfy `where`, as rows for `stored_cases`.

    `asked`: the WITH clause `where` refers to.
    """
    return tx.ask(
        f"{asked} SELECT k.*, y.call_id AS part_of, y.part, "  # noqa: S608
        "(SELECT max(v.at) FROM case_events AS v WHERE v.case_id = k.id "
        "AND v.kind = 'closed') AS closed_by_hand_at "
        f"FROM {'asked AS a CROSS JOIN ' if asked else ''}cases AS k "
        f"LEFT JOIN case_calls AS y ON y.case_id = k.id WHERE {where} ORDER BY k.id",
        values,
    )


def stored_cases(rows: Sequence[Row]) -> list[StoredCase]:
    cases: dict[int, StoredCase] = {}
    for row in rows:
        one = cases.setdefault(row["id"], StoredCase(row))
        if row["part_of"] is not None:
            one.parts[row["part_of"]] = CasePart(row["part"])
    return list(cases.values())
