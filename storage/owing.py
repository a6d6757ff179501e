"""Owing messages: rows of the outbox, written in the transaction of what they tell of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from storage.database import Row, Transaction

NOTHING_TO_TELL = "nothing to tell"
_BROUGHT_UP_TO_DATE = 100
"""The latest messages of a chat that are mended when it can be written to again."""


class Kind(StrEnum):
    CASE = "case"
    CLAIM = "claim"
    """Asks the owner of a case, whose time is over."""
    WARNING = "warning"
    """Somebody dials a client whom a colleague has taken."""
    OPEN_CASES = "open_cases"
    """A list of the cases still open: at opening, or of calls the bot heard of too late."""
    DIGEST = "digest"
    REMINDER = "reminder"
    REJECTS = "rejects"
    UNREACHABLE = "unreachable"
    GROUP_LOST = "group_lost"


class Priority(IntEnum):
    """What goes first in a chat, and over all."""

    ALERT = 0
    NEWS = 1
    """An edit that changes what people should do: taken, free again, closed."""
    DETAIL = 2
    """An edit that only adds to what they know."""
    LIST = 3


@dataclass(frozen=True, slots=True)
class Steps:
    """When those who rang, the groups, and the supervisors are to hear of a case: moments."""

    operators: int
    groups: int
    supervisors: int


async def owe_administrators(tx: Transaction, kind: Kind, subject: str, *, now: int) -> None:
    """Tell every administrator, once for each subject."""
    await tx.execute(
        "INSERT INTO outbox (chat_id, employee_id, kind, subject, priority, created_at, due_at) "
        "SELECT tg_id, id, ?, ?, ?, ?, ? FROM employees WHERE role = 'administrator' "
        "AND state = 'active' AND unreachable_at IS NULL "
        "ON CONFLICT (chat_id, thread_id, kind, subject) DO NOTHING",
        (kind.value, subject, Priority.LIST, now, now),
    )


_TO_PERSON = (
    "INSERT INTO outbox (chat_id, employee_id, kind, subject, case_id, priority, created_at, "
    "due_at) SELECT tg_id, id, ?, ?, ?, ?, ?, ? FROM employees "
    "WHERE id = ? AND state = 'active' AND unreachable_at IS NULL "
    "ON CONFLICT (chat_id, thread_id, kind, subject)"
)


async def owe_once(
    tx: Transaction,
    kind: Kind,
    subject: str,
    *,
    employee_id: int,
    priority: Priority,
    now: int,
    case_id: int | None = None,
) -> bool:
    """Tell one person, once for each subject. False: they were told, or cannot be."""
    rows = await tx.execute(
        f"{_TO_PERSON} DO NOTHING RETURNING id",
        (kind.value, subject, case_id, priority, now, now, employee_id),
    )
    return bool(rows)


async def owe_person(
    tx: Transaction,
    kind: Kind,
    subject: str,
    *,
    employee_id: int,
    priority: Priority,
    now: int,
    due_at: int | None = None,
    case_id: int | None = None,
) -> None:
    """Tell one person; told of the same before, they are told anew, in a new message.

    What is owed already does not wait the longer for it.
    """
    await tx.execute(
        f"{_TO_PERSON} DO UPDATE SET "
        "version = outbox.version + 1, state = 'pending', ping = 1, is_late = 0, "
        "priority = excluded.priority, "
        "due_at = CASE WHEN outbox.state = 'pending' AND outbox.due_at < excluded.due_at "
        "THEN outbox.due_at ELSE excluded.due_at END, created_at = excluded.created_at",
        (
            *(kind.value, subject, case_id, priority, now),
            *(now if due_at is None else due_at, employee_id),
        ),
    )


async def owe_case(tx: Transaction, case_id: int, steps: Steps, *, now: int) -> None:
    """Alert everybody whom this case concerns and who has not been told, each at their step."""
    rang = (
        "EXISTS (SELECT 1 FROM case_calls AS y "
        "JOIN call_extensions AS x ON x.call_id = y.call_id "
        "JOIN employee_extensions AS z ON z.extension = x.extension "
        "WHERE y.case_id = ? AND y.part = 'lost' AND z.employee_id = e.id)"
    )
    wants = "e.state = 'active' AND e.unreachable_at IS NULL AND e.alerts <> 'none'"
    conflict = (
        "ON CONFLICT (chat_id, thread_id, kind, subject) DO UPDATE SET state = 'pending', "
        "version = outbox.version + 1, due_at = excluded.due_at, is_late = excluded.is_late, "
        "created_at = excluded.created_at, reason = NULL "
        "WHERE outbox.state = 'dropped' AND outbox.message_id IS NULL "
        f"AND outbox.reason = '{NOTHING_TO_TELL}'"
    )
    into = (
        "INSERT INTO outbox (chat_id, thread_id, employee_id, kind, subject, case_id, priority, "
        "created_at, due_at, is_late) "
    )
    values = (str(case_id), case_id, Priority.ALERT, now)
    await tx.execute(
        f"{into} SELECT e.tg_id, 0, e.id, 'case', ?, ?, ?, ?, ?, ? FROM employees AS e "  # noqa: S608
        f"WHERE {wants} AND e.role <> 'accountant' AND {rang} {conflict}",
        (*values, *_step(steps.operators, now), case_id),
    )
    await tx.execute(
        f"{into} SELECT e.tg_id, 0, e.id, 'case', ?, ?, ?, ?, ?, ? FROM employees AS e "  # noqa: S608
        f"WHERE {wants} AND e.role IN ('administrator', 'supervisor') AND e.alerts = 'all' "
        f"{conflict}",
        (*values, *_step(steps.supervisors, now)),
    )
    await tx.execute(
        f"{into} SELECT g.chat_id, g.thread_id, NULL, 'case', ?, ?, ?, ?, ?, ? "  # noqa: S608
        f"FROM groups AS g WHERE g.state = 'active' AND {hears('?')} {conflict}",
        (*values, *_step(steps.groups, now), case_id),
    )


async def list_steps(tx: Transaction) -> list[Row]:
    """The first messages of cases still to come, each with its line and its step of the ladder.

    `created_at` is when the time of the step began to run.
    """
    return await tx.execute(
        "SELECT o.id, o.created_at, c.line, CASE WHEN o.employee_id IS NULL THEN 'groups_after' "
        "WHEN EXISTS (SELECT 1 FROM case_calls AS y "
        "JOIN call_extensions AS x ON x.call_id = y.call_id "
        "JOIN employee_extensions AS z ON z.extension = x.extension "
        "WHERE y.case_id = k.id AND y.part = 'lost' AND z.employee_id = o.employee_id) "
        "THEN 'operators_after' ELSE 'supervisors_after' END AS step "
        "FROM outbox AS o JOIN cases AS k ON k.id = o.case_id JOIN calls AS c ON c.id = k.call_id "
        "WHERE o.state = 'pending' AND o.kind = 'case' AND o.is_late = 1 "
        "AND o.message_id IS NULL ORDER BY o.chat_id, o.priority, o.id"
    )


async def set_due(tx: Transaction, owed_id: int, due_at: int) -> None:
    await tx.execute("UPDATE outbox SET due_at = ? WHERE id = ?", (due_at, owed_id))


def hears(case: str) -> str:
    """Whether `groups AS g` hears of the lines or queues of a case; `case`: its id, as SQL."""
    return (
        "(NOT EXISTS (SELECT 1 FROM group_places AS p WHERE p.group_id = g.id) "  # noqa: S608
        "OR EXISTS (SELECT 1 FROM case_calls AS y JOIN calls AS c ON c.id = y.call_id "
        "JOIN group_places AS p ON p.group_id = g.id AND ((p.kind = 'line' AND p.name = c.line) "
        "OR (p.kind = 'queue' AND p.name = c.queue)) "
        f"WHERE y.case_id = {case} AND y.part = 'lost'))"
    )


def _step(at: int, now: int) -> tuple[int, int]:
    return at, int(at > now)


async def touch_cases(
    tx: Transaction, case_ids: Iterable[int], *, priority: Priority, now: int
) -> None:
    """There is something new to show in every message of these cases, questions too."""
    await tx.executemany(
        "UPDATE outbox SET version = version + 1, state = 'pending', "
        "priority = CASE WHEN state = 'pending' AND priority < ? THEN priority ELSE ? END, "
        "due_at = CASE WHEN state = 'pending' THEN due_at ELSE ? END, "
        "created_at = CASE WHEN state = 'pending' THEN created_at ELSE ? END "
        "WHERE kind IN ('case', 'claim') AND case_id = ? AND state IN ('pending', 'sent')",
        [(priority, priority, now, now, case_id) for case_id in case_ids],
    )


async def ping_case(
    tx: Transaction, case_id: int, *, employee_ids: Sequence[int], now: int
) -> None:
    """The case's message is due anew to these people, also those who had none."""
    for employee_id in employee_ids:
        await owe_person(
            tx,
            Kind.CASE,
            str(case_id),
            employee_id=employee_id,
            priority=Priority.ALERT,
            case_id=case_id,
            now=now,
        )


