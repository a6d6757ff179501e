"""Whom a handler answers."""

from aiogram.filters import Filter
from aiogram.types import TelegramObject

from bot.domain.people import Employee, Role


class HasRole(Filter):
    """Lets in employees of these roles; with none named, every employee."""

    def __init__(self, *roles: Role) -> None:
        self._roles = frozenset(roles or Role)

    async def __call__(self, event: TelegramObject, employee: Employee | None) -> bool:
        del event
        return employee is not None and employee.role in self._roles
