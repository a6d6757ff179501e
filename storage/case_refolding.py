"""Keeping cases in step with the calls, inside the transaction that records the calls.

To fold is to let a number's calls and closings, in order, make its cases (`fold` in
bot/domain/case_rules.py); to refold is to do so anew.

- The calls are the truth. A number is refolded whenever one of its calls changes, a person closes
  its case, or its case expires; a row of `cases` is only what the last folding gave. So calls may
  come late, twice and in any order.
- Refolding begins at the latest case that was open by the first call that changed: earlier cases
  cannot change. A hidden number has no client: each of its calls is a case by itself.
- Of what people did, only closings by hand (`case_events`) take part in folding. Who has taken a
  case, and until when, stays in its row untouched while the case is open.
- A case keeps its row, its messages and its owner as long as it keeps one of its lost calls. A row
  that has lost them all stays as 'void', for the messages that told of it.
- A call belongs to one case at most: `case_calls` says as what.
- Only the difference to the rows is written, with the messages it owes (case_alerts.py) and the
  edits of open cards (owing_cards.py).
"""

import itertools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from bot.domain.calls import CasePart, CaseState, Direction, Status
from bot.domain.case_rules import CaseEvent, CaseFacts, CaseRules, EventKind, event_kind, fold
from bot.domain.merging import LIVE_MAX_AGE, MergedCall, is_end_unknown
from storage.case_alerts import CaseAlerts
from storage.database import Row, Transaction, Value, chunks, marks_sql
from storage.owing_cards import owe_cards

_AT_ONCE = 300
"""Clients, or calls, that one statement asks about."""

_FOREVER = 1 << 60
"""The end of a span that has not ended, in Unix seconds."""

_CALL = (
    "c.id, c.client, c.source, c.external_id, c.started_at, c.direction, c.status, c.lost, "
    "c.wait, c.talk, c.level"
)
_COMPUTED = (
    "call_id",
    "opened_at",
    "last_lost_at",
    "expires_at",
    "lost",
    "attempts",
    "state",
    "closed_at",
)
"""The columns of `cases` that follow from the calls."""


@dataclass(frozen=True, slots=True)
class CallChange:
    """A call before and after what was recorded now."""

    id: int
    before: MergedCall | None
    after: MergedCall


@dataclass(slots=True)
class _StoredCase:
    """A row of `cases`, and its calls by id."""

    row: Row
    parts: dict[int, CasePart] = field(default_factory=dict)

    @property
    def id(self) -> int:
        id_: int = self.row["id"]
        return id_

    @property
    def lost(self) -> set[int]:
        return {call for call, part in self.parts.items() if part is CasePart.LOST}


class _ComputedCase:
    """A case as folding gives it now, beside its row; a new one is given its `id` when written.

    `client` is None for a hidden number; `stored` is None where there is no row yet.
    """

    def __init__(self, client: str | None, facts: CaseFacts, stored: _StoredCase | None) -> None:
        self.client = client
        self.facts = facts
        self.stored = stored
        self.id = stored.id if stored else 0
        self.parts = _parts(facts)
        self.parts_before = set(stored.parts) if stored else set()
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
    def differs(self) -> bool:
        """Whether its row has to be written."""
        if self.stored is None:
            return True
        row = self.stored.row
        return self.parts != self.stored.parts or self.values != tuple(
            row[name] for name in _COMPUTED
        )

    @property
    def is_open(self) -> bool:
        return self.facts.state is CaseState.OPEN

    @property
    def stays_open(self) -> bool:
        """Whether it is open now and its row was open too."""
        return self.is_open and self.stored is not None and self.stored.row["state"] == "open"

    def claim_due_at(self, now: int) -> int | None:
        """When to ask the owner of a case that was reopened, which is at once; None: never.

        A case that stays open keeps the moment in its row.
        """
        return now if self.is_open and self.stored and self.stored.row["owner_id"] else None


