"""The calls: recording what sources say of them, settling, purging. Reading is in journal.py."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal

from bot.domain.calls import CallFacts, Direction, EndedBy, EndedCall, Outcome, Status
from bot.domain.case_rules import DEFAULT_RULES, CaseRules
from bot.domain.merging import (
    LIVE_MAX_AGE,
    RINGING_MAX_AGE,
    MergedCall,
    Strength,
    differs,
    end_unknown,
    merge,
)
from bot.domain.phones import NumberPlan
from bot.domain.silence import is_sign_of_life
from storage.case_refolding import CallChange, CaseRefolding
from storage.clock_shifts import ask_shifts, note_arrivals
from storage.counters import Ids
from storage.dials import ChangedCall, ask_dials, follow_calls, purge_dials
from storage.engine.base import Answer, Database, Row, Transaction, Value, chunks, marks_sql
from storage.first_calls import FirstCalls, give_first
from storage.owing import purge_told
from storage.owing_cards import owe_cards
from storage.rejects import count_flaws
from storage.search_index import forget_clients, note_clients
from storage.silences import note_heard
from storage.traits import COMMENTED, changed_traits, may_be_first_sql, new_traits

_STORED = tuple(field.name for field in fields(MergedCall) if field.name != "extensions")
_INSERT = (
    f"INSERT INTO calls (id, received_at, traits, {', '.join(_STORED)}) "  # noqa: S608 - our names
    f"VALUES (?, ?, ?, {', '.join('?' * len(_STORED))})"
)
_UPDATE = (
    f"UPDATE calls SET traits = ? | (coalesce(traits, 0) & {COMMENTED}), "  # noqa: S608
    f"{', '.join(f'{name} = ?' for name in _STORED)} WHERE id = ?"
)


_PLAN = NumberPlan("UA")
"""How a source that is no more in the settings is taken to have written numbers."""

_TOO_OLD = (
    "status IN ('ringing', 'connecting_operator') AND received_at <= ? AND started_at <= ? AND "
    "(status = 'ringing' AND answered_at IS NULL OR received_at <= ? AND started_at <= ?)"
)
"""Live calls that began, and were heard of, RINGING_MAX_AGE ago, or LIVE_MAX_AGE if somebody was
being connected. (With a wrong time zone a call that goes on seems to have begun hours ago.)"""

_WITH_EXTENSIONS_SQL = (
    "SELECT c.*, x.extension AS of_extension FROM ({}) AS c "
    "LEFT JOIN call_extensions AS x ON x.call_id = c.id"
)
"""The calls of a SELECT, each once for every extension it is in the log of."""

_AT_ONCE = 200
"""Live calls that one transaction takes for over."""


class CallRepo:
    """`numbers`: how each source writes telephone numbers, for calls that time ends."""

    def __init__(
        self,
        database: Database,
        *,
        rules: CaseRules = DEFAULT_RULES,
        numbers: Mapping[str, NumberPlan] | None = None,
    ) -> None:
        self._database = database
        self._rules = rules
        self._numbers = numbers or {}

    async def record(
        self,
        facts: Sequence[CallFacts],
        *,
        now: int,
        is_live: bool = False,
        is_followed: bool = False,
    ) -> list[Outcome]:
        """Merge statements into the log; change the cases of their clients, owe the messages.

        All of it is one durable transaction. Returns what each statement did, in order. People are
        alerted of cases whose latest lost call ended at most ALERT_MAX_AGE ago. Flaws are counted.

        `is_live`: told as it happens, so how late it comes says whether the source's clock is
        right; history is late by nature. `is_followed`: such history, but of a PBX that is
        listened to, so that what it says of just now shows that the PBX is at work.
        """
        if not facts:
            return []
        async with self._database.transaction() as tx:
            recording = _Recording(tx, now, self._rules)
            outcomes = await recording.run(facts)
            await count_flaws(tx, facts, now=now)
            if is_live:
                await note_arrivals(tx, recording.ends(), recording.shifts, now=now)
            if is_live or is_followed:
                await note_heard(tx, recording.signs_of_life(is_live=is_live), now=now)
            return outcomes

    async def settle(self, *, now: int) -> int:
        """Stop waiting for prices and recordings whose time is over, and for ends.

        A live call whose end never came counts as over (`end_unknown`); if it is lost, its case
        and what it owes are made in the same transaction. Returns how many calls changed.
        """
        ringing, live = now - RINGING_MAX_AGE, now - LIVE_MAX_AGE
        async with self._database.transaction() as tx:
            asked = tx.ask(
                "UPDATE calls SET settles_at = NULL WHERE settles_at <= ? RETURNING id", (now,)
            )
            oldest = f"SELECT * FROM calls WHERE {_TOO_OLD} ORDER BY received_at LIMIT {_AT_ONCE}"  # noqa: S608
            rows = await tx.execute(
                _WITH_EXTENSIONS_SQL.format(oldest), (ringing, ringing, live, live)
            )
            ended = await _Recording(tx, now, self._rules).end(rows, self._numbers)
            settled = await asked
            await owe_cards(tx, call_ids=[row["id"] for row in settled], now=now)
        return len(settled) + ended

    async def list_lacking(
        self, source: str, *, ended_after: int, ended_before: int
    ) -> list[EndedCall]:
        """Calls that ended in that time and have no price, or no recording; the oldest first."""
        # Not by `source`: a walk by time reads few rows, one by source all of them.
        rows = await self._database.fetch(
            "SELECT source, external_id, started_at, ended_at, talk, price, recording_url "
            "FROM calls WHERE position BETWEEN ? AND ? AND ended_at BETWEEN ? AND ? "
            "AND (price IS NULL OR recording_url IS NULL) ORDER BY position, id",
            (ended_after - LIVE_MAX_AGE, ended_before, ended_after, ended_before),
        )
        return [
            EndedCall(
                row["external_id"],
                row["started_at"],
                row["ended_at"],
                row["talk"] or 0,
                row["price"] is not None,
                row["recording_url"] is not None,
            )
            for row in rows
            if row["source"] == source
        ]

    async def purge(self, *, before: int, limit: int = 500) -> int:
        """Delete up to `limit` calls started before the moment, oldest first. Returns how many.

        Cases left without a lost call, and old messages not about cases, are deleted too.
        """
        async with self._database.transaction() as tx:
            purged = await tx.execute(
                "DELETE FROM calls WHERE id IN (SELECT id FROM calls WHERE position < ? "  # noqa: S608
                f"ORDER BY position, id LIMIT ?) RETURNING client, {may_be_first_sql('calls')} "
                "AS was_first",
                (before, limit),
            )
            give_first(tx, {row["client"] for row in purged if row["client"] and row["was_first"]})
            await forget_clients(tx, [row["client"] for row in purged if row["client"]])
            tx.write("DELETE FROM cases WHERE call_id IS NULL")
            await purge_told(tx, before=before)
            await purge_dials(tx, before=before)
        return len(purged)

    async def count(self) -> int:
        """How many calls are stored; it steps over them all."""
        return await self._database.count("SELECT count(*) FROM calls")

    async def last_received(self, source: str) -> int | None:
        """When the newest call of a source was first heard of; None: it has no calls."""
        [row] = await self._database.fetch(
            "SELECT max(received_at) AS at FROM calls WHERE source = ?", (source,)
        )
        at: int | None = row["at"]
        return at


class _Recording:
    """One transaction's worth of statements: read what is there, merge, write the difference."""

    def __init__(self, tx: Transaction, now: int, rules: CaseRules) -> None:
        self._tx = tx
        self._now = now
        self._rules = rules
        self._before: dict[tuple[str, str], MergedCall] = {}
        self._calls: dict[tuple[str, str], MergedCall] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._traits: dict[tuple[str, str], int | None] = {}
        """As they are stored."""
        self._told: dict[tuple[str, str], MergedCall] = {}
        """By its first statement alone, what each call would be."""
        self._first_calls = FirstCalls(tx)
        self._new_ids = Ids(tx, "calls")
        self.shifts: Answer = ask_shifts(tx)

    async def run(self, facts: Sequence[CallFacts]) -> list[Outcome]:
        await self._read(facts)
        outcomes = [self._merge(statement) for statement in facts]
        await self._write_changes()
        return outcomes

    async def end(self, rows: Sequence[Row], numbers: Mapping[str, NumberPlan]) -> int:
        """Take live calls for over. Returns how many are."""
        if not rows:
            return 0
        self._note_stored(rows)
        for key, call in self._before.items():
            plan = numbers.get(call.source, _PLAN)
            self._calls[key] = end_unknown(call, plan, now=self._now)
        return await self._write_changes()

    def ends(self) -> list[tuple[str, int]]:
        """The source and the end of each call whose end was told now for the first time."""
        found = []
        for key, call in self._calls.items():
            before, end = self._before.get(key), _end(call)
            if end is not None and (before is None or _end(before) is None):
                found.append((call.source, end))
        return found

    def signs_of_life(self, *, is_live: bool) -> Counter[str]:
        """How many new calls each source told of that show that it is at work now."""
        return Counter(
            call.source
            for key, call in self._calls.items()
            if key not in self._before
            and is_sign_of_life(call.started_at, _end(call), is_live=is_live, now=self._now)
        )

    async def _write_changes(self) -> int:
        """Write the calls that have changed, and what becomes of their cases."""
        changed = [key for key, call in self._calls.items() if self._before.get(key) is not call]
        if not changed:
            return 0
        await self._write([key for key in changed if key not in self._before], changed)
        now_changed = [
            ChangedCall(self._ids[key], self._calls[key], is_new=key not in self._before)
            for key in changed
        ]
        dials = ask_dials(self._tx, now_changed, now=self._now)
        await CaseRefolding(self._tx, self._rules, self._now).follow_calls(
            [
                CallChange(self._ids[key], before, call)
                for key in changed
                for before, call in [(self._before.get(key), self._calls[key])]
                if before is None or differs(before, call)
            ]
        )
        await follow_calls(self._tx, now_changed, dials, self.shifts, now=self._now)
        return len(changed)

    async def _read(self, facts: Sequence[CallFacts]) -> None:
        for statement in facts:
            key = (statement.source, statement.external_id)
            if key not in self._told:
                self._told[key] = merge(None, statement, now=self._now)
        self._first_calls.ask(call.client for call in self._told.values() if call.client)
        wanted: dict[str, list[str]] = {}
        for source, external_id in {(item.source, item.external_id): None for item in facts}:
            wanted.setdefault(source, []).append(external_id)
        asked = []
        for source, ids in wanted.items():
            for some in chunks(ids, 500):
                these = (
                    "SELECT * FROM calls WHERE source = ? AND external_id IN "  # noqa: S608
                    f"({marks_sql(some)})"
                )
                asked.append(self._tx.ask(_WITH_EXTENSIONS_SQL.format(these), (source, *some)))
        for answer in asked:
            self._note_stored(await answer)

    def _note_stored(self, rows: Sequence[Row]) -> None:
        """Note calls as they are stored, of rows with their extensions."""
        for row in sorted(rows, key=lambda row: row["of_extension"] or ""):
            key = (row["source"], row["external_id"])
            if key not in self._before:
                self._ids[key], self._traits[key] = row["id"], row["traits"]
                self._before[key] = self._calls[key] = merged_call(row)
            if row["of_extension"] is not None:
                call = self._before[key]
                call.extensions = (*call.extensions, row["of_extension"])

    def _merge(self, facts: CallFacts) -> Outcome:
        key = (facts.source, facts.external_id)
        old = self._calls.get(key)
        call = self._told[key] if old is None else merge(old, facts, now=self._now)
        self._calls[key] = call
        if old is None:
            return Outcome.ACCEPTED
        return Outcome.UPDATED if differs(old, call) else Outcome.UNCHANGED

    async def _write(
        self, new: Sequence[tuple[str, str]], changed: Sequence[tuple[str, str]]
    ) -> None:
        mended = [key for key in changed if key in self._before]
        if new:
            self._ids.update(zip(new, await self._new_ids.take(len(new)), strict=True))
        first = await self._first_calls.find(
            {self._ids[key]: self._calls[key] for key in new},
            [(self._before[key], self._calls[key]) for key in mended],
        )
        if new:
            self._tx.write_many(
                _INSERT,
                [
                    (id_, self._now, new_traits(call, is_first=id_ in first), *_stored(call))
                    for key in new
                    for call, id_ in ((self._calls[key], self._ids[key]),)
                ],
            )
        if mended:
            self._tx.write_many(
                _UPDATE,
                [
                    (
                        changed_traits(self._traits[key], self._before[key], call),
                        *_stored(call),
                        self._ids[key],
                    )
                    for key in mended
                    for call in (self._calls[key],)
                ],
            )
            self._tx.write_many(
                "DELETE FROM call_extensions WHERE call_id = ?",
                [(self._ids[key],) for key in mended],
            )
        self._tx.write_many(
            "INSERT INTO call_extensions "
            "(extension, position, call_id, lost, client, line, queue, traits) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT traits FROM calls WHERE id = ?))",
            [
                (
                    *(extension, call.position, id_, int(call.lost)),
                    *(call.client, call.line, call.queue, id_),
                )
                for key in changed
                for call, id_ in ((self._calls[key], self._ids[key]),)
                for extension in call.extensions
            ],
        )
        self._first_calls.write()
        await self._index(changed)

    async def _index(self, changed: Sequence[tuple[str, str]]) -> None:
        """Let the calls be found by the numbers of their clients."""
        now = {key: self._calls[key].client for key in changed}
        before = {key: self._before[key].client for key in changed if key in self._before}
        note_clients(self._tx, [one for key, one in now.items() if one and one != before.get(key)])
        left = [one for key, one in before.items() if one and one != now[key]]
        await forget_clients(self._tx, left)


