"""What is asked all day long walks an index, however many years of calls there are.

The guards are tried too: without its index each of the due-scans is noticed.
"""

import itertools
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from bot.config.settings import Settings
from bot.domain.calls import Direction, Party, Status
from bot.domain.cases import BatchKind, Board, BoardAge, BoardPart
from bot.domain.company import EscalationField
from bot.domain.errors import NotFoundError
from bot.domain.exports import ExportKind
from bot.domain.log import Key, LogFilter, Turn
from bot.domain.log_views import CASE_STATES
from bot.domain.outbox import Priority
from bot.domain.people import EVERYTHING, Employee, Role, Scope
from bot.domain.places import Place, PlaceKind
from bot.domain.typed_times import parse_week
from bot.repositories import Repositories, create_repositories
from storage.case_spans import opened_in_sql
from storage.engine.base import Database
from storage.journal import JournalRepo
from storage.open_cards import DrawnCard
from storage.owing_cards import owe_cards, owe_cards_of_client
from storage.owing_lists import drop_list, forget_unsent_lists, mark_lists_changed, note_told
from storage.scopes import case_in_scope_sql
from tests.support.call_logs import (
    CLIENT,
    DAY,
    HOUR,
    NOW,
    ONE,
    TWENTY,
    TWO,
    Log,
    some_calls,
)
from tests.support.employees import hire
from tests.support.engines import ONLY_SQLITE
from tests.support.plans import OWN_INDEXES, WHAT_WAITS, ExplainedDatabase
from tests.support.statements import said
from tests.support.stored_calls import StoredCalls
from tests.support.stored_digests import END, MIDNIGHT

pytestmark = ONLY_SQLITE

# The log

OTHER_NUMBER = "+380501112233"
SCOPES = {"all": EVERYTHING, "one": ONE, "two": TWO, "twenty": TWENTY}
FILTERS = {
    "-".join(filter(None, name)) or "whole": LogFilter(
        start=NOW if "day" in name else None,
        end=NOW + DAY if "day" in name else None,
        lost_only="lost" in name,
        numbers={"client": (CLIENT,), "numbers": (CLIENT, OTHER_NUMBER)}.get(name[1], ()),
    )
    for name in itertools.product(("", "lost"), ("", "client", "numbers"), ("", "day", "today"))
}
FILTERS |= {
    name: replace(log_filter, start=NOW) for name, log_filter in FILTERS.items() if "today" in name
}
CHIPS: dict[str, dict[str, Any]] = {
    "in": {"direction": Direction.IN},
    "answered": {"is_answered": True},
    "lost": {"lost_only": True},
    **{fate.value: {"case_states": states} for fate, states in CASE_STATES.items()},
    "called back": {"status": Status.MISSED_CALLED_BACK},
    "busy": {"status": Status.REJECTED_BY_SUBSCRIBER},
    "person": {"extensions": ("101", "103")},
    "line": {"place": Place(PlaceKind.LINE, "380445550101")},
    "queue": {"place": Place(PlaceKind.QUEUE, "Продажі")},
    "commented": {"is_commented": True},
    "recorded": {"is_recorded": True},
    "long": {"longer_than": 60},
    "longest": {"longer_than": 900},
    "first": {"is_first": True},
    "day": {"start": NOW, "end": NOW + DAY},
}
"""What the log is filtered by, each alone."""

WHOLE_LOG = WHAT_WAITS | {"calls_by_position", "calls_lost_by_position"}
"""The ends of the whole log may be read along an index: their LIMIT ends it."""


@pytest.mark.long
@pytest.mark.parametrize("scope", SCOPES)
async def test_every_page_of_every_part_walks_an_index(log: Log, scope: str) -> None:
    await log.add(*some_calls(random.Random(1), NOW, 20))
    for (name, log_filter), turn in itertools.product(FILTERS.items(), Turn):
        explained = ExplainedDatabase(log.database)
        await JournalRepo(explained).page(
            SCOPES[scope], log_filter, turn=turn, key=Key(NOW + HOUR, 5), size=2
        )
        is_whole = scope == "all" and log_filter.start is None and not log_filter.numbers
        walked = WHOLE_LOG if is_whole else WHAT_WAITS
        assert explained.breaches(walked=walked) == [], (name, turn)
        assert explained.plans[0].selects_keys


