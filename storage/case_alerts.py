"""What chats are told when cases change: alerts, edits, lists of open cases, warnings.

All of these messages are owed in the transaction of the change.
"""

from collections.abc import Sequence

from bot.domain.calls import CaseState, Direction
from bot.domain.case_rules import CaseFacts, CaseRules
from bot.domain.cases import ALERT_MAX_AGE
from bot.domain.company import StepMoments
from bot.domain.merging import LIVE_MAX_AGE, MergedCall
from bot.domain.outbox import MessageKind, Priority
from storage.audience import sees_all_sql, takes_clients_sql, wants_alerts_sql, was_rung_sql
from storage.clients import NUMBERS_SQL
from storage.company import read_step_moments
from storage.engine.base import Row, Transaction, chunks, marks_sql
from storage.owing import (
    mark_alerts_changed,
    move_messages,
    owe_case,
    owe_once,
    owe_open_cases,
    ping_people,
)

_AT_ONCE = 300
"""Calls, or clients, that one statement asks about."""

_OPEN_CASES_AFTER = 60
"""Seconds after which one list of open cases has all that the bot heard of too late for alerts."""

_OPEN_CASES_MAX_AGE = 86400
"""Seconds after the end of a lost call after which no such list is owed for it."""

_WARNED_WITHIN = 300
"""Seconds after the beginning of an outgoing call in which a warning is of use."""


