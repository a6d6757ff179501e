"""What the administrators decide for the company: working hours, holidays, the escalation.

- The minutes of the escalation are minutes of working time, by the hours of the line that was
  called: its own if it has any, else the company's.
- What is still to come is stored as moments: when an alert of a later step is due (`due_at` in
  outbox), when a case is repeated (`repeat_at` in cases), when the next list of open cases is owed
  (`opening_at` in company_numbers).
- Whoever changes hours, holidays or minutes computes those moments anew in the same transaction,
  from the moment each began to wait: nothing waits twice, what has been told is not told again.
- The list of open cases is owed when the company opens for the first time in a day (the end of a
  break is no such opening); if it never closes, when the first of the lines that do opens.
- A list is owed once for each such moment, however often the clock comes past it.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from bot.domain.audit import AuditKind, By
from bot.domain.company import Escalation, EscalationField, StepMoments, next_opening_of_company
from bot.domain.hours import Hours, Span
from bot.domain.outbox import OWED_FOR, MessageKind, Priority
from storage.audience import takes_clients_sql, wants_alerts_sql
from storage.audit import note, note_change
from storage.engine.base import Answer, Database, Row, Select, Transaction
from storage.owing import list_later_alerts, owe_once, set_due_at

_LATEST_CALLS = 1000
"""The calls in which lines are looked for."""


class CompanyRepo:
    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        self._database = database
        self._zone = zone

    async def hours(self, line: str | None = None) -> Hours:
        """The hours of a line: its own if it has any, else the company's."""
        rows = await self._database.fetch(
            f"SELECT week, NULL AS day FROM ({_HOURS_SQL}) AS weeks UNION ALL "  # noqa: S608
            f"SELECT NULL, day FROM ({_HOLIDAYS_SQL}) AS days",
            (line or "",),
        )
        weeks = [row for row in rows if row["week"] is not None]
        return _hours(weeks, [row for row in rows if row["day"] is not None])

    async def planning(self) -> "Planning":
        return planning(await self._database.fetch(*planning_select()))

    async def own_hours(self) -> dict[str, Hours]:
        """The hours of the lines that have their own, without the holidays."""
        rows = await self._database.fetch(
            "SELECT line, week FROM working_hours WHERE line <> '' ORDER BY line"
        )
        return {row["line"]: _hours([row], []) for row in rows}

    async def set_hours(
        self,
        line: str | None,
        week: tuple[tuple[Span, ...], ...] | None,
        *,
        now: int,
        by: int | None = None,
    ) -> None:
        """Set the hours of a line, or of the company (`line` None).

        `week` None: the line has the company's hours; the company works always. `by`: the id of
        who sets them.
        """
        async with self._database.transaction() as tx:
            asked = tx.ask("SELECT week FROM working_hours WHERE line = ?", (line or "",))
            tx.write("DELETE FROM working_hours WHERE line = ?", (line or "",))
            if week is not None:
                tx.write(
                    "INSERT INTO working_hours (line, week) VALUES (?, ?)",
                    (line or "", json.dumps(week)),
                )
            await self._replan(tx, now)
            [old] = [row["week"] for row in await asked] or [None]
            new = None if week is None else json.dumps(week)
            note_change(tx, AuditKind.HOURS, By(by, now), old, new, detail={"line": line})

    async def set_holidays(
        self, days: Collection[date], *, now: int, by: int | None = None
    ) -> None:
        """`by`: the id of who sets them."""
        async with self._database.transaction() as tx:
            asked = tx.ask(_HOLIDAYS_SQL)
            tx.write("DELETE FROM holidays")
            tx.write_many(
                "INSERT INTO holidays (day) VALUES (?)", [(day.isoformat(),) for day in set(days)]
            )
            await self._replan(tx, now)
            old, new = {row["day"] for row in await asked}, {day.isoformat() for day in days}
            if old != new:
                changes = {"added": _words(new - old), "removed": _words(old - new)}
                note(tx, AuditKind.HOLIDAYS, By(by, now), detail=changes)

    async def lines(self) -> list[str]:
        """The lines of the latest calls, and those with hours of their own."""
        rows = await self._database.fetch(
            "SELECT line FROM (SELECT line FROM calls ORDER BY position DESC, id DESC LIMIT ?) "
            "AS latest WHERE line IS NOT NULL UNION "
            "SELECT line FROM working_hours WHERE line <> '' ORDER BY line LIMIT 30",
            (_LATEST_CALLS,),
        )
        return [row["line"] for row in rows]

    async def escalation(self) -> Escalation:
        return _escalation(await self._database.fetch(_ESCALATION_SQL))

    async def set_number(
        self, name: EscalationField, value: int, *, now: int, by: int | None = None
    ) -> None:
        """`by`: the id of who sets it."""
        async with self._database.transaction() as tx:
            asked = tx.ask(_ESCALATION_SQL)
            tx.write(
                "INSERT INTO company_numbers (name, value) VALUES (?, ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (name.value, value),
            )
            if name is not EscalationField.TARGET:
                await self._replan_alerts(tx, now)
            old = _escalation(await asked).minutes(name)
            field = {"name": name.value}
            note_change(tx, AuditKind.NUMBER, By(by, now), old, value, detail=field)

    async def is_for_rung_only(self) -> bool:
        """Whether in groups only those who were rung, and those who see all, may take a client."""
        return await self._database.has(
            "SELECT 1 FROM company_numbers WHERE name = 'rung_only' AND value = 1", ()
        )

    async def set_rung_only(self, *, is_so: bool, by: By | None = None) -> None:
        """`by`: who sets it, of whom the audit is told."""
        async with self._database.transaction() as tx:
            asked = tx.ask("SELECT value FROM company_numbers WHERE name = 'rung_only'")
            tx.write(
                "INSERT INTO company_numbers (name, value) VALUES ('rung_only', ?) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                (int(is_so),),
            )
            [old] = [row["value"] for row in await asked] or [0]
            note_change(tx, AuditKind.RUNG_ONLY, by, old, int(is_so))

    async def owe_open_cases(self, *, now: int) -> bool:
        """When the company opens, owe everybody one list of the cases still open.

        Returns whether it was time. If the bot was down at the opening, the list is owed when it
        is back, at most half a day later. A planned opening that the hours do not give (the clock
        was wrong, the time zone has changed) is planned anew.
        """
        rows = await self._database.fetch(
            "SELECT value FROM company_numbers WHERE name = 'opening_at'"
        )
        if not rows:
            return False
        planned = rows[0]["value"]
        weeks = await self._database.fetch(_WEEKS_SQL)
        days = await self._database.fetch(_HOLIDAYS_SQL)
        if planned == _next_opening(weeks, days, now, self._zone):
            return False
        async with self._database.transaction() as tx:
            await self._plan_opening(tx, now)
            if not now - OWED_FOR <= planned <= now:
                return False
            people = await tx.execute(
                f"SELECT e.id FROM employees AS e WHERE {wants_alerts_sql('e')} "  # noqa: S608
                f"AND {takes_clients_sql('e')}"
            )
            for person in people:
                owe_once(
                    tx,
                    MessageKind.OPEN_CASES,
                    f"opening {planned}",
                    employee_id=person["id"],
                    priority=Priority.REPORT,
                    now=now,
                )
        return True

    async def _replan(self, tx: Transaction, now: int) -> None:
        """Plan anew what the hours decide: the next list, and the alerts still to come."""
        await self._plan_opening(tx, now)
        await self._replan_alerts(tx, now)

    async def _plan_opening(self, tx: Transaction, now: int) -> None:
        weeks, days = await tx.execute(_WEEKS_SQL), await tx.execute(_HOLIDAYS_SQL)
        opening = _next_opening(weeks, days, now, self._zone)
        tx.write("DELETE FROM company_numbers WHERE name = 'opening_at'")
        if opening is not None:
            tx.write(
                "INSERT INTO company_numbers (name, value) VALUES ('opening_at', ?)", (opening,)
            )

    async def _replan_alerts(self, tx: Transaction, now: int) -> None:
        """Plan anew when later steps are told of cases, and when alerts are repeated."""
        asked, alerts = ask_planning(tx), list_later_alerts(tx)
        plan = planning(await asked)
        for row in await alerts:
            minutes = plan.escalation.minutes(EscalationField(row["step"]))
            due_at = plan.hours(row["line"]).after(row["created_at"], minutes * 60, self._zone)
            await set_due_at(tx, row["id"], due_at)
        for row in await tx.execute(_REPEATS_SQL):  # by the moments just written
            hours, moment = plan.hours(row["line"]), max(now, row["last"])
            repeat_at = plan.escalation.repeat_moment(hours, moment, self._zone)
            tx.write("UPDATE cases SET repeat_at = ? WHERE id = ?", (repeat_at, row["id"]))


