"""Reading the log: pages that nothing shifts, exact numbers, scopes, an index for every query."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.case_rules import CaseRules
from bot.domain.errors import NoAccessError, NotFoundError
from bot.domain.log import PAGES_COUNTED, DayNumbers, Key, LogFilter, Page, Turn
from bot.domain.merging import LIVE_MAX_AGE, merge
from bot.domain.people import EVERYTHING, Language, Role, Scope
from storage.calls import CallRepo
from storage.comments import CommentRepo
from storage.contacts import ContactRepo
from storage.database import Database, Row, Value, open_database
from storage.employees import EmployeeRepo
from storage.invites import InviteRepo
from storage.journal import JournalRepo
from tests.support.statements import said

NOW = 1_790_000_000
HOUR, DAY = 3600, 86400
SIZE = 5
ONE, TWO = Scope(("101",)), Scope(("101", "102"))
TWENTY = Scope(tuple(str(number) for number in range(101, 121)))
CLIENT, NUMBER = "+380671234567", "0671234567"
WHOLE = LogFilter()


class Log:
    """A log of its own: calls come in, pages are read."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.calls = CallRepo(database)
        self.journal = JournalRepo(database)
        self.ids: dict[int, CallFacts] = {}

    async def add(self, *facts: CallFacts, now: int = NOW) -> None:
        """Each as a new call; ids are given from 1."""
        whole = [
            replace(one, external_id=f"a{len(self.ids) + number}")
            for number, one in enumerate(facts, start=1)
        ]
        await self.calls.record(whole, now=now)
        self.ids |= enumerate(whole, start=len(self.ids) + 1)

    async def page(
        self,
        turn: Turn = Turn.FIRST,
        key: Key | None = None,
        *,
        scope: Scope = EVERYTHING,
        found: LogFilter = WHOLE,
        size: int = SIZE,
    ) -> Page:
        return await self.journal.page(scope, found, turn=turn, key=key, size=size)

    def expected(self, scope: Scope, found: LogFilter) -> list[int]:
        """The ids of the calls that are meant, newest first, by the plainest of rules."""
        keys = []
        for id_, facts in self.ids.items():
            call = merge(None, facts, now=NOW)
            is_mine = scope.extensions is None or set(scope.extensions) & set(call.extensions)
            is_in_time = (found.start or 0) <= call.position < (found.end or 1 << 60)
            is_client = found.client in {None, call.client}
            if is_mine and is_in_time and is_client and (call.lost or not found.lost_only):
                keys.append((call.position, id_))
        return [id_ for _, id_ in sorted(keys, reverse=True)]


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[Log]:
    async with open_database(tmp_path / "dzvinok.db") as database:
        yield Log(database)


def ids(page: Page) -> list[int]:
    assert [key.id for key in page.keys] == [call.id for call in page.calls]
    return [call.id for call in page.calls]


def some_calls(chance: random.Random, start: int, count: int) -> list[CallFacts]:
    """Calls of all kinds in the order of their starts, several of them in the same second."""
    found = []
    for _ in range(count):
        start += chance.choice([0, 0, 600, 5400])
        found.append(
            said(
                started_at=start,
                status=chance.choice([Status.MISSED, Status.ANSWERED]),
                caller=Party(number=chance.choice([NUMBER, "0501112233", None])),
                rang=tuple(chance.sample(["101", "102", "103"], chance.randint(0, 3))),
            )
        )
    return found


# Pages

PARTS = [
    pytest.param(EVERYTHING, WHOLE, id="all"),
    pytest.param(ONE, WHOLE, id="one extension"),
    pytest.param(TWO, WHOLE, id="two extensions"),
    pytest.param(TWENTY, WHOLE, id="twenty extensions"),
    pytest.param(EVERYTHING, LogFilter(lost_only=True), id="lost"),
    pytest.param(TWO, LogFilter(lost_only=True), id="own lost"),
    pytest.param(EVERYTHING, LogFilter(client=CLIENT), id="client"),
    pytest.param(TWO, LogFilter(client=CLIENT, lost_only=True), id="own lost client"),
    pytest.param(EVERYTHING, LogFilter(start=NOW - DAY, end=NOW), id="day"),
    pytest.param(TWO, LogFilter(start=NOW - DAY), id="own today"),
]


