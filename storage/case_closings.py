"""Closing by hand, ignoring a number, and the ways back from both.

- A person closes an open case and says why; ignoring a client's number closes its open case and
  lets lost calls of that number make none, until it is heard of again.
- A closing is kept as an action of the case, and case_refolding.py works the state out of it:
  to reopen is to take the closing away, and the case is again what its calls say.
- A case can be reopened by whoever closed it, by its owner and by those who see all, until it
  would have expired or the client has a newer case.
"""

from bot.domain.audit import AuditKind, By
from bot.domain.case_rules import CaseRules
from bot.domain.cases import Ignored
from bot.domain.errors import AnothersError
from bot.domain.people import Employee
from storage.audit import note
from storage.case_actions import close_cases, list_closings, reopen_cases
from storage.case_rows import check_takes_clients, hold_of, read_workable
from storage.engine.base import Database

_AFTER_LOST_SQL = (
    "(SELECT max(moments.at) FROM (SELECT ? AS at UNION ALL SELECT c.started_at + 1 "
    "FROM calls AS c WHERE c.client = i.number AND c.lost = 1) AS moments)"
)
"""The moment given, or the one after the latest lost call of the number `i.number` if that is
later: the clock of a PBX may be ahead of ours."""

_IS_HEARD_OF = (
    "NOT EXISTS (SELECT 1 FROM ignored_numbers AS j WHERE j.number = i.number AND j.until IS NULL)"
)


class CaseClosings:
    def __init__(self, database: Database, *, rules: CaseRules, claim_seconds: int) -> None:
        self._database = database
        self._rules = rules
        self._claim_seconds = claim_seconds

    async def close(self, case_id: int, employee: Employee, text: str, *, now: int) -> bool:
        """Close the case by hand, saying why. False: it was over already.

        Raises AnothersError if it is in another's hands and the person does not see all, and what
        `CaseRepo.take` raises.
        """
        check_takes_clients(employee)
        async with self._database.transaction() as tx:
            row = await read_workable(tx, case_id, employee)
            if row["state"] != "open":
                return False
            if not hold_of(row).can_be_closed_by(employee):
                raise AnothersError(f"case {case_id} is another's")
            closed = await close_cases(tx, [row], employee.id, text, rules=self._rules, now=now)
            if case_id in closed:
                by, client = By(employee.id, now), row["client"]
                note(tx, AuditKind.CLOSED, by, case=case_id, number=client)
        return case_id in closed

    async def reopen(self, case_id: int, employee: Employee, *, now: int) -> bool:
        """Undo the closing by hand: the case is again what its calls say, in the same hands.

        If it was closed by ignoring its number, that is heard of again, as if it always had been.
        An owner has CLAIM_MINUTES anew. False: it was not closed by hand, nobody would wait for a
        call back any more, or the client has a newer case. Raises what `close` raises.
        """
        check_takes_clients(employee)
        async with self._database.transaction() as tx:
            row = await read_workable(tx, case_id, employee)
            closings = await list_closings(tx, [case_id], now=now)
            if not closings:
                return False
            closer = closings[case_id].employee_id
            if not hold_of(row).is_undone_by(employee, closer=closer):
                raise AnothersError(f"case {case_id} was closed by another")
            await reopen_cases(
                tx,
                [row],
                closings,
                employee.id,
                rules=self._rules,
                claim_seconds=self._claim_seconds,
                now=now,
            )
            by, client = By(employee.id, now), row["client"]
            note(tx, AuditKind.REOPENED, by, case=case_id, number=client)
            if closings[case_id].is_by_ignoring:
                note(tx, AuditKind.HEARD, by, case=case_id, number=client)
        return True

    # Ignored numbers

    async def ignore(self, number: str, employee: Employee, *, now: int) -> None:
        """From now on lost calls of this number make no case; an open one closes."""
        async with self._database.transaction() as tx:
            ignored = tx.ask(
                "INSERT INTO ignored_numbers (number, since, employee_id) "  # noqa: S608
                f"SELECT i.number, {_AFTER_LOST_SQL}, ? FROM (SELECT ? AS number) AS i "
                f"WHERE {_IS_HEARD_OF} RETURNING id",
                (now, employee.id, number),
            )
            rows = await tx.execute(
                "SELECT * FROM cases WHERE client = ? AND state = 'open'", (number,)
            )
            await close_cases(tx, rows, employee.id, None, rules=self._rules, now=now)
            if await ignored:
                case = rows[0]["id"] if rows else None
                note(tx, AuditKind.IGNORED, By(employee.id, now), case=case, number=number)

    async def unignore(self, ignored_id: int, *, now: int, by: int | None = None) -> None:
        """From now on lost calls of the number make cases again; `by`: the id of who says so."""
        async with self._database.transaction() as tx:
            heard = await tx.execute(
                f"UPDATE ignored_numbers AS i SET until = {_AFTER_LOST_SQL} "  # noqa: S608
                "WHERE id = ? AND until IS NULL RETURNING number",
                (now, ignored_id),
            )
            for row in heard:
                note(tx, AuditKind.HEARD, By(by, now), number=row["number"])

    async def ignore_again(self, ignored_id: int, *, now: int, by: int | None = None) -> None:
        """Ignore from now on a number that is heard of again; what it made since stays.

        `by`: the id of who says so.
        """
        async with self._database.transaction() as tx:
            ignored = await tx.execute(
                "INSERT INTO ignored_numbers (number, since, employee_id) "  # noqa: S608
                f"SELECT i.number, {_AFTER_LOST_SQL}, i.employee_id FROM ignored_numbers AS i "
                f"WHERE i.id = ? AND {_IS_HEARD_OF} RETURNING number",
                (now, ignored_id),
            )
            for row in ignored:
                note(tx, AuditKind.IGNORED, By(by, now), number=row["number"])

    async def list_ignored(self) -> list[Ignored]:
        """The numbers ignored now, by number."""
        rows = await self._database.fetch(
            "SELECT i.id, i.number, n.name FROM ignored_numbers AS i "
            "LEFT JOIN contact_numbers AS m ON m.number = i.number "
            "LEFT JOIN contacts AS n ON n.id = m.contact_id WHERE i.until IS NULL "
            "ORDER BY i.number LIMIT 100"
        )
        return [Ignored(row["id"], row["number"], row["name"]) for row in rows]
