"""Closing by hand, ignoring a number, and the ways back from both.

- A person closes an open case and says why; ignoring a client's number closes its open case and
  lets lost calls of that number make none, until it is heard of again.
- A closing is kept as an action of the case, and case_refolding.py works the state out of it:
  to reopen is to take the closing away, and the case is again what its calls say.
- A case can be reopened by whoever closed it, by its owner and by those who see all, until it
  would have expired or the client has a newer case.
"""

from bot.domain.calls import CaseState
from bot.domain.case_rules import CaseRules
from bot.domain.cases import CaseActionKind, Ignored
from bot.domain.errors import AnothersError
from bot.domain.people import Employee
from storage.audience import takes_clients_sql
from storage.case_changes import refold_case
from storage.case_history import note_action, reopen_until_sql
from storage.case_rows import check_takes_clients, hold_of, read_workable
from storage.clients import SAME_CLIENT_SQL
from storage.database import Database, Transaction


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
        check_takes_clients(employee)
        async with self._database.transaction() as tx:
            row = await read_workable(tx, case_id, employee)
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
            await _let_owner_go_on(tx, case_id, now=now)
            await refold_case(tx, row, rules=self._rules, now=now)
            await tx.execute(
                "UPDATE cases SET claim_due_at = ?, asked_at = NULL "
                "WHERE id = ? AND state = 'open' AND owner_id IS NOT NULL",
                (now + self._claim_seconds, case_id),
            )
        return True

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
