"""Recording calls: the same rows in any order; what time does to them."""

import json
import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.calls import PRICE_DELAY, CallFacts, Direction, Outcome, Party, Status
from bot.domain.errors import StorageError
from bot.domain.log import LogFilter, Turn
from bot.domain.merging import LIVE_POSITION, merge
from bot.domain.people import EVERYTHING, Role
from storage.calls import CallRepo
from storage.comments import CommentRepo
from storage.employees import EmployeeRepo
from storage.engine.base import Database
from storage.journal import JournalRepo
from storage.traits import FIRST
from tests.support.employees import hire, told_chats
from tests.support.engines import ONLY_SQLITE
from tests.support.statements import NOW, START, histories, merged, said, scrambled

HOUR = 3600

Stored = list[tuple[dict[str, Any], list[tuple[Any, ...]]]]


async def stored(database: Database, source: str) -> Stored:
    """The calls of a source with their extensions, without what differs between sources."""
    found: Stored = []
    rows = await database.fetch(
        "SELECT * FROM calls WHERE source = ? ORDER BY external_id", (source,)
    )
    for row in rows:
        call = dict(row)
        call["strengths"] = json.loads(call["strengths"] or "{}")  # an object has no order
        extensions = await database.fetch(
            "SELECT extension, position, lost, client FROM call_extensions WHERE call_id = ? "
            "ORDER BY extension",
            (call.pop("id"),),
        )
        del call["source"]
        call["traits"] &= ~FIRST  # of two calls of one second it is the one that was told first
        found.append((call, [tuple(one) for one in extensions]))
    return found


def named(statements: list[CallFacts], source: str, number: int) -> list[CallFacts]:
    return [replace(one, source=source, external_id=f"a{number}") for one in statements]


# What is stored


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(told=st.lists(histories(), min_size=1, max_size=4), seed=st.integers(0, 1 << 32))
async def test_order_batches_and_repetition_do_not_matter(
    database: Database, calls: CallRepo, told: list[list[CallFacts]], seed: int
) -> None:
    chance = random.Random(seed)
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM calls")
    whole = [one for number, history in enumerate(told) for one in named(history, "whole", number)]
    await calls.record(whole, now=NOW)
    mixed = [
        one
        for number, history in enumerate(told)
        for one in named(scrambled(history, seed + number), "mixed", number)
    ]
    chance.shuffle(mixed)
    rest = mixed
    while rest:
        size = chance.randint(1, 6)
        await calls.record(rest[:size], now=NOW)
        rest = rest[size:]
    rows = await stored(database, "whole")
    assert await stored(database, "mixed") == rows
    assert set(await calls.record([*whole, *mixed], now=NOW)) == {Outcome.UNCHANGED}
    assert await stored(database, "mixed") == rows


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories())
async def test_a_call_that_is_read_ends_where_its_wait_and_talk_end(
    database: Database, calls: CallRepo, history: list[CallFacts]
) -> None:
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM calls")
    await calls.record(history, now=NOW)
    page = await JournalRepo(database).page(
        EVERYTHING, LogFilter(), turn=Turn.FIRST, key=None, size=5
    )
    [call] = page.calls
    if call.wait is not None and call.talk is not None:
        assert call.ended_at == call.started_at + call.wait + call.talk
    if call.talk and call.wait is not None:
        assert call.answered_at == call.started_at + call.wait
    expected = merged(*history)
    assert (call.status, call.lost, call.rang) == (expected.status, expected.lost, expected.rang)


async def test_each_statement_is_accepted_updates_or_changes_nothing(calls: CallRepo) -> None:
    ringing, missed = said(status=Status.RINGING), said(caller=Party(name="Ганна"))
    assert await calls.record([], now=NOW) == []
    assert await calls.record([ringing], now=NOW) == [Outcome.ACCEPTED]
    assert await calls.record([ringing, missed, missed, ringing], now=NOW) == [
        Outcome.UNCHANGED,
        Outcome.UPDATED,
        Outcome.UNCHANGED,
        Outcome.UNCHANGED,
    ]
    other = said(external_id="a2")
    assert await calls.record([other, other, missed], now=NOW) == [
        Outcome.ACCEPTED,
        Outcome.UNCHANGED,
        Outcome.UNCHANGED,
    ]


async def test_an_id_is_a_call_of_its_source_only(database: Database, calls: CallRepo) -> None:
    await calls.record([said(), said(source="shop", status=Status.NO_ANSWER)], now=NOW)
    rows = await database.fetch("SELECT source, status FROM calls ORDER BY source")
    assert [tuple(row) for row in rows] == [("office", "missed"), ("shop", "no_answer")]


