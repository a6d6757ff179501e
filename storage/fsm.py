"""aiogram's dialog states in our database, as JSON: a dialog survives kill -9 and a restart.

What a dialog asks and what it is about are written together, by `put`: whoever reads one of them
has the other.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, DefaultKeyBuilder, StateType, StorageKey

from storage.engine.base import Database, Row, Select

_KEYS = DefaultKeyBuilder(with_bot_id=False)


class FsmStorage(BaseStorage):
    def __init__(self, database: Database) -> None:
        self._database = database

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        row = _KEYS.build(key)
        async with self._database.transaction() as tx:
            tx.write(
                "INSERT INTO fsm (key, state, data) VALUES (?, ?, '{}') "
                "ON CONFLICT (key) DO UPDATE SET state = excluded.state",
                (row, _name(state)),
            )
            tx.write("DELETE FROM fsm WHERE key = ? AND state IS NULL AND data = '{}'", (row,))

    async def get_state(self, key: StorageKey) -> str | None:
        return state_of(await self._database.fetch(*state_select(key)))

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        row = _KEYS.build(key)
        async with self._database.transaction() as tx:
            tx.write(
                "INSERT INTO fsm (key, data) VALUES (?, ?) "
                "ON CONFLICT (key) DO UPDATE SET data = excluded.data",
                (row, _json(data)),
            )
            tx.write("DELETE FROM fsm WHERE key = ? AND state IS NULL AND data = '{}'", (row,))

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        rows = await self._database.fetch(
            "SELECT data FROM fsm WHERE key = ?", (_KEYS.build(key),)
        )
        return dict(json.loads(rows[0]["data"])) if rows else {}

    async def put(self, key: StorageKey, state: StateType, data: Mapping[str, Any]) -> None:
        """Set both in one statement."""
        row = _KEYS.build(key)
        async with self._database.transaction() as tx:
            if state is None and not data:
                tx.write("DELETE FROM fsm WHERE key = ?", (row,))
                return
            tx.write(
                "INSERT INTO fsm (key, state, data) VALUES (?, ?, ?) "
                "ON CONFLICT (key) DO UPDATE SET state = excluded.state, data = excluded.data",
                (row, _name(state), _json(data)),
            )

    async def close(self) -> None:
        """Nothing to close: the database is not ours."""


async def put(context: FSMContext, state: StateType, data: Mapping[str, Any]) -> None:
    """Begin a dialog, or go on with it: the question that waits and what it is about, as one."""
    if isinstance(context.storage, FsmStorage):
        await context.storage.put(context.key, state, data)
    else:  # in memory, where nobody sees one without the other
        await context.set_state(state)
        await context.set_data(data)


async def clear(context: FSMContext) -> None:
    """Leave a dialog."""
    await put(context, None, {})


def state_select(key: StorageKey) -> Select:
    """For those who read the state of a dialog together with something else."""
    return "SELECT state FROM fsm WHERE key = ?", (_KEYS.build(key),)


def state_of(rows: Sequence[Row]) -> str | None:
    """The state that was selected so; None: no question waits."""
    return rows[0]["state"] if rows else None


def _name(state: StateType) -> str | None:
    return state.state if isinstance(state, State) else state


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(dict(data), ensure_ascii=False)
