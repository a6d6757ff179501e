"""What one person does is handled one after another, in whatever chat it is done.

A press in a group may open or leave the dialog in that person's own chat, so both are held up by
the same lock: nobody ever holds one and waits for another. A lock that nobody holds is forgotten.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiogram.fsm.storage.base import BaseEventIsolation, StorageKey


class PersonIsolation(BaseEventIsolation):
    def __init__(self) -> None:
        self._locks: dict[int, asyncio.Lock] = {}
        self._wanted: dict[int, int] = {}
        """By person: how many hold their lock or wait for it."""

    @property
    def held(self) -> int:
        """How many people's locks there are. Not `__len__`: aiogram takes a false one for none."""
        return len(self._locks)

    @asynccontextmanager
    async def lock(self, key: StorageKey) -> AsyncIterator[None]:
        person = key.user_id
        lock = self._locks.setdefault(person, asyncio.Lock())
        self._wanted[person] = self._wanted.get(person, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._wanted[person] -= 1
            if not self._wanted[person]:
                del self._wanted[person], self._locks[person]

    async def close(self) -> None:
        """Nothing to close."""
