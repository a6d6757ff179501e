"""The messages owed to chats. Rows appear, and change, in the transaction of what they tell of.

There is one row for each chat, kind and subject, for good: a lost call's case is one message in a
chat, edited whenever there is something new to show. Only the newest state is ever sent.
"""

from collections.abc import Collection
from dataclasses import dataclass

from bot.domain.people import Language
from storage.database import Database, Row
from storage.owing import Kind, Priority, owe_administrators


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One message still to send, or to edit: `message_id`. `shown`: a digest of what is there.

    `subject` is the id or name of what it tells of. `thread_id`: a topic of a group, 0 for none.
    `is_ping`: a new message is due in place of the old one, so that the phone rings. `is_late`:
    of a later step of the escalation, which hears only of what nobody has taken by then.
    """

    id: int
    chat_id: int
    thread_id: int
    employee_id: int | None
    kind: Kind
    subject: str
    case_id: int | None
    version: int
    is_ping: bool
    is_late: bool
    message_id: int | None
    shown: str | None
    language: Language
    created_at: int
    due_at: int
    attempts: int


class OutboxRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_due(self, *, now: int, limit: int, not_to: Collection[int] = ()) -> list[Owed]:
        """What is due, the most urgent first: one message per chat, none to the chats named."""
        places = ", ".join("?" * len(not_to))
        rows = await self._database.fetch(
            "WITH RECURSIVE chats (chat_id) AS ("  # noqa: S608
            "SELECT (SELECT min(chat_id) FROM outbox WHERE state = 'pending') "
            "UNION ALL SELECT (SELECT min(o.chat_id) FROM outbox AS o WHERE o.state = 'pending' "
            "AND o.chat_id > chats.chat_id) FROM chats WHERE chats.chat_id IS NOT NULL) "
            "SELECT o.*, coalesce(e.language, g.language) AS language "
            "FROM chats JOIN outbox AS o ON o.id = (SELECT p.id FROM outbox AS p "
            "WHERE p.state = 'pending' AND p.chat_id = chats.chat_id AND p.due_at <= ? "
            "ORDER BY p.priority, p.id LIMIT 1) "
            "LEFT JOIN employees AS e ON e.id = o.employee_id "
            "LEFT JOIN groups AS g ON g.chat_id = o.chat_id AND g.thread_id = o.thread_id "
            f"WHERE chats.chat_id NOT IN ({places}) ORDER BY o.priority, o.id LIMIT ?",
            (now, *not_to, limit),
        )
        return [_owed(row) for row in rows]

    async def follow_clock(self, *, now: int) -> bool:
        """After the clock was set back, what is owed waits as long as it was meant to, no longer.

        Returns whether there was any such.
        """
        ahead = "state = 'pending' AND due_at > ? AND created_at > ?"
        if not await self._database.fetch(
            f"SELECT 1 FROM outbox WHERE {ahead} LIMIT 1",  # noqa: S608
            (now, now),
        ):
            return False
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE outbox SET due_at = due_at - (created_at - ?), created_at = ? "  # noqa: S608
                f"WHERE {ahead}",
                (now, now, now, now),
            )
        return True

    async def mark_sent(self, owed: Owed, *, message_id: int, shown: str, now: int) -> None:
        """It is in the chat, as `owed` told it. What became new meanwhile stays owed.

        Of a ping too: it has rung, unless there was reason to ring again.
        """
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE outbox SET message_id = ?, shown = ?, done_at = ?, attempts = 0, "
                "state = CASE WHEN version = ? THEN 'sent' ELSE 'pending' END, "
                "ping = CASE WHEN version = ? OR created_at = ? THEN 0 ELSE ping END, "
                "priority = CASE WHEN version = ? THEN priority ELSE ? END WHERE id = ?",
                (
                    *(message_id, shown, now, owed.version, owed.version, owed.created_at),
                    *(owed.version, Priority.NEWS, owed.id),
                ),
            )

    async def hold_chat(self, chat_id: int, *, until: int) -> None:
        """Telegram asks to leave the chat alone; it counts after a restart too."""
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE outbox SET due_at = ? "
                "WHERE chat_id = ? AND state = 'pending' AND due_at < ?",
                (until, chat_id, until),
            )

    async def note_failure(self, owed_id: int, *, reason: str, not_before: int = 0) -> None:
        """It could not be sent now and stays owed; `reason` is for the administrator.

        Until `not_before` what else is owed to the chat goes first.
        """
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE outbox SET attempts = attempts + 1, reason = ?, "
                "due_at = CASE WHEN due_at < ? THEN ? ELSE due_at END WHERE id = ?",
                (reason, not_before, not_before, owed_id),
            )

    async def drop(self, owed: Owed, *, reason: str, now: int) -> None:
        """It will not be sent: there is nothing to tell any more, or Telegram refuses it.

        What became new meanwhile stays owed.
        """
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE outbox SET state = 'dropped', reason = ?, done_at = ? "
                "WHERE id = ? AND version = ?",
                (reason, now, owed.id, owed.version),
            )

    async def forget(self, owed: Owed) -> None:
        """Its message is gone from the chat: what was to be shown there comes in a new one.

        `shown` stays: something was there.
        """
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE outbox SET message_id = NULL WHERE id = ? AND message_id = ?",
                (owed.id, owed.message_id),
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
                await owe_administrators(
                    tx, Kind.UNREACHABLE, f"{now} {person['name'] or person['tg_id']}", now=now
                )

    async def touch(self, case_id: int, *, chat_id: int, message_id: int, now: int) -> bool:
        """Bring the case's message in a chat up to date; False if this is not that message."""
        async with self._database.transaction() as tx:
            found = await tx.execute(
                "SELECT id FROM outbox WHERE kind = 'case' AND case_id = ? AND chat_id = ? "
                "AND message_id = ?",
                (case_id, chat_id, message_id),
            )
            for row in found:
                await tx.execute(
                    "UPDATE outbox SET version = version + 1, state = 'pending', shown = NULL, "
                    "priority = ?, due_at = ? WHERE id = ?",
                    (Priority.NEWS, now, row["id"]),
                )
        return bool(found)

    async def pending(self) -> int:
        """How many messages are owed."""
        [row] = await self._database.fetch(
            "SELECT count(*) AS n FROM outbox WHERE state = 'pending'"
        )
        count: int = row["n"]
        return count

    async def counts(self) -> dict[str, int]:
        """How many messages are in each state; it reads them all."""
        rows = await self._database.fetch("SELECT state, count(*) AS n FROM outbox GROUP BY state")
        return {"pending": 0, "sent": 0, "dropped": 0} | {row["state"]: row["n"] for row in rows}


def _owed(row: Row) -> Owed:
    return Owed(
        id=row["id"],
        chat_id=row["chat_id"],
        thread_id=row["thread_id"],
        employee_id=row["employee_id"],
        kind=Kind(row["kind"]),
        subject=row["subject"],
        case_id=row["case_id"],
        version=row["version"],
        is_ping=bool(row["ping"]),
        is_late=bool(row["is_late"]),
        message_id=row["message_id"],
        shown=row["shown"],
        language=Language(row["language"] or Language.UK),
        created_at=row["created_at"],
        due_at=row["due_at"],
        attempts=row["attempts"],
    )
