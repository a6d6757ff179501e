"""What makes the screens of contacts, and who may change which contact.

Contacts are the company's address book: whoever sees a call of a client may name the client and
say which numbers are theirs, and is shown all of those, whoever added them. A number of no contact
is anybody's to name or to add. A contact whose calls are all outside a person's scope is not.

The book of all contacts (handlers/contact_book.py), and files of it, are for those who see all
calls: it shows the numbers of everybody's clients.
"""

from dataclasses import dataclass

from aiogram.types import Message

from bot.config.settings import Settings
from bot.domain.calls import CONTACT_LIMIT, Call
from bot.domain.clock import Clock
from bot.domain.contacts import Contact, ContactNumber, client_link
from bot.domain.errors import NoAccessError, NotFoundError
from bot.domain.log import ALWAYS, LogFilter
from bot.domain.people import EVERYTHING, Employee
from bot.telegram.reply import Event, show
from bot.views import contacts as views
from bot.views.formats import one_line
from handlers.calls import CardScreens
from keyboards import contacts as keyboards
from keyboards.callbacks import AlertCard, CommentButton, ContactButton, ContactStep, unpacked
from storage.contacts import ContactRepo
from storage.journal import JournalRepo


@dataclass(frozen=True, slots=True)
class ContactScreens:
    """What the handlers of contacts work with; built once, with the dispatcher."""

    contacts: ContactRepo
    journal: JournalRepo
    card_screens: CardScreens
    settings: Settings
    clock: Clock

    async def call(self, pressed: ContactButton, employee: Employee) -> tuple[Call, str]:
        """The call a button is about, and its client. Raises NotFoundError, NoAccessError."""
        call = await self.journal.get(pressed.call, employee.scope)
        if call.client is None:
            raise NotFoundError(f"client of call {call.id}")
        return call, call.client

    async def contact(self, pressed: ContactButton, employee: Employee) -> Contact:
        """The contact of a call's client. Raises NotFoundError, NoAccessError."""
        _, client = await self.call(pressed, employee)
        contact = await self.contacts.find(client)
        if contact is None:
            raise NotFoundError(f"contact of call {pressed.call}")
        return contact

    async def show(
        self,
        event: Event,
        pressed: ContactButton,
        employee: Employee,
        *,
        note: str | None = None,
        removed: ContactNumber | None = None,
    ) -> None:
        """Show the contact and say what has just happened, or the card if there is nothing more.

        A question asked from the card itself leads back to the card.
        """
        call, client = await self.call(pressed, employee)
        contact = await self.contacts.find(client)
        if pressed.step is ContactStep.OPEN or contact is None:
            await self.card_screens.show(event, pressed.card, employee, note=note or "")
            return
        on_screen = note if isinstance(event, Message) else None
        text = views.contact(contact, call, zone=self.settings.zone, note=on_screen)
        markup = keyboards.contact(
            contact,
            pressed,
            removed=removed,
            client_url=client_link(self.settings.client_url, client),
            is_in_book=employee.role.sees_all,
        )
        await show(event, text, markup, toast=note)

    async def check_may_change(self, contact: Contact, employee: Employee) -> None:
        """Raises NoAccessError if all calls of the contact are outside the person's scope."""
        part = LogFilter(numbers=tuple(one.number for one in contact.numbers))
        for scope in (employee.scope, EVERYTHING):
            [has] = await self.journal.has_calls(scope, part, ALWAYS)
            if has and scope != employee.scope:
                raise NoAccessError(f"contact {contact.id}")
            if has:
                return


def name_of(message: Message) -> str | None:
    """The name in a contact shared from Telegram, as a contact of ours could have it."""
    shared = message.contact
    words = (shared.first_name, shared.last_name) if shared else ()
    return one_line(" ".join(filter(None, words)))[:CONTACT_LIMIT].strip() or None


def call_replied_to(message: Message) -> int | None:
    """The call whose card, or alert, the message answers: its buttons know."""
    replied = message.reply_to_message
    markup = replied.reply_markup if replied else None
    calls = set()
    for data in (
        (one.callback_data for row in markup.inline_keyboard for one in row) if markup else ()
    ):
        for kind in (AlertCard, CommentButton, ContactButton):
            button = unpacked(kind, data or "")
            if isinstance(button, AlertCard | CommentButton | ContactButton):
                calls.add(button.call)
    return calls.pop() if len(calls) == 1 else None
