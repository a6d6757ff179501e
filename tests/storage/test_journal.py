"""Reading the log: pages that nothing shifts, numbered exactly, in scope; one call."""

import asyncio
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from bot.domain.calls import Direction, Party, Status
from bot.domain.errors import NoAccessError, NotFoundError
from bot.domain.log import PAGES_COUNTED, Key, LogFilter, Turn
from bot.domain.people import EVERYTHING, Language, Role, Scope
from storage.comments import CommentRepo
from storage.contacts import ContactRepo
from storage.database import open_database
from storage.employees import EmployeeRepo
from storage.invites import InviteRepo
from tests.support.call_logs import (
    CLIENT,
    DAY,
    HOUR,
    NOW,
    ONE,
    SIZE,
    TWENTY,
    TWO,
    WHOLE,
    Log,
    client_call,
    ids,
    some_calls,
)
from tests.support.statements import said

# Pages

PARTS = [
    pytest.param(EVERYTHING, WHOLE, id="all"),
    pytest.param(ONE, WHOLE, id="one extension"),
    pytest.param(TWO, WHOLE, id="two extensions"),
    pytest.param(TWENTY, WHOLE, id="twenty extensions"),
    pytest.param(EVERYTHING, LogFilter(lost_only=True), id="lost"),
    pytest.param(TWO, LogFilter(lost_only=True), id="own lost"),
    pytest.param(EVERYTHING, LogFilter(numbers=(CLIENT,)), id="client"),
    pytest.param(TWO, LogFilter(numbers=(CLIENT,), lost_only=True), id="own lost client"),
    pytest.param(EVERYTHING, LogFilter(start=NOW - DAY, end=NOW), id="day"),
    pytest.param(TWO, LogFilter(start=NOW - DAY), id="own today"),
]


@pytest.mark.parametrize(("scope", "log_filter"), PARTS)
@pytest.mark.parametrize("seed", range(3))
async def test_turning_to_older_pages_meets_each_call_once_while_others_arrive(
    log: Log, scope: Scope, log_filter: LogFilter, seed: int
) -> None:
    chance = random.Random(seed)
    await log.add(*some_calls(chance, NOW - 2 * DAY, 90))
    meant = log.expected(scope, log_filter)
    page = await log.page(scope=scope, log_filter=log_filter)
    seen = ids(page)
    while page.has_older:
        await log.add(*some_calls(chance, NOW - HOUR, chance.randint(0, 3)))
        page = await log.page(Turn.OLDER, page.keys[-1], scope=scope, log_filter=log_filter)
        assert not page.is_beyond
        seen += ids(page)
    assert seen == meant
    assert len(seen) > SIZE


@pytest.mark.parametrize(("scope", "log_filter"), PARTS)
@pytest.mark.parametrize("seed", range(3))
async def test_turning_to_newer_pages_meets_each_call_once_while_others_arrive(
    log: Log, scope: Scope, log_filter: LogFilter, seed: int
) -> None:
    chance = random.Random(seed)
    await log.add(*some_calls(chance, NOW - 2 * DAY, 90))
    page = await log.page(Turn.LAST, scope=scope, log_filter=log_filter)
    seen = ids(page)
    while page.has_newer:
        if len(log.ids) < 120:
            newest = max(NOW, *(call.started_at for call in log.ids.values()))
            await log.add(*some_calls(chance, newest, chance.randint(0, 3)))
        page = await log.page(Turn.NEWER, page.keys[0], scope=scope, log_filter=log_filter)
        assert not page.is_beyond
        seen = ids(page) + seen
    assert seen == log.expected(scope, log_filter)


@pytest.mark.parametrize(("scope", "log_filter"), PARTS)
async def test_coming_back_opens_the_very_page_that_was_left(
    log: Log, scope: Scope, log_filter: LogFilter
) -> None:
    chance = random.Random(7)
    await log.add(*some_calls(chance, NOW - 2 * DAY, 90))
    page = await log.page(scope=scope, log_filter=log_filter)
    while True:
        await log.add(*some_calls(chance, NOW - 60, 2))
        back = await log.page(Turn.AT, page.keys[0], scope=scope, log_filter=log_filter)
        assert (ids(back), back.has_older) == (ids(page), page.has_older)
        if not page.has_older:
            break
        page = await log.page(Turn.OLDER, page.keys[-1], scope=scope, log_filter=log_filter)


async def test_a_call_of_two_of_my_extensions_is_there_once(log: Log) -> None:
    await log.add(*(said(rang=("101", "102")) for _ in range(3)))
    page = await log.page(scope=TWO)
    assert ids(page) == [3, 2, 1]
    assert (page.number, page.count, page.has_older) == (1, 1, False)


async def test_pages_are_numbered_and_counted(log: Log) -> None:
    await log.add(*(said(started_at=NOW - number) for number in range(23)))
    page = await log.page()
    told = []
    while True:
        told.append((page.number, page.count, page.has_newer, page.has_older, len(page.calls)))
        if not page.has_older:
            break
        page = await log.page(Turn.OLDER, page.keys[-1])
    assert told == [
        (1, 5, False, True, 5),
        (2, 5, True, True, 5),
        (3, 5, True, True, 5),
        (4, 5, True, True, 5),
        (5, 5, True, False, 3),
    ]


