"""Keeping cases in step with the calls, inside the transaction that records the calls.

To fold is to let a client's calls, and what people did, in order, make their cases (`fold` in
bot/domain/case_rules.py); to refold is to do so anew.

- The calls and the deeds are the truth. A client is refolded whenever one of their calls changes,
  a person closes their case, or it expires; a row of `cases` is only what the last folding gave.
  So calls may come late, twice and in any order.
- All numbers of one contact are one client (clients.py), who is refolded from the beginning when
  the numbers change; so contacts may come before the calls or after. `cases.client` is the number
  of the latest lost call. A number is ignored by itself, whatever contact it is of.
- Refolding begins at the latest case that was open by the first call that changed: earlier cases
  cannot change. Or at the one before, if that was closed by a call of the second in which the
  later one opened: it may have lost calls of that second too. A hidden number has no client: each
  of its calls is a case by itself, and goes on as a case of the client when the number is told
  after all.
- Of what people did, closings by hand and changes of hands take part in folding, each for the
  numbers and the lost calls it was of (case_deeds.py). Until when somebody has a case stays in its
  row while it is open and in their hands; whose is known anew is asked about at once.
- A case keeps its row and its messages as long as it keeps one of its lost calls
  (case_matching.py). A row that has lost them all stays as 'void', for the messages that told of
  it and are not the messages of another case now.
- A call belongs to one case at most: `case_calls` says as what.
- What the log is filtered by is kept with it: whether a client waits to be called back, or was
  (traits.py).
- Only the difference to the rows is written, with the messages it owes (case_alerts.py) and the
  edits of open cards (owing_cards.py).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.calls import Status
from bot.domain.case_rules import CaseEvent, CaseRules, fold
from bot.domain.merging import MergedCall
from bot.domain.outbox import Priority
from storage.case_alerts import CaseAlerts
from storage.case_deeds import ask_deeds, ask_deeds_of_calls, deeds_of, list_people_out, note_heard
from storage.case_events import CALL_SQL, call_events
from storage.case_history import copy_actions, move_actions
from storage.case_matching import ComputedCase, Dissolved, match_rows
from storage.clients import NUMBERS_SQL
from storage.counters import Ids
from storage.engine.base import Row, Transaction, Value, chunks, marks_sql
from storage.owing_cards import owe_cards
from storage.reminders import move_reminders, restore_reminders
from storage.stored_cases import COMPUTED, StoredCase, ask_stored, stored_cases
from storage.traits import KNOWN, of_case, write_of_cases

_AT_ONCE = 300
"""Clients, or calls, that one statement asks about."""

_FOREVER = 1 << 60
"""The end of a span that has not ended, in Unix seconds."""


@dataclass(frozen=True, slots=True)
class CallChange:
    """A call before and after what was recorded now."""

    id: int
    before: MergedCall | None
    after: MergedCall


@dataclass(frozen=True, slots=True)
class _Client:
    """The numbers of one client, and the moment from which they are refolded."""

    numbers: frozenset[str]
    since: int


class CaseRefolding:
    """Refolds cases in a transaction, and writes those that differ from their rows."""

    def __init__(
        self, tx: Transaction, rules: CaseRules, now: int, *, news: Priority = Priority.NEWS
    ) -> None:
        """`news`: the priority of edits that tell how a case ended, or that it is open again."""
        self._tx = tx
        self._rules = rules
        self._now = now
        self._alerts = CaseAlerts(tx, rules, now, news=news)
        self._ids = Ids(tx, "cases")
        self._different: list[ComputedCase] = []
        self._dissolved: list[Dissolved] = []
        self._before: list[StoredCase] = []
        """The rows of the clients that are refolded, as they were."""
        self._out: set[int] | None = None
        self._traits: list[tuple[int, int]] = []
        """Calls, by their ids, of which a case says something else than they are filtered by."""
        self._named: list[tuple[str, StoredCase]] = []
        """Cases of calls whose number was hidden and is known now, and that number."""
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
                    first, last = spans.get(call.client, (call.position, call.position))
                    spans[call.client] = min(first, call.position), max(last, call.position)
                    if call.lost or before:
                        affected.add(call.client)
                elif call.lost:
                    hidden.add(change.id)
        self._new_calls |= {change.id for change in changes if not change.before}
        self._changed_calls |= {change.id for change in changes if change.before}
        await self._refold_hidden(hidden)
        await self._refold_all(spans, certain=affected)
        await self._finish(
            detailed=[change.id for change in changes if change.before],
            calls=[(change.id, change.after) for change in changes],
        )

    async def refold(self, since: Mapping[str, int]) -> None:
        """Refold the clients of these numbers, each from the moment given."""
        await self._refold_all({number: (at, at) for number, at in since.items()}, certain=since)
        await self._finish()

    async def _refold_all(
        self, spans: Mapping[str, tuple[int, int]], *, certain: Collection[str]
    ) -> None:
        for some in chunks(sorted(spans), _AT_ONCE):
            of_some = {number: spans[number] for number in some}
            if clients := await self._clients(of_some, certain):
                await self._refold(clients)
                await self._write()

    async def regroup(self, numbers: Collection[str]) -> None:
        """Refold all there ever was on these numbers, in the order it has now.

        The contacts they are of have changed, or the clock was wrong while calls came.
        """
        spans = dict.fromkeys(sorted(numbers), (0, 0))
        if clients := await self._clients(spans, certain=spans):
            await self._refold(clients, is_regrouping=True)
            await self._write(is_regrouping=True)
        await self._finish()

    async def refold_hidden(self, call_ids: Collection[int]) -> None:
        """Refold the cases of calls from hidden numbers, of which each is a case by itself."""
        await self._refold_hidden(call_ids)
        await self._finish()

    async def _refold_hidden(self, call_ids: Collection[int]) -> None:
        for some in chunks(sorted(call_ids), _AT_ONCE):
            asked_calls = self._tx.ask(
                f"SELECT {CALL_SQL} FROM calls AS c WHERE c.id IN ({marks_sql(some)})",  # noqa: S608
                some,
            )
            asked_cases = ask_stored(
                self._tx,
                "k.client IS NULL AND k.id IN (SELECT case_id FROM case_calls "  # noqa: S608
                f"WHERE call_id IN ({marks_sql(some)}))",
                some,
            )
            asked_deeds = ask_deeds_of_calls(self._tx, some)
            calls, stored = await asked_calls, stored_cases(await asked_cases)
            deeds = deeds_of(await asked_deeds)
            number_of = {row["id"]: row["client"] for row in calls}
            for one in stored:
                if number := number_of.get(one.row["call_id"]):
                    self._named.append((number, one))
            stored = [one for one in stored if not number_of.get(one.row["call_id"])]
            cases: list[ComputedCase] = []
            for row in calls:
                if row["client"] is not None:
                    continue
                events = call_events(self._rules, [row])
                events += [
                    event for event in deeds if event.deed and row["id"] in event.deed.about
                ]
                cases += [
                    ComputedCase((), None, facts, out=await self._people_out(deeds))
                    for facts in fold(events, window=self._rules.window, now=self._now)
                ]
            self._note_differences(cases, stored, match_rows(cases, stored))
            self._note_traits(calls, cases)
        await self._write()

    async def _refold(self, clients: Sequence[_Client], *, is_regrouping: bool = False) -> None:
        since = {number: client.since for client in clients for number in client.numbers}
        rows = ", ".join(["(?, ?)"] * len(since))
        asked = f"WITH asked (client, since) AS (VALUES {rows})"
        values: list[Value] = [value for pair in since.items() for value in pair]
        asked_calls = self._tx.ask(
            f"{asked} SELECT {CALL_SQL} FROM asked AS a CROSS JOIN calls AS c "  # noqa: S608
            "WHERE c.client = a.client AND c.position >= a.since",
            values,
        )
        which = "" if is_regrouping else "AND k.state <> 'void'"
        asked_cases = ask_stored(
            self._tx,
            f"k.client = a.client AND k.opened_at >= a.since {which}",
            values,
            asked=asked,
        )
        asked_deeds = ask_deeds(self._tx, asked, values)
        asked_ignored = self._tx.ask(
            f"{asked} SELECT i.number, i.since, i.until FROM asked AS a "  # noqa: S608
            "CROSS JOIN ignored_numbers AS i WHERE i.number = a.client",
            values,
        )
        calls, stored = await asked_calls, stored_cases(await asked_cases)
        deeds, ignored = deeds_of(await asked_deeds), await asked_ignored
        stored += [one for number, one in self._named if number in since]
        self._named = [(number, one) for number, one in self._named if number not in since]
        events: dict[str, list[CaseEvent]] = {number: [] for number in since}
        spans: dict[str, list[tuple[int, int]]] = {number: [] for number in since}
        for row in ignored:
            spans[row["number"]].append((row["since"], row["until"] or _FOREVER))
        for row in calls:
            events[row["client"]] += call_events(self._rules, [row], ignored=spans[row["client"]])
        number_of = {row["id"]: row["client"] for row in calls}
        cases: list[ComputedCase] = []
        for client in clients:
            of_client = [event for number in client.numbers for event in events[number]]
            of_client += [
                event for event in deeds if event.deed and event.deed.numbers & client.numbers
            ]
            folded = fold(of_client, window=self._rules.window, now=self._now)
            cases += [
                ComputedCase(
                    client.numbers,
                    number_of[facts.lost[-1]],
                    facts,
                    out=await self._people_out(deeds),
                    is_later_one=place > 0,
                )
                for place, facts in enumerate(folded)
            ]
        dissolved = match_rows(cases, stored, is_regrouping=is_regrouping)
        self._note_differences(cases, stored, dissolved)
        self._note_traits(calls, cases)

    async def _clients(
        self, spans: Mapping[str, tuple[int, int]], certain: Collection[str]
    ) -> list[_Client]:
        """The clients of these numbers, each from the latest case that was open by their span.

        Those whose number is not `certain` only if they have a case that a talk or an attempt in
        their span may change: one that is open, or was within the span. Most have none.
        """
        begun = await self._tx.execute(
            "WITH asked (client, first, last) AS (VALUES "  # noqa: S608
            f"{', '.join(['(?, ?, ?)'] * len(spans))}), {NUMBERS_SQL} "
            "SELECT a.client, a.number, (SELECT k.opened_at FROM cases AS k "
            "WHERE k.client = a.number AND k.opened_at <= a.first AND k.state <> 'void' "
            # Of one number the cases follow one another: the one before alone may reach as far.
            "AND NOT EXISTS (SELECT 1 FROM numbers AS n WHERE n.client = a.client "
            "AND EXISTS (SELECT 1 FROM cases AS j WHERE j.client = n.number "
            "AND j.opened_at = (SELECT max(i.opened_at) FROM cases AS i "
            "WHERE i.client = n.number AND i.opened_at < k.opened_at AND i.state <> 'void') "
            "AND j.closed_at >= k.opened_at AND j.state <> 'void')) "
            "ORDER BY k.opened_at DESC LIMIT 1) AS at, "
            "EXISTS (SELECT 1 FROM cases AS k WHERE k.client = a.number "
            "AND (k.state = 'open' OR (k.opened_at <= a.last AND k.expires_at >= a.first "
            "AND k.state <> 'void' AND (k.closed_at IS NULL OR k.closed_at >= a.first)))) "
            "AS is_affected FROM numbers AS a ORDER BY a.client, a.number",
            [value for client, span in spans.items() for value in (client, *span)],
        )
        affected = {row["client"] for row in begun if row["is_affected"]}.union(certain)
        numbers: dict[str, set[str]] = {}
        opened: dict[str, int] = {}
        for row in begun:
            asked_for = row["client"]
            if asked_for not in affected:
                continue
            numbers.setdefault(asked_for, set()).add(row["number"])
            if row["at"] is not None:
                opened[asked_for] = max(row["at"], opened.get(asked_for, row["at"]))
        clients: dict[frozenset[str], int] = {}
        for number, of_client in numbers.items():
            key, first = frozenset(of_client), opened.get(number, spans[number][0])
            clients[key] = min(first, clients.get(key, first))
        return [_Client(key, first) for key, first in clients.items()]

    async def _people_out(self, deeds: Sequence[CaseEvent]) -> set[int]:
        """The people who can have no clients, if it matters: there are deeds."""
        if self._out is None and deeds:
            self._out = await list_people_out(self._tx)
        return self._out or set()

    def _note_differences(
        self,
        cases: Sequence[ComputedCase],
        stored: Sequence[StoredCase],
        dissolved: Sequence[Dissolved],
    ) -> None:
        self._before += stored
        self._different += [case for case in cases if case.differs]
        self._dissolved += dissolved

    def _note_traits(self, calls: Sequence[Row], cases: Sequence[ComputedCase]) -> None:
        """Note what the cases say of the calls; of an older program's others ask the cases."""
        states = {call: case.facts.state for case in cases for call in case.facts.lost}
        for row in calls:
            if row["traits"] is not None and row["traits"] & KNOWN:
                traits = of_case(row["traits"], Status(row["status"]), states.get(row["id"]))
                if traits != row["traits"]:
                    self._traits.append((row["id"], traits))

    async def _write(self, *, is_regrouping: bool = False) -> None:
        """Write the differences noted, and owe the messages about them."""
        cases, self._different = self._different, []
        dissolved, self._dissolved = self._dissolved, []
        await self._write_rows(cases)
        await self._write_calls(cases)
        write_of_cases(self._tx, self._traits)
        self._traits = []
        await self._write_hands(cases)
        for case in cases:
            if case.parted_from:
                await copy_actions(self._tx, case.parted_from.id, case.id, case.numbers)
            await self._move_reminders(case)
            self._changed_calls |= case.parts_before | case.parts.keys() - self._new_calls
            if case.stored:
                self._changed_cases.add(case.id)
        for one in dissolved:
            self._changed_calls |= one.stored.parts.keys()
            self._changed_cases.add(one.stored.id)
            await self._write_void(one)
        stored = [(case.id, case.facts, case.stored.row) for case in cases if case.stored]
        await self._alerts.tell_of_changes(stored)
        for case in cases:
            before = case.stored.row if case.stored else None
            self._alerts.tell(case.id, case.facts, before, is_regrouping=is_regrouping)

    async def _finish(
        self,
        *,
        detailed: Sequence[int] = (),
        calls: Sequence[tuple[int, MergedCall]] = (),
    ) -> None:
        """Owe what follows from all that was written: alerts, and edits of open cards."""
        await self._alerts.finish(detailed=detailed, calls=calls)
        call_ids, self._changed_calls = self._changed_calls, set()
        case_ids, self._changed_cases = self._changed_cases, set()
        await owe_cards(self._tx, call_ids=call_ids, case_ids=case_ids, now=self._now)

    async def _write_void(self, one: Dissolved) -> None:
        """Mark a row void: its calls were not lost after all, or belong to another case now."""
        row = one.stored.row
        self._tx.write(
            "UPDATE cases SET state = 'void', closed_at = NULL, lost = 0, attempts = 0, "
            "claim_due_at = NULL, asked_at = NULL, repeat_at = NULL WHERE id = ?",
            (row["id"],),
        )
        self._tx.write("DELETE FROM case_calls WHERE case_id = ?", (row["id"],))
        if one.into:
            await move_actions(self._tx, row["id"], one.into.id)
        await self._alerts.tell_of_void(row, one.into.id if one.into else None)

    async def _write_hands(self, cases: Sequence[ComputedCase]) -> None:
        """Write whose the cases are now, and when the owners are asked about them.

        That is as with the case they had its calls in until now; at once, if there is none.
        """
        before, self._before = self._before, []
        await note_heard(
            self._tx, [one for case in cases if case.is_open for one in case.facts.heard]
        )
        for case in cases:
            if case.keeps_hands:
                continue
            had = [
                one.row
                for one in before
                if one.open_owner_id == case.owner_id and one.lost & set(case.facts.lost)
            ]
            due: tuple[int | None, int | None] = (None, None)
            if case.is_open and case.owner_id:
                due = (had[0]["claim_due_at"], had[0]["asked_at"]) if had else (self._now, None)
            self._tx.write(
                "UPDATE cases SET owner_id = ?, owned_at = ?, claim_due_at = ?, asked_at = ? "
                "WHERE id = ?",
                (case.owner_id, case.claim.at if case.claim else None, *due, case.id),
            )
            if case.is_open and case.stored:
                await self._alerts.tell_of_hands(case.id, case.stored.open_owner_id, case.owner_id)

    async def _move_reminders(self, case: ComputedCase) -> None:
        """Let reminders of the client be of the case that is open, if they were meant for it."""
        left = case.parts_before - case.parts.keys()
        if case.is_open and (left or case.is_later_one):
            await move_reminders(
                self._tx,
                case.facts.lost[-1],
                of_calls=left,
                of_numbers=case.numbers if case.is_later_one else (),
                since=case.facts.opened_at,
            )
        if case.is_open and case.stored and not case.stays_open:
            await restore_reminders(self._tx, case.id)

    async def _write_rows(self, cases: Sequence[ComputedCase]) -> None:
        new = [case for case in cases if case.stored is None]
        if new:
            for id_, case in zip(await self._ids.take(len(new)), new, strict=True):
                case.id = id_
        self._tx.write_many(
            f"INSERT INTO cases (id, {', '.join(COMPUTED)}) "  # noqa: S608
            f"VALUES (?, {marks_sql(COMPUTED)})",
            [(case.id, *case.values) for case in new],
        )
        self._tx.write_many(
            f"UPDATE cases SET {', '.join(f'{name} = ?' for name in COMPUTED)}, "  # noqa: S608
            "claim_due_at = CASE WHEN ? = 1 THEN claim_due_at END, "
            "asked_at = CASE WHEN ? = 1 THEN asked_at END, "
            "repeat_at = CASE WHEN ? = 1 THEN repeat_at END WHERE id = ?",
            [
                (*case.values, *[int(case.stays_open)] * 2, int(case.is_open), case.id)
                for case in cases
                if case.stored
            ],
        )

    async def _write_calls(self, cases: Sequence[ComputedCase]) -> None:
        self._tx.write_many(
            "DELETE FROM case_calls WHERE call_id = ? AND case_id = ?",
            [(call, case.id) for case in cases for call in case.parts_before - case.parts.keys()],
        )
        self._tx.write_many(
            "INSERT INTO case_calls (call_id, case_id, part) VALUES (?, ?, ?) "
            "ON CONFLICT (call_id) DO UPDATE SET case_id = excluded.case_id, part = excluded.part",
            [(call, case.id, part.value) for case in cases for call, part in case.parts.items()],
        )
