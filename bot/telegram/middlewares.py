"""What surrounds the handling of every update: who wrote, in which language, that it goes on."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, nullcontext
from contextvars import ContextVar
from typing import Any

from aiogram import BaseMiddleware
from aiogram.enums import ChatType
from aiogram.fsm.middleware import FSMContextMiddleware
from aiogram.types import Chat, TelegramObject, Update, User
from aiogram.utils.i18n import I18n
from aiogram.utils.i18n.middleware import I18nMiddleware

from bot.domain.people import Employee, EmployeeState, Language
from bot.telegram.gate import Gate
from bot.telegram.i18n import language_of
from bot.telegram.isolation import PersonIsolation
from bot.telegram.open_cards import pressing
from storage.delayed_screens import chats_of, chats_select
from storage.employees import EmployeeRepo, acting_of, acting_select
from storage.engine.base import Row
from storage.fsm import state_of, state_select
from storage.outbox import OutboxRepo

Handler = Callable[[TelegramObject, dict[str, Any]], Awaitable[Any]]

_is_in_handler: ContextVar[bool] = ContextVar("is_in_handler", default=False)


_waiting: ContextVar[set[int]] = ContextVar("waiting")


def waiting_chats() -> set[int]:
    """The chats of the handled update for which a delayed screen is kept, by whatever process."""
    return _waiting.get(set())


def is_in_handler() -> bool:
    """Whether what is done now is done by the handler of an update."""
    return _is_in_handler.get()


class InHandlerMiddleware(BaseMiddleware):
    """Lets requests to Telegram be told apart: those that handlers make, and all others."""

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        token = _is_in_handler.set(True)
        try:
            return await handler(event, data)
        finally:
            _is_in_handler.reset(token)


class PersonMiddleware(BaseMiddleware):
    """Gives handlers the `employee` who wrote or pressed, None for everybody else.

    And the state of their dialog, in place of aiogram's own middleware: what the two ask is read
    in the trip to the database that holds up the updates of the person. Whether what they pressed
    is on a card is read along (bot/telegram/open_cards), and whether a screen waits for its time
    in their chat or in this one (bot/telegram/delayed_screens).

    It refuses nobody: that is for the filters. Somebody whom the bot could not reach is reachable
    again when they write; one invited without a name gets the name of their Telegram account.
    """

    def __init__(self, fsm: FSMContextMiddleware, isolation: PersonIsolation) -> None:
        self._fsm = fsm
        self._isolation = isolation

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        context = self._fsm.resolve_event_context(data["bot"], data)
        data["fsm_storage"] = self._fsm.storage
        if context is None:  # nobody in particular: there is no user
            data["employee"] = None
            return await handler(event, data)
        user: User = data["event_from_user"]
        pressed, chats = _pressed_in_own_chat(event), {context.key.chat_id, user.id}
        async with AsyncExitStack() as held:
            if _is_written_in_group(event, context.key.chat_id):
                await held.enter_async_context(self._isolation.hold(context.key.chat_id))
            person, states, waiting = await held.enter_async_context(
                self._isolation.hold(
                    user.id,
                    acting_select(user.id, pressed),
                    state_select(context.key),
                    chats_select(chats),
                )
            )
            data |= {"state": context, "raw_state": state_of(states)}
            token = _waiting.set(chats_of(waiting))
            try:
                return await self._handle(handler, event, data, person, pressed=pressed)
            finally:
                _waiting.reset(token)

    async def _handle(
        self,
        handler: Handler,
        event: TelegramObject,
        data: dict[str, Any],
        rows: Sequence[Row],
        *,
        pressed: int,
    ) -> Any:
        """`rows`: who acts."""
        employees: EmployeeRepo = data["employees"]
        user: User = data["event_from_user"]
        employee, is_card = acting_of(rows)
        if employee and employee.state is not EmployeeState.ACTIVE:
            employee = None
        if employee and employee.unreachable and _is_private_message_or_press(event, data):
            await employees.set_reachable(employee.id, now=data["clock"]())
        if employee and not employee.name:
            await employees.set_name(employee.id, user.full_name)
            employee = await employees.find(user.id)
        data["employee"] = employee
        gate: Gate | None = data.get("gate")
        if employee is None and gate and isinstance(event, Update):
            gate.note_stranger(event)
        with pressing(user.id, pressed) if is_card else nullcontext():
            return await handler(event, data)


def _pressed_in_own_chat(event: TelegramObject) -> int:
    """The id of the message whose button a person pressed in their chat with the bot; 0: none."""
    query = event.callback_query if isinstance(event, Update) else None
    is_here = query and query.message and query.message.chat.id == query.from_user.id
    return query.message.message_id if query and query.message and is_here else 0


def _is_written_in_group(event: TelegramObject, chat_id: int) -> bool:
    return chat_id < 0 and isinstance(event, Update) and event.callback_query is None


def _is_private_message_or_press(event: TelegramObject, data: dict[str, Any]) -> bool:
    """Whether the person has written or pressed something in their chat with the bot.

    Other updates prove nothing: Telegram also tells when somebody blocks the bot.
    """
    chat: Chat | None = data.get("event_chat")
    is_by_person = isinstance(event, Update) and bool(event.message or event.callback_query)
    return is_by_person and chat is not None and chat.type == ChatType.PRIVATE


class LanguageMiddleware(I18nMiddleware):
    """Has everything answered in the employee's language; a stranger's is their Telegram's."""

    def __init__(self, i18n: I18n, *, default: Language) -> None:
        super().__init__(i18n)
        self._default = default

    async def get_locale(self, event: TelegramObject, data: dict[str, Any]) -> str:
        del event
        employee: Employee | None = data.get("employee")  # None too if finding it failed
        if employee:
            return employee.language
        user: User | None = data.get("event_from_user")
        return language_of(user.language_code if user else None, default=self._default)


class WakeMiddleware(BaseMiddleware):
    """Wakes the Alerter after an update in which messages came to be owed to anybody."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    async def __call__(self, handler: Handler, event: TelegramObject, data: dict[str, Any]) -> Any:
        outbox: OutboxRepo = data["outbox"]
        before = outbox.owings
        try:
            return await handler(event, data)
        finally:
            if outbox.owings != before:
                self._wake()
