"""What need not be handled at all, found out before anything is done for it.

- Talk in groups is none of the bot's: only commands, presses and changes of the group go on.
- A stranger is answered once in QUIET_SECONDS, and one press of theirs. What else they write or
  press costs one look-up: whether they have become an employee meanwhile. Links of invites go on,
  but not a flood of them; those to calls that others share are none.
- The strangers are remembered in memory, the last REMEMBERED of them. Of several processes each
  remembers its own: a stranger is answered once by each, and no employee is ever refused by it.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from aiogram.enums import ChatType
from aiogram.types import Message, Update

from bot.domain.people import EmployeeState
from bot.telegram.filters import is_command
from bot.telegram.links import is_for_employees
from storage.employees import EmployeeRepo

QUIET_SECONDS = 600.0
LINKS = 5
"""How many links of invites a stranger may press in that time."""

REMEMBERED = 10_000

_GROUPS = {ChatType.GROUP, ChatType.SUPERGROUP}


@dataclass(slots=True)
class _Stranger:
    since: float
    links: int = 0


class Gate:
    """`now`: seconds of a monotonic clock."""

    def __init__(
        self, employees: EmployeeRepo, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._employees = employees
        self._now = now
        self._strangers: OrderedDict[tuple[int, bool], _Stranger] = OrderedDict()

    async def lets_in(self, update: Update) -> bool:
        """Whether to handle the update."""
        if _is_of_group(update):
            return _changes_group(update) or (_is_command(update) and await self._knows(update))
        return update.my_chat_member is None and await self._knows(update)

    def note_stranger(self, update: Update) -> None:
        """Somebody without access has been answered, as far as they ever are."""
        place = _place(update)
        is_heard = update.message or update.callback_query
        if is_heard and not _changes_group(update) and place not in self._strangers:
            self._strangers[place] = _Stranger(self._now())
            if len(self._strangers) > REMEMBERED:
                self._strangers.popitem(last=False)

    async def _knows(self, update: Update) -> bool:
        """Whether whoever did this has access, or has not been answered of late."""
        place = _place(update)
        stranger = self._strangers.get(place)
        if stranger is None:
            return True
        if self._now() - stranger.since > QUIET_SECONDS:
            del self._strangers[place]
            return True
        if update.message and _is_link(update.message) and stranger.links < LINKS:
            stranger.links += 1
            return True
        event = update.callback_query or update.message or update.edited_message
        user = event.from_user if event else None
        person = await self._employees.find(user.id) if user else None
        has_access = person is not None and person.state is EmployeeState.ACTIVE
        if has_access and not _is_of_group(update):
            self._strangers.pop(place, None)
        return has_access


def _is_of_group(update: Update) -> bool:
    """Whether it was written in a group, or became of it; presses there are a person's own."""
    event = update.message or update.edited_message or update.my_chat_member
    return event is not None and event.chat.type in _GROUPS


def _changes_group(update: Update) -> bool:
    if update.my_chat_member:
        return True
    message = update.message
    moved = message and (message.migrate_to_chat_id or message.migrate_from_chat_id)
    return bool(moved or (message and message.new_chat_title))


def _is_command(update: Update) -> bool:
    return update.message is not None and is_command(update.message)


def _place(update: Update) -> tuple[int, bool]:
    """At which chat a stranger is remembered, their own or a group; and whether for presses."""
    if update.callback_query:
        return update.callback_query.from_user.id, True
    message = update.message or update.edited_message
    return (message.chat.id if message else 0), False


def _is_link(message: Message) -> bool:
    command, _, payload = (message.text or "").partition(" ")
    return command == "/start" and bool(payload) and not is_for_employees(payload)
