"""Reminders of a call: in a quarter of an hour, in an hour, tomorrow, at a time one types."""

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot.config.settings import Settings
from bot.domain.clock import Clock
from bot.domain.errors import AppError, NotFoundError
from bot.domain.hours import DAY, local_date, moment_of
from bot.domain.people import Employee
from bot.domain.typed_times import UnreadableTimeError, parse_when
from bot.telegram.filters import HasRole
from bot.telegram.reply import Event, answer, remove, show
from bot.views import reminders as views
from keyboards import dialogs as dialog_keyboards
from keyboards import reminders as keyboards
from keyboards.callbacks import DialogButton, DialogStep, RemindAt, RemindIn, RemindMenu
from storage.journal import JournalRepo
from storage.reminders import LIMIT, ReminderRepo

_NINE = 9 * 60


class ReminderDialog(StatesGroup):
    time = State()


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    router.callback_query.register(choose_time, RemindMenu.filter())
    router.callback_query.register(remind_in, RemindIn.filter())
    router.callback_query.register(ask_time, RemindAt.filter())
    in_dialog = StateFilter(ReminderDialog.time)
    router.message.register(cancel_command, in_dialog, Command("cancel"))
    router.message.register(time_sent, in_dialog)
    cancel = DialogButton.filter(F.step == DialogStep.CANCEL)
    router.callback_query.register(cancel_pressed, in_dialog, cancel)
    return router


async def choose_time(
    query: CallbackQuery, callback_data: RemindMenu, employee: Employee, journal: JournalRepo
) -> None:
    """Below the card or the alert, which stays."""
    call = await journal.get(callback_data.call, employee.scope)
    if query.message:
        await query.message.answer(views.choose(call), reply_markup=keyboards.choose(call.id))
    await answer(query)


async def remind_in(
    query: CallbackQuery,
    callback_data: RemindIn,
    employee: Employee,
    journal: JournalRepo,
    reminders: ReminderRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    if callback_data.minutes not in keyboards.MINUTES:
        raise NotFoundError(f"{callback_data.minutes} minutes")
    call, now = await journal.get(callback_data.call, employee.scope), clock()
    due_at = now + callback_data.minutes * 60
    if not callback_data.minutes:
        due_at = moment_of(local_date(now, settings.zone), DAY + _NINE, settings.zone)
    if not await reminders.add(call.id, employee, due_at=due_at, now=now):
        await answer(query, views.too_many(LIMIT), alert=True)
        return
    await show(query, views.promised(call, due_at, now=now, zone=settings.zone))


async def ask_time(
    query: CallbackQuery,
    callback_data: RemindAt,
    state: FSMContext,
    employee: Employee,
    journal: JournalRepo,
) -> None:
    call = await journal.get(callback_data.call, employee.scope)
    asking = query.message.message_id if query.message else 0
    await state.set_state(ReminderDialog.time)
    await state.set_data({"call": call.id, "asking": asking})
    await show(query, views.ask_time(call), dialog_keyboards.cancel())


async def time_sent(
    message: Message,
    state: FSMContext,
    employee: Employee,
    journal: JournalRepo,
    reminders: ReminderRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    now = clock()
    try:
        due_at = parse_when(message.text or "", now, settings.zone)
    except UnreadableTimeError as error:
        text = views.not_understood(error.piece)
        await message.answer(text, reply_markup=dialog_keyboards.cancel())
        return
    try:
        call = await journal.get(int(await state.get_value("call", 0)), employee.scope)
    except AppError:
        await state.clear()  # or every next word would be taken for a time
        raise
    is_added = await reminders.add(call.id, employee, due_at=due_at, now=now)
    promised = views.promised(call, due_at, now=now, zone=settings.zone)
    await _leave(message, state, promised if is_added else views.too_many(LIMIT))


async def cancel_command(message: Message, state: FSMContext) -> None:
    await _leave(message, state, views.cancelled())


async def cancel_pressed(query: CallbackQuery, state: FSMContext) -> None:
    await _leave(query, state, views.cancelled())


async def _leave(event: Event, state: FSMContext, text: str) -> None:
    asking = await state.get_value("asking", 0)
    await show(event, text)
    await state.clear()
    if isinstance(event, Message):
        await remove(event, [asking])
