"""The times of the day at which each person wants the digest, and owing it when one has come."""

from zoneinfo import ZoneInfo

from bot.domain.hours import next_local
from bot.domain.outbox import OWED_FOR, MessageKind, Priority
from storage.engine.base import Database, Row, Transaction
from storage.owing import owe_once

LIMIT = 6
"""Times of the day one person can choose."""


class DigestTimes:
    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        self._database = database
        self._zone = zone

    async def times(self, employee_id: int) -> list[int]:
        """The minutes of the day at which the person gets the digest."""
        rows = await self._database.fetch(
            "SELECT minutes FROM digests WHERE employee_id = ? ORDER BY minutes", (employee_id,)
        )
        return [row["minutes"] for row in rows]

    async def add(self, employee_id: int, minutes: int, *, now: int) -> bool:
        """Let the person have the digest at this time too. False: they have LIMIT others."""
        due_at = next_local(now, minutes, self._zone)
        async with self._database.transaction() as tx:
            added = await tx.execute(
                "INSERT INTO digests (employee_id, minutes, due_at) SELECT ?, ?, ? "
                "WHERE (SELECT count(*) FROM digests WHERE employee_id = ? AND minutes <> ?) < ? "
                "ON CONFLICT (employee_id, minutes) DO UPDATE SET minutes = excluded.minutes "
                "RETURNING minutes",
                (employee_id, minutes, due_at, employee_id, minutes, LIMIT),
            )
        return bool(added)

    async def remove(self, employee_id: int, minutes: int) -> None:
        """Let the person have the digest at this time of the day no more."""
        async with self._database.transaction() as tx:
            tx.write(
                "DELETE FROM digests WHERE employee_id = ? AND minutes = ?",
                (employee_id, minutes),
            )

    async def owe_due(self, *, now: int) -> int:
        """Owe the digests that are due. Returns how many.

        One that was due while the bot was down is owed when it is back, at most half a day later.
        A planned time that is none (the clock was wrong, the time zone has changed) is planned
        anew. A digest is owed once for each moment, however often the clock comes past it.
        """
        plans = await self._database.fetch(
            "SELECT minutes, min(due_at) AS first, max(due_at) AS last FROM digests "
            "GROUP BY minutes"
        )
        nexts = {row["minutes"]: next_local(now, row["minutes"], self._zone) for row in plans}
        if all(row["first"] == row["last"] == nexts[row["minutes"]] for row in plans):
            return 0
        count = 0
        async with self._database.transaction() as tx:
            for row in await tx.execute(
                "SELECT * FROM digests WHERE due_at <= ? ORDER BY due_at LIMIT 200", (now,)
            ):
                count += await self._owe_digests(tx, row, now=now)
            tx.write_many(
                "UPDATE digests SET due_at = ? WHERE minutes = ? AND due_at > ? AND due_at <> ?",
                [(due_at, minutes, now, due_at) for minutes, due_at in nexts.items()],
            )
        return count

    async def _owe_digests(self, tx: Transaction, row: Row, *, now: int) -> int:
        """Owe one person's digests of one time of the day, and note when the next is due."""
        minutes, due_at, count = row["minutes"], row["due_at"], 0
        if due_at < now - OWED_FOR:
            due_at = next_local(now - OWED_FOR - 1, minutes, self._zone)
        while due_at <= now:
            told = await owe_once(
                tx,
                MessageKind.DIGEST,
                f"{due_at} {minutes}",
                employee_id=row["employee_id"],
                priority=Priority.REPORT,
                now=now,
            )
            count += len(told)
            due_at = next_local(due_at, minutes, self._zone)
        tx.write(
            "UPDATE digests SET due_at = ? WHERE employee_id = ? AND minutes = ?",
            (due_at, row["employee_id"], minutes),
        )
        return count
