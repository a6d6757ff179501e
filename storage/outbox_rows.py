"""What rows of the outbox are, and how something new changes them: SQL that its writers share.

What the life of a row is stands in outbox.py.
"""

from bot.domain.outbox import Priority

TOLD_IN_LIST_SQL = "(kind = 'case' AND state = 'sent' AND message_id IS NULL)"
"""Whether the chat has no message of the case: a list tells of it, or will."""

IS_NEW_SQL = "(o.ping_version > 0 OR (o.message_id IS NULL AND o.shown IS NULL))"
"""Whether a new message `o` is due that has not been in the chat before."""

SINCE_SQL = "(CASE WHEN o.is_late = 1 THEN o.due_at ELSE o.created_at END)"
"""From when on the message `o` should be in the chat."""


def changed_sql(priority: Priority, *, due_at: str = "?", created_at: str = "?") -> str:
    """The assignments that note something new of this priority; its values: when due, and new.

    A row that is owed already is not put off by it: it keeps its `due_at`, its priority if that is
    smaller, and its `created_at` unless it has not been that urgent until now.
    """
    return (
        "version = outbox.version + 1, state = 'pending', "
        f"priority = CASE WHEN outbox.state = 'pending' AND outbox.priority < {priority:d} "
        f"THEN outbox.priority ELSE {priority:d} END, "
        f"due_at = CASE WHEN outbox.state = 'pending' THEN outbox.due_at ELSE {due_at} END, "
        f"created_at = CASE WHEN outbox.state = 'pending' AND outbox.priority <= {priority:d} "
        f"THEN outbox.created_at ELSE {created_at} END"
    )