@dataclass(frozen=True, slots=True)
class Planning:
    """What decides when people are told: the escalation, and the hours of every line."""

    escalation: Escalation
    weeks: dict[str, Row]
    days: list[Row]

    def hours(self, line: str | None) -> Hours:
        """As CompanyRepo.hours."""
        week = self.weeks.get(line or "") or self.weeks.get("")
        return _hours([week] if week else [], self.days)

    def step_moments(
        self, line: str | None, *, zone: ZoneInfo, now: int
    ) -> tuple[StepMoments, int | None]:
        """When each step is told of a case, and when all are told again, if ever."""
        if self.escalation.is_at_once:
            return StepMoments(now, now, now), None
        hours = self.hours(line)
        moments = self.escalation.step_moments(hours, now, zone)
        repeat_at = self.escalation.repeat_moment(hours, max(now, moments.supervisors), zone)
        return moments, repeat_at


def ask_planning(tx: Transaction) -> Answer:
    """The rows of which `planning` makes a Planning."""
    return tx.ask(*planning_select())


def planning_select() -> Select:
    return (
        "SELECT 'minutes' AS what, name, value, NULL AS week, NULL AS line, NULL AS day "  # noqa: S608
        f"FROM ({_ESCALATION_SQL}) AS numbers UNION ALL "
        f"SELECT 'week', NULL, NULL, week, line, NULL FROM ({_WEEKS_SQL}) AS weeks UNION ALL "
        f"SELECT 'day', NULL, NULL, NULL, NULL, day FROM ({_HOLIDAYS_SQL}) AS days",
        (),
    )


