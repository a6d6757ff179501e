"""The outbox: the messages owed to chats, as the alerter reads them and marks what became of them.

- There is one row for each chat (or topic of it), kind and subject, for good: the case of a lost
  call is one message in a chat, edited whenever there is something new to show.
- Rows appear and change in the transaction of what they tell of (owing.py, owing_lists.py,
  owing_cards.py, owing_dials.py): nothing is told that was rolled back, and nothing recorded is
  left untold.
- A row says that something is owed, not what. The words are made when its turn comes, from how
  things are then: a state that was superseded before it was sent is never sent.
- A message is sent at least once: what was sent but not marked when the process died comes again.

Something new (`changed_sql` in outbox_rows.py) makes a row pending and adds 1 to its `version`.
Marking it sent, or dropping it, settles only the version that was read: what became new meanwhile
stays owed. Of what is due (`due_at`) in a chat, and over all, the smaller `priority` goes first,
then what has been news for longest (`created_at`), so that no chat waits for the many of another.

What the row of an alert (kind `case`) says, and how it comes there:

    state    message_id
    pending  none        The alert waits (owe_case), if `is_late` for its step of the escalation;
                         or somebody has pressed for it in a list (AlertLists.open, ASKED). With
                         `shown` set, the reader has deleted the message (forget_message), and it
                         comes again without a sound.
    pending  set         An edit is owed (mark_alerts_changed). With `ping_version` above 0 a new
                         message in its place, so that the phone rings (ping_people, ping_chats):
                         it was asked for at that version.
    sent     set         The chat has the message (mark_sent).
    sent     none        Told in the list `list_id` (gather), or, while `listed_at` is none, to be
                         told there next. News edit that list; a message of its own comes when the
                         case is pinged or pressed for, and both tell of it from then on.
    dropped  none        NOTHING_TO_TELL when its turn came (drop), or in its list (drop_untold):
                         owe_case makes it a new alert. Or the chat was out, which forgets it when
                         it comes back (bring_chat_up_to_date).
    dropped  set         The chat was out, and has it edited when it comes back.

Rows of other kinds have no `list_id`, and are never sent without a message:

- A list (kind `list`) is edited as it grows and as its cases change; alert_lists.py says more.
- A card (kind `card`) always has a message; its row is deleted once it shows what is true.
- All others are sent once, and again if pinged; only the question to an owner (`claim`) and how a
  call goes that was begun in chat (`dial`) are edited.

The other columns: `shown`, a digest of what the message shows; the same is not sent again.
`alerted_at`, when an alert last got its place in the chat, as a message or in a list, and when a
list last made a sound: whether alerts are too many, and who hears a repeat, is judged by it.
`done_at`, when the row was last sent, edited, gathered or dropped. `attempts`, how often it has
failed since; `reason`, how it failed last, or why it was dropped: DropReason or Telegram's words.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.domain.outbox import MessageKind, Owed, Priority
from bot.domain.people import Language
from storage.engine.base import Database, Row, Transaction, marks_sql
from storage.outbox_rows import IS_NEW_SQL, SINCE_SQL
from storage.owing import owe_administrators
from storage.owing_lists import EDIT_SECONDS, drop_list, drop_untold, note_told
from storage.too_many import RECENT_COUNT_SQL, WAITING_COUNT_SQL, WITHIN, is_too_many

CHATS_SQL = (
    "chats (chat_id) AS (SELECT (SELECT min(chat_id) FROM outbox WHERE state = 'pending') "
    "UNION ALL SELECT (SELECT min(o.chat_id) FROM outbox AS o WHERE o.state = 'pending' "
    "AND o.chat_id > chats.chat_id) FROM chats WHERE chats.chat_id IS NOT NULL)"
)
"""The chats to which something is owed. Each costs one step over an index, however much it is."""

_FIRST_DUE_SQL = (
    "(SELECT p.id FROM outbox AS p WHERE p.state = 'pending' AND p.chat_id = chats.chat_id "
    "AND p.due_at <= ? ORDER BY p.priority, p.created_at, p.id LIMIT 1)"
)
"""The id of the most urgent row that is due in one of those chats."""

_IS_ALERT_SQL = f"o.kind = 'case' AND o.priority = 0 AND {IS_NEW_SQL}"

_LATER_LIST_SQL = (
    "SELECT 1 FROM outbox WHERE state = 'pending' AND kind = 'list' AND due_at > ? LIMIT 1"
)


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to send: one message per chat, the most urgent first.

    `crowded`: the chats among them of which a list has to tell. `is_any_later`: whether a list has
    to be sent or edited, but may not be yet.
    """

    due: Sequence[Owed]
    crowded: frozenset[int]
    is_any_later: bool


class OutboxRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def owings(self) -> int:
        """Grows whenever something may have come to be owed, or to be owed no more."""
        return self._database.owings

    async def look(self, *, now: int, limit: int, not_to: Collection[int] = ()) -> Look:
        """What is due, in at most `limit` chats, none of which is in `not_to`."""
        rows, later = await self._database.fetch_each(
            (
                f"WITH RECURSIVE {CHATS_SQL} "  # noqa: S608
                f"SELECT o.*, {IS_NEW_SQL} AS is_new, {SINCE_SQL} AS since, "
                "coalesce(e.language, g.language) AS language, "
                f"CASE WHEN {_IS_ALERT_SQL} THEN {WAITING_COUNT_SQL} ELSE 0 END AS waiting, "
                f"CASE WHEN {_IS_ALERT_SQL} THEN {RECENT_COUNT_SQL} ELSE 0 END AS recent "
                f"FROM chats JOIN outbox AS o ON o.id = {_FIRST_DUE_SQL} "
                "JOIN outbox AS p ON p.id = o.id "  # by the name that the counts give a chat
                "LEFT JOIN employees AS e ON e.id = o.employee_id "
                "LEFT JOIN groups AS g ON g.chat_id = o.chat_id AND g.thread_id = o.thread_id "
                f"WHERE chats.chat_id NOT IN ({marks_sql((0, *not_to))}) "
                "ORDER BY o.priority, o.created_at, o.id LIMIT ?",
                (now, now - WITHIN, now, now, 0, *not_to, limit),
            ),
            (_LATER_LIST_SQL, (now,)),
        )
        crowded = (
            row["chat_id"]
            for row in rows
            if is_too_many(row["waiting"], recent=row["recent"], seconds=now - row["since"])
        )
        return Look([_owed(row) for row in rows], frozenset(crowded), bool(later))

    async def mark_sent(
        self,
        owed: Owed,
        *,
        message_id: int,
        shown: str,
        now: int,
        is_alert: bool = False,
        told: Sequence[int] = (),
        untold: Sequence[tuple[int, int]] = (),
    ) -> None:
        """Note that the chat has the message of `owed`. What became new meanwhile stays owed.

        A ping is done with too, unless one was asked for meanwhile. `is_alert`: it was a new
        message of a lost call, or a list that made a sound. Of a list, `told` are the rows of the
        cases it shows, `untold` those, with their versions, of which there is nothing to tell; it
        is edited again EDIT_SECONDS later at the earliest.
        """
        async with self._database.transaction() as tx:
            tx.write(
                "UPDATE outbox SET message_id = ?, shown = ?, done_at = ?, attempts = 0, "
                "state = CASE WHEN version = ? THEN 'sent' ELSE 'pending' END, "
                "ping_version = CASE WHEN ping_version > ? THEN ping_version ELSE 0 END, "
                "priority = CASE WHEN version = ? OR ping_version > ? THEN priority ELSE ? END, "
                "due_at = CASE WHEN kind = 'list' THEN ? ELSE due_at END, "
                "alerted_at = CASE WHEN ? = 1 THEN ? ELSE alerted_at END WHERE id = ?",
                (
                    *(message_id, shown, now, owed.version, owed.version),
                    *(owed.version, owed.version, Priority.NEWS, now + EDIT_SECONDS),
                    *(int(is_alert), now, owed.id),
                ),
            )
            await note_told(tx, owed.id, told, now=now)
            await drop_untold(tx, untold, now=now)

    async def hold_chat(self, chat_id: int, *, until: int) -> None:
        """Send nothing to the chat until then, as Telegram asks; a restart changes nothing."""
        async with self._database.transaction() as tx:
            tx.write(
                "UPDATE outbox SET due_at = ? "
                "WHERE chat_id = ? AND state = 'pending' AND due_at < ?",
                (until, chat_id, until),
            )

    async def note_failure(self, owed_id: int, *, reason: str, not_before: int = 0) -> None:
        """Count one more attempt of a message that could not be sent now and stays owed.

        `reason` is for the administrator. Until `not_before` what else is owed to the chat goes
        first.
        """
        async with self._database.transaction() as tx:
            tx.write(
                "UPDATE outbox SET attempts = attempts + 1, reason = ?, "
                "due_at = CASE WHEN due_at < ? THEN ? ELSE due_at END WHERE id = ?",
                (reason, not_before, not_before, owed_id),
            )

    async def drop(self, owed: Owed, *, reason: str, now: int) -> None:
        """Owe the message no more: there is nothing to tell, or Telegram refuses it.

        If something became new meanwhile, it stays owed.
        """
        async with self._database.transaction() as tx:
            dropped = await tx.execute(
                "UPDATE outbox SET state = 'dropped', reason = ?, done_at = ? "
                "WHERE id = ? AND version = ? RETURNING id",
                (reason, now, owed.id, owed.version),
            )
            if dropped and owed.kind is MessageKind.LIST and not owed.is_in_chat:
                await drop_list(tx, owed.id, reason=reason, now=now)

    async def forget_message(self, owed: Owed) -> None:
        """Note that the message is gone from the chat, so that a new one is sent in its place.

        `shown` stays: it tells that there was a message before, so the new one makes no sound.
        """
        async with self._database.transaction() as tx:
            tx.write(
                "UPDATE outbox SET message_id = NULL WHERE id = ? AND message_id = ?",
                (owed.id, owed.message_id),
            )

    async def drop_unreachable(
        self, chat_id: int, *, employee_id: int | None, reason: str, now: int
    ) -> None:
        """Owe nothing more to a person who cannot be reached, and tell the administrators."""
        async with self._database.transaction() as tx:
            muted = await tx.execute(
                "UPDATE employees SET unreachable_at = ? WHERE id = ? AND unreachable_at IS NULL "
                "RETURNING name, tg_id",
                (now, employee_id),
            )
            tx.write(
                "UPDATE outbox SET state = 'dropped', reason = ?, done_at = ? "
                "WHERE chat_id = ? AND state = 'pending'",
                (reason, now, chat_id),
            )
            for person in muted:
                owe_administrators(
                    tx,
                    MessageKind.UNREACHABLE,
                    f"{now} {person['name'] or person['tg_id']}",
                    now=now,
                )

    async def refresh(self, case_id: int, *, chat_id: int, message_id: int, now: int) -> bool:
        """Owe an edit of the case's message in a chat; False if this is not that message."""
        async with self._database.transaction() as tx:
            messages = await tx.execute(
                "SELECT id FROM outbox WHERE kind = 'case' AND case_id = ? AND chat_id = ? "
                "AND message_id = ?",
                (case_id, chat_id, message_id),
            )
            for row in messages:
                tx.write(
                    "UPDATE outbox SET version = version + 1, state = 'pending', shown = NULL, "
                    "priority = ?, due_at = ? WHERE id = ?",
                    (Priority.NEWS, now, row["id"]),
                )
        return bool(messages)

    async def pending_messages(self, ids: Collection[int]) -> dict[int, int | None]:
        """Those of these rows that are pending, and the message that each has in its chat."""
        rows = await self._database.fetch(
            "SELECT id, message_id FROM outbox "  # noqa: S608
            f"WHERE state = 'pending' AND id IN ({marks_sql(ids)})",
            tuple(ids),
        )
        return {row["id"]: row["message_id"] for row in rows}

    async def count_pending(self) -> int:
        """How many messages are owed."""
        return await self._database.count("SELECT count(*) FROM outbox WHERE state = 'pending'")

    async def count_by_state(self) -> dict[str, int]:
        """How many messages are in each state; it steps over them all."""
        rows = await self._database.fetch("SELECT state, count(*) AS n FROM outbox GROUP BY state")
        return {"pending": 0, "sent": 0, "dropped": 0} | {row["state"]: row["n"] for row in rows}


