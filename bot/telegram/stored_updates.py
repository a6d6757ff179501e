"""The updates in hand that were acknowledged already: only our database has them.

A row goes soon after its update is done, together with others; a kill in between handles it again.
"""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from bot.domain.errors import StorageError
from bot.telegram.update_queue import Done
from storage.waiting_updates import WaitingUpdateRepo

log = logging.getLogger(__name__)


class StoredUpdates:
    def __init__(self, waiting: WaitingUpdateRepo) -> None:
        self._waiting = waiting
        self._not_done: set[int] = set()
        self._done: set[int] = set()
        self._is_any_done = asyncio.Event()
        self._in_order = asyncio.Lock()

    def __len__(self) -> int:
        return len(self._not_done)

    def __contains__(self, number: object) -> bool:
        return number in self._not_done or number in self._done

    async def list_all(self) -> dict[int, Any]:
        """What an earlier run has stored and not finished."""
        return await self._waiting.list_all()

    async def store(self, updates: Mapping[int, tuple[Any, Done]]) -> None:
        """Store updates, to be acknowledged then. Raises StorageError.

        They are followed before: one who is cancelled at the commit cannot tell whether there are
        rows, and they must go all the same. One that is done meanwhile is forgotten only then:
        else the database might delete the row first, and keep it for good.
        """
        for number, (_, done) in updates.items():
            self.follow(number, done)
        async with self._in_order:
            await self._waiting.add({number: raw for number, (raw, _) in updates.items()})

    def follow(self, number: int, done: Done | None) -> None:
        """Forget the row of an update when it is done; None: it is."""
        if done is None:
            self._note_done(number)
        elif number not in self._not_done:
            self._not_done.add(number)
            done.add_done_callback(partial(self._note_end, number))

    async def run(self) -> None:
        """Forget the rows of what is done, until it is cancelled."""
        while True:
            await self._is_any_done.wait()
            self._is_any_done.clear()
            try:
                await self.forget_done()
            except StorageError as error:
                log.error("updates that are done cannot be forgotten", exc_info=error)

    async def forget_done(self) -> None:
        async with self._in_order:
            if numbers := list(self._done):
                await self._waiting.forget(numbers)
                self._done.difference_update(numbers)

    def _note_end(self, number: int, done: Done) -> None:
        if not done.cancelled():
            self._note_done(number)

    def _note_done(self, number: int) -> None:
        self._not_done.discard(number)
        self._done.add(number)
        self._is_any_done.set()
