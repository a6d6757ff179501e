"""Updates of Telegram that wait for their turn here, and not at Telegram any more."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from storage.engine.base import Database, marks_sql


class WaitingUpdateRepo:
    """`body`: an update as Telegram's JSON, whole."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, bodies: Mapping[int, Any]) -> None:
        async with self._database.transaction() as tx:
            tx.write_many(
                "INSERT INTO waiting_updates (update_id, body) VALUES (?, ?) "
                "ON CONFLICT (update_id) DO NOTHING",
                [(number, json.dumps(body)) for number, body in bodies.items()],
            )

    async def list_all(self) -> dict[int, Any]:
        """The bodies by id, in the order in which they came."""
        rows = await self._database.fetch(
            "SELECT update_id, body FROM waiting_updates ORDER BY update_id"
        )
        return {row["update_id"]: json.loads(row["body"]) for row in rows}

    async def forget(self, numbers: Collection[int]) -> None:
        async with self._database.transaction() as tx:
            tx.write(
                f"DELETE FROM waiting_updates WHERE update_id IN ({marks_sql(numbers)})",  # noqa: S608
                tuple(numbers),
            )
