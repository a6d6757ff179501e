"""Weekly exports: who gets which part of the log every Monday, and when it is due.

A plan moves on to the next Monday when its file was sent, or there is nothing to send any more.
So whatever ends the bot meanwhile, the file is sent; twice only if it ends between the sending and
the note of it. The audit has it once, however often it is tried.
"""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from bot.domain.audit import AuditKind, By
from bot.domain.exports import PLANS, ExportKind, ExportPlan, next_due
from storage.audit import note
from storage.engine.base import Database, Row


class ExportPlans:
    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        self._database = database
        self._zone = zone

    async def list_of(self, employee_id: int) -> list[ExportPlan]:
        """What the person gets."""
        rows = await self._database.fetch(
            "SELECT * FROM export_plans WHERE employee_id = ? ORDER BY view_id", (employee_id,)
        )
        return [_plan(row) for row in rows]

    async def put(self, employee_id: int, view_id: int, kind: ExportKind, *, now: int) -> bool:
        """Let the person have this part of the log. False: they have PLANS others."""
        async with self._database.transaction() as tx:
            added = await tx.execute(
                "INSERT INTO export_plans (employee_id, view_id, kind, due_at) "
                "SELECT ?, ?, ?, ? WHERE (SELECT count(*) FROM export_plans "
                "WHERE employee_id = ? AND view_id <> ?) < ? "
                "ON CONFLICT (employee_id, view_id) DO UPDATE SET kind = excluded.kind "
                "RETURNING view_id",
                (
                    *(employee_id, view_id, kind.value, next_due(now, self._zone)),
                    *(employee_id, view_id, PLANS),
                ),
            )
        return bool(added)

    async def remove(self, employee_id: int, view_id: int) -> None:
        """Let the person have it no more."""
        async with self._database.transaction() as tx:
            tx.write(
                "DELETE FROM export_plans WHERE employee_id = ? AND view_id = ?",
                (employee_id, view_id),
            )

    async def list_due(self, *, now: int) -> list[ExportPlan]:
        """What is due now; the longest due first.

        A planned time that is none (the clock was wrong, the time zone has changed) is planned
        anew.
        """
        upcoming = next_due(now, self._zone)
        due, wrong = await self._database.fetch_each(
            (
                "SELECT * FROM export_plans WHERE due_at <= ? AND not_before <= ? "
                "ORDER BY due_at, employee_id, view_id LIMIT 100",
                (now, now),
            ),
            (
                "SELECT 1 FROM export_plans WHERE due_at > ? AND due_at <> ? LIMIT 1",
                (now, upcoming),
            ),
        )
        if wrong:
            async with self._database.transaction() as tx:
                tx.write(
                    "UPDATE export_plans SET due_at = ? WHERE due_at > ? AND due_at <> ?",
                    (upcoming, now, upcoming),
                )
        return [_plan(row) for row in due]

    async def find(self, plan: ExportPlan) -> ExportPlan | None:
        """The plan as it is now; None: it is wanted no more, or its file was sent."""
        rows = await self._database.fetch(
            "SELECT * FROM export_plans WHERE employee_id = ? AND view_id = ? AND due_at = ?",
            (plan.employee_id, plan.view_id, plan.due_at),
        )
        return _plan(rows[0]) if rows else None

    async def note_sending(
        self, plan: ExportPlan, by: By, *, count: int, detail: Mapping[str, str | None]
    ) -> bool:
        """Note in the audit that the file is sent. False: it is wanted no more, or as another."""
        which = plan.employee_id, plan.view_id, plan.due_at, plan.kind.value
        async with self._database.transaction() as tx:
            asked = tx.ask(
                "SELECT noted FROM export_plans "
                "WHERE employee_id = ? AND view_id = ? AND due_at = ? AND kind = ?",
                which,
            )
            first = await tx.execute(
                "UPDATE export_plans SET noted = due_at WHERE employee_id = ? AND view_id = ? "
                "AND due_at = ? AND kind = ? AND noted <> due_at RETURNING view_id",
                which,
            )
            if first:
                note(tx, AuditKind.EXPORTED, by, count=count, detail=detail)
            return bool(await asked)

    async def move_on(self, plan: ExportPlan, *, now: int) -> None:
        """It was sent, or need not be: next is the Monday to come."""
        await self._set(plan, next_due(max(now, plan.due_at), self._zone), 0)

    async def postpone(self, plan: ExportPlan, *, until: int) -> None:
        """It could not be sent: try again then."""
        await self._set(plan, plan.due_at, until)

    async def _set(self, plan: ExportPlan, due_at: int, not_before: int) -> None:
        async with self._database.transaction() as tx:
            tx.write(
                "UPDATE export_plans SET due_at = ?, not_before = ? "
                "WHERE employee_id = ? AND view_id = ? AND due_at = ?",
                (due_at, not_before, plan.employee_id, plan.view_id, plan.due_at),
            )


def _plan(row: Row) -> ExportPlan:
    return ExportPlan(
        employee_id=row["employee_id"],
        view_id=row["view_id"],
        kind=ExportKind(row["kind"]),
        due_at=row["due_at"],
    )
