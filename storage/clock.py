"""What the clock of the computer has shown, and what is mended when somebody sets it.

- What is due is judged by the clock. What waits for a moment (a digest, an opening, an expiry,
  a reminder for tomorrow) waits for that moment of the clock, wherever it is set.
- A clock set forth makes due what it passes, each thing once.
- After a clock set back nothing waits longer than it was meant to: what was written at moments
  that are to come again is moved back by as much as the clock was. A case that expired too soon
  opens again by itself (case_deadlines.py), digests and openings are planned anew by themselves.
- Calls of a PBX that goes by the same clock stand in that future too: when the clock is set back
  by over a day, they stand as much earlier, and the cases follow (call_positions.py).
- After a leap forth by more than a day no calls, invitations, batches, open cards or rows of the
  audit are deleted until the clock has run evenly for a day, also if it returns: a wrong year must
  not empty the log. A bot that was down so long seems to have leapt too, and deletes a day later.
- What cannot be yet, a call far ahead, is judged by the latest moment the clock has ever shown:
  one set back by days must not refuse every call of a PBX that is right (LatestMoment).
- A jump is told to the administrators, once; smaller steps are only mended.
"""

from dataclasses import dataclass

from bot.domain.case_rules import DEFAULT_RULES, CaseRules
from bot.domain.outbox import MessageKind
from storage.call_positions import move_calls, refold_moved
from storage.engine.base import Database, Transaction
from storage.outbox import shift_messages
from storage.owing import owe_administrators

MAY_DELETE_SQL = "NOT EXISTS (SELECT 1 FROM clock WHERE leapt_at IS NOT NULL)"
"""Whether what is old by the clock may be deleted now."""

_DAY = 86400

_TOLD_SECONDS = 300
"""Steps of the clock below this are told to nobody."""

_SPAN_SECONDS = 3600
"""A reminder for at most so much later was meant as that span; others as a moment of the clock."""


def _no_call_sql(case_id: str, at: str) -> str:
    """Whether no call of the case began at that moment: a closing by hand may be dated by one."""
    return (
        "NOT EXISTS (SELECT 1 FROM case_calls AS y JOIN calls AS c ON c.id = y.call_id "  # noqa: S608
        f"WHERE y.case_id = {case_id} AND c.started_at = {at})"
    )


def _no_lost_call_sql(before: str) -> str:
    """Whether no lost call of the number began a second before, which may date its ignoring."""
    return (
        "NOT EXISTS (SELECT 1 FROM calls AS c WHERE c.client = ignored_numbers.number "  # noqa: S608
        f"AND c.lost = 1 AND c.started_at + 1 = {before})"
    )


_MOVED_BACK = (
    ("cases", "owned_at", "owned_at > ?"),
    ("cases", "asked_at", "asked_at > ?"),
    ("case_events", "at", f"at > ? AND {_no_call_sql('case_events.case_id', 'at')}"),
    (
        *("cases", "closed_at"),
        f"state = 'by_hand' AND closed_at > ? AND {_no_call_sql('cases.id', 'closed_at')}",
    ),
    ("ignored_numbers", "since", f"since > ? AND {_no_lost_call_sql('since')}"),
    ("ignored_numbers", "until", f"until > ? AND {_no_lost_call_sql('until')}"),
    ("batches", "asked_at", "asked_at > ?"),
    ("batches", "done_at", "done_at > ?"),
    ("reminders", "created_at", "created_at > ?"),
    ("invites", "created_at", "created_at > ?"),
    ("calls", "received_at", "id IN (SELECT id FROM calls WHERE received_at > ?)"),
    ("open_cards", "opened_at", "opened_at > ?"),
    ("late_screens", "asked_at", "asked_at > ?"),
    ("dials", "asked_at", "asked_at > ?"),
    ("dials", "over_at", "over_at > ?"),
    ("audit", "at", "at > ?"),
)
"""Moments at which something happened, of which those that are to come again are moved back, but
not those of a PBX: the table, the column, and which rows, by the present moment."""


@dataclass(frozen=True, slots=True)
class ClockState:
    """`jump`: what the clock showed before and after its last jump that was told, if any.

    `leapt_at`: what it showed after a leap it has not kept to for a day yet; None: there is none.
    `latest_at`: the latest moment it has ever shown, 0 if it has never been noted.
    """

    jump: tuple[int, int] | None
    leapt_at: int | None
    latest_at: int


class ClockRepo:
    def __init__(self, database: Database, *, rules: CaseRules = DEFAULT_RULES) -> None:
        self._database = database
        self._rules = rules

    async def state(self) -> ClockState:
        rows = await self._database.fetch("SELECT * FROM clock")
        for row in rows:
            came_from, to = row["jumped_from"], row["jumped_to"]
            jump = None if to is None else (came_from, to)
            return ClockState(jump, row["leapt_at"], row["latest_at"])
        return ClockState(None, None, 0)

    async def note(self, *, now: int, step: int | None) -> int:
        """Note what the clock shows, and mend what a step of it has put wrong.

        `step`: by how many seconds it was set forth (back: below 0) since it was last noted; None:
        not known, the bot has just begun. Returns the step, as far as it can be known.
        """
        async with self._database.transaction() as tx:
            rows = await tx.execute("SELECT noted_at, leapt_at, latest_at FROM clock")
            before, leapt_at, latest_at = rows[0] if rows else (now, None, now)
            leap = now - before if step is None else step
            if step is None:
                step = min(0, leap)
            moved = []
            if abs(leap) > _DAY:
                moved = await move_calls(tx, before=now - leap, now=now)
            if step < 0:
                await _move_back(tx, by=-step, now=now)
            await refold_moved(tx, moved, rules=self._rules, now=now)
            if leap > _DAY or (leapt_at is not None and now < leapt_at):
                leapt_at = now
            elif leapt_at is not None and now >= leapt_at + _DAY:
                leapt_at = None
            tx.write(
                "INSERT INTO clock (id, noted_at, leapt_at, latest_at) VALUES (1, ?, ?, ?) "
                "ON CONFLICT (id) DO UPDATE SET noted_at = excluded.noted_at, "
                "leapt_at = excluded.leapt_at, latest_at = excluded.latest_at",
                (now, leapt_at, max(latest_at, before, now, now - step)),
            )
            if abs(step) >= _TOLD_SECONDS:
                jump = (now - step, now)
                tx.write("UPDATE clock SET jumped_from = ?, jumped_to = ?", jump)
                subject = f"{jump[0]} {jump[1]}"
                owe_administrators(tx, MessageKind.CLOCK_JUMP, subject, now=now)
        return step


async def _move_back(tx: Transaction, *, by: int, now: int) -> None:
    """Move back what waits since a moment that is to come again, then those moments."""
    await shift_messages(tx, by=by, now=now)
    tx.write(
        "UPDATE cases SET claim_due_at = claim_due_at - ? "
        "WHERE claim_due_at > ? AND (owned_at > ? OR asked_at > ?)",
        (by, now, now, now),
    )
    tx.write("UPDATE cases SET repeat_at = repeat_at - ? WHERE repeat_at > ?", (by, now))
    tx.write(
        "UPDATE reminders SET due_at = due_at - ? WHERE due_at > ? AND created_at > ? "
        "AND due_at - created_at <= ?",
        (by, now, now, _SPAN_SECONDS),
    )
    tx.write("UPDATE invites SET expires_at = expires_at - ? WHERE created_at > ?", (by, now))
    for table, column, where in _MOVED_BACK:
        tx.write(
            f"UPDATE {table} SET {column} = {column} - ? WHERE {where}",  # noqa: S608
            (by, now),
        )
