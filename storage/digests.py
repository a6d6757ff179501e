"""The digest: what became of the lost calls of a span of time, counted from the cases."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.domain.averages import median, percentile
from bot.domain.digests import CaseGroup, Digest, DigestPerson, DigestTotals
from bot.domain.hours import local_date, local_time, moment_of, wall_time
from bot.domain.people import Employee, Scope
from storage.case_spans import case_group_sql, opened_in_sql
from storage.engine.base import Database, Row, Value
from storage.scopes import case_in_scope_sql, extension_holder_sql

_WEEK = timedelta(days=7)
_QUARTER = 900
"""Seconds: every time zone is a whole number of quarters of an hour from UTC."""


class DigestRepo:
    def __init__(self, database: Database, zone: ZoneInfo, *, window: int) -> None:
        """`window`: seconds after which nobody waits for a call back any more."""
        self._database = database
        self._zone = zone
        self._window = window

    async def digest(self, employee: Employee, start: int, end: int, *, target: int) -> Digest:
        """The digest of the cases opened in the span, in the person's scope; `target` in seconds.

        Those who see all are told who called back and how often. Others are told of themselves
        alone, of all cases they called back, whoever was rung.
        """
        scope = employee.scope
        rows = await self._count_by_group(scope, start, end, target)
        hours = await asyncio.to_thread(self._opened_by_hour, rows)
        worst_at = min(hours, key=lambda at: (-hours[at], at), default=None)
        return Digest(
            start=start,
            end=end,
            totals=_totals(rows, await self._seconds_to_call_back(scope, start, end)),
            before=await self._totals_a_week_earlier(scope, start, end, target),
            earlier=await self._count_left_from_before(scope, start, end),
            target=target,
            worst_at=worst_at,
            worst_count=hours[worst_at] if worst_at is not None else 0,
            people=await self._people(employee, start, end),
        )

    async def _totals_a_week_earlier(
        self, scope: Scope, start: int, end: int, target: int
    ) -> DigestTotals | None:
        """The totals of the same wall times; None if the log does not go back so far."""
        first, last = self._week_earlier(start), self._week_earlier(end)
        if not await self._database.has("SELECT 1 FROM calls WHERE position < ? LIMIT 1", (last,)):
            return None
        rows = await self._count_by_group(scope, first, last, target)
        return _totals(rows, await self._seconds_to_call_back(scope, first, last))

    async def _count_by_group(self, scope: Scope, start: int, end: int, target: int) -> list[Row]:
        """How many cases were in each CaseGroup, by the quarter of an hour they were opened in."""
        where, values = opened_in_sql(start, end)
        mine, more = case_in_scope_sql(scope, "k")
        return await self._database.fetch(
            "SELECT fate, opened_at / ? * ? AS at, count(*) AS n, "  # noqa: S608
            "sum(CASE WHEN fate = 'called_back' AND took <= ? THEN 1 ELSE 0 END) AS in_target, "
            "sum(CASE WHEN (fate = 'called_back' AND took IS NOT NULL) "
            "OR (fate = 'left' AND opened_at < ?) THEN 1 ELSE 0 END) AS due "
            "FROM (SELECT k.opened_at, k.closed_at - k.opened_at AS took, "
            f"{case_group_sql('k')} AS fate "
            f"FROM cases AS k WHERE {where} AND {mine}) AS opened GROUP BY 1, 2",
            (_QUARTER, _QUARTER, target, end - target, end, *values, *more),
        )

    async def _seconds_to_call_back(self, scope: Scope, start: int, end: int) -> list[Row]:
        """Rows of `took`, seconds until a client was called back, and `n`: of how many clients."""
        where, values = opened_in_sql(start, end)
        mine, more = case_in_scope_sql(scope, "k")
        return await self._database.fetch(
            "SELECT k.closed_at - k.opened_at AS took, count(*) AS n FROM cases AS k "  # noqa: S608
            f"WHERE {where} AND k.state = 'called_back' AND k.closed_at < ? AND {mine} "
            "GROUP BY 1 ORDER BY 1",
            (*values, end, *more),
        )

    async def _count_left_from_before(self, scope: Scope, start: int, end: int) -> int:
        """How many cases opened before the span nobody had reached by its end."""
        where, values = opened_in_sql(end - self._window, start)
        mine, more = case_in_scope_sql(scope, "k")
        return await self._database.count(
            f"SELECT count(*) FROM cases AS k WHERE {where} "  # noqa: S608
            f"AND {case_group_sql('k')} = 'left' AND {mine}",
            (*values, end, *more),
        )

    async def _people(self, employee: Employee, start: int, end: int) -> tuple[DigestPerson, ...]:
        """Who called back, and who closed by hand; the busiest first."""
        where, values = opened_in_sql(start, end)
        is_all = employee.role.sees_all
        only: list[Value] = [] if is_all else [employee.id]
        one = f"AND z.employee_id = {extension_holder_sql('c.extension')}" if is_all else ""
        took = await self._database.fetch(
            "SELECT coalesce(z.employee_id, 0) AS id, "  # noqa: S608
            "CASE WHEN z.employee_id IS NULL THEN c.extension ELSE e.name END AS name, "
            "k.closed_at - k.opened_at AS took, count(*) AS n FROM cases AS k "
            "CROSS JOIN case_calls AS y CROSS JOIN calls AS c "
            f"LEFT JOIN employee_extensions AS z ON z.extension = c.extension {one} "
            "LEFT JOIN employees AS e ON e.id = z.employee_id "
            f"WHERE {where} AND k.state = 'called_back' AND k.closed_at < ? "
            "AND y.case_id = k.id AND y.part = 'closing' AND c.id = y.call_id "
            f"AND c.extension IS NOT NULL {'' if is_all else 'AND z.employee_id = ?'} "
            "GROUP BY 1, 2, 3 ORDER BY 3",
            (*values, end, *only),
        )
        closed = await self._database.fetch(
            "SELECT v.employee_id AS id, e.name, count(DISTINCT k.id) AS n "  # noqa: S608
            "FROM cases AS k CROSS JOIN case_events AS v CROSS JOIN employees AS e "
            f"WHERE {where} AND k.state = 'by_hand' AND k.closed_at < ? AND v.case_id = k.id "
            "AND v.kind = 'closed' AND v.at = k.closed_at AND e.id = v.employee_id "
            f"{'' if is_all else 'AND v.employee_id = ?'} GROUP BY 1, 2",
            (*values, end, *only),
        )
        return await asyncio.to_thread(_persons, took, closed)

    def _opened_by_hour(self, rows: Iterable[Row]) -> Counter[int]:
        """How many cases were opened in each local hour, by the moment the hour began."""
        opened: Counter[int] = Counter()
        for row in rows:
            hour = local_time(row["at"], self._zone).replace(minute=0)
            opened[int(hour.timestamp())] += row["n"]
        return opened

    def _week_earlier(self, moment: int) -> int:
        """The moment that clocks showed the same wall time a week before."""
        day = local_date(moment, self._zone) - _WEEK
        return moment_of(day, wall_time(moment, self._zone), self._zone)


def _totals(rows: Sequence[Row], took: Sequence[Row]) -> DigestTotals:
    fates: Counter[str] = Counter()
    for row in rows:
        fates[row["fate"]] += row["n"]
    return DigestTotals(
        opened=fates.total(),
        called_back=fates[_name(CaseGroup.CALLED_BACK)],
        got_through=fates[_name(CaseGroup.GOT_THROUGH)],
        by_hand=fates[_name(CaseGroup.BY_HAND)],
        left=fates[_name(CaseGroup.LEFT)],
        in_target=sum(row["in_target"] for row in rows),
        due=sum(row["due"] for row in rows),
        median=median(_pairs(took)),
        p90=percentile(_pairs(took), 90),
    )


def _persons(took: Sequence[Row], closed: Sequence[Row]) -> tuple[DigestPerson, ...]:
    keys: dict[tuple[int, str], list[tuple[int, int]]] = {}
    for row in took:
        key = row["id"], row["name"]
        keys.setdefault(key, []).append((row["took"], row["n"]))
    by_hand = {(row["id"], row["name"]): row["n"] for row in closed}
    people = [
        DigestPerson(
            id=id_,
            name=name,
            called_back=sum(n for _, n in keys.get((id_, name), ())),
            median=median(keys.get((id_, name), ())),
            by_hand=by_hand.get((id_, name), 0),
        )
        for id_, name in {*keys, *by_hand}
    ]
    return tuple(
        sorted(people, key=lambda one: (-one.called_back, -one.by_hand, one.name, one.id))
    )


def _pairs(rows: Iterable[Row]) -> list[tuple[int, int]]:
    return [(row["took"], row["n"]) for row in rows]


def _name(group: CaseGroup) -> str:
    return group.name.lower()
