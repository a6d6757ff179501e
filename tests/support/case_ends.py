"""How people end cases: by hand, and by ignoring a number."""

from bot.domain.case_rules import DEFAULT_RULES
from storage.case_closings import CaseClosings
from storage.employees import EmployeeRepo
from storage.engine.base import Database


async def end_some(database: Database, employee_id: int, number: str, *, now: int) -> None:
    """Close by hand the oldest case that is open, and let lost calls of a number make none."""
    employee = await EmployeeRepo(database).get(employee_id)
    closings = CaseClosings(database, rules=DEFAULT_RULES, claim_seconds=600)
    sql = "SELECT id FROM cases WHERE state = 'open' ORDER BY opened_at, id LIMIT 1"
    for row in await database.fetch(sql):
        assert await closings.close(row["id"], employee, "Так", now=now)
    await closings.ignore(number, employee, now=now)
