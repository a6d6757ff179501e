"""What shows the log, or what a person has chosen of it."""

from dataclasses import dataclass
from datetime import date

from bot.config.settings import Settings
from bot.domain.calls import Call
from bot.domain.clock import Clock
from bot.domain.errors import NotFoundError
from bot.domain.hours import day_bounds, local_date
from bot.domain.log import PAGES_COUNTED, LogFilter, Page, Turn
from bot.domain.log_views import Fate, LogView
from bot.domain.people import Employee
from bot.telegram.reply import Event, show
from bot.views import calls as views
from bot.views import log_views as chosen_views
from bot.views import parties
from keyboards import calls as keyboards
from keyboards import log_views as chosen_keyboards
from keyboards.callbacks import LogPage
from storage.employees import EmployeeRepo
from storage.journal import JournalRepo
from storage.log_views import LogViewRepo

ALWAYS = [(0, 1 << 50)]


@dataclass(frozen=True, slots=True)
class LogScreens:
    """Built once, with the dispatcher."""

    journal: JournalRepo
    log_views: LogViewRepo
    employees: EmployeeRepo
    settings: Settings
    clock: Clock

    async def show(self, event: Event, asked: LogPage, employee: Employee) -> None:
        """Show a page of what is chosen."""
        if employee.scope.extensions == ():
            await show(event, views.no_extensions())
            return
        view = await self.log_views.get(employee.id, asked.view)
        names = await self.names(view)
        part = await self.part(view, employee)
        page, text = await self._page(asked, view, part, employee, names)
        to_drop: dict[str, str] = {}
        if not page.calls and view.parts and not view.day:
            words = chosen_views.all_words(view, names)
            to_drop = {part: words[part] for part in await self._helpful(view, employee)}
            text += chosen_views.nothing_found(view, to_drop)
        month = self.month(view, page)
        markup = keyboards.log(page, asked, view, month=month, to_drop=to_drop)
        await show(event, text, markup, toast=views.last_page() if page.is_beyond else None)

    async def show_panel(self, event: Event, view_id: int, employee: Employee) -> None:
        """Show all that can be chosen, and how many calls what is chosen leaves."""
        view = await self.log_views.get(employee.id, view_id)
        saved = await self.log_views.list_saved(employee.id)
        names = await self.names(view, *saved.values())
        part = await self.part(view, employee)
        page = await self.journal.page(
            employee.scope, part, turn=Turn.FIRST, key=None, size=employee.page_size
        )
        counted = PAGES_COUNTED * employee.page_size
        found = chosen_views.found(min(page.total, counted), is_more=page.total > counted)
        markup = chosen_keyboards.panel(
            view,
            view_id,
            month=self.month(view, page),
            words=chosen_views.all_words(view, names),
            saved={id_: chosen_views.chosen_words(one, names) for id_, one in saved.items()},
            sees_all=employee.scope.is_all,
        )
        await show(event, chosen_views.panel(view, names, found=found), markup)

    async def part(self, view: LogView, employee: Employee) -> LogFilter:
        """The part of the log that a view is. Raises NotFoundError if there is none (any more)."""
        numbers: tuple[str, ...] = ()
        if view.client_of:
            client = (await self._call_of_client(view, employee)).client
            if client is None:
                raise NotFoundError(f"client of call {view.client_of}")
            numbers = await self.journal.numbers_of_client(client)
        start: int | None = None
        end: int | None = None
        if span := view.span(self.today()):
            start, end = day_bounds(span[0], self.settings.zone)[0], None
            if span[1] != self.today():  # today has no end: live calls stand after everything
                end = day_bounds(span[1], self.settings.zone)[1]
        extensions: tuple[str, ...] | None = None
        if view.person:
            extensions = (await self.employees.get(view.person)).extensions
        return LogFilter(
            start=start,
            end=end,
            numbers=numbers,
            direction=view.direction,
            is_answered=view.fate is Fate.ANSWERED,
            lost_only=view.fate is Fate.LOST,
            is_unreturned=view.fate is Fate.UNRETURNED,
            status=view.status,
            extensions=extensions,
            place=view.place,
            is_commented=view.is_commented,
            is_recorded=view.is_recorded,
            longer_than=view.longer_than,
            is_first=view.is_first,
        )

    async def names(self, *shown: LogView) -> dict[int, str]:
        """The names of the employees who are chosen in these views."""
        people = {view.person for view in shown if view.person}
        return {one: (await self.employees.get(one)).name for one in people}

    async def client_title(self, view: LogView, employee: Employee) -> str:
        """Whose calls a view is of, by name and numbers, not quoted. Raises NotFoundError."""
        call = await self._call_of_client(view, employee)
        numbers = await self.journal.numbers_of_client(call.client) if call.client else ()
        return parties.client_title(call, numbers)

    def month(self, view: LogView, page: Page) -> int:
        """The month, as in Calendar, of the days shown or else of the newest call on the page."""
        zone = self.settings.zone
        on = local_date(page.calls[0].started_at, zone) if page.calls else self.today()
        if span := view.span(self.today()):
            on = span[1]
        return on.year * 12 + on.month - 1

    def today(self) -> date:
        return local_date(self.clock(), self.settings.zone)

    async def _page(
        self,
        asked: LogPage,
        view: LogView,
        part: LogFilter,
        employee: Employee,
        names: dict[int, str],
    ) -> tuple[Page, str]:
        """The page that a button asks for, and its words."""
        now, zone = self.clock(), self.settings.zone
        scope, size = employee.scope, employee.page_size
        turn, key = asked.turn, asked.key
        span = view.span(self.today())
        if span and span[0] == span[1] and not view.client_of:
            page, numbers = await self.journal.day_page(scope, part, turn=turn, key=key, size=size)
            filters = chosen_views.chosen(view.without("days").without("period"), names)
            return page, views.day_log(page, numbers, span[0], filters=filters, now=now, zone=zone)
        page = await self.journal.page(scope, part, turn=turn, key=key, size=size)
        client = None
        if view.client_of:
            client = await self.client_title(view, employee)
        filters = chosen_views.chosen(view, names)
        return page, views.whole_log(page, filters=filters, client=client, now=now, zone=zone)

    async def _helpful(self, view: LogView, employee: Employee) -> list[str]:
        """Those of the choices without any of which there are calls."""
        found = list[str]()
        if len(view.parts) == 1:
            return found
        for name in view.parts:
            part = await self.part(view.without(name), employee)
            span = (part.start or 0, part.end or ALWAYS[0][1])
            if await self.journal.has_calls(employee.scope, part, [span]) == [True]:
                found.append(name)
        return found

    async def _call_of_client(self, view: LogView, employee: Employee) -> Call:
        return await self.journal.get(view.client_of, employee.scope)
