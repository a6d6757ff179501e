"""The audit in the database: with its deed or not at all, its pages by an index, its end."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.config.settings import Settings
from bot.domain.audit import BY_ITSELF, AuditArea, AuditFilter, AuditKind, By
from bot.domain.cases import WHOLE_BOARD, BatchKind, Board
from bot.domain.company import EscalationField
from bot.domain.log import Key, Turn
from bot.domain.people import Employee, EmployeeState, Role
from bot.domain.typed_times import parse_week
from bot.repositories import Repositories, create_repositories
from storage.audit import AuditRepo
from storage.clock import ClockRepo
from storage.engine.base import Database, Row, Select, Transaction
from tests.support.audited import deeds, last_id
from tests.support.engines import ONLY_SQLITE
from tests.support.plans import ExplainedDatabase
from tests.support.stored_calls import StoredCalls

DAY = 86400
FIRST, SECOND = "+380671234567", "+380501112233"

# With its deed or not at all

Do = Callable[[Repositories, Employee, int], Awaitable[Any]]

DEEDS: dict[str, Do] = {
    "invited": lambda r, boss, now: r.invites.add(Role.OPERATOR, by=boss.id, now=now),
    "role": lambda r, boss, now: r.employees.set_role(2, Role.SUPERVISOR, by=By(boss.id, now)),
    "renamed": lambda r, boss, now: r.employees.set_name(2, "Нова", by=By(boss.id, now)),
    "extensions": lambda r, boss, now: r.employees.set_extensions(2, ["105"], by=By(boss.id, now)),
    "access": lambda r, boss, now: r.employees.set_state(
        2, EmployeeState.REMOVED, by=By(boss.id, now)
    ),
    "hours": lambda r, boss, now: r.company.set_hours(
        None, parse_week("пн 9-18"), now=now, by=boss.id
    ),
    "number": lambda r, boss, now: r.company.set_number(
        EscalationField.REPEAT, 5, now=now, by=boss.id
    ),
    "rung_only": lambda r, boss, now: r.company.set_rung_only(is_so=True, by=By(boss.id, now)),
    "group_connected": lambda r, boss, now: r.groups.connect(-5, 0, title="G", by=boss, now=now),
    "closed": lambda r, boss, now: r.case_closings.close(1, boss, "x", now=now),
    "handed": lambda r, boss, now: r.cases.hand(1, boss, 2, now=now),
    "ignored": lambda r, boss, now: r.case_closings.ignore(FIRST, boss, now=now),
    "comment_changed": lambda r, boss, now: r.comments.set(
        1, "new", author=boss, on_top_of=1, now=now
    ),
    "comment_deleted": lambda r, boss, now: r.comments.delete(
        1, author=boss, on_top_of=1, now=now
    ),
    "contact_named": lambda r, boss, now: r.contacts.set_name(FIRST, "Г", now=now, by=boss.id),
    "number_joined": lambda r, boss, now: r.contacts.add_number(
        FIRST, SECOND, now=now, by=boss.id
    ),
    "many_closed": lambda r, boss, now: r.case_batches.carry_out(1, boss, now=now, text="x"),
    "listened": lambda r, boss, now: r.audit.note(AuditKind.LISTENED, By(boss.id, now), call=1),
}


class CutError(Exception):
    pass


class CutDatabase(Database):
    """One whose transactions do all they should, and are cut before the commit."""

    def __init__(self, inner: Database) -> None:
        super().__init__()
        self._inner = inner

    async def fetch_each(self, *selects: Select) -> list[list[Row]]:
        return await self._inner.fetch_each(*selects)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._inner.transaction() as tx:
            yield tx
            await tx.run_queued()
            raise CutError

    def union_sql(self, parts: Any, by: str, limit: str, offset: str = "0") -> str:
        return self._inner.union_sql(parts, by, limit, offset)

    async def size(self) -> int:
        return await self._inner.size()


@pytest.mark.parametrize("kind", DEEDS)
async def test_there_is_no_deed_without_its_note_nor_a_note_without_its_deed(
    stored: StoredCalls, tmp_path: Path, kind: str
) -> None:
    chosen = Settings(_env_file=None, database_path=tmp_path / "dzvinok.db")
    boss = await stored.hire(1, Role.ADMINISTRATOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await stored.lost(-600, FIRST)
    whole = create_repositories(stored.database, chosen)
    await whole.comments.set(1, "old", author=olena, on_top_of=0, now=stored.now)
    await whole.case_batches.ask(
        BatchKind.CLOSE, boss, Board.ALL, WHOLE_BOARD, today=stored.now - DAY, now=stored.now
    )
    before, since = await contents(stored.database), await last_id(stored.database)

    cut = create_repositories(CutDatabase(stored.database), chosen)
    with pytest.raises(CutError):
        await DEEDS[kind](cut, boss, stored.now)
    assert await contents(stored.database) == before

    await DEEDS[kind](whole, boss, stored.now)
    [noted] = await deeds(stored.database, since=since)
    assert noted.kind == kind
    after = await contents(stored.database)
    assert {name for name in after if after[name] != before[name]} > {"audit"} or (
        kind == "listened"
    )


async def contents(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """What the tables hold that deeds change."""
    tables = (
        *("audit", "employees", "employee_extensions", "invites", "groups", "company_numbers"),
        *("working_hours", "cases", "case_events", "ignored_numbers", "comments", "contacts"),
        *("contact_numbers", "batch_cases"),
    )
    rows = await database.fetch_each(*((f"SELECT * FROM {name}", ()) for name in tables))
    return {
        name: sorted((tuple(row) for row in of_table), key=repr)
        for name, of_table in zip(tables, rows, strict=True)
    }


# Its end


async def test_what_is_old_is_deleted_in_pieces_the_oldest_first(database: Database) -> None:
    audit = AuditRepo(database)
    for day in (5, 1, 3, 2, 4):
        await audit.note(AuditKind.LOOKED_UP, By(None, day * DAY), detail={"query": str(day)})
    assert await audit.purge(before=DAY) == 0
    assert await audit.purge(before=5 * DAY, limit=3) == 3
    assert [one.detail["query"] for one in await deeds(database)] == ["5", "4"]
    assert await audit.purge(before=5 * DAY, limit=3) == 1
    assert await audit.purge(before=5 * DAY, limit=3) == 0


async def test_deleting_calls_leaves_the_deeds(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.ADMINISTRATOR)
    await stored.lost(-600, FIRST)
    await stored.case_closings.close(1, boss, "x", now=stored.now)
    await AuditRepo(stored.database).note(AuditKind.LISTENED, By(boss.id, stored.now), call=1)
    everything = AuditFilter()
    page = await AuditRepo(stored.database).page(everything, turn=Turn.FIRST, key=None, size=8)
    assert [one.call for one in page.entries] == [1, 1]
    await stored.calls.purge(before=stored.now)
    page = await AuditRepo(stored.database).page(everything, turn=Turn.FIRST, key=None, size=8)
    assert [one.call for one in page.entries] == [None, None]
    assert page.entries[1].number == FIRST


async def test_deeds_of_a_future_that_is_to_come_again_are_moved_back(database: Database) -> None:
    audit, clock, now = AuditRepo(database), ClockRepo(database), 1_790_000_000
    await clock.note(now=now, step=None)
    await audit.note(AuditKind.LOOKED_UP, By(None, now - 50))
    await audit.note(AuditKind.LOOKED_UP, By(None, now + 3600))
    await clock.note(now=now, step=-3600)
    rows = await database.fetch("SELECT at FROM audit ORDER BY id")
    assert [row["at"] for row in rows] == [now - 50, now]


# Its pages

FILTERS = {
    "-".join(filter(None, (who, area, since))) or "all": AuditFilter(
        who={"": None, "person": 1, "itself": BY_ITSELF}[who],
        area=AuditArea.CLIENTS if area else None,
        since=1000 if since else None,
    )
    for who, area, since in itertools.product(
        ("", "person", "itself"), ("", "area"), ("", "since")
    )
}
INDEX = {
    (False, False): "audit_by_time",
    (False, True): "audit_by_area",
    (True, False): "audit_by_person",
    (True, True): "audit_by_person_and_area",
}


async def some_deeds(database: Database, count: int) -> None:
    """Of the bot, of person 1 and of person 2, each kind in turn, two at a moment."""
    audit = AuditRepo(database)
    kinds = [AuditKind.CLOSED, AuditKind.LISTENED, AuditKind.ROLE, AuditKind.HOURS]
    for number in range(count):
        by = By([None, 1, 2][number % 3], 990 + number // 2)
        await audit.note(kinds[number % 4], by, detail={"old": str(number)})


@pytest.mark.parametrize("name", FILTERS)
async def test_pages_by_key_are_the_whole_list_cut_up(database: Database, name: str) -> None:
    await some_deeds(database, 60)
    audit, part = AuditRepo(database), FILTERS[name]
    all_of_it = await audit.page(part, turn=Turn.FIRST, key=None, size=1000)
    whole = [one.key for one in all_of_it.entries]
    assert whole == sorted(whole, reverse=True)
    expected = await database.fetch("SELECT at, id, area, employee_id FROM audit")
    assert {*whole} == {
        Key(row["at"], row["id"])
        for row in expected
        if (part.area is None or row["area"] == part.area)
        and (part.who is None or (row["employee_id"] or BY_ITSELF) == part.who)
        and row["at"] >= (part.since or 0)
    }
    size, read = 3, list[Key]()
    page = await audit.page(part, turn=Turn.FIRST, key=None, size=size)
    for number in itertools.count(1):
        read += [one.key for one in page.entries]
        assert (page.number, page.count) == (number, -(-len(whole) // size))
        assert page.has_newer == (number > 1)
        if not page.has_older:
            break
        page = await audit.page(part, turn=Turn.OLDER, key=page.entries[-1].key, size=size)
    assert read == whole
    back = await audit.page(part, turn=Turn.NEWER, key=page.entries[0].key, size=size)
    assert [one.key for one in back.entries] == whole[-len(page.entries) - size :][:size]
    last = await audit.page(part, turn=Turn.LAST, key=None, size=size)
    assert [one.key for one in last.entries] == whole[-size:]
    beyond = await audit.page(part, turn=Turn.OLDER, key=whole[-1], size=size)
    assert beyond.is_beyond
    assert beyond.entries == last.entries


@ONLY_SQLITE
@pytest.mark.parametrize("name", FILTERS)
async def test_every_page_of_every_part_walks_its_index(database: Database, name: str) -> None:
    await some_deeds(database, 20)
    explained, part = ExplainedDatabase(database), FILTERS[name]
    for turn in Turn:
        await AuditRepo(explained).page(part, turn=turn, key=Key(993, 8), size=2)
    index = INDEX[part.who is not None, part.area is not None]
    assert explained.breaches(walked={"audit_by_time"}) == []
    steps = [step for plan in explained.plans for step in plan.steps]
    assert not any("TEMP B-TREE" in step for step in steps), steps
    read = [step for step in steps if " audit " in step or step.endswith(" audit")]
    assert len(read) >= len(Turn)
    assert all(f"INDEX {index}" in step for step in read), read


@ONLY_SQLITE
async def test_who_has_done_anything_and_what_is_old_is_found_by_an_index(
    database: Database,
) -> None:
    await some_deeds(database, 20)
    explained = ExplainedDatabase(database)
    await AuditRepo(explained).people(page=0, size=8)
    assert await AuditRepo(explained).purge(before=995) > 0
    assert explained.breaches() == []


@ONLY_SQLITE
@pytest.mark.parametrize("index", ["audit_by_area", "audit_by_person_and_area"])
async def test_a_page_without_its_index_would_be_noticed(database: Database, index: str) -> None:
    await some_deeds(database, 20)
    async with database.transaction() as tx:
        await tx.execute(f"DROP INDEX {index}")
    explained = ExplainedDatabase(database)
    who = 1 if "person" in index else None
    part = AuditFilter(who=who, area=AuditArea.CLIENTS)
    await AuditRepo(explained).page(part, turn=Turn.FIRST, key=None, size=2)
    steps = [step for plan in explained.plans for step in plan.steps]
    assert not any(f"INDEX {index}" in step for step in steps)
