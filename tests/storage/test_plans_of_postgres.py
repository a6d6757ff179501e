"""PostgreSQL, too, reads no more of the log than a page shows, whoever reads it."""

import itertools
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from bot.domain.audit import BY_ITSELF, AuditArea, AuditFilter
from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.log import LONGER_THAN, Key, LogFilter, Turn
from bot.domain.log_views import CASE_STATES
from bot.domain.people import EVERYTHING, Scope
from bot.domain.places import Place, PlaceKind
from storage.audit import AuditRepo
from storage.database import open_database
from storage.engine.base import Database, Row, Select, Transaction
from storage.journal import JournalRepo
from tests.support.call_logs import NOW, SIZE, TWENTY, TWO, Log
from tests.support.databases import database_url
from tests.support.engines import ONLY_POSTGRES
from tests.support.plans import OWN_INDEXES
from tests.support.statements import said

pytestmark = ONLY_POSTGRES

CALLS = 1500
VARIED = 8000
_CASES = {fate.value: {"case_states": states} for fate, states in CASE_STATES.items()}
CHIPS: dict[str, dict[str, Any]] = _CASES | {
    "in": {"direction": Direction.IN},
    "answered": {"is_answered": True},
    "lost": {"lost_only": True},
    "called back": {"status": Status.MISSED_CALLED_BACK},
    "busy": {"status": Status.REJECTED_BY_SUBSCRIBER},
    "line": {"place": Place(PlaceKind.LINE, "380445550101")},
    "queue": {"place": Place(PlaceKind.QUEUE, "Продажі")},
    "commented": {"is_commented": True},
    "recorded": {"is_recorded": True},
    "long": {"longer_than": LONGER_THAN[0]},
    "longest": {"longer_than": LONGER_THAN[-1]},
    "first": {"is_first": True},
}


@pytest.fixture
async def long_log(log: Log) -> Log:
    """Each call rang two telephones."""
    await log.add(*(said(started_at=NOW + 60 * n, rang=("101", "102")) for n in range(CALLS)))
    async with log.database.transaction() as tx:
        tx.write("ANALYZE")
    return log


@pytest.mark.parametrize("scope", [TWO, TWENTY], ids=["two", "twenty"])
@pytest.mark.parametrize("turn", [Turn.FIRST, Turn.OLDER, Turn.NEWER, Turn.LAST])
async def test_a_page_of_several_extensions_is_merged_as_it_is_read(
    long_log: Log, scope: Scope, turn: Turn
) -> None:
    asked = AskedDatabase(long_log.database)
    key = Key(NOW + 60 * 700, 701)
    page = await JournalRepo(asked).page(scope, LogFilter(), turn=turn, key=key, size=SIZE)
    assert len(page.calls) == SIZE
    read = [step for step in await asked.steps_of_first() if "Scan" in step["Node Type"]]
    # Each stands there twice, and one of each extension is read ahead.
    assert 2 * SIZE <= sum(step["Actual Rows"] for step in read) <= 2 * (SIZE + 1)


@pytest.fixture
async def varied_log(engine: str, tmp_path: Path) -> AsyncIterator[Log]:  # noqa: ARG001
    """Of each kind there are so many that to read all of them would be noticed."""
    address = database_url(tmp_path / "dzvinok.db")
    async with open_database(address) as database:
        log, chance = Log(database), random.Random(3)
        for start in range(0, VARIED, 2000):
            await log.add(*(_varied(chance, NOW + 60 * n) for n in range(start, start + 2000)))
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")  # as autovacuum does: indexes alone are read
        yield log


def _varied(chance: random.Random, started_at: int) -> CallFacts:
    talk = chance.choice([None, None, 5, 70, 1000])
    return said(
        started_at=started_at,
        status=Status.ANSWERED
        if talk
        else chance.choice([Status.MISSED, Status.REJECTED_BY_SUBSCRIBER]),
        talk=talk,
        caller=Party(number=f"06712{chance.randrange(4000):05}"),
        line=chance.choice([None, "380445550101", "380445550102", "380445550103"]),
        queue=chance.choice([None, None, None, "Продажі"]),
        rang=tuple(chance.sample([str(number) for number in range(101, 131)], 2)),
    )