@pytest.mark.parametrize(("scope", "found"), PARTS)
@pytest.mark.parametrize("seed", range(3))
async def test_turning_to_older_pages_meets_each_call_once_while_others_arrive(
    log: Log, scope: Scope, found: LogFilter, seed: int
) -> None:
    chance = random.Random(seed)
    await log.add(*some_calls(chance, NOW - 2 * DAY, 90))
    meant = log.expected(scope, found)
    page = await log.page(scope=scope, found=found)
    seen = ids(page)
    while page.has_older:
        await log.add(*some_calls(chance, NOW - HOUR, chance.randint(0, 3)))
        page = await log.page(Turn.OLDER, page.keys[-1], scope=scope, found=found)
        assert not page.is_beyond
        seen += ids(page)
    assert seen == meant
    assert len(seen) > SIZE


@pytest.mark.parametrize(("scope", "found"), PARTS)
@pytest.mark.parametrize("seed", range(3))
async def test_turning_to_newer_pages_meets_each_call_once_while_others_arrive(
    log: Log, scope: Scope, found: LogFilter, seed: int
) -> None:
    chance = random.Random(seed)
    await log.add(*some_calls(chance, NOW - 2 * DAY, 90))
    page = await log.page(Turn.LAST, scope=scope, found=found)
    seen = ids(page)
    while page.has_newer:
        if len(log.ids) < 120:
            newest = max(NOW, *(call.started_at for call in log.ids.values()))
            await log.add(*some_calls(chance, newest, chance.randint(0, 3)))
        page = await log.page(Turn.NEWER, page.keys[0], scope=scope, found=found)
        assert not page.is_beyond
        seen = ids(page) + seen
    assert seen == log.expected(scope, found)


@pytest.mark.parametrize(("scope", "found"), PARTS)
async def test_coming_back_opens_the_very_page_that_was_left(
    log: Log, scope: Scope, found: LogFilter
) -> None:
    chance = random.Random(7)
    await log.add(*some_calls(chance, NOW - 2 * DAY, 90))
    page = await log.page(scope=scope, found=found)
    while True:
        await log.add(*some_calls(chance, NOW - 60, 2))
        back = await log.page(Turn.AT, page.keys[0], scope=scope, found=found)
        assert (ids(back), back.has_older) == (ids(page), page.has_older)
        if not page.has_older:
            break
        page = await log.page(Turn.OLDER, page.keys[-1], scope=scope, found=found)


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
        for found in (WHOLE, LogFilter(start=NOW - DAY)):  # today's log has no end
            assert ids(await log.page(scope=scope, found=found)) == [4, 5, 1, 2, 3]
    assert ids(await log.page(found=LogFilter(start=NOW - DAY, end=NOW + DAY))) == [1, 2, 3]
    ended = replace(log.ids[4], status=Status.MISSED)
    await log.calls.record([ended, replace(log.ids[5], status=Status.ANSWERED)], now=NOW)
    for scope in (EVERYTHING, ONE, TWO):
        assert ids(await log.page(scope=scope)) == [1, 4, 2, 3, 5]
    assert ids(await log.page(scope=TWO, found=LogFilter(lost_only=True))) == [1, 4, 2, 3]


