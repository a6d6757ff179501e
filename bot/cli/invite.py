"""`dzvinok invite`: a link that lets a person in."""

from collections.abc import Sequence

from aiogram import Bot
from aiogram.exceptions import TelegramAPIError

from bot.app import create_bot
from bot.config.settings import Settings
from bot.domain.clock import system_clock
from bot.domain.errors import StartError
from bot.domain.people import Role
from storage.database import open_database
from storage.invites import InviteRepo


async def create_link(
    settings: Settings, role: Role, *, extensions: Sequence[str], name: str | None
) -> str:
    """A one-time link to this bot. Raises StartError if Telegram does not say who the bot is."""
    bot = create_bot(settings)
    try:
        username = await _username(bot)
    finally:
        await bot.session.close()
    async with open_database(settings.database_path) as database:
        token = await InviteRepo(database).add(
            role, extensions=extensions, name=name, now=system_clock()
        )
    return f"https://t.me/{username}?start={token}"


async def _username(bot: Bot) -> str:
    try:
        me = await bot.get_me(request_timeout=10)
    except TelegramAPIError as error:
        raise StartError(f"BOT_TOKEN: {error.message}") from error
    return me.username or ""
