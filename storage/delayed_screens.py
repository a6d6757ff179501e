"""The screens that Telegram wants later: the newest of each chat, until it is shown."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from storage.engine.base import Database, Row, Select, marks_sql
from storage.open_cards import DrawnCard


@dataclass(frozen=True, slots=True)
class DelayedScreen:
    """What should stand in a chat: in place of a message, or as a new one.

    `markup`: the buttons as Telegram's JSON. `asked_at`: Unix seconds. `card`: the card that the
    screen is, if it is one.
    """

    chat_id: int
    thread_id: int | None
    message_id: int | None
    text: str
    markup: str | None
    asked_at: int
    card: DrawnCard | None


class DelayedScreenRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def set(self, screen: DelayedScreen) -> None:
        """Keep a screen; an older one of the same chat is forgotten."""
        async with self._database.transaction() as tx:
            tx.write(
                "INSERT INTO late_screens "
                "(chat_id, thread_id, message_id, text, markup, asked_at, card) "
                "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (chat_id) DO UPDATE SET "
                "thread_id = excluded.thread_id, message_id = excluded.message_id, "
                "text = excluded.text, markup = excluded.markup, asked_at = excluded.asked_at, "
                "card = excluded.card",
                (
                    screen.chat_id,
                    screen.thread_id,
                    screen.message_id,
                    screen.text,
                    screen.markup,
                    screen.asked_at,
                    json.dumps(asdict(screen.card)) if screen.card else None,
                ),
            )

    async def find(self, chat_id: int) -> DelayedScreen | None:
        rows = await self._database.fetch(
            "SELECT chat_id, thread_id, message_id, text, markup, asked_at, card "
            "FROM late_screens WHERE chat_id = ?",
            (chat_id,),
        )
        for row in rows:
            card = DrawnCard(**json.loads(row["card"])) if row["card"] else None
            return DelayedScreen(**dict(row) | {"card": card})
        return None

    async def list_chats(self, *, asked_by: int) -> list[int]:
        """The ids of the chats that a screen is kept for, asked for by that moment."""
        rows = await self._database.fetch(
            "SELECT chat_id FROM late_screens WHERE asked_at <= ?", (asked_by,)
        )
        return [row["chat_id"] for row in rows]

    async def forget(self, chat_id: int) -> None:
        async with self._database.transaction() as tx:
            tx.write("DELETE FROM late_screens WHERE chat_id = ?", (chat_id,))

    async def forget_before(self, moment: int) -> None:
        """Forget the screens asked for before a moment: nobody waits for them any more."""
        async with self._database.transaction() as tx:
            tx.write("DELETE FROM late_screens WHERE asked_at < ?", (moment,))


def chats_select(chat_ids: Collection[int]) -> Select:
    """For those who read, together with something else, for which of these a screen is kept."""
    marks = marks_sql(chat_ids)
    return f"SELECT chat_id FROM late_screens WHERE chat_id IN ({marks})", tuple(chat_ids)  # noqa: S608


def chats_of(rows: Sequence[Row]) -> set[int]:
    """The chats that were selected so."""
    return {row["chat_id"] for row in rows}
