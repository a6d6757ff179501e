"""The history of a case: the actions of people, and of the bot on their behalf.

When cases of one client come together their histories do; when one is parted, both parts have it.
"""

from collections.abc import Collection, Sequence

from bot.domain.cases import CaseAction, CaseActionKind
from bot.domain.people import Person
from storage.case_deeds import note_deeds, part_deed
from storage.clients import same_client_sql
from storage.engine.base import Row, Select, Transaction, marks_sql

_SHOWN = 20

_AFTER_CALLS_SQL = (
    "(SELECT max(moments.at) FROM (SELECT ? AS at UNION ALL SELECT c.started_at "
    "FROM case_calls AS y JOIN calls AS c ON c.id = y.call_id WHERE y.case_id = k.id) AS moments)"
)
"""The moment given, or the beginning of the latest call of the case `k` if that is later."""


async def note_action(
    tx: Transaction,
    case_id: int,
    kind: CaseActionKind,
    employee_id: int,
    *,
    now: int,
    other: int | None = None,
) -> None:
    """Add an action to the history of a case; `other`: the id of the person it was handed to."""
    await note_actions(tx, [case_id], kind, employee_id, now=now, other=other)


async def note_actions(
    tx: Transaction,
    case_ids: Collection[int],
    kind: CaseActionKind,
    employee_id: int,
    *,
    now: int,
    text: str | None = None,
    other: int | None = None,
) -> dict[int, int]:
    """Add the same action to the history of each case. Returns the ids of the actions, by case.

    A closing is of all the numbers of the case's lost calls, and comes after all its calls: the
    clock of a PBX may be ahead of ours.
    """
    at = _AFTER_CALLS_SQL if kind is CaseActionKind.CLOSED else "?"
    rows = await tx.execute(
        "INSERT INTO case_events (case_id, at, kind, employee_id, other_id, text) "  # noqa: S608
        f"SELECT k.id, {at}, ?, ?, ?, ? FROM cases AS k WHERE k.id IN ({marks_sql(case_ids)}) "
        "RETURNING case_id, id",
        (now, kind.value, employee_id, other, text, *case_ids),
    )
    events = {row["case_id"]: row["id"] for row in rows}
    await note_deeds(tx, events.values())
    return events


async def take_back_actions(tx: Transaction, event_ids: Collection[int]) -> None:
    """Let actions that came to nothing not have been."""
    tx.write(
        f"DELETE FROM case_events WHERE id IN ({marks_sql(event_ids)})",  # noqa: S608
        (*event_ids,),
    )


_IS_NEW = (
    "NOT EXISTS (SELECT 1 FROM case_events AS o WHERE o.case_id = ? AND o.at = v.at "
    "AND o.kind = v.kind AND coalesce(o.employee_id, 0) = coalesce(v.employee_id, 0))"
)
"""Whether the history of that case lacks the action: cases may be parted and joined repeatedly."""


async def move_actions(tx: Transaction, case_id: int, into: int) -> None:
    """Let the history of a case be that of another, which has its calls now."""
    tx.write(
        "UPDATE case_events SET case_id = ? WHERE id IN "  # noqa: S608 - our own predicate
        f"(SELECT v.id FROM case_events AS v WHERE v.case_id = ? AND {_IS_NEW})",
        (into, case_id, into),
    )


async def copy_actions(tx: Transaction, case_id: int, to: int, numbers: Collection[str]) -> None:
    """Give a case the history of that it was parted from; what is of its numbers is its own."""
    rows = await tx.execute(
        f"SELECT v.* FROM case_events AS v WHERE v.case_id = ? AND {_IS_NEW} ORDER BY v.id",  # noqa: S608
        (case_id, to),
    )
    for row in rows:
        [copy] = await tx.execute(
            "INSERT INTO case_events (case_id, at, kind, employee_id, other_id, text) "
            "SELECT ?, at, kind, employee_id, other_id, text FROM case_events WHERE id = ? "
            "RETURNING id",
            (to, row["id"]),
        )
        await part_deed(tx, row["id"], copy["id"], numbers)


def actions_selects(case_id: int) -> tuple[Select, Select]:
    """The latest actions, and the calls that were begun in chat."""
    return (
        (
            "SELECT v.*, e.name, o.name AS other FROM case_events AS v "
            "LEFT JOIN employees AS e ON e.id = v.employee_id "
            "LEFT JOIN employees AS o ON o.id = v.other_id "
            "WHERE v.case_id = ? ORDER BY v.id DESC LIMIT ?",
            (case_id, _SHOWN),
        ),
        (
            "SELECT d.asked_at AS at, 'dialled' AS kind, d.employee_id, e.name, NULL AS other_id, "
            "NULL AS text FROM case_calls AS y JOIN dials AS d ON d.origin_id = y.call_id "
            "JOIN employees AS e ON e.id = d.employee_id "
            "WHERE y.case_id = ? ORDER BY d.asked_at DESC, d.id DESC LIMIT ?",
            (case_id, _SHOWN),
        ),
    )


def actions_of(rows: Sequence[Row], dialled: Sequence[Row]) -> tuple[CaseAction, ...]:
    """What was selected so, the oldest first; behind the actions the calls begun in chat."""
    return tuple(
        CaseAction(
            at=row["at"],
            kind=CaseActionKind(row["kind"]),
            who=Person(row["employee_id"], row["name"]) if row["employee_id"] else None,
            other=Person(row["other_id"], row["other"]) if row["other_id"] else None,
            text=row["text"],
        )
        for row in (*reversed(rows), *reversed(dialled))
    )


def reopen_until_sql(case: str) -> str:
    """Before which moment a closing by hand can be undone; 0 if the client has a newer case.

    `case`: the name `cases` has in the query.
    """
    return (
        "CASE WHEN EXISTS (SELECT 1 FROM cases AS j "  # noqa: S608 - our own expression
        f"WHERE j.client IN {same_client_sql(case + '.client')} AND j.id <> {case}.id "
        f"AND j.opened_at >= {case}.opened_at AND j.state <> 'void') "
        f"THEN 0 ELSE {case}.expires_at END"
    )
