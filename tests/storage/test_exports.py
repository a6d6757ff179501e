"""What is exported is what the log shows, whatever is asked of it and whoever asks."""

import asyncio
import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.calls import Call, CallFacts, CasePart, Direction, Party, Status
from bot.domain.exports import LATE, PLANS, ExportedCall, ExportKind, next_due
from bot.domain.hours import week_before
from bot.domain.log import Key, LogFilter, Turn
from bot.domain.log_views import CASE_STATES, Fate
from bot.domain.people import EVERYTHING, EmployeeState, Role, Scope
from bot.domain.phones import NumberPlan
from bot.domain.places import Place, PlaceKind
from bot.domain.search import Query, read_query
from storage.comments import CommentRepo
from storage.digest_times import DigestTimes
from storage.employees import EmployeeRepo
from storage.engine.base import Database
from storage.export_plans import ExportPlans
from storage.exports import ExportRepo
from storage.exports_under_way import LASTS, ExportsUnderWay
from storage.search import LISTED, SearchRepo
from storage.statistics import StatisticsRepo
from storage.weekly_statistics import WeeklyStatistics
from tests.support.call_logs import DAY, NOW, ONE, TWO, Log
from tests.support.case_ends import end_some
from tests.support.employees import hire
from tests.support.kyiv import KYIV, at
from tests.support.statements import said

NUMBERS = ("0671234567", "0501112233", "0939998877", None)
LINES = ("380445550101", "380445550102", None)
SCOPES = (EVERYTHING, ONE, TWO, Scope(()), Scope(("104",), owner=1))

