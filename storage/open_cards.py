"""The open cards: which message of a person's own chat shows the card of which call or case.

- A row is written when a handler has shown a card, and deleted before anything else is shown in
  that message, both while the updates of that chat are held up: a row never tells of a screen that
  is over. Nothing is known in memory alone.
- Whatever changes a call or a case owes an edit of its open cards (storage/owing_cards.py), in the
  transaction of the change. A card that was just shown is owed one too: what changed between its
  reading and its row would be missed otherwise. Mostly nothing differs then, and nothing is sent.
- `shown` is what the card would have shown at `drawn_at` without a passing note: what is owed is
  compared as of that moment, so that time alone (“waiting for 5 min”) edits nothing.
- A chat has the NEWEST of its cards kept true, for OPEN_SECONDS: nobody looks at older ones.
"""

from dataclasses import dataclass

from bot.domain.outbox import MessageKind, Owed
from storage.engine.base import Database
from storage.owing import purge_told
from storage.owing_cards import owe_card, settle_card_edit

NEWEST = 8
OPEN_SECONDS = 48 * 3600


@dataclass(frozen=True, slots=True)
class DrawnCard:
    """The card of a call or of a case, as it was drawn; `origin`: the button that draws it."""

    origin: str
    call_id: int | None
    case_id: int | None
    shown: str
    drawn_at: int


class OpenCardRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, chat_id: int, message_id: int, card: DrawnCard, *, now: int) -> None:
        """Note that the message shows this card now."""
        async with self._database.transaction() as tx:
            tx.write(
                "INSERT INTO open_cards (chat_id, message_id, call_id, case_id, origin, shown, "
                "drawn_at, opened_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (chat_id, message_id) DO UPDATE SET "
                "call_id = excluded.call_id, case_id = excluded.case_id, "
                "origin = excluded.origin, shown = excluded.shown, "
                "drawn_at = excluded.drawn_at, opened_at = excluded.opened_at",
                (
                    *(chat_id, message_id, card.call_id, card.case_id, card.origin, card.shown),
                    *(card.drawn_at, now),
                ),
            )
            tx.write(
                "DELETE FROM open_cards WHERE chat_id = ? AND message_id NOT IN "
                "(SELECT o.message_id FROM open_cards AS o WHERE o.chat_id = ? "
                "ORDER BY o.opened_at DESC, o.message_id DESC LIMIT ?)",
                (chat_id, chat_id, NEWEST),
            )
            await owe_card(tx, chat_id, message_id)

    async def find(self, chat_id: int, message_id: int) -> DrawnCard | None:
        """The card that a message shows; None: it shows none, or it is not kept true any more."""
        rows = await self._database.fetch(
            "SELECT origin, call_id, case_id, shown, drawn_at FROM open_cards "
            "WHERE chat_id = ? AND message_id = ?",
            (chat_id, message_id),
        )
        return DrawnCard(**dict(rows[0])) if rows else None

    async def forget(self, chat_id: int, message_id: int) -> None:
        """Note that the message shows no card any more."""
        async with self._database.transaction() as tx:
            tx.write(
                "DELETE FROM open_cards WHERE chat_id = ? AND message_id = ?",
                (chat_id, message_id),
            )

    async def settle(self, owed: Owed, card: DrawnCard | None = None) -> None:
        """Owe the edit no more, unless there is something new; `card`: what was shown by it."""
        async with self._database.transaction() as tx:
            if card:
                tx.write(
                    "UPDATE open_cards SET shown = ?, drawn_at = ? "
                    "WHERE chat_id = ? AND message_id = ? AND origin = ?",
                    (card.shown, card.drawn_at, owed.chat_id, owed.message_id, card.origin),
                )
            await settle_card_edit(tx, owed.id, owed.version)

    async def purge(self, *, now: int) -> bool:
        """Keep cards true no more that were opened long ago. Returns whether there were any."""
        before = now - OPEN_SECONDS
        if not await self._database.has(
            "SELECT 1 FROM open_cards WHERE opened_at < ? LIMIT 1", (before,)
        ):
            return False
        async with self._database.transaction() as tx:
            tx.write("DELETE FROM open_cards WHERE opened_at < ?", (before,))
            await purge_told(tx, [MessageKind.CARD], before=before)
        return True
