"""Changes that both people and deadlines make to a case, in the transaction of the caller."""

from bot.domain.case_rules import CaseRules
from bot.domain.cases import CaseActionKind
from bot.domain.outbox import Priority
from storage.audience import sees_all_sql
from storage.case_alerts import alert_case
from storage.case_history import note_action
from storage.case_refolding import CaseRefolding
from storage.database import Row, Transaction
from storage.owing import mark_cases_changed, ping_people


async def free_case(
    tx: Transaction,
    case_id: int,
    kind: CaseActionKind,
    employee_id: int,
    *,
    rules: CaseRules,
    now: int,
) -> None:
    """Take the case out of its owner's hands, and tell everybody whom it concerns.

    If the owner did not answer (FREED), people who see all calls get a new message of the case:
    they are the next step of the escalation; of many such cases at once a list tells.
    """
    await tx.execute(
        "UPDATE cases SET owner_id = NULL, owned_at = NULL, claim_due_at = NULL, "
        "asked_at = NULL WHERE id = ?",
        (case_id,),
    )
    await note_action(tx, case_id, kind, employee_id, now=now)
    await mark_cases_changed(tx, [case_id], priority=Priority.NEWS, now=now)
    await alert_case(tx, case_id, rules, now=now)
    if kind is CaseActionKind.FREED:
        people = await tx.execute(
            "SELECT id FROM employees WHERE state = 'active' AND alerts = 'all' "  # noqa: S608
            f"AND {sees_all_sql('employees')}"
        )
        await ping_people(
            tx,
            case_id,
            employee_ids=[row["id"] for row in people],
            priority=Priority.ALERT,
            now=now,
        )


async def refold_case(tx: Transaction, row: Row, *, rules: CaseRules, now: int) -> None:
    """Refold the case of this row, which time or a person has closed."""
    refolding = CaseRefolding(tx, rules, now)
    if row["client"] is None:
        await refolding.refold_hidden([row["call_id"]])
    else:
        await refolding.refold({row["client"]: row["opened_at"]})
