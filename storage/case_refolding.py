"""Keeping cases in step with the calls, inside the transaction that records the calls.

Whatever changes on a number, its cases are computed anew (bot/domain/case_rules.py) from the calls
since the latest case that had begun by then. The difference is written, with the messages it owes.
"""

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from bot.domain.calls import CasePart, CaseState, Direction, Status
from bot.domain.case_rules import CaseEvent, CaseFacts, CaseRules, EventKind, fold
from bot.domain.cases import ALERT_MAX_AGE
from bot.domain.merging import MergedCall
from storage.company import read_steps
from storage.database import Row, Transaction, Value, chunks
from storage.owing import Kind, Priority, owe_case, owe_once, owe_person, ping_case, touch_cases

_AT_ONCE = 300
_LATE_AFTER = 60
_WARNED_WITHIN = 300
_LATE_MAX_AGE = 86400


@dataclass(frozen=True, slots=True)
class Change:
    """A call before and after what was recorded now."""

    id: int
    before: MergedCall | None
    after: MergedCall


@dataclass(slots=True)
class _Stored:
    row: Row
    parts: dict[int, CasePart] = field(default_factory=dict)

    @property
    def id(self) -> int:
        id_: int = self.row["id"]
        return id_

    @property
    def lost(self) -> set[int]:
        return {call for call, part in self.parts.items() if part is CasePart.LOST}


_COLUMNS = (
    "call_id",
    "opened_at",
    "last_lost_at",
    "expires_at",
    "lost",
    "attempts",
    "state",
    "closed_at",
)


class _Difference:
    """A case as its calls tell it now, against its row; `id` is given when it is written."""

    def __init__(self, client: str | None, facts: CaseFacts, before: _Stored | None) -> None:
        self.client = client
        self.facts = facts
        self.before = before
        self.id = before.id if before else 0
        self.parts = _parts(facts)
        self.parts_before = set(before.parts) if before else set()
        self.values: tuple[Value, ...] = (
            facts.lost[-1],
            facts.opened_at,
            facts.last_lost_at,
            facts.expires_at,
            len(facts.lost),
            len(facts.attempts),
            facts.state.value,
            facts.closed_at,
        )

    @property
    def is_any(self) -> bool:
        if self.before is None:
            return True
        row = self.before.row
        return self.parts != self.before.parts or self.values != tuple(
            row[name] for name in _COLUMNS
        )

    @property
    def is_open(self) -> bool:
        return self.facts.state is CaseState.OPEN

    @property
    def was_open(self) -> bool:
        """Whether it was open and still is."""
        return self.is_open and self.before is not None and self.before.row["state"] == "open"

    @property
    def is_repeat(self) -> bool:
        """Whether the client has called again, or for the first time."""
        return not self.before or self.facts.last_lost_at > self.before.row["last_lost_at"]

    def claim_due_at(self, now: int) -> int | None:
        """Of one that has closed, none; of one that is open again, at once if it has an owner."""
        return now if self.is_open and self.before and self.before.row["owner_id"] else None


