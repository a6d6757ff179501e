"""The command menu: what Telegram offers beside the input, by role and language."""

import logging

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError
from aiogram.types import BotCommand, BotCommandScopeChat
from aiogram.utils.i18n import I18n

from bot.models import Employee, EmployeeState, Language, Role
from bot.views.start import commands

log = logging.getLogger(__name__)


async def set_menus(bot: Bot, i18n: I18n) -> None:
    """The strangers' menu, in the company's language and in each; for the start of the bot."""
    await bot.set_my_commands(_menu(i18n, None, Language(i18n.default_locale)))
    for language in Language:
        await bot.set_my_commands(_menu(i18n, None, language), language_code=language.value)


async def set_menu(bot: Bot, i18n: I18n, employee: Employee) -> None:
    """A person's menu in their chat: that of the role, or the strangers' for one who is out.

    Telegram may refuse (the person has stopped the bot, or never started it): then it stays as it
    was, and the next /start sets it.
    """
    chat = BotCommandScopeChat(chat_id=employee.tg_id)
    try:
        if employee.state is EmployeeState.ACTIVE:
            menu = _menu(i18n, employee.role, employee.language)
            await bot.set_my_commands(menu, scope=chat)
        else:
            await bot.delete_my_commands(scope=chat)
    except TelegramAPIError as error:
        log.info("the menu of employee %d stays as it was: %s", employee.id, error.message)


def _menu(i18n: I18n, role: Role | None, language: Language) -> list[BotCommand]:
    with i18n.context(), i18n.use_locale(language.value):
        return [
            BotCommand(command=name, description=description)
            for name, description in commands(role)
        ]