@pytest.mark.long
async def test_every_two_filters_are_answered_by_indexes(varied_log: Log) -> None:
    pairs = itertools.combinations_with_replacement(CHIPS, 2)
    for scope, (one, other) in itertools.product((EVERYTHING, TWO), pairs):
        asked = AskedDatabase(varied_log.database)
        part = LogFilter(**CHIPS[one] | CHIPS[other])
        await JournalRepo(asked).page(scope, part, turn=Turn.FIRST, key=None, size=SIZE)
        read = [step for step in await asked.steps_of_first() if "Relation Name" in step]
        whole = {step["Relation Name"] for step in read if step["Node Type"] == "Seq Scan"}
        assert not whole & {"calls", "call_extensions"}, (scope, one, other)


@pytest.mark.long
async def test_each_filter_walks_its_own_index_in_its_order(varied_log: Log) -> None:
    for turn, (name, index) in itertools.product((Turn.FIRST, Turn.LAST), OWN_INDEXES.items()):
        asked = AskedDatabase(varied_log.database)
        part = LogFilter(**CHIPS[name])
        await JournalRepo(asked).page(EVERYTHING, part, turn=turn, key=None, size=SIZE)
        steps = await asked.steps_of_first()
        walked = {step["Index Name"] for step in steps if step.get("Alias", "").startswith("c")}
        assert walked == {index}, name
        assert not any(step["Node Type"] == "Sort" for step in steps), name


@pytest.mark.parametrize("turn", list(Turn))
async def test_a_page_of_who_did_what_reads_little_more_than_it_shows(
    log: Log, turn: Turn
) -> None:
    """Where it has many deeds of the person, or of that kind, it may step over the others."""
    async with log.database.transaction() as tx:
        areas = [area.value for area in AuditArea]
        tx.write_many(
            "INSERT INTO audit (at, employee_id, area, kind) VALUES (?, ?, ?, 'closed')",
            [
                (NOW + n, {0: 0, 1: 1}.get(n % 100, 2), areas[0 if n // 100 % 10 else 3])
                for n in range(20_000)
            ],
        )
    async with log.database.transaction() as tx:
        tx.write("ANALYZE")
    for who, area, since in itertools.product(
        (None, 1, BY_ITSELF), (None, AuditArea.DATA), (None, NOW + 100)
    ):
        asked = AskedDatabase(log.database)
        part, key = AuditFilter(area, who, since), Key(NOW + 9500, 9501)
        page = await AuditRepo(asked).page(part, turn=turn, key=key, size=SIZE)
        assert page.entries
        steps = await asked.steps_of_first()
        assert not any(step["Node Type"] == "Sort" for step in steps), part
        read = [step for step in steps if step.get("Relation Name") == "audit"]
        stepped = sum(one["Actual Rows"] + one.get("Rows Removed by Filter", 0) for one in read)
        assert stepped <= 20 * SIZE, part


class AskedDatabase(Database):
    """A database that remembers the first that it was asked."""

    def __init__(self, inner: Database) -> None:
        super().__init__()
        self.inner = inner
        self.first: Select | None = None

    async def fetch_each(self, *selects: Select) -> list[list[Row]]:
        self.first = self.first or selects[0]
        return await self.inner.fetch_each(*selects)

    async def steps_of_first(self) -> list[dict[str, Any]]:
        """What is done for it, and how many rows that gives: EXPLAIN (ANALYZE)."""
        assert self.first
        sql, values = self.first
        [[told]] = await self.inner.fetch(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values)
        return list(_steps(told[0]["Plan"]))

    def union_sql(self, parts: Sequence[str], by: str, limit: str, offset: str = "0") -> str:
        return self.inner.union_sql(parts, by, limit, offset)

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return self.inner.transaction()

    async def size(self) -> int:
        return await self.inner.size()


def _steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for one in plan.get("Plans", ()):
        yield from _steps(one)
