"""The contact of a call's client: its name, its numbers; contacts shared from Telegram.

A shared contact is an answer to whatever is asked about a contact. Sent as a reply to the card, or
an alert, of a call it is about the call's client; sent by itself, about its own number.
"""

from collections.abc import Awaitable, Callable

from aiogram import F, Router
from aiogram.filters import StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message

from bot.domain.calls import CONTACT_LIMIT
from bot.domain.contacts import Takeover
from bot.domain.errors import NotFoundError
from bot.domain.people import Employee, is_visible
from bot.telegram.filters import HasRole, Where
from bot.telegram.reply import Event, show
from bot.views import contacts as views
from bot.views import dialogs as dialog_views
from bot.views.comments import saved
from bot.views.formats import one_line
from handlers import dialogs
from handlers.contact_answers import Answer, ContactDialog, read_number, said_of
from handlers.contact_screens import ContactScreens, call_replied_to, name_of
from handlers.dialog_state import Dialog, HasDraft, InDialog, OfQuestion
from keyboards import contacts as keyboards
from keyboards import dialogs as dialog_keyboards
from keyboards.callbacks import (
    ContactButton,
    ContactStep,
    DialogButton,
    DialogStep,
    SharedContact,
)


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    of_step: dict[ContactStep, Callable[..., Awaitable[None]]] = {
        ContactStep.OPEN: open_contact,
        ContactStep.NAME: ask_name,
        ContactStep.FORGET: forget_name,
        ContactStep.UNNAME: undo_naming,
        ContactStep.ADD: ask_number,
        ContactStep.REMOVE: remove_number,
        ContactStep.RESTORE: restore_number,
    }
    for step, handler in of_step.items():
        router.callback_query.register(handler, ContactButton.filter(F.step == step))
    router.callback_query.register(undo_sharing, SharedContact.filter())
    dialogs.register_answers(
        router,
        ContactDialog.name,
        ContactButton,
        SharedContact,
        answered=name_sent,
        cancelled=cancel,
        accepted=name_accepted,
        without_text=name_sent,
    )
    dialogs.register_answers(
        router,
        ContactDialog.number,
        ContactButton,
        answered=number_sent,
        cancelled=cancel,
        without_text=number_sent,
    )
    is_taking = DialogButton.filter(F.step.in_({DialogStep.SAVE, DialogStep.MERGE}))
    waiting = InDialog(ContactDialog.number, ContactButton)
    router.callback_query.register(number_taken, is_taking, waiting, OfQuestion(), HasDraft())
    router.message.register(contact_shared, StateFilter(None), Where(F.contact))
    return router


# The screen


async def open_contact(
    query: CallbackQuery,
    callback_data: ContactButton,
    state: FSMContext,
    employee: Employee,
    contact_screens: ContactScreens,
) -> None:
    """Show the contact; of a client of whom nothing is known yet, ask the name at once."""
    call, client = await contact_screens.call(callback_data, employee)
    contact = await contact_screens.contacts.find(client)
    if contact and contact.is_worth_showing:
        await contact_screens.show(query, callback_data.to(ContactStep.ADD), employee)
        return
    text, markup = views.ask_name(call), keyboards.ask_first_name(callback_data)
    await dialogs.ask(query, state, ContactDialog.name, callback_data, text, markup)


async def ask_name(
    query: CallbackQuery,
    callback_data: ContactButton,
    state: FSMContext,
    employee: Employee,
    contact_screens: ContactScreens,
) -> None:
    call, _ = await contact_screens.call(callback_data, employee)
    text, markup = views.ask_name(call), dialog_keyboards.cancel()
    await dialogs.ask(query, state, ContactDialog.name, callback_data, text, markup)


async def ask_number(
    query: CallbackQuery,
    callback_data: ContactButton,
    state: FSMContext,
    employee: Employee,
    contact_screens: ContactScreens,
) -> None:
    call, _ = await contact_screens.call(callback_data, employee)
    text, markup = views.ask_number(call), dialog_keyboards.cancel()
    await dialogs.ask(query, state, ContactDialog.number, callback_data, text, markup)


