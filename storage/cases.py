"""The cases as people see them and what people do with them: the board, taking, handing, closing.

How calls change cases is in case_refolding.py, how time does in case_deadlines.py.
"""

from collections.abc import Sequence

from bot.domain.calls import CaseState
from bot.domain.case_rules import CaseRules
from bot.domain.cases import (
    Board,
    BoardPage,
    Case,
    CaseActionKind,
    CaseHold,
    CaseNumbers,
    Ignored,
    Taking,
)
from bot.domain.digests import CaseGroup
from bot.domain.errors import (
    AnothersError,
    NoAccessError,
    NoClientsError,
    NotFoundError,
    NotRungError,
)
from bot.domain.outbox import Priority
from bot.domain.pages import nearest_page
from bot.domain.people import Employee, Person, Scope
from storage.audience import can_be_told_sql, takes_clients_sql, told_to_group_sql
from storage.case_changes import free_case, refold_case
from storage.case_history import list_actions, note_action, reopen_until_sql
from storage.case_spans import case_group_sql, opened_in_sql
from storage.clients import SAME_CLIENT_SQL
from storage.database import Database, Row, Transaction, Value, marks_sql
from storage.journal import JournalRepo
from storage.owing import mark_cases_changed, ping_people
from storage.scopes import case_in_scope_sql, extension_holder_sql


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
        return await self._get(case_id, *case_in_scope_sql(scope, "k"))

    async def get_to_take(self, case_id: int, employee: Employee) -> Case:
        """A case the person may take or close, or could if no colleague had it.

        That is one in scope, or one that a group was told of. Raises NotFoundError, NotRungError,
        NoClientsError.
        """
        _may_work(employee)
        try:
            return await self._get(case_id, *_workable_sql(employee.scope))
        except NoAccessError as error:
            raise NotRungError(f"case {case_id}") from error

    async def _get(self, case_id: int, mine: str, values: Sequence[Value]) -> Case:
        rows = await self._database.fetch(
            f"SELECT k.*, o.name AS owner_name, {mine} AS is_mine, "  # noqa: S608
            f"{reopen_until_sql('k')} AS reopen_until FROM cases AS k "
            "LEFT JOIN employees AS o ON o.id = k.owner_id WHERE k.id = ?",
            (*values, case_id),
        )
        [case] = await self._cases([_visible(rows, case_id)], with_actions=True)
        return case

    async def list_known(self, case_ids: Sequence[int], scope: Scope) -> dict[int, Case]:
        """Those of the cases, by id, that are in scope and not gone."""
        mine, values = case_in_scope_sql(scope, "k")
        rows = await self._database.fetch(
            "SELECT k.*, o.name AS owner_name FROM cases AS k "  # noqa: S608
            "LEFT JOIN employees AS o ON o.id = k.owner_id "
            f"WHERE k.id IN ({marks_sql(case_ids)}) AND k.call_id IS NOT NULL AND {mine}",
            (*case_ids, *values),
        )
        return {case.id: case for case in await self._cases(rows)}

    async def find_of_call(self, call_id: int) -> int | None:
        """The id of the case a call belongs to."""
        rows = await self._database.fetch(
            "SELECT case_id FROM case_calls WHERE call_id = ?", (call_id,)
        )
        return rows[0]["case_id"] if rows else None

    async def board(
        self, employee: Employee, board: Board, *, page: int, size: int, today: int
    ) -> BoardPage:
        """A page (from 0; the last if beyond) of the board; `today`: the moment it began.

        Open cases in which somebody called today stand first.
        """
        mine, values = case_in_scope_sql(employee.scope, "k")
        # The plus, and coalesce below, leave SQLite only the indexes of what is open or of today:
        # along those of calls and owners it would read all cases there ever were.
        where = f"+k.call_id IS NOT NULL AND {mine}"
        order, first = "k.last_lost_at < ?, k.opened_at, k.id", [today]
        if board is Board.CLOSED:
            where += (
                " AND k.state IN ('called_back', 'got_through', 'by_hand') AND (k.closed_at >= ? "
                "OR (k.closed_at IS NULL AND k.opened_at >= ?))"  # the PBX says so, not when
            )
            values += [today, today]
            order, first = "coalesce(k.closed_at, k.last_lost_at) DESC, k.id DESC", []
        else:
            where += " AND k.state = 'open'"
        if board is Board.FREE:
            where += " AND k.owner_id IS NULL"
        if board is Board.MINE:
            where += " AND coalesce(k.owner_id, 0) = ?"
            values.append(employee.id)
        return await self._page(where, values, order, first, page=page, size=size)

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
        """A page of the cases opened in the span that were in the group by its end, oldest first.

        `who`: only the cases that this employee called back, 0 for all cases in scope; whoever was
        rung does not matter then. `target` in seconds. Raises NoAccessError if `who` is another
        person and `employee` does not see all.
        """
        where, values = opened_in_sql(start, end)
        if group is CaseGroup.IN_TARGET:
            where += (
                f" AND {case_group_sql('k')} = 'called_back' AND k.closed_at - k.opened_at <= ?"
            )
            values += [end, target]
        elif group is not CaseGroup.OPENED:
            where += f" AND {case_group_sql('k')} = ?"
            values += [end, group.name.lower()]
        if who:
            if who != employee.id and not employee.role.sees_all:
                raise NoAccessError(f"the calls back of employee {who}")
            whose = (
                extension_holder_sql("c.extension") if employee.role.sees_all else "z.employee_id"
            )
            where += (
                " AND EXISTS (SELECT 1 FROM case_calls AS y "  # noqa: S608
                "JOIN calls AS c ON c.id = y.call_id "
                "JOIN employee_extensions AS z ON z.extension = c.extension "
                "WHERE y.case_id = k.id AND y.part = 'closing' AND z.employee_id = ? "
                f"AND z.employee_id = {whose})"
            )
            values.append(who)
        else:
            mine, more = case_in_scope_sql(employee.scope, "k")
            where += f" AND {mine}"
            values += more
        return await self._page(where, values, "k.opened_at, k.id", (), page=page, size=size)

    async def _page(
        self,
        where: str,
        values: Sequence[Value],
        order: str,
        of_order: Sequence[Value],
        *,
        page: int,
        size: int,
    ) -> BoardPage:
        total = await self._database.count(
            f"SELECT count(*) FROM cases AS k WHERE {where}",  # noqa: S608
            values,
        )
        page, count = nearest_page(page, size=size, total=total)
        rows = await self._database.fetch(
            "SELECT k.*, o.name AS owner_name FROM cases AS k "  # noqa: S608
            f"LEFT JOIN employees AS o ON o.id = k.owner_id WHERE {where} "
            f"ORDER BY {order} LIMIT ? OFFSET ?",
            (*values, *of_order, size, page * size),
        )
        return BoardPage(tuple(await self._cases(rows)), page + 1, count, total)

    async def numbers(self, scope: Scope, *, since: int) -> CaseNumbers:
        """What became of the cases opened at or after the moment, in scope."""
        mine, values = case_in_scope_sql(scope, "k")
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
        """The people who can be handed a case: who can be told and take clients, but its owner."""
        rows = await self._database.fetch(
            "SELECT e.id, e.name FROM employees AS e JOIN cases AS k ON k.id = ? "  # noqa: S608
            f"WHERE {can_be_told_sql('e')} AND {takes_clients_sql('e')} "
            "AND (k.owner_id IS NULL OR k.owner_id <> e.id) ORDER BY e.name, e.id LIMIT 50",
            (case_id,),
        )
        return [Person(row["id"], row["name"]) for row in rows]

    # What people do

    async def take(
        self, case_id: int, employee: Employee, *, now: int, text: str | None = None
    ) -> Taking:
        """Make the person the owner, unless somebody was faster; `text`: a remark of theirs.

        Raises NoClientsError for a role that takes none, NotRungError for a case that is neither
        in scope nor told of in a group.
        """
        _may_work(employee)
        async with self._database.transaction() as tx:
            row = await _read_workable(tx, case_id, employee)
            if row["state"] != "open":
                return Taking.OVER
            if not _hold(row).can_be_taken_by(employee):
                is_mine = _hold(row).is_held_by(employee)
                return Taking.MINE_ALREADY if is_mine else Taking.ANOTHERS
            await self._set_owner(tx, case_id, employee.id, now=now)
            await note_action(tx, case_id, CaseActionKind.TAKEN, employee.id, now=now, text=text)
            await mark_cases_changed(tx, [case_id], priority=Priority.NEWS, now=now)
            if not row["is_in_scope"]:  # they know of it from a group: their own chat has nothing
                await ping_people(tx, case_id, employee_ids=[employee.id], now=now)
        return Taking.TAKEN

    async def give_back(self, case_id: int, employee: Employee, *, now: int) -> bool:
        """Free the case. False: nobody has it.

        Raises AnothersError unless the person is its owner or sees all.
        """
        async with self._database.transaction() as tx:
            row = await _read_workable(tx, case_id, employee)
            if row["state"] != "open" or row["owner_id"] is None:
                return False
            if not _hold(row).can_be_released_by(employee):
                raise AnothersError(f"case {case_id} is another's")
            returned = CaseActionKind.RETURNED
            await free_case(tx, case_id, returned, employee.id, rules=self._rules, now=now)
        return True

    async def hand(self, case_id: int, by: Employee, to: int, *, now: int) -> bool:
        """Make another person the owner and tell them. False: it is over, or they cannot be told.

        Raises NoAccessError unless `by` sees all.
        """
        if not by.role.sees_all:
            raise NoAccessError(f"handing case {case_id}")
        async with self._database.transaction() as tx:
            row = await _read_row(tx, case_id, by.scope)
            people = await tx.execute(
                "SELECT e.id FROM employees AS e WHERE e.id = ? "  # noqa: S608
                f"AND {can_be_told_sql('e')} AND {takes_clients_sql('e')}",
                (to,),
            )
            if row["state"] != "open" or not people:
                return False
            await self._set_owner(tx, case_id, to, now=now)
            await note_action(tx, case_id, CaseActionKind.HANDED, by.id, now=now, other=to)
            await mark_cases_changed(tx, [case_id], priority=Priority.NEWS, now=now)
            if to != by.id:
                await ping_people(tx, case_id, employee_ids=[to], now=now)
        return True

    async def extend(self, case_id: int, employee: Employee, *, seconds: int, now: int) -> bool:
        """Give the owner more time. False: the case is not theirs any more."""
        async with self._database.transaction() as tx:
            row = await _read_row(tx, case_id, employee.scope)
            if not _hold(row).can_be_extended_by(employee):
                return False
            await tx.execute(
                "UPDATE cases SET claim_due_at = ?, asked_at = NULL WHERE id = ?",
                (now + seconds, case_id),
            )
            await note_action(tx, case_id, CaseActionKind.EXTENDED, employee.id, now=now)
            await mark_cases_changed(tx, [case_id], priority=Priority.DETAIL, now=now)
        return True

    async def close(self, case_id: int, employee: Employee, text: str, *, now: int) -> bool:
        """Close the case by hand, saying why. False: it was over already.

        Raises AnothersError if it is in another's hands and the person does not see all, and what
        `take` raises.
        """
        _may_work(employee)
        async with self._database.transaction() as tx:
            row = await _read_workable(tx, case_id, employee)
            if row["state"] != "open":
                return False
            if not _hold(row).can_be_closed_by(employee):
                raise AnothersError(f"case {case_id} is another's")
            await note_action(tx, case_id, CaseActionKind.CLOSED, employee.id, now=now, text=text)
            await refold_case(tx, row, rules=self._rules, now=now)
            [after] = await tx.execute("SELECT state FROM cases WHERE id = ?", (case_id,))
        return bool(after["state"] == CaseState.BY_HAND)

    async def reopen(self, case_id: int, employee: Employee, *, now: int) -> bool:
        """Undo the closing by hand: the case is again what its calls say, in the same hands.

        If it was closed by ignoring its number, that is heard of again, as if it always had been.
        An owner has CLAIM_MINUTES anew. False: it was not closed by hand, nobody would wait for a
        call back any more, or the client has a newer case. Raises what `close` raises.
        """
        _may_work(employee)
        async with self._database.transaction() as tx:
            row = await _read_workable(tx, case_id, employee)
            closings = await tx.execute(
                "SELECT id, employee_id, text FROM case_events WHERE case_id = ? "
                "AND kind = 'closed' ORDER BY id DESC LIMIT 1",
                (case_id,),
            )
            [until] = await tx.execute(
                f"SELECT {reopen_until_sql('k')} AS moment FROM cases AS k WHERE k.id = ?",  # noqa: S608
                (case_id,),
            )
            is_over = row["state"] == CaseState.BY_HAND and now < until["moment"]
            if not is_over or not closings:
                return False
            whose = {closings[0]["employee_id"], row["owner_id"]}
            if employee.id not in whose and not employee.role.sees_all:
                raise AnothersError(f"case {case_id} was closed by another")
            if closings[0]["text"] is None:
                await tx.execute(
                    "UPDATE ignored_numbers SET until = since WHERE until IS NULL "
                    "AND number IN (SELECT number FROM closings WHERE event_id = ?)",
                    (closings[0]["id"],),
                )
            await tx.execute(
                "UPDATE case_events SET kind = 'unclosed' WHERE kind = 'closed' AND id IN "  # noqa: S608
                "(SELECT v.id FROM case_events AS v WHERE v.case_id = ? UNION "
                "SELECT w.id FROM closings AS c JOIN case_events AS w ON w.id = c.event_id "
                f"WHERE c.number IN {SAME_CLIENT_SQL} AND w.at >= ?)",
                (case_id, row["client"], row["client"], row["opened_at"]),
            )
            await note_action(tx, case_id, CaseActionKind.REOPENED, employee.id, now=now)
            await self._let_owner_go_on(tx, case_id, now=now)
            await refold_case(tx, row, rules=self._rules, now=now)
            await tx.execute(
                "UPDATE cases SET claim_due_at = ?, asked_at = NULL "
                "WHERE id = ? AND state = 'open' AND owner_id IS NOT NULL",
                (now + self._claim_seconds, case_id),
            )
        return True

    @staticmethod
    async def _let_owner_go_on(tx: Transaction, case_id: int, *, now: int) -> None:
        """Have a case that is opened again in its owner's hands only if they still may have it."""
        await tx.execute(
            "UPDATE cases SET owned_at = ? WHERE id = ? AND owner_id IS NOT NULL", (now, case_id)
        )
        await tx.execute(
            "UPDATE cases SET owner_id = NULL, owned_at = NULL WHERE id = ? "  # noqa: S608
            "AND NOT EXISTS (SELECT 1 FROM employees AS e WHERE e.id = cases.owner_id "
            f"AND e.state = 'active' AND {takes_clients_sql('e')})",
            (case_id,),
        )

    # Ignored numbers

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
                await note_action(tx, row["id"], CaseActionKind.CLOSED, employee.id, now=now)
                await refold_case(tx, row, rules=self._rules, now=now)

    async def unignore(self, ignored_id: int, *, now: int) -> None:
        """From now on lost calls of the number make cases again."""
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE ignored_numbers SET until = ? WHERE id = ? AND until IS NULL",
                (now, ignored_id),
            )

    async def ignore_again(self, ignored_id: int) -> None:
        """Ignore a number as if it had never been heard of again; what it made since stays."""
        async with self._database.transaction() as tx:
            await tx.execute(
                "UPDATE ignored_numbers SET until = NULL WHERE id = ? AND NOT EXISTS "
                "(SELECT 1 FROM ignored_numbers AS j WHERE j.number = ignored_numbers.number "
                "AND j.until IS NULL)",
                (ignored_id,),
            )

    async def list_ignored(self) -> list[Ignored]:
        """The numbers ignored now, by number."""
        rows = await self._database.fetch(
            "SELECT i.id, i.number, n.name FROM ignored_numbers AS i "
            "LEFT JOIN contact_numbers AS m ON m.number = i.number "
            "LEFT JOIN contacts AS n ON n.id = m.contact_id WHERE i.until IS NULL "
            "ORDER BY i.number LIMIT 100"
        )
        return [Ignored(row["id"], row["number"], row["name"]) for row in rows]

    async def _set_owner(
        self, tx: Transaction, case_id: int, employee_id: int, *, now: int
    ) -> None:
        await tx.execute(
            "UPDATE cases SET owner_id = ?, owned_at = ?, claim_due_at = ?, asked_at = NULL, "
            "repeat_at = NULL WHERE id = ?",
            (employee_id, now, now + self._claim_seconds, case_id),
        )

    async def _cases(self, rows: Sequence[Row], *, with_actions: bool = False) -> list[Case]:
        ids = [row["id"] for row in rows]
        if not ids:
            return []
        parts = await self._database.fetch(
            "SELECT y.case_id, y.part, y.call_id FROM case_calls AS y "  # noqa: S608
            "JOIN calls AS c ON c.id = y.call_id "
            f"WHERE y.case_id IN ({marks_sql(ids)}) AND y.part <> 'lost' "
            "ORDER BY c.started_at, c.id",
            ids,
        )
        rung = await self._database.fetch(
            "SELECT DISTINCT y.case_id, x.extension FROM case_calls AS y "  # noqa: S608
            "JOIN call_extensions AS x ON x.call_id = y.call_id "
            f"WHERE y.case_id IN ({marks_sql(ids)}) AND y.part = 'lost' ORDER BY x.extension",
            ids,
        )
        actions = await list_actions(self._database, ids[0]) if with_actions else ()
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
                reopen_until=row["reopen_until"] if with_actions else 0,
            )
            for row in rows
        ]


