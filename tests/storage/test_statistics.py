"""Statistics say what plain Python says of the same calls, in any zone, of any part of the log."""

import asyncio
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.calls import Call, CasePart, CaseState, Direction, Party, Status
from bot.domain.hours import day_bounds
from bot.domain.log import LogFilter, Turn
from bot.domain.log_views import CASE_STATES, Fate, LogView, Period
from bot.domain.people import EVERYTHING, Role, Scope
from bot.domain.places import Place, PlaceKind
from bot.domain.statistics import Number, Statistics, narrowed, period_before, told_of
from storage.statistics import StatisticsRepo
from tests.support.call_logs import NOW, ONE, TWO, Log
from tests.support.case_ends import end_some
from tests.support.databases import empty_database
from tests.support.employees import hire
from tests.support.engines import BOTH_ENGINES, ONLY_SQLITE
from tests.support.plans import ExplainedDatabase
from tests.support.statements import said

HOUR, DAY = 3600, 86400
ZONES = ("UTC", "Europe/Kyiv", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe")
CHANGE = int(datetime(2026, 10, 25, 1, tzinfo=UTC).timestamp())
"""When clocks in Kyiv go back; those of Lord Howe have gone forth by half an hour before."""

SCOPES = {"all": EVERYTHING, "one": ONE, "two": TWO, "none": Scope(())}
NUMBERS = ("0671234567", "0501112233", "0939998877", "0632220011", None)
FILTERS: dict[str, dict[str, Any]] = {
    "whole": {},
    "in": {"direction": Direction.IN},
    "out": {"direction": Direction.OUT},
    "lost": {"lost_only": True},
    **{fate.value: {"case_states": states} for fate, states in CASE_STATES.items()},
    "answered": {"is_answered": True},
    "called back": {"status": Status.MISSED_CALLED_BACK},
    "missed": {"status": Status.MISSED},
    "line": {"place": Place(PlaceKind.LINE, "380445550101")},
    "queue": {"place": Place(PlaceKind.QUEUE, "Продажі")},
    "person": {"extensions": ("102", "103")},
    "client": {"numbers": ("+380671234567", "+380501112233")},
    "first": {"is_first": True},
    "long": {"longer_than": 60},
}


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Calls of all kinds within some days of a change of the clocks, some of them live."""
    found = []
    for number in range(draw(st.integers(0, 40))):
        start = CHANGE + draw(st.integers(-5 * DAY, 5 * DAY))
        direction = draw(st.sampled_from(list(Direction)))
        status = draw(st.sampled_from([Status.ANSWERED, Status.MISSED, *Status]))
        talk = draw(st.sampled_from([3, 70, 400])) if status is Status.ANSWERED else 0
        wait = draw(st.integers(0, 90))
        phone = draw(st.sampled_from(["101", "102", "103"]))
        client = Party(number=draw(st.sampled_from(NUMBERS)))
        ends = (client, Party()) if direction is Direction.IN else (Party(number=phone), client)
        found.append(
            {
                "external_id": f"a{number}",
                "direction": direction,
                "status": status,
                "started_at": start,
                "answered_at": start + wait if talk else None,
                "ended_at": None if status.is_live else start + wait + talk,
                "caller": ends[0],
                "callee": ends[1] if direction is not Direction.INTERNAL else Party(number="103"),
                "extension": phone if talk or direction is not Direction.IN else None,
                "rang": draw(st.sampled_from([(), ("101",), ("101", "102"), ("103",)]))
                if direction is Direction.IN
                else (),
                "line": draw(st.sampled_from(["380445550101", "380445550102", None])),
                "queue": draw(st.sampled_from(["Продажі", None])),
            }
        )
    return found


async def shown(log: Log, scope: Scope, log_filter: LogFilter) -> list[Call]:
    """The calls of the list that the filter opens."""
    page = await log.journal.page(scope, log_filter, turn=Turn.FIRST, key=None, size=200)
    return list(page.calls)


def seconds(values: list[int]) -> tuple[int, int | None, int | None]:
    """How many, their median, and what nine of ten do not exceed, by their definitions."""
    ordered = sorted(values)
    if not ordered:
        return 0, None, None
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    return len(ordered), round(middle), ordered[-(-len(ordered) * 90 // 100) - 1]


async def steps(log: Log, facts: list[dict[str, Any]]) -> None:
    for role, phones in ((Role.SUPERVISOR, ()), (Role.OPERATOR, ("101", "102"))):
        await hire(log.database, 1 if not phones else 2, role, *phones)
    await hire(log.database, 3, Role.OPERATOR, "103")
    if facts:
        now = CHANGE + 6 * DAY
        await log.calls.record([said(**one) for one in facts], now=now)
        await end_some(log.database, 1, "+380671234567", now=now)
        ignored = said(external_id="i", caller=Party(number=NUMBERS[0]), started_at=now)
        await log.calls.record([ignored], now=now)


async def in_plain_python(
    log: Log, told: Statistics, scope: Scope, log_filter: LogFilter, zone: ZoneInfo
) -> None:
    """Compare with what is counted from the calls of the list."""
    calls = await shown(log, scope, log_filter)
    totals = told.totals
    ways = Counter(call.direction for call in calls)
    talked = await shown(log, scope, replace(log_filter, is_answered=True))
    assert totals.total == len(calls)
    assert (totals.incoming, totals.outgoing, totals.internal) == (
        ways[Direction.IN],
        ways[Direction.OUT],
        ways[Direction.INTERNAL],
    )
    assert totals.talks == len(talked)
    answered = [call for call in talked if call.direction is Direction.IN]
    assert totals.answered == len(answered)
    assert totals.lost == sum(call.lost for call in calls)
    cases = {call.id: call.case for call in calls if call.case and call.case.part is CasePart.LOST}
    states = Counter(case.state for case in cases.values())
    assert totals.returned == states[CaseState.CALLED_BACK]
    assert totals.got_through == states[CaseState.GOT_THROUGH]
    assert totals.by_hand == states[CaseState.BY_HAND]
    assert totals.left == states[CaseState.OPEN] + states[CaseState.EXPIRED]
    assert totals.no_case == sum(call.lost and call.id not in cases for call in calls)
    numbers = {
        fate: Number.LEFT if fate is Fate.UNRETURNED else Number[fate.name] for fate in CASE_STATES
    }
    assert sum(totals.count(one) for one in numbers.values()) == totals.lost
    for fate, number in numbers.items():
        if log_filter.case_states is None:
            of_fate = replace(log_filter, case_states=CASE_STATES[fate])
            assert totals.count(number) == len(await shown(log, scope, of_fate)), fate
    assert totals.new == sum(call.is_first for call in calls)
    waits = seconds([call.wait for call in answered if call.wait is not None])
    assert (totals.wait.count, totals.wait.median, totals.wait.p90) == waits
    talks = seconds([call.talk for call in talked if call.talk is not None])
    assert (totals.talk.count, totals.talk.median, totals.talk.p90) == talks
    closed = {case.case_id for case in cases.values() if case.state is CaseState.CALLED_BACK}
    took = [
        row["took"]
        for case in sorted(closed)
        for row in await log.database.fetch(
            "SELECT closed_at - opened_at AS took FROM cases WHERE id = ?", (case,)
        )
        if row["took"] is not None  # the PBX says so, and no call of the log shows when
    ]
    assert (totals.back.count, totals.back.median, totals.back.p90) == seconds(took)
    assert sum(told.back_within) == len(took)
    week: Counter[tuple[int, int, bool]] = Counter()
    for call in calls:
        there = datetime.fromtimestamp(call.started_at, zone)
        week[there.weekday(), there.hour, call.lost] += 1
    for day in range(7):
        for hour in range(24):
            load, gone = told.week[day][hour], week[day, hour, True]
            assert (load.calls, load.lost) == (week[day, hour, False] + gone, gone)
    lines = Counter(call.line for call in calls if call.line)
    assert {one.place.name: one.load.calls for one in told.lines} == dict(lines)


async def check(
    log: Log, facts: list[dict[str, Any]], name: str, scope: Scope, zone: ZoneInfo, span: int
) -> None:
    await steps(log, facts)
    start = CHANGE - span * HOUR
    for end in (None, CHANGE + span * HOUR):
        log_filter = LogFilter(start=start, end=end, **FILTERS[name])
        with_people = scope.is_all and log_filter.extensions is None
        told = await StatisticsRepo(log.database, zone).statistics(
            scope, log_filter, with_people=with_people
        )
        await in_plain_python(log, told, scope, log_filter, zone)
        phones = {2: ("101", "102"), 3: ("103",)}
        people = {one.id: one for one in told.people}
        for person in phones if with_people else ():
            theirs = await shown(log, scope, replace(log_filter, extensions=phones[person]))
            lost = sum(call.lost for call in theirs)
            load = people[person].load if person in people else None
            assert (load.calls, load.lost) == (len(theirs), lost) if load else not theirs


@BOTH_ENGINES
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    facts=histories(),
    name=st.sampled_from(sorted(FILTERS)),
    scope=st.sampled_from(sorted(SCOPES)),
    zone=st.sampled_from(ZONES),
    span=st.integers(1, 140),
)
def test_statistics_are_what_the_list_comes_to(
    tmp_path_factory: pytest.TempPathFactory,
    facts: list[dict[str, Any]],
    name: str,
    scope: str,
    zone: str,
    span: int,
) -> None:
    async def run() -> None:
        async with empty_database(tmp_path_factory.mktemp("stats") / "dzvinok.db") as database:
            await check(Log(database), facts, name, SCOPES[scope], ZoneInfo(zone), span)

    asyncio.run(run())


@ONLY_SQLITE
@pytest.mark.parametrize("scope", SCOPES)
async def test_no_statistics_of_some_days_read_the_whole_log(log: Log, scope: str) -> None:
    await steps(log, [{"external_id": str(n), "started_at": NOW + n * HOUR} for n in range(60)])
    for name, chosen in FILTERS.items():
        explained = ExplainedDatabase(log.database)
        asked = LogFilter(start=NOW, end=NOW + DAY, **chosen)
        before = LogFilter(start=NOW - DAY, end=NOW, **chosen)
        await StatisticsRepo(explained, ZoneInfo("UTC")).statistics(
            SCOPES[scope], asked, before=before, with_people=scope == "all"
        )
        assert explained.plans
        # Few calls of some days are sorted to be grouped; none is read beyond those days.
        walks = [
            step
            for plan in explained.plans
            for step in plan.steps
            if re.match(r"SCAN (c|e|x|y|k|calls|call_extensions)\b", step)
            and "calls_by_position" not in step
        ]
        assert walks == [], name


def test_a_period_is_compared_with_the_same_weekdays() -> None:
    zone = ZoneInfo("Europe/Kyiv")
    now = int(datetime(2026, 11, 27, 14, 5, 30, tzinfo=zone).timestamp())
    for period, first, last, until in (
        (Period.TODAY, date(2026, 11, 20), date(2026, 11, 20), 14 * 60 + 5),
        (Period.YESTERDAY, date(2026, 11, 19), date(2026, 11, 19), None),
        (Period.WEEK, date(2026, 11, 14), date(2026, 11, 20), 14 * 60 + 5),
        (Period.MONTH, date(2026, 10, 4), date(2026, 10, 30), 14 * 60 + 5),
    ):
        before = period_before(told_of(LogView(period=period), date(2026, 11, 27)), now, zone)
        assert before is not None
        assert (before.first, before.last, before.until) == (first, last, until)
        assert before.start == day_bounds(first, zone)[0]
        end = datetime(last.year, last.month, last.day, 14, 6, tzinfo=zone).timestamp()
        assert before.end == (int(end) if until else day_bounds(last, zone)[1])


def test_what_is_told_of_is_bounded() -> None:
    today = date(2026, 11, 27)
    for view, days in (
        (LogView(), 31),
        (LogView(days=(1, today.toordinal())), 93),
        (LogView(period=Period.TODAY), 1),
    ):
        span = told_of(view, today).span(today)
        assert span is not None
        assert (span[1] - span[0]).days + 1 == days
        assert span[1] == today
    assert told_of(LogView(client_of=5), today).span(today) is None


def test_a_number_has_no_list_where_another_choice_stands_in_its_way() -> None:
    incoming = LogView(direction=Direction.IN, fate=Fate.LOST)
    assert narrowed(incoming, Number.OUT, person=0, place=None) is None
    assert narrowed(incoming, Number.TALKS, person=0, place=None) is None
    left = narrowed(incoming, Number.LEFT, person=0, place=None)
    assert left == replace(incoming, fate=Fate.UNRETURNED)
    assert narrowed(left, Number.LOST, person=0, place=None) == left
    assert narrowed(LogView(person=3), Number.PERSON, person=4, place=None) is None
