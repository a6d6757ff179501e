"""The messages owed to chats. Rows appear, and change, in the transaction of what they tell of.

There is one row for each chat, kind and subject, for good: a lost call's case is one message in a
chat, edited whenever there is something new to show. Only the newest state is ever sent.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from bot.models import Language
from storage.database import Database, Row, Transaction

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


@dataclass(frozen=True, slots=True)
class Steps:
    """When those who rang, the groups, and the supervisors are to hear of a case: moments."""

    operators: int
    groups: int
    supervisors: int


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
