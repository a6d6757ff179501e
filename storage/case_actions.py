"""What people do to cases: take them, give them back, close them by hand, open them again.

- Each action is done to any number of cases in the same few statements, in the transaction of the
  caller: to one by its card or alert (cases.py), to many from the board (case_batches.py). What it
  changes, notes in the history and owes is therefore the same.
- The caller reads the rows as they are at this moment, and asks who may do what (case_rows.py).
- `priority` is that of the edits owed: those about many cases let everything else go first.
- An owner has CLAIM_MINUTES from when they took a case. Of several taken at once each next one is
  asked about MINUTES_A_CALL later, as nobody calls twenty clients in ten minutes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.case_rules import CaseRules, EventKind
from bot.domain.cases import CaseActionKind
from bot.domain.outbox import Priority
from storage.audience import takes_clients_sql
from storage.case_changes import refold_cases
from storage.case_events import CALL_SQL, call_events
from storage.case_history import note_actions, reopen_until_sql, take_back_actions
from storage.clients import SAME_CLIENT_SQL, same_client_sql
from storage.engine.base import Row, Transaction, marks_sql
from storage.owing import mark_cases_changed

MINUTES_A_CALL = 2
"""What a call back takes, as far as the questions to owners of many clients go."""


@dataclass(frozen=True, slots=True)
class Closing:
    """The closing by hand that a case ended with, which can still be undone."""

    event_id: int
    employee_id: int | None
    is_by_ignoring: bool


# Taking


def claims_due(case_ids: Sequence[int], *, after: int, now: int, first: int = 0) -> dict[int, int]:
    """When the owner of each case is asked: `after` so many seconds of the first they took.

    `first`: how many they took before these.
    """
    each = MINUTES_A_CALL * 60
    return {case_id: now + after + n * each for n, case_id in enumerate(case_ids, start=first)}


async def set_owner(
    tx: Transaction, claims: Mapping[int, int], employee_id: int, *, now: int
) -> None:
    """Put the cases into somebody's hands; `claims`: when they are asked about each."""
    tx.write_many(
        "UPDATE cases SET owner_id = ?, owned_at = ?, claim_due_at = ?, asked_at = NULL, "
        "repeat_at = NULL WHERE id = ?",
        [(employee_id, now, due_at, case_id) for case_id, due_at in claims.items()],
    )


async def take_cases(
    tx: Transaction,
    claims: Mapping[int, int],
    employee_id: int,
    *,
    now: int,
    text: str | None = None,
    priority: Priority = Priority.NEWS,
) -> dict[int, int]:
    """Make the person the owner. Returns the ids of the actions, by case."""
    await set_owner(tx, claims, employee_id, now=now)
    taken = CaseActionKind.TAKEN
    events = await note_actions(tx, claims.keys(), taken, employee_id, now=now, text=text)
    await mark_cases_changed(tx, claims.keys(), priority=priority, now=now)
    return events


async def latest_claims(tx: Transaction, case_ids: Collection[int]) -> dict[int, int]:
    """The action by which each case came into somebody's hands the latest time, by its id."""
    rows = await tx.execute(
        "SELECT v.case_id, max(v.id) AS id FROM case_events AS v "  # noqa: S608
        f"WHERE v.case_id IN ({marks_sql(case_ids)}) AND v.kind IN ('taken', 'handed') "
        "GROUP BY v.case_id",
        (*case_ids,),
    )
    return {row["case_id"]: row["id"] for row in rows}


# Closing, and opening again


async def close_cases(
    tx: Transaction,
    rows: Sequence[Row],
    employee_id: int,
    text: str | None,
    *,
    rules: CaseRules,
    now: int,
    priority: Priority = Priority.NEWS,
) -> dict[int, int]:
    """Close the cases by hand; `text`: why, None because their number is ignored.

    Returns the ids of the actions, by case, of those now closed so.
    """
    ids = [row["id"] for row in rows]
    closed = CaseActionKind.CLOSED
    events = await note_actions(tx, ids, closed, employee_id, now=now, text=text)
    await refold_cases(tx, rows, rules=rules, now=now, priority=priority)
    after = await tx.execute(
        f"SELECT id FROM cases WHERE id IN ({marks_sql(ids)}) AND state = 'by_hand'",  # noqa: S608
        ids,
    )
    by_hand = {row["id"] for row in after}
    if in_vain := [id_ for case, id_ in events.items() if case not in by_hand]:
        await take_back_actions(tx, in_vain)
    return {case: id_ for case, id_ in events.items() if case in by_hand}


