"""What the administrators decide for the company: working hours, holidays, the escalation."""

import json
from collections.abc import Collection
from datetime import date
from zoneinfo import ZoneInfo

from bot.domain.company import Ladder, LadderField
from bot.domain.hours import Hours, Span, day_bounds, local_date
from storage.database import Database, Row, Transaction
from storage.owing import Kind, Priority, Steps, list_steps, owe_once, set_due

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
            await self._plan(tx, now)

    async def set_holidays(self, days: Collection[date], *, now: int) -> None:
        async with self._database.transaction() as tx:
            await tx.execute("DELETE FROM holidays")
            await tx.executemany(
                "INSERT INTO holidays (day) VALUES (?)", [(day.isoformat(),) for day in set(days)]
            )
            await self._plan(tx, now)

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

    async def set_number(self, name: LadderField, value: int, *, now: int) -> None:
        async with self._database.transaction() as tx:
            await tx.execute(
                "INSERT INTO company_numbers (name, value) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name.value, value),
            )
            if name is not LadderField.TARGET:
                await self._plan_steps(tx, now)

    async def open(self, *, now: int) -> bool:
        """At opening, owe everybody one list of what is still open. Returns whether it was time.

        An opening the bot slept through is told of when it is back, if that is the same day. A
        next opening that is none (the clock was wrong, the time zone has changed) is put right;
        what was owed for a moment is never owed for it again.
        """
        rows = await self._database.fetch(
            "SELECT value FROM company_numbers WHERE name = 'opening_at'"
        )
        if not rows:
            return False
        planned = rows[0]["value"]
        weeks = await self._database.fetch(_WEEKS_SQL)
        days = await self._database.fetch("SELECT day FROM holidays")
        if planned == _next_opening(weeks, days, now, self._zone):
            return False
        async with self._database.transaction() as tx:
            await self._plan_opening(tx, now)
            if not now - _LATE_LIST <= planned <= now:
                return False
            people = await tx.execute(
                "SELECT id FROM employees WHERE state = 'active' AND alerts <> 'none' "
                "AND role <> 'accountant'"
            )
            for person in people:
                await owe_once(
                    tx,
                    Kind.OPEN_CASES,
                    f"opening {planned}",
                    employee_id=person["id"],
                    priority=Priority.LIST,
                    now=now,
                )
        return True

    async def _plan(self, tx: Transaction, now: int) -> None:
        """Put right what the hours decide: the next list, and what cases still have to come."""
        await self._plan_opening(tx, now)
        await self._plan_steps(tx, now)

    async def _plan_opening(self, tx: Transaction, now: int) -> None:
        weeks, days = await tx.execute(_WEEKS_SQL), await tx.execute("SELECT day FROM holidays")
        opening = _next_opening(weeks, days, now, self._zone)
        await tx.execute("DELETE FROM company_numbers WHERE name = 'opening_at'")
        if opening is not None:
            await tx.execute(
                "INSERT INTO company_numbers (name, value) VALUES ('opening_at', ?)", (opening,)
            )

    async def _plan_steps(self, tx: Transaction, now: int) -> None:
        """Let the steps and repeats still to come follow the hours and minutes of now."""
        ladder = await read_ladder(tx)
        hours: dict[str | None, Hours] = {}

        async def after(line: str | None, moment: int, minutes: int) -> int:
            if line not in hours:
                hours[line] = await read_hours(tx, line)
            return hours[line].after(moment, minutes * 60, self._zone)

        for row in await list_steps(tx):
            minutes = ladder.minutes(LadderField(row["step"]))
            due_at = await after(row["line"], row["created_at"], minutes)
            await set_due(tx, row["id"], due_at)
        for row in await tx.execute(_REPEATS_SQL):
            again = await after(row["line"], max(now, row["last"]), ladder.repeat_every)
            await tx.execute(
                "UPDATE cases SET repeat_at = ? WHERE id = ?",
                (again if ladder.repeat_every else None, row["id"]),
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
_WEEKS_SQL = "SELECT line, week FROM working_hours"
_REPEATS_SQL = (
    "SELECT k.id, c.line, coalesce((SELECT max(o.due_at) FROM outbox AS o WHERE o.case_id = k.id "
    "AND o.kind = 'case' AND o.state = 'pending' AND o.is_late = 1), 0) AS last "
    "FROM cases AS k JOIN calls AS c ON c.id = k.call_id WHERE k.repeat_at IS NOT NULL"
)
_LADDER_SQL = "SELECT name, value FROM company_numbers WHERE name <> 'opening_at'"


def _hours(rows: list[Row], days: list[Row]) -> Hours:
    holidays = frozenset(date.fromisoformat(row["day"]) for row in days)
    if not rows:
        return Hours(holidays=holidays)
    week = json.loads(rows[0]["week"])
    return Hours(tuple(tuple((a, b) for a, b in spans) for spans in week), holidays)


def _next_opening(weeks: list[Row], days: list[Row], now: int, zone: ZoneInfo) -> int | None:
    """When the company opens; if it never closes, when the first of the lines that do opens."""
    own = {row["line"]: _hours([row], days) for row in weeks}
    company = own.pop("", None) or _hours([], days)
    opening = _first_opening(company, now, zone)
    if opening is not None or not own:
        return opening
    week = zip(*(one.week for one in own.values()), strict=True)
    spans = tuple(tuple(sorted({span for some in day for span in some})) for day in week)
    return _first_opening(Hours(spans, company.holidays), now, zone)


def _first_opening(hours: Hours, now: int, zone: ZoneInfo) -> int | None:
    """The next one that is the first of its day: after a break nobody needs the list again."""
    opening = hours.next_opening(now, zone)
    while opening is not None:
        midnight, _ = day_bounds(local_date(opening, zone), zone)
        if hours.next_opening(midnight - 1, zone) == opening:
            break
        opening = hours.next_opening(opening, zone)
    return opening


def _ladder(rows: list[Row]) -> Ladder:
    return Ladder(**{row["name"]: row["value"] for row in rows})
