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


def reopen_until_sql(case: str) -> str:
    """Before which moment a closing by hand can be undone; 0 if the client has a newer case.

    `case`: the name `cases` has in the query.
    """
    return (
        "CASE WHEN EXISTS (SELECT 1 FROM cases AS j "  # noqa: S608 - our own expression
        f"WHERE j.client = {case}.client AND j.id <> {case}.id "
        f"AND j.opened_at >= {case}.opened_at AND j.state <> 'void') "
        f"THEN 0 ELSE {case}.expires_at END"
    )
