"""The log, today's calls, the card of a call, choosing a date."""

from dataclasses import dataclass
from datetime import date

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.config.settings import Settings
from bot.delivery.cards import Cards, CardScreen
from bot.domain.clock import Clock
from bot.domain.errors import NotFoundError
from bot.domain.hours import day_bounds
from bot.domain.merging import LIVE_POSITION
from bot.domain.people import Employee
from bot.telegram.filters import HasRole
from bot.telegram.open_cards import drawing
from bot.telegram.reply import Event, answer, show
from bot.views import calls as views
from handlers.log_screens import LogScreens
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


async def today_log(event: Event, employee: Employee, log_screens: LogScreens) -> None:
    await log_screens.show(event, LogPage(view=log_screens.today().toordinal()), employee)


async def log_command(message: Message, employee: Employee, log_screens: LogScreens) -> None:
    await log_screens.show(message, LogPage(), employee)


async def log_page(
    query: CallbackQuery, callback_data: LogPage, employee: Employee, log_screens: LogScreens
) -> None:
    await log_screens.show(query, callback_data, employee)


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
    log_screens: LogScreens,
    settings: Settings,
) -> None:
    if (month := callback_data.month) not in _MONTHS:
        raise NotFoundError(f"month {month}")
    first, after = callback_data.first_day, callback_data.turned(month + 1).first_day
    days = range(first.toordinal(), after.toordinal())
    spans = [day_bounds(date.fromordinal(day), settings.zone) for day in days]
    spans += [(0, spans[0][0]), (spans[-1][1], LIVE_POSITION), (LIVE_POSITION, _FAR_FUTURE)]
    view = await log_screens.log_views.get(employee.id, callback_data.view)
    part = await log_screens.part(view.without("days").without("period"), employee)
    *has, has_earlier, has_later, is_live = await journal.has_calls(employee.scope, part, spans)
    with_calls = {number for number, is_there in enumerate(has, start=1) if is_there}
    today = log_screens.today()
    if is_live and today.toordinal() in days:
        with_calls.add(today.day)
    has_later = has_later or (is_live and today >= after)
    markup = keyboards.calendar(
        callback_data,
        days=with_calls,
        has_earlier=has_earlier and month > _MONTHS[0],
        has_later=has_later and month < _MONTHS[-1],
    )
    await show(query, views.calendar_title(callback_data.first), markup)
