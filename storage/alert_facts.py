"""What an alert of a case is made of, read in one trip: its reader, the case, the hours."""

from dataclasses import dataclass

from bot.domain.cases import Case
from bot.domain.errors import NotFoundError
from bot.domain.hours import Hours
from bot.domain.outbox import Owed
from bot.domain.people import Employee
from storage.case_rows import visible
from storage.company import planning, planning_select
from storage.employees import employee_select, employees_of
from storage.engine.base import Database
from storage.shown_cases import case_selects, shown_case


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """`reader`: None for a group, which is told of new cases only while it `is_connected`.

    `case`: in the reader's scope or not. `hours`: of the line its latest call was lost on.
    """

    reader: Employee | None
    is_connected: bool
    case: Case
    hours: Hours


class AlertFactsRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, owed: Owed) -> AlertFacts:
        """Raises NotFoundError if the person was removed, or the case is gone."""
        case_id = owed.case_id or 0
        people, groups, company, rows, *details = await self._database.fetch_each(
            employee_select(owed.employee_id or 0),
            (
                "SELECT 1 FROM groups WHERE chat_id = ? AND thread_id = ? AND state = 'active'",
                (owed.chat_id, owed.thread_id),
            ),
            planning_select(),
            *case_selects(case_id),
        )
        reader = next(iter(employees_of(people)), None)
        if reader is None and owed.employee_id is not None:
            raise NotFoundError(f"employee {owed.employee_id}")
        case = shown_case(visible(rows, case_id), *details)
        return AlertFacts(reader, bool(groups), case, planning(company).hours(case.call.line))
