"""Whether what is written now would still be there tomorrow: for those who watch the bot."""

import asyncio

from bot.domain.errors import StorageError
from storage.engine.base import Database

_HOLDS_SECONDS = 2.0
"""How long a finding holds: probes come often, and each asks the disk for a write."""


class Durability:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._state = ""
        self._found_at = 0.0
        self._looking = asyncio.Lock()

    async def state(self) -> str:
        """`ok`, or why nothing is stored for good: `disk full`, `file gone`, `file replaced`."""
        now = asyncio.get_running_loop().time
        async with self._looking:
            if not self._state or now() - self._found_at >= _HOLDS_SECONDS:
                self._state = await self._find()
                self._found_at = now()
            return self._state

    async def size(self) -> int:
        """The bytes that all that is stored takes. Raises StorageError."""
        return await self._database.size()

    async def _find(self) -> str:
        """A real write, of one number: a full disk shows in nothing else."""
        try:
            async with self._database.transaction() as tx:
                tx.write(
                    "INSERT INTO counters (name, value) VALUES ('probes', 1) "
                    "ON CONFLICT (name) DO UPDATE SET value = counters.value + 1"
                )
        except StorageError as error:
            return str(error)
        return "ok"
