"""What a view of the log comes to, for whoever looks and on the day they look."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from bot.domain.calls import Call
from bot.domain.errors import NotFoundError
from bot.domain.hours import day_bounds, local_date
from bot.domain.log import ALWAYS, LogFilter
from bot.domain.log_views import CASE_STATES, Fate, LogView
from bot.domain.people import Employee
from bot.domain.phones import NumberPlan
from bot.domain.search import Found, Unclear, read_query
from storage.employees import EmployeeRepo
from storage.journal import JournalRepo
from storage.search import SearchRepo


@dataclass(frozen=True, slots=True)
class ViewedLog:
    """`zone`: in which days begin; `numbers`: how people write numbers."""

    journal: JournalRepo
    employees: EmployeeRepo
    search: SearchRepo
    zone: ZoneInfo
    numbers: NumberPlan

    async def part(self, view: LogView, employee: Employee, *, now: int) -> LogFilter:
        """The part of the log that a view is. Raises NotFoundError if there is none (any more)."""
        numbers: tuple[str, ...] = ()
        if view.client_of:
            call, numbers = await self.client(view, employee)
            if call.client is None:
                raise NotFoundError(f"client of call {view.client_of}")
        start: int | None = None
        end: int | None = None
        today = local_date(now, self.zone)
        if span := view.span(today):
            start, end = day_bounds(span[0], self.zone)[0], None
            if span[1] != today:  # today has no end: live calls stand after everything
                end = day_bounds(span[1], self.zone)[1]
        extensions: tuple[str, ...] | None = None
        if view.person:
            person = await self.employees.find_by_id(view.person)
            extensions = person.extensions if person else ()
        return LogFilter(
            start=start,
            end=end,
            numbers=numbers,
            direction=view.direction,
            is_answered=view.fate is Fate.ANSWERED,
            lost_only=view.fate is Fate.LOST,
            case_states=CASE_STATES.get(view.fate) if view.fate else None,
            status=view.status,
            extensions=extensions,
            place=view.place,
            is_commented=view.is_commented,
            is_recorded=view.is_recorded,
            longer_than=view.longer_than,
            is_first=view.is_first,
            found=await self._found(view.query, employee) if view.query else None,
        )

    async def client(self, view: LogView, employee: Employee) -> tuple[Call, tuple[str, ...]]:
        """A call of the client whose calls a view is of, and all numbers of that client.

        Raises NotFoundError. A client who was hidden has none.
        """
        call = await self.journal.get(view.client_of, employee.scope)
        return call, await self.journal.numbers_of_client(call.client) if call.client else ()

    async def names(self, *shown: LogView) -> dict[int, str]:
        """The names of the employees who are chosen in these views, but for those removed."""
        people = {view.person for view in shown if view.person}
        found = [await self.employees.find_by_id(one) for one in people]
        return {one.id: one.name for one in found if one}

    async def _found(self, text: str, employee: Employee) -> Found:
        """What a search finds; only if that is nothing, what people might have meant."""
        query = read_query(text, self.numbers)
        if isinstance(query, Unclear):
            return Found()
        found = await self.search.find(query)
        if not query.may_have_typos:
            return found
        part = LogFilter(found=found)
        if found and await self.journal.has_calls(employee.scope, part, ALWAYS) == [True]:
            return found
        return await self.search.find_alike(query)
