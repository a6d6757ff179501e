"""The history of a case: the actions of people, and of the bot on their behalf."""

from bot.domain.cases import CaseAction, CaseActionKind
from bot.domain.people import Person
from storage.database import Database, Transaction

_SHOWN = 20


async def note_action(
    tx: Transaction,
    case_id: int,
    kind: CaseActionKind,
    employee_id: int,
    *,
    now: int,
    text: str | None = None,
    other: int | None = None,
) -> None:
    """Add an action to the history of a case; `other`: the id of the person it was handed to."""
    await tx.execute(
        "INSERT INTO case_events (case_id, at, kind, employee_id, other_id, text) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (case_id, now, kind.value, employee_id, other, text),
    )


async def list_actions(database: Database, case_id: int) -> tuple[CaseAction, ...]:
    """The latest actions, oldest first."""
    rows = await database.fetch(
        "SELECT v.*, e.name, o.name AS other FROM case_events AS v "
        "LEFT JOIN employees AS e ON e.id = v.employee_id "
        "LEFT JOIN employees AS o ON o.id = v.other_id "
        "WHERE v.case_id = ? ORDER BY v.id DESC LIMIT ?",
        (case_id, _SHOWN),
    )
    return tuple(
        CaseAction(
            at=row["at"],
            kind=CaseActionKind(row["kind"]),
            who=Person(row["employee_id"], row["name"]) if row["employee_id"] else None,
            other=Person(row["other_id"], row["other"]) if row["other_id"] else None,
            text=row["text"],
        )
        for row in reversed(rows)
    )
