"""The command menu: what Telegram offers beside the input, by role and language."""

import logging
from collections.abc import Callable

from aiogram import Bot
from aiogram.exceptions import AiogramError
from aiogram.types import (
    BotCommand,
    BotCommandScopeAllChatAdministrators,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
)
from aiogram.utils.i18n import I18n

from bot.domain.people import Employee, EmployeeState, Language
from bot.views.start import commands, group_commands

log = logging.getLogger(__name__)

Offer = Callable[[], list[tuple[str, str]]]
"""Returns commands, each with its purpose, in the language that is on when it is called."""


async def set_menus(bot: Bot, i18n: I18n) -> None:
    """Set the menus that are not one person's own; for the start of the bot.

    Those of strangers in private and of administrators of groups: one in the company's language,
    for Telegrams that speak none of ours, and one in each of our languages. Nobody else is
    offered anything in a group: no other command is answered there.
    """
    private, groups = BotCommandScopeAllPrivateChats(), BotCommandScopeAllChatAdministrators()
    for code in (None, *Language):
        language = code or Language(i18n.default_locale)
        strangers = _menu(i18n, language, lambda: commands(None))
        await bot.set_my_commands(strangers, scope=private, language_code=code)
        await bot.set_my_commands(
            _menu(i18n, language, group_commands), scope=groups, language_code=code
        )


async def set_menu(bot: Bot, i18n: I18n, employee: Employee) -> None:
    """Set a person's menu in their chat: that of the role, or the strangers' for one who is out.

    Telegram may refuse (the person has stopped the bot, or never started it): then it stays as it
    was, and the next /start sets it.
    """
    chat = BotCommandScopeChat(chat_id=employee.tg_id)
    try:
        if employee.state is EmployeeState.ACTIVE:
            menu = _menu(i18n, employee.language, lambda: commands(employee.role))
            await bot.set_my_commands(menu, scope=chat)
        else:
            await bot.delete_my_commands(scope=chat)
    except AiogramError as error:
        log.info("the menu of employee %d stays as it was: %s", employee.id, error)


def _menu(i18n: I18n, language: Language, names: Offer) -> list[BotCommand]:
    with i18n.context(), i18n.use_locale(language.value):
        return [BotCommand(command=name, description=description) for name, description in names()]
