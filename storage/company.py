"""What the administrators decide for the company: working hours, holidays, the escalation."""

import json
from collections.abc import Collection
from datetime import date
from zoneinfo import ZoneInfo

from bot.hours import Hours, Span
from bot.models import Ladder
from storage.database import Database, Row, Transaction
from storage.outbox import Kind, Priority, Steps, owe_person

_LATEST_CALLS = 1000
_LATE_LIST = 12 * 3600


class CompanyRepo:
    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        self._database = database
        self._zone = zone

    async def hours(self, line: str | None = None) -> Hours:
        """The hours of a line, which are the company's unless it has its own."""
        rows = await self._database.fetch(_HOURS_SQL, (line or "",))
        return _hours(rows, await self._database.fetch("SELECT day FROM holidays"))

    async def own_hours(self) -> dict[str, Hours]:
        """The hours of the lines that differ, without the holidays."""
        rows = await self._database.fetch(
            "SELECT line, week FROM working_hours WHERE line <> '' ORDER BY line"
        )
        return {row["line"]: _hours([row], []) for row in rows}

    async def set_hours(
        self, line: str | None, week: tuple[tuple[Span, ...], ...] | None, *, now: int
    ) -> None:
        """None: the line has the company's hours; the company works always."""
        async with self._database.transaction() as tx:
            await tx.execute("DELETE FROM working_hours WHERE line = ?", (line or "",))
            if week is not None:
                await tx.execute(
                    "INSERT INTO working_hours (line, week) VALUES (?, ?)",
                    (line or "", json.dumps(week)),
                )
            await self._plan_opening(tx, now)

    async def set_holidays(self, days: Collection[date], *, now: int) -> None:
        async with self._database.transaction() as tx:
            await tx.execute("DELETE FROM holidays")
            await tx.executemany(
                "INSERT INTO holidays (day) VALUES (?)", [(day.isoformat(),) for day in set(days)]
            )
            await self._plan_opening(tx, now)

    async def lines(self) -> list[str]:
        """The lines of the latest calls, and those with hours of their own."""
        rows = await self._database.fetch(
            "SELECT line FROM (SELECT line FROM calls ORDER BY position DESC, id DESC LIMIT ?) "
            "AS latest WHERE line IS NOT NULL UNION "
            "SELECT line FROM working_hours WHERE line <> '' ORDER BY line LIMIT 30",
            (_LATEST_CALLS,),
        )
        return [row["line"] for row in rows]

    async def ladder(self) -> Ladder:
        return _ladder(await self._database.fetch(_LADDER_SQL))

    async def set_number(self, name: str, value: int) -> None:
        """One of the fields of Ladder."""
        async with self._database.transaction() as tx:
            await tx.execute(
                "INSERT INTO company_numbers (name, value) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name, value),
            )

    async def open(self, *, now: int) -> bool:
        """At opening, owe everybody one list of what is still open. Returns whether it was time.

        An opening the bot slept through is told of when it is back, if that is the same day.
        """
        rows = await self._database.fetch(
            "SELECT value FROM company_numbers WHERE name = 'opening_at' AND value <= ?", (now,)
        )
        if not rows:
            return False
        opened_at = rows[0]["value"]
        async with self._database.transaction() as tx:
            await self._plan_opening(tx, now)
            if now - opened_at > _LATE_LIST:
                return False
            people = await tx.execute(
                "SELECT id FROM employees WHERE state = 'active' AND alerts <> 'none' "
                "AND role <> 'accountant'"
            )
            for person in people:
                await owe_person(
                    tx,
                    Kind.OPEN_CASES,
                    f"opening {opened_at}",
                    employee_id=person["id"],
                    priority=Priority.LIST,
                    now=now,
                )
        return True

    async def _plan_opening(self, tx: Transaction, now: int) -> None:
        hours = await read_hours(tx, None)
        opening = hours.next_opening(now, self._zone)
        await tx.execute("DELETE FROM company_numbers WHERE name = 'opening_at'")
        if opening is not None:
            await tx.execute(
                "INSERT INTO company_numbers (name, value) VALUES ('opening_at', ?)", (opening,)
            )


async def read_hours(tx: Transaction, line: str | None) -> Hours:
    rows = await tx.execute(_HOURS_SQL, (line or "",))
    return _hours(rows, await tx.execute("SELECT day FROM holidays"))


async def read_ladder(tx: Transaction) -> Ladder:
    return _ladder(await tx.execute(_LADDER_SQL))


async def read_steps(
    tx: Transaction, line: str | None, *, zone: ZoneInfo, now: int
) -> tuple[Steps, int | None]:
    """When each step of the escalation hears of a case, and when all of them hear again."""
    ladder = await read_ladder(tx)
    if ladder.is_at_once:
        return Steps(now, now, now), None
    hours = await read_hours(tx, line)

    def after(minutes: int) -> int:
        return hours.after(now, minutes * 60, zone)

    steps = Steps(
        after(ladder.operators_after), after(ladder.groups_after), after(ladder.supervisors_after)
    )
    if not ladder.repeat_every:
        return steps, None
    return steps, hours.after(max(now, steps.supervisors), ladder.repeat_every * 60, zone)


_HOURS_SQL = "SELECT week FROM working_hours WHERE line IN ('', ?) ORDER BY line DESC LIMIT 1"
_LADDER_SQL = "SELECT name, value FROM company_numbers WHERE name <> 'opening_at'"


def _hours(rows: list[Row], days: list[Row]) -> Hours:
    holidays = frozenset(date.fromisoformat(row["day"]) for row in days)
    if not rows:
        return Hours(holidays=holidays)
    week = json.loads(rows[0]["week"])
    return Hours(tuple(tuple((a, b) for a, b in spans) for spans in week), holidays)


def _ladder(rows: list[Row]) -> Ladder:
    return Ladder(**{row["name"]: row["value"] for row in rows})