async def ping_all(tx: Transaction, case_id: int, *, since: int, now: int) -> None:
    """The case's message is due anew in every chat that has it and still wants alerts.

    Not where it has come after `since`, the moment this was to happen.
    """
    await tx.execute(
        "UPDATE outbox SET ping = 1, version = version + 1, "  # noqa: S608 - our own predicate
        "state = 'pending', priority = ?, due_at = ?, created_at = ? "
        "WHERE kind = 'case' AND case_id = ? AND state = 'sent' "
        "AND (done_at IS NULL OR done_at <= ?) "
        "AND (EXISTS (SELECT 1 FROM employees AS e WHERE e.id = outbox.employee_id "
        "AND e.state = 'active' AND e.alerts <> 'none') OR EXISTS (SELECT 1 FROM groups AS g "
        "WHERE g.chat_id = outbox.chat_id AND g.thread_id = outbox.thread_id "
        f"AND g.state = 'active' AND {hears('outbox.case_id')}))",
        (Priority.ALERT, now, now, case_id, since),
    )


async def owe_again(tx: Transaction, chat_id: int, *, thread_id: int = 0) -> None:
    """The chat can be written to again: what it was told of cases is brought up to date.

    Of cases it was not told of meanwhile it hears with the next call of such a client.
    """
    dropped = "chat_id = ? AND thread_id = ? AND kind = 'case' AND state = 'dropped'"
    await tx.execute(
        f"DELETE FROM outbox WHERE {dropped} AND message_id IS NULL",  # noqa: S608
        (chat_id, thread_id),
    )
    await tx.execute(
        "UPDATE outbox SET state = 'pending', version = version + 1, ping = 0, priority = ?, "  # noqa: S608
        f"due_at = 0 WHERE id IN (SELECT id FROM outbox WHERE {dropped} "
        "ORDER BY id DESC LIMIT ?)",
        (Priority.DETAIL, chat_id, thread_id, _BROUGHT_UP_TO_DATE),
    )
