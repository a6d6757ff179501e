"""The board of lost calls: the clients not called back yet, and those seen to today."""

from dataclasses import dataclass

from aiogram import Router
from aiogram.filters import Command
from aiogram.types import CallbackQuery, Message

from bot.config.settings import Settings
from bot.domain.cases import WHOLE_BOARD, Board, BoardPart
from bot.domain.clock import Clock
from bot.domain.hours import day_bounds, local_date
from bot.domain.people import Employee
from bot.domain.places import Place, PlaceKind
from bot.telegram.filters import HasRole
from bot.telegram.reply import Event, show
from bot.views import board as views
from bot.views.calls import no_extensions
from keyboards import board as keyboards
from keyboards.callbacks import BoardFilters, BoardPlace
from storage.cases import CaseRepo


@dataclass(frozen=True, slots=True)
class BoardScreens:
    """What the handlers of the board work with; built once, with the dispatcher."""

    cases: CaseRepo
    settings: Settings
    clock: Clock

    def today(self) -> int:
        """The moment the day began."""
        zone = self.settings.zone
        return day_bounds(local_date(self.clock(), zone), zone)[0]

    async def part(self, place: BoardPlace, employee: Employee) -> BoardPart:
        """The part of the board that is meant; of a place nobody waits on any more, nothing."""
        if not place.place:
            return BoardPart(place.age)
        found = await self.cases.list_places(employee, place.board, today=self.today())
        known = {one.code: one for one in found}
        return BoardPart(place.age, known.get(place.place, Place(PlaceKind.LINE, "")))

    async def show(
        self, event: Event, place: BoardPlace, employee: Employee, *, toast: str | None = None
    ) -> None:
        """Show a page of the board."""
        if employee.scope.extensions == () and not employee.role.takes_clients:
            await show(event, no_extensions())
            return
        today, part = self.today(), await self.part(place, employee)
        page = await self.cases.board(
            employee,
            place.board,
            page=place.page,
            size=employee.page_size,
            today=today,
            part=part,
        )
        is_whole = part == WHOLE_BOARD
        numbers = await self.cases.numbers(employee.scope, since=today) if is_whole else None
        text = views.board(
            page,
            numbers,
            place.board,
            now=self.clock(),
            today=today,
            scope=employee.scope,
            part=part,
        )
        takes_clients = employee.role.takes_clients
        markup = keyboards.board(page, place, takes_clients=takes_clients)
        await show(event, text, markup, toast=toast)


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole())
    router.message.register(missed_command, Command("missed"))
    router.callback_query.register(board_page, BoardPlace.filter())
    router.callback_query.register(choose_part, BoardFilters.filter())
    return router


async def missed_command(
    message: Message, employee: Employee, board_screens: BoardScreens
) -> None:
    await board_screens.show(message, BoardPlace(board=Board.ALL), employee)


async def board_page(
    query: CallbackQuery,
    callback_data: BoardPlace,
    employee: Employee,
    board_screens: BoardScreens,
) -> None:
    await board_screens.show(query, callback_data, employee)


async def choose_part(
    query: CallbackQuery,
    callback_data: BoardFilters,
    employee: Employee,
    board_screens: BoardScreens,
) -> None:
    today = board_screens.today()
    part = await board_screens.part(callback_data.shown, employee)
    places = await board_screens.cases.list_places(employee, callback_data.board, today=today)
    markup = keyboards.filters(callback_data, places, is_known=part.place in places)
    await show(query, views.choose_part(part), markup)
