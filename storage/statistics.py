"""Statistics of a part of the log: counted where the calls are, in one trip to the database.

The calls are read once, into a common table of few columns, of which all numbers are made. Each is
the count of the calls that the list behind it shows: what tells them is what filters the log.
"""

import asyncio
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from bot.domain.averages import median, percentile
from bot.domain.calls import Direction
from bot.domain.hours import local_time
from bot.domain.log import LogFilter
from bot.domain.log_views import CASE_STATES, Fate
from bot.domain.people import Scope
from bot.domain.places import Place, PlaceKind
from bot.domain.statistics import (
    BACK_WITHIN,
    LineLoad,
    Load,
    PersonLoad,
    Spread,
    Statistics,
    Totals,
)
from storage.engine.base import Database, Row, Select
from storage.first_calls import is_new_client_sql
from storage.log_parts import among_sql, of_people_sql
from storage.traits import TALK_KIND, kind_of, kind_sql

_QUARTER = 900
"""Seconds: every time zone is a whole number of quarters of an hour from UTC."""

_LOST = "sum(CASE WHEN f.lost = 1 THEN 1 ELSE 0 END)"
_TALKED = f"f.traits & {TALK_KIND} = {TALK_KIND}"
_OF_TOTALS = (
    f"SELECT 'call' AS part, '' AS name, {kind_sql('f')} AS key, f.wait AS seconds, "  # noqa: S608
    f"count(*) AS n, {_LOST} AS lost FROM f GROUP BY 3, 4",
    "SELECT 'talk', '', 0, f.talk, count(*), 0 FROM f "  # noqa: S608
    f"WHERE {_TALKED} AND f.talk IS NOT NULL GROUP BY 4",
    # CROSS for SQLite: from the few calls, not from all cases there are.
    "SELECT 'case', k.state, 0, CASE WHEN k.state = 'called_back' "
    "THEN k.closed_at - k.opened_at END, count(*), count(DISTINCT k.id) "
    "FROM f CROSS JOIN case_calls AS y CROSS JOIN cases AS k "
    "WHERE f.lost = 1 AND y.call_id = f.id AND y.part = 'lost' AND k.id = y.case_id GROUP BY 2, 4",
)
"""SELECTs of what is told of the period before too; in those of cases `lost` counts cases."""

_NUMBERS = "c.id, c.traits, c.lost, c.wait, c.talk"
_OF_HOURS = (
    f"SELECT 'time', '', f.started_at / {_QUARTER} * {_QUARTER}, 0, count(*), {_LOST} "  # noqa: S608
    "FROM f GROUP BY 3"
)
_OF_LINES = (
    f"SELECT 'line', f.line, 0, 0, count(*), {_LOST} FROM f "  # noqa: S608
    "WHERE f.line IS NOT NULL GROUP BY 2"
)
_BESIDE = 1 << 31
"""More than any id, so that a moment times this, and an id, are one number that sorts as both."""

_OF_NEW = (
    "SELECT 'new', '', 0, 0, count(*), 0 FROM (SELECT one.client, "  # noqa: S608
    f"one.first / {_BESIDE} AS started_at, one.first % {_BESIDE} AS id FROM (SELECT f.client, "
    f"min(f.started_at * {_BESIDE} + f.id) AS first FROM f WHERE f.client IS NOT NULL "
    "GROUP BY f.client) AS one) AS g WHERE NOT EXISTS (SELECT 1 FROM calls AS e "
    "WHERE e.client = g.client AND (e.position, e.id) < (g.started_at, g.id) LIMIT 1 OFFSET 0) "
    f"AND {is_new_client_sql('g.client', 'g.started_at', 'g.id')}"
)
"""Of the calls of a number only the first can be a new client's. Most have called long before,
which is the cheapest to find out, the more so in the order of the numbers."""

_OF_TALKS = (
    "SELECT 'talks', '', z.employee_id, CAST(sum(one.talk) AS BIGINT), 0, 0 "  # noqa: S608
    f"FROM (SELECT f.extension, sum(f.talk) AS talk FROM f WHERE {_TALKED} "
    "GROUP BY f.extension) AS one "
    "JOIN employee_extensions AS z ON z.extension = one.extension GROUP BY z.employee_id"
)


def _of_people(log_filter: LogFilter) -> Select:
    calls, values = of_people_sql(log_filter)
    return (
        "SELECT 'person' AS part, e.name, e.id AS key, 0 AS seconds, one.n, one.lost "  # noqa: S608
        "FROM (SELECT every.employee_id AS id, count(DISTINCT every.call_id) AS n, "
        "count(DISTINCT CASE WHEN every.lost = 1 THEN every.call_id END) AS lost "
        f"FROM ({calls}) AS every GROUP BY every.employee_id) AS one "
        "JOIN employees AS e ON e.id = one.id",
        values,
    )


