"""What one person does is handled one after another, in whatever chat it is done.

A press in a group may open or leave the dialog in that person's own chat, so both are held up by
the same lock: nobody ever holds one and waits for another.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from aiogram.fsm.storage.base import BaseEventIsolation, StorageKey


class PersonIsolation(BaseEventIsolation):
    def __init__(self) -> None:
        self._locks = WeakValueDictionary[int, asyncio.Lock]()
        """By person; only those who hold a lock or wait for it keep it."""

    @asynccontextmanager
    async def hold(self, person: int) -> AsyncIterator[None]:
        """Hold up what a person does until the end of the block."""
        async with self._locks.setdefault(person, asyncio.Lock()):
            yield

    @asynccontextmanager
    async def lock(self, key: StorageKey) -> AsyncIterator[None]:
        async with self.hold(key.user_id):
            yield

    async def close(self) -> None:
        """Nothing to close."""
