"""Whom a handler answers, and what is a command."""

import re
from collections.abc import Iterable

from aiogram import Bot
from aiogram.filters import Filter
from aiogram.filters.callback_data import CallbackData
from aiogram.types import CallbackQuery, Message, TelegramObject
from aiogram.utils.magic_filter import MagicFilter

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


class NotSharedByUs(Filter):
    """Keeps out cards that people share in their chat with the bot itself: they say nothing."""

    async def __call__(self, message: Message, bot: Bot) -> bool:
        return message.via_bot is None or message.via_bot.id != bot.id


class Where(Filter):
    """Lets in what a magic filter does. By itself aiogram asks one in a thread: two hops each."""

    def __init__(self, rule: MagicFilter) -> None:
        self._rule = rule

    async def __call__(self, event: TelegramObject) -> bool:
        return bool(self._rule.resolve(event))


class IsButton(Filter):
    """Lets in the buttons of these kinds by their prefixes alone, before any is read."""

    def __init__(self, kinds: Iterable[type[CallbackData]]) -> None:
        self._prefixes = frozenset(kind.__prefix__ for kind in kinds)

    async def __call__(self, query: CallbackQuery) -> bool:
        return (query.data or "").partition(":")[0] in self._prefixes
