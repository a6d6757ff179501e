"""Keeps open cards true: edits what the outbox owes to a message that shows a card.

- The words come from how things are now, in the reader's language, and only if their role and
  scope still let them see it. A card that shows what is so is left alone.
- A newer screen is never covered: the card is looked up and edited while the updates of the
  person's chat are held up. If a press is being answered for longer than PATIENCE, the edit is
  put off: the alerts of that chat must not wait for it.
- Nobody misses an edit that Telegram refuses: then the message is kept true no more, in silence.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack

from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError
from aiogram.utils.i18n import I18n

from bot.delivery.cards import Cards, CardScreen
from bot.domain.clock import Clock
from bot.domain.errors import AppError
from bot.domain.outbox import Owed
from bot.domain.people import EmployeeState
from bot.telegram.errors import is_unchanged
from storage.employees import EmployeeRepo
from storage.open_cards import DrawnCard, OpenCardRepo
from storage.outbox import OutboxRepo

log = logging.getLogger(__name__)

PATIENCE = 1.0
"""Seconds that an edit waits for a press that is being answered."""

_REQUEST_SECONDS = 5
"""The longest that the presses of a person wait for an edit of their card."""

Holding = Callable[[int], AbstractAsyncContextManager[object]]
"""Holds up the updates of a person's own chat."""


class OpenCards:
    """Brings open cards up to date, for the Alerter."""

    def __init__(
        self,
        bot: Bot,
        open_cards: OpenCardRepo,
        *,
        outbox: OutboxRepo,
        employees: EmployeeRepo,
        cards: Cards,
        i18n: I18n,
        clock: Clock,
        holding: Holding,
    ) -> None:
        self._bot = bot
        self._open_cards = open_cards
        self._outbox = outbox
        self._employees = employees
        self._cards = cards
        self._i18n = i18n
        self._clock = clock
        self._holding = holding

    async def bring_up_to_date(
        self, owed: Owed, wait_for_turn: Callable[[], Awaitable[None]]
    ) -> str:
        """Edit the card if it tells what is no longer so, once `wait_for_turn` lets it.

        Returns what was done, as the metrics name it. Raises what a lost connection raises, and
        TelegramRetryAfter: the edit is still owed then.
        """
        if await self._changed(owed) is None:
            return "unchanged"
        await wait_for_turn()
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(PATIENCE):
                    await held.enter_async_context(self._holding(owed.chat_id))
            except TimeoutError:
                soon = self._clock() + 1
                await self._outbox.note_failure(owed.id, reason="a press", not_before=soon)
                return "put_off"
            screen = await self._changed(owed)
            return "unchanged" if screen is None else await self._edit(owed, screen)

    async def _changed(self, owed: Owed) -> CardScreen | None:
        """The card anew, if it differs from what is shown. None: it is settled, nothing is owed.

        It differs if, at the moment it was drawn, it would have been drawn otherwise.
        """
        shown = await self._open_cards.find(owed.chat_id, owed.message_id or 0)
        screen = await self._drawn(owed, shown) if shown else None
        if screen is None:
            await self._open_cards.settle(owed)
        return screen

    async def _drawn(self, owed: Owed, shown: DrawnCard) -> CardScreen | None:
        with self._i18n.context(), self._i18n.use_locale(owed.language):
            try:
                viewer = await self._employees.get(owed.employee_id or 0)
                if viewer.state is not EmployeeState.ACTIVE:
                    return None
                then = await self._cards.again(shown, viewer, now=shown.drawn_at)
                if then.drawn.shown == shown.shown:
                    return None
                return await self._cards.again(shown, viewer, now=self._clock())
            except (AppError, ValueError, TypeError) as error:  # Value…: another version's button
                log.debug("card %s: %s", shown.origin, error)
                return None

    async def _edit(self, owed: Owed, screen: CardScreen) -> str:
        done = "edited"
        try:
            await self._bot.edit_message_text(
                screen.text,
                chat_id=owed.chat_id,
                message_id=owed.message_id,
                reply_markup=screen.markup,
                request_timeout=_REQUEST_SECONDS,
            )
        except (TelegramBadRequest, TelegramForbiddenError) as error:
            if not is_unchanged(error):
                log.info("outbox %d: the card cannot be edited: %s", owed.id, error.message)
                await self._open_cards.forget(owed.chat_id, owed.message_id or 0)
                done = "gone"
        await self._open_cards.settle(owed, screen.drawn)
        return done