# Ten thousand calls


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of ten thousand calls: every second is lost, every second is of 101 and 102."""
    path = tmp_path_factory.mktemp("many") / "dzvinok.db"

    async def fill() -> None:
        async with open_database(path) as database, database.transaction() as tx:
            numbers = range(1, 10_001)
            await tx.executemany(
                "INSERT INTO calls (id, source, external_id, direction, status, level, "
                "started_at, lost, position, received_at) "
                "VALUES (?, 'office', ?, 'in', 'missed', 1, ?, ?, ?, 0)",
                [(n, f"a{n}", NOW + n, n % 2, NOW + n) for n in numbers],
            )
            await tx.executemany(
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
    ("scope", "found", "size"),
    [
        (EVERYTHING, WHOLE, 10),
        (EVERYTHING, LogFilter(lost_only=True), 5),
        (ONE, WHOLE, 5),
        (TWO, WHOLE, 5),
    ],
)
async def test_numbers_of_pages_are_exact_up_to_a_thousand(
    big: Log, scope: Scope, found: LogFilter, size: int
) -> None:
    step = 10_000 // (PAGES_COUNTED * size)
    newest = 10_000 if step == 1 else 9_999
    assert PAGES_COUNTED == 1000
    first = await big.page(scope=scope, found=found, size=size)
    assert (first.number, first.count, first.keys[0].id) == (1, 1000, newest)
    last = await big.page(Turn.LAST, scope=scope, found=found, size=size)
    assert (last.number, last.count, last.keys[-1].id) == (1000, 1000, 1)
    for number in (2, 3, 499, 500, 501, 998, 999, 1000):
        id_ = newest - (number - 1) * size * step
        page = await big.page(Turn.AT, Key(NOW + id_, id_), scope=scope, found=found, size=size)
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


# Days

KYIV = ZoneInfo("Europe/Kyiv")


def midnight(on: date) -> int:
    return int(datetime(on.year, on.month, on.day, tzinfo=KYIV).timestamp())


@pytest.mark.parametrize(
    ("on", "hours"),
    [(date(2026, 10, 25), 25), (date(2026, 3, 29), 23), (date(2026, 11, 22), 24)],
)
async def test_each_call_is_in_the_log_of_exactly_one_day(log: Log, on: date, hours: int) -> None:
    begin, end = midnight(on), midnight(on + timedelta(days=1))
    starts = [*range(begin - DAY, end + DAY, 1800), begin - 1, begin + 1, end - 1, end + 1]
    await log.add(*(said(started_at=start, rang=("101", "102")) for start in starts))
    seen = []
    for day in (on - timedelta(days=1), on, on + timedelta(days=1)):
        found = LogFilter(start=midnight(day), end=midnight(day + timedelta(days=1)))
        page = await log.page(found=found, size=200)
        own = await log.page(found=found, scope=TWO, size=200)
        assert ids(own) == ids(page)
        for call in page.calls:
            assert datetime.fromtimestamp(call.started_at, UTC).astimezone(KYIV).date() == day
        numbers = await log.journal.numbers(EVERYTHING, start=found.start or 0, end=found.end)
        assert numbers.total == len(page.calls)
        seen += ids(page)
        if day == on:
            assert len(page.calls) == hours * 2 + 2
    assert sorted(seen) == sorted(log.ids)


@pytest.mark.parametrize("scope", [EVERYTHING, ONE, TWO, TWENTY])
async def test_the_days_that_have_calls_are_known(log: Log, scope: Scope) -> None:
    await log.add(
        said(started_at=NOW, rang=("102",), caller=Party(number=NUMBER)),
        said(started_at=NOW + 2 * DAY, rang=("101",), status=Status.ANSWERED),
        said(started_at=NOW + 4 * DAY, status=Status.RINGING, rang=("101",)),
    )
    spans = [(0, NOW), (NOW, NOW + 1), (NOW + 1, NOW + 2 * DAY), (NOW + 2 * DAY, NOW + 3 * DAY)]
    spans += [(NOW + 2 * DAY + 1, 1 << 50), (0, 1 << 50)]
    for found in (WHOLE, LogFilter(lost_only=True), LogFilter(client=CLIENT)):
        has = await log.journal.has_calls(scope, found, spans)
        assert has == [
            bool(log.expected(scope, replace(found, start=start, end=end))) for start, end in spans
        ]
    assert await log.journal.has_calls(Scope(()), WHOLE, spans) == [False] * len(spans)


async def test_a_month_of_days_is_asked_for_at_once(big: Log) -> None:
    spans = [(NOW + n * 100, NOW + (n + 1) * 100) for n in range(33)]
    for scope in (EVERYTHING, ONE, TWO, TWENTY):
        assert await big.journal.has_calls(scope, WHOLE, spans) == [True] * 33


# Numbers


def client_call(start: int, **values: Any) -> CallFacts:
    chosen = {"caller": Party(number=NUMBER), "rang": ("101",)} | values
    return said(started_at=NOW + start, **chosen)


def redial(start: int, **values: Any) -> CallFacts:
    chosen = {"status": Status.ANSWERED, "callee": Party(number="+38 (067) 123-45-67")} | values
    caller = Party(number="102")
    return said(started_at=NOW + start, direction=Direction.OUT, caller=caller, **chosen)


async def numbers_of(log: Log, scope: Scope = EVERYTHING) -> DayNumbers:
    return await log.journal.numbers(scope, start=NOW, end=NOW + DAY)


async def test_the_numbers_of_a_day_are_of_its_calls_only(log: Log) -> None:
    await log.add(
        client_call(0),
        said(started_at=NOW + DAY - 1),
        client_call(5, status=Status.ANSWERED),
        redial(6, status=Status.NO_ANSWER),
        said(started_at=NOW + 7, direction=Direction.INTERNAL),
        client_call(8, status=Status.RINGING),
        client_call(-1),
        client_call(DAY),
    )
    counted = await numbers_of(log)
    assert (counted.total, counted.incoming, counted.outgoing, counted.lost) == (5, 3, 1, 2)
    own = await numbers_of(log, ONE)
    assert (own.total, own.incoming, own.outgoing, own.lost) == (2, 2, 0, 1)
    today = await log.journal.numbers(EVERYTHING, start=NOW, end=None)
    assert (today.total, today.incoming, today.lost) == (7, 5, 3)
    nobody = await numbers_of(log, Scope(()))
    assert nobody == DayNumbers(total=0, incoming=0, outgoing=0, lost=0, unreturned=0)


RETURNED = [
    pytest.param([redial(60)], id="called back"),
    pytest.param([redial(60, status=Status.NETWORK_ERROR)], id="called back, network error"),
    pytest.param([client_call(60, status=Status.ANSWERED)], id="got through"),
    pytest.param([client_call(60, extension="101", talk=9)], id="got through, an odd status"),
    pytest.param([redial(60, status=Status.NO_ANSWER), redial(90)], id="at the second attempt"),
    pytest.param([redial(168 * HOUR)], id="at the last moment"),
]
NOT_RETURNED = [
    pytest.param([], id="nothing"),
    pytest.param([redial(60, status=Status.NO_ANSWER)], id="failed attempt"),
    pytest.param([redial(-60)], id="called before"),
    pytest.param([redial(168 * HOUR + 1)], id="too late"),
    pytest.param([redial(60, callee=Party(number="0501112233"))], id="another number"),
    pytest.param([client_call(DAY)], id="missed again, on another day"),
    pytest.param([redial(60, status=Status.RINGING)], id="being called"),
    pytest.param([client_call(60, status=Status.RINGING)], id="calling again"),
    pytest.param(
        [said(started_at=NOW + 60, direction=Direction.INTERNAL, status=Status.ANSWERED)],
        id="internal",
    ),
]


@pytest.mark.parametrize("later", RETURNED)
async def test_a_lost_call_is_returned_by_a_talk_with_the_client(
    log: Log, later: list[CallFacts]
) -> None:
    await log.add(*later, client_call(0))
    for scope in (EVERYTHING, ONE):
        counted = await numbers_of(log, scope)
        assert (counted.lost, counted.unreturned) == (1, 0)


@pytest.mark.parametrize("later", NOT_RETURNED)
async def test_nothing_else_returns_a_lost_call(log: Log, later: list[CallFacts]) -> None:
    await log.add(client_call(0), *later)
    await log.calls.settle(now=NOW + LIVE_MAX_AGE + DAY)  # an end that never came is no answer
    for scope in (EVERYTHING, ONE):
        counted = await numbers_of(log, scope)
        assert (counted.lost, counted.unreturned) == (1, 1)


async def test_a_call_the_pbx_itself_calls_returned_is_returned(log: Log) -> None:
    await log.add(client_call(0, status=Status.MISSED_CALLED_BACK))
    counted = await numbers_of(log)
    assert (counted.lost, counted.unreturned) == (1, 0)


async def test_hidden_numbers_are_never_returned(log: Log) -> None:
    hidden = said(started_at=NOW, caller=Party(number="anonymous"))
    await log.add(hidden, replace(hidden, started_at=NOW + 60, status=Status.ANSWERED))
    assert (await numbers_of(log)).unreturned == 1


async def test_too_short_a_call_need_not_be_returned(log: Log) -> None:
    rules = CaseRules(window=HOUR, min_missed_seconds=10)
    log.calls = CallRepo(log.database, rules=rules)
    await log.add(
        *(client_call(n * 20, ended_at=NOW + n * 20 + 9 + n) for n in range(2)),
        redial(HOUR + 21),
    )
    counted = await numbers_of(log)
    assert (counted.lost, counted.unreturned) == (2, 1)


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
    await ContactRepo(log.database).set_name(CLIENT, "Ганна")
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


# Plans


@dataclass
class Explained(Database):
    """A database that writes down how each of its reads is carried out."""

    inner: Database
    plans: list[tuple[str, list[str]]] = field(default_factory=list)

    async def fetch(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        plan = await self.inner.fetch(f"EXPLAIN QUERY PLAN {sql}", values)
        self.plans.append((sql, [row["detail"] for row in plan]))
        return await self.inner.fetch(sql, values)

    def breaches(self, *, whole: bool) -> list[tuple[str, str]]:
        """Steps that read a table through, sort the log, or look a row up to find its key.

        `whole`: the ends of the whole log may be read along an index, for their LIMIT ends it.
        """
        return [
            (step, sql)
            for sql, plan in self.plans
            for step in plan
            if "FROM employee_extensions" not in sql
            and (_is_bad(step, whole=whole) or _is_lookup(step, sql))
        ]


def _is_bad(step: str, *, whole: bool) -> bool:
    if step.startswith(("SCAN calls", "SCAN call_extensions", "SCAN c", "SCAN x", "SCAN r")):
        return not (whole and "USING COVERING INDEX" in step)
    return "USE TEMP B-TREE FOR ORDER BY" in step or "UNION USING TEMP B-TREE" in step


def _is_lookup(step: str, sql: str) -> bool:
    is_for_keys = sql.startswith(("SELECT position", "SELECT count(*) AS n FROM (SELECT"))
    return is_for_keys and "USING INDEX" in step


SCOPES = {"all": EVERYTHING, "one": ONE, "two": TWO, "twenty": TWENTY}
FILTERS = {
    "-".join(filter(None, name)) or "whole": LogFilter(
        start=NOW if "day" in name else None,
        end=NOW + DAY if "day" in name else None,
        lost_only="lost" in name,
        client=CLIENT if "client" in name else None,
    )
    for name in itertools.product(("", "lost"), ("", "client"), ("", "day", "today"))
}
FILTERS |= {name: replace(found, start=NOW) for name, found in FILTERS.items() if "today" in name}


@pytest.mark.parametrize("scope", SCOPES)
async def test_every_page_of_every_part_walks_an_index(log: Log, scope: str) -> None:
    await log.add(*some_calls(random.Random(1), NOW, 20))
    for name, found in FILTERS.items():
        for turn in Turn:
            database = Explained(log.database)
            journal = JournalRepo(database)
            await journal.page(SCOPES[scope], found, turn=turn, key=Key(NOW + HOUR, 5), size=2)
            is_whole = scope == "all" and found.start is None and found.client is None
            assert database.breaches(whole=is_whole) == [], (name, turn)
            assert database.plans


@pytest.mark.parametrize("scope", SCOPES)
async def test_days_numbers_and_cards_are_found_by_an_index(log: Log, scope: str) -> None:
    await log.add(*some_calls(random.Random(1), NOW, 20))
    database = Explained(log.database)
    journal = JournalRepo(database)
    for found in FILTERS.values():
        await journal.has_calls(SCOPES[scope], found, [(0, NOW), (NOW, NOW + DAY)])
    for end in (NOW + DAY, None):
        await journal.numbers(SCOPES[scope], start=NOW, end=end)
    with pytest.raises(NotFoundError):
        await journal.get(1 << 40, SCOPES[scope])
    assert database.breaches(whole=False) == []


async def test_a_scan_or_a_sort_would_be_noticed(log: Log) -> None:
    for sql in (
        "SELECT * FROM calls",
        "SELECT * FROM calls WHERE source = 'office' ORDER BY position",
        "SELECT call_id FROM call_extensions WHERE lost = 1",
        "SELECT call_id FROM call_extensions WHERE extension = '101' UNION "
        "SELECT call_id FROM call_extensions WHERE extension = '102'",
    ):
        database = Explained(log.database)
        await database.fetch(sql)
        assert database.breaches(whole=False), sql