class CaseKeeping:
    def __init__(self, tx: Transaction, rules: CaseRules, now: int) -> None:
        self._tx = tx
        self._rules = rules
        self._now = now
        self._differences: list[_Difference] = []
        self._void: list[_Stored] = []
        self._told: set[int] = set()

    async def follow(self, changes: Sequence[Change]) -> None:
        """Bring the cases in step with calls that have just been written."""
        spans: dict[str, tuple[int, int]] = {}
        sure: set[str] = set()
        hidden: set[int] = set()
        for change in changes:
            before = change.before if change.before and not change.before.status.is_live else None
            for call in (before, change.after):
                if call is None or call.status.is_live:
                    continue
                if call.client is not None:
                    first, last = spans.get(call.client, (call.started_at, call.started_at))
                    spans[call.client] = min(first, call.started_at), max(last, call.started_at)
                    if call.lost or before:
                        sure.add(call.client)
                elif call.lost:
                    hidden.add(change.id)
        others = {client: span for client, span in spans.items() if client not in sure}
        sure |= await self._with_cases_in(others)
        await self.refold_hidden(hidden)
        await self.refold({client: span[0] for client, span in spans.items() if client in sure})
        await self._correct([change.id for change in changes if change.before])
        await self._warn(changes)

    async def refold(self, since: dict[str, int]) -> None:
        """Compute the cases of these numbers anew, from the moments given."""
        for some in chunks(sorted(since), _AT_ONCE):
            await self._refold({client: since[client] for client in some})
        await self._write()

    async def refold_hidden(self, call_ids: Collection[int]) -> None:
        """Compute anew the cases of calls from hidden numbers: each of them is its own."""
        for some in chunks(sorted(call_ids), _AT_ONCE):
            places = ", ".join("?" * len(some))
            rows = await self._tx.execute(
                f"SELECT {_CALL} FROM calls AS c WHERE c.id IN ({places})",  # noqa: S608
                some,
            )
            stored = await self._stored(
                "k.client IS NULL AND k.id IN (SELECT case_id FROM case_calls "  # noqa: S608
                f"WHERE call_id IN ({places}))",
                some,
            )
            closings = await self._closings(f"k.call_id IN ({places}) AND k.client IS NULL", some)
            by_call = {call: one for one in stored for call in one.lost}
            for row in rows:
                id_ = row["id"]
                events = self._events([row], []) if row["client"] is None else []
                closed = [event for call, event in closings if call == id_]
                found = fold([*events, *closed], window=self._rules.window, now=self._now)
                self._compare(None, found, [by_call[id_]] if id_ in by_call else [])
        await self._write()

    async def _with_cases_in(self, spans: dict[str, tuple[int, int]]) -> set[str]:
        """The clients who have a case that a talk or an attempt in the span may change.

        It is one still open, or that had begun by then and was not over; most have none.
        """
        found: set[str] = set()
        for some in chunks(sorted(spans), _AT_ONCE):
            rows = await self._tx.execute(
                "WITH asked (client, first, last) AS (VALUES "  # noqa: S608
                f"{', '.join(['(?, ?, ?)'] * len(some))}) "
                "SELECT DISTINCT a.client FROM asked AS a CROSS JOIN cases AS k "
                "WHERE k.client = a.client AND (k.state = 'open' OR (k.opened_at <= a.last "
                "AND k.expires_at >= a.first AND k.state <> 'void' "
                "AND (k.closed_at IS NULL OR k.closed_at >= a.first)))",
                [value for client in some for value in (client, *spans[client])],
            )
            found |= {row["client"] for row in rows}
        return found

    async def _refold(self, since: dict[str, int]) -> None:
        asked, values = _asked(since)
        begun = await self._tx.execute(
            f"{asked} SELECT a.client, max(k.opened_at) AS at FROM asked AS a "  # noqa: S608
            "CROSS JOIN cases AS k WHERE k.client = a.client AND k.opened_at <= a.since "
            "AND k.state <> 'void' GROUP BY a.client",
            values,
        )
        asked, values = _asked(since | {row["client"]: row["at"] for row in begun})
        calls = await self._tx.execute(
            f"{asked} SELECT {_CALL} FROM asked AS a CROSS JOIN calls AS c "  # noqa: S608
            "WHERE c.client = a.client AND c.position >= a.since ORDER BY c.client",
            values,
        )
        stored = await self._stored(
            "k.client = a.client AND k.opened_at >= a.since AND k.state <> 'void'",
            values,
            asked=asked,
        )
        closings = await self._closings(
            "k.client = a.client AND e.at >= a.since", values, asked=asked
        )
        ignored = await self._tx.execute(
            f"{asked} SELECT i.number, i.since, i.until FROM asked AS a "  # noqa: S608
            "CROSS JOIN ignored_numbers AS i WHERE i.number = a.client",
            values,
        )
        by_client = {
            client: list(rows) for client, rows in itertools.groupby(calls, lambda r: r["client"])
        }
        by_number: dict[str, list[_Stored]] = {}
        for one in stored:
            by_number.setdefault(one.row["client"], []).append(one)
        for client in since:
            spans = [
                (row["since"], row["until"] or 1 << 60)
                for row in ignored
                if row["number"] == client
            ]
            events = self._events(by_client.get(client, ()), spans)
            events += [event for number, event in closings if number == client]
            found = fold(events, window=self._rules.window, now=self._now)
            self._compare(client, found, by_number.get(client, []))

    async def _stored(
        self, where: str, values: Sequence[Value], *, asked: str = ""
    ) -> list[_Stored]:
        rows = await self._tx.execute(
            f"{asked} SELECT k.*, y.call_id AS part_of, y.part "  # noqa: S608
            f"FROM {'asked AS a CROSS JOIN ' if asked else ''}cases AS k "
            f"LEFT JOIN case_calls AS y ON y.case_id = k.id WHERE {where} ORDER BY k.id",
            values,
        )
        found: dict[int, _Stored] = {}
        for row in rows:
            one = found.setdefault(row["id"], _Stored(row))
            if row["part_of"] is not None:
                one.parts[row["part_of"]] = CasePart(row["part"])
        return list(found.values())

    async def _closings(
        self, where: str, values: Sequence[Value], *, asked: str = ""
    ) -> list[tuple[str | int, CaseEvent]]:
        """Closings by hand, each with the client, or the call, of its case."""
        rows = await self._tx.execute(
            f"{asked} SELECT k.client, k.call_id, e.at, e.id "  # noqa: S608
            f"FROM {'asked AS a CROSS JOIN ' if asked else ''}cases AS k "
            f"JOIN case_events AS e ON e.case_id = k.id WHERE {where} AND e.kind = 'closed'",
            values,
        )
        return [
            (
                row["client"] if row["client"] is not None else row["call_id"],
                CaseEvent(row["at"], ("", str(row["id"])), EventKind.BY_HAND),
            )
            for row in rows
        ]

    def _events(self, rows: Iterable[Row], ignored: Sequence[tuple[int, int]]) -> list[CaseEvent]:
        found = []
        for row in rows:
            at = row["started_at"]
            kind = self._kind(row, is_ignored=any(a <= at < b for a, b in ignored))
            if kind:
                tie = (row["source"], row["external_id"])
                talked_at = at + (row["wait"] or 0)
                found.append(CaseEvent(at, tie, kind, row["id"], talked_at))
        return found

    def _kind(self, row: Row, *, is_ignored: bool) -> EventKind | None:
        status, direction = Status(row["status"]), Direction(row["direction"])
        if status.is_live:
            return None
        if direction is Direction.OUT:
            talked = status.is_talk or (row["talk"] or 0) > 0
            return EventKind.CALLED_BACK if talked else EventKind.ATTEMPT
        if not row["lost"]:
            return EventKind.GOT_THROUGH
        wait = row["wait"]
        is_short = wait is not None and wait < self._rules.min_missed_seconds
        if is_ignored or is_short:
            return None
        is_returned = status is Status.MISSED_CALLED_BACK
        return EventKind.LOST_RETURNED if is_returned else EventKind.LOST

    def _compare(
        self, client: str | None, found: Sequence[CaseFacts], stored: Sequence[_Stored]
    ) -> None:
        """Note what differs: each case keeps the row that had one of its lost calls."""
        free = list(stored)
        for facts in found:
            before = next((one for one in free if not one.lost.isdisjoint(facts.lost)), None)
            if before:
                free.remove(before)
            difference = _Difference(client, facts, before)
            if difference.is_any:
                self._differences.append(difference)
        self._void += free

    async def _write(self) -> None:
        """Write the differences noted, and what they owe."""
        differences, self._differences = self._differences, []
        void, self._void = self._void, []
        for stored in void:
            await self._write_void(stored)
        new = [one for one in differences if one.before is None]
        if new:
            [counter] = await self._tx.execute(
                "UPDATE counters SET value = value + ? WHERE name = 'cases' RETURNING value",
                (len(new),),
            )
            for id_, one in enumerate(new, start=counter["value"] - len(new) + 1):
                one.id = id_
        await self._tx.executemany(
            f"INSERT INTO cases (id, client, {', '.join(_COLUMNS)}) "  # noqa: S608
            f"VALUES (?, ?, {', '.join('?' * len(_COLUMNS))})",
            [(one.id, one.client, *one.values) for one in new],
        )
        await self._tx.executemany(
            f"UPDATE cases SET {', '.join(f'{name} = ?' for name in _COLUMNS)}, "  # noqa: S608
            "claim_due_at = CASE WHEN ? = 1 THEN claim_due_at ELSE ? END, "
            "repeat_at = CASE WHEN ? = 1 THEN repeat_at ELSE NULL END WHERE id = ?",
            [
                (
                    *(*one.values, int(one.was_open), one.claim_due_at(self._now)),
                    *(int(one.is_open), one.id),
                )
                for one in differences
                if one.before
            ],
        )
        await self._tx.executemany(
            "DELETE FROM case_calls WHERE call_id = ? AND case_id = ?",
            [
                (call, one.id)
                for one in differences
                for call in one.parts_before - one.parts.keys()
            ],
        )
        await self._tx.executemany(
            "INSERT INTO case_calls (call_id, case_id, part) VALUES (?, ?, ?) "
            "ON CONFLICT (call_id) DO UPDATE SET case_id = excluded.case_id, part = excluded.part",
            [
                (call, one.id, part.value)
                for one in differences
                for call, part in one.parts.items()
            ],
        )
        for one in differences:
            await self._owe(one)

    async def _write_void(self, one: _Stored) -> None:
        """Its calls were not lost after all, or another case has them now."""
        await self._tx.execute(
            "UPDATE cases SET state = 'void', closed_at = NULL, lost = 0, attempts = 0, "
            "claim_due_at = NULL, repeat_at = NULL WHERE id = ?",
            (one.id,),
        )
        await self._tx.execute("DELETE FROM case_calls WHERE case_id = ?", (one.id,))
        await touch_cases(self._tx, [one.id], priority=Priority.NEWS, now=self._now)

    async def _owe(self, one: "_Difference") -> None:
        """What the chats should hear of a case that is new or has changed."""
        self._told.add(one.id)
        if one.before:
            is_news = one.before.row["state"] != one.facts.state.value
            priority = Priority.NEWS if is_news else Priority.DETAIL
            await touch_cases(self._tx, [one.id], priority=priority, now=self._now)
        if not one.is_open:
            return
        now, age = self._now, self._now - one.facts.last_over_at
        if age <= ALERT_MAX_AGE:
            await self._alert(one.id)
            if one.before and one.is_repeat and one.before.row["owner_id"]:
                owner = [one.before.row["owner_id"]]
                await ping_case(self._tx, one.id, employee_ids=owner, now=now)
        elif one.is_repeat and age <= _LATE_MAX_AGE:
            await self._owe_list(one.id)

    async def _correct(self, call_ids: Sequence[int]) -> None:
        """Calls of cases that stay what they were, but are told more of: who rang, the queue."""
        for some in chunks(call_ids, _AT_ONCE):
            rows = await self._tx.execute(
                "SELECT DISTINCT k.id, k.state, k.call_id FROM case_calls AS y "  # noqa: S608
                "JOIN cases AS k ON k.id = y.case_id "
                f"WHERE y.call_id IN ({', '.join('?' * len(some))})",
                some,
            )
            told = [row for row in rows if row["id"] not in self._told]
            ids = [row["id"] for row in told]
            await touch_cases(self._tx, ids, priority=Priority.DETAIL, now=self._now)
            for row in told:
                if row["state"] != "open":
                    continue
                if self._now - await self._lost_at(row["call_id"]) <= ALERT_MAX_AGE:
                    await self._alert(row["id"])

    async def _alert(self, case_id: int) -> None:
        await alert_of(self._tx, case_id, self._rules, now=self._now)

    async def _lost_at(self, call_id: int) -> int:
        [row] = await self._tx.execute(
            "SELECT started_at + coalesce(wait, 0) AS at FROM calls WHERE id = ?", (call_id,)
        )
        at: int = row["at"]
        return at

    async def _owe_list(self, case_id: int) -> None:
        """Too late for an alert: one list tells of all such cases that are still open then."""
        people = await self._tx.execute(
            "SELECT e.id FROM employees AS e WHERE e.state = 'active' AND e.alerts <> 'none' "
            "AND e.role <> 'accountant' "
            "AND (e.role IN ('administrator', 'supervisor') OR EXISTS (SELECT 1 "
            "FROM case_calls AS y JOIN call_extensions AS x ON x.call_id = y.call_id "
            "JOIN employee_extensions AS z ON z.extension = x.extension "
            "WHERE y.case_id = ? AND y.part = 'lost' AND z.employee_id = e.id))",
            (case_id,),
        )
        for person in people:
            await owe_person(
                self._tx,
                Kind.OPEN_CASES,
                "late",
                employee_id=person["id"],
                priority=Priority.LIST,
                now=self._now,
                due_at=self._now + _LATE_AFTER,
            )

    async def _warn(self, changes: Sequence[Change]) -> None:
        """Tell those who dial a client whom a colleague has taken."""
        dialled = [
            change
            for change in changes
            if change.after.direction is Direction.OUT
            and change.after.client is not None
            and change.after.extension is not None
            and self._now - change.after.started_at <= _WARNED_WITHIN
        ]
        clients = sorted({change.after.client or "" for change in dialled})
        taken: set[str] = set()
        for some in chunks(clients, _AT_ONCE):
            rows = await self._tx.execute(
                "SELECT client FROM cases WHERE owner_id IS NOT NULL AND state = 'open' "  # noqa: S608
                f"AND client IN ({', '.join('?' * len(some))})",
                some,
            )
            taken |= {row["client"] for row in rows}
        for change in dialled:
            call = change.after
            if call.client not in taken:
                continue
            rows = await self._tx.execute(
                "SELECT k.id, z.employee_id FROM cases AS k "
                "JOIN employee_extensions AS z ON z.extension = ? "
                "WHERE k.client = ? AND k.state = 'open' AND k.owner_id IS NOT NULL "
                "AND k.owner_id <> z.employee_id",
                (call.extension, call.client),
            )
            for row in rows:
                await owe_once(
                    self._tx,
                    Kind.WARNING,
                    str(change.id),
                    employee_id=row["employee_id"],
                    priority=Priority.ALERT,
                    case_id=row["id"],
                    now=self._now,
                )


