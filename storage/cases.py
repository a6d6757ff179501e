"""The cases as people see them, and in whose hands they are: the board, taking, handing.

Closing and ignoring are in case_closings.py, what is done to many at once in case_batches.py. How
calls change cases is in case_refolding.py, how time does in case_deadlines.py.
"""

from collections import Counter
from collections.abc import Sequence

from bot.domain.audit import AuditKind, By
from bot.domain.calls import CaseState
from bot.domain.case_rules import CaseRules
from bot.domain.cases import (
    WHOLE_BOARD,
    Board,
    BoardPage,
    BoardPart,
    Case,
    CaseActionKind,
    CaseNumbers,
    Taking,
)
from bot.domain.digests import CaseGroup
from bot.domain.errors import (
    AnothersError,
    NoAccessError,
    NotRungError,
)
from bot.domain.outbox import Priority
from bot.domain.pages import nearest_page
from bot.domain.people import EVERYTHING, Employee, Person, Scope
from bot.domain.places import Place, PlaceKind
from storage.audience import can_be_told_sql, takes_clients_sql
from storage.audit import note
from storage.board import board_order_sql, board_sql
from storage.case_actions import claims_due, set_owner, take_cases
from storage.case_changes import free_cases
from storage.case_history import note_action
from storage.case_rows import (
    check_takes_clients,
    hold_of,
    read_row,
    read_workable,
    visible,
    workable_sql,
)
from storage.case_spans import case_group_sql, opened_in_sql
from storage.engine.base import Database, Select, Value
from storage.owing import mark_cases_changed, ping_people
from storage.scopes import case_in_scope_sql, extension_holder_sql
from storage.shown_cases import case_selects, cases_selects, shown_case, shown_cases