@pytest.mark.long
@pytest.mark.parametrize("scope", ["all", "one", "two"])  # of twenty each is a part like those
async def test_every_two_filters_walk_an_index(log: Log, scope: str) -> None:
    """What no narrow index is for is answered by that of the whole log, and never by a sort."""
    for one, other in itertools.combinations(CHIPS, 2):
        explained = ExplainedDatabase(log.database)
        await JournalRepo(explained).has_calls(
            SCOPES[scope], LogFilter(**CHIPS[one] | CHIPS[other]), [(0, NOW + DAY)]
        )
        [plan] = explained.plans
        assert plan.selects_keys
        breaches = explained.breaches(walked=WHOLE_LOG)
        if "first" in (one, other):  # of the few that are first of their number, the call is asked
            breaches = [
                each for each in breaches if not each[0].startswith("SEARCH c USING INDEX")
            ]
        assert breaches == [], (one, other)
        # No part is to walk anything else for what is not looked through yet.
        unknown = sum("_unknown (" in step or step.endswith("_unknown") for step in plan.steps)
        assert unknown == plan.sql.count("coalesce(c.traits, 0) & 8192 = 0"), (one, other)


OWN_INDEXES_AT = dict.fromkeys(("busy", "called back", "commented", "recorded"), "marked") | {
    "unreturned": "lost",
    "longest": "marked",
    "first": "marked",
}


@pytest.mark.parametrize("scope", ["all", "two", "twenty"])
async def test_each_filter_walks_the_index_that_has_the_least_beside(log: Log, scope: str) -> None:
    indexes = OWN_INDEXES if scope == "all" else OWN_INDEXES_AT
    for name, index in indexes.items():
        explained = ExplainedDatabase(log.database)
        await JournalRepo(explained).page(
            SCOPES[scope], LogFilter(**CHIPS[name]), turn=Turn.FIRST, key=None, size=2
        )
        walked = index if scope == "all" else f"call_extensions_{index}"
        steps = [step for step in explained.plans[0].steps if re.search(r"(SCAN|SEARCH) c ", step)]
        known = [step for step in steps if "_unknown" not in step]
        assert known, name
        assert all(walked in step for step in known), (name, known)


@pytest.mark.parametrize("scope", SCOPES)
async def test_days_numbers_and_cards_are_found_by_an_index(log: Log, scope: str) -> None:
    await log.add(*some_calls(random.Random(1), NOW, 20))
    explained = ExplainedDatabase(log.database)
    journal = JournalRepo(explained)
    for log_filter in FILTERS.values():
        await journal.has_calls(SCOPES[scope], log_filter, [(0, NOW), (NOW, NOW + DAY)])
    for end in (NOW + DAY, None):
        await journal.numbers(SCOPES[scope], start=NOW, end=end)
    with pytest.raises(NotFoundError):
        await journal.get(1 << 40, SCOPES[scope])
    assert explained.breaches() == []
    of_numbers = 0 if scope == "all" else 4
    assert sum(plan.selects_keys for plan in explained.plans) == len(FILTERS) + of_numbers


@pytest.mark.parametrize(
    ("index", "log_filter"),
    [
        ("calls_lost_by_position", LogFilter(lost_only=True)),
        ("calls_by_client", LogFilter(lost_only=True, numbers=(CLIENT,))),
    ],
)
async def test_an_index_that_lacks_what_is_counted_by_would_be_noticed(
    log: Log, index: str, log_filter: LogFilter
) -> None:
    """Then every call counted, and not only those shown, is looked up in the table."""
    await log.add(*(said(started_at=NOW + n, caller=Party(number=CLIENT)) for n in range(9)))
    async with log.database.transaction() as tx:
        [row] = await tx.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (index,))
        await tx.execute(f"DROP INDEX {index}")
        await tx.execute(row["sql"].replace(", lost", ""))
    explained = ExplainedDatabase(log.database)
    await JournalRepo(explained).page(
        EVERYTHING, log_filter, turn=Turn.AT, key=Key(NOW + 5, 6), size=2
    )
    keys, counts = (plan for plan in explained.plans if plan.selects_keys)
    for plan in (keys, counts):
        assert any(plan.sql == sql for _, sql in explained.breaches(walked=WHOLE_LOG)), plan


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM calls",
        "SELECT 1 FROM calls WHERE source = 'office' AND currency = '1' LIMIT 1",
        "SELECT * FROM calls WHERE source = 'office' ORDER BY position",
        "SELECT call_id FROM call_extensions WHERE lost = 1",
        "SELECT call_id FROM call_extensions WHERE extension = '101' UNION "
        "SELECT call_id FROM call_extensions WHERE extension = '102'",
        "SELECT count(*) FROM (SELECT c.position, c.id AS id FROM calls AS c "
        "WHERE c.client = '1' AND c.currency = '2')",
        "SELECT count(*) FROM cases AS k WHERE k.call_id IS NOT NULL AND k.state = 'void'",
        "DELETE FROM outbox WHERE done_at < 1",
        "SELECT * FROM calls WHERE id IN ()",
    ],
)
async def test_a_scan_a_sort_or_a_look_up_would_be_noticed(database: Database, sql: str) -> None:
    explained = ExplainedDatabase(database)
    async with explained.transaction() as tx:
        await tx.execute(sql)
    assert explained.breaches()


