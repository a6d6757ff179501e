"""The messages owed to chats. Rows appear in the transaction of what they tell of."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from bot.models import Language
from storage.database import Database, Row


class Kind(StrEnum):
    LOST_CALL = "lost_call"
    REJECTS = "rejects"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One message still to send. `subject` is the call's id or the name of what it tells of."""

    id: int
    chat_id: int
    employee_id: int | None
    kind: Kind
    subject: str
    call_id: int | None
    language: Language
    created_at: int
    attempts: int


class OutboxRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_due(self, *, now: int, limit: int, not_to: Collection[int] = ()) -> list[Owed]:
        """What is due, oldest first: one message per chat, and none to the chats named."""
        places = ", ".join("?" * len(not_to))
        rows = await self._database.fetch(
            "SELECT o.*, e.language FROM outbox AS o "  # noqa: S608
            "LEFT JOIN employees AS e ON e.id = o.employee_id "
            "WHERE o.id IN (SELECT min(id) FROM outbox WHERE state = 'pending' "
            f"AND chat_id NOT IN ({places}) GROUP BY chat_id) "
            "AND o.due_at <= ? ORDER BY o.due_at, o.id LIMIT ?",
            (*not_to, now, limit),
        )
        return [_owed(row) for row in rows]

    async def mark_sent(self, owed_id: int, *, message_id: int, now: int) -> None:
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE outbox SET state = 'sent', message_id = ?, done_at = ?, "
                "attempts = attempts + 1 WHERE id = ?",
                (message_id, now, owed_id),
            )

    async def hold_chat(self, chat_id: int, *, until: int) -> None:
        """Telegram asks to leave the chat alone; it counts after a restart too."""
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE outbox SET due_at = ? "
                "WHERE chat_id = ? AND state = 'pending' AND due_at < ?",
                (until, chat_id, until),
            )

    async def note_failure(self, owed_id: int, *, reason: str) -> None:
        """It could not be sent now and stays owed; `reason` is for the administrator."""
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE outbox SET attempts = attempts + 1, reason = ? WHERE id = ?",
                (reason, owed_id),
            )

    async def drop(self, owed_id: int, *, reason: str, now: int) -> None:
        """It will never be sent: there is nothing to tell any more, or Telegram refuses it."""
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE outbox SET state = 'dropped', reason = ?, done_at = ? WHERE id = ?",
                (reason, now, owed_id),
            )

    async def drop_chat(
        self, chat_id: int, *, employee_id: int | None, reason: str, now: int
    ) -> None:
        """The person cannot be reached: owe them nothing more, and tell the administrators."""
        async with self._database.transaction() as tx:
            muted = await tx.execute(
                "UPDATE employees SET unreachable_at = ? WHERE id = ? AND unreachable_at IS NULL "
                "RETURNING name, tg_id",
                (now, employee_id),
            )
            await tx.execute(
                "UPDATE outbox SET state = 'dropped', reason = ?, done_at = ? "
                "WHERE chat_id = ? AND state = 'pending'",
                (reason, now, chat_id),
            )
            for person in muted:
                await tx.execute(
                    "INSERT INTO outbox (chat_id, employee_id, kind, subject, created_at, due_at) "
                    "SELECT tg_id, id, 'unreachable', ?, ?, ? FROM employees "
                    "WHERE role = 'administrator' AND state = 'active' "
                    "AND unreachable_at IS NULL ON CONFLICT (chat_id, kind, subject) DO NOTHING",
                    (f"{now} {person['name'] or person['tg_id']}", now, now),
                )

    async def counts(self) -> dict[str, int]:
        """How many messages are in each state."""
        rows = await self._database.fetch("SELECT state, count(*) AS n FROM outbox GROUP BY state")
        return {"pending": 0, "sent": 0, "dropped": 0} | {row["state"]: row["n"] for row in rows}


def _owed(row: Row) -> Owed:
    return Owed(
        id=row["id"],
        chat_id=row["chat_id"],
        employee_id=row["employee_id"],
        kind=Kind(row["kind"]),
        subject=row["subject"],
        call_id=row["call_id"],
        language=Language(row["language"] or Language.UK),
        created_at=row["created_at"],
        attempts=row["attempts"],
    )