FILTERS = st.builds(
    LogFilter,
    start=st.sampled_from([None, NOW - 2 * DAY, NOW - DAY]),
    end=st.sampled_from([None, NOW - DAY // 2]),
    lost_only=st.booleans(),
    numbers=st.sampled_from([(), ("+380671234567",), ("+380501112233", "+380939998877")]),
    direction=st.sampled_from([None, *Direction]),
    is_answered=st.booleans(),
    case_states=st.sampled_from([None, *CASE_STATES.values()]),
    status=st.sampled_from([None, *Status]),
    extensions=st.sampled_from([None, ("102", "103"), ()]),
    place=st.sampled_from([None, Place(PlaceKind.LINE, "380445550101")]),
    is_commented=st.booleans(),
    is_recorded=st.booleans(),
    longer_than=st.sampled_from([0, 60, 300]),
    is_first=st.booleans(),
)


def some_facts(chance: random.Random, count: int) -> list[CallFacts]:
    facts = []
    for number in range(count):
        start = NOW - 2 * DAY + number * 900
        direction = chance.choice([Direction.IN, Direction.IN, Direction.OUT, Direction.INTERNAL])
        status = chance.choice([Status.ANSWERED, Status.MISSED, Status.RINGING, *Status])
        talk = chance.choice([5, 70, 400]) if status is Status.ANSWERED else 0
        phone, other = chance.sample(["101", "102", "103", "104"], 2)
        client = Party(chance.choice([None, "Ганна"]), chance.choice(NUMBERS))
        ends = (client, Party()) if direction is Direction.IN else (Party(number=phone), client)
        is_live = status.is_live
        facts.append(
            said(
                direction=direction,
                status=status,
                started_at=start,
                answered_at=start + 9 if talk else None,
                ended_at=None if is_live else start + 9 + talk,
                caller=ends[0],
                callee=ends[1] if direction is not Direction.INTERNAL else Party(number=other),
                extension=phone if talk or direction is not Direction.IN else None,
                rang=(phone, other)[: chance.randint(0, 2)] if direction is Direction.IN else (),
                line=chance.choice(LINES),
                recording_url="https://pbx.test/1.wav" if talk else None,
            )
        )
    return facts


@pytest.fixture
async def office(log: Log) -> Log:
    await log.add(*some_facts(random.Random(3), 150))
    await hire(log.database, 1, Role.OPERATOR, "101", "104")
    await hire(log.database, 2, Role.SUPERVISOR, "102")
    author = await EmployeeRepo(log.database).get(2)
    for call in range(1, 150, 5):
        await CommentRepo(log.database).set(call, "Так", author=author, on_top_of=0, now=NOW)
    await end_some(log.database, 2, "+380671234567", now=NOW)
    await log.add(said(started_at=NOW + 60, caller=Party(number=NUMBERS[0]), rang=("101",)))
    return log


async def all_pages(log: Log, scope: Scope, log_filter: LogFilter) -> list[Call]:
    """The log as somebody who turns all its pages sees it."""
    page = await log.journal.page(scope, log_filter, turn=Turn.FIRST, key=None, size=7)
    calls = list(page.calls)
    while page.has_older:
        page = await log.journal.page(
            scope, log_filter, turn=Turn.OLDER, key=page.keys[-1], size=7
        )
        calls += page.calls
    return calls


async def exported(log: Log, scope: Scope, log_filter: LogFilter, size: int) -> list[ExportedCall]:
    repo = ExportRepo(log.database)
    rows = [row async for some in repo.read(scope, log_filter, at_once=size) for row in some]
    assert await repo.count(scope, log_filter) == len(rows)
    return rows


def in_common(call: Call | ExportedCall) -> dict[str, Any]:
    """What both say of a call."""
    names = ["id", "source", "external_id", "direction", "status", "started_at", "wait", "talk"]
    names += ["ended_at", "ended_by", "price", "line", "queue", "extension"]
    said_of: dict[str, Any] = {name: getattr(call, name) for name in names}
    if isinstance(call, Call):
        lost = call.case if call.case and call.case.part is CasePart.LOST else None
        said_of |= {
            "employee": call.colleagues.get(call.extension or ""),
            "comment": call.comment.text if call.comment else None,
            "author": call.comment.author if call.comment else None,
            "fate": lost.state if lost else None,
        }
        outside = call.caller if call.direction is Direction.IN else call.callee
        if call.direction is not Direction.INTERNAL:
            said_of["client"] = (call.contact or outside.name, call.client)
    else:
        said_of |= {
            name: getattr(call, name) for name in ("employee", "comment", "author", "fate")
        }
        if call.direction is Direction.IN:
            said_of["client"] = call.caller, call.caller_number
        elif call.direction is Direction.OUT:
            said_of["client"] = call.callee, call.callee_number
    return said_of


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    log_filter=FILTERS, scope=st.sampled_from(SCOPES), size=st.sampled_from([1, 3, 50, 150, 500])
)
async def test_what_is_exported_is_what_all_pages_show(
    office: Log, log_filter: LogFilter, scope: Scope, size: int
) -> None:
    shown = [in_common(call) for call in await all_pages(office, scope, log_filter)]
    rows = [in_common(row) for row in await exported(office, scope, log_filter, size)]
    assert rows == shown


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    log_filter=FILTERS,
    scope=st.sampled_from(SCOPES),
    text=st.sampled_from(["", "067", "0671234567", "999", "так", "олена", "104", "ганна", "ні"]),
    listed=st.sampled_from([0, LISTED]),
)
async def test_list_count_statistics_and_export_say_the_same(
    office: Log, log_filter: LogFilter, scope: Scope, text: str, listed: int
) -> None:
    if isinstance(query := read_query(text, NumberPlan("UA")), Query):
        found = await SearchRepo(office.database, listed=listed).find(query)
        log_filter = replace(log_filter, found=found)
    calls = await all_pages(office, scope, log_filter)
    ids = [call.id for call in calls]
    assert [row.id for row in await exported(office, scope, log_filter, 50)] == ids
    page = await office.page(scope=scope, log_filter=log_filter)
    assert page.total == len(ids)
    told = await StatisticsRepo(office.database, KYIV).statistics(
        scope, log_filter, before=None, with_people=scope.is_all
    )
    ways = Counter(call.direction for call in calls)
    assert told.totals.total == len(ids)
    assert told.totals.incoming == ways[Direction.IN]
    assert told.totals.outgoing == ways[Direction.OUT]
    assert told.totals.lost == sum(call.lost for call in calls)
    assert sum(load.calls for day in told.week for load in day) == len(ids)
    fates = Counter(
        call.case.state if call.case and call.case.part is CasePart.LOST else None
        for call in calls
        if call.lost
    )
    told_of_lost = {
        Fate.RETURNED: told.totals.returned,
        Fate.GOT_THROUGH: told.totals.got_through,
        Fate.BY_HAND: told.totals.by_hand,
        Fate.UNRETURNED: told.totals.left,
        Fate.NO_CASE: told.totals.no_case,
    }
    for fate, states in CASE_STATES.items():
        assert told_of_lost[fate] == sum(fates[one] for one in states or (None,)), fate
    assert sum(told_of_lost.values()) == told.totals.lost, "a person can add them up"


@pytest.mark.parametrize("scope", SCOPES)
async def test_the_whole_log_is_exported_as_it_is_shown(office: Log, scope: Scope) -> None:
    shown = [in_common(call) for call in await all_pages(office, scope, LogFilter())]
    rows = [in_common(row) for row in await exported(office, scope, LogFilter(), 20)]
    assert rows == shown
    assert bool(shown) == (scope.extensions != ())


async def test_calls_that_come_meanwhile_shift_nothing_and_a_live_one_is_there_once(
    log: Log,
) -> None:
    facts = [said(started_at=NOW - number * 60) for number in range(30)]
    live = said(status=Status.RINGING, started_at=NOW - 600, ended_at=None)
    await log.add(*facts, live)
    before = [key_of(call) for call in await all_pages(log, EVERYTHING, LogFilter())]
    assert before[0].id == 31
    found: list[int] = []
    async for some in ExportRepo(log.database).read(EVERYTHING, LogFilter(), at_once=4):
        if not found:
            ended = replace(
                log.ids[31], status=Status.ANSWERED, answered_at=NOW - 590, ended_at=NOW - 500
            )
            await log.calls.record([ended], now=NOW)
        await log.add(said(started_at=NOW + len(found)))
        found += [call.id for call in some]
    assert found == [key.id for key in before]
    assert all(one != other for one, other in pairwise(found))


