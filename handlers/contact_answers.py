"""What was sent for the client of a call: a number, or a contact shared from Telegram."""

from dataclasses import dataclass
from typing import Any

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import InlineKeyboardMarkup, Message

from bot.domain.contacts import Joining
from bot.domain.people import Employee
from bot.telegram.reply import say
from bot.views import contacts as views
from bot.views.comments import saved
from handlers import dialogs
from handlers.contact_screens import ContactScreens, name_of
from handlers.dialog_state import Dialog
from keyboards import contacts as keyboards
from keyboards import dialogs as dialog_keyboards
from keyboards.callbacks import ContactButton, ContactStep


class ContactDialog(StatesGroup):
    name = State()
    number = State()


@dataclass(frozen=True, slots=True)
class Answer:
    """A contact, or a number, that somebody sent for the client of a call.

    `pressed` says which call; `dialog` is the one that asked for it, if any.
    """

    message: Message
    pressed: ContactButton
    state: FSMContext
    employee: Employee
    screens: ContactScreens
    dialog: Dialog[Any] | None = None

    async def share(self) -> None:
        """Name the client by the contact shared, if the number is theirs; else add the number."""
        number, name = read_number(self.message, self.screens), name_of(self.message)
        if number is None:
            markup = dialog_keyboards.cancel() if self.dialog else None
            await self.message.answer(views.not_a_number(), reply_markup=markup)
            return
        _, client = await self.screens.call(self.pressed, self.employee)
        contact = await self.screens.contacts.find(client)
        if number != client and not (contact and contact.find(number)):
            await self.add(number, name)
            return
        if name and contact and contact.name not in {None, name} and self.dialog is None:
            text, markup = views.ask_to_replace(contact, name), keyboards.replace_name()
            await self._ask(ContactDialog.name, ContactStep.NAME, name, text, markup)
            return
        if not name or (contact and contact.name == name):
            await self._end(ContactStep.ADD, views.known_already())
            return
        await self.screens.contacts.set_name(
            client, name, now=self.screens.clock(), by=self.employee.id
        )
        await self._end(ContactStep.NAME, saved())

    async def add(self, number: str, name: str | None = None) -> None:
        """Add a number; if it is of another contact, ask what is meant."""
        _, client = await self.screens.call(self.pressed, self.employee)
        contacts = self.screens.contacts
        other = await contacts.find(number)
        now = self.screens.clock()
        joined = await contacts.add_number(client, number, name=name, now=now, by=self.employee.id)
        if joined is not Joining.ANOTHERS or other is None:
            await self._end(ContactStep.ADD, said_of(joined, number))
            return
        await self.screens.check_may_change(other, self.employee)
        text = views.ask_to_take(number, other)
        markup = keyboards.take_number(is_only_one=len(other.numbers) == 1)
        await self._ask(ContactDialog.number, ContactStep.ADD, number, text, markup)

    async def _ask(
        self, step: State, of: ContactStep, draft: str, text: str, markup: InlineKeyboardMarkup
    ) -> None:
        origin = self.pressed.to(of)
        if self.dialog is None:
            await dialogs.ask_below(self.message, self.state, step, origin, draft, text, markup)
            return
        asked = await say(self.message, text, markup)
        await self.dialog.keep(draft, asked=asked, origin=origin, step=step)

    async def _end(self, of: ContactStep, note: str) -> None:
        """Show the contact; a dialog that asked is over."""
        pressed = self.pressed.to(of)
        if self.dialog is None:
            await self.screens.show(self.message, pressed, self.employee, note=note)
            return
        async with self.dialog.ending(self.message):
            await self.screens.show(self.message, pressed, self.employee, note=note)


def read_number(message: Message, screens: ContactScreens) -> str | None:
    """The number of the contact shared; None: none that a client has."""
    shared = message.contact
    return screens.settings.read_number(shared.phone_number) if shared else None


def said_of(joined: Joining, number: str) -> str:
    """How an attempt to add a number ended, in words."""
    if joined is Joining.ADDED:
        return views.added(number)
    return views.too_many() if joined is Joining.TOO_MANY else views.known_already()
