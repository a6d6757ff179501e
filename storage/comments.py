"""The comment of each call, and the history of its changes."""

from bot.domain.audit import AuditKind, By
from bot.domain.calls import CommentChange
from bot.domain.errors import ConflictError, NoAccessError, NotFoundError
from bot.domain.outbox import Priority
from bot.domain.people import Employee
from storage.audit import note
from storage.engine.base import Database, Transaction
from storage.owing import mark_alerts_changed
from storage.owing_cards import owe_cards
from storage.scopes import call_in_scope_sql
from storage.search_index import write_comment
from storage.traits import note_commented

UNDO_SECONDS = 30
"""How long a deleted comment can be brought back."""


class CommentRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def version(self, call_id: int) -> int:
        """The number of changes so far; whoever writes says which version they have seen."""
        rows = await self._database.fetch(
            "SELECT max(version) AS version FROM comment_changes WHERE call_id = ?", (call_id,)
        )
        return rows[0]["version"] or 0

    async def list_changes(self, call_id: int, *, limit: int) -> list[CommentChange]:
        """The latest changes, oldest first; who may see them is who may see the call."""
        rows = await self._database.fetch(
            "SELECT e.name, h.changed_at, h.old, h.new FROM comment_changes AS h "
            "JOIN employees AS e ON e.id = h.author_id WHERE h.call_id = ? "
            "ORDER BY h.version DESC LIMIT ?",
            (call_id, limit),
        )
        return [
            CommentChange(author=row["name"], at=row["changed_at"], old=row["old"], new=row["new"])
            for row in reversed(rows)
        ]

    async def set(
        self, call_id: int, text: str, *, author: Employee, on_top_of: int, now: int
    ) -> None:
        """Add or replace the comment; the same text again changes nothing.

        Raises ConflictError if it was changed after version `on_top_of`, NotFoundError if the
        call is gone, NoAccessError if the author may not see it.
        """
        async with self._database.transaction() as tx:
            await self._change(tx, call_id, text, author, on_top_of, now)

    async def delete(self, call_id: int, *, author: Employee, on_top_of: int, now: int) -> None:
        """Delete the comment; its text stays in the history. Raises as `set` does."""
        async with self._database.transaction() as tx:
            await self._change(tx, call_id, None, author, on_top_of, now)

    async def restore(self, call_id: int, version: int, *, author: Employee, now: int) -> bool:
        """Undo the deletion that made `version`. False: too late, or changed since."""
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                "SELECT old, changed_at FROM comment_changes "
                "WHERE call_id = ? AND version = ? AND new IS NULL",
                (call_id, version),
            )
            if not rows or now - rows[0]["changed_at"] > UNDO_SECONDS:
                return False
            try:
                text = rows[0]["old"]
                await self._change(tx, call_id, text, author, version, now, is_undoing=True)
            except ConflictError:
                return False
        return True

    @staticmethod
    async def _change(
        tx: Transaction,
        call_id: int,
        text: str | None,
        author: Employee,
        on_top_of: int,
        now: int,
        *,
        is_undoing: bool = False,
    ) -> None:
        mine, extensions = call_in_scope_sql(author.scope, "calls.id", or_claimed=True)
        calls = await tx.execute(
            f"SELECT client, {mine} AS is_in_scope FROM calls WHERE id = ?",  # noqa: S608
            (*extensions, call_id),
        )
        if not calls:
            raise NotFoundError(f"call {call_id}")
        if not calls[0]["is_in_scope"]:
            raise NoAccessError(f"call {call_id}")
        old = await tx.execute(
            "SELECT text, author_id FROM comments WHERE call_id = ?", (call_id,)
        )
        if old and old[0]["text"] == text:  # Telegram may deliver a message twice
            return
        [row] = await tx.execute(
            "SELECT max(version) AS version FROM comment_changes WHERE call_id = ?", (call_id,)
        )
        if (row["version"] or 0) != on_top_of:
            raise ConflictError(f"comment of call {call_id}")
        version = on_top_of + 1
        tx.write(
            "INSERT INTO comment_changes (call_id, version, author_id, changed_at, old, new) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (call_id, version, author.id, now, old[0]["text"] if old else None, text),
        )
        cases = await tx.execute("SELECT case_id FROM case_calls WHERE call_id = ?", (call_id,))
        await mark_alerts_changed(
            tx, [row["case_id"] for row in cases], priority=Priority.DETAIL, now=now
        )
        await owe_cards(tx, call_ids=[call_id], now=now)
        note_commented(tx, call_id, is_commented=text is not None)
        whose, kind = old[0]["author_id"] if old else None, None
        if text is None:
            kind = AuditKind.COMMENT_DELETED
        elif is_undoing:
            kind = AuditKind.COMMENT_RESTORED
        elif whose not in {None, author.id}:
            kind = AuditKind.COMMENT_CHANGED
        if kind:
            by, client = By(author.id, now), calls[0]["client"]
            note(tx, kind, by, call=call_id, number=client, other=whose)
        if text is None:
            tx.write("DELETE FROM comments WHERE call_id = ?", (call_id,))
            write_comment(tx, call_id, None)
            return
        tx.write(
            "INSERT INTO comments (call_id, author_id, text, written_at, version) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT (call_id) DO UPDATE SET "
            "author_id = excluded.author_id, text = excluded.text, "
            "written_at = excluded.written_at, version = excluded.version",
            (call_id, author.id, text, now, version),
        )
        write_comment(tx, call_id, text)
