"""The lists behind the numbers of a digest, and the times at which a person gets it."""

from aiogram import F, Router
from aiogram.filters import Command, StateFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message

from bot.config import Settings
from bot.errors import NotFoundError
from bot.filters import HasRole
from bot.hours import DAY, UnreadableTimeError, parse_time
from bot.models import BoardPage, Clock, Employee, Role
from bot.reply import Event, answer, remove, show
from bot.views import company as company_views
from bot.views import digests as views
from keyboards import comments as dialog_keyboards
from keyboards import digests as keyboards
from keyboards.callbacks import (
    DialogButton,
    DialogStep,
    DigestList,
    DigestMenu,
    DigestOwn,
    DigestPages,
    DigestTime,
)
from storage.cases import CaseRepo
from storage.digests import DigestRepo


class DigestDialog(StatesGroup):
    time = State()


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole(Role.ADMINISTRATOR, Role.SUPERVISOR, Role.OPERATOR))
    router.callback_query.register(open_list, DigestList.filter())
    router.callback_query.register(turn_list, DigestPages.filter())
    router.callback_query.register(show_times, DigestMenu.filter())
    router.callback_query.register(toggle_time, DigestTime.filter())
    router.callback_query.register(ask_time, DigestOwn.filter())
    in_dialog = StateFilter(DigestDialog.time)
    router.message.register(cancel_command, in_dialog, Command("cancel"))
    router.message.register(time_sent, in_dialog)
    cancel = DialogButton.filter(F.step == DialogStep.CANCEL)
    router.callback_query.register(cancel_pressed, in_dialog, cancel)
    return router


async def open_list(
    query: CallbackQuery,
    callback_data: DigestList,
    employee: Employee,
    cases: CaseRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    """Below the digest, which stays."""
    here = DigestPages(**callback_data.model_dump())
    page = await _page(here, employee, cases)
    text = views.span_list(page, here.group, here.start * 60, now=clock(), zone=settings.zone)
    if query.message:
        await query.message.answer(text, reply_markup=keyboards.span_list(page, here))
    await answer(query)


async def turn_list(
    query: CallbackQuery,
    callback_data: DigestPages,
    employee: Employee,
    cases: CaseRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    page = await _page(callback_data, employee, cases)
    text = views.span_list(
        page, callback_data.group, callback_data.start * 60, now=clock(), zone=settings.zone
    )
    await show(query, text, keyboards.span_list(page, callback_data))


async def show_times(query: CallbackQuery, employee: Employee, digests: DigestRepo) -> None:
    await _show_times(query, employee, digests)


async def toggle_time(
    query: CallbackQuery,
    callback_data: DigestTime,
    employee: Employee,
    digests: DigestRepo,
    clock: Clock,
) -> None:
    if callback_data.minutes not in range(DAY):
        raise NotFoundError(f"minute {callback_data.minutes} of a day")
    await digests.toggle(employee.id, callback_data.minutes, now=clock())
    await _show_times(query, employee, digests, toast=company_views.saved())


async def ask_time(query: CallbackQuery, state: FSMContext) -> None:
    await state.set_state(DigestDialog.time)
    await state.set_data({"asking": query.message.message_id if query.message else 0})
    await show(query, views.ask_time(), dialog_keyboards.cancel())


async def time_sent(
    message: Message, state: FSMContext, employee: Employee, digests: DigestRepo, clock: Clock
) -> None:
    try:
        minutes = parse_time(message.text or "")
    except UnreadableTimeError as error:
        text = company_views.not_understood(error.piece)
        await message.answer(text, reply_markup=dialog_keyboards.cancel())
        return
    if minutes not in await digests.times(employee.id):
        await digests.toggle(employee.id, minutes, now=clock())
    await _leave(message, state, employee, digests)


async def cancel_command(
    message: Message, state: FSMContext, employee: Employee, digests: DigestRepo
) -> None:
    await _leave(message, state, employee, digests)


async def cancel_pressed(
    query: CallbackQuery, state: FSMContext, employee: Employee, digests: DigestRepo
) -> None:
    await _leave(query, state, employee, digests)


async def _page(here: DigestPages, employee: Employee, cases: CaseRepo) -> BoardPage:
    return await cases.list_span(
        employee.scope,
        here.start * 60,
        here.end * 60,
        here.group,
        page=here.page,
        size=employee.page_size,
    )


async def _leave(event: Event, state: FSMContext, employee: Employee, digests: DigestRepo) -> None:
    asking = await state.get_value("asking", 0)
    await _show_times(event, employee, digests)
    await state.clear()
    if isinstance(event, Message):
        await remove(event, [asking])


async def _show_times(
    event: Event, employee: Employee, digests: DigestRepo, *, toast: str | None = None
) -> None:
    chosen = await digests.times(employee.id)
    offered = sorted({*keyboards.PRESETS, *chosen})
    markup = keyboards.times(chosen, {minutes: views.clock(minutes) for minutes in offered})
    await show(event, views.times(chosen), markup, toast=toast)