class CaseRepo:
    def __init__(self, database: Database, *, rules: CaseRules, claim_seconds: int) -> None:
        self._database = database
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
        check_takes_clients(employee)
        try:
            return await self._get(case_id, *workable_sql(employee.scope))
        except NoAccessError as error:
            raise NotRungError(f"case {case_id}") from error

    async def _get(self, case_id: int, visible_if: str, values: Sequence[Value]) -> Case:
        rows, *details = await self._database.fetch_each(
            *case_selects(case_id, visible_if, values)
        )
        return shown_case(visible(rows, case_id), *details)

    async def list_known(self, case_ids: Sequence[int], scope: Scope) -> dict[int, Case]:
        """Those of the cases, by id, that are in scope and not gone."""
        mine, values = case_in_scope_sql(scope, "k")
        if not case_ids:
            return {}
        selects = cases_selects(case_ids, mine, values)
        cases = shown_cases(*await self._database.fetch_each(*selects))
        return {case.id: case for case in cases}

    async def find_of_call(self, call_id: int) -> int | None:
        """The id of the case a call belongs to."""
        rows = await self._database.fetch(
            "SELECT case_id FROM case_calls WHERE call_id = ?", (call_id,)
        )
        return rows[0]["case_id"] if rows else None

    async def find_current(self, case_id: int) -> int:
        """The case that has the calls of this one: another, if this one dissolved into it."""
        rows = await self._database.fetch(
            "SELECT y.case_id FROM cases AS k JOIN case_calls AS y ON y.call_id = k.call_id "
            "WHERE k.id = ? AND k.state = 'void' AND y.part = 'lost'",
            (case_id,),
        )
        return rows[0]["case_id"] if rows else case_id

    async def board(
        self,
        employee: Employee,
        board: Board,
        *,
        page: int,
        size: int,
        today: int,
        part: BoardPart = WHOLE_BOARD,
    ) -> BoardPage:
        """A page (from 0; the last if beyond) of the board; `today`: the moment it began.

        Open cases in which somebody called today stand first.
        """
        where, values = board_sql(employee, board, part, today=today)
        order, first = board_order_sql(board, today=today)
        return await self._page(where, values, order, first, page=page, size=size)

    async def list_places(
        self, employee: Employee, board: Board, *, today: int
    ) -> dict[Place, int]:
        """On which lines and queues the cases of the board were lost, and how many on each."""
        where, values = board_sql(employee, board, WHOLE_BOARD, today=today)
        rows = await self._database.fetch(
            "SELECT c.line, c.queue, count(*) AS n FROM cases AS k "  # noqa: S608
            f"CROSS JOIN calls AS c WHERE c.id = k.call_id AND {where} GROUP BY c.line, c.queue",
            values,
        )
        places: Counter[Place] = Counter()
        for row in rows:
            for kind in PlaceKind:
                if name := row[kind.value]:
                    places[Place(kind, name)] += row["n"]
        return dict(sorted(places.items(), key=lambda one: (-one[1], one[0].name)))

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
        asked = page
        [[total]], rows = await self._database.fetch_each(
            (f"SELECT count(*) FROM cases AS k WHERE {where}", values),  # noqa: S608
            self._page_select(where, values, order, of_order, page=asked, size=size),
        )
        page, count = nearest_page(page, size=size, total=total)
        if page != asked:
            rows = await self._database.fetch(
                *self._page_select(where, values, order, of_order, page=page, size=size)
            )
        known = await self.list_known([row["id"] for row in rows], EVERYTHING)
        cases = tuple(known[row["id"]] for row in rows if row["id"] in known)
        return BoardPage(cases, page + 1, count, total)

    @staticmethod
    def _page_select(
        where: str,
        values: Sequence[Value],
        order: str,
        of_order: Sequence[Value],
        *,
        page: int,
        size: int,
    ) -> Select:
        return (
            f"SELECT k.id FROM cases AS k WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?",  # noqa: S608
            (*values, *of_order, size, max(0, page) * size),
        )

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
        check_takes_clients(employee)
        async with self._database.transaction() as tx:
            row = await read_workable(tx, case_id, employee)
            if row["state"] != "open":
                return Taking.OVER
            if not hold_of(row).can_be_taken_by(employee):
                is_mine = hold_of(row).is_held_by(employee)
                return Taking.MINE_ALREADY if is_mine else Taking.ANOTHERS
            claim = claims_due([case_id], after=self._claim_seconds, now=now)
            await take_cases(tx, claim, employee.id, now=now, text=text)
            if not row["is_in_scope"]:  # they know of it from a group: their own chat has nothing
                await ping_people(tx, case_id, employee_ids=[employee.id], now=now)
        return Taking.TAKEN

    async def give_back(self, case_id: int, employee: Employee, *, now: int) -> bool:
        """Free the case. False: nobody has it.

        Raises AnothersError unless the person is its owner or sees all.
        """
        async with self._database.transaction() as tx:
            row = await read_workable(tx, case_id, employee)
            if row["state"] != "open" or row["owner_id"] is None:
                return False
            if not hold_of(row).can_be_released_by(employee):
                raise AnothersError(f"case {case_id} is another's")
            returned = CaseActionKind.RETURNED
            await free_cases(tx, [case_id], returned, employee.id, rules=self._rules, now=now)
        return True

    async def hand(self, case_id: int, by: Employee, to: int, *, now: int) -> bool:
        """Make another person the owner and tell them. False: it is over, or they cannot be told.

        Whoever has it already is not told again. Raises NoAccessError unless `by` sees all.
        """
        if not by.role.sees_all:
            raise NoAccessError(f"handing case {case_id}")
        async with self._database.transaction() as tx:
            row = await read_row(tx, case_id, by.scope)
            people = await tx.execute(
                "SELECT e.id FROM employees AS e WHERE e.id = ? "  # noqa: S608
                f"AND {can_be_told_sql('e')} AND {takes_clients_sql('e')}",
                (to,),
            )
            if row["state"] != "open" or not people:
                return False
            if row["owner_id"] == to:  # Telegram may deliver a press twice
                return True
            claim = claims_due([case_id], after=self._claim_seconds, now=now)
            await set_owner(tx, claim, to, now=now)
            await note_action(tx, case_id, CaseActionKind.HANDED, by.id, now=now, other=to)
            handed, client = AuditKind.HANDED, row["client"]
            note(tx, handed, By(by.id, now), case=case_id, number=client, other=to)
            await mark_cases_changed(tx, [case_id], priority=Priority.NEWS, now=now)
            if to != by.id:
                await ping_people(tx, case_id, employee_ids=[to], now=now)
        return True

    async def extend(self, case_id: int, employee: Employee, *, seconds: int, now: int) -> bool:
        """Give the owner more time. False: the case is not theirs any more."""
        async with self._database.transaction() as tx:
            row = await read_row(tx, case_id, employee.scope)
            if not hold_of(row).can_be_extended_by(employee):
                return False
            tx.write(
                "UPDATE cases SET claim_due_at = ?, asked_at = NULL WHERE id = ?",
                (now + seconds, case_id),
            )
            await note_action(tx, case_id, CaseActionKind.EXTENDED, employee.id, now=now)
            await mark_cases_changed(tx, [case_id], priority=Priority.DETAIL, now=now)
        return True
