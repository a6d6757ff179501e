"""A bot's queue of updates, and getUpdates: order, acknowledgement, rival long polls.

An update is kept for a day, one of the inline mode for less, or until an `offset` above its id
acknowledges it. A newer getUpdates
ends the one that waits; so do setWebhook and the end of the server.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bot.demo.bot_api.errors import conflict
from bot.demo.bot_api.fields import JsonObject

MAX_TIMEOUT = 50
MAX_LIMIT = 100
LIFETIME = 24 * 3600
FIRST_ID = 814_000_001
# Sent only to a bot that asks for them by name.
ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}
TERMINATED = (
    "terminated by other getUpdates request; make sure that only one bot instance is running"
)


@dataclass(frozen=True)
class Update:
    id: int
    kind: str
    body: JsonObject
    chat_id: int
    expires: float

    def as_json(self) -> JsonObject:
        return {"update_id": self.id, self.kind: self.body}


class UpdateQueue:
    """The updates of one bot, whichever process runs it: a restart loses none of them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next_id = FIRST_ID
        self._pending: dict[int, Update] = {}
        self._poll: asyncio.Future[None] | None = None
        self.allowed: frozenset[str] = frozenset()
        self.on_put: Callable[[Update], None] | None = None

    def __len__(self) -> int:
        self._forget_expired()
        return len(self._pending)

    @property
    def pending(self) -> list[Update]:
        self._forget_expired()
        return list(self._pending.values())

    @property
    def is_polled(self) -> bool:
        """Whether a long poll is waiting right now."""
        return self._poll is not None

    def allow(self, kinds: Iterable[str] | None) -> None:
        """Set `allowed_updates`: None leaves it as it was, an empty list means the usual kinds."""
        if kinds is not None:
            self.allowed = frozenset(kinds)

    def put(
        self, kind: str, body: JsonObject, *, chat_id: int, lifetime: float = LIFETIME
    ) -> None:
        """Queue an update, unless the bot did not want that kind when it happened.

        It is kept for `lifetime` seconds.
        """
        wanted = kind in self.allowed if self.allowed else kind not in ON_REQUEST
        if not wanted:
            return
        update = Update(self._next_id, kind, body, chat_id, self._clock() + lifetime)
        self._next_id += 1
        self._pending[update.id] = update
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        if self.on_put is not None:
            self.on_put(update)

    def forget(self, update_id: int) -> None:
        self._pending.pop(update_id, None)

    def clear(self) -> None:
        self._pending.clear()

    async def poll(self, *, offset: int, limit: int, timeout: int) -> list[Update]:  # noqa: ASYNC109 - Bot API's own name
        """getUpdates: what is queued, or what comes first within `timeout` seconds."""
        self.terminate(conflict(TERMINATED))
        self._acknowledge(offset)
        limit = min(max(limit, 1), MAX_LIMIT)
        if (ready := self.pending[:limit]) or timeout <= 0:
            return ready
        self._poll = mine = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(min(timeout, MAX_TIMEOUT)):
                await mine
        except TimeoutError:
            return []
        finally:
            is_stale = self._poll is not mine
            if not is_stale:
                self._poll = None
        if is_stale:  # another poll came between the update and this line: it gets the update
            raise conflict(TERMINATED)
        return self.pending[:limit]

    def terminate(self, reason: Exception) -> None:
        """End the long poll that waits, if there is one, with that error."""
        poll, self._poll = self._poll, None
        if poll is not None and not poll.done():
            poll.set_exception(reason)

    def _acknowledge(self, offset: int) -> None:
        if offset < 0:
            offset = ([0, *self._pending])[max(offset, -len(self._pending))]
        for number in [number for number in self._pending if number < offset]:
            del self._pending[number]

    def _forget_expired(self) -> None:
        now = self._clock()
        for number in [one.id for one in self._pending.values() if one.expires <= now]:
            del self._pending[number]