async def forget_name(
    query: CallbackQuery,
    callback_data: ContactButton,
    employee: Employee,
    contact_screens: ContactScreens,
) -> None:
    _, client = await contact_screens.call(callback_data, employee)
    await contact_screens.contacts.set_name(
        client, None, now=contact_screens.clock(), by=employee.id
    )
    await contact_screens.show(query, callback_data, employee, note=views.forgotten())


async def undo_naming(
    query: CallbackQuery,
    callback_data: ContactButton,
    employee: Employee,
    contact_screens: ContactScreens,
) -> None:
    contact = await contact_screens.contact(callback_data, employee)
    is_undone = await contact_screens.contacts.restore_name(
        contact, version=callback_data.which, now=contact_screens.clock(), by=employee.id
    )
    note = views.as_it_was() if is_undone else views.changed_since()
    await contact_screens.show(query, callback_data, employee, note=note)


async def remove_number(
    query: CallbackQuery,
    callback_data: ContactButton,
    employee: Employee,
    contact_screens: ContactScreens,
) -> None:
    contact = await contact_screens.contact(callback_data, employee)
    number = next((one for one in contact.numbers if one.id == callback_data.which), None)
    is_gone = number is not None and await contact_screens.contacts.remove_number(
        contact, number.id, now=contact_screens.clock(), by=employee.id
    )
    note = views.removed(number.number) if number and is_gone else views.changed_since()
    removed = number if is_gone else None
    await contact_screens.show(query, callback_data, employee, note=note, removed=removed)


async def restore_number(
    query: CallbackQuery,
    callback_data: ContactButton,
    employee: Employee,
    contact_screens: ContactScreens,
) -> None:
    contact = await contact_screens.contact(callback_data, employee)
    is_back = await contact_screens.contacts.restore_number(
        contact, callback_data.which, now=contact_screens.clock(), by=employee.id
    )
    note = views.back_again() if is_back else views.changed_since()
    await contact_screens.show(query, callback_data, employee, note=note)


# What is answered


async def name_sent(
    message: Message,
    dialog: Dialog[ContactButton | SharedContact],
    employee: Employee,
    contact_screens: ContactScreens,
) -> None:
    if message.contact and isinstance(dialog.origin, ContactButton):
        sent = Answer(message, dialog.origin, dialog.state, employee, contact_screens, dialog)
        await sent.share()
        return
    name = one_line(message.text or "") or name_of(message) or ""
    if not (is_visible(name) and len(name) <= CONTACT_LIMIT):
        await message.answer(views.name_expected(), reply_markup=dialog_keyboards.cancel())
        return
    await _set_name(message, dialog, name, employee, contact_screens)


async def name_accepted(
    query: CallbackQuery,
    dialog: Dialog[ContactButton | SharedContact],
    draft: str,
    employee: Employee,
    contact_screens: ContactScreens,
) -> None:
    """Let the name of a shared contact take the place of the present one."""
    await _set_name(query, dialog, draft, employee, contact_screens)


async def number_sent(
    message: Message,
    dialog: Dialog[ContactButton],
    employee: Employee,
    contact_screens: ContactScreens,
) -> None:
    sent = Answer(message, dialog.origin, dialog.state, employee, contact_screens, dialog)
    if message.contact:
        await sent.share()
        return
    number = contact_screens.settings.read_number(message.text or "")
    if number is None:
        await message.answer(views.not_a_number(), reply_markup=dialog_keyboards.cancel())
        return
    await sent.add(number)


async def number_taken(
    query: CallbackQuery,
    callback_data: DialogButton,
    dialog: Dialog[ContactButton],
    draft: str,
    employee: Employee,
    contact_screens: ContactScreens,
) -> None:
    """Add a number although it is of another contact, or with all that contact has."""
    is_whole = callback_data.step is DialogStep.MERGE
    async with dialog.ending(query):
        _, client = await contact_screens.call(dialog.origin, employee)
        if other := await contact_screens.contacts.find(draft):
            await contact_screens.check_may_change(other, employee)
        joined = await contact_screens.contacts.add_number(
            client,
            draft,
            takeover=Takeover.CONTACT if is_whole else Takeover.NUMBER,
            now=contact_screens.clock(),
            by=employee.id,
        )
        note = said_of(joined, draft)
        await contact_screens.show(query, dialog.origin.to(ContactStep.ADD), employee, note=note)


