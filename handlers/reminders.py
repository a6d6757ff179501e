"""Reminders of a call: in a quarter of an hour, in an hour, tomorrow, at a time one types."""

from aiogram import Router
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot.config.settings import Settings
from bot.domain.clock import Clock
from bot.domain.errors import NotFoundError
from bot.domain.hours import DAY, local_date, moment_of
from bot.domain.people import Employee
from bot.domain.typed_times import UnreadableTimeError, parse_when
from bot.telegram.filters import HasRole
from bot.telegram.reply import Event, answer, show
from bot.views import dialogs as dialog_views
from bot.views import reminders as views
from handlers import dialogs
from handlers.dialog_state import Dialog
from keyboards import dialogs as dialog_keyboards
from keyboards import reminders as keyboards
from keyboards.callbacks import (
    RemindAt,
    RemindBack,
    RemindDrop,
    RemindIn,
    RemindList,
    RemindListDrop,
    RemindMenu,
)
from storage.journal import JournalRepo
from storage.reminders import LIMIT, ReminderRepo

_NINE = 9 * 60

_LONGEST = 366 * 86400
"""Seconds: nobody can ask for a reminder later than that by typing."""


class ReminderDialog(StatesGroup):
    time = State()


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    router.callback_query.register(choose_time, RemindMenu.filter())
    router.callback_query.register(remind_in, RemindIn.filter())
    router.callback_query.register(ask_time, RemindAt.filter())
    router.callback_query.register(drop, RemindDrop.filter())
    router.callback_query.register(list_reminders, RemindList.filter())
    router.callback_query.register(drop_in_list, RemindListDrop.filter())
    router.callback_query.register(bring_back, RemindBack.filter())
    dialogs.register_answers(
        router, ReminderDialog.time, RemindAt, answered=time_sent, cancelled=cancel
    )
    return router


async def choose_time(
    query: CallbackQuery, callback_data: RemindMenu, employee: Employee, journal: JournalRepo
) -> None:
    """Offer times below the card or the alert, which stays."""
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
    text = views.promised(call, due_at, now=now, zone=settings.zone)
    await show(query, text, keyboards.promised(call.id))


async def ask_time(
    query: CallbackQuery,
    callback_data: RemindAt,
    state: FSMContext,
    employee: Employee,
    journal: JournalRepo,
) -> None:
    call = await journal.get(callback_data.call, employee.scope)
    text, markup = views.ask_time(call), dialog_keyboards.cancel()
    await dialogs.ask(query, state, ReminderDialog.time, callback_data, text, markup)


async def time_sent(
    message: Message,
    dialog: Dialog[RemindAt],
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
        await dialogs.not_understood(message, error)
        return
    async with dialog.ending(message):
        call = await journal.get(dialog.origin.call, employee.scope)
        is_added = await reminders.add(call.id, employee, due_at=due_at, now=now)
        if is_added:
            promised = views.promised(call, due_at, now=now, zone=settings.zone)
            await show(message, promised, keyboards.promised(call.id))
        else:
            await show(message, views.too_many(LIMIT))


async def drop(
    query: CallbackQuery,
    callback_data: RemindDrop,
    employee: Employee,
    journal: JournalRepo,
    reminders: ReminderRepo,
) -> None:
    await reminders.cancel(callback_data.call, employee)
    call = await journal.get(callback_data.call, employee.scope)
    await show(query, views.cancelled(call), keyboards.cancelled(call.id))


async def list_reminders(
    query: CallbackQuery,
    employee: Employee,
    journal: JournalRepo,
    reminders: ReminderRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    await _show_reminders(query, employee, journal, reminders, settings, clock())


async def drop_in_list(
    query: CallbackQuery,
    callback_data: RemindListDrop,
    employee: Employee,
    journal: JournalRepo,
    reminders: ReminderRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    """Cancel the reminder; the button in its place brings it back."""
    due = {one.call_id: one.due_at for one in await reminders.list_open(employee)}
    await reminders.cancel(callback_data.call, employee)
    due_at = due.get(callback_data.call)
    undo = None if due_at is None else RemindBack(call=callback_data.call, due=due_at)
    toast, now = views.not_reminded(), clock()
    await _show_reminders(
        query, employee, journal, reminders, settings, now, toast=toast, undo=undo
    )


async def bring_back(
    query: CallbackQuery,
    callback_data: RemindBack,
    employee: Employee,
    journal: JournalRepo,
    reminders: ReminderRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    now = clock()
    if callback_data.due > now + _LONGEST:
        raise NotFoundError(f"a reminder at {callback_data.due}")
    call = await journal.get(callback_data.call, employee.scope)
    is_back = await reminders.add(call.id, employee, due_at=callback_data.due, now=now)
    toast = views.reminded_again() if is_back else views.too_many(LIMIT)
    await _show_reminders(query, employee, journal, reminders, settings, now, toast=toast)


async def _show_reminders(
    query: CallbackQuery,
    employee: Employee,
    journal: JournalRepo,
    reminders: ReminderRepo,
    settings: Settings,
    now: int,
    *,
    toast: str | None = None,
    undo: RemindBack | None = None,
) -> None:
    """Those of calls the person may see no more are left out, as they will not come."""
    asked = await reminders.list_open(employee)
    calls = await journal.list_visible([one.call_id for one in asked], employee.scope)
    shown = [
        (calls[one.call_id], one.due_at)
        for one in asked
        if one.call_id in calls and one.due_at is not None
    ]
    text = views.reminders(shown, now=now, zone=settings.zone)
    markup = keyboards.reminders([call.id for call, _ in shown], undo=undo)
    await show(query, text, markup, toast=toast)


async def cancel(event: Event, dialog: Dialog[RemindAt]) -> None:
    async with dialog.ending(event):
        await show(event, dialog_views.cancelled())
