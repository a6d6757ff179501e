"""What one person does is handled one after another, in whatever chat and on whatever machine.

A press in a group may open or leave the dialog in that person's own chat, so both are held up by
the same lock. What is written in a group is held up by the group's as well, which is taken first:
nobody ever holds a person's lock and waits for another.

Telegram itself posts the updates of a chat one after another; a press in a group and a text in
one's own chat may reach two processes at once.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from aiogram.fsm.storage.base import BaseEventIsolation, StorageKey

from storage.engine.base import Database, Row, Select

PATIENCE = 10.0
"""Seconds that an update which was posted to us waits for what another process has in hand. Then
Telegram is to send it again: no proxy waits much longer than half a minute."""


class PersonIsolation(BaseEventIsolation):
    def __init__(self, database: Database, *, patience: float | None = None) -> None:
        """`patience`: see Database.held."""
        self._database = database
        self._patience = patience
        self._locks = WeakValueDictionary[int, asyncio.Lock]()
        """By person; only those who hold a lock or wait for it keep it."""

    @asynccontextmanager
    async def hold(self, person: int, *selects: Select) -> AsyncIterator[list[list[Row]]]:
        """Hold up what a person does, or what is written in a group, until the end of the block.

        Yields the rows of each SELECT, read then. Raises StorageError.
        """
        async with (
            self._locks.setdefault(person, asyncio.Lock()),
            self._database.held(person, *selects, patience=self._patience) as rows,
        ):
            yield rows

    @asynccontextmanager
    async def lock(self, key: StorageKey) -> AsyncIterator[None]:
        async with self.hold(key.user_id):
            yield

    async def close(self) -> None:
        """Nothing to close."""
