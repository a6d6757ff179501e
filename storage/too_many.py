"""When a chat, or topic, has too many alerts at once for messages of their own.

alert_lists.py says what becomes of them then.
"""

from storage.outbox_rows import IS_NEW_SQL

SINGLES = 5
WITHIN = 60
PATIENCE = 4

_MANY = 3
"""Alerts that make a list if they have waited for too long."""

ALERT_SQL = (
    "o.state = 'pending' AND o.priority = 0 AND o.kind = 'case' AND o.due_at <= ? "
    f"AND {IS_NEW_SQL}"
)
"""Whether a row `o` of the outbox is an alert that is due; its value is the moment."""

RECENT_SQL = (
    "FROM outbox AS r WHERE r.chat_id = p.chat_id AND r.thread_id = p.thread_id "
    "AND r.kind = 'case' AND r.alerted_at BETWEEN ? AND ?"
)
"""The rows `r` whose alerts got their places in the chat `p` within a span."""

RECENT_COUNT_SQL = f"(SELECT count(*) FROM (SELECT 1 {RECENT_SQL} LIMIT {SINGLES}) AS one)"  # noqa: S608
"""How many they are, as far as it matters."""

WAITING_COUNT_SQL = (
    f"(SELECT count(*) FROM (SELECT 1 FROM outbox AS o WHERE {ALERT_SQL} "  # noqa: S608
    f"AND o.chat_id = p.chat_id AND o.thread_id = p.thread_id LIMIT {SINGLES + 1}) AS one)"
)
"""How many alerts are due in the chat `p`, as far as it matters."""


def is_too_many(waiting: int, *, recent: int, seconds: int) -> bool:
    """Whether a list has to tell of the alerts that wait, the first of them for so long."""
    return waiting > SINGLES - recent or (waiting >= _MANY and seconds > PATIENCE)
