"""The board of lost calls: the clients not called back yet, and those seen to today."""

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.config.settings import Settings
from bot.domain.cases import Board
from bot.domain.clock import Clock
from bot.domain.hours import day_bounds, local_date
from bot.domain.people import Employee
from bot.telegram.filters import HasRole
from bot.telegram.reply import Event, show
from bot.views import board as views
from bot.views.calls import no_extensions
from keyboards import board as keyboards
from keyboards.callbacks import BoardPlace
from storage.cases import CaseRepo


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    router.message.register(missed_command, Command("missed"))
    router.callback_query.register(board_page, BoardPlace.filter())
    return router


async def missed_command(
    message: Message, employee: Employee, cases: CaseRepo, settings: Settings, clock: Clock
) -> None:
    await _show_board(message, BoardPlace(board=Board.ALL), employee, cases, settings, clock)


async def board_page(
    query: CallbackQuery,
    callback_data: BoardPlace,
    employee: Employee,
    cases: CaseRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    await _show_board(query, callback_data, employee, cases, settings, clock)


async def _show_board(
    event: Event,
    place: BoardPlace,
    employee: Employee,
    cases: CaseRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    if employee.scope.extensions == () and not employee.role.takes_clients:
        await show(event, no_extensions())
        return
    now, zone = clock(), settings.zone
    today, _ = day_bounds(local_date(now, zone), zone)
    page = await cases.board(
        employee, place.board, page=place.page, size=employee.page_size, today=today
    )
    numbers = await cases.numbers(employee.scope, since=today)
    text = views.board(page, numbers, place.board, now=now, today=today, scope=employee.scope)
    markup = keyboards.board(page, place, takes_clients=employee.role.takes_clients)
    await show(event, text, markup)