class CaseAlerts:
    """Owes the messages about cases that one transaction has changed, one alert for each case."""

    def __init__(
        self, tx: Transaction, rules: CaseRules, now: int, *, news: Priority = Priority.NEWS
    ) -> None:
        self._tx = tx
        self._rules = rules
        self._now = now
        self._news = news
        self._told: set[int] = set()
        """The ids of the cases told of already."""

    async def tell(
        self, case_id: int, facts: CaseFacts, before: Row | None, *, is_regrouping: bool = False
    ) -> None:
        """Alert those whom a case concerns that is new or open; `before`: its row, if it had one.

        `is_regrouping`: because its client has other numbers now, not because anybody has called.
        """
        self._told.add(case_id)
        if facts.state is not CaseState.OPEN:
            return
        is_later = before is not None and facts.last_lost_at > before["last_lost_at"]
        is_lost_again = not before or (is_later and not is_regrouping)
        came_back = before is not None and before["state"] == CaseState.EXPIRED.value
        age = self._now - facts.last_over_at
        if age <= ALERT_MAX_AGE:
            await alert_case(self._tx, case_id, self._rules, now=self._now)
            if before and is_lost_again and before["owner_id"]:
                owner = [before["owner_id"]]
                await ping_people(self._tx, case_id, employee_ids=owner, now=self._now)
        elif (is_lost_again or came_back) and age <= _OPEN_CASES_MAX_AGE:
            await self._owe_open_cases(case_id)
        if came_back:
            await _repeat(self._tx, case_id, self._rules, now=self._now)

    async def tell_of_changes(self, changes: Sequence[tuple[int, CaseFacts, Row]]) -> None:
        """Owe the edits of the messages of cases that have changed; the rows are those before."""
        news = [one for one, facts, row in changes if row["state"] != facts.state.value]
        details = [one for one, facts, row in changes if row["state"] == facts.state.value]
        await mark_alerts_changed(self._tx, news, priority=self._news, now=self._now)
        await mark_alerts_changed(self._tx, details, priority=Priority.DETAIL, now=self._now)

    async def tell_of_void(self, row: Row, into: int | None) -> None:
        """Tell that what was told of is no case of its own; `row`: what it was until now.

        `into`: the case that has its calls, which is told of in these messages where it has none
        of its own; None: none of its calls was lost after all. An owner who loses it is warned.
        """
        case_id = row["id"]
        if into is not None:
            await move_messages(self._tx, case_id, into)
            owners = await self._tx.execute(
                "SELECT owner_id FROM cases WHERE id = ? AND state = 'open' "
                "AND owner_id IS NOT NULL AND owner_id <> ?",
                (into, row["owner_id"]),
            )
            if owners and row["state"] == "open":
                await self._warn_former(row["owner_id"], case_id, into)
        await mark_alerts_changed(self._tx, [case_id], priority=Priority.NEWS, now=self._now)

    async def tell_of_hands(self, case_id: int, before: int | None, owner: int | None) -> None:
        """Tell those concerned that an open case is in other hands than was known until now."""
        if before and owner and before != owner:
            await self._warn_former(before, case_id, case_id)
            await ping_people(self._tx, case_id, employee_ids=[owner], now=self._now)

    async def _warn_former(self, owner_id: int, case_id: int, into: int) -> None:
        await owe_once(
            self._tx,
            MessageKind.WARNING,
            f"case {case_id}",
            employee_id=owner_id,
            priority=Priority.URGENT,
            case_id=into,
            now=self._now,
        )

    async def tell_of_details(self, call_ids: Sequence[int]) -> None:
        """Tell of cases that have not changed themselves, but of whose calls more is known now.

        Such a detail (who was rung, the queue) shows in messages, and may concern more people.
        """
        for some in chunks(call_ids, _AT_ONCE):
            rows = await self._tx.execute(
                "SELECT DISTINCT k.id, k.state, k.call_id FROM case_calls AS y "  # noqa: S608
                "JOIN cases AS k ON k.id = y.case_id "
                f"WHERE y.call_id IN ({marks_sql(some)})",
                some,
            )
            cases = [row for row in rows if row["id"] not in self._told]
            ids = [row["id"] for row in cases]
            await mark_alerts_changed(self._tx, ids, priority=Priority.DETAIL, now=self._now)
            for row in cases:
                if row["state"] != "open":
                    continue
                if self._now - await self._given_up_at(row["call_id"]) <= ALERT_MAX_AGE:
                    await alert_case(self._tx, row["id"], self._rules, now=self._now)

    async def warn_of_owners(self, calls: Sequence[tuple[int, MergedCall]]) -> None:
        """Tell those who dial a client that a colleague has the case; `calls` with their ids."""
        dialled = [
            (id_, call)
            for id_, call in calls
            if call.direction is Direction.OUT
            and call.client is not None
            and call.extension is not None
            and self._now - call.started_at <= _WARNED_WITHIN
        ]
        taken = await self._taken_cases({call.client or "" for _, call in dialled})
        for id_, call in dialled:
            for case in taken.get(call.client or "", ()):
                people = await self._tx.execute(
                    "SELECT employee_id FROM employee_extensions WHERE extension = ? "
                    "AND employee_id <> ?",
                    (call.extension, case["owner_id"]),
                )
                for row in people:
                    await owe_once(
                        self._tx,
                        MessageKind.WARNING,
                        str(id_),
                        employee_id=row["employee_id"],
                        priority=Priority.URGENT,
                        case_id=case["id"],
                        now=self._now,
                    )

    async def _taken_cases(self, clients: set[str]) -> dict[str, list[Row]]:
        """The open cases that somebody has taken, of each of these clients."""
        taken: dict[str, list[Row]] = {}
        for some in chunks(sorted(clients), _AT_ONCE):
            rows = await self._tx.execute(
                f"WITH asked (client) AS (VALUES {', '.join(['(?)'] * len(some))}), "  # noqa: S608
                f"{NUMBERS_SQL} SELECT a.client, k.id, k.owner_id FROM numbers AS a "
                "CROSS JOIN cases AS k WHERE k.client = a.number AND k.state = 'open' "
                "AND k.owner_id IS NOT NULL",
                some,
            )
            for row in rows:
                taken.setdefault(row["client"], []).append(row)
        return taken

    async def _given_up_at(self, call_id: int) -> int:
        """When the client of a lost call stopped waiting; at the latest, if nobody knows."""
        [row] = await self._tx.execute(
            "SELECT position + CASE WHEN level = 0 THEN ? ELSE coalesce(wait, 0) END AS at "
            "FROM calls WHERE id = ?",
            (LIVE_MAX_AGE, call_id),
        )
        at: int = row["at"]
        return at

    async def _owe_open_cases(self, case_id: int) -> None:
        """Owe the people whom a case concerns one list, soon, of the cases still open by then.

        Cases the bot heard of too late for an alert share it.
        """
        people = await self._tx.execute(
            f"SELECT e.id FROM employees AS e WHERE {wants_alerts_sql('e')} "  # noqa: S608
            f"AND {takes_clients_sql('e')} "
            f"AND ({sees_all_sql('e')} OR {was_rung_sql('?', 'e.id')})",
            (case_id,),
        )
        for person in people:
            due_at = self._now + _OPEN_CASES_AFTER
            await owe_open_cases(self._tx, person["id"], due_at=due_at, now=self._now)


async def alert_case(tx: Transaction, case_id: int, rules: CaseRules, *, now: int) -> None:
    """Owe the alert of an open case to all whom it concerns, each at their step of the escalation.

    Chats that have its message get no other.
    """
    await owe_case(tx, case_id, await _repeat(tx, case_id, rules, now=now), now=now)


async def _repeat(tx: Transaction, case_id: int, rules: CaseRules, *, now: int) -> StepMoments:
    """Let the alert of an open case be repeated until somebody takes it, if that is asked for.

    Returns when each step of the escalation is told.
    """
    [row] = await tx.execute(
        "SELECT c.line, k.repeat_at, k.owner_id FROM cases AS k JOIN calls AS c "
        "ON c.id = k.call_id WHERE k.id = ?",
        (case_id,),
    )
    moments, repeat_at = await read_step_moments(tx, row["line"], zone=rules.zone, now=now)
    if repeat_at and row["repeat_at"] is None and row["owner_id"] is None:
        tx.write("UPDATE cases SET repeat_at = ? WHERE id = ?", (repeat_at, case_id))
    return moments
