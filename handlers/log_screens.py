"""What shows the log, or what a person has chosen of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.config.settings import Settings
from bot.domain.clock import Clock
from bot.domain.errors import NotFoundError
from bot.domain.hours import day_bounds, local_date
from bot.domain.log import FAR_FUTURE, LogFilter, Page, Turn
from bot.domain.log_views import LogView
from bot.domain.merging import LIVE_POSITION
from bot.domain.people import Employee
from bot.telegram.reply import Event, show
from bot.views import calls as views
from bot.views import client_stories as story_views
from bot.views import log_views as chosen_views
from bot.views import parties
from bot.views import search as search_views
from keyboards import calls as keyboards
from keyboards import log_views as chosen_keyboards
from keyboards.callbacks import Calendar, LogPage, StatsCalendar
from storage.client_stories import ClientStoryRepo
from storage.journal import JournalRepo
from storage.log_views import LogViewRepo
from storage.viewed_log import ViewedLog

_MONTHS = range(12 * 1999, 12 * 2101)
"""Those that calls can be in: sources refuse other years, a day more or less for the zones."""


@dataclass(frozen=True, slots=True)
class LogScreens:
    """Built once, with the dispatcher."""

    journal: JournalRepo
    log_views: LogViewRepo
    viewed: ViewedLog
    client_stories: ClientStoryRepo
    settings: Settings
    clock: Clock

    async def show(self, event: Event, asked: LogPage, employee: Employee) -> None:
        """Show a page of what is chosen."""
        if employee.scope.extensions == ():
            await show(event, views.no_extensions())
            return
        view = await self.log_views.get(employee.id, asked.view)
        names = await self.viewed.names(view)
        part = await self.viewed.part(view, employee, now=self.clock())
        page, text = await self._page(asked, view, part, employee, names)
        to_drop: dict[str, str] = {}
        if not page.calls and view.parts and not view.day:
            words = chosen_views.all_words(view, names)
            to_drop = {name: words[name] for name in await self._helpful(view, employee)}
            text += (
                search_views.nothing(employee.scope)
                if view.parts == ["query"]
                else chosen_views.nothing_found(view, to_drop)
            )
        month = self.month(view, page)
        markup = keyboards.log(page, asked, view, month=month, to_drop=to_drop)
        await show(event, text, markup, toast=views.last_page() if page.is_beyond else None)

    async def show_panel(self, event: Event, view_id: int, employee: Employee) -> None:
        """Show all that can be chosen, and how many calls what is chosen leaves."""
        view = await self.log_views.get(employee.id, view_id)
        saved = await self.log_views.list_saved(employee.id)
        names = await self.viewed.names(view, *saved.values())
        part = await self.viewed.part(view, employee, now=self.clock())
        page = await self.journal.page(
            employee.scope, part, turn=Turn.FIRST, key=None, size=employee.page_size
        )
        counted = page.counted * employee.page_size
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

    async def show_calendar(
        self, event: Event, shown: Calendar | StatsCalendar, employee: Employee
    ) -> None:
        """Show a month, to choose of its days those that have calls."""
        if (month := shown.month) not in _MONTHS:
            raise NotFoundError(f"month {month}")
        first, after = shown.first_day, shown.turned(month + 1).first_day
        days = range(first.toordinal(), after.toordinal())
        spans = [day_bounds(date.fromordinal(day), self.settings.zone) for day in days]
        spans += [(0, spans[0][0]), (spans[-1][1], LIVE_POSITION), (LIVE_POSITION, FAR_FUTURE)]
        view = await self.log_views.get(employee.id, shown.view)
        part = await self.viewed.part(view.of_any_day, employee, now=self.clock())
        *has, has_earlier, has_later, is_live = await self.journal.has_calls(
            employee.scope, part, spans
        )
        with_calls = {number for number, is_there in enumerate(has, start=1) if is_there}
        today = self.today()
        if is_live and today.toordinal() in days:
            with_calls.add(today.day)
        has_later = has_later or (is_live and today >= after)
        markup = keyboards.calendar(
            shown,
            days=with_calls,
            has_earlier=has_earlier and month > _MONTHS[0],
            has_later=has_later and month < _MONTHS[-1],
        )
        await show(event, views.calendar_title(shown.first), markup)

    async def client_title(self, view: LogView, employee: Employee) -> str:
        """Whose calls a view is of, by name and numbers, not quoted. Raises NotFoundError."""
        return parties.client_title(*await self.viewed.client(view, employee))

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
        if span and span[0] == span[1] and not view.client_of and not view.query:
            page, numbers = await self.journal.day_page(scope, part, turn=turn, key=key, size=size)
            filters = chosen_views.chosen(view.of_any_day, names)
            return page, views.day_log(page, numbers, span[0], filters=filters, now=now, zone=zone)
        page = await self.journal.page(scope, part, turn=turn, key=key, size=size)
        client = None
        if view.client_of:
            client = await self.client_title(view, employee)
        title, note = views.log_title(client), ""
        if view.query:
            title = search_views.title(view.query)
            note = search_views.note(part.found) if page.calls else ""
        text = views.whole_log(
            page,
            title,
            filters=chosen_views.chosen(view.without("query"), names),
            note=note,
            is_part=bool(view.parts),
            story=await self._story(part.numbers, turn, employee),
            now=now,
            zone=zone,
        )
        return page, text

    async def _story(self, numbers: Sequence[str], turn: Turn, employee: Employee) -> list[str]:
        """What there was with the client, above the first page of their calls."""
        if not numbers or turn is not Turn.FIRST:
            return []
        told = await self.client_stories.find(numbers, employee.scope)
        if told is None:
            return []
        return story_views.story(told, now=self.clock(), zone=self.settings.zone)

    async def _helpful(self, view: LogView, employee: Employee) -> list[str]:
        """Those of the choices without any of which there are calls."""
        found = list[str]()
        if len(view.parts) == 1:
            return found
        for name in view.parts:
            part = await self.viewed.part(view.without(name), employee, now=self.clock())
            span = (part.start or 0, part.end or FAR_FUTURE)
            if await self.journal.has_calls(employee.scope, part, [span]) == [True]:
                found.append(name)
        return found