async def test_thousands_of_statements_fit_one_batch(database: Database, calls: CallRepo) -> None:
    many = [said(external_id=f"a{number}", rang=("101",)) for number in range(1200)]
    await hire(database, 1, Role.OPERATOR, "101")
    assert set(await calls.record(many, now=NOW)) == {Outcome.ACCEPTED}
    assert set(await calls.record(many, now=NOW)) == {Outcome.UNCHANGED}
    assert len(await told_chats(database)) == 1200
    changed = [replace(one, rang=("102",)) for one in many]
    assert set(await calls.record(changed, now=NOW)) == {Outcome.UPDATED}
    [row] = await database.fetch("SELECT count(*) AS n FROM call_extensions")
    assert row["n"] == 2400


@pytest.mark.parametrize("broken", [{"started_at": 1 << 70}, {"queue": "\ud800"}])
async def test_a_batch_with_a_statement_that_fails_leaves_nothing(
    database: Database, calls: CallRepo, broken: dict[str, Any]
) -> None:
    await hire(database, 1, Role.SUPERVISOR)
    with pytest.raises((OverflowError, UnicodeEncodeError, StorageError)):
        await calls.record([said(rang=("101",)), said(external_id="a2", **broken)], now=NOW)
    for table in ("calls", "call_extensions", "outbox"):
        assert await database.fetch(f"SELECT 1 FROM {table}") == []
    await calls.record([said()], now=NOW)
    assert [row["id"] for row in await database.fetch("SELECT id FROM calls")] == [1]


async def test_the_last_calls_of_sources_are_known(calls: CallRepo) -> None:
    await calls.record([said(), said(external_id="a2")], now=NOW)
    await calls.record([said(source="shop")], now=NOW + 5)
    await calls.record([said(queue="sales")], now=NOW + 9)  # is no new call
    assert await calls.last_received("office") == NOW
    assert await calls.last_received("shop") == NOW + 5
    assert await calls.last_received("other") is None


@ONLY_SQLITE
async def test_the_last_call_of_a_source_is_one_step_into_an_index(database: Database) -> None:
    """However many calls other sources have brought since."""
    plan = await database.fetch(
        "EXPLAIN QUERY PLAN SELECT max(received_at) AS at FROM calls WHERE source = ?", ("office",)
    )
    assert [row["detail"] for row in plan] == [
        "SEARCH calls USING COVERING INDEX calls_by_source (source=?)"
    ]


# What time does


async def test_what_is_pending_is_settled_when_its_time_is_over(
    database: Database, calls: CallRepo
) -> None:
    missed = said(ended_at=NOW)
    await calls.record([missed], now=NOW)
    assert await calls.settle(now=NOW + PRICE_DELAY - 1) == 0
    assert await calls.settle(now=NOW + PRICE_DELAY) == 1
    assert await calls.settle(now=NOW + PRICE_DELAY) == 0
    [row] = await database.fetch("SELECT settles_at FROM calls")
    assert row["settles_at"] is None
    assert await calls.record([missed], now=NOW + PRICE_DELAY) == [Outcome.UNCHANGED]
    late = [replace(missed, price=Decimal("0.08"), currency="UAH")]
    assert await calls.record(late, now=NOW + HOUR) == [Outcome.UPDATED]
    [row] = await database.fetch("SELECT price, settles_at FROM calls")
    assert tuple(row) == ("0.08", None)


async def test_a_call_whose_end_never_comes_leaves_the_top_and_is_lost(
    database: Database, calls: CallRepo
) -> None:
    ringing = said(status=Status.RINGING, rang=("101",))
    await calls.record([ringing], now=START)
    sql = (
        "SELECT c.status, c.position, c.lost, x.position, x.lost FROM calls AS c "
        "JOIN call_extensions AS x ON x.call_id = c.id"
    )
    top, lost = START + LIVE_POSITION, ("missed", START, 1, START, 1)
    assert await calls.settle(now=START + HOUR - 1) == 0
    assert [tuple(row) for row in await database.fetch(sql)] == [("ringing", top, 0, top, 0)]
    assert await calls.settle(now=START + HOUR) == 1
    assert await calls.settle(now=START + HOUR) == 0
    assert [tuple(row) for row in await database.fetch(sql)] == [lost]
    assert await calls.record([ringing], now=START + 5 * HOUR) == [Outcome.UNCHANGED]
    await calls.record([replace(ringing, queue="sales")], now=START + 5 * HOUR)
    assert [tuple(row) for row in await database.fetch(sql)] == [lost]
    end = said(status=Status.ANSWERED, extension="101", ended_at=START + 60, talk=50)
    assert await calls.record([end], now=START + 6 * HOUR) == [Outcome.UPDATED]
    [row] = await database.fetch(sql)
    assert tuple(row) == ("answered", START, 0, START, 0)


