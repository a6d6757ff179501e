"""Owing messages, and owing them no more: rows of the outbox, written in others' transactions.

Only this file, owing_cards.py, owing_lists.py, owing_dials.py, alert_lists.py and outbox.py write
to the outbox; outbox.py says what the life of a row is. The functions here decide who is told, and
when, but never in what words: those are made when the message is sent.
"""

from collections.abc import Collection, Iterable, Sequence

from bot.domain.company import StepMoments
from bot.domain.outbox import DropReason, MessageKind, Priority
from storage.audience import (
    can_be_told_sql,
    group_subscribes_sql,
    sees_all_sql,
    takes_clients_sql,
    wants_alerts_sql,
    was_rung_sql,
)
from storage.engine.base import Answer, Transaction, Value, chunks, marks_sql
from storage.outbox_rows import TOLD_IN_LIST_SQL, changed_sql
from storage.owing_cards import owe_cards, owe_cards_of_chat
from storage.owing_lists import forget_unsent_lists, mark_lists_changed

_AT_ONCE = 300

_EDITED_AT_RETURN = 100
"""How many of a chat's latest messages are edited when it can be written to again."""


def owe_administrators(
    tx: Transaction, kind: MessageKind, subject: str, *, now: int, but: int = 0
) -> Answer:
    """Tell every administrator, once for each subject; `but`: the id of one who knows already.

    The answer has a row for each who is told; none: nobody is, since there is no
    administrator who can be, or all were told before.
    """
    return tx.ask(
        "INSERT INTO outbox (chat_id, employee_id, kind, subject, priority, created_at, due_at) "  # noqa: S608
        "SELECT tg_id, id, ?, ?, ?, ?, ? FROM employees WHERE role = 'administrator' "
        f"AND id <> ? AND {can_be_told_sql('employees')} "
        "ON CONFLICT (chat_id, thread_id, kind, subject) DO NOTHING RETURNING id",
        (kind.value, subject, Priority.REPORT, now, now, but),
    )


def _to_people_sql(who: str) -> str:
    """An INSERT for the people, `employees AS e`, of whom that is true; its values go before."""
    return (
        "INSERT INTO outbox (chat_id, employee_id, kind, subject, case_id, priority, "  # noqa: S608
        "created_at, due_at) SELECT e.tg_id, e.id, ?, ?, ?, ?, ?, ? FROM employees AS e "
        f"WHERE {who} AND {can_be_told_sql('e')} "
        "ON CONFLICT (chat_id, thread_id, kind, subject)"
    )


def owe_once(
    tx: Transaction,
    kind: MessageKind,
    subject: str,
    *,
    employee_id: int,
    priority: Priority,
    now: int,
    case_id: int | None = None,
) -> Answer:
    """Tell one person, once for each subject.

    The answer has no row if they were told before, or cannot be told.
    """
    return tx.ask(
        f"{_to_people_sql('e.id = ?')} DO NOTHING RETURNING id",
        (kind.value, subject, case_id, priority, now, now, employee_id),
    )


def warn_former_owner(
    tx: Transaction, employee_id: int, case_id: int, into: int, *, now: int
) -> None:
    """Warn, once, whoever had a case that it is in the hands of another, as the case `into`."""
    is_anothers = (
        "EXISTS (SELECT 1 FROM cases AS k WHERE k.id = ? AND k.state = 'open' "
        "AND k.owner_id IS NOT NULL AND k.owner_id <> e.id)"
    )
    tx.write(
        f"{_to_people_sql(f'e.id = ? AND {is_anothers}')} DO NOTHING",
        (
            *(MessageKind.WARNING.value, f"case {case_id}", into, Priority.URGENT, now, now),
            *(employee_id, into),
        ),
    )


