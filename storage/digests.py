"""The digest: what became of the lost calls of a span of time, and when each person wants it."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.domain.digests import CaseGroup, Digest, DigestPerson, DigestTotals
from bot.domain.hours import (
    day_bounds,
    local_date,
    local_time,
    moment_of,
    next_local,
    wall_time,
)
from bot.domain.outbox import MessageKind, Priority
from bot.domain.people import Employee, Scope
from storage.case_spans import case_group_sql, opened_in_sql
from storage.database import Database, Row, Transaction, Value
from storage.owing import owe_once
from storage.scopes import case_in_scope_sql, extension_holder_sql

LIMIT = 6
"""Times of the day one person can choose."""

_LATE_BY = 12 * 3600
"""Seconds after its time within which a digest is still owed."""

_NOON = 12 * 60
"""Minutes of the day."""
_WEEK = timedelta(days=7)
_QUARTER = 900
"""Seconds: every time zone is a whole number of quarters of an hour from UTC."""


class DigestRepo:
    def __init__(self, database: Database, zone: ZoneInfo, *, window: int) -> None:
        """`window`: seconds after which nobody waits for a call back any more."""
        self._database = database
        self._zone = zone
        self._window = window

    # When

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
            await tx.execute(
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
            await tx.executemany(
                "UPDATE digests SET due_at = ? WHERE minutes = ? AND due_at > ? AND due_at <> ?",
                [(due_at, minutes, now, due_at) for minutes, due_at in nexts.items()],
            )
        return count

    async def _owe_digests(self, tx: Transaction, row: Row, *, now: int) -> int:
        """Owe one person's digests of one time of the day, and note when the next is due."""
        minutes, due_at, count = row["minutes"], row["due_at"], 0
        if due_at < now - _LATE_BY:
            due_at = next_local(now - _LATE_BY - 1, minutes, self._zone)
        while due_at <= now:
            count += await owe_once(
                tx,
                MessageKind.DIGEST,
                f"{due_at} {minutes}",
                employee_id=row["employee_id"],
                priority=Priority.LIST,
                now=now,
            )
            due_at = next_local(due_at, minutes, self._zone)
        await tx.execute(
            "UPDATE digests SET due_at = ? WHERE employee_id = ? AND minutes = ?",
            (due_at, row["employee_id"], minutes),
        )
        return count

    def span(self, due_at: int, minutes: int) -> tuple[int, int]:
        """What a digest of that time tells of: before noon the day before, else the day so far."""
        day = local_date(due_at, self._zone)
        if minutes < _NOON:
            return day_bounds(day - timedelta(days=1), self._zone)
        return moment_of(day, 0, self._zone), due_at

    def today(self, now: int) -> tuple[int, int]:
        """The day so far, to the end of this minute."""
        midnight, _ = day_bounds(local_date(now, self._zone), self._zone)
        return midnight, now // 60 * 60 + 60

    # What

    async def digest(self, employee: Employee, start: int, end: int, *, target: int) -> Digest:
        """The digest of the cases opened in the span, in the person's scope; `target` in seconds.

        Those who see all are told who called back and how often. Others are told of themselves
        alone, of all cases they called back, whoever was rung.
        """
        scope = employee.scope
        rows = await self._counts(scope, start, end, target)
        hours = await asyncio.to_thread(self._hours, rows)
        worst_at = min(hours, key=lambda at: (-hours[at], at), default=None)
        return Digest(
            start=start,
            end=end,
            totals=_totals(rows, await self._took(scope, start, end)),
            before=await self._before(scope, start, end, target),
            earlier=await self._earlier(scope, start, end),
            target=target,
            worst_at=worst_at,
            worst_count=hours[worst_at] if worst_at is not None else 0,
            people=await self._people(employee, start, end),
        )

    async def _before(
        self, scope: Scope, start: int, end: int, target: int
    ) -> DigestTotals | None:
        """The same wall times a week earlier; None if the log does not go back so far."""
        first, last = self._week_earlier(start), self._week_earlier(end)
        if not await self._database.has("SELECT 1 FROM calls WHERE position < ? LIMIT 1", (last,)):
            return None
        rows = await self._counts(scope, first, last, target)
        return _totals(rows, await self._took(scope, first, last))

    async def _counts(self, scope: Scope, start: int, end: int, target: int) -> list[Row]:
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

    async def _took(self, scope: Scope, start: int, end: int) -> list[Row]:
        """In how many seconds clients were called back, and how many in each, ascending."""
        where, values = opened_in_sql(start, end)
        mine, more = case_in_scope_sql(scope, "k")
        return await self._database.fetch(
            "SELECT k.closed_at - k.opened_at AS took, count(*) AS n FROM cases AS k "  # noqa: S608
            f"WHERE {where} AND k.state = 'called_back' AND k.closed_at < ? AND {mine} "
            "GROUP BY 1 ORDER BY 1",
            (*values, end, *more),
        )

    async def _earlier(self, scope: Scope, start: int, end: int) -> int:
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
            "CROSS JOIN case_calls AS y ON y.case_id = k.id AND y.part = 'closing' "
            "CROSS JOIN calls AS c ON c.id = y.call_id "
            f"LEFT JOIN employee_extensions AS z ON z.extension = c.extension {one} "
            "LEFT JOIN employees AS e ON e.id = z.employee_id "
            f"WHERE {where} AND k.state = 'called_back' AND k.closed_at < ? "
            f"AND c.extension IS NOT NULL {'' if is_all else 'AND z.employee_id = ?'} "
            "GROUP BY 1, 2, 3 ORDER BY 3",
            (*values, end, *only),
        )
        closed = await self._database.fetch(
            "SELECT v.employee_id AS id, e.name, count(DISTINCT k.id) AS n "  # noqa: S608
            "FROM cases AS k "
            "CROSS JOIN case_events AS v ON v.case_id = k.id AND v.kind = 'closed' "
            "AND v.at = k.closed_at CROSS JOIN employees AS e ON e.id = v.employee_id "
            f"WHERE {where} AND k.state = 'by_hand' AND k.closed_at < ? "
            f"{'' if is_all else 'AND v.employee_id = ?'} GROUP BY 1, 2",
            (*values, end, *only),
        )
        return await asyncio.to_thread(_persons, took, closed)

    def _hours(self, rows: Iterable[Row]) -> Counter[int]:
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


def percentile(values: Sequence[tuple[int, int]], percent: int) -> int | None:
    """The smallest value within which so many per cent lie (the nearest rank), None of nothing.

    `values`: each with how often it occurs, ascending.
    """
    return _at_rank(values, -(-_total(values) * percent // 100))


def median(values: Sequence[tuple[int, int]]) -> int | None:
    """The value in the middle; of an even number of values, the mean of the two in the middle.

    `values`: each with how often it occurs, ascending.
    """
    low, high = (
        _at_rank(values, (_total(values) + 1) // 2),
        _at_rank(values, _total(values) // 2 + 1),
    )
    return None if low is None or high is None else round((low + high) / 2)


def _total(values: Sequence[tuple[int, int]]) -> int:
    return sum(n for _, n in values)


def _at_rank(values: Sequence[tuple[int, int]], rank: int) -> int | None:
    """The value with this rank, from 1."""
    for value, n in values:
        rank -= n
        if rank <= 0:
            return value
    return None


def _name(group: CaseGroup) -> str:
    return group.name.lower()