async def test_a_call_whose_end_never_comes_is_a_case_until_its_end_is_told(
    database: Database, calls: CallRepo
) -> None:
    client = Party(number="0671234567")
    ringing = said(status=Status.RINGING, rang=("101",), caller=client)
    hidden = said(external_id="h", status=Status.RINGING)
    talk = said(external_id="t", status=Status.CONNECTING_OPERATOR, caller=client)
    out = said(external_id="o", direction=Direction.OUT, status=Status.RINGING, callee=client)
    await hire(database, 1, Role.SUPERVISOR)
    await calls.record([ringing, hidden, out], now=START)
    await calls.settle(now=START + HOUR)
    states = "SELECT state, client FROM cases ORDER BY id"
    assert [tuple(row) for row in await database.fetch(states)] == [
        ("open", None),
        ("open", "+380671234567"),
    ]
    owed = await database.fetch("SELECT kind, state FROM outbox")
    assert [tuple(row) for row in owed] == [("case", "pending")] * 2
    answered = replace(ringing, status=Status.ANSWERED, extension="101", ended_at=START + 60)
    await calls.record([answered], now=START + 2 * HOUR)
    assert [row["state"] for row in await database.fetch(states)] == ["open", "void"]
    await calls.record([talk], now=START + 2 * HOUR)
    assert await calls.settle(now=START + 6 * HOUR - 1) == 0
    assert [row["state"] for row in await database.fetch(states)] == ["open", "void"]
    assert await calls.settle(now=START + 30 * HOUR) > 0
    assert [row["state"] for row in await database.fetch(states)] == ["open", "void", "open"]
    told = await database.fetch("SELECT DISTINCT kind FROM outbox")
    assert [row["kind"] for row in told] == ["case"]


async def test_a_call_heard_of_just_now_goes_on_however_old_it_seems(calls: CallRepo) -> None:
    """Times hours behind (a wrong time zone) must not make a ringing call a lost one."""
    await calls.record([said(status=Status.RINGING)], now=START + 3 * HOUR)
    assert await calls.settle(now=START + 4 * HOUR - 1) == 0
    assert await calls.settle(now=START + 4 * HOUR) == 1


def test_a_live_call_of_long_ago_never_stands_on_top() -> None:
    ringing = said(status=Status.RINGING)
    assert merge(None, ringing, now=START + 4 * HOUR).position == START
    assert merge(None, ringing, now=START + 4 * HOUR - 1).position == START + LIVE_POSITION


async def test_the_oldest_calls_are_purged_with_all_that_hangs_on_them(
    database: Database, calls: CallRepo
) -> None:
    await hire(database, 1, Role.SUPERVISOR)
    author = await EmployeeRepo(database).get(1)
    many = [
        said(external_id=f"a{number}", started_at=START + number, rang=("101",))
        for number in range(5)
    ]
    await calls.record([*many, said(external_id="live", status=Status.RINGING)], now=NOW)
    comments = CommentRepo(database)
    for call_id in range(1, 6):
        await comments.set(call_id, "Передзвонити", author=author, on_top_of=0, now=NOW)
    assert await calls.purge(before=START + 3, limit=2) == 2
    assert await calls.purge(before=START + 3, limit=2) == 1
    assert await calls.purge(before=START + 3, limit=2) == 0
    for table, column in (
        ("calls", "id"),
        ("call_extensions", "call_id"),
        ("case_calls", "call_id"),
        ("comments", "call_id"),
        ("comment_changes", "call_id"),
    ):
        rows = await database.fetch(f"SELECT {column} AS id FROM {table} WHERE {column} < 6")
        assert sorted(row["id"] for row in rows) == [4, 5], table


async def test_the_id_of_a_purged_call_is_never_given_again(
    database: Database, calls: CallRepo
) -> None:
    await calls.record([said(), said(external_id="a2")], now=NOW)
    assert await calls.purge(before=NOW) == 2
    await calls.record([said()], now=NOW)
    assert [row["id"] for row in await database.fetch("SELECT id FROM calls")] == [3]
