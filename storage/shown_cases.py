"""Cases as they are shown: with their calls, who was rung for them, and what people did.

All of it is read in one trip to the database: what is asked follows from the ids of the cases.
"""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.calls import CaseState
from bot.domain.cases import Case
from bot.domain.people import EVERYTHING, Person
from storage.case_history import actions_of, actions_selects, reopen_until_sql
from storage.engine.base import Row, Select, Value, marks_sql
from storage.shown_calls import Which, calls_selects, shown_calls

_RUNG_SQL = (
    "SELECT DISTINCT y.case_id, r.extension FROM case_calls AS y "
    "JOIN call_extensions AS r ON r.call_id = y.call_id "
    "WHERE y.case_id IN ({marks}) AND y.part = 'lost'"
)


def case_selects(
    case_id: int, visible_if: str = "1 = 1", values: Sequence[Value] = ()
) -> tuple[Select, ...]:
    """One case, with its history; `visible_if` is what becomes `is_visible` of its row `k`."""
    return (
        (
            f"SELECT k.*, o.name AS owner_name, {visible_if} AS is_visible, "  # noqa: S608
            f"{reopen_until_sql('k')} AS reopen_until FROM cases AS k "
            "LEFT JOIN employees AS o ON o.id = k.owner_id WHERE k.id = ?",
            (*values, case_id),
        ),
        *actions_selects(case_id),
        *_details_selects([case_id]),
    )


def shown_case(
    row: Row, actions: Sequence[Row], dialled: Sequence[Row], *details: Sequence[Row]
) -> Case:
    """The case of `case_selects`: the row is the only one that the first of them gave."""
    [case] = shown_cases([row], *details)
    return replace(case, actions=actions_of(actions, dialled), reopen_until=row["reopen_until"])


def cases_selects(
    ids: Sequence[int], visible_if: str, values: Sequence[Value]
) -> tuple[Select, ...]:
    """Those of the cases that have calls, and are visible by that of their rows `k`."""
    return (
        (
            "SELECT k.*, o.name AS owner_name FROM cases AS k "  # noqa: S608
            "LEFT JOIN employees AS o ON o.id = k.owner_id "
            f"WHERE k.id IN ({marks_sql(ids)}) AND k.call_id IS NOT NULL AND {visible_if}",
            (*ids, *values),
        ),
        *_details_selects(ids),
    )


def _details_selects(ids: Sequence[int]) -> tuple[Select, ...]:
    marks = marks_sql(ids)
    calls: Which = (
        f"SELECT q.call_id FROM cases AS q WHERE q.id IN ({marks}) UNION ALL "  # noqa: S608
        f"SELECT y.call_id FROM case_calls AS y WHERE y.case_id IN ({marks}) AND y.part <> 'lost'",
        (*ids, *ids),
    )
    rung = _RUNG_SQL.format(marks=marks)
    mentioned: Which = f"SELECT u.extension FROM ({rung}) AS u", ids  # noqa: S608
    return (
        (
            "SELECT y.case_id, y.part, y.call_id FROM case_calls AS y "  # noqa: S608
            "JOIN calls AS c ON c.id = y.call_id "
            f"WHERE y.case_id IN ({marks}) AND y.part <> 'lost' ORDER BY c.started_at, c.id",
            ids,
        ),
        (f"{rung} ORDER BY r.extension", ids),
        *calls_selects(calls, EVERYTHING, mentioned),
    )


def shown_cases(
    rows: Sequence[Row],
    parts: Sequence[Row],
    rung: Sequence[Row],
    *of_calls: Sequence[Row],
) -> list[Case]:
    """The cases of the rows, in their order."""
    of_part = {(row["case_id"], row["part"]): row["call_id"] for row in parts}
    mentioned = {row["extension"] for row in rung}
    calls = shown_calls(*of_calls, mentioned=mentioned)
    return [
        Case(
            id=row["id"],
            client=row["client"],
            state=CaseState(row["state"]),
            opened_at=row["opened_at"],
            last_lost_at=row["last_lost_at"],
            expires_at=row["expires_at"],
            lost=row["lost"],
            attempts=row["attempts"],
            closed_at=row["closed_at"],
            owner=Person(row["owner_id"], row["owner_name"]) if row["owner_id"] else None,
            owned_at=row["owned_at"],
            asked_at=row["asked_at"],
            call=calls[row["call_id"]],
            attempt=calls.get(of_part.get((row["id"], "attempt"), 0)),
            closing=calls.get(of_part.get((row["id"], "closing"), 0)),
            rang=tuple(one["extension"] for one in rung if one["case_id"] == row["id"]),
        )
        for row in rows
    ]
