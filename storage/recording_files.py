"""What Telegram has of recordings already: the ids of their voice messages.

An id is good for one bot, for one way of sending, and for the recording that the call had then:
with another token, or another address of the recording, there is none.
"""

import hashlib
from collections.abc import Sequence
from typing import Literal

from bot.domain.calls import Call
from storage.engine.base import Database

SentAs = Literal["voice", "audio"]


class RecordingFileRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_ids(self, call: Call, kind: SentAs, *, bot_id: int) -> list[str]:
        """The ids of all parts in their order; none, unless all are known."""
        rows = await self._database.fetch(
            "SELECT file_id, parts FROM recording_files WHERE call_id = ? AND kind = ? "
            "AND bot_id = ? AND recording = ? ORDER BY part",
            (call.id, kind, bot_id, _digest(call)),
        )
        is_whole = bool(rows) and len(rows) == rows[0]["parts"]
        return [row["file_id"] for row in rows] if is_whole else []

    async def put(self, call: Call, kind: SentAs, ids: Sequence[str], *, bot_id: int) -> None:
        """Keep the ids of all parts, in place of those there were."""
        async with self._database.transaction() as tx:
            tx.write("DELETE FROM recording_files WHERE call_id = ? AND kind = ?", (call.id, kind))
            # The call may have been purged meanwhile.
            tx.write_many(
                "INSERT INTO recording_files "
                "(call_id, kind, part, parts, bot_id, recording, file_id) "
                "SELECT id, ?, ?, ?, ?, ?, ? FROM calls WHERE id = ?",
                [
                    (kind, part, len(ids), bot_id, _digest(call), file_id, call.id)
                    for part, file_id in enumerate(ids)
                ],
            )


def _digest(call: Call) -> str:
    return hashlib.sha256((call.recording_url or "").encode()).hexdigest()