_ANEW = (
    "DO UPDATE SET "
    "version = outbox.version + 1, ping_version = outbox.version + 1, state = 'pending', "
    "is_late = 0, priority = excluded.priority, "
    "due_at = CASE WHEN outbox.state = 'pending' AND outbox.due_at < excluded.due_at "
    "THEN outbox.due_at ELSE excluded.due_at END, created_at = excluded.created_at"
)
"""What becomes of a message that is owed anew: what is still owed is not put off."""


async def owe_anew(
    tx: Transaction,
    kind: MessageKind,
    subject: str,
    *,
    employee_id: int,
    priority: Priority,
    now: int,
    due_at: int | None = None,
    case_id: int | None = None,
) -> None:
    """Tell one person in a new message, also if they were told of the same subject before.

    A message that is still owed is not put off by this.
    """
    tx.write(
        f"{_to_people_sql('e.id = ?')} {_ANEW}",
        (
            *(kind.value, subject, case_id, priority, now),
            *(now if due_at is None else due_at, employee_id),
        ),
    )


async def owe_case(tx: Transaction, case_id: int, moments: StepMoments, *, now: int) -> None:
    """Alert everybody whom this case concerns and who has not been told, each at their step.

    Those are the operators who were rung, the people who see all calls, and groups.
    """
    into = (
        "INSERT INTO outbox (chat_id, thread_id, employee_id, kind, subject, case_id, priority, "
        "created_at, due_at, is_late) "
    )
    person = (
        f"{into} SELECT e.tg_id, 0, e.id, 'case', ?, ?, ?, ?, ?, ? FROM employees AS e "  # noqa: S608
        f"WHERE {wants_alerts_sql('e')} AND e.unreachable_at IS NULL"
    )
    group = (
        f"{into} SELECT g.chat_id, g.thread_id, NULL, 'case', ?, ?, ?, ?, ?, ? "  # noqa: S608
        "FROM groups AS g WHERE g.state = 'active'"
    )
    conflict = (
        "ON CONFLICT (chat_id, thread_id, kind, subject) DO UPDATE SET state = 'pending', "
        "version = outbox.version + 1, due_at = excluded.due_at, is_late = excluded.is_late, "
        "created_at = excluded.created_at, priority = excluded.priority, alerted_at = NULL, "
        "shown = NULL, reason = NULL WHERE outbox.state = 'dropped' AND outbox.message_id IS NULL "
        f"AND outbox.reason = '{DropReason.NOTHING_TO_TELL}'"
    )
    values = (str(case_id), case_id, Priority.ALERT, now)
    tx.write(
        f"{person} AND {takes_clients_sql('e')} AND {was_rung_sql('?', 'e.id')} {conflict}",
        (*values, *_due_at_and_is_late(moments.operators, now), case_id),
    )
    tx.write(
        f"{person} AND {sees_all_sql('e')} AND e.alerts = 'all' {conflict}",
        (*values, *_due_at_and_is_late(moments.supervisors, now)),
    )
    tx.write(
        f"{group} AND {group_subscribes_sql('?')} {conflict}",
        (*values, *_due_at_and_is_late(moments.groups, now), case_id),
    )


def _due_at_and_is_late(moment: int, now: int) -> tuple[int, int]:
    return moment, int(moment > now)


def list_later_alerts(tx: Transaction) -> Answer:
    """The alerts that wait for a later step: rows of `id`, `created_at`, `line` and `step`.

    `step` is the EscalationField that says how long the alert waits from `created_at`, and `line`
    the line that was called.
    """
    return tx.ask(
        "SELECT o.id, o.created_at, c.line, CASE WHEN o.employee_id IS NULL THEN 'groups_after' "  # noqa: S608
        f"WHEN {was_rung_sql('k.id', 'o.employee_id')} "
        "THEN 'operators_after' ELSE 'supervisors_after' END AS step "
        "FROM outbox AS o JOIN cases AS k ON k.id = o.case_id JOIN calls AS c ON c.id = k.call_id "
        "WHERE o.state = 'pending' AND o.kind = 'case' AND o.is_late = 1 "
        "AND o.message_id IS NULL ORDER BY o.chat_id, o.priority, o.id"
    )


