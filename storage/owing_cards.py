"""Owing the edits of open cards: rows of the outbox, written in the transaction of a change.

What open cards are is said in open_cards.py. A row of an edit has the message as its subject, and
is deleted once it is settled: what the card shows stands in `open_cards`.
"""

from collections.abc import Collection, Sequence

from bot.domain.outbox import Priority
from storage.audience import can_be_told_sql
from storage.engine.base import Transaction, Value, chunks, marks_sql
from storage.outbox_rows import changed_sql

_AT_ONCE = 300
"""Calls and cases that one statement asks about."""

_OWE = (
    "INSERT INTO outbox (chat_id, employee_id, kind, subject, message_id, priority, created_at, "  # noqa: S608
    "due_at) SELECT o.chat_id, e.id, 'card', CAST(o.message_id AS TEXT), o.message_id, ?, ?, ? "
    f"FROM open_cards AS o JOIN employees AS e ON e.tg_id = o.chat_id AND {can_be_told_sql('e')} "
)
_CHANGED = changed_sql(Priority.CARD, due_at="excluded.due_at", created_at="excluded.created_at")
_UNLESS_OWED = f"ON CONFLICT (chat_id, thread_id, kind, subject) DO UPDATE SET {_CHANGED}"


async def owe_cards(
    tx: Transaction, *, call_ids: Collection[int] = (), case_ids: Collection[int] = (), now: int
) -> None:
    """Owe an edit of every open card that tells of one of these calls or cases.

    A call's card tells of its case and so of the other calls of that case.
    """
    asked = [(id_, None) for id_ in sorted(call_ids)] + [(None, id_) for id_ in sorted(case_ids)]
    for some in chunks(asked, _AT_ONCE):
        calls = [call for call, _ in some if call is not None]
        cases = [case for _, case in some if case is not None]
        of_calls = f"IN ({marks_sql(calls) or 'NULL'})"
        of_cases = (
            f"IN (SELECT y.case_id FROM case_calls AS y WHERE y.call_id {of_calls} "  # noqa: S608
            f"UNION ALL SELECT k.id FROM cases AS k WHERE k.id IN ({marks_sql(cases) or 'NULL'}))"
        )
        await _owe(
            tx,
            f"o.call_id {of_calls} OR o.case_id {of_cases} OR o.call_id IN "  # noqa: S608
            f"(SELECT z.call_id FROM case_calls AS z WHERE z.case_id {of_cases})",
            (*calls, *calls, *cases, *calls, *cases),
            now=now,
        )


async def owe_cards_of_client(tx: Transaction, numbers: Collection[str]) -> None:
    """Owe an edit of every open card of a client, who has these numbers."""
    for some in chunks(sorted(numbers), _AT_ONCE):
        is_theirs = f"client IN ({marks_sql(some)})"
        await _owe(
            tx,
            f"EXISTS (SELECT 1 FROM calls WHERE id = o.call_id AND {is_theirs}) "  # noqa: S608
            f"OR EXISTS (SELECT 1 FROM cases WHERE id = o.case_id AND {is_theirs})",
            (*some, *some),
        )


async def owe_cards_of_chat(tx: Transaction, chat_id: int) -> None:
    """Owe an edit of every open card of a chat that can be written to again."""
    await _owe(tx, "o.chat_id = ?", (chat_id,))


async def owe_card(tx: Transaction, chat_id: int, message_id: int) -> None:
    """Owe an edit of the card that one message shows."""
    await _owe(tx, "o.chat_id = ? AND o.message_id = ?", (chat_id, message_id))


async def settle_card_edit(tx: Transaction, owed_id: int, version: int) -> None:
    """Owe an edit no more, unless something became new since `version`."""
    tx.write("DELETE FROM outbox WHERE id = ? AND version = ?", (owed_id, version))


async def _owe(tx: Transaction, where: str, values: Sequence[Value], *, now: int = 0) -> None:
    """`now` only says since when it is owed: it is due at once, and no clock need be asked."""
    tx.write(f"{_OWE} WHERE {where} {_UNLESS_OWED}", (Priority.CARD, now, now, *values))
