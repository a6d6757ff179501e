"""Giving a client's number a name in the company's contacts, from a call's card."""

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot.domain.calls import CONTACT_LIMIT
from bot.domain.errors import AppError, NotFoundError
from bot.domain.people import Employee
from bot.telegram.filters import HasRole, OfQuestion
from bot.telegram.reply import Event, remove, show
from bot.views import comments as views
from handlers.calls import CardScreens
from keyboards import dialogs as keyboards
from keyboards.callbacks import Card, ContactButton, DialogButton, DialogStep
from storage.contacts import ContactRepo
from storage.journal import JournalRepo


class ContactDialog(StatesGroup):
    name = State()


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    in_dialog = StateFilter(ContactDialog.name)
    router.callback_query.register(ask_name, ContactButton.filter())
    router.message.register(cancel_command, in_dialog, Command("cancel"))
    router.message.register(name_sent, in_dialog)
    forget = DialogButton.filter(F.step == DialogStep.SAVE)
    cancel = DialogButton.filter(F.step == DialogStep.CANCEL)
    router.callback_query.register(name_forgotten, in_dialog, forget, OfQuestion())
    router.callback_query.register(cancel_pressed, in_dialog, cancel)
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
    asking = [query.message.message_id] if query.message else []
    await state.set_state(ContactDialog.name)
    await state.set_data({"card": callback_data.card.pack(), "asking": asking})
    markup = keyboards.forget_name(is_named=call.contact is not None)
    await show(query, views.ask_contact(call), markup)


async def name_sent(
    message: Message,
    state: FSMContext,
    employee: Employee,
    contacts: ContactRepo,
    card_screens: CardScreens,
) -> None:
    name = " ".join((message.text or "").split())
    if not 1 <= len(name) <= CONTACT_LIMIT:
        await message.answer(views.contact_expected(), reply_markup=keyboards.cancel())
        return
    await _set_name(state, employee, contacts, card_screens, name)
    await _back_to_card(message, state, employee, card_screens, views.saved())


async def name_forgotten(
    query: CallbackQuery,
    state: FSMContext,
    employee: Employee,
    contacts: ContactRepo,
    card_screens: CardScreens,
) -> None:
    await _set_name(state, employee, contacts, card_screens, None)
    await _back_to_card(query, state, employee, card_screens, views.saved())


async def cancel_command(
    message: Message, state: FSMContext, employee: Employee, card_screens: CardScreens
) -> None:
    await _back_to_card(message, state, employee, card_screens, views.cancelled())


async def cancel_pressed(
    query: CallbackQuery, state: FSMContext, employee: Employee, card_screens: CardScreens
) -> None:
    await _back_to_card(query, state, employee, card_screens, views.cancelled())


async def _set_name(
    state: FSMContext,
    employee: Employee,
    contacts: ContactRepo,
    card_screens: CardScreens,
    name: str | None,
) -> None:
    card = Card.unpack(str(await state.get_value("card")))
    call = await card_screens.journal.get(card.call, employee.scope)
    if call.client is not None:
        await contacts.set_name(call.client, name)


async def _back_to_card(
    event: Event, state: FSMContext, employee: Employee, card_screens: CardScreens, note: str
) -> None:
    data = await state.get_data()
    is_text = isinstance(event, Message)
    try:
        card = await card_screens.card(
            Card.unpack(data["card"]), employee, note=note if is_text else None
        )
    except AppError:
        await state.clear()
        raise
    await show(event, card.text, card.markup, toast=note)
    await state.clear()  # not before: a name that comes again must find its dialog
    if is_text:
        await remove(event, data["asking"])
