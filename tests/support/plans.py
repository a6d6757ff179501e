"""How SQLite carries out what the storage asks: EXPLAIN QUERY PLAN, through the real Database.

A statement is a breach when it costs more the longer the company has worked: it reads a table that
grows from end to end, or sorts the log, or looks up a row for what an index should hold. So is one
that asks for none of the rows there are: PostgreSQL does not even take an empty IN.
"""

import re
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.domain.log_views import CASE_STATES
from storage.engine.base import Database, Row, Select, Statement, Transaction, Value

LOG = frozenset({"calls", "call_extensions", "outbox"})
"""What nobody may sort: its indexes are in the order in which it is read."""

GROWING = LOG | {
    *("cases", "case_calls", "case_events", "comments", "comment_changes", "contacts"),
    *(
        "audit",
        "reminders",
        "rejects",
        "dials",
        "contact_numbers",
        "closings",
        "batches",
        "batch_cases",
    ),
    *("client_digits", "contact_words", "comment_words"),
}
"""What has more rows every day. The people, their settings and the company's stay few."""

NOT_KNOWN = frozenset({"calls_unknown", "call_extensions_unknown"})
"""Indexes of calls that are still to be looked through: what is asked of those is looked up."""

WHAT_WAITS = NOT_KNOWN | {"cases_open", "cases_to_expire", "dials_under_way", "outbox_pending"}
"""Indexes that hold only what is not done yet: those may be walked from end to end."""

OWN_INDEXES = {
    **{fate.value: "calls_not_waiting" for fate in CASE_STATES},
    "unreturned": "calls_waiting",
    "lost": "calls_lost_by_position",
    "called back": "calls_by_status",
    "busy": "calls_by_status",
    "line": "calls_by_line",
    "queue": "calls_by_queue",
    "commented": "calls_commented",
    "recorded": "calls_recorded",
    "longest": "calls_long",
    "first": "calls_first",
}
"""By what the whole log is filtered, alone: the index that has the least beside."""

_NAMES = re.compile(r"\b(?:FROM|JOIN|UPDATE|INTO) (\w+)(?: AS (\w+))?")
_READS = re.compile(r"(SCAN|SEARCH) (\w+)(?: USING (?:COVERING )?INDEX (\w+))?")
_BLOOMS = re.compile(r"BLOOM FILTER ON (\w+)")
_FROM_NULL_ON = re.compile(r"\((\w+)>\?\)")
_BY_ID = ("USING INTEGER PRIMARY KEY (rowid=?)", "_by_call (call_id=?")
_IN_NOTHING = re.compile(r"(?<!NOT) IN \(\)")
_OF_WHOLE_SOURCE = "INDEX calls_by_source (source=?)"
"""A company has few sources: this reads as good as the whole log."""
_SELECTS_KEYS = re.compile(r"\bSELECT c\.position, c\.(?:call_)?id AS id FROM ")


