"""Owing the message that tells how a call begun in chat goes: one, edited until it is over.

Rows of the outbox, written in the transaction of what they tell of; outbox.py says what the life
of a row is. Whoever has pressed waits for it, so it goes first, and makes no sound.
"""

from collections.abc import Collection

from bot.domain.outbox import MessageKind, Priority
from storage.audience import can_be_told_sql
from storage.engine.base import Transaction
from storage.outbox_rows import changed_sql


async def owe_dial(
    tx: Transaction, dial_id: int, employee_id: int, *, message_id: int | None, now: int
) -> None:
    """Owe the message to the person, in place of the one with this id if there is one."""
    tx.write(
        "INSERT INTO outbox (chat_id, employee_id, kind, subject, message_id, priority, "  # noqa: S608
        "created_at, due_at) SELECT tg_id, id, ?, ?, ?, ?, ?, ? FROM employees "
        f"WHERE id = ? AND {can_be_told_sql('employees')} "
        "ON CONFLICT (chat_id, thread_id, kind, subject) DO NOTHING",
        (
            *(MessageKind.DIAL.value, str(dial_id), message_id, Priority.ASKED),
            *(now, now, employee_id),
        ),
    )


async def mark_dials_changed(tx: Transaction, dial_ids: Collection[int], *, now: int) -> None:
    """Owe an edit of the messages of these calls."""
    tx.write_many(
        f"UPDATE outbox SET {changed_sql(Priority.ASKED)} "  # noqa: S608
        "WHERE chat_id IN (SELECT e.tg_id FROM dials AS d JOIN employees AS e "
        "ON e.id = d.employee_id WHERE d.id = ?) AND thread_id = 0 AND kind = ? AND subject = ? "
        "AND state <> 'dropped'",
        [(now, now, id_, MessageKind.DIAL.value, str(id_)) for id_ in dial_ids],
    )
