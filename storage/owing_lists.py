"""Owing the edits of lists of lost calls, and noting what they have told: rows of the outbox.

What lists are is said in alert_lists.py. The functions here take part in the transactions of
others.
"""

from collections.abc import Collection, Sequence

from bot.domain.outbox import DropReason, Priority
from storage.engine.base import Transaction
from storage.outbox_rows import TOLD_IN_LIST_SQL, changed_sql

EDIT_SECONDS = 4
"""Whole seconds from one message or edit of a list to its next: three, and the one begun."""

NEXT_EDIT_SQL = "(CASE WHEN done_at BETWEEN ? AND ? THEN done_at + ? ELSE ? END)"
"""When a list may be edited next; its values are those of `next_edit`."""


def next_edit(now: int) -> tuple[int, ...]:
    return now - EDIT_SECONDS, now, EDIT_SECONDS, now


async def mark_lists_changed(
    tx: Transaction, case_ids: Collection[int], *, priority: Priority, now: int
) -> None:
    """Owe an edit of every list that tells of one of these cases."""
    tx.write_many(
        f"UPDATE outbox SET {changed_sql(priority, due_at=NEXT_EDIT_SQL)} "  # noqa: S608
        "WHERE id IN (SELECT o.list_id FROM outbox AS o WHERE o.case_id = ? "
        "AND o.list_id IS NOT NULL) AND state IN ('pending', 'sent')",
        [(*next_edit(now), now, case_id) for case_id in case_ids],
    )


async def note_told(tx: Transaction, list_id: int, told: Sequence[int], *, now: int) -> None:
    """Note that a list shows the cases of these rows now."""
    tx.write_many(
        "UPDATE outbox SET listed_at = ? WHERE id = ? AND list_id = ? AND listed_at IS NULL",
        [(now, row_id, list_id) for row_id in told],
    )


async def drop_untold(tx: Transaction, rows: Sequence[tuple[int, int]], *, now: int) -> None:
    """Take these rows, each with its version, out of their list: it does not tell of them.

    They are owed again when their cases concern the chat again. A row that has become another
    meanwhile stays.
    """
    tx.write_many(
        "UPDATE outbox SET state = 'dropped', reason = ?, done_at = ?, list_id = NULL "  # noqa: S608
        f"WHERE id = ? AND version = ? AND listed_at IS NULL AND {TOLD_IN_LIST_SQL}",
        [(DropReason.NOTHING_TO_TELL, now, *row) for row in rows],
    )


async def drop_list(tx: Transaction, list_id: int, *, reason: str, now: int) -> None:
    """Take all cases out of a list that was dropped before it told of them."""
    tx.write(
        "UPDATE outbox SET state = 'dropped', reason = ?, done_at = ?, list_id = NULL "  # noqa: S608
        f"WHERE list_id = ? AND listed_at IS NULL AND {TOLD_IN_LIST_SQL}",
        (reason, now, list_id),
    )


async def forget_unsent_lists(tx: Transaction, chat_id: int, *, thread_id: int) -> None:
    """Forget the lists, and what they were to tell of, that a chat has missed altogether."""
    unsent = (
        "SELECT l.id FROM outbox AS l WHERE l.kind = 'list' AND l.chat_id = ? "
        "AND l.thread_id = ? AND l.state = 'dropped' AND l.message_id IS NULL"
    )
    tx.write(
        f"DELETE FROM outbox WHERE list_id IN ({unsent}) AND {TOLD_IN_LIST_SQL}",  # noqa: S608
        (chat_id, thread_id),
    )
