"""PostgreSQL, too, reads no more of the log than a page shows, whoever reads it."""

import itertools
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from bot.domain.audit import BY_ITSELF, AuditArea, AuditFilter
from bot.domain.log import Key, LogFilter, Turn
from bot.domain.people import Scope
from storage.audit import AuditRepo
from storage.engine.base import Database, Row, Select, Transaction
from storage.journal import JournalRepo
from tests.support.call_logs import NOW, SIZE, TWENTY, TWO, Log
from tests.support.engines import ONLY_POSTGRES
from tests.support.statements import said

pytestmark = ONLY_POSTGRES

CALLS = 1500


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
