"""Wakes the Alerter when something is owed, on whatever machine it works."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from bot.domain.errors import StorageError
from storage.engine.base import Database


class Bell:
    """A ring that is lost costs one sweep of the Alerter's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wake: Callable[[], None] | None = None
        self._rung = asyncio.Event()
        self._is_stopping = False

    def ring(self) -> None:
        """Have the Alerter look: here, if it works here, or else wherever it does."""
        if self._wake:
            self._wake()
        else:
            self._rung.set()

    @contextmanager
    def waking(self, wake: Callable[[], None]) -> Iterator[None]:
        """The Alerter works here, until the end of the block."""
        self._wake = wake
        try:
            yield
        finally:
            self._wake = None

    async def listen(self) -> None:
        """Wake the Alerter that works here when other machines ring; until it is cancelled."""
        async for _ in self._database.rings():
            if self._wake:
                self._wake()

    async def run(self) -> None:
        """Pass on what rings here, until stop() is called."""
        while not self._is_stopping:
            await self._rung.wait()
            self._rung.clear()
            with suppress(StorageError):
                await self._database.ring()

    def stop(self) -> None:
        self._is_stopping = True
        self._rung.set()