@dataclass(frozen=True, slots=True)
class Plan:
    """One statement and its steps, as EXPLAIN QUERY PLAN tells them."""

    sql: str
    steps: tuple[str, ...]

    @property
    def selects_keys(self) -> bool:
        """Whether it finds, or counts, calls of the log by what stands in the indexes alone."""
        return bool(_SELECTS_KEYS.search(self.sql))

    def breaches(self, *, walked: Collection[str], sorted_from: Collection[str]) -> list[str]:
        """The steps that cost more the longer the log."""
        if _IN_NOTHING.search(self.sql):
            return ["nothing is asked for"]
        found = [step for step in self.steps if self._is_walk(step, walked)]
        found += [step for step in self.steps if _OF_WHOLE_SOURCE in step]
        found += [step for step in self.steps if self._is_lookup(step)]
        is_log_read = any(self._is_read_of_log(step, sorted_from) for step in self.steps)
        found += [step for step in self.steps if is_log_read and _is_sort(step)]
        return found

    def _tables(self, name: str) -> set[str]:
        """The tables a name of a step may stand for: an alias, or the table itself."""
        return {table for table, alias in _NAMES.findall(self.sql) if name in {table, alias}}

    def _is_walk(self, step: str, walked: Collection[str]) -> bool:
        if bloom := _BLOOMS.match(step):  # it is made of the whole table, each time
            return bool(self._tables(bloom[1]) & GROWING)
        read = _READS.match(step)
        if not read or read[3] in walked or not self._tables(read[2]) & GROWING:
            return False
        [column] = _FROM_NULL_ON.findall(step) or [""]
        is_bounded = re.search(rf"\b{column} (?:>|>=|BETWEEN) ", self.sql) if column else True
        return read[1] == "SCAN" or not is_bounded

    def _is_lookup(self, step: str) -> bool:
        read = _READS.match(step)
        is_of_log = bool(read and self._tables(read[2]) & LOG)
        is_few = bool(read and read[3] in NOT_KNOWN)
        return self.selects_keys and is_of_log and "USING INDEX" in step and not is_few

    def _is_read_of_log(self, step: str, sorted_from: Collection[str]) -> bool:
        """Whether it reads more of the log than rows that are named one by one."""
        read = _READS.match(step)
        if not read or read[3] in WHAT_WAITS | {*sorted_from} or not self._tables(read[2]) & LOG:
            return False
        return not any(words in step for words in _BY_ID)


def _is_sort(step: str) -> bool:
    return "USE TEMP B-TREE FOR ORDER BY" in step or "UNION USING TEMP B-TREE" in step


@dataclass
class ExplainedDatabase(Database):
    """A database that writes down the plan of every statement it is asked to carry out."""

    inner: Database
    plans: list[Plan] = field(default_factory=list)
    trips: int = 0
    owings: int = 0

    async def fetch_each(self, *selects: Select) -> list[list[Row]]:
        rows = await self.inner.fetch_each(*selects)  # first: EXPLAIN alone sees no new schema
        for sql, values in selects:
            self._note(sql, await self.inner.fetch(f"EXPLAIN QUERY PLAN {sql}", values))
        return rows

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self.inner.transaction() as tx:
            explained = _ExplainedTransaction(tx, self)
            yield explained
            await explained.finish()

    def union_sql(self, parts: Sequence[str], by: str, limit: str, offset: str = "0") -> str:
        return self.inner.union_sql(parts, by, limit, offset)

    async def size(self) -> int:
        return await self.inner.size()

    async def explain(self, tx: Transaction, sql: str, values: Sequence[Value]) -> None:
        self._note(sql, await tx.execute(f"EXPLAIN QUERY PLAN {sql}", values))

    def _note(self, sql: str, rows: Iterable[Row]) -> None:
        self.plans.append(Plan(sql, tuple(row["detail"] for row in rows)))

    def breaches(
        self, *, walked: Collection[str] = WHAT_WAITS, sorted_from: Collection[str] = ()
    ) -> list[tuple[str, str]]:
        """Every step that costs more the longer the log, with its statement.

        `walked`: indexes that may be read from end to end. `sorted_from`: those of which a span
        is short enough to be sorted. Fails if there was no statement to judge.
        """
        assert self.plans, "nothing was asked of the database"
        return [
            (step, plan.sql)
            for plan in self.plans
            for step in plan.breaches(walked=walked, sorted_from=sorted_from)
        ]


class _ExplainedTransaction(Transaction):
    def __init__(self, inner: Transaction, database: ExplainedDatabase) -> None:
        super().__init__()
        self._inner = inner
        self._database = database

    async def _run(self, queued: Sequence[Statement]) -> None:
        await self._queue_explained(queued)

    async def finish(self) -> None:
        await self._queue_explained(self._queue)

    async def _queue_explained(self, queued: Sequence[Statement]) -> None:
        for one in queued:
            await self._database.explain(self._inner, one.sql, one.rows[0])
            if one.is_many:
                self._inner.write_many(one.sql, one.rows)
            elif one.answer:
                one.answer.rows = await self._inner.execute(one.sql, one.rows[0])
            else:
                self._inner.write(one.sql, one.rows[0])