class CaseRefolding:
    """Refolds cases in a transaction, and writes those that differ from their rows."""

    def __init__(self, tx: Transaction, rules: CaseRules, now: int) -> None:
        self._tx = tx
        self._rules = rules
        self._now = now
        self._alerts = CaseAlerts(tx, rules, now)
        self._different: list[_ComputedCase] = []
        self._void: list[_StoredCase] = []
        self._new_calls: set[int] = set()
        self._changed_calls: set[int] = set()
        self._changed_cases: set[int] = set()
        """By ids; of what is new nobody has a card open yet."""

    async def follow_calls(self, changes: Sequence[CallChange]) -> None:
        """Bring the cases in step with calls that have just been written."""
        spans: dict[str, tuple[int, int]] = {}
        affected: set[str] = set()
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
                        affected.add(call.client)
                elif call.lost:
                    hidden.add(change.id)
        self._new_calls |= {change.id for change in changes if not change.before}
        self._changed_calls |= {change.id for change in changes if change.before}
        unclear = {client: span for client, span in spans.items() if client not in affected}
        affected |= await self._clients_with_case_in(unclear)
        await self._refold_hidden(hidden)
        await self.refold(
            {client: span[0] for client, span in spans.items() if client in affected}
        )
        await self._alerts.tell_of_details([change.id for change in changes if change.before])
        await self._alerts.warn_of_owners([(change.id, change.after) for change in changes])

    async def refold(self, since: dict[str, int]) -> None:
        """Refold these clients, each from the moment given."""
        for some in chunks(sorted(since), _AT_ONCE):
            await self._refold({client: since[client] for client in some})
        await self._write()
        await self._owe_cards()

    async def refold_hidden(self, call_ids: Collection[int]) -> None:
        """Refold the cases of calls from hidden numbers, of which each is a case by itself."""
        await self._refold_hidden(call_ids)
        await self._owe_cards()

    async def _refold_hidden(self, call_ids: Collection[int]) -> None:
        for some in chunks(sorted(call_ids), _AT_ONCE):
            calls = await self._tx.execute(
                f"SELECT {_CALL} FROM calls AS c WHERE c.id IN ({marks_sql(some)})",  # noqa: S608
                some,
            )
            stored = await self._stored(
                "k.client IS NULL AND k.id IN (SELECT case_id FROM case_calls "  # noqa: S608
                f"WHERE call_id IN ({marks_sql(some)}))",
                some,
            )
            closings = await self._closings(
                f"k.call_id IN ({marks_sql(some)}) AND k.client IS NULL", some
            )
            by_call = {call: one for one in stored for call in one.lost}
            for row in calls:
                id_ = row["id"]
                events = self._events([row], []) if row["client"] is None else []
                closed = [event for call, event in closings if call == id_]
                cases = fold([*events, *closed], window=self._rules.window, now=self._now)
                self._note_differences(None, cases, [by_call[id_]] if id_ in by_call else [])
        await self._write()

    async def _clients_with_case_in(self, spans: dict[str, tuple[int, int]]) -> set[str]:
        """Which clients have a case that a talk or an attempt in their span may change.

        That case is still open, or was open within the span; most clients have none.
        """
        clients: set[str] = set()
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
            clients |= {row["client"] for row in rows}
        return clients

    async def _refold(self, since: dict[str, int]) -> None:
        asked, values = _asked_sql(since)
        begun = await self._tx.execute(
            f"{asked} SELECT a.client, max(k.opened_at) AS at FROM asked AS a "  # noqa: S608
            "CROSS JOIN cases AS k WHERE k.client = a.client AND k.opened_at <= a.since "
            "AND k.state <> 'void' GROUP BY a.client",
            values,
        )
        asked, values = _asked_sql(since | {row["client"]: row["at"] for row in begun})
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
        calls_of = {
            client: list(rows) for client, rows in itertools.groupby(calls, lambda r: r["client"])
        }
        stored_of: dict[str, list[_StoredCase]] = {}
        for one in stored:
            stored_of.setdefault(one.row["client"], []).append(one)
        for client in since:
            spans = [
                (row["since"], row["until"] or _FOREVER)
                for row in ignored
                if row["number"] == client
            ]
            events = self._events(calls_of.get(client, ()), spans)
            events += [event for number, event in closings if number == client]
            cases = fold(events, window=self._rules.window, now=self._now)
            self._note_differences(client, cases, stored_of.get(client, []))

    async def _stored(
        self, where: str, values: Sequence[Value], *, asked: str = ""
    ) -> list[_StoredCase]:
        """The cases `AS k` that satisfy `where`; `asked`: the WITH clause `where` refers to."""
        rows = await self._tx.execute(
            f"{asked} SELECT k.*, y.call_id AS part_of, y.part "  # noqa: S608
            f"FROM {'asked AS a CROSS JOIN ' if asked else ''}cases AS k "
            f"LEFT JOIN case_calls AS y ON y.case_id = k.id WHERE {where} ORDER BY k.id",
            values,
        )
        cases: dict[int, _StoredCase] = {}
        for row in rows:
            one = cases.setdefault(row["id"], _StoredCase(row))
            if row["part_of"] is not None:
                one.parts[row["part_of"]] = CasePart(row["part"])
        return list(cases.values())

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

    def _events(self, calls: Iterable[Row], ignored: Sequence[tuple[int, int]]) -> list[CaseEvent]:
        """The events that calls are to cases; `ignored`: spans in which the client was ignored."""
        events = []
        for row in calls:
            at = row["started_at"]
            kind = event_kind(
                self._rules,
                direction=Direction(row["direction"]),
                status=Status(row["status"]),
                is_lost=bool(row["lost"]),
                wait=row["wait"],
                talk=row["talk"],
                is_ignored=any(a <= at < b for a, b in ignored),
            )
            if kind:
                tie = (row["source"], row["external_id"])
                talked_at = at + (row["wait"] or 0)
                if is_end_unknown(row["level"], Status(row["status"])):
                    talked_at = at + LIVE_MAX_AGE
                events.append(CaseEvent(at, tie, kind, row["id"], talked_at))
        return events

    def _note_differences(
        self, client: str | None, cases: Sequence[CaseFacts], stored: Sequence[_StoredCase]
    ) -> None:
        """Note which cases differ from their rows, and which rows are void now.

        A case keeps the row that had one of its lost calls.
        """
        free = list(stored)
        for facts in cases:
            row_of = next((one for one in free if not one.lost.isdisjoint(facts.lost)), None)
            if row_of:
                free.remove(row_of)
            case = _ComputedCase(client, facts, row_of)
            if case.differs:
                self._different.append(case)
        self._void += free

    async def _write(self) -> None:
        """Write the differences noted, and owe the messages about them."""
        cases, self._different = self._different, []
        void, self._void = self._void, []
        for stored in void:
            self._changed_calls |= stored.parts.keys()
            self._changed_cases.add(stored.id)
            await self._write_void(stored.id)
        await self._write_rows(cases)
        await self._write_calls(cases)
        for case in cases:
            self._changed_calls |= case.parts_before | case.parts.keys() - self._new_calls
            if case.stored:
                self._changed_cases.add(case.id)
            before = case.stored.row if case.stored else None
            await self._alerts.tell(case.id, case.facts, before)

    async def _owe_cards(self) -> None:
        """Owe the edits of the open cards of all that has changed."""
        calls, self._changed_calls = self._changed_calls, set()
        cases, self._changed_cases = self._changed_cases, set()
        await owe_cards(self._tx, call_ids=calls, case_ids=cases, now=self._now)

    async def _write_void(self, case_id: int) -> None:
        """Mark a row void: its calls were not lost after all, or belong to another case now."""
        await self._tx.execute(
            "UPDATE cases SET state = 'void', closed_at = NULL, lost = 0, attempts = 0, "
            "claim_due_at = NULL, repeat_at = NULL WHERE id = ?",
            (case_id,),
        )
        await self._tx.execute("DELETE FROM case_calls WHERE case_id = ?", (case_id,))
        await self._alerts.tell_of_void(case_id)

    async def _write_rows(self, cases: Sequence[_ComputedCase]) -> None:
        new = [case for case in cases if case.stored is None]
        if new:
            [counter] = await self._tx.execute(
                "UPDATE counters SET value = value + ? WHERE name = 'cases' RETURNING value",
                (len(new),),
            )
            for id_, case in enumerate(new, start=counter["value"] - len(new) + 1):
                case.id = id_
        await self._tx.executemany(
            f"INSERT INTO cases (id, client, {', '.join(_COMPUTED)}) "  # noqa: S608
            f"VALUES (?, ?, {marks_sql(_COMPUTED)})",
            [(case.id, case.client, *case.values) for case in new],
        )
        await self._tx.executemany(
            f"UPDATE cases SET {', '.join(f'{name} = ?' for name in _COMPUTED)}, "  # noqa: S608
            "claim_due_at = CASE WHEN ? = 1 THEN claim_due_at ELSE ? END, "
            "repeat_at = CASE WHEN ? = 1 THEN repeat_at ELSE NULL END WHERE id = ?",
            [
                (
                    *(*case.values, int(case.stays_open), case.claim_due_at(self._now)),
                    *(int(case.is_open), case.id),
                )
                for case in cases
                if case.stored
            ],
        )

    async def _write_calls(self, cases: Sequence[_ComputedCase]) -> None:
        await self._tx.executemany(
            "DELETE FROM case_calls WHERE call_id = ? AND case_id = ?",
            [(call, case.id) for case in cases for call in case.parts_before - case.parts.keys()],
        )
        await self._tx.executemany(
            "INSERT INTO case_calls (call_id, case_id, part) VALUES (?, ?, ?) "
            "ON CONFLICT (call_id) DO UPDATE SET case_id = excluded.case_id, part = excluded.part",
            [(call, case.id, part.value) for case in cases for call, part in case.parts.items()],
        )


def _parts(facts: CaseFacts) -> dict[int, CasePart]:
    parts = dict.fromkeys(facts.lost, CasePart.LOST)
    parts |= dict.fromkeys(facts.attempts, CasePart.ATTEMPT)
    if facts.closing:
        parts[facts.closing] = CasePart.CLOSING
    return parts


def _asked_sql(since: dict[str, int]) -> tuple[str, list[Value]]:
    """Clients and moments as a table of their own, for a query about all of them at once."""
    rows = ", ".join(["(?, ?)"] * len(since))
    return (
        f"WITH asked (client, since) AS (VALUES {rows})",
        [value for pair in since.items() for value in pair],
    )
