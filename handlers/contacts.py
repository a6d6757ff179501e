"""Giving a client's number a name in the company's contacts, from a call's card."""

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot.domain.calls import CONTACT_LIMIT
from bot.domain.errors import NotFoundError
from bot.domain.people import Employee
from bot.telegram.filters import HasRole
from bot.telegram.reply import Event
from bot.views import comments as views
from bot.views import dialogs as dialog_views
from bot.views.formats import one_line
from handlers import dialogs
from handlers.calls import CardScreens
from handlers.dialogs import Dialog
from keyboards import dialogs as keyboards
from keyboards.callbacks import ContactButton
from storage.contacts import ContactRepo
from storage.journal import JournalRepo


class ContactDialog(StatesGroup):
    name = State()


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    router.callback_query.register(ask_name, ContactButton.filter())
    dialogs.register_answers(
        router,
        ContactDialog.name,
        ContactButton,
        answered=name_sent,
        cancelled=cancel,
        accepted=forget_name,
        without_text=name_sent,
    )
    return router


async def ask_name(
    query: CallbackQuery,
    callback_data: ContactButton,
    state: FSMContext,
    employee: Employee,
    journal: JournalRepo,
) -> None:
    call = await journal.get(callback_data.call, employee.scope)
    if call.client is None:
        raise NotFoundError(f"client of call {call.id}")
    text, markup = views.ask_contact(call), keyboards.forget_name(is_named=bool(call.contact))
    await dialogs.ask(query, state, ContactDialog.name, callback_data, text, markup)


async def name_sent(
    message: Message,
    dialog: Dialog[ContactButton],
    employee: Employee,
    contacts: ContactRepo,
    card_screens: CardScreens,
) -> None:
    name = one_line(message.text or "")
    if not 1 <= len(name) <= CONTACT_LIMIT:
        await message.answer(views.contact_expected(), reply_markup=keyboards.cancel())
        return
    await _set_name(message, dialog, name, employee, contacts, card_screens)


async def forget_name(
    query: CallbackQuery,
    dialog: Dialog[ContactButton],
    employee: Employee,
    contacts: ContactRepo,
    card_screens: CardScreens,
) -> None:
    await _set_name(query, dialog, None, employee, contacts, card_screens)


async def cancel(
    event: Event, dialog: Dialog[ContactButton], employee: Employee, card_screens: CardScreens
) -> None:
    async with dialog.ending(event):
        await card_screens.show(event, dialog.origin.card, employee, note=dialog_views.cancelled())


async def _set_name(
    event: Event,
    dialog: Dialog[ContactButton],
    name: str | None,
    employee: Employee,
    contacts: ContactRepo,
    card_screens: CardScreens,
) -> None:
    async with dialog.ending(event):
        call = await card_screens.journal.get(dialog.origin.call, employee.scope)
        if call.client is not None:
            await contacts.set_name(call.client, name)
        await card_screens.show(event, dialog.origin.card, employee, note=views.saved())
