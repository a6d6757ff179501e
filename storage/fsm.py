"""aiogram's dialog states in our database, as JSON: a dialog survives kill -9 and a restart."""

import json
from collections.abc import Mapping
from typing import Any

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, DefaultKeyBuilder, StateType, StorageKey

from storage.database import Database

_KEYS = DefaultKeyBuilder(with_bot_id=False)


class FsmStorage(BaseStorage):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        name = state.state if isinstance(state, State) else state
        await self._set(key, "state", name)

    async def get_state(self, key: StorageKey) -> str | None:
        rows = await self._database.fetch(
            "SELECT state FROM fsm WHERE key = ?", (_KEYS.build(key),)
        )
        return rows[0]["state"] if rows else None

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        await self._set(key, "data", json.dumps(dict(data), ensure_ascii=False))

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        rows = await self._database.fetch(
            "SELECT data FROM fsm WHERE key = ?", (_KEYS.build(key),)
        )
        return dict(json.loads(rows[0]["data"])) if rows else {}

    async def close(self) -> None:
        """Nothing to close: the database is not ours."""

    async def _set(self, key: StorageKey, column: str, value: str | None) -> None:
        row = _KEYS.build(key)
        async with self._database.transaction() as tx:
            await tx.execute(
                "INSERT INTO fsm (key, data) VALUES (?, '{}') ON CONFLICT (key) DO NOTHING", (row,)
            )
            await tx.execute(f"UPDATE fsm SET {column} = ? WHERE key = ?", (value, row))  # noqa: S608
            await tx.execute(
                "DELETE FROM fsm WHERE key = ? AND state IS NULL AND data = '{}'", (row,)
            )
