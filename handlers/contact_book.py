"""The book of all contacts: its pages, a contact with all that can be done to it.

It is for those who see all calls: see handlers/contact_screens.py.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiogram import F, Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot.config.settings import Settings
from bot.domain.calls import CONTACT_LIMIT
from bot.domain.clock import Clock
from bot.domain.contacts import Contact, ContactNumber, Joining, Takeover, client_link
from bot.domain.errors import NotFoundError
from bot.domain.people import Employee, Role, is_visible
from bot.telegram.filters import HasRole
from bot.telegram.reply import Event, say, show
from bot.views import comments as comment_views
from bot.views import contact_book as views
from bot.views import contacts as contact_views
from bot.views import dialogs as dialog_views
from bot.views.formats import one_line
from handlers import dialogs
from handlers.contact_answers import said_of
from handlers.contact_screens import name_of
from handlers.dialog_state import Dialog, HasDraft, InDialog, OfQuestion
from keyboards import contact_book as keyboards
from keyboards import contacts as contact_keyboards
from keyboards import dialogs as dialog_keyboards
from keyboards.callbacks import BookButton, BookPage, BookStep, DialogButton, DialogStep
from storage.contact_book import ContactBook
from storage.contacts import ContactRepo

SEES_ALL = tuple(role for role in Role if role.sees_all)
_CANDIDATES = 8


class BookDialog(StatesGroup):
    name = State()
    number = State()
    other = State()
    """Which contact a contact is to be joined into."""


@dataclass(frozen=True, slots=True)
class BookScreens:
    """What the handlers of the book work with; built once, with the dispatcher."""

    book: ContactBook
    contacts: ContactRepo
    settings: Settings
    clock: Clock

    async def show_page(
        self,
        event: Event,
        asked: BookPage,
        employee: Employee,
        *,
        toast: str | None = None,
        removed: Contact | None = None,
    ) -> None:
        page = await self.book.page(asked.turn, asked.id, size=employee.page_size)
        await show(event, views.page(page), keyboards.page(page, removed=removed), toast=toast)

    async def show(
        self,
        event: Event,
        pressed: BookButton,
        *,
        note: str | None = None,
        removed: ContactNumber | None = None,
        can_unname: bool = False,
    ) -> None:
        """Show the contact and say what has just happened. Raises NotFoundError."""
        contact = await self.book.get(pressed.contact)
        on_screen = note if isinstance(event, Message) else None
        text = views.contact(contact, zone=self.settings.zone, note=on_screen)
        markup = keyboards.contact(
            contact,
            pressed,
            removed=removed,
            can_unname=can_unname,
            client_url=client_link(self.settings.client_url, contact.numbers[0].number),
        )
        await show(event, text, markup, toast=note)


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole(*SEES_ALL))
    router.callback_query.register(show_page, BookPage.filter())
    of_step: dict[BookStep, Callable[..., Awaitable[None]]] = {
        BookStep.OPEN: open_contact,
        BookStep.NAME: ask_name,
        BookStep.UNNAME: undo_naming,
        BookStep.ADD: ask_number,
        BookStep.DROP: drop_number,
        BookStep.RESTORE: restore_number,
        BookStep.MERGE: ask_other,
        BookStep.ASK_JOIN: ask_to_join,
        BookStep.JOIN: join,
        BookStep.REMOVE: remove,
        BookStep.BRING_BACK: bring_back,
    }
    for step, handler in of_step.items():
        router.callback_query.register(handler, BookButton.filter(F.step == step))
    for state, answered in (
        (BookDialog.name, name_sent),
        (BookDialog.number, number_sent),
        (BookDialog.other, other_sent),
    ):
        dialogs.register_answers(
            router,
            state,
            BookButton,
            answered=answered,
            cancelled=cancel,
            without_text=answered,
        )
    is_taking = DialogButton.filter(F.step.in_({DialogStep.SAVE, DialogStep.MERGE}))
    waiting = InDialog(BookDialog.number, BookButton)
    router.callback_query.register(number_taken, is_taking, waiting, OfQuestion(), HasDraft())
    return router


async def show_page(
    query: CallbackQuery, callback_data: BookPage, employee: Employee, book_screens: BookScreens
) -> None:
    await book_screens.show_page(query, callback_data, employee)


async def open_contact(
    query: CallbackQuery, callback_data: BookButton, book_screens: BookScreens
) -> None:
    await book_screens.show(query, callback_data)


# What is asked


async def ask_name(
    query: CallbackQuery, callback_data: BookButton, state: FSMContext, book_screens: BookScreens
) -> None:
    text = views.ask_name(await book_screens.book.get(callback_data.contact))
    markup = dialog_keyboards.cancel()
    await dialogs.ask(query, state, BookDialog.name, callback_data, text, markup)


async def ask_number(
    query: CallbackQuery, callback_data: BookButton, state: FSMContext, book_screens: BookScreens
) -> None:
    text = views.ask_number(await book_screens.book.get(callback_data.contact))
    markup = dialog_keyboards.cancel()
    await dialogs.ask(query, state, BookDialog.number, callback_data, text, markup)


async def ask_other(
    query: CallbackQuery, callback_data: BookButton, state: FSMContext, book_screens: BookScreens
) -> None:
    text = views.ask_other(await book_screens.book.get(callback_data.contact))
    markup = dialog_keyboards.cancel()
    await dialogs.ask(query, state, BookDialog.other, callback_data, text, markup)


async def cancel(event: Event, dialog: Dialog[BookButton], book_screens: BookScreens) -> None:
    async with dialog.ending(event):
        pressed = dialog.origin.to(BookStep.OPEN)
        await book_screens.show(event, pressed, note=dialog_views.cancelled())


# What is answered


async def name_sent(
    message: Message, dialog: Dialog[BookButton], employee: Employee, book_screens: BookScreens
) -> None:
    name = one_line(message.text or "") or name_of(message) or ""
    if not (is_visible(name) and len(name) <= CONTACT_LIMIT):
        markup = dialog_keyboards.cancel()
        await message.answer(contact_views.name_expected(), reply_markup=markup)
        return
    async with dialog.ending(message):
        contact = await book_screens.book.get(dialog.origin.contact)
        now = book_screens.clock()
        number = contact.numbers[0].number
        named = await book_screens.contacts.set_name(number, name, now=now, by=employee.id)
        await book_screens.show(
            message,
            dialog.origin,
            note=comment_views.saved(),
            can_unname=named.version != contact.version,
        )


async def number_sent(
    message: Message, dialog: Dialog[BookButton], employee: Employee, book_screens: BookScreens
) -> None:
    """Add the number, or ask what is meant if another contact has it."""
    number = _number_in(message, book_screens.settings)
    if number is None:
        markup = dialog_keyboards.cancel()
        await message.answer(contact_views.not_a_number(), reply_markup=markup)
        return
    contacts = book_screens.contacts
    contact, other = (
        await book_screens.book.get(dialog.origin.contact),
        await contacts.find(number),
    )
    joined = await contacts.add_number(
        contact.numbers[0].number, number, now=book_screens.clock(), by=employee.id
    )
    if joined is Joining.ANOTHERS and other:
        text = contact_views.ask_to_take(number, other)
        markup = contact_keyboards.take_number(is_only_one=len(other.numbers) == 1)
        await dialog.keep(number, asked=await say(message, text, markup))
        return
    async with dialog.ending(message):
        await book_screens.show(message, dialog.origin, note=said_of(joined, number))


async def number_taken(
    query: CallbackQuery,
    callback_data: DialogButton,
    dialog: Dialog[BookButton],
    draft: str,
    employee: Employee,
    book_screens: BookScreens,
) -> None:
    """Add a number although it is of another contact, or with all that contact has."""
    is_whole = callback_data.step is DialogStep.MERGE
    async with dialog.ending(query):
        contact = await book_screens.book.get(dialog.origin.contact)
        joined = await book_screens.contacts.add_number(
            contact.numbers[0].number,
            draft,
            takeover=Takeover.CONTACT if is_whole else Takeover.NUMBER,
            now=book_screens.clock(),
            by=employee.id,
        )
        await book_screens.show(query, dialog.origin, note=said_of(joined, draft))


async def other_sent(
    message: Message, dialog: Dialog[BookButton], book_screens: BookScreens
) -> None:
    """Show the contacts that may be meant; what joining means is said when one is chosen."""
    contact = await book_screens.book.get(dialog.origin.contact)
    number = _number_in(message, book_screens.settings)
    found = await book_screens.contacts.find(number) if number else None
    words = one_line(message.text or "") or name_of(message)
    named = [found] if found else []
    if not named and words:
        named = await book_screens.book.list_named(words, limit=_CANDIDATES + 1)
    others = [one for one in named if one.id != contact.id][:_CANDIDATES]
    if not others:
        markup = dialog_keyboards.cancel()
        await message.answer(views.no_such_contact(), reply_markup=markup)
        return
    async with dialog.ending(message):
        markup = keyboards.choose_other(others, views.candidates(others), dialog.origin)
        await show(message, views.choose_other(contact), markup)


# What is pressed


async def undo_naming(
    query: CallbackQuery, callback_data: BookButton, book_screens: BookScreens
) -> None:
    contact = await book_screens.book.get(callback_data.contact)
    is_undone = await book_screens.contacts.restore_name(
        contact, version=callback_data.which, now=book_screens.clock()
    )
    note = contact_views.as_it_was() if is_undone else contact_views.changed_since()
    await book_screens.show(query, callback_data, note=note)


async def drop_number(
    query: CallbackQuery, callback_data: BookButton, book_screens: BookScreens
) -> None:
    contact = await book_screens.book.get(callback_data.contact)
    number = next((one for one in contact.numbers if one.id == callback_data.which), None)
    is_gone = number is not None and await book_screens.contacts.remove_number(
        contact, number.id, now=book_screens.clock()
    )
    note = contact_views.changed_since()
    if number and is_gone:
        note = contact_views.removed(number.number)
    removed = number if is_gone else None
    await book_screens.show(query, callback_data, note=note, removed=removed)


async def restore_number(
    query: CallbackQuery, callback_data: BookButton, book_screens: BookScreens
) -> None:
    contact = await book_screens.book.get(callback_data.contact)
    is_back = await book_screens.contacts.restore_number(
        contact, callback_data.which, now=book_screens.clock()
    )
    note = contact_views.back_again() if is_back else contact_views.changed_since()
    await book_screens.show(query, callback_data, note=note)


async def ask_to_join(
    query: CallbackQuery, callback_data: BookButton, book_screens: BookScreens
) -> None:
    contact, other = await _both(callback_data, book_screens)
    text, markup = views.ask_to_join(contact, other), keyboards.confirm_joining(callback_data)
    await show(query, text, markup)


async def join(
    query: CallbackQuery, callback_data: BookButton, employee: Employee, book_screens: BookScreens
) -> None:
    """Join the contact into the other one, which keeps its name."""
    contact, other = await _both(callback_data, book_screens)
    joined = await book_screens.contacts.add_number(
        other.numbers[0].number,
        contact.numbers[0].number,
        takeover=Takeover.CONTACT,
        now=book_screens.clock(),
        by=employee.id,
    )
    is_done = joined is Joining.ADDED
    shown = callback_data.model_copy(update={"contact": other.id if is_done else contact.id})
    note = views.joined() if is_done else contact_views.too_many()
    await book_screens.show(query, shown, note=note)


async def remove(
    query: CallbackQuery, callback_data: BookButton, employee: Employee, book_screens: BookScreens
) -> None:
    contact = await book_screens.book.get(callback_data.contact)
    await book_screens.book.remove(contact.id, now=book_screens.clock(), by=employee.id)
    await book_screens.show_page(
        query, callback_data.back, employee, toast=views.removed(), removed=contact
    )


async def bring_back(
    query: CallbackQuery, callback_data: BookButton, employee: Employee, book_screens: BookScreens
) -> None:
    is_back = await book_screens.book.restore(
        callback_data.contact, now=book_screens.clock(), by=employee.id
    )
    toast = views.brought_back() if is_back else views.too_late()
    await book_screens.show_page(query, callback_data.back, employee, toast=toast)


async def _both(pressed: BookButton, screens: BookScreens) -> tuple[Contact, Contact]:
    """The contact, and the one it is to be joined into. Raises NotFoundError."""
    if pressed.contact == pressed.which:
        raise NotFoundError(f"another contact than {pressed.contact}")
    return await screens.book.get(pressed.contact), await screens.book.get(pressed.which)


def _number_in(message: Message, settings: Settings) -> str | None:
    """The number sent, as a text or in a contact of Telegram."""
    return settings.read_number(
        message.contact.phone_number if message.contact else message.text or ""
    )