async def set_due_at(tx: Transaction, owed_id: int, due_at: int) -> None:
    tx.write("UPDATE outbox SET due_at = ? WHERE id = ?", (due_at, owed_id))


async def mark_cases_changed(
    tx: Transaction, case_ids: Collection[int], *, priority: Priority, now: int
) -> None:
    """Owe an edit of every message of these cases: alerts, questions to owners, open cards."""
    await mark_alerts_changed(tx, case_ids, priority=priority, now=now)
    await owe_cards(tx, case_ids=case_ids, now=now)


async def mark_alerts_changed(
    tx: Transaction, case_ids: Iterable[int], *, priority: Priority, now: int
) -> None:
    """Owe an edit of what tells of these cases: alerts, lists, the questions to their owners.

    Of what was done to many at once a list tells in one edit, so that it goes before their alerts.
    """
    ids = list(case_ids)
    tx.write_many(
        f"UPDATE outbox SET {changed_sql(priority)} "  # noqa: S608
        "WHERE kind IN ('case', 'claim') AND case_id = ? AND state IN ('pending', 'sent') "
        f"AND NOT {TOLD_IN_LIST_SQL}",
        [(now, now, case_id) for case_id in ids],
    )
    await mark_lists_changed(tx, ids, priority=min(priority, Priority.DETAIL), now=now)


async def mark_newest_alerts_changed(
    tx: Transaction, case_ids: Collection[int], *, most: int, now: int
) -> int:
    """Owe an edit, after all else, of the newest alerts of these cases. Returns how many."""
    found: list[int] = []
    for some in chunks(sorted(case_ids), _AT_ONCE):
        rows = await tx.execute(
            "SELECT id FROM outbox WHERE kind = 'case' AND state = 'sent' "  # noqa: S608
            f"AND message_id IS NOT NULL AND case_id IN ({marks_sql(some)})",
            some,
        )
        found += [row["id"] for row in rows]
    newest = sorted(found, reverse=True)[:most]
    tx.write_many(
        f"UPDATE outbox SET {changed_sql(Priority.MANY)} WHERE id = ? AND state = 'sent'",  # noqa: S608
        [(now, now, id_) for id_ in newest],
    )
    return len(newest)


async def move_messages(tx: Transaction, case_id: int, into: int) -> None:
    """Let a case be told of in the messages of one that dissolved, in chats where it has none.

    Where its own was dropped before it was sent, it has none.
    """
    tx.write(
        "DELETE FROM outbox WHERE kind = 'case' AND case_id = ? AND state = 'dropped' "
        "AND message_id IS NULL AND EXISTS (SELECT 1 FROM outbox AS o "
        "WHERE o.chat_id = outbox.chat_id AND o.thread_id = outbox.thread_id "
        "AND o.kind = 'case' AND o.case_id = ? AND o.message_id IS NOT NULL)",
        (into, case_id),
    )
    tx.write(
        "UPDATE outbox SET case_id = ?, subject = ? WHERE kind = 'case' AND case_id = ? "
        "AND NOT EXISTS (SELECT 1 FROM outbox AS o WHERE o.chat_id = outbox.chat_id "
        "AND o.thread_id = outbox.thread_id AND o.kind = outbox.kind AND o.subject = ?)",
        (into, str(into), case_id, str(into)),
    )


async def ping_people(
    tx: Transaction,
    case_id: int,
    *,
    employee_ids: Sequence[int],
    now: int,
    priority: Priority = Priority.URGENT,
) -> None:
    """Owe each of these people a new message of the case, whether or not they have one."""
    for employee_id in employee_ids:
        await owe_anew(
            tx,
            MessageKind.CASE,
            str(case_id),
            employee_id=employee_id,
            priority=priority,
            case_id=case_id,
            now=now,
        )


