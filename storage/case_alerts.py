"""What chats are told when cases change: alerts, edits, lists of open cases, warnings.

All of these messages are owed in the transaction of the change.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from bot.domain.calls import CaseState, Direction
from bot.domain.case_rules import CaseFacts, CaseRules
from bot.domain.cases import ALERT_MAX_AGE
from bot.domain.company import StepMoments
from bot.domain.merging import LIVE_MAX_AGE, MergedCall
from bot.domain.outbox import MessageKind, Priority
from storage.clients import NUMBERS_SQL
from storage.company import Planning, ask_planning, planning
from storage.engine.base import Answer, Row, Transaction, chunks, marks_sql
from storage.owing import (
    mark_alerts_changed,
    move_messages,
    owe_case,
    owe_once,
    owe_open_cases_for,
    ping_people,
    warn_former_owner,
)

_AT_ONCE = 300
"""Calls, or clients, that one statement asks about."""

_OPEN_CASES_AFTER = 60
"""Seconds after which one list of open cases has all that the bot heard of too late for alerts."""

_OPEN_CASES_MAX_AGE = 86400
"""Seconds after the end of a lost call after which no such list is owed for it."""

_WARNED_WITHIN = 300
"""Seconds after the beginning of an outgoing call in which a warning is of use."""


@dataclass(frozen=True, slots=True)
class _Telling:
    """An open case to be told of; `before`: its row, if it had one."""

    case_id: int
    before: Row | None
    age: int
    is_lost_again: bool

    @property
    def came_back(self) -> bool:
        return self.before is not None and self.before["state"] == CaseState.EXPIRED.value


class CaseAlerts:
    """Owes the messages about cases that one transaction has changed, one alert for each case.

    What cannot be told without asking the database waits for `finish`, which asks once for all.
    """

    def __init__(
        self, tx: Transaction, rules: CaseRules, now: int, *, news: Priority = Priority.NEWS
    ) -> None:
        self._tx = tx
        self._rules = rules
        self._now = now
        self._news = news
        self._told: set[int] = set()
        """The ids of the cases told of already."""
        self._tellings: list[_Telling] = []

    def tell(
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
        age = self._now - facts.last_over_at
        self._tellings.append(_Telling(case_id, before, age, is_lost_again))

    async def finish(
        self,
        *,
        detailed: Sequence[int] = (),
        calls: Sequence[tuple[int, MergedCall]] = (),
    ) -> None:
        """Owe what had to wait, and what follows from these `calls`, all of them with their ids.

        `detailed`: calls of which more is known now. Such a detail (who was rung, the queue) shows
        in messages of cases that have not changed themselves, and may concern more people.
        """
        tellings, self._tellings = self._tellings, []
        ids = [one.case_id for one in tellings if one.age <= ALERT_MAX_AGE or one.came_back]
        asked = ask_planning(self._tx) if ids or detailed else None
        repeats = _ask_repeats(self._tx, "k.id IN ({})", ids)
        of_details = _ask_repeats(
            self._tx, "k.id IN (SELECT case_id FROM case_calls WHERE call_id IN ({}))", detailed
        )
        taken = self._ask_taken(calls)
        if asked:
            plan = planning(await asked)
            rows = {row["id"]: row for answer in repeats for row in await answer}
            await self._finish_tellings(tellings, rows, plan)
            await self._tell_of_details([row for one in of_details for row in await one], plan)
        else:
            await self._finish_tellings(tellings, {}, None)
        for answer in taken:
            self._warn_of_owners(await answer)

    async def _finish_tellings(
        self, tellings: Iterable[_Telling], rows: dict[int, Row], plan: Planning | None
    ) -> None:
        for one in tellings:
            if one.age <= ALERT_MAX_AGE and plan:
                await _alert(self._tx, rows[one.case_id], plan, self._rules, now=self._now)
                if one.before and one.is_lost_again and one.before["owner_id"]:
                    owner = [one.before["owner_id"]]
                    await ping_people(self._tx, one.case_id, employee_ids=owner, now=self._now)
                continue
            if (one.is_lost_again or one.came_back) and one.age <= _OPEN_CASES_MAX_AGE:
                due_at = self._now + _OPEN_CASES_AFTER
                owe_open_cases_for(self._tx, one.case_id, due_at=due_at, now=self._now)
            if one.came_back and plan:
                _repeat(self._tx, rows[one.case_id], plan, self._rules, now=self._now)

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
            if row["owner_id"] and row["state"] == "open":
                warn_former_owner(self._tx, row["owner_id"], case_id, into, now=self._now)
        await mark_alerts_changed(self._tx, [case_id], priority=Priority.NEWS, now=self._now)

    async def tell_of_hands(self, case_id: int, before: int | None, owner: int | None) -> None:
        """Tell those concerned that an open case is in other hands than was known until now."""
        if before and owner and before != owner:
            warn_former_owner(self._tx, before, case_id, case_id, now=self._now)
            await ping_people(self._tx, case_id, employee_ids=[owner], now=self._now)

    async def _tell_of_details(self, rows: Sequence[Row], plan: Planning) -> None:
        cases = {row["id"]: row for row in rows if row["id"] not in self._told}
        await mark_alerts_changed(self._tx, cases, priority=Priority.DETAIL, now=self._now)
        for row in cases.values():
            if row["state"] == "open" and self._now - row["given_up_at"] <= ALERT_MAX_AGE:
                await _alert(self._tx, row, plan, self._rules, now=self._now)

    def _ask_taken(self, calls: Sequence[tuple[int, MergedCall]]) -> list[Answer]:
        """The open cases of clients just dialled, that another has than who dials."""
        dialled = [
            (call.client, call.extension, id_)
            for id_, call in calls
            if call.direction is Direction.OUT
            and call.client is not None
            and call.extension is not None
            and self._now - call.started_at <= _WARNED_WITHIN
        ]
        return [
            self._tx.ask(
                "WITH asked (client, extension, call_id) AS (VALUES "  # noqa: S608
                f"{', '.join(['(?, ?, ?)'] * len(some))}), {NUMBERS_SQL} "
                "SELECT a.call_id, k.id, x.employee_id FROM numbers AS a CROSS JOIN cases AS k "
                "CROSS JOIN employee_extensions AS x WHERE k.client = a.number "
                "AND k.state = 'open' AND k.owner_id IS NOT NULL AND x.extension = a.extension "
                "AND x.employee_id <> k.owner_id",
                [value for one in some for value in one],
            )
            for some in chunks(dialled, _AT_ONCE)
        ]

    def _warn_of_owners(self, rows: Iterable[Row]) -> None:
        """Tell those who dial a client that a colleague has the case."""
        for row in rows:
            owe_once(
                self._tx,
                MessageKind.WARNING,
                str(row["call_id"]),
                employee_id=row["employee_id"],
                priority=Priority.URGENT,
                case_id=row["id"],
                now=self._now,
            )


async def alert_cases(
    tx: Transaction, case_ids: Collection[int], rules: CaseRules, *, now: int
) -> None:
    """Owe the alerts of open cases to all whom they concern, each at their step.

    Chats that have the message of a case get no other.
    """
    if not case_ids:
        return
    asked, repeats = ask_planning(tx), _ask_repeats(tx, "k.id IN ({})", [*case_ids])
    plan = planning(await asked)
    rows = {row["id"]: row for answer in repeats for row in await answer}
    for case_id in case_ids:
        await _alert(tx, rows[case_id], plan, rules, now=now)


def _ask_repeats(tx: Transaction, where: str, ids: Sequence[int]) -> list[Answer]:
    """What decides when the alerts of these cases are told; `where` has room for the ids."""
    return [
        tx.ask(
            "SELECT k.id, k.state, c.line, k.repeat_at, k.owner_id, c.position "  # noqa: S608
            "+ CASE WHEN c.level = 0 THEN ? ELSE coalesce(c.wait, 0) END AS given_up_at "
            "FROM cases AS k JOIN calls AS c ON c.id = k.call_id "
            f"WHERE {where.format(marks_sql(some))}",
            (LIVE_MAX_AGE, *some),
        )
        for some in chunks(ids, _AT_ONCE)
    ]


async def _alert(tx: Transaction, row: Row, plan: Planning, rules: CaseRules, *, now: int) -> None:
    """Owe the alert of an open case; chats that have its message get no other."""
    moments = _repeat(tx, row, plan, rules, now=now)
    await owe_case(tx, row["id"], moments, now=now)


def _repeat(
    tx: Transaction, row: Row, plan: Planning, rules: CaseRules, *, now: int
) -> StepMoments:
    """Let the alert of an open case be repeated until somebody takes it, if that is asked for.

    Returns when each step of the escalation is told.
    """
    moments, repeat_at = plan.step_moments(row["line"], zone=rules.zone, now=now)
    if repeat_at and row["repeat_at"] is None and row["owner_id"] is None:
        tx.write("UPDATE cases SET repeat_at = ? WHERE id = ?", (repeat_at, row["id"]))
    return moments
