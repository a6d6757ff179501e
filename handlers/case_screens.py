"""What presses about cases are answered with: a card, a toast, or an alert brought up to date."""

from dataclasses import dataclass

from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message

from bot.config.settings import Settings
from bot.domain.cases import Case, Taking
from bot.domain.clock import Clock
from bot.domain.errors import NoClientsError, NotFoundError
from bot.domain.people import Employee
from bot.telegram.reply import Event, answer, show, take_buttons_away
from bot.views import cases as views
from handlers.calls import CardScreens, show_card
from keyboards.callbacks import CardCase, CaseButton
from storage.case_closings import CaseClosings
from storage.cases import CaseRepo
from storage.outbox import OutboxRepo

AnyCaseButton = CaseButton | CardCase
"""A button about a case: under an alert or on the case's card, or on the card of one of its calls.

All that is shown in answer depends on which of them was pressed.
"""


def is_on_card(pressed: AnyCaseButton) -> bool:
    """Whether the button is on a card, which is shown anew; else it is under an alert."""
    return isinstance(pressed, CardCase) or pressed.board is not None


@dataclass(frozen=True, slots=True)
class CaseScreens:
    """What the handlers of cases work with; built once, with the dispatcher."""

    cases: CaseRepo
    closings: CaseClosings
    card_screens: CardScreens
    outbox: OutboxRepo
    settings: Settings
    clock: Clock

    async def id_of_case(self, pressed: AnyCaseButton) -> int:
        """The case a button is about now. Raises NotFoundError if its call has none (any more)."""
        if isinstance(pressed, CaseButton):
            return await self.cases.find_current(pressed.case)
        case_id = await self.cases.find_of_call(pressed.call)
        if case_id is None:
            raise NotFoundError(f"case of call {pressed.call}")
        return case_id

    async def get(self, pressed: AnyCaseButton, employee: Employee) -> Case:
        """The case a button is about. Raises NotFoundError, NoAccessError."""
        return await self.cases.get(await self.id_of_case(pressed), employee.scope)

    async def get_to_take(self, pressed: AnyCaseButton, employee: Employee) -> Case:
        """The same for taking or closing it. Raises NotFoundError, NoAccessError."""
        return await self.cases.get_to_take(await self.id_of_case(pressed), employee)

    async def show_card(
        self, event: Event, employee: Employee, pressed: AnyCaseButton, toast: str | None = None
    ) -> None:
        """Show the card the button was on, which is a case's or a call's, as it is now."""
        if isinstance(pressed, CardCase):
            card = await self.card_screens.card(pressed.card, employee)
        else:
            card = await self.card_screens.cards.of_case(pressed, employee, now=self.clock())
        await show_card(event, card, toast=toast or card.warning)

    async def show_card_or_words(
        self,
        event: Event,
        employee: Employee,
        pressed: AnyCaseButton,
        words: str,
        markup: InlineKeyboardMarkup | None = None,
    ) -> None:
        """Replace a question by the card it was asked on or, if there was none, by these words."""
        if is_on_card(pressed):
            await self.show_card(event, employee, pressed, words)
        else:
            await show(event, views.quoted_toast(words), markup)

    async def show_outcome(
        self,
        query: CallbackQuery,
        employee: Employee,
        pressed: AnyCaseButton,
        toast: str | None = None,
    ) -> None:
        """Answer a press: show its card anew, or let the Alerter bring its alert up to date."""
        if is_on_card(pressed):
            await self.show_card(query, employee, pressed, toast)
            return
        message = query.message
        is_alert = message is not None and await self.outbox.refresh(
            await self.id_of_case(pressed),
            chat_id=message.chat.id,
            message_id=message.message_id,
            now=self.clock(),
        )
        if not is_alert and isinstance(message, Message):  # superseded, or an answered question
            await take_buttons_away(message)
        await answer(query, toast)

    async def taking_words(self, taking: Taking, case_id: int, employee: Employee) -> str:
        """How an attempt to take a case ended, in words."""
        if taking is Taking.OVER:
            return views.over()
        if taking is not Taking.ANOTHERS:
            return views.taken()
        case = await self.cases.get_to_take(case_id, employee)
        return views.taken_already(case, now=self.clock(), zone=self.settings.zone)

    async def show_why_not(
        self, query: CallbackQuery, employee: Employee, pressed: AnyCaseButton, case: Case
    ) -> None:
        """Say why the button cannot do what it offered: the case is over, or a colleague has it.

        Raises NoClientsError for a role that takes no clients.
        """
        if case.is_open and not employee.role.takes_clients:
            raise NoClientsError(f"employee {employee.id} takes no clients")
        taking = Taking.ANOTHERS if case.is_open else Taking.OVER
        words = await self.taking_words(taking, case.id, employee)
        await self.show_outcome(query, employee, pressed, words)