async def ping_chats(tx: Transaction, case_id: int, *, since: int, now: int) -> None:
    """Owe a new message of the case to every chat that knows of it and still wants alerts.

    Chats that were alerted after `since`, the moment at which this was due, are left out, as are
    those that wait for their first message, or a new one.
    """
    tx.write(
        "UPDATE outbox SET version = version + 1, ping_version = version + 1, "  # noqa: S608
        "state = 'pending', priority = ?, due_at = ?, created_at = ? "
        "WHERE kind = 'case' AND case_id = ? AND (state = 'sent' "
        "OR (state = 'pending' AND message_id IS NOT NULL AND ping_version = 0)) "
        "AND (alerted_at IS NULL OR alerted_at <= ?) "
        "AND (EXISTS (SELECT 1 FROM employees AS e WHERE e.id = outbox.employee_id "
        f"AND {wants_alerts_sql('e')} AND {takes_clients_sql('e')}) "
        "OR EXISTS (SELECT 1 FROM groups AS g WHERE g.chat_id = outbox.chat_id "
        "AND g.thread_id = outbox.thread_id AND g.state = 'active' "
        f"AND {group_subscribes_sql('outbox.case_id')}))",
        (Priority.ALERT, now, now, case_id, since),
    )


async def owe_open_cases(tx: Transaction, employee_id: int, *, due_at: int, now: int) -> None:
    """Owe one person a list of the cases still open by then: alerts of them have not come."""
    _owe_open_cases(tx, "e.id = ?", employee_id, due_at=due_at, now=now)


def owe_open_cases_for(tx: Transaction, case_id: int, *, due_at: int, now: int) -> None:
    """Owe such a list to all whom a case concerns."""
    concerned = (
        f"{wants_alerts_sql('e')} AND {takes_clients_sql('e')} "
        f"AND ({sees_all_sql('e')} OR {was_rung_sql('?', 'e.id')})"
    )
    _owe_open_cases(tx, concerned, case_id, due_at=due_at, now=now)


def _owe_open_cases(tx: Transaction, who: str, value: Value, *, due_at: int, now: int) -> None:
    kind, priority = MessageKind.OPEN_CASES.value, Priority.REPORT
    tx.write(f"{_to_people_sql(who)} {_ANEW}", (kind, "late", None, priority, now, due_at, value))


async def bring_chat_up_to_date(tx: Transaction, chat_id: int, *, thread_id: int = 0) -> None:
    """Owe the edits that a chat has missed, now that it can be written to again.

    First messages it has missed are forgotten: the next lost call of such a client owes one. Of
    cases that had none because a list tells of them, that list is brought up to date.
    """
    await forget_unsent_lists(tx, chat_id, thread_id=thread_id)
    dropped = "chat_id = ? AND thread_id = ? AND kind IN ('case', 'list') AND state = 'dropped'"
    tx.write(
        f"DELETE FROM outbox WHERE {dropped} AND message_id IS NULL "  # noqa: S608
        "AND listed_at IS NULL",
        (chat_id, thread_id),
    )
    tx.write(
        f"UPDATE outbox SET state = 'sent', ping_version = 0 WHERE {dropped} "  # noqa: S608
        "AND message_id IS NULL",
        (chat_id, thread_id),
    )
    tx.write(
        "UPDATE outbox SET state = 'pending', version = version + 1, ping_version = 0, "  # noqa: S608
        f"priority = ?, due_at = 0 WHERE id IN (SELECT id FROM outbox WHERE {dropped} "
        "AND message_id IS NOT NULL ORDER BY id DESC LIMIT ?)",
        (Priority.DETAIL, chat_id, thread_id, _EDITED_AT_RETURN),
    )
    await owe_cards_of_chat(tx, chat_id)


_DROP = "UPDATE outbox SET state = 'dropped', done_at = created_at, reason = ? "
"""For all that is owed to a chat; done with, for RETENTION_DAYS, when it became owed."""


async def drop_for_person(tx: Transaction, employee_id: int) -> None:
    """Owe nothing more to a person who was blocked or removed."""
    tx.write(
        f"{_DROP} WHERE employee_id = ? AND state = 'pending'",
        (DropReason.PERSON_IS_OUT, employee_id),
    )