async def test_the_last_page_is_as_full_as_the_others(log: Log) -> None:
    await log.add(*(said(started_at=NOW - number) for number in range(23)))
    page = await log.page(Turn.LAST)
    assert ids(page) == [19, 20, 21, 22, 23]
    assert (page.number, page.count, page.has_newer, page.has_older) == (5, 5, True, False)


async def test_an_empty_log_is_one_empty_page(log: Log) -> None:
    for turn in Turn:
        for scope in (EVERYTHING, ONE, TWO, Scope(())):
            page = await log.page(turn, Key(NOW, 1), scope=scope)
            assert (page.calls, page.keys, page.number, page.count) == ((), (), 1, 1)
            assert (page.has_newer, page.has_older, page.is_beyond) == (False, False, False)


async def test_past_an_end_is_the_page_at_that_end(log: Log) -> None:
    await log.add(*(said(started_at=NOW - number) for number in range(7)))
    oldest, newest = Key(NOW - 6, 7), Key(NOW, 1)
    for turn, key, shown in (
        (Turn.OLDER, oldest, [3, 4, 5, 6, 7]),
        (Turn.AT, Key(1, 1), [3, 4, 5, 6, 7]),
        (Turn.NEWER, newest, [1, 2, 3, 4, 5]),
    ):
        page = await log.page(turn, key)
        assert page.is_beyond
        assert ids(page) == shown
    assert not (await log.page(Turn.OLDER, newest)).is_beyond


async def test_a_page_is_found_although_the_call_it_began_with_is_gone(log: Log) -> None:
    await log.add(*(said(started_at=NOW - number) for number in range(12)))
    second = await log.page(Turn.OLDER, (await log.page()).keys[-1])
    assert ids(second) == [6, 7, 8, 9, 10]
    async with log.database.transaction() as tx:
        await tx.execute("DELETE FROM calls WHERE id IN (6, 7)")
    assert ids(await log.page(Turn.AT, second.keys[0])) == [8, 9, 10, 11, 12]
    assert ids(await log.page(Turn.OLDER, second.keys[0])) == [8, 9, 10, 11, 12]
    assert ids(await log.page(Turn.NEWER, second.keys[0])) == [1, 2, 3, 4, 5]


async def test_calls_that_go_on_stand_first_and_take_their_place_when_they_end(log: Log) -> None:
    await log.add(*(said(started_at=NOW - number, rang=("101",)) for number in range(3)))
    ringing = said(started_at=NOW - 1, status=Status.RINGING, rang=("101", "102"))
    await log.add(ringing, replace(ringing, started_at=NOW - 9))
    for scope in (EVERYTHING, ONE, TWO):
        for log_filter in (WHOLE, LogFilter(start=NOW - DAY)):  # today's log has no end
            assert ids(await log.page(scope=scope, log_filter=log_filter)) == [4, 5, 1, 2, 3]
    assert ids(await log.page(log_filter=LogFilter(start=NOW - DAY, end=NOW + DAY))) == [1, 2, 3]
    ended = replace(log.ids[4], status=Status.MISSED)
    await log.calls.record([ended, replace(log.ids[5], status=Status.ANSWERED)], now=NOW)
    for scope in (EVERYTHING, ONE, TWO):
        assert ids(await log.page(scope=scope)) == [1, 4, 2, 3, 5]
    assert ids(await log.page(scope=TWO, log_filter=LogFilter(lost_only=True))) == [1, 4, 2, 3]


