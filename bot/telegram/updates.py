"""How updates come from Telegram: by polling, or to a webhook of ours.

Telegram may be away when the bot starts: until it answers, hooks of PBXs are taken all the same.
An update is acknowledged only when it is handled, or stored in our database: a bot killed at
any moment loses none. Only polling stores any, and only the leader polls: who leads next has in
`waiting_updates` what the one before had acknowledged, and no other process takes from there. At a
webhook nothing is acknowledged before it is done, on whatever machine.
One that cannot be read is counted and never wanted again, whichever way it comes.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiogram import Bot, Dispatcher
from aiogram.exceptions import AiogramError, TelegramRetryAfter, TelegramUnauthorizedError
from aiogram.types import Update
from aiogram.utils.i18n import I18n

from bot.domain.errors import StartError, StorageError
from bot.domain.receiving import Receiving
from bot.telegram.decoding import decode
from bot.telegram.gate import Gate
from bot.telegram.menu import set_menus
from bot.telegram.polling import Polling
from bot.telegram.stored_updates import StoredUpdates
from bot.telegram.update_queue import Done, UpdateQueue
from bot.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

_FINISH_SECONDS = 25.0
"""How long a stop waits for updates being handled."""

_MAX_RETRY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Telegram posts updates, and the secret it proves itself with."""

    url: str
    secret: str = field(repr=False)


class Updates:
    """Takes updates of Telegram in hand, whichever way they come."""

    def __init__(
        self,
        bot: Bot,
        dispatcher: Dispatcher,
        *,
        gate: Gate,
        stored: StoredUpdates,
        receiving: Receiving,
        metrics: Metrics,
    ) -> None:
        self._bot = bot
        self._dispatcher = dispatcher
        self._gate = gate
        self._stored = stored
        self._receiving = receiving
        self._metrics = metrics
        self._queue = UpdateQueue(self._handle, metrics)
        self._polling = Polling(bot, self._take, stored, receiving)
        self._asking: asyncio.Task[None] | None = None

    async def handle_posted(self, raw: object) -> bool:
        """Handle an update that was posted to us. False: it must be sent again.

        For the bot stops, or another process has the person's updates in hand, or nobody can tell.
        """
        done = self._take(raw)
        if done is None:
            return True
        await asyncio.wait([done])  # the future is others' too: it must not be cancelled with us
        return not done.cancelled()

    @asynccontextmanager
    async def handling(self) -> AsyncIterator[None]:
        """Handle what is taken in hand; the end waits for it, and no more is begun then."""
        async with asyncio.TaskGroup() as tasks:
            forgetting = tasks.create_task(self._stored.run())
            try:
                yield
            finally:
                await self._stop_asking()
                await self._queue.finish(_FINISH_SECONDS)
                forgetting.cancel()
                await asyncio.wait([forgetting])
                with suppress(StorageError):
                    await self._stored.forget_done()

    @asynccontextmanager
    async def receiving(self, i18n: I18n, *, webhook: Webhook | None) -> AsyncIterator[None]:
        """Receive updates until the end of the block: at the webhook if any, or else by polling.

        Whatever serves the webhook's address must do so already. The end tells Telegram of the
        updates that are done; not when it is cancelled, since then another process asks Telegram.
        Raises StartError, in an exception group, if Telegram does not know the token.
        """
        for number, raw in (await self._stored.list_all()).items():
            self._stored.follow(number, self._take(raw))
        async with asyncio.TaskGroup() as tasks:
            self._asking = tasks.create_task(self._receive(i18n, webhook))
            is_another_asking = False
            try:
                yield
            except asyncio.CancelledError:
                is_another_asking = True
                raise
            finally:
                await self._stop_asking()
                if webhook is None and not is_another_asking:
                    await self._polling.end()

    async def _stop_asking(self) -> None:
        if self._asking:
            self._asking.cancel()
            await asyncio.wait([self._asking])

    async def _receive(self, i18n: I18n, webhook: Webhook | None) -> None:
        kinds = self._dispatcher.resolve_used_update_types()
        await _until_telegram_answers(lambda: _introduce(self._bot, i18n, kinds, webhook))
        if webhook:
            self._receiving.pushed()
        else:
            self._receiving.answered()  # the first updates may be half a minute away
            await self._polling.run(kinds)

    def _take(self, raw: object) -> Done | None:
        """Take a raw update in hand. None: it cannot be read, and never will be."""
        update, lost = decode(raw, self._bot)
        if lost:
            self._receiving.unread(lost)
            outcome = "skipped" if update is None else "read_in_part"
            self._metrics.unreadable_updates.labels(outcome).inc()
            log.warning("an update could not be read, %s: %s", outcome.replace("_", " "), lost)
        return self._queue.take(update) if update else None

    async def _handle(self, update: Update) -> None:
        if await self._gate.lets_in(update):
            await self._dispatcher.feed_update(self._bot, update, gate=self._gate)


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
