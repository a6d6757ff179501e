"""The log, today's calls, the card of a call, choosing a date."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.config.settings import Settings
from bot.delivery.cards import Cards, CardScreen
from bot.domain.calls import Call
from bot.domain.clock import Clock
from bot.domain.errors import NotFoundError
from bot.domain.hours import day_bounds, local_date
from bot.domain.log import LogFilter, Page
from bot.domain.merging import LIVE_POSITION
from bot.domain.people import Employee
from bot.telegram.filters import HasRole
from bot.telegram.open_cards import drawing
from bot.telegram.reply import Event, answer, show
from bot.views import calls as views
from bot.views import parties
from keyboards import calls as keyboards
from keyboards.callbacks import AlertCard, Calendar, Card, LogPage, TodayPage
from storage.journal import JournalRepo

_MONTHS = range(12 * 1999, 12 * 2101)
"""Those that calls can be in: sources refuse other years, a day more or less for the zones."""

_FAR_FUTURE = 1 << 50


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    router.message.register(today_log, Command("today"))
    router.message.register(log_command, Command("log"))
    router.callback_query.register(today_log, TodayPage.filter())
    router.callback_query.register(log_page, LogPage.filter())
    router.callback_query.register(open_card, Card.filter())
    router.callback_query.register(open_alert_card, AlertCard.filter())
    router.callback_query.register(choose_date, Calendar.filter())
    return router


@dataclass(frozen=True, slots=True)
class CardScreens:
    """What makes and shows cards; built once, with the dispatcher."""

    cards: Cards
    journal: JournalRepo
    settings: Settings
    clock: Clock

    async def card(
        self, pressed: Card, viewer: Employee, *, note: str | None = None, undo: int | None = None
    ) -> CardScreen:
        """The card of a call as this person sees it: see Cards.of_call."""
        return await self.cards.of_call(pressed, viewer, now=self.clock(), note=note, undo=undo)

    async def show(self, event: Event, pressed: Card, viewer: Employee, *, note: str) -> None:
        """Show the card and say what has just happened: on a new card, or in a toast."""
        on_card = note if isinstance(event, Message) else None
        card = await self.card(pressed, viewer, note=on_card)
        await show_card(event, card, toast=note)


async def show_card(event: Event, card: CardScreen, *, toast: str | None = None) -> None:
    """Show a card, which is kept true from then on."""
    with drawing(card.drawn):
        await show(event, card.text, card.markup, toast=toast)


async def today_log(
    event: Event, employee: Employee, journal: JournalRepo, settings: Settings, clock: Clock
) -> None:
    asked = LogPage(day=local_date(clock(), settings.zone).toordinal())
    await _show_log(event, asked, _LogReader(employee, journal, settings.zone, clock()))


async def log_command(
    message: Message, employee: Employee, journal: JournalRepo, settings: Settings, clock: Clock
) -> None:
    await _show_log(message, LogPage(), _LogReader(employee, journal, settings.zone, clock()))


async def log_page(
    query: CallbackQuery,
    callback_data: LogPage,
    employee: Employee,
    journal: JournalRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    await _show_log(query, callback_data, _LogReader(employee, journal, settings.zone, clock()))


async def open_card(
    query: CallbackQuery, callback_data: Card, employee: Employee, card_screens: CardScreens
) -> None:
    card = await card_screens.card(callback_data, employee)
    await show_card(query, card, toast=card.warning)


async def open_alert_card(
    query: CallbackQuery, callback_data: AlertCard, employee: Employee, card_screens: CardScreens
) -> None:
    """Show the card below the alert, which stays as it is."""
    card = await card_screens.card(Card(call=callback_data.call), employee)
    if query.message:
        with drawing(card.drawn):
            await query.message.answer(card.text, reply_markup=card.markup)
    await answer(query, card.warning)


async def choose_date(
    query: CallbackQuery,
    callback_data: Calendar,
    employee: Employee,
    journal: JournalRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    if (month := callback_data.month) not in _MONTHS:
        raise NotFoundError(f"month {month}")
    first, after = callback_data.first_day, callback_data.turned(month + 1).first_day
    days = range(first.toordinal(), after.toordinal())
    spans = [day_bounds(date.fromordinal(day), settings.zone) for day in days]
    spans += [(0, spans[0][0]), (spans[-1][1], LIVE_POSITION), (LIVE_POSITION, _FAR_FUTURE)]
    reader = _LogReader(employee, journal, settings.zone, clock())
    part = await reader.filter_of(callback_data.page)
    *has, has_earlier, has_later, is_live = await journal.has_calls(employee.scope, part, spans)
    with_calls = {number for number, is_there in enumerate(has, start=1) if is_there}
    today = local_date(clock(), settings.zone)
    if is_live and today.toordinal() in days:
        with_calls.add(today.day)
    has_later = has_later or (is_live and today >= after)
    markup = keyboards.calendar(
        callback_data,
        days=with_calls,
        has_earlier=has_earlier and month > _MONTHS[0],
        has_later=has_later and month < _MONTHS[-1],
    )
    await show(query, views.calendar_title(), markup)


async def _show_log(event: Event, asked: LogPage, reader: "_LogReader") -> None:
    if reader.employee.scope.extensions == ():
        await show(event, views.no_extensions())
        return
    part = await reader.filter_of(asked)
    page, text = await reader.page(asked, part)
    markup = keyboards.log(page, asked, month=reader.month(asked, page))
    await show(event, text, markup, toast=views.last_page() if page.is_beyond else None)


@dataclass(frozen=True, slots=True)
class _LogReader:
    """Somebody who reads the log: what a button asks for, as they may see it now."""

    employee: Employee
    journal: JournalRepo
    zone: ZoneInfo
    now: int

    async def filter_of(self, asked: LogPage) -> LogFilter:
        """The part of the log a button asks for. Raises NotFoundError if there is none (now)."""
        numbers: tuple[str, ...] = ()
        if asked.client_of:
            client = (await self._call_of_client(asked)).client
            if client is None:
                raise NotFoundError(f"client of call {asked.client_of}")
            numbers = await self.journal.numbers_of_client(client)
        start: int | None = None
        end: int | None = None
        if asked.day:
            day = _date(asked.day)
            start, end = day_bounds(day, self.zone)
            if day == self._today():  # today has no end: live calls stand after everything
                end = None
        return LogFilter(start=start, end=end, lost_only=bool(asked.lost), numbers=numbers)

    async def page(self, asked: LogPage, part: LogFilter) -> tuple[Page, str]:
        """The page that a button asks for, and its words."""
        now, zone, lost_only = self.now, self.zone, part.lost_only
        scope, size = self.employee.scope, self.employee.page_size
        turn, key, client = asked.turn, asked.key, None
        if asked.day and not asked.client_of:
            page, numbers = await self.journal.day_page(scope, part, turn=turn, key=key, size=size)
            day = _date(asked.day)
            return page, views.day_log(page, numbers, day, lost_only=lost_only, now=now, zone=zone)
        page = await self.journal.page(scope, part, turn=turn, key=key, size=size)
        if asked.client_of:
            client = parties.client_title(await self._call_of_client(asked), part.numbers)
        return page, views.whole_log(page, lost_only=lost_only, client=client, now=now, zone=zone)

    def month(self, asked: LogPage, page: Page) -> int:
        """The month, as in Calendar, of the day shown or else of the newest call on the page."""
        newest = local_date(page.calls[0].started_at, self.zone) if page.calls else self._today()
        on = _date(asked.day) if asked.day else newest
        return on.year * 12 + on.month - 1

    async def _call_of_client(self, asked: LogPage) -> Call:
        return await self.journal.get(asked.client_of, self.employee.scope)

    def _today(self) -> date:
        return local_date(self.now, self.zone)


def _date(ordinal: int) -> date:
    try:
        return date.fromordinal(ordinal)
    except (ValueError, OverflowError):
        raise NotFoundError(f"day {ordinal}") from None