async def list_closings(
    tx: Transaction, case_ids: Collection[int], *, now: int
) -> dict[int, Closing]:
    """The closings by hand that can be undone at this moment, by case.

    Not once nobody would wait for a call back any more, or the client has a newer case.
    """
    rows = await tx.execute(
        f"SELECT v.*, {reopen_until_sql('k')} AS until "  # noqa: S608
        "FROM case_events AS v JOIN cases AS k ON k.id = v.case_id "
        f"WHERE v.case_id IN ({marks_sql(case_ids)}) AND v.kind = 'closed' "
        "AND k.state = 'by_hand' ORDER BY v.id",
        (*case_ids,),
    )
    return {
        row["case_id"]: Closing(row["id"], row["employee_id"], row["text"] is None)
        for row in rows
        if now < row["until"]
    }


async def reached_since_closed(
    tx: Transaction, case_ids: Collection[int], rules: CaseRules
) -> set[int]:
    """The cases whose client has been talked with since they were closed."""
    rows = await tx.execute(
        f"SELECT k.id AS case_id, {CALL_SQL} FROM cases AS k CROSS JOIN calls AS c "  # noqa: S608
        f"WHERE k.id IN ({marks_sql(case_ids)}) AND k.client IS NOT NULL "
        f"AND c.client IN {same_client_sql('k.client')} AND c.position > k.closed_at",
        (*case_ids,),
    )
    talks = {EventKind.CALLED_BACK, EventKind.GOT_THROUGH}
    return {
        row["case_id"]
        for row in rows
        for event in call_events(rules, [row])
        if event.kind in talks
    }


async def reopen_cases(
    tx: Transaction,
    rows: Sequence[Row],
    closings: Mapping[int, Closing],
    employee_id: int,
    *,
    rules: CaseRules,
    claim_seconds: int,
    now: int,
    priority: Priority = Priority.NEWS,
) -> None:
    """Undo closings by hand: the cases are again what their calls say, in the same hands.

    A number that was ignored is heard of again, as if it always had been. Owners have
    CLAIM_MINUTES anew, if they still may have the cases.
    """
    ids = [row["id"] for row in rows]
    by_ignoring = [one.event_id for one in closings.values() if one.is_by_ignoring]
    if by_ignoring:
        tx.write(
            "UPDATE ignored_numbers SET until = since WHERE until IS NULL "  # noqa: S608
            "AND number IN (SELECT c.client FROM event_calls AS x JOIN calls AS c "
            f"ON c.id = x.call_id WHERE x.event_id IN ({marks_sql(by_ignoring)}))",
            by_ignoring,
        )
    tx.write_many(
        "UPDATE case_events SET kind = 'unclosed' WHERE kind = 'closed' AND id IN "  # noqa: S608
        "(SELECT v.id FROM case_events AS v WHERE v.case_id = ? UNION "
        "SELECT w.id FROM event_numbers AS c JOIN case_events AS w ON w.id = c.event_id "
        f"WHERE c.number IN {SAME_CLIENT_SQL} AND w.at >= ?)",
        [(row["id"], row["client"], row["client"], row["opened_at"]) for row in rows],
    )
    await note_actions(tx, ids, CaseActionKind.REOPENED, employee_id, now=now)
    await _let_owners_go_on(tx, ids, now=now)
    await refold_cases(tx, rows, rules=rules, now=now, priority=priority)
    tx.write_many(
        "UPDATE cases SET claim_due_at = ?, asked_at = NULL "
        "WHERE id = ? AND state = 'open' AND owner_id IS NOT NULL",
        [(due, id_) for id_, due in claims_due(ids, after=claim_seconds, now=now).items()],
    )


async def _let_owners_go_on(tx: Transaction, case_ids: Sequence[int], *, now: int) -> None:
    """Have cases that are opened again in their owners' hands only if they still may have them."""
    these = f"id IN ({marks_sql(case_ids)}) AND owner_id IS NOT NULL"
    tx.write(
        f"UPDATE cases SET owned_at = ? WHERE {these}",  # noqa: S608
        (now, *case_ids),
    )
    tx.write(
        f"UPDATE cases SET owner_id = NULL, owned_at = NULL WHERE {these} "  # noqa: S608
        "AND NOT EXISTS (SELECT 1 FROM employees AS e WHERE e.id = cases.owner_id "
        f"AND e.state = 'active' AND {takes_clients_sql('e')})",
        case_ids,
    )