def _end(call: MergedCall) -> int | None:
    """When the call ended, if its source has said so."""
    if call.level == 0:
        return None
    if call.ended_at is None and call.wait is not None and call.talk is not None:
        return call.started_at + call.wait + call.talk
    return call.ended_at


def _stored(call: MergedCall) -> tuple[Value, ...]:
    return (
        call.source,
        call.external_id,
        call.direction.value,
        call.status.value,
        call.level,
        call.updated_at,
        call.started_at,
        call.raw_status,
        call.caller_name,
        call.caller_number,
        call.caller_sip,
        call.callee_name,
        call.callee_number,
        call.callee_sip,
        call.line,
        call.queue,
        call.extension,
        json.dumps(call.rang, ensure_ascii=False) if call.rang else None,
        call.answered_at,
        call.ended_at,
        call.wait_said,
        call.talk_said,
        call.ended_by.value if call.ended_by else None,
        None if call.price is None else str(call.price),
        call.currency,
        call.recording_url,
        json.dumps(call.strengths) if call.strengths else None,
        call.client,
        call.wait,
        call.talk,
        int(call.talked),
        int(call.lost),
        call.position,
        call.settles_at,
    )


def merged_call(row: Row) -> MergedCall:
    """The call as it was merged so far, without its extensions."""
    values = {name: row[name] for name in _STORED}
    strengths: dict[str, Strength] = {
        name: (level, updated_at)
        for name, (level, updated_at) in json.loads(row["strengths"] or "{}").items()
    }
    values |= {
        "direction": Direction(row["direction"]),
        "status": Status(row["status"]),
        "ended_by": EndedBy(row["ended_by"]) if row["ended_by"] else None,
        "rang": parse_rang(row["rang"]),
        "price": None if row["price"] is None else Decimal(row["price"]),
        "strengths": strengths,
        "talked": bool(row["talked"]),
        "lost": bool(row["lost"]),
    }
    return MergedCall(**values)


def parse_rang(stored: str | None) -> tuple[str, ...]:
    """The extensions that were rung, from the column `rang`: a JSON list."""
    return tuple(json.loads(stored)) if stored else ()
