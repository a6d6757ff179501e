"""`dzvinok invite`: a link that lets a person in."""

from collections.abc import Sequence

from bot.cli.telegram import bot_account
from bot.config.settings import Settings
from bot.domain.clock import system_clock
from bot.domain.errors import StartError
from bot.domain.people import Role, is_extension, is_visible
from bot.domain.phones import bare_extension
from storage.database import open_database
from storage.employees import EXTENSION_LIMIT, EXTENSIONS_LIMIT, NAME_LIMIT
from storage.invites import InviteRepo


async def create_link(
    settings: Settings, role: Role, *, extensions: Sequence[str], name: str | None
) -> str:
    """A one-time link to this bot.

    Raises StartError if the name or an extension is none, or if Telegram does not say who the bot
    is.
    """
    name = " ".join(name.split()) if name is not None else None
    extensions = list(dict.fromkeys(bare_extension(one.strip()) for one in extensions))
    _check(extensions, name)
    username = (await bot_account(settings)).username or ""
    async with open_database(settings.database) as database:
        token = await InviteRepo(database).add(
            role, extensions=extensions, name=name, now=system_clock()
        )
    return f"https://t.me/{username}?start={token}"


def _check(extensions: Sequence[str], name: str | None) -> None:
    """Raises StartError for what the bot would not take in a chat either."""
    if name is not None and not (name.isprintable() and is_visible(name)):
        raise StartError("--name: expected a person's name")
    if name is not None and len(name) > NAME_LIMIT:
        raise StartError(f"--name: {len(name)} characters; at most {NAME_LIMIT}")
    if len(extensions) > EXTENSIONS_LIMIT:
        raise StartError(f"--extension: {len(extensions)} of them; at most {EXTENSIONS_LIMIT}")
    for extension in extensions:
        if len(extension) > EXTENSION_LIMIT:
            raise StartError(
                f"--extension: {len(extension)} characters; at most {EXTENSION_LIMIT}"
            )
        if not is_extension(extension):
            raise StartError("--extension: expected an extension like 101 or sip:olena@pbx")
