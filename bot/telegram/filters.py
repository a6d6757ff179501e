"""Who a handler is for."""

from aiogram.filters import Filter
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, TelegramObject

from bot.domain.people import Employee, Role


class HasRole(Filter):
    """Lets in employees of these roles; with none named, every employee."""

    def __init__(self, *roles: Role) -> None:
        self._roles = frozenset(roles or Role)

    async def __call__(self, event: TelegramObject, employee: Employee | None) -> bool:
        del event
        return employee is not None and employee.role in self._roles


class OfQuestion(Filter):
    """Lets in the buttons of what the dialog in progress has asked, not of an older question.

    The ids of the messages that ask are in the dialog's data, as `asking`.
    """

    async def __call__(self, query: CallbackQuery, state: FSMContext) -> bool:
        asking = await state.get_value("asking", [])
        return query.message is not None and query.message.message_id in asking