# The board and what is due


@dataclass(frozen=True, slots=True)
class Busy:
    """A company with something of everything to do; `due`: a moment at which all of it is due."""

    database: Database
    explained: ExplainedDatabase
    repositories: Repositories
    boss: Employee
    olena: Employee
    due: int


@pytest.fixture
async def busy(tmp_path: Path, stored: StoredCalls) -> Busy:
    explained = ExplainedDatabase(stored.database)
    chosen = Settings(_env_file=None, database_path=tmp_path / "dzvinok.db")
    repositories = create_repositories(explained, chosen)
    now = stored.now
    boss = await stored.hire(1, Role.SUPERVISOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await repositories.company.set_hours(None, parse_week("пн-пт 9-18"), now=now)
    await repositories.company.set_number(EscalationField.REPEAT, 5, now=now)
    for number in ("0501112233", "0501112244", "0501112255"):
        await stored.lost(0, number)
    await stored.dialled(60, "0501112255")
    await repositories.cases.take(1, olena, now=now)
    await repositories.reminders.add(1, olena, due_at=now + 60, now=now)
    await repositories.digest_times.add(boss.id, 60, now=now)
    await repositories.weekly_statistics.set_wanted(boss.id, is_wanted=True, now=now)
    await repositories.export_plans.put(boss.id, 0, ExportKind.CSV, now=now)
    await repositories.open_cards.note(1, 10, DrawnCard("c1:1", 1, None, "", now), now=now)
    explained.plans.clear()
    return Busy(stored.database, explained, repositories, boss, olena, now + 8 * DAY)


@pytest.mark.parametrize("name", ["boss", "olena"])
@pytest.mark.parametrize("board", list(Board))
async def test_the_board_walks_an_index(busy: Busy, board: Board, name: str) -> None:
    person: Employee = getattr(busy, name)
    today = busy.due - 9 * DAY
    page = await busy.repositories.cases.board(person, board, page=0, size=8, today=today)
    assert len(page.cases) == {
        (Board.ALL, "boss"): 2,
        (Board.ALL, "olena"): 2,
        (Board.MINE, "olena"): 1,
        (Board.FREE, "boss"): 1,
        (Board.FREE, "olena"): 1,
        (Board.CLOSED, "boss"): 1,
        (Board.CLOSED, "olena"): 1,
    }.get((board, name), 0)
    assert busy.explained.breaches() == []
    if board is not Board.CLOSED:  # the cases a person has taken grow in number too
        pages = [plan for plan in busy.explained.plans if "FROM cases AS k WHERE" in plan.sql]
        reads = [step for plan in pages for step in plan.steps if " k " in step]
        assert len(reads) >= 2
        for step in reads:
            assert any(index in step for index in WHAT_WAITS), step


@pytest.mark.parametrize("name", ["boss", "olena"])
@pytest.mark.parametrize("board", list(Board))
async def test_a_part_of_the_board_walks_an_index(busy: Busy, board: Board, name: str) -> None:
    person: Employee = getattr(busy, name)
    cases, today = busy.repositories.cases, busy.due - 9 * DAY
    await cases.list_places(person, board, today=today)
    for age in BoardAge:
        for kind in PlaceKind:
            part = BoardPart(age, Place(kind, "Продажі"))
            await cases.board(person, board, page=0, size=8, today=today, part=part)
    assert busy.explained.breaches() == []
    if board is not Board.CLOSED:
        of_board = [plan for plan in busy.explained.plans if "FROM cases AS k WHERE" in plan.sql]
        reads = [step for plan in of_board for step in plan.steps if " k " in step]
        assert len(reads) > len(BoardAge) * len(PlaceKind)
        for step in reads:
            assert any(index in step for index in WHAT_WAITS), step


@pytest.mark.parametrize("name", ["boss", "olena"])
async def test_many_at_once_are_found_by_an_index(busy: Busy, name: str) -> None:
    person: Employee = getattr(busy, name)
    batches, today = busy.repositories.case_batches, busy.due - 9 * DAY
    for kind in BatchKind:
        whole = BoardPart()
        asked = await batches.ask(kind, person, Board.ALL, whole, today=today, now=NOW + 99)
        done = await batches.carry_out(asked.id, person, now=NOW + 99, text="x")
        undone = await batches.undo(asked.id, person, now=NOW + 100)
        assert asked.asked == done.done == undone.undone > 0
    assert busy.explained.breaches(walked=WHAT_WAITS, sorted_from=OF_ONE_CLIENT) == []


async def test_one_without_extensions_asks_for_no_calls(busy: Busy) -> None:
    await hire(busy.database, 3, Role.OPERATOR)
    ivan = await busy.repositories.employees.get(3)
    await busy.repositories.cases.take(3, busy.boss, now=busy.due)
    busy.explained.plans.clear()
    for board in Board:
        page = await busy.repositories.cases.board(ivan, board, page=0, size=8, today=0)
        assert page.total == 0
    numbers = await busy.repositories.journal.numbers(ivan.scope, start=0, end=None)
    assert numbers.total == 0
    assert not any("IN ()" in plan.sql for plan in busy.explained.plans)
    assert busy.explained.breaches() == []


Scan = Callable[[Busy], Awaitable[object]]

DUE: dict[str, Scan] = {
    "look": lambda busy: _due(busy),
    "expire": lambda busy: busy.repositories.case_deadlines.expire(now=busy.due),
    "claims": lambda busy: busy.repositories.case_deadlines.ask_owners(now=busy.due),
    "repeat": lambda busy: busy.repositories.case_deadlines.repeat_alerts(now=busy.due),
    "reminders": lambda busy: busy.repositories.reminders.owe_due(now=busy.due),
    "opening": lambda busy: busy.repositories.company.owe_open_cases(now=NOW + DAY),
    "digests": lambda busy: busy.repositories.digest_times.owe_due(now=NOW + DAY // 2),
    "weekly statistics": lambda busy: busy.repositories.weekly_statistics.owe_due(now=busy.due),
    "weekly files": lambda busy: busy.repositories.export_plans.list_due(now=busy.due),
    "settle": lambda busy: busy.repositories.calls.settle(now=busy.due),
    "lacking": lambda busy: busy.repositories.calls.list_lacking(
        "office", ended_after=NOW - DAY, ended_before=busy.due
    ),
    "cards": lambda busy: busy.repositories.open_cards.purge(now=busy.due),
    "purge": lambda busy: busy.repositories.calls.purge(before=busy.due),
}
"""What a tick asks, each with something to do: then every statement of it is carried out."""


async def _due(busy: Busy) -> object:
    return (await busy.repositories.outbox.look(now=busy.due, limit=9, not_to={5})).due


_WEEKLY = ("weekly_statistics", "export_plans")

WHAT_IS_OWED = {"outbox_pending"}
"""What the Alerter has before it may be looked through; all else that is due is searched for."""

OF_ONE_CLIENT = {"calls_by_client"}
"""A case is computed from the calls of its client alone: those are few enough to be sorted."""

OF_ONE_CHAT = {"outbox_alerted"}
"""The latest alerts of a chat are counted, up to five; what is sorted are the chats."""


@pytest.mark.parametrize("name", DUE)
async def test_what_is_due_is_found_by_an_index(busy: Busy, name: str) -> None:
    assert await DUE[name](busy)
    few = OF_ONE_CLIENT | OF_ONE_CHAT
    assert busy.explained.breaches(walked=WHAT_IS_OWED, sorted_from=few) == []


async def test_open_cards_are_found_by_an_index(busy: Busy) -> None:
    async with busy.explained.transaction() as tx:
        await owe_cards(tx, call_ids=[1, 2], case_ids=[1], now=NOW)
        await owe_cards_of_client(tx, ["+380501112233"])
    assert busy.explained.breaches(walked=WHAT_IS_OWED) == []
    [owed] = await busy.database.fetch("SELECT version FROM outbox WHERE kind = 'card'")
    assert owed["version"] == 3, "each of them owed it once more"


async def test_lists_of_lost_calls_are_made_by_indexes(busy: Busy) -> None:
    """However many alerts were sent before, and whatever lists there were."""
    alert_lists, outbox = busy.repositories.alert_lists, busy.repositories.outbox
    async with busy.database.transaction() as tx:
        for number in range(40):
            await tx.execute(
                "INSERT INTO outbox (chat_id, employee_id, kind, subject, case_id, created_at, "
                "due_at) VALUES (1, 1, 'case', ?, 1, 0, 0)",
                (f"more {number}",),
            )
    for _ in range(2):
        look = await outbox.look(now=busy.due, limit=9)
        assert look.crowded
        await alert_lists.gather(now=busy.due)
        async with busy.database.transaction() as tx:
            await tx.execute(
                "UPDATE outbox SET state = 'pending', priority = 0, message_id = NULL "
                "WHERE kind = 'case'"
            )
            await tx.execute("UPDATE outbox SET message_id = 5, done_at = 0 WHERE kind = 'list'")
    [listed, *_] = await busy.database.fetch(
        "SELECT id FROM outbox WHERE kind = 'list' ORDER BY id DESC"
    )
    assert await alert_lists.list_cases(listed["id"])
    assert not await alert_lists.has_rung(look.due[0], now=busy.due)
    assert (await outbox.look(now=0, limit=9)).is_any_later
    assert await alert_lists.open(1, chat_id=1, message_id=5, now=busy.due)
    async with busy.explained.transaction() as tx:
        await mark_lists_changed(tx, [1], priority=Priority.NEWS, now=busy.due)
        await drop_list(tx, listed["id"], reason="", now=busy.due)
        await note_told(tx, listed["id"], [1], now=busy.due)
        await forget_unsent_lists(tx, 1, thread_id=0)
    assert (
        busy.explained.breaches(walked=WHAT_IS_OWED, sorted_from=OF_ONE_CLIENT | OF_ONE_CHAT) == []
    )


async def test_cases_let_go_too_soon_are_found_by_an_index(busy: Busy) -> None:
    assert await busy.repositories.case_deadlines.expire(now=busy.due)
    busy.explained.plans.clear()
    assert await busy.repositories.case_deadlines.expire(now=NOW)
    assert busy.explained.breaches(walked=WHAT_IS_OWED, sorted_from=OF_ONE_CLIENT) == []


@pytest.mark.parametrize("name", DUE)
async def test_a_tick_with_nothing_to_do_asks_little(busy: Busy, name: str) -> None:
    """Most ticks are such: one or two reads, and the writer's lock is left to others."""
    async with busy.database.transaction() as tx:
        for table in ("outbox", "calls", "cases", "digests", "open_cards", *_WEEKLY):
            await tx.execute(f"DELETE FROM {table}")
        await tx.execute("DELETE FROM company_numbers WHERE name = 'opening_at'")
    assert not await DUE[name](busy)
    assert busy.explained.breaches(sorted_from=OF_ONE_CHAT) == []


@pytest.mark.parametrize(
    ("index", "name"),
    [
        ("outbox_pending", "look"),
        ("cases_to_expire", "expire"),
        ("cases_by_closing", "expire"),
        ("cases_claimed", "claims"),
        ("cases_to_repeat", "repeat"),
        ("reminders_due", "reminders"),
        ("calls_to_settle", "settle"),
        ("calls_live", "settle"),
        ("calls_by_position", "purge"),
        ("outbox_said", "purge"),
    ],
)
async def test_a_due_scan_without_its_index_would_be_noticed(
    busy: Busy, index: str, name: str
) -> None:
    async with busy.database.transaction() as tx:
        await tx.execute(f"DROP INDEX {index}")
    await DUE[name](busy)
    assert busy.explained.breaches(walked=WHAT_IS_OWED, sorted_from=OF_ONE_CLIENT)


@pytest.mark.parametrize("board", [Board.ALL, Board.FREE])
async def test_a_board_without_its_index_would_be_noticed(busy: Busy, board: Board) -> None:
    async with busy.database.transaction() as tx:
        for index in ("cases_open", "cases_to_expire"):  # either holds what is open only
            await tx.execute(f"DROP INDEX {index}")
    await busy.repositories.cases.board(busy.olena, board, page=0, size=8, today=NOW - DAY)
    assert busy.explained.breaches()


async def test_an_operators_cases_are_found_from_the_cases(database: Database) -> None:
    """And not from the whole log of a phone, which took seconds at a million calls."""
    mine, values = case_in_scope_sql(Scope(("101",), owner=7), "k")
    where, span = opened_in_sql(MIDNIGHT, END)
    plan = await database.fetch(
        f"EXPLAIN QUERY PLAN SELECT count(*) FROM cases AS k WHERE {where} AND {mine}",
        (*span, *values),
    )
    steps = [row["detail"] for row in plan]
    assert any("cases_by_opening" in step for step in steps), steps
    assert any("case_calls_by_case" in step for step in steps), steps
    assert not any("x USING PRIMARY KEY (extension=?)" in step for step in steps), steps
