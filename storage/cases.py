"""The cases: the board, who takes them, what time does to them. Their calls: case_refolding.py."""

from collections.abc import Sequence

from bot.domain.calls import CaseState
from bot.domain.case_rules import CaseRules
from bot.domain.cases import (
    Board,
    BoardPage,
    Case,
    CaseAction,
    CaseActionKind,
    CaseHold,
    CaseNumbers,
    Ignored,
    Taking,
)
from bot.domain.digests import CaseGroup
from bot.domain.errors import NoAccessError, NotFoundError
from bot.domain.people import Employee, Person, Scope
from storage.case_refolding import CaseKeeping, alert_of
from storage.company import read_hours, read_ladder
from storage.database import Database, Row, Transaction, Value, chunks
from storage.journal import JournalRepo
from storage.owing import Kind, Priority, owe_person, ping_all, ping_case, touch_cases
from storage.scopes import case_in_scope, holder

ANSWER_SECONDS = 300
"""How long the owner of a case, asked whether they still see to it, has to answer."""

_OVER = "state = 'open' AND expires_at < ?"
_TOO_SOON = "state = 'expired' AND closed_at >= ?"
_CAUGHT_UP_AT_ONCE = 200
_DEEDS_SHOWN = 20


class CaseRepo:
    def __init__(
        self, database: Database, journal: JournalRepo, *, rules: CaseRules, claim_seconds: int
    ) -> None:
        self._database = database
        self._journal = journal
        self._rules = rules
        self._claim_seconds = claim_seconds

    # Reading

    async def get(self, case_id: int, scope: Scope) -> Case:
        """The case. Raises NotFoundError if it is gone, NoAccessError if out of scope."""
        mine, values = case_in_scope(scope, "k")
        rows = await self._database.fetch(
            f"SELECT k.*, o.name AS owner_name, {mine} AS is_mine FROM cases AS k "  # noqa: S608
            "LEFT JOIN employees AS o ON o.id = k.owner_id WHERE k.id = ?",
            (*values, case_id),
        )
        if not rows or rows[0]["call_id"] is None:
            raise NotFoundError(f"case {case_id}")
        if not rows[0]["is_mine"]:
            raise NoAccessError(f"case {case_id}")
        [case] = await self._cases(rows, with_actions=True)
        return case

    async def find_of_call(self, call_id: int) -> int | None:
        """The id of the case a call belongs to."""
        rows = await self._database.fetch(
            "SELECT case_id FROM case_calls WHERE call_id = ?", (call_id,)
        )
        return rows[0]["case_id"] if rows else None

    async def board(
        self, employee: Employee, board: Board, *, page: int, size: int, today: int
    ) -> BoardPage:
        """A page (from 0; the last if beyond) of the board; `today`: the moment it began."""
        mine, values = case_in_scope(employee.scope, "k")
        where = f"k.call_id IS NOT NULL AND {mine}"
        order = "k.opened_at, k.id"
        if board is Board.CLOSED:
            where += (
                " AND k.state IN ('called_back', 'got_through', 'by_hand') AND (k.closed_at >= ? "
                "OR (k.closed_at IS NULL AND k.opened_at >= ?))"  # the PBX says so, not when
            )
            values += [today, today]
            order = "coalesce(k.closed_at, k.last_lost_at) DESC, k.id DESC"
        else:
            where += " AND k.state = 'open'"
        if board is Board.FREE:
            where += " AND k.owner_id IS NULL"
        if board is Board.MINE:
            where += " AND k.owner_id = ?"
            values.append(employee.id)
        return await self._page(where, values, order, page=page, size=size)

    async def list_span(
        self,
        employee: Employee,
        start: int,
        end: int,
        group: CaseGroup,
        *,
        who: int,
        target: int,
        page: int,
        size: int,
    ) -> BoardPage:
        """A page of the cases opened in the span that had become this by its end, oldest first.

        `who`: only those this employee called back, 0 for all; one's own are in sight whoever was
        rung. `target` in seconds. Raises NoAccessError for another's of one who does not see all.
        """
        where, values = opened_in(start, end)
        if group is CaseGroup.IN_TARGET:
            where += f" AND {became('k')} = 'called_back' AND k.closed_at - k.opened_at <= ?"
            values += [end, target]
        elif group is not CaseGroup.OPENED:
            where += f" AND {became('k')} = ?"
            values += [end, group.name.lower()]
        if who:
            if who != employee.id and not employee.role.sees_all:
                raise NoAccessError(f"the calls back of employee {who}")
            whose = holder("c.extension") if employee.role.sees_all else "z.employee_id"
            where += (
                " AND EXISTS (SELECT 1 FROM case_calls AS y "  # noqa: S608
                "JOIN calls AS c ON c.id = y.call_id "
                "JOIN employee_extensions AS z ON z.extension = c.extension "
                "WHERE y.case_id = k.id AND y.part = 'closing' AND z.employee_id = ? "
                f"AND z.employee_id = {whose})"
            )
            values.append(who)
        else:
            mine, more = case_in_scope(employee.scope, "k")
            where += f" AND {mine}"
            values += more
        return await self._page(where, values, "k.opened_at, k.id", page=page, size=size)

    async def _page(
        self, where: str, values: Sequence[Value], order: str, *, page: int, size: int
    ) -> BoardPage:
        [row] = await self._database.fetch(
            f"SELECT count(*) AS n FROM cases AS k WHERE {where}",  # noqa: S608
            values,
        )
        count = max(1, -(-row["n"] // size))
        page = min(max(page, 0), count - 1)
        rows = await self._database.fetch(
            "SELECT k.*, o.name AS owner_name FROM cases AS k "  # noqa: S608
            f"LEFT JOIN employees AS o ON o.id = k.owner_id WHERE {where} "
            f"ORDER BY {order} LIMIT ? OFFSET ?",
            (*values, size, page * size),
        )
        return BoardPage(tuple(await self._cases(rows)), page + 1, count, row["n"])

    async def numbers(self, scope: Scope, *, since: int) -> CaseNumbers:
        """What became of the cases opened at or after the moment, in scope."""
        mine, values = case_in_scope(scope, "k")
        rows = await self._database.fetch(
            "SELECT k.state, count(*) AS n FROM cases AS k "  # noqa: S608
            f"WHERE k.opened_at >= ? AND k.state <> 'void' AND {mine} GROUP BY k.state",
            (since, *values),
        )
        counts = {CaseState(row["state"]): int(row["n"]) for row in rows}
        return CaseNumbers(
            opened=sum(counts.values()),
            called_back=counts.get(CaseState.CALLED_BACK, 0),
            got_through=counts.get(CaseState.GOT_THROUGH, 0),
            by_hand=counts.get(CaseState.BY_HAND, 0),
            left=counts.get(CaseState.OPEN, 0) + counts.get(CaseState.EXPIRED, 0),
        )

    async def candidates(self, case_id: int) -> list[Person]:
        """The people a case can be handed to: all who can be told, but its owner, accountants."""
        rows = await self._database.fetch(
            "SELECT e.id, e.name FROM employees AS e JOIN cases AS k ON k.id = ? "
            "WHERE e.state = 'active' AND e.unreachable_at IS NULL AND e.role <> 'accountant' "
            "AND (k.owner_id IS NULL OR k.owner_id <> e.id) ORDER BY e.name, e.id LIMIT 50",
            (case_id,),
        )
        return [Person(row["id"], row["name"]) for row in rows]

    # What people do

    async def take(
        self, case_id: int, employee: Employee, *, now: int, text: str | None = None
    ) -> Taking:
        """Make the person the owner, unless somebody was faster; `text`: what they say to it.

        Raises NoAccessError for a role that takes no clients.
        """
        _may_work(employee)
        async with self._database.transaction() as tx:
            row = await _row(tx, case_id, employee.scope)
            if row["state"] != "open":
                return Taking.OVER
            if not _hold(row).can_be_taken_by(employee):
                is_mine = _hold(row).is_held_by(employee)
                return Taking.MINE_ALREADY if is_mine else Taking.ANOTHERS
            await self._own(tx, case_id, employee.id, now=now)
            await _note(tx, case_id, CaseActionKind.TAKEN, employee.id, now=now, text=text)
            await touch_cases(tx, [case_id], priority=Priority.NEWS, now=now)
        return Taking.TAKEN

    async def give_back(self, case_id: int, employee: Employee, *, now: int) -> bool:
        """Free the case; only its owner, or one who sees all, can. False: there is nothing to.

        Raises NoAccessError for others.
        """
        async with self._database.transaction() as tx:
            row = await _row(tx, case_id, employee.scope)
            if row["state"] != "open" or row["owner_id"] is None:
                return False
            if not _hold(row).can_be_released_by(employee):
                raise NoAccessError(f"case {case_id} is another's")
            await self._free(tx, case_id, CaseActionKind.RETURNED, employee.id, now=now)
        return True

    async def hand(self, case_id: int, by: Employee, to: int, *, now: int) -> bool:
        """Make another person the owner and tell them. False: it is over, or they cannot be told.

        Raises NoAccessError unless `by` sees all.
        """
        if not by.role.sees_all:
            raise NoAccessError(f"handing case {case_id}")
        async with self._database.transaction() as tx:
            row = await _row(tx, case_id, by.scope)
            people = await tx.execute(
                "SELECT id FROM employees WHERE id = ? AND state = 'active' "
                "AND unreachable_at IS NULL AND role <> 'accountant'",
                (to,),
            )
            if row["state"] != "open" or not people:
                return False
            await self._own(tx, case_id, to, now=now)
            await _note(tx, case_id, CaseActionKind.HANDED, by.id, now=now, other=to)
            await touch_cases(tx, [case_id], priority=Priority.NEWS, now=now)
            if to != by.id:
                await ping_case(tx, case_id, employee_ids=[to], now=now)
        return True

    async def extend(self, case_id: int, employee: Employee, *, seconds: int, now: int) -> bool:
        """Give the owner more time. False: the case is not theirs any more."""
        async with self._database.transaction() as tx:
            row = await _row(tx, case_id, employee.scope)
            if not _hold(row).can_be_extended_by(employee):
                return False
            await tx.execute(
                "UPDATE cases SET claim_due_at = ?, asked_at = NULL WHERE id = ?",
                (now + seconds, case_id),
            )
            await _note(tx, case_id, CaseActionKind.EXTENDED, employee.id, now=now)
            await touch_cases(tx, [case_id], priority=Priority.DETAIL, now=now)
        return True

    async def close(self, case_id: int, employee: Employee, text: str, *, now: int) -> bool:
        """Close the case by hand, saying why. False: it was over already.

        Raises NoAccessError if it is in another's hands and the person does not see all, and for
        a role that takes no clients.
        """
        _may_work(employee)
        async with self._database.transaction() as tx:
            row = await _row(tx, case_id, employee.scope)
            if row["state"] != "open":
                return False
            if not _hold(row).can_be_closed_by(employee):
                raise NoAccessError(f"case {case_id} is another's")
            await _note(tx, case_id, CaseActionKind.CLOSED, employee.id, now=now, text=text)
            await self._refold(tx, row, now=now)
            [after] = await tx.execute("SELECT state FROM cases WHERE id = ?", (case_id,))
        return bool(after["state"] == CaseState.BY_HAND)

    # What time does

    async def expire(self, *, now: int) -> int:
        """Let go of the cases whose window is over. Returns how many.

        Those let go while the clock was wrong are open again.
        """
        if not (await self._has(_OVER, now) or await self._has(_TOO_SOON, now)):
            return 0
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                f"SELECT * FROM cases WHERE {_OVER} UNION ALL "  # noqa: S608
                f"SELECT * FROM cases WHERE {_TOO_SOON} ORDER BY expires_at LIMIT 100",
                (now, now),
            )
            for row in rows:
                await self._refold(tx, row, now=now)
        return len(rows)

    async def mind_claims(self, *, now: int) -> int:
        """Ask the owners whose time is over; free the cases of those asked who did not answer.

        Returns how many there were.
        """
        if not await self._has("claim_due_at <= ?", now):
            return 0
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                "SELECT * FROM cases WHERE claim_due_at <= ? ORDER BY claim_due_at LIMIT 100",
                (now,),
            )
            for row in rows:
                if row["asked_at"] is not None:
                    await self._free(tx, row["id"], CaseActionKind.FREED, row["owner_id"], now=now)
                    continue
                await tx.execute(
                    "UPDATE cases SET asked_at = ?, claim_due_at = ? WHERE id = ?",
                    (now, now + ANSWER_SECONDS, row["id"]),
                )
                await _note(tx, row["id"], CaseActionKind.ASKED, row["owner_id"], now=now)
                await owe_person(
                    tx,
                    Kind.CLAIM,
                    str(row["id"]),
                    employee_id=row["owner_id"],
                    priority=Priority.ALERT,
                    case_id=row["id"],
                    now=now,
                )
        return len(rows)

    async def repeat(self, *, now: int) -> int:
        """Alert everybody again of what nobody has taken. Returns how many cases there were."""
        if not await self._has("repeat_at <= ?", now):
            return 0
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                "SELECT k.id, k.repeat_at, c.line FROM cases AS k "
                "JOIN calls AS c ON c.id = k.call_id "
                "WHERE k.repeat_at <= ? ORDER BY k.repeat_at LIMIT 100",
                (now,),
            )
            for row in rows:
                ladder, hours = await read_ladder(tx), await read_hours(tx, row["line"])
                again = hours.after(now, ladder.repeat_every * 60, self._rules.zone)
                await tx.execute(
                    "UPDATE cases SET repeat_at = ? WHERE id = ?",
                    (again if ladder.repeat_every else None, row["id"]),
                )
                await ping_all(tx, row["id"], since=row["repeat_at"], now=now)
        return len(rows)

    async def _has(self, where: str, now: int) -> bool:
        """Whether a tick has anything to do: it must not hold the writer's lock for nothing."""
        return bool(
            await self._database.fetch(f"SELECT 1 FROM cases WHERE {where} LIMIT 1", (now,))  # noqa: S608
        )

    async def catch_up(self, *, now: int) -> int:
        """Make the cases of lost calls recorded before there were cases. Returns how many calls.

        Nobody is alerted of them; the board and the lists have them.
        """
        rows = await self._database.fetch(
            "SELECT c.id, c.client, c.started_at FROM calls AS c WHERE c.lost = 1 AND EXISTS "
            "(SELECT 1 FROM counters WHERE name = 'caught_up' AND value = 0) "
            "ORDER BY c.position, c.id"
        )
        since: dict[str, int] = {}
        for row in rows:
            if row["client"] is not None:
                since.setdefault(row["client"], row["started_at"])
        hidden = [row["id"] for row in rows if row["client"] is None]
        for some in chunks(list(since), _CAUGHT_UP_AT_ONCE):
            async with self._database.transaction() as tx:
                keeping = CaseKeeping(tx, self._rules, now)
                await keeping.refold({client: since[client] for client in some})
        for some_hidden in chunks(hidden, _CAUGHT_UP_AT_ONCE):
            async with self._database.transaction() as tx:
                await CaseKeeping(tx, self._rules, now).refold_hidden(some_hidden)
        async with self._database.transaction() as tx:
            await tx.execute("UPDATE counters SET value = 1 WHERE name = 'caught_up'")
        return len(rows)

    # Numbers nobody wants to hear of

    async def ignore(self, number: str, employee: Employee, *, now: int) -> None:
        """From now on lost calls of this number make no case; an open one closes."""
        async with self._database.transaction() as tx:
            await tx.execute(
                "INSERT INTO ignored_numbers (number, since, employee_id) SELECT ?, ?, ? "
                "WHERE NOT EXISTS (SELECT 1 FROM ignored_numbers WHERE number = ? "
                "AND until IS NULL)",
                (number, now, employee.id, number),
            )
            for row in await tx.execute(
                "SELECT * FROM cases WHERE client = ? AND state = 'open'", (number,)
            ):
                await _note(tx, row["id"], CaseActionKind.CLOSED, employee.id, now=now)
                await self._refold(tx, row, now=now)

    async def unignore(self, ignored_id: int, *, now: int) -> None:
        """Its lost calls from now on make cases again."""
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE ignored_numbers SET until = ? WHERE id = ? AND until IS NULL",
                (now, ignored_id),
            )

    async def list_ignored(self) -> list[Ignored]:
        """The numbers ignored now, by number."""
        rows = await self._database.fetch(
            "SELECT i.id, i.number, n.name FROM ignored_numbers AS i "
            "LEFT JOIN contacts AS n ON n.number = i.number WHERE i.until IS NULL "
            "ORDER BY i.number LIMIT 100"
        )
        return [Ignored(row["id"], row["number"], row["name"]) for row in rows]

    async def _own(self, tx: Transaction, case_id: int, employee_id: int, *, now: int) -> None:
        await tx.execute(
            "UPDATE cases SET owner_id = ?, owned_at = ?, claim_due_at = ?, asked_at = NULL, "
            "repeat_at = NULL WHERE id = ?",
            (employee_id, now, now + self._claim_seconds, case_id),
        )

    async def _free(
        self, tx: Transaction, case_id: int, kind: CaseActionKind, employee_id: int, *, now: int
    ) -> None:
        """Nobody's again: everybody sees it, and whoever had not been told yet is.

        If it lapsed, those who see all hear of it anew: they are the next step.
        """
        await tx.execute(
            "UPDATE cases SET owner_id = NULL, owned_at = NULL, claim_due_at = NULL, "
            "asked_at = NULL WHERE id = ?",
            (case_id,),
        )
        await _note(tx, case_id, kind, employee_id, now=now)
        await touch_cases(tx, [case_id], priority=Priority.NEWS, now=now)
        await alert_of(tx, case_id, self._rules, now=now)
        if kind is CaseActionKind.FREED:
            people = await tx.execute(
                "SELECT id FROM employees WHERE state = 'active' AND alerts = 'all' "
                "AND role IN ('administrator', 'supervisor')"
            )
            await ping_case(tx, case_id, employee_ids=[row["id"] for row in people], now=now)

    async def _refold(self, tx: Transaction, row: Row, *, now: int) -> None:
        """Compute a case anew: time, or a person, has closed it."""
        keeping = CaseKeeping(tx, self._rules, now)
        if row["client"] is None:
            await keeping.refold_hidden([row["call_id"]])
        else:
            await keeping.refold({row["client"]: row["opened_at"]})

    async def _cases(self, rows: Sequence[Row], *, with_actions: bool = False) -> list[Case]:
        ids = [row["id"] for row in rows]
        if not ids:
            return []
        places = ", ".join("?" * len(ids))
        parts = await self._database.fetch(
            "SELECT y.case_id, y.part, y.call_id FROM case_calls AS y "  # noqa: S608
            "JOIN calls AS c ON c.id = y.call_id "
            f"WHERE y.case_id IN ({places}) AND y.part <> 'lost' ORDER BY c.started_at, c.id",
            ids,
        )
        rung = await self._database.fetch(
            "SELECT DISTINCT y.case_id, x.extension FROM case_calls AS y "  # noqa: S608
            "JOIN call_extensions AS x ON x.call_id = y.call_id "
            f"WHERE y.case_id IN ({places}) AND y.part = 'lost' ORDER BY x.extension",
            ids,
        )
        actions = await self._actions(ids[0]) if with_actions else ()
        of_part = {(row["case_id"], row["part"]): row["call_id"] for row in parts}
        wanted = [row["call_id"] for row in rows] + list(of_part.values())
        calls = await self._journal.list_calls(
            wanted, mentioned={row["extension"] for row in rung}
        )
        return [
            Case(
                id=row["id"],
                client=row["client"],
                state=CaseState(row["state"]),
                opened_at=row["opened_at"],
                last_lost_at=row["last_lost_at"],
                expires_at=row["expires_at"],
                lost=row["lost"],
                attempts=row["attempts"],
                closed_at=row["closed_at"],
                owner=Person(row["owner_id"], row["owner_name"]) if row["owner_id"] else None,
                owned_at=row["owned_at"],
                asked_at=row["asked_at"],
                call=calls[row["call_id"]],
                attempt=calls.get(of_part.get((row["id"], "attempt"), 0)),
                closing=calls.get(of_part.get((row["id"], "closing"), 0)),
                rang=tuple(one["extension"] for one in rung if one["case_id"] == row["id"]),
                actions=actions,
            )
            for row in rows
        ]

    async def _actions(self, case_id: int) -> tuple[CaseAction, ...]:
        """The latest actions, oldest first."""
        rows = await self._database.fetch(
            "SELECT v.*, e.name, o.name AS other FROM case_events AS v "
            "LEFT JOIN employees AS e ON e.id = v.employee_id "
            "LEFT JOIN employees AS o ON o.id = v.other_id "
            "WHERE v.case_id = ? ORDER BY v.id DESC LIMIT ?",
            (case_id, _DEEDS_SHOWN),
        )
        return tuple(
            CaseAction(
                at=row["at"],
                kind=CaseActionKind(row["kind"]),
                who=Person(row["employee_id"], row["name"]) if row["employee_id"] else None,
                other=Person(row["other_id"], row["other"]) if row["other_id"] else None,
                text=row["text"],
            )
            for row in reversed(rows)
        )


