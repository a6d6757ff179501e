"""The log, today's calls, the card of a call, choosing a date."""

from dataclasses import dataclass

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.config.settings import Settings
from bot.delivery.cards import Cards, CardScreen
from bot.domain.clock import Clock
from bot.domain.people import Employee
from bot.telegram.filters import HasRole
from bot.telegram.open_cards import drawing
from bot.telegram.reply import Event, answer, show
from handlers.log_screens import LogScreens
from keyboards.callbacks import AlertCard, Calendar, Card, LogPage, TodayPage
from storage.journal import JournalRepo


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
    query: CallbackQuery, callback_data: Calendar, employee: Employee, log_screens: LogScreens
) -> None:
    await log_screens.show_calendar(query, callback_data, employee)