class StatisticsRepo:
    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        self._database = database
        self._zone = zone

    async def statistics(
        self,
        scope: Scope,
        log_filter: LogFilter,
        *,
        before: LogFilter | None = None,
        with_people: bool = False,
    ) -> Statistics:
        """What the part of the log comes to, of what is in scope.

        `before`: the part it is compared with; it is left out if the log begins after its start.
        `with_people`: of each employee too, which only those who see all may be told.
        """
        more = [_OF_HOURS, _OF_NEW, _OF_LINES, *([_OF_TALKS] if with_people else [])]
        columns = f"{_NUMBERS}, c.started_at, c.extension, c.line, c.client"
        asked = [_select(scope, log_filter, columns, (*_OF_TOTALS, *more))]
        if with_people:
            asked.append(_of_people(log_filter))
        if before is not None and before.start is not None:
            asked += [
                _select(scope, before, _NUMBERS, _OF_TOTALS),
                ("SELECT 1 FROM calls WHERE position < ? LIMIT 1", (before.start,)),
            ]
        rows, *others = await self._database.fetch_each(*asked)
        people = others.pop(0) if with_people else []
        return await asyncio.to_thread(self._statistics, [*rows, *people], others)

    def _statistics(self, rows: Sequence[Row], earlier: Sequence[Sequence[Row]]) -> Statistics:
        took = _seconds_to_call_back(rows)
        return Statistics(
            totals=_totals(rows),
            before=_totals(earlier[0]) if earlier and earlier[1] else None,
            week=self._week(rows),
            people=_people(rows),
            lines=_lines(rows),
            back_within=_within(took),
        )

    def _week(self, rows: Iterable[Row]) -> tuple[tuple[Load, ...], ...]:
        """The load of the local hours of each weekday."""
        calls: Counter[tuple[int, int]] = Counter()
        lost: Counter[tuple[int, int]] = Counter()
        for row in rows:
            if row["part"] == "time":
                there = local_time(row["key"], self._zone)
                calls[there.weekday(), there.hour] += row["n"]
                lost[there.weekday(), there.hour] += row["lost"]
        return tuple(
            tuple(Load(calls[day, hour], lost[day, hour]) for hour in range(24))
            for day in range(7)
        )


def _select(scope: Scope, log_filter: LogFilter, columns: str, parts: Sequence[str]) -> Select:
    """Rows of `part`, `name`, `key`, `seconds`, `n` and `lost`."""
    among, values = among_sql(scope, log_filter)
    return (
        f"WITH f AS MATERIALIZED (SELECT {columns} FROM calls AS c WHERE {among}) "  # noqa: S608
        + " UNION ALL ".join(parts),
        values,
    )


def _totals(rows: Sequence[Row]) -> Totals:
    kinds: Counter[tuple[Direction | None, bool]] = Counter()
    waits: Counter[int] = Counter()
    states: Counter[str] = Counter()
    lost = new = 0
    for row in rows:
        if row["part"] == "call":
            way, talked = kind_of(row["key"] or 0)
            kinds[way, talked] += row["n"]
            lost += row["lost"]
            if (way, talked) == (Direction.IN, True) and row["seconds"] is not None:
                waits[row["seconds"]] += row["n"]
        elif row["part"] == "case":
            states[row["name"]] += row["n"]
        elif row["part"] == "new":
            new = row["n"]
    talks = [(row["seconds"], row["n"]) for row in rows if row["part"] == "talk"]
    fates = {fate: sum(states[one] for one in of_fate) for fate, of_fate in CASE_STATES.items()}
    return Totals(
        total=kinds.total(),
        incoming=_count(kinds, Direction.IN),
        outgoing=_count(kinds, Direction.OUT),
        internal=_count(kinds, Direction.INTERNAL),
        answered=kinds[Direction.IN, True],
        talks=sum(n for (_, talked), n in kinds.items() if talked),
        lost=lost,
        returned=fates[Fate.RETURNED],
        got_through=fates[Fate.GOT_THROUGH],
        by_hand=fates[Fate.BY_HAND],
        left=fates[Fate.UNRETURNED],
        no_case=lost - states.total(),
        new=new,
        wait=_spread(sorted(waits.items())),
        talk=_spread(sorted(talks)),
        back=_spread(_seconds_to_call_back(rows)),
    )


def _count(kinds: Counter[tuple[Direction | None, bool]], way: Direction) -> int:
    return kinds[way, False] + kinds[way, True]


def _seconds_to_call_back(rows: Iterable[Row]) -> list[tuple[int, int]]:
    """Seconds, ascending, and how many clients were called back after so many."""
    return sorted(
        (row["seconds"], row["lost"])
        for row in rows
        if row["part"] == "case" and row["seconds"] is not None
    )


def _people(rows: Sequence[Row]) -> tuple[PersonLoad, ...]:
    talks = {row["key"]: row["seconds"] for row in rows if row["part"] == "talks"}
    people = [
        PersonLoad(
            id=row["key"],
            name=row["name"],
            load=Load(row["n"], row["lost"]),
            talk=talks.get(row["key"], 0),
        )
        for row in rows
        if row["part"] == "person"
    ]
    return tuple(sorted(people, key=lambda one: (-one.load.calls, one.name, one.id)))


def _lines(rows: Iterable[Row]) -> tuple[LineLoad, ...]:
    lines = [
        LineLoad(place=Place(PlaceKind.LINE, row["name"]), load=Load(row["n"], row["lost"]))
        for row in rows
        if row["part"] == "line"
    ]
    return tuple(sorted(lines, key=lambda one: (-one.load.calls, one.place.name)))


def _spread(seconds: Sequence[tuple[int, int]]) -> Spread:
    return Spread(sum(n for _, n in seconds), median(seconds), percentile(seconds, 90))


def _within(seconds: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    counts = [0] * (len(BACK_WITHIN) + 1)
    for took, n in seconds:
        counts[bisect_left(BACK_WITHIN, took)] += n
    return tuple(counts)