async def drop_unsent(tx: Transaction, chat_id: int, *, thread_id: int) -> None:
    """Owe no first messages to a group that was disconnected; what it has is still edited."""
    tx.write(
        f"{_DROP} WHERE state = 'pending' AND message_id IS NULL AND chat_id = ? "
        "AND thread_id = ?",
        (DropReason.DISCONNECTED, chat_id, thread_id),
    )


async def drop_unsubscribed(
    tx: Transaction, group_id: int, chat_id: int, *, thread_id: int
) -> None:
    """Owe a group no first messages of cases on lines and queues it hears of no more."""
    tx.write(
        f"{_DROP}, list_id = CASE WHEN listed_at IS NULL THEN NULL ELSE list_id END "  # noqa: S608
        "WHERE chat_id = ? AND thread_id = ? AND kind = 'case' AND message_id IS NULL "
        "AND (state = 'pending' OR (state = 'sent' AND listed_at IS NULL)) "
        "AND NOT EXISTS (SELECT 1 FROM groups AS g WHERE g.id = ? "
        f"AND {group_subscribes_sql('outbox.case_id')})",
        (DropReason.NOTHING_TO_TELL, chat_id, thread_id, group_id),
    )


async def drop_for_group(tx: Transaction, chat_id: int, *, thread_id: int | None) -> None:
    """Owe nothing more to a group, or one topic of it, that cannot be written to."""
    tx.write(
        f"{_DROP} WHERE chat_id = ? AND thread_id = coalesce(?, thread_id) AND state = 'pending'",
        (DropReason.GROUP_IS_GONE, chat_id, thread_id),
    )


async def move_chat(tx: Transaction, old: int, new: int) -> None:
    """Owe to the chat `new`, which `old` has become, what is owed to `old` and not yet to `new`.

    What was sent is forgotten: messages have other ids in the new chat, unknown to the bot.
    """
    tx.write(
        "DELETE FROM outbox WHERE chat_id = ? AND message_id IS NULL AND list_id IN "
        "(SELECT l.id FROM outbox AS l WHERE l.chat_id = ? AND l.kind = 'list' "
        "AND l.message_id IS NOT NULL)",
        (old, old),
    )
    tx.write("DELETE FROM outbox WHERE chat_id = ? AND message_id IS NOT NULL", (old,))
    tx.write(
        "DELETE FROM outbox WHERE chat_id = ? AND EXISTS (SELECT 1 FROM outbox AS o "
        "WHERE o.chat_id = ? AND o.thread_id = outbox.thread_id "
        "AND o.kind = outbox.kind AND o.subject = outbox.subject)",
        (old, new),
    )
    tx.write("UPDATE outbox SET chat_id = ? WHERE chat_id = ?", (new, old))


_OF_THEIR_DAY = (
    MessageKind.DIGEST,
    MessageKind.LIST,
    MessageKind.OPEN_CASES,
    MessageKind.REMINDER,
    MessageKind.UNREACHABLE,
    MessageKind.GROUP_LOST,
    MessageKind.JOINED,
    MessageKind.CLOCK_JUMP,
    MessageKind.FEED_LOST,
    MessageKind.FEED_BACK,
    MessageKind.SILENT,
    MessageKind.HEARD_AGAIN,
)
"""What is told each time it happens; the others not about cases are told once, for good."""


async def purge_told(
    tx: Transaction, kinds: Collection[MessageKind] = _OF_THEIR_DAY, *, before: int
) -> None:
    """Delete rows settled before the moment; those about a case are deleted with the case."""
    tx.write(
        "DELETE FROM outbox WHERE case_id IS NULL AND state <> 'pending' AND done_at < ? "  # noqa: S608
        f"AND kind IN ({marks_sql(kinds)})",
        (before, *(kind.value for kind in kinds)),
    )