def key_of(call: Call) -> Key:
    return Key(call.started_at, call.id)


# One at a time


async def test_a_person_has_one_export_under_way_in_whatever_process(database: Database) -> None:
    await hire(database, 1, Role.SUPERVISOR)
    await hire(database, 2, Role.SUPERVISOR)
    under_way = ExportsUnderWay(database)
    begun = await asyncio.gather(*(under_way.begin(1, token, now=NOW) for token in range(5)))
    [token] = [token for token, is_begun in enumerate(begun) if is_begun]
    assert await under_way.begin(2, token, now=NOW)
    for moment in range(NOW, NOW + 5 * LASTS, LASTS):
        assert not await under_way.begin(1, 7, now=moment)
        assert await under_way.keep(1, token, now=moment)
    assert not await under_way.end(1, 7)
    assert await under_way.end(1, token)
    assert not await under_way.end(1, token)
    assert not await under_way.keep(1, token, now=NOW)
    assert await under_way.begin(1, 7, now=NOW)
    assert await under_way.keep(2, token, now=NOW)


@pytest.mark.parametrize("now", [NOW + LASTS + 1, NOW - 365 * DAY])
async def test_an_export_of_a_process_that_died_locks_nobody_out(
    database: Database, now: int
) -> None:
    await hire(database, 1, Role.SUPERVISOR)
    under_way = ExportsUnderWay(database)
    assert await under_way.begin(1, 5, now=NOW)
    assert await under_way.begin(1, 6, now=now)
    assert not await under_way.keep(1, 5, now=now)
    assert await under_way.keep(1, 6, now=now)


# Every Monday


async def test_a_plan_is_due_on_monday_at_nine_through_a_change_of_clocks(
    database: Database,
) -> None:
    await hire(database, 1, Role.SUPERVISOR)
    plans = ExportPlans(database, KYIV)
    now = at("2026-10-23 10:00")  # clocks go back on Sunday, the 25th
    assert await plans.put(1, 0, ExportKind.XLSX, now=now)
    [plan] = await plans.list_of(1)
    assert plan.due_at == at("2026-10-26 09:00")
    assert await plans.list_due(now=plan.due_at - 1) == []
    assert await plans.list_due(now=plan.due_at) == [plan]
    await plans.postpone(plan, until=plan.due_at + 600)
    assert await plans.list_due(now=plan.due_at + 599) == []
    assert await plans.list_due(now=plan.due_at + 600) == [plan]
    await plans.move_on(plan, now=plan.due_at + 600)
    await plans.move_on(plan, now=plan.due_at + 600)  # another has noted it too
    [moved] = await plans.list_of(1)
    assert moved.due_at == at("2026-11-02 09:00")
    assert week_before(moved.due_at, KYIV)[0].isoformat() == "2026-10-26"
    assert moved.due_at - plan.due_at > LATE


async def test_a_plan_made_under_a_wrong_clock_is_made_anew(database: Database) -> None:
    await hire(database, 1, Role.SUPERVISOR)
    plans = ExportPlans(database, KYIV)
    await plans.put(1, 0, ExportKind.CSV, now=at("2036-01-01 10:00"))
    now = at("2026-11-25 10:00")
    assert await plans.list_due(now=now) == []
    [plan] = await plans.list_of(1)
    assert plan.due_at == next_due(now, KYIV) == at("2026-11-30 09:00")


async def test_a_person_has_so_many_weekly_files(database: Database) -> None:
    await hire(database, 1, Role.SUPERVISOR)
    await hire(database, 2, Role.SUPERVISOR)
    plans = ExportPlans(database, KYIV)
    added = await asyncio.gather(
        *(plans.put(1, view, ExportKind.CSV, now=NOW) for view in range(PLANS + 2))
    )
    assert sum(added) == PLANS
    assert await plans.put(1, 0, ExportKind.XLSX, now=NOW)  # the same as another kind
    assert (await plans.list_of(1))[0].kind is ExportKind.XLSX
    assert await plans.put(2, 0, ExportKind.CSV, now=NOW)
    await plans.remove(1, 0)
    assert len(await plans.list_of(1)) == PLANS - 1


async def test_to_who_was_removed_nothing_comes_by_itself_when_they_are_back(
    database: Database,
) -> None:
    people, plans = EmployeeRepo(database), ExportPlans(database, KYIV)
    digests, statistics = DigestTimes(database, KYIV), WeeklyStatistics(database, KYIV)
    for employee in (1, 2):
        await hire(database, employee, Role.SUPERVISOR)
        await plans.put(employee, 0, ExportKind.CSV, now=NOW)
        await digests.add(employee, 18 * 60, now=NOW)
        await statistics.set_wanted(employee, is_wanted=True, now=NOW)
    await people.set_state(1, EmployeeState.REMOVED)
    await people.set_state(2, EmployeeState.BLOCKED)
    for employee, is_kept in ((1, False), (2, True)):
        await people.set_state(employee, EmployeeState.ACTIVE)
        assert bool(await plans.list_of(employee)) is is_kept
        assert bool(await digests.times(employee)) is is_kept
        assert await statistics.is_wanted(employee) is is_kept
