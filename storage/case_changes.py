"""Changes that both people and deadlines make to cases, in the transaction of the caller."""

from collections.abc import Collection, Sequence

from bot.domain.case_rules import CaseRules
from bot.domain.cases import CaseActionKind
from bot.domain.outbox import Priority
from storage.audience import sees_all_sql
from storage.case_alerts import alert_cases
from storage.case_history import note_actions
from storage.case_refolding import CaseRefolding
from storage.engine.base import Row, Transaction, marks_sql
from storage.owing import mark_cases_changed, ping_people


async def free_cases(
    tx: Transaction,
    case_ids: Collection[int],
    kind: CaseActionKind,
    employee_id: int,
    *,
    rules: CaseRules,
    now: int,
    priority: Priority = Priority.NEWS,
    alert_since: int = 0,
) -> None:
    """Take the cases out of their owners' hands, and tell everybody whom it concerns.

    If an owner did not answer (FREED), people who see all calls get a new message of the case:
    they are the next step of the escalation; of many such cases at once a list tells. `priority`:
    of the edits. Chats that have no alert of a case get one, unless its client called for the last
    time before `alert_since`.
    """
    tx.write(
        "UPDATE cases SET owner_id = NULL, owned_at = NULL, claim_due_at = NULL, "  # noqa: S608
        f"asked_at = NULL WHERE id IN ({marks_sql(case_ids)})",
        (*case_ids,),
    )
    await note_actions(tx, case_ids, kind, employee_id, now=now)
    await mark_cases_changed(tx, case_ids, priority=priority, now=now)
    alerted = await tx.execute(
        f"SELECT id FROM cases WHERE id IN ({marks_sql(case_ids)}) "  # noqa: S608
        "AND last_lost_at >= ? ORDER BY id",
        (*case_ids, alert_since),
    )
    await alert_cases(tx, [row["id"] for row in alerted], rules, now=now)
    if kind is CaseActionKind.FREED:
        people = await tx.execute(
            "SELECT id FROM employees WHERE state = 'active' AND alerts = 'all' "  # noqa: S608
            f"AND {sees_all_sql('employees')}"
        )
        for case_id in case_ids:
            await ping_people(
                tx,
                case_id,
                employee_ids=[row["id"] for row in people],
                priority=Priority.ALERT,
                now=now,
            )


async def refold_cases(
    tx: Transaction,
    rows: Sequence[Row],
    *,
    rules: CaseRules,
    now: int,
    priority: Priority = Priority.NEWS,
) -> None:
    """Refold the cases of these rows. `priority`: of the edits that tell how they ended."""
    refolding = CaseRefolding(tx, rules, now, news=priority)
    since: dict[str, int] = {}
    for row in rows:
        if row["client"] is not None:
            since[row["client"]] = min(row["opened_at"], since.get(row["client"], 1 << 60))
    if since:
        await refolding.refold(since)
    if hidden := [row["call_id"] for row in rows if row["client"] is None]:
        await refolding.refold_hidden(hidden)
