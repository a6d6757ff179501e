"""Who gets the statistics of the last week on Mondays, and owing them when it is time.

They come at the person's first time of a digest, at nine if there is none. A bot that was down
then owes them when it is back, while the week lasts. In the outbox they are a digest whose minute
of the day is none, WEEKLY: an older program beside this one sends the digest of the day instead,
where it could not read a kind of message that it does not know.
"""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from bot.domain.digests import WEEKLY
from bot.domain.hours import local_date, moment_of
from bot.domain.outbox import MessageKind, Priority
from storage.engine.base import Database
from storage.owing import owe_once

_NINE = 9 * 60
_WEEK = timedelta(days=7)
_MINUTES = (
    "coalesce((SELECT min(d.minutes) FROM digests AS d WHERE d.employee_id = {employee}), "  # noqa: S608
    f"{_NINE})"
)


class WeeklyStatistics:
    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        self._database = database
        self._zone = zone

    async def is_wanted(self, employee_id: int) -> bool:
        return await self._database.has(
            "SELECT 1 FROM weekly_statistics WHERE employee_id = ?", (employee_id,)
        )

    async def set_wanted(self, employee_id: int, *, is_wanted: bool, now: int) -> None:
        """Let the person have them from the next time on, or no more."""
        monday = self._monday(now)
        async with self._database.transaction() as tx:
            if not is_wanted:
                tx.write("DELETE FROM weekly_statistics WHERE employee_id = ?", (employee_id,))
                return
            [row] = await tx.execute(
                f"SELECT {_MINUTES.format(employee='?')} AS minutes", (employee_id,)
            )
            is_past = now >= moment_of(monday, row["minutes"], self._zone)
            told = monday if is_past else monday - _WEEK
            tx.write(
                "INSERT INTO weekly_statistics (employee_id, told) VALUES (?, ?) "
                "ON CONFLICT (employee_id) DO NOTHING",
                (employee_id, told.toordinal()),
            )

    async def owe_due(self, *, now: int) -> int:
        """Owe the statistics that are due. Returns how many.

        Where the clock was ahead, those of a week to come seem told: they are due in that week.
        """
        monday = self._monday(now)
        week = monday.toordinal()
        rows = await self._database.fetch(
            f"SELECT w.employee_id, w.told, {_MINUTES.format(employee='w.employee_id')} "  # noqa: S608
            "AS minutes FROM weekly_statistics AS w WHERE w.told < ? OR w.told > ?",
            (week, week),
        )
        due = {
            row["employee_id"]: (moment, row["told"])
            for row in rows
            if now >= (moment := moment_of(monday, row["minutes"], self._zone))
        }
        if not due:
            return 0
        count = 0
        async with self._database.transaction() as tx:
            for employee_id, (moment, told) in due.items():
                told_now = await tx.execute(
                    "UPDATE weekly_statistics SET told = ? WHERE employee_id = ? AND told = ? "
                    "RETURNING employee_id",
                    (week, employee_id, told),
                )
                if told_now and told < week:
                    count += len(
                        await owe_once(
                            tx,
                            MessageKind.DIGEST,
                            f"{moment} {WEEKLY}",
                            employee_id=employee_id,
                            priority=Priority.REPORT,
                            now=now,
                        )
                    )
        return count

    def _monday(self, now: int) -> date:
        day = local_date(now, self._zone)
        return day - timedelta(days=day.weekday())
