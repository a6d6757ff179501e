"""Statistics of what is chosen of the log: periods, the lists behind the numbers, pictures."""

from dataclasses import dataclass, replace
from datetime import date

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import BufferedInputFile, CallbackQuery, InlineKeyboardMarkup, Message

from bot.delivery.statistics import count_statistics, statistics_message
from bot.domain.clock import Clock
from bot.domain.errors import NoAccessError, NotFoundError
from bot.domain.log_views import LogView, Period
from bot.domain.people import Employee
from bot.domain.places import Place
from bot.domain.statistics import Before, Number, Statistics, narrowed, told_of
from bot.media.charts import Charts
from bot.telegram.filters import HasRole
from bot.telegram.reply import Event, answer, show
from bot.views import calls as call_views
from bot.views import statistics as views
from handlers.log_screens import LogScreens
from keyboards.callbacks import (
    LogPage,
    StatsCalendar,
    StatsChart,
    StatsDays,
    StatsList,
    StatsPeriod,
    StatsShow,
)
from storage.employees import EmployeeRepo
from storage.statistics import StatisticsRepo

_DAYS = range(date(1999, 1, 1).toordinal(), date(2101, 1, 1).toordinal())
"""Those that calls can be on; a day more or less for the zones."""


@dataclass(frozen=True, slots=True)
class StatsScreens:
    """What shows statistics; built once, with the dispatcher."""

    log: LogScreens
    statistics: StatisticsRepo
    employees: EmployeeRepo
    charts: Charts
    clock: Clock

    async def show(self, event: Event, asked: StatsShow, employee: Employee) -> None:
        if employee.scope.extensions == ():
            await show(event, call_views.no_extensions())
            return
        await show(event, *await self._screen(asked, employee))

    async def show_view(self, event: Event, view: LogView, employee: Employee) -> None:
        """Show the statistics of a view that may be new."""
        view_id = await self.log.log_views.put(employee.id, view)
        await self.show(event, StatsShow(view=view_id), employee)

    async def told(self, view_id: int, day: int, employee: Employee) -> LogView:
        """What statistics shown on that day are of; 0: today. Raises NotFoundError."""
        view = await self.log.log_views.get(employee.id, view_id)
        if day and day not in _DAYS:
            raise NotFoundError(f"statistics of day {day}")
        if view.days and not all(one in _DAYS for one in view.days):
            raise NotFoundError(f"statistics of days {view.days}")
        return told_of(view, date.fromordinal(day) if day else self.log.today())

    async def counted(self, view: LogView, employee: Employee) -> tuple[Statistics, Before | None]:
        """What the view comes to, and what that is compared with."""
        now = self.clock()
        return await count_statistics(
            self.statistics,
            employee,
            view,
            await self.log.viewed.part(view, employee, now=now),
            now=now,
            zone=self.log.settings.zone,
        )

    async def client(self, view: LogView, employee: Employee) -> str | None:
        """The name and numbers of the client whose calls a view is of, not quoted."""
        return await self.log.client_title(view, employee) if view.client_of else None

    async def list_behind(self, asked: StatsList, employee: Employee) -> LogView:
        """The view that a number counts. Raises NotFoundError for one that has none."""
        view = await self.told(asked.view, asked.day, employee)
        person, place = 0, None
        if asked.number in {Number.PERSON, Number.PERSON_LOST}:
            if not employee.scope.is_all:
                raise NoAccessError("the log of a colleague")
            person = (await self.employees.get(asked.who)).id
        elif asked.number in {Number.LINE, Number.LINE_LOST}:
            place = await self._line(asked.who, view, employee)
        found = narrowed(view, asked.number, person=person, place=place)
        if found is None:
            raise NotFoundError(f"list of {asked.number} of view {asked.view}")
        return found

    async def _line(self, code: int, view: LogView, employee: Employee) -> Place:
        """One of the lines that the statistics tell of: of another the person may know nothing."""
        told, _ = await self.counted(view, employee)
        for line in told.lines:
            if line.place.code == code:
                return line.place
        raise NotFoundError(f"line {code}")

    async def _screen(
        self, asked: StatsShow, employee: Employee
    ) -> tuple[str, InlineKeyboardMarkup]:
        view = await self.told(asked.view, asked.day, employee)
        told, before = await self.counted(view, employee)
        return statistics_message(
            told,
            view,
            before,
            chosen=await self.log.log_views.get(employee.id, asked.view),
            view_id=asked.view,
            day=asked.day or self.log.today().toordinal(),
            names=await self.log.viewed.names(view),
            client=await self.client(view, employee),
            with_lists=asked.lists,
            zone=self.log.settings.zone,
            now=self.clock(),
        )


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    router.message.register(statistics_command, Command("stats"))
    router.callback_query.register(show_statistics, StatsShow.filter())
    router.callback_query.register(set_period, StatsPeriod.filter())
    router.callback_query.register(choose_days, StatsCalendar.filter())
    router.callback_query.register(set_days, StatsDays.filter())
    router.callback_query.register(open_list, StatsList.filter())
    router.callback_query.register(send_charts, StatsChart.filter())
    return router


async def statistics_command(
    message: Message, employee: Employee, stats_screens: StatsScreens
) -> None:
    await stats_screens.show_view(message, LogView(period=Period.WEEK), employee)


async def show_statistics(
    query: CallbackQuery, callback_data: StatsShow, employee: Employee, stats_screens: StatsScreens
) -> None:
    await stats_screens.show(query, callback_data, employee)


async def set_period(
    query: CallbackQuery,
    callback_data: StatsPeriod,
    employee: Employee,
    stats_screens: StatsScreens,
) -> None:
    view = await stats_screens.log.log_views.get(employee.id, callback_data.view)
    chosen = replace(view, period=callback_data.period, days=None)
    await stats_screens.show_view(query, chosen, employee)


async def set_days(
    query: CallbackQuery, callback_data: StatsDays, employee: Employee, stats_screens: StatsScreens
) -> None:
    days = (callback_data.first, callback_data.last)
    if not (days[0] in _DAYS and days[1] in _DAYS and days[0] <= days[1]):
        raise NotFoundError(f"statistics of days {days}")
    view = await stats_screens.log.log_views.get(employee.id, callback_data.view)
    await stats_screens.show_view(query, replace(view, days=days, period=None), employee)


async def choose_days(
    query: CallbackQuery, callback_data: StatsCalendar, employee: Employee, log_screens: LogScreens
) -> None:
    await log_screens.show_calendar(query, callback_data, employee)


async def open_list(
    query: CallbackQuery, callback_data: StatsList, employee: Employee, stats_screens: StatsScreens
) -> None:
    """Show the list below the statistics, which stay."""
    view = await stats_screens.list_behind(callback_data, employee)
    log = stats_screens.log
    view_id = await log.log_views.put(employee.id, view)
    if isinstance(query.message, Message):
        await log.show(query.message, LogPage(view=view_id), employee)
    await answer(query)


async def send_charts(
    query: CallbackQuery,
    callback_data: StatsChart,
    employee: Employee,
    stats_screens: StatsScreens,
) -> None:
    """Send the picture below the statistics."""
    view = await stats_screens.told(callback_data.view, callback_data.day, employee)
    told, _ = await stats_screens.counted(view, employee)
    names = await stats_screens.log.viewed.names(view)
    client = await stats_screens.client(view, employee)
    png = await stats_screens.charts.draw(told, views.chart_words(view, names))
    if isinstance(query.message, Message):
        picture = BufferedInputFile(png, views.picture_name())
        caption = views.caption(view, names, client=client)
        await query.message.answer_photo(picture, caption=caption)
    await answer(query)