# Ten thousand calls


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of ten thousand calls: every second is lost, every second is of 101 and 102."""
    path = tmp_path_factory.mktemp("many") / "dzvinok.db"

    async def fill() -> None:
        async with open_database(path) as database, database.transaction() as tx:
            numbers = range(1, 10_001)
            tx.write_many(
                "INSERT INTO calls (id, source, external_id, direction, status, level, "
                "started_at, lost, position, received_at) "
                "VALUES (?, 'office', ?, 'in', 'missed', 1, ?, ?, ?, 0)",
                [(n, f"a{n}", NOW + n, n % 2, NOW + n) for n in numbers],
            )
            tx.write_many(
                "INSERT INTO call_extensions (extension, position, call_id, lost) "
                "VALUES (?, ?, ?, ?)",
                [(x, NOW + n, n, n % 2) for n in numbers[::2] for x in ("101", "102")],
            )
            await tx.execute("UPDATE counters SET value = 10000")

    with asyncio.Runner() as runner:
        runner.run(fill())
    return path


@pytest.fixture
async def big(many: Path) -> AsyncIterator[Log]:
    async with open_database(many) as database:
        yield Log(database)


@pytest.mark.parametrize(
    ("scope", "log_filter", "size"),
    [
        (EVERYTHING, WHOLE, 10),
        (EVERYTHING, LogFilter(lost_only=True), 5),
        (ONE, WHOLE, 5),
        (TWO, WHOLE, 5),
    ],
)
async def test_numbers_of_pages_are_exact_up_to_a_thousand(
    big: Log, scope: Scope, log_filter: LogFilter, size: int
) -> None:
    step = 10_000 // (PAGES_COUNTED * size)
    newest = 10_000 if step == 1 else 9_999
    assert PAGES_COUNTED == 1000
    first = await big.page(scope=scope, log_filter=log_filter, size=size)
    assert (first.number, first.count, first.keys[0].id) == (1, 1000, newest)
    last = await big.page(Turn.LAST, scope=scope, log_filter=log_filter, size=size)
    assert (last.number, last.count, last.keys[-1].id) == (1000, 1000, 1)
    for number in (2, 3, 499, 500, 501, 998, 999, 1000):
        id_ = newest - (number - 1) * size * step
        page = await big.page(
            Turn.AT, Key(NOW + id_, id_), scope=scope, log_filter=log_filter, size=size
        )
        assert (page.number, page.count, page.keys[0].id) == (number, 1000, id_)


@pytest.mark.parametrize("size", [5, 8, 9])
async def test_more_than_a_thousand_pages_are_not_counted(big: Log, size: int) -> None:
    for id_ in (10_000, 9_000, 5_500, 4_000, 500, 100, 1):
        page = await big.page(Turn.AT, Key(NOW + id_, id_), size=size)
        assert PAGES_COUNTED < page.count <= 2 * PAGES_COUNTED + 2
        assert page.number <= page.count
        assert page.has_older is (id_ > size)
        assert page.has_newer is (id_ < 10_000)
    last = await big.page(Turn.LAST, size=size)
    assert min(last.number, last.count) > PAGES_COUNTED


async def test_a_month_of_days_is_asked_for_at_once(big: Log) -> None:
    spans = [(NOW + n * 100, NOW + (n + 1) * 100) for n in range(33)]
    for scope in (EVERYTHING, ONE, TWO, TWENTY):
        assert await big.journal.has_calls(scope, WHOLE, spans) == [True] * 33


# One call


async def test_a_call_out_of_scope_is_refused_and_one_that_is_gone_is_not_found(
    log: Log,
) -> None:
    await log.add(said(rang=("103",)), said(rang=("101", "103")))
    for scope in (EVERYTHING, Scope(("103",)), Scope(("999", "103"))):
        assert (await log.journal.get(1, scope)).id == 1
    for scope in (ONE, TWO, Scope(())):
        with pytest.raises(NoAccessError):
            await log.journal.get(1, scope)
        with pytest.raises(NotFoundError):
            await log.journal.get(3, scope)
    assert (await log.journal.get(2, ONE)).id == 2
    with pytest.raises(NotFoundError):
        await log.journal.get(0, EVERYTHING)


async def test_a_call_names_its_client_its_colleagues_and_its_comment(log: Log) -> None:
    employees, invites = EmployeeRepo(log.database), InviteRepo(log.database)
    for tg_id, name, extension in ((1, "Олена", "101"), (2, "Іван", "sip:ivan")):
        token = await invites.add(Role.OPERATOR, extensions=[extension], now=NOW)
        await invites.accept(
            token, tg_id=tg_id, name=name, language=Language.UK, page_size=8, now=NOW
        )
    await log.add(
        client_call(0),
        said(
            direction=Direction.INTERNAL,
            caller=Party(number="101"),
            callee=Party(sip="sip:ivan"),
        ),
    )
    await ContactRepo(log.database).set_name(CLIENT, "Ганна", now=NOW)
    author = await employees.get(1)
    await CommentRepo(log.database).set(1, "Передзвонити", author=author, on_top_of=0, now=NOW)
    call = await log.journal.get(1, ONE)
    assert (call.contact, call.client, call.colleagues["101"]) == ("Ганна", CLIENT, "Олена")
    assert call.comment is not None
    assert (call.comment.text, call.comment.author, call.comment.version) == (
        "Передзвонити",
        "Олена",
        1,
    )
    internal = await log.journal.get(2, EVERYTHING)
    assert dict(internal.colleagues) == {"101": "Олена", "sip:ivan": "Іван"}
    assert internal.comment is None


async def test_what_a_source_has_sent_of_late_is_known_of_each_of_its_calls(log: Log) -> None:
    await log.add(
        client_call(0, price=Decimal("0.08"), currency="UAH"),
        client_call(60),
        client_call(120, source="other", recording_url="https://r.example/1"),
        client_call(7 * 86400 - 1),
        client_call(7 * 86400),
        client_call(120 + 7 * 86400, source="other"),
    )
    shown = [await log.journal.get(id_, EVERYTHING) for id_ in log.ids]
    assert [one.source_sends_prices for one in shown] == [True, True, False, True, False, False]
    assert [one.source_sends_recordings for one in shown] == [*[False] * 2, True, *[False] * 3]
