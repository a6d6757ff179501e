"""How updates come from Telegram: by polling, or to a webhook of ours.

Telegram may be away when the bot starts: until it answers, hooks of PBXs are taken all the same.
An update is acknowledged only when it is handled, so that a bot killed at any moment loses none.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiogram import Bot, Dispatcher
from aiogram.exceptions import AiogramError, TelegramRetryAfter, TelegramUnauthorizedError
from aiogram.utils.i18n import I18n

from bot.domain.errors import StartError
from bot.telegram.menu import set_menus
from bot.telegram.middlewares import InFlight

log = logging.getLogger(__name__)

_FINISH_SECONDS = 25.0
"""How long a stop waits for updates being handled."""

_MAX_RETRY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram posts updates, and the secret it proves itself with."""

    url: str
    secret: str = field(repr=False)


@asynccontextmanager
async def receiving_updates(
    bot: Bot, dispatcher: Dispatcher, in_flight: InFlight, i18n: I18n, *, webhook: Webhook | None
) -> AsyncIterator[None]:
    """Receive updates until the end of the block: at the webhook if there is one, else by polling.

    Whatever serves the webhook's address must do so already. The end waits for updates being
    handled, and tells Telegram that they are done. Raises StartError, in an exception group, if
    Telegram does not know the token.
    """
    async with asyncio.TaskGroup() as tasks:
        receiving = tasks.create_task(_receive(bot, dispatcher, i18n, webhook))
        try:
            yield
        finally:
            try:
                await dispatcher.stop_polling()
            except RuntimeError:  # webhook mode, or Telegram has not answered yet
                receiving.cancel()
            await in_flight.finish(_FINISH_SECONDS)
            if webhook is None and in_flight.last_update_id is not None:
                with suppress(AiogramError):
                    done = in_flight.last_update_id + 1
                    await bot.get_updates(offset=done, limit=1, timeout=0, request_timeout=5)


async def _receive(bot: Bot, dispatcher: Dispatcher, i18n: I18n, webhook: Webhook | None) -> None:
    kinds = dispatcher.resolve_used_update_types()
    await _until_telegram_answers(lambda: _introduce(bot, i18n, kinds, webhook))
    if webhook is None:
        # One by one: an update is acknowledged only when it is done, so kill -9 loses none.
        await dispatcher.start_polling(
            bot,
            handle_as_tasks=False,
            handle_signals=False,
            close_bot_session=False,
            allowed_updates=kinds,
        )


async def _introduce(bot: Bot, i18n: I18n, kinds: list[str], webhook: Webhook | None) -> None:
    """Tell Telegram where updates of these kinds should go, and what the menus offer."""
    me = await bot.me()
    log.info("this is @%s", me.username)
    if webhook:
        await bot.set_webhook(webhook.url, secret_token=webhook.secret, allowed_updates=kinds)
    else:
        await bot.delete_webhook()
    await set_menus(bot, i18n)


async def _until_telegram_answers(ask: Callable[[], Awaitable[None]]) -> None:
    """Ask again and again until it works. A refused token is a StartError."""
    seconds = 1.0
    while True:
        try:
            return await ask()
        except TelegramUnauthorizedError as error:
            raise StartError("BOT_TOKEN: Telegram does not know this token") from error
        except TelegramRetryAfter as error:
            seconds = error.retry_after
        except AiogramError as error:  # a gateway's page among them: it is no TelegramAPIError
            why = str(error).partition("\n")[0]
            log.warning("Telegram does not answer (%s), again in %.0f s", why, seconds)
        await asyncio.sleep(seconds)
        seconds = min(_MAX_RETRY_SECONDS, seconds * 2)