def planning(rows: Collection[Row]) -> Planning:
    return Planning(
        _escalation([row for row in rows if row["what"] == "minutes"]),
        {row["line"]: row for row in rows if row["what"] == "week"},
        [row for row in rows if row["what"] == "day"],
    )


_HOURS_SQL = "SELECT week FROM working_hours WHERE line IN ('', ?) ORDER BY line DESC LIMIT 1"
_HOLIDAYS_SQL = "SELECT day FROM holidays"
_WEEKS_SQL = "SELECT line, week FROM working_hours"
_REPEATS_SQL = (
    # A case is repeated only after the last of its steps still to come.
    "SELECT k.id, c.line, coalesce((SELECT max(o.due_at) FROM outbox AS o WHERE o.case_id = k.id "
    "AND o.kind = 'case' AND o.state = 'pending' AND o.is_late = 1), 0) AS last "
    "FROM cases AS k JOIN calls AS c ON c.id = k.call_id WHERE k.repeat_at IS NOT NULL"
)
_ESCALATION_SQL = (
    "SELECT name, value FROM company_numbers WHERE name NOT IN ('opening_at', 'rung_only')"
)


def _words(days: Collection[str]) -> str:
    return ", ".join(sorted(days))


def _hours(rows: list[Row], days: list[Row]) -> Hours:
    holidays = frozenset(date.fromisoformat(row["day"]) for row in days)
    if not rows:
        return Hours(holidays=holidays)
    week = json.loads(rows[0]["week"])
    return Hours(tuple(tuple((a, b) for a, b in spans) for spans in week), holidays)


def _next_opening(weeks: list[Row], days: list[Row], now: int, zone: ZoneInfo) -> int | None:
    own = {row["line"]: _hours([row], days) for row in weeks}
    company = own.pop("", None) or _hours([], days)
    return next_opening_of_company(company, tuple(own.values()), now, zone)


def _escalation(rows: list[Row]) -> Escalation:
    return Escalation(**{row["name"]: row["value"] for row in rows})