async def cancel(
    event: Event,
    dialog: Dialog[ContactButton | SharedContact],
    employee: Employee,
    contact_screens: ContactScreens,
) -> None:
    async with dialog.ending(event):
        if isinstance(dialog.origin, ContactButton):
            pressed = dialog.origin.to(
                ContactStep.OPEN if dialog.origin.step is ContactStep.OPEN else ContactStep.ADD
            )
            note = dialog_views.cancelled()
            await contact_screens.show(event, pressed, employee, note=note)
        else:
            await show(event, dialog_views.cancelled())


# Contacts shared from Telegram


async def contact_shared(
    message: Message, state: FSMContext, employee: Employee, contact_screens: ContactScreens
) -> None:
    """Name the number, or add it to the client of the call whose card or alert is answered."""
    if call_id := call_replied_to(message):
        call = await contact_screens.journal.get(call_id, employee.scope)
        if call.client is None:
            await show(message, views.hidden())
            return
        pressed = ContactButton.of_call(call_id, ContactStep.ADD)
        await Answer(message, pressed, state, employee, contact_screens).share()
        return
    number, name = read_number(message, contact_screens), name_of(message)
    if number is None or name is None:
        await show(message, views.no_name_shared() if number else views.not_a_number())
        return
    contacts = contact_screens.contacts
    contact = await contacts.find(number)
    if contact and contact.is_worth_showing:
        await contact_screens.check_may_change(contact, employee)
    own = contact.find(number) if contact else None
    if contact and own and contact.name not in {None, name}:
        origin = SharedContact(number=own.id)
        text, markup = views.ask_to_replace(contact, name), keyboards.replace_name()
        await dialogs.ask_below(message, state, ContactDialog.name, origin, name, text, markup)
        return
    await _name_shared(message, number, name, employee, contact_screens)


async def undo_sharing(
    query: CallbackQuery,
    callback_data: SharedContact,
    employee: Employee,
    contact_screens: ContactScreens,
) -> None:
    contact = await contact_screens.contacts.get(callback_data.number)
    await contact_screens.check_may_change(contact, employee)
    is_undone = await contact_screens.contacts.restore_name(
        contact, version=callback_data.version, now=contact_screens.clock(), by=employee.id
    )
    contact = await contact_screens.contacts.get(callback_data.number)
    note = views.as_it_was() if is_undone else views.changed_since()
    await show(query, views.named(contact, note=note), toast=note)


async def _name_shared(
    event: Event, number: str, name: str, employee: Employee, contact_screens: ContactScreens
) -> None:
    contact = await contact_screens.contacts.set_name(
        number, name, now=contact_screens.clock(), by=employee.id
    )
    own = contact.find(number)
    if own is None:
        raise NotFoundError("the number of a contact named just now")
    text = views.named(contact, note=views.named_now())
    await show(event, text, keyboards.shared(own, contact.version))


async def _set_name(
    event: Event,
    dialog: Dialog[ContactButton | SharedContact],
    name: str,
    employee: Employee,
    contact_screens: ContactScreens,
) -> None:
    async with dialog.ending(event):
        if isinstance(dialog.origin, SharedContact):
            contact = await contact_screens.contacts.get(dialog.origin.number)
            await contact_screens.check_may_change(contact, employee)
            [own] = [one for one in contact.numbers if one.id == dialog.origin.number]
            await _name_shared(event, own.number, name, employee, contact_screens)
            return
        _, client = await contact_screens.call(dialog.origin, employee)
        await contact_screens.contacts.set_name(
            client, name, now=contact_screens.clock(), by=employee.id
        )
        await contact_screens.show(event, dialog.origin, employee, note=saved())