_CALL = (
    "c.id, c.client, c.source, c.external_id, c.started_at, c.direction, c.status, c.lost, "
    "c.wait, c.talk"
)


async def alert_of(tx: Transaction, case_id: int, rules: CaseRules, *, now: int) -> None:
    """Owe an open case to everybody it concerns who has not been told, as the escalation says."""
    [row] = await tx.execute(
        "SELECT c.line, k.repeat_at, k.owner_id FROM cases AS k JOIN calls AS c "
        "ON c.id = k.call_id WHERE k.id = ?",
        (case_id,),
    )
    steps, repeat_at = await read_steps(tx, row["line"], zone=rules.zone, now=now)
    await owe_case(tx, case_id, steps, now=now)
    if repeat_at and row["repeat_at"] is None and row["owner_id"] is None:
        await tx.execute("UPDATE cases SET repeat_at = ? WHERE id = ?", (repeat_at, case_id))


def _parts(facts: CaseFacts) -> dict[int, CasePart]:
    parts = dict.fromkeys(facts.lost, CasePart.LOST)
    parts |= dict.fromkeys(facts.attempts, CasePart.ATTEMPT)
    if facts.closing:
        parts[facts.closing] = CasePart.CLOSING
    return parts


def _asked(since: dict[str, int]) -> tuple[str, list[Value]]:
    """Numbers and moments as a table of their own, for a query about all of them at once."""
    rows = ", ".join(["(?, ?)"] * len(since))
    return (
        f"WITH asked (client, since) AS (VALUES {rows})",
        [value for pair in since.items() for value in pair],
    )
