"""Screens that Telegram wants later: no command and no press stays unanswered because of a 429.

- What a person does is handled one after another: a handler that waited would keep them waiting.
  So what it shows and Telegram answers by 429 is kept, and it goes on as if that were shown.
- The screen is shown when the time Telegram asked for is over, and again if it asks once more.
- Each chat's screen is shown for itself: whoever is still being answered holds up nobody else's.
- Of each chat only the newest screen is kept: whatever a handler shows there afterwards takes its
  place. Kept screens are in the database and outlive a restart; after KEPT_SECONDS nobody waits.
- Of several processes each shows what it has kept, and the leader what is still there after
  LEFT_SECONDS, or when it comes to lead and is alone: whoever kept it is dead, or Telegram asked
  for more patience than that. They hold up the updates of the chat while they look whether it is
  still kept, show and forget it: whoever comes second finds nothing. A handler elsewhere knows
  that a screen is kept by what was read with the person (PersonMiddleware).
- The toast of a pressed button, which Telegram forgets in half a minute, is kept in memory only,
  of the process where it was pressed.
- A card that is shown later is noted as open then (bot/telegram/open_cards), and what has changed
  meanwhile is owed to it.
- What the Alerter sends is none of this: the outbox keeps it.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any
from weakref import WeakValueDictionary

from aiogram import Bot
from aiogram.client.session.middlewares.base import (
    BaseRequestMiddleware,
    NextRequestMiddlewareType,
)
from aiogram.exceptions import (
    AiogramError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.fsm.context import FSMContext
from aiogram.fsm.storage.base import BaseStorage, StorageKey
from aiogram.methods import (
    AnswerCallbackQuery,
    EditMessageText,
    Response,
    SendMessage,
    TelegramMethod,
)
from aiogram.methods.base import TelegramType
from aiogram.types import InlineKeyboardMarkup

from bot.domain.clock import Clock
from bot.domain.errors import StorageError
from bot.telegram.errors import ShownLaterError, is_gone, is_unchanged
from bot.telegram.isolation import PersonIsolation
from bot.telegram.middlewares import is_in_handler, waiting_chats
from bot.telegram.open_cards import drawn_card
from storage.delayed_screens import DelayedScreen, DelayedScreenRepo
from storage.open_cards import OpenCardRepo

log = logging.getLogger(__name__)

KEPT_SECONDS = 3600

LEFT_SECONDS = 30

AGAIN_SECONDS = 5.0

_TOAST_SECONDS = 30
_REQUEST_SECONDS = 10

_HOLD_SECONDS = 20.0
"""How long a screen waits for what is handled in its chat, before it is tried again."""

Adopt = Callable[[FSMContext, int, str | None], Awaitable[None]]
"""Takes the dialog of a chat, the id of a message shown later in it, and its buttons as JSON."""


class DelayedScreens(BaseRequestMiddleware):
    """Keeps what handlers show too early, and shows it in time."""

    def __init__(
        self,
        bot: Bot,
        kept: DelayedScreenRepo,
        open_cards: OpenCardRepo,
        *,
        clock: Clock,
        isolation: PersonIsolation,
        fsm: BaseStorage,
        adopt: Adopt,
        again: float = AGAIN_SECONDS,
    ) -> None:
        """`again`: how long after a lost connection a screen is tried again."""
        self._bot = bot
        self._kept = kept
        self._open_cards = open_cards
        self._clock = clock
        self._isolation = isolation
        self._fsm = fsm
        self._adopt = adopt
        self._again = again
        self._now = asyncio.get_running_loop().time
        self._kept_at: dict[int, float] = {}
        """By chat: when its screen was kept. The clock may be set meanwhile."""
        self._due: dict[int, float] = {}
        """By chat: when its screen may be shown."""
        self._shown: set[int] = set()
        """The chats whose screen was shown, which could not be written down."""
        self._toasts: list[tuple[float, AnswerCallbackQuery]] = []
        self._under_way: set[int] = set()
        """The chats whose screen waits for its turn, or is being shown."""
        self._showing = WeakValueDictionary[int, asyncio.Lock]()
        """By chat: held while a delayed screen is shown, so that it cannot cover a newer one."""
        self._woken = asyncio.Event()
        self._is_stopping = False

    async def __call__(
        self,
        make_request: NextRequestMiddlewareType[TelegramType],
        bot: Bot,
        method: TelegramMethod[TelegramType],
    ) -> Response[TelegramType]:
        if not is_in_handler():
            return await make_request(bot, method)
        is_screen = isinstance(method, SendMessage | EditMessageText)
        chat_id: int | None = getattr(method, "chat_id", None) if is_screen else None
        try:
            if chat_id is None or (chat_id not in self._due and chat_id not in waiting_chats()):
                return await make_request(bot, method)
            async with self._lock(chat_id):
                response = await make_request(bot, method)
                await self._forget(chat_id)
                return response
        except TelegramRetryAfter as error:
            if await self._keep(method, error.retry_after):
                words = "kept until Telegram permits it"
                raise ShownLaterError(method, words, error.retry_after) from error
            raise

    async def run(self) -> None:
        """Show what is kept when its time comes, until stop() is called."""
        async with asyncio.TaskGroup() as tasks:
            while not self._is_stopping:
                self._woken.clear()
                now = self._now()
                toasts = [toast for due, toast in self._toasts if due <= now]
                self._toasts = [one for one in self._toasts if one[0] > now]
                for toast in toasts:
                    tasks.create_task(self._tell(toast))
                for chat_id, due in self._due.items():
                    if due <= now and chat_id not in self._under_way:
                        self._under_way.add(chat_id)
                        tasks.create_task(self._show(chat_id))
                moments = [due for due, _ in self._toasts]
                moments += [due for chat, due in self._due.items() if chat not in self._under_way]
                wait = max(0.0, min(moments) - self._now()) if moments else None
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):  # wait_for could swallow a cancel
                        await self._woken.wait()

    async def forget_old(self) -> None:
        """Forget those that nobody waits for."""
        with suppress(StorageError):
            await self._kept.forget_before(self._clock() - KEPT_SECONDS)

    async def adopt_left(self, *, seconds: int) -> None:
        """Show what is still kept so many seconds after it was asked for, whoever kept it."""
        with suppress(StorageError):
            for chat_id in await self._kept.list_chats(asked_by=self._clock() - seconds):
                if chat_id in self._shown:
                    await self._forget(chat_id)
                elif chat_id not in self._due:
                    self._kept_at[chat_id], self._due[chat_id] = self._now(), 0.0
                    self._woken.set()

    def stop(self) -> None:
        """Begin nothing more; run() returns when what is under way is shown."""
        self._is_stopping = True
        self._woken.set()

    async def _keep(self, method: TelegramMethod[Any], seconds: int) -> bool:
        """Keep what a method would have shown; False if it shows nothing that can be kept."""
        due = self._now() + seconds
        if isinstance(method, AnswerCallbackQuery) and seconds <= _TOAST_SECONDS:
            self._toasts.append((due, method))
        elif isinstance(method, SendMessage | EditMessageText) and isinstance(method.chat_id, int):
            try:
                await self._kept.set(_screen(method, method.chat_id, self._clock()))
            except StorageError as error:
                log.error("a delayed screen cannot be kept", exc_info=error)
                return False
            self._shown.discard(method.chat_id)
            self._kept_at[method.chat_id] = self._now()
            self._due[method.chat_id] = due
        else:
            return False
        log.info("Telegram asks to wait %d s before %s", seconds, method.__api_method__)
        self._woken.set()
        return True

    async def _forget(self, chat_id: int) -> None:
        self._due.pop(chat_id, None)
        self._kept_at.pop(chat_id, None)
        try:
            await self._kept.forget(chat_id)
            self._shown.discard(chat_id)
            waiting_chats().discard(chat_id)
        except StorageError as error:  # the next leader may show it once more
            self._shown.add(chat_id)
            log.error("a delayed screen cannot be forgotten", exc_info=error)

    async def _tell(self, toast: AnswerCallbackQuery) -> None:
        with suppress(AiogramError):
            await self._bot(toast, request_timeout=_REQUEST_SECONDS)

    async def _show(self, chat_id: int) -> None:
        """Show the screen of a chat when nothing is handled there, if it is due then too."""
        try:
            async with AsyncExitStack() as held:
                async with asyncio.timeout(_HOLD_SECONDS):
                    await held.enter_async_context(self._isolation.hold(chat_id))
                async with self._lock(chat_id):
                    is_due = self._due.get(chat_id, math.inf) <= self._now()
                    if is_due and not self._is_stopping:
                        await self._show_kept(chat_id)
        except (TimeoutError, StorageError) as error:
            self._try_again(chat_id, error)
        finally:
            self._under_way.discard(chat_id)
            self._woken.set()

    async def _show_kept(self, chat_id: int) -> None:
        """Show what is kept for a chat; if that fails for now, it stays kept.

        A question is part of its dialog before a press of its buttons can be handled.
        """
        try:
            screen = await self._kept.find(chat_id)
            if screen and self._now() - self._kept_at.get(chat_id, self._now()) <= KEPT_SECONDS:
                message_id, is_new = await self._send(screen)
                await self._note(screen, message_id, is_new=is_new)
        except TelegramRetryAfter as error:
            self._due[chat_id] = self._now() + error.retry_after
            return
        except (TelegramNetworkError, TelegramServerError, StorageError) as error:
            self._try_again(chat_id, error)
            return
        except TelegramAPIError as error:
            log.info("a delayed screen is not wanted: %s", error.message)
        except AiogramError as error:  # a gateway's page, say
            self._try_again(chat_id, error)
            return
        await self._forget(chat_id)

    def _lock(self, chat_id: int) -> asyncio.Lock:
        return self._showing.setdefault(chat_id, asyncio.Lock())

    def _dialog(self, chat_id: int) -> FSMContext:
        """Of a person in their own chat."""
        key = StorageKey(bot_id=self._bot.id, chat_id=chat_id, user_id=chat_id)
        return FSMContext(self._fsm, key)

    async def _note(self, screen: DelayedScreen, message_id: int, *, is_new: bool) -> None:
        """Note what is shown. If that fails it is shown all the same, and must not come twice."""
        try:
            if is_new:
                await self._adopt(self._dialog(screen.chat_id), message_id, screen.markup)
            if screen.card:
                await self._open_cards.note(
                    screen.chat_id, message_id, screen.card, now=self._clock()
                )
        except StorageError as error:
            log.error("a delayed screen, shown, cannot be noted", exc_info=error)

    def _try_again(self, chat_id: int, error: Exception) -> None:
        log.warning("a delayed screen could not be shown: %s", type(error).__name__)
        self._due[chat_id] = self._now() + self._again

    async def _send(self, screen: DelayedScreen) -> tuple[int, bool]:
        """Show a screen; the id of the message it is in, and whether that is a new one."""
        buttons = screen.markup
        markup = InlineKeyboardMarkup.model_validate_json(buttons) if buttons else None
        if screen.message_id is not None:
            edit = EditMessageText(
                chat_id=screen.chat_id,
                message_id=screen.message_id,
                text=screen.text,
                reply_markup=markup,
            )
            try:
                await self._bot(edit, request_timeout=_REQUEST_SECONDS)
                return screen.message_id, False
            except TelegramBadRequest as error:
                if is_unchanged(error):
                    return screen.message_id, False
                if not is_gone(error):
                    raise
        message = SendMessage(
            chat_id=screen.chat_id,
            message_thread_id=screen.thread_id,
            text=screen.text,
            reply_markup=markup,
        )
        return (await self._bot(message, request_timeout=_REQUEST_SECONDS)).message_id, True


def _screen(method: SendMessage | EditMessageText, chat_id: int, now: int) -> DelayedScreen:
    markup = method.reply_markup
    buttons = markup.model_dump_json(exclude_none=True) if markup else None
    return DelayedScreen(
        chat_id=chat_id,
        thread_id=method.message_thread_id if isinstance(method, SendMessage) else None,
        message_id=method.message_id if isinstance(method, EditMessageText) else None,
        text=method.text or "",
        markup=buttons,
        asked_at=now,
        card=drawn_card(),
    )
