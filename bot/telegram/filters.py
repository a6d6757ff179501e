"""Whom a handler answers, and what is a command."""

import re

from aiogram.filters import Filter
from aiogram.types import Message, TelegramObject

from bot.domain.people import Employee, Role

_COMMAND = re.compile(r"/[A-Za-z][A-Za-z0-9_]*(@\w+)?(\s|$)")


def is_command(message: Message) -> bool:
    """Whether a message is a command; `/16:00 call back` is a text."""
    return _COMMAND.match(message.text or "") is not None


class HasRole(Filter):
    """Lets in employees of these roles; with none named, every employee."""

    def __init__(self, *roles: Role) -> None:
        self._roles = frozenset(roles or Role)

    async def __call__(self, event: TelegramObject, employee: Employee | None) -> bool:
        del event
        return employee is not None and employee.role in self._roles
