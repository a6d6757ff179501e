"""Who is owed an alert of a case, of which calls, and when once is enough."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from bot.domain.calls import Direction, Status
from bot.domain.case_rules import CaseRules
from bot.domain.cases import ALERT_MAX_AGE
from bot.domain.people import AlertScope, EmployeeState, Role
from storage.calls import CallRepo
from storage.comments import CommentRepo
from storage.engine.base import Database
from tests.support.employees import hire, told_chats
from tests.support.statements import NOW, START, said
from tests.support.stored_calls import HOUR, OTHER, StoredCalls, values_of


async def test_one_message_per_case_and_chat(stored: StoredCalls) -> None:
    await stored.hire(1, Role.SUPERVISOR)
    await stored.hire(2, Role.OPERATOR, "101")
    await stored.hire(3, Role.OPERATOR, "102")
    for number in range(3):
        await stored.lost(number * 30)
    assert await stored.owed() == [1, 2]
    await stored.send_all()
    await stored.lost(100, rang=("102",))
    assert await stored.owed() == [1, 2, 3]


async def test_an_alert_of_a_case_that_is_over_is_never_owed(stored: StoredCalls) -> None:
    await stored.hire(1, Role.SUPERVISOR)
    await stored.lost(-3000)
    await stored.dialled(-2000)
    await stored.lost(-1000, status=Status.ANSWERED, extension="101")
    rows = await stored.database.fetch("SELECT kind FROM outbox")
    assert [row["kind"] for row in rows] == ["case"]  # dropped when its turn comes


async def test_old_cases_are_told_of_in_one_list(stored: StoredCalls) -> None:
    await stored.hire(1, Role.SUPERVISOR)
    await stored.hire(2, Role.OPERATOR, "103")
    for number in range(3):
        await stored.lost(-2 * HOUR - number, f"05011122{number:02}")
    await stored.lost(-3 * 86400, OTHER)
    assert await stored.owed() == []
    assert await stored.owed("open_cases") == [1]


async def test_only_the_owner_hears_a_ring_when_a_taken_client_calls_again(
    stored: StoredCalls,
) -> None:
    await stored.hire(1, Role.SUPERVISOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await stored.lost()
    await stored.send_all()
    case = await stored.only_case()
    await stored.cases.take(case.id, olena, now=NOW)
    await stored.send_all()
    await stored.lost(60)
    rows = await stored.database.fetch(
        "SELECT chat_id, ping_version > 0 AS ping FROM outbox ORDER BY chat_id"
    )
    assert [tuple(row) for row in rows] == [(1, 0), (2, 1)]


async def test_a_comment_is_news_for_the_alert(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    await stored.lost()
    await stored.send_all()
    await CommentRepo(stored.database).set(1, "Передзвонити", author=boss, on_top_of=0, now=NOW)
    assert await stored.owed() == [1]


async def test_one_who_dials_a_taken_client_is_warned_once(stored: StoredCalls) -> None:
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await stored.hire(3, Role.OPERATOR, "102")
    await stored.lost()
    await stored.cases.take((await stored.only_case()).id, olena, now=NOW)
    ringing = await stored.dialled(60, status=Status.RINGING, extension="102", ended_at=None)
    assert await stored.owed("warning") == [3]
    await stored.send_all()
    over = values_of(ringing) | {"status": Status.NO_ANSWER, "ended_at": NOW + 90}
    await stored.calls.record([said(**over)], now=NOW + 90)
    await stored.dialled(120, status=Status.NO_ANSWER)
    assert await stored.owed("warning") == []


async def test_exactly_those_who_see_the_call_and_want_to_know_are_told(
    database: Database, calls: CallRepo
) -> None:
    expected = []
    people = itertools.product(
        Role, AlertScope, ((), ("101",), ("102",), ("101", "104")), EmployeeState, (False, True)
    )
    for tg_id, (role, alerts, extensions, state, is_unreachable) in enumerate(people, start=1):
        await hire(
            database,
            tg_id,
            role,
            *extensions,
            alerts=alerts,
            state=state,
            is_unreachable=is_unreachable,
        )
        is_own = "101" in extensions and role is not Role.ACCOUNTANT
        sees_all = role in {Role.ADMINISTRATOR, Role.SUPERVISOR} and alerts is AlertScope.ALL
        is_there = state is EmployeeState.ACTIVE and not is_unreachable
        if is_there and alerts is not AlertScope.NONE and (sees_all or is_own):
            expected.append(tg_id)
    assert len(expected) == 16
    await calls.record([said(rang=("101", "103"))], now=NOW)
    assert await told_chats(database) == expected
    [row] = await database.fetch("SELECT DISTINCT case_id, subject, state, due_at FROM outbox")
    assert tuple(row) == (1, "1", "pending", NOW)


@pytest.fixture
async def boss(database: Database) -> int:
    await hire(database, 1, Role.ADMINISTRATOR)
    return 1


NOT_LOST = [
    {"status": Status.RINGING},
    {"status": Status.ANSWERED, "extension": "101"},
    {"extension": "101", "talk": 5},
    {"direction": Direction.OUT, "status": Status.NO_ANSWER},
    {"direction": Direction.INTERNAL},
    {"status": Status.MISSED_CALLED_BACK},
]


@pytest.mark.parametrize("facts", NOT_LOST)
@pytest.mark.usefixtures("boss")
async def test_nobody_is_told_of_other_calls(
    database: Database, calls: CallRepo, facts: dict[str, Any]
) -> None:
    await calls.record([said(**facts)], now=NOW)
    assert await told_chats(database) == []


@pytest.mark.parametrize(("late", "is_told"), [(0, True), (1, False), (86400 * 365, False)])
@pytest.mark.usefixtures("boss")
async def test_nobody_is_told_of_a_call_that_ended_over_an_hour_ago(
    database: Database, calls: CallRepo, late: int, is_told: bool
) -> None:
    missed = said(started_at=START, ended_at=START + 60)
    await calls.record([missed], now=START + 60 + ALERT_MAX_AGE + late)
    assert await told_chats(database) == [1] * is_told


async def test_nobody_is_told_twice(database: Database, calls: CallRepo, boss: int) -> None:
    await hire(database, 2, Role.OPERATOR, "101", "102")
    missed = said(rang=("101", "102"))
    for facts in (missed, missed, replace(missed, queue="sales"), replace(missed, rang=("103",))):
        await calls.record([facts, facts], now=NOW)
    assert await told_chats(database) == [boss, 2]
    async with database.transaction() as tx:
        await tx.execute("UPDATE outbox SET state = 'sent'")
    await calls.record([replace(missed, status=Status.MISSED_OFFLINE)], now=NOW)
    assert await told_chats(database) == [boss, 2]


@pytest.mark.usefixtures("boss")
async def test_nobody_is_told_of_a_call_found_answered_in_the_same_batch(
    database: Database, calls: CallRepo
) -> None:
    answered = said(status=Status.ANSWERED, extension="101", talk=5)
    await calls.record([said(), answered], now=NOW)
    await calls.record([said(external_id="a2")], now=NOW - HOUR)
    await calls.record([replace(answered, external_id="a2"), said(external_id="a2")], now=NOW)
    rows = await database.fetch("SELECT subject FROM outbox")
    assert [row["subject"] for row in rows] == ["1"]  # told when it was lost, and never again
    assert await told_chats(database) == [1]


async def test_a_live_call_that_ends_lost_is_told_of(
    database: Database, calls: CallRepo, boss: int
) -> None:
    await calls.record([said(status=Status.RINGING)], now=START)
    await calls.record([said(ended_at=NOW)], now=NOW)
    assert await told_chats(database) == [boss]


async def test_an_operator_whose_ringing_is_learnt_later_is_told_too(
    database: Database, calls: CallRepo, boss: int
) -> None:
    await hire(database, 2, Role.OPERATOR, "101")
    await calls.record([said()], now=NOW)
    assert await told_chats(database) == [boss]
    await calls.record([said(rang=("101",))], now=NOW)
    assert await told_chats(database) == [boss, 2]


async def test_too_short_a_call_is_told_of_only_when_it_proves_longer(
    database: Database, boss: int
) -> None:
    calls = CallRepo(database, rules=CaseRules(min_missed_seconds=10))
    await calls.record([said(ended_at=START + 9)], now=NOW)
    assert await told_chats(database) == []
    await calls.record([said(ended_at=START + 10)], now=NOW)
    await calls.record([said(ended_at=START + 11)], now=NOW)
    assert await told_chats(database) == [boss]