async def _read_row(tx: Transaction, case_id: int, scope: Scope) -> Row:
    """The case as it is at this moment. Raises NotFoundError, NoAccessError."""
    mine, values = case_in_scope_sql(scope, "k")
    rows = await tx.execute(
        f"SELECT k.*, {mine} AS is_mine FROM cases AS k WHERE k.id = ?",  # noqa: S608
        (*values, case_id),
    )
    return _visible(rows, case_id)


async def _read_workable(tx: Transaction, case_id: int, employee: Employee) -> Row:
    """The case, `is_in_scope` or told of in a group. Raises NotFoundError, NotRungError."""
    mine, values = _workable_sql(employee.scope)
    in_scope, more = case_in_scope_sql(employee.scope, "k")
    rows = await tx.execute(
        f"SELECT k.*, {mine} AS is_mine, {in_scope} AS is_in_scope "  # noqa: S608
        "FROM cases AS k WHERE k.id = ?",
        (*values, *more, case_id),
    )
    try:
        return _visible(rows, case_id)
    except NoAccessError as error:
        raise NotRungError(f"case {case_id}") from error


def _workable_sql(scope: Scope) -> tuple[str, list[Value]]:
    mine, values = case_in_scope_sql(scope, "k")
    return f"({mine} OR {told_to_group_sql('k.id')})", values


def _visible(rows: Sequence[Row], case_id: int) -> Row:
    """The case's row, if there is one and `is_mine` says that it is in scope."""
    if not rows or rows[0]["call_id"] is None:
        raise NotFoundError(f"case {case_id}")
    if not rows[0]["is_mine"]:
        raise NoAccessError(f"case {case_id}")
    return rows[0]


def _may_work(employee: Employee) -> None:
    if not employee.role.takes_clients:
        raise NoClientsError(f"employee {employee.id} takes no clients")


def _hold(row: Row) -> CaseHold:
    """As much of the row as decides who may do what with the case."""
    owner = Person(row["owner_id"], "") if row["owner_id"] else None
    return CaseHold(CaseState(row["state"]), owner)