async def shift_messages(tx: Transaction, *, by: int, now: int) -> None:
    """After the clock was set back `by` seconds, let no message wait longer than it was meant to.

    A message of a later step waits for a moment of working time: it is moved only if it became
    owed at a moment that is to come again. All others wait for some seconds or minutes.
    """
    tx.write(
        "UPDATE outbox SET due_at = due_at - ? "
        "WHERE state = 'pending' AND due_at > ? AND (is_late = 0 OR created_at > ?)",
        (by, now, now),
    )
    for column in ("created_at", "done_at", "alerted_at", "listed_at"):
        tx.write(
            f"UPDATE outbox SET {column} = {column} - ? WHERE {column} > ?",  # noqa: S608
            (by, now),
        )


def _owed(row: Row) -> Owed:
    return Owed(
        id=row["id"],
        chat_id=row["chat_id"],
        thread_id=row["thread_id"],
        employee_id=row["employee_id"],
        kind=MessageKind(row["kind"]),
        subject=row["subject"],
        case_id=row["case_id"],
        version=row["version"],
        is_ping=row["ping_version"] > 0,
        is_new=bool(row["is_new"]),
        is_later_step=bool(row["is_late"]),
        message_id=row["message_id"],
        shown=row["shown"],
        language=Language(row["language"] or Language.UK),
        since=row["since"],
        attempts=row["attempts"],
        priority=row["priority"],
    )
