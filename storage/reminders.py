"""What people asked to be reminded of: a call, or rather the client behind it.

A reminder goes with the case that was open when it was asked for, whatever becomes known later.
One that was due when the case was over has lapsed, and is pending again if that is opened again.
"""

from collections.abc import Collection
from dataclasses import dataclass

from bot.domain.errors import NotFoundError
from bot.domain.outbox import MessageKind, Priority
from bot.domain.people import Employee
from storage.engine.base import Database, Row, Transaction, marks_sql
from storage.owing import owe_anew

LIMIT = 50
"""Reminders one person can have before them."""

_STANDS = "(k.id IS NULL OR k.state = 'open' OR r.was_over = 1)"
"""A reminder of a call with a case stands while that is open, or if the person asked for it when
the case was over."""

_IS_PENDING = "(due_at IS NOT NULL OR lapsed_at IS NOT NULL)"
"""Whether it is still to be given, or would be if its case were open."""

_WITH_CASES = (
    "reminders AS r LEFT JOIN case_calls AS y ON y.call_id = r.call_id AND y.part <> 'closing' "
    "LEFT JOIN cases AS k ON k.id = y.case_id"
)


@dataclass(frozen=True, slots=True)
class Reminder:
    """`due_at` is None once it was given."""

    id: int
    call_id: int
    created_at: int
    due_at: int | None


class ReminderRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, call_id: int, employee: Employee, *, due_at: int, now: int) -> bool:
        """Remind the person of the call; of the same call only once at a time.

        False: there are LIMIT reminders already. Raises NotFoundError if the call is gone.
        """
        async with self._database.transaction() as tx:
            if not await tx.execute("SELECT 1 FROM calls WHERE id = ?", (call_id,)):
                raise NotFoundError(f"call {call_id} to be reminded of")
            tx.write(
                "DELETE FROM reminders WHERE employee_id = ? AND call_id = ? "  # noqa: S608
                f"AND {_IS_PENDING}",
                (employee.id, call_id),
            )
            added = await tx.execute(
                "INSERT INTO reminders (employee_id, call_id, due_at, created_at, was_over) "
                "SELECT ?, ?, ?, ?, CASE WHEN EXISTS (SELECT 1 FROM case_calls AS y JOIN cases "
                "AS k ON k.id = y.case_id WHERE y.call_id = ? AND k.state <> 'open') "
                "THEN 1 ELSE 0 END WHERE (SELECT count(*) FROM reminders "
                "WHERE employee_id = ? AND due_at IS NOT NULL) < ? RETURNING id",
                (employee.id, call_id, due_at, now, call_id, employee.id, LIMIT),
            )
        return bool(added)

    async def list_open(self, employee: Employee) -> list[Reminder]:
        """The reminders the person is still to get, the next one first."""
        rows = await self._database.fetch(
            f"SELECT r.* FROM {_WITH_CASES} WHERE r.employee_id = ? "  # noqa: S608
            f"AND r.due_at IS NOT NULL AND {_STANDS} ORDER BY r.due_at, r.id",
            (employee.id,),
        )
        return [_reminder(row) for row in rows]

    async def cancel(self, call_id: int, employee: Employee) -> bool:
        """Remind the person of the call no more. False: they were reminded already."""
        async with self._database.transaction() as tx:
            gone = await tx.execute(
                "DELETE FROM reminders WHERE employee_id = ? AND call_id = ? "
                "AND due_at IS NOT NULL RETURNING id",
                (employee.id, call_id),
            )
        return bool(gone)

    async def get(self, reminder_id: int) -> Reminder:
        """Raises NotFoundError if it is gone, or there is nothing to remind of any more."""
        rows = await self._database.fetch(
            f"SELECT r.* FROM {_WITH_CASES} WHERE r.id = ? AND {_STANDS}",  # noqa: S608
            (reminder_id,),
        )
        if not rows:
            raise NotFoundError(f"reminder {reminder_id}")
        return _reminder(rows[0])

    async def owe_due(self, *, now: int) -> int:
        """Owe the reminders whose time has come, but of cases that are over. Returns how many."""
        due = "SELECT 1 FROM reminders WHERE due_at <= ? LIMIT 1"
        if not await self._database.has(due, (now,)):
            return 0
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                f"SELECT r.id, r.employee_id, {_STANDS} AS stands FROM {_WITH_CASES} "  # noqa: S608
                "WHERE r.due_at <= ? ORDER BY r.due_at, r.id LIMIT 200",
                (now,),
            )
            for row in rows:
                lapsed = "NULL" if row["stands"] else "due_at"
                tx.write(
                    f"UPDATE reminders SET lapsed_at = {lapsed}, due_at = NULL WHERE id = ?",  # noqa: S608
                    (row["id"],),
                )
                if row["stands"]:
                    await owe_anew(
                        tx,
                        MessageKind.REMINDER,
                        str(row["id"]),
                        employee_id=row["employee_id"],
                        priority=Priority.URGENT,
                        now=now,
                    )
        return len(rows)


async def move_reminders(
    tx: Transaction,
    call_id: int,
    *,
    of_calls: Collection[int],
    of_numbers: Collection[str],
    since: int,
) -> None:
    """Let reminders be of this call, the latest of a case that is open, if they were meant for it.

    Those are the ones of calls that were in the case until now, and, whatever was asked for at or
    after `since`, when the case began, of earlier cases of its client: what they are of was not
    over then, as far as anybody knew.
    """
    pending = f"UPDATE reminders SET call_id = ? WHERE {_IS_PENDING} AND was_over = 0"  # noqa: S608
    if of_calls:
        tx.write(f"{pending} AND call_id IN ({marks_sql(of_calls)})", (call_id, *of_calls))
    if of_numbers:
        tx.write(
            f"{pending} AND call_id IN (SELECT y.call_id FROM cases AS k JOIN case_calls AS y "  # noqa: S608
            f"ON y.case_id = k.id WHERE k.client IN ({marks_sql(of_numbers)}) "
            "AND k.opened_at < ? AND k.state <> 'open' AND y.part <> 'closing') "
            "AND created_at >= ?",
            (call_id, *of_numbers, since, since),
        )


async def restore_reminders(tx: Transaction, case_id: int) -> None:
    """Let reminders that have lapsed be pending again: their case is open."""
    tx.write(
        "UPDATE reminders SET due_at = lapsed_at, lapsed_at = NULL WHERE lapsed_at IS NOT NULL "
        "AND call_id IN (SELECT call_id FROM case_calls WHERE case_id = ? AND part <> 'closing')",
        (case_id,),
    )


def _reminder(row: Row) -> Reminder:
    return Reminder(row["id"], row["call_id"], row["created_at"], row["due_at"])