def opened_in(start: int, end: int) -> tuple[str, list[Value]]:
    """A predicate over `cases AS k`: lost in the span, and not found to be no lost call."""
    sql = "k.opened_at >= ? AND k.opened_at < ? AND k.state <> 'void' AND k.call_id IS NOT NULL"
    return sql, [start, end]


def became(case: str) -> str:
    """What had become of a case by a moment, its one value: the name of a CaseGroup.

    What happens later does not change what a digest of that moment says.
    """
    return (
        f"CASE WHEN {case}.closed_at >= ? OR {case}.state IN ('open', 'expired') THEN 'left' "
        f"ELSE {case}.state END"
    )


async def _row(tx: Transaction, case_id: int, scope: Scope) -> Row:
    """The case as it is at this moment. Raises NotFoundError, NoAccessError."""
    mine, values = case_in_scope(scope, "k")
    rows = await tx.execute(
        f"SELECT k.*, {mine} AS is_mine FROM cases AS k WHERE k.id = ?",  # noqa: S608
        (*values, case_id),
    )
    if not rows or rows[0]["call_id"] is None:
        raise NotFoundError(f"case {case_id}")
    if not rows[0]["is_mine"]:
        raise NoAccessError(f"case {case_id}")
    return rows[0]


def _may_work(employee: Employee) -> None:
    if not employee.role.takes_clients:
        raise NoAccessError(f"employee {employee.id} takes no clients")


def _hold(row: Row) -> CaseHold:
    """Whose the case is, for asking what somebody may do with it."""
    owner = Person(row["owner_id"], "") if row["owner_id"] else None
    return CaseHold(CaseState(row["state"]), owner)


async def _note(
    tx: Transaction,
    case_id: int,
    kind: CaseActionKind,
    employee_id: int,
    *,
    now: int,
    text: str | None = None,
    other: int | None = None,
) -> None:
    values: tuple[Value, ...] = (case_id, now, kind.value, employee_id, other, text)
    await tx.execute(
        "INSERT INTO case_events (case_id, at, kind, employee_id, other_id, text) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        values,
    )
