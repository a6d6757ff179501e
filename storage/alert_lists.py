"""The lists of lost calls: which alert goes into which list of its chat, when many come at once.

- An alert (a lost call the chat does not know of, or one repeated because nobody took it) is a
  message of its own as long as no more than SINGLES alerts come to that chat, or topic, WITHIN a
  minute, in whatever form. When there are more, a list tells of all that wait: five that leave one
  a second would only keep people from knowing the others. So a storm becomes lists, and messages
  of their own again as soon as it is over, by one rule and without a mode.
- A chat that is behind (a 429, a long queue) catches up at once: if three alerts or more wait
  there, and one of them for longer than PATIENCE, a list tells of all of them.
- What is asked of one person (a case handed to them, their client rings again) is never in a list.
- A list is a row of the outbox (kind 'list'), and each case it tells of keeps its own row, with
  `list_id`. That row is settled until it is pinged, or somebody presses its row: then the case has
  a message of its own besides. All of this is in the database: a restart changes nothing.
- A list has ROWS rows at most. It is edited as it grows, each time with all that came since. Where
  that does not fit, what it does not tell of yet begins the next one: one request each time, not
  two. It also ends when nothing came for a minute, or an alert stands below it.
- A list that is to tell of cases goes before all news of those the chat knows.
- The first list makes a sound, those that go on with it do not, but once in SOUND_AGAIN seconds.
- Which alert goes where is decided when the Alerter is about to send the first alert of a chat
  that is crowded (`Look`), for all chats at once (`gather`), and only for chats to which nothing
  is on its way.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from bot.domain.outbox import Owed, Priority
from storage.engine.base import Database, Row, Transaction, Value, chunks, marks_sql
from storage.outbox import CHATS_SQL
from storage.outbox_rows import SINCE_SQL, changed_sql
from storage.owing_lists import EDIT_SECONDS, NEXT_EDIT_SQL, next_edit
from storage.too_many import (
    ALERT_SQL,
    RECENT_COUNT_SQL,
    RECENT_SQL,
    SINGLES,
    WITHIN,
    is_too_many,
)

ROWS = 30
SOUND_AGAIN = 300

_AT_ONCE = 100
"""Chats, or lists, that one statement asks about."""


@dataclass(frozen=True, slots=True)
class ListedCase:
    """A case of a list: its row in the outbox, and whether the list shows it already."""

    row_id: int
    case_id: int
    version: int
    is_later_step: bool
    is_told: bool


@dataclass(slots=True)
class _Plan:
    """What becomes of the alerts that are due."""

    listed: list[tuple[int, int]] = field(default_factory=list)
    """Lists that go on, each with a row that it is to tell of."""
    begun: list[tuple[tuple[Value, ...], Sequence[int]]] = field(default_factory=list)
    """New lists: chat, topic, employee, subject, when due; and the rows they are to tell of."""


class AlertLists:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def gather(self, *, now: int, not_to: Collection[int] = ()) -> None:
        """Let lists tell of the alerts that are due where there are too many; not in `not_to`."""
        async with self._database.transaction() as tx:
            due = await tx.execute(
                f"WITH RECURSIVE {CHATS_SQL} SELECT o.id, o.chat_id, o.thread_id, "  # noqa: S608
                f"o.employee_id, {SINCE_SQL} AS since FROM chats "
                f"JOIN outbox AS o ON o.chat_id = chats.chat_id AND {ALERT_SQL} "
                f"WHERE chats.chat_id NOT IN ({marks_sql((0, *not_to))})",
                (now, 0, *not_to),
            )
            if due:
                await self._place(tx, due, now)

    async def _place(self, tx: Transaction, due: Sequence[Row], now: int) -> None:
        by_place = groupby(sorted(due, key=lambda row: (*_place(row), row["id"])), _place)
        alerts = {place: list(rows) for place, rows in by_place}
        plan = _Plan()
        for some in chunks(list(alerts), _AT_ONCE):
            for last in await _last_lists(tx, some, now):
                await _plan(tx, plan, last, alerts[_place(last)], now)
        await _carry_out(tx, plan, now)

    async def list_cases(self, list_id: int) -> list[ListedCase]:
        """The cases that a list tells of, or is to tell of, in the order of their rows."""
        rows = await self._database.fetch(
            "SELECT id, case_id, version, is_late, listed_at FROM outbox WHERE list_id = ? "
            "ORDER BY id",
            (list_id,),
        )
        return [
            ListedCase(
                row["id"],
                row["case_id"],
                row["version"],
                bool(row["is_late"]),
                row["listed_at"] is not None,
            )
            for row in rows
        ]

    async def has_rung(self, owed: Owed, *, now: int) -> bool:
        """Whether a list has made a sound in that chat, or topic, lately."""
        return await self._database.has(
            "SELECT 1 FROM outbox WHERE chat_id = ? AND thread_id = ? AND kind = 'list' "
            "AND alerted_at BETWEEN ? AND ? LIMIT 1",
            (owed.chat_id, owed.thread_id, now - SOUND_AGAIN, now),
        )

    async def open(self, case_id: int, *, chat_id: int, message_id: int, now: int) -> bool:
        """Owe a message of its own, without a sound, of a case that a list in the chat tells of.

        `message_id`: the list. If the chat has such a message, it comes anew. False: there is no
        such list, or the case is now told of under another's name.
        """
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                "UPDATE outbox SET version = version + 1, state = 'pending', priority = ?, "
                "ping_version = CASE WHEN message_id IS NULL THEN 0 ELSE version + 1 END, "
                "due_at = ?, created_at = ? WHERE kind = 'case' AND case_id = ? AND chat_id = ? "
                "AND thread_id = (SELECT l.thread_id FROM outbox AS l WHERE l.kind = 'list' "
                "AND l.chat_id = ? AND l.message_id = ?) RETURNING id",
                (Priority.ASKED, now, now, case_id, chat_id, chat_id, message_id),
            )
        return bool(rows)


def _place(row: Row) -> tuple[int, int]:
    return row["chat_id"], row["thread_id"]


async def _last_lists(tx: Transaction, places: Sequence[tuple[int, int]], now: int) -> list[Row]:
    """For each chat, or topic: how many alerts it just got, and the newest of its lists.

    `below`: the newest message of an alert that the list does not tell of.
    """
    recent = (now - WITHIN, now)
    return await tx.execute(
        f"WITH p (chat_id, thread_id) AS (VALUES {', '.join(['(?, ?)'] * len(places))}) "  # noqa: S608
        "SELECT p.*, "
        f"{RECENT_COUNT_SQL} AS recent, "
        "l.id, l.state, l.message_id, l.due_at, l.done_at, l.subject, "
        "(SELECT count(*) FROM outbox AS m WHERE m.list_id = l.id) AS size, "
        "(SELECT max(m.alerted_at) FROM outbox AS m WHERE m.list_id = l.id "
        "AND m.alerted_at <= ?) AS grown_at, "
        f"(SELECT max(b.message_id) FROM (SELECT r.message_id, r.list_id {RECENT_SQL} "
        f"ORDER BY r.alerted_at DESC LIMIT {SINGLES}) AS b "
        "WHERE coalesce(b.list_id, 0) <> l.id) AS below "
        "FROM p LEFT JOIN outbox AS l ON l.id = (SELECT x.id FROM outbox AS x "
        "WHERE x.kind = 'list' AND x.chat_id = p.chat_id AND x.thread_id = p.thread_id "
        "ORDER BY x.id DESC LIMIT 1)",
        (*(value for place in places for value in place), *recent, now, *recent),
    )


async def _plan(tx: Transaction, plan: _Plan, last: Row, alerts: list[Row], now: int) -> None:
    """Decide what becomes of the alerts of one chat, the oldest first."""
    since = min(row["since"] for row in alerts)
    if not is_too_many(len(alerts), recent=last["recent"], seconds=now - since):
        return
    rows = [row["id"] for row in alerts]
    goes_on = _goes_on(last, now)
    room = ROWS - last["size"] if goes_on else 0
    is_sent = goes_on and last["message_id"] is not None
    if is_sent and len(rows) > room:
        untold = await tx.execute(
            "SELECT id FROM outbox WHERE list_id = ? AND listed_at IS NULL ORDER BY id",
            (last["id"],),
        )
        rows, room = [*(row["id"] for row in untold), *rows], 0
    plan.listed += [(last["id"], row_id) for row_id in rows[:room]]
    before = int(last["subject"].rpartition(" ")[2]) if _is_same_storm(last, now) else 0
    due_at = now
    if goes_on and not is_sent:  # it is sent before what goes on with it
        due_at = max(now, last["due_at"])
    elif is_sent and now - EDIT_SECONDS <= last["done_at"] <= now:
        due_at = last["done_at"] + EDIT_SECONDS
    for number, some in enumerate(chunks(rows[room:], ROWS), start=before + 1):
        # One of its own: no list of the chat has begun since the newest of them.
        subject = f"{last['id'] or 0} {some[0]} {number}"
        values = (*_place(last), alerts[0]["employee_id"], subject, due_at)
        plan.begun.append((values, some))


def _is_same_storm(last: Row, now: int) -> bool:
    """Whether a new list goes on with the newest one, and is counted on from it."""
    if last["id"] is None or last["state"] == "dropped":
        return False
    return last["message_id"] is None or (last["grown_at"] or 0) >= now - SOUND_AGAIN


def _goes_on(last: Row, now: int) -> bool:
    """Whether the newest list of a chat may grow."""
    if last["id"] is None or last["state"] == "dropped":
        return False
    if last["message_id"] is None:
        return True
    is_below = last["below"] is not None and last["below"] > last["message_id"]
    is_over = last["grown_at"] is None or last["grown_at"] < now - WITHIN
    return not is_below and not is_over


async def _carry_out(tx: Transaction, plan: _Plan, now: int) -> None:
    listed = list(plan.listed)
    for some in chunks(plan.begun, _AT_ONCE):
        marks = ", ".join([f"(?, ?, ?, ?, ?, 'list', {Priority.LIST:d}, ?)"] * len(some))
        begun = await tx.execute(
            "INSERT INTO outbox (chat_id, thread_id, employee_id, subject, due_at, kind, "  # noqa: S608
            f"priority, created_at) VALUES {marks} RETURNING id, subject",
            [value for values, _ in some for value in (*values, now)],
        )
        id_of = {row["subject"]: row["id"] for row in begun}
        for values, rows in some:
            listed += [(id_of[values[3]], row_id) for row_id in rows]
    tx.write_many(
        "UPDATE outbox SET list_id = ?, listed_at = NULL, alerted_at = ?, ping_version = 0, "
        "attempts = 0, done_at = ?, reason = NULL, priority = ?, "
        "state = CASE WHEN message_id IS NULL THEN 'sent' ELSE 'pending' END WHERE id = ?",
        [(list_id, now, now, Priority.NEWS, row_id) for list_id, row_id in listed],
    )
    grown = {list_id for list_id, _ in plan.listed}
    tx.write_many(
        f"UPDATE outbox SET {changed_sql(Priority.LIST, due_at=NEXT_EDIT_SQL)} "  # noqa: S608
        "WHERE id = ?",
        [(*next_edit(now), now, list_id) for list_id in sorted(grown)],
    )
