"""The group chats, or topics of them, that hear of lost calls."""

from collections.abc import Sequence

from bot.domain.audit import AuditKind, By
from bot.domain.errors import NotFoundError
from bot.domain.groups import Group
from bot.domain.outbox import MessageKind
from bot.domain.people import Employee, Language
from bot.domain.places import Place, PlaceKind
from storage.audit import note
from storage.engine.base import Database, Row
from storage.owing import (
    bring_chat_up_to_date,
    drop_for_group,
    drop_unsent,
    drop_unsubscribed,
    move_chat,
    owe_administrators,
)

_LATEST_CALLS = 1000


class GroupRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def connect(
        self, chat_id: int, thread_id: int, *, title: str, by: Employee, now: int
    ) -> Group:
        """Let the chat hear of lost calls from now on, in the language of who connected it."""
        async with self._database.transaction() as tx:
            is_in = (
                "SELECT 1 FROM groups WHERE chat_id = ? AND thread_id = ? AND state = 'active'",
                (chat_id, thread_id),
            )
            connected, detail = AuditKind.GROUP_CONNECTED, {"title": title}
            note(tx, connected, By(by.id, now), detail=detail, unless=is_in)
            [row] = await tx.execute(
                "INSERT INTO groups (chat_id, thread_id, title, language, connected_by, "
                "connected_at) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (chat_id, thread_id) DO UPDATE SET state = 'active', "
                "title = excluded.title, language = excluded.language, "
                "connected_by = excluded.connected_by, connected_at = excluded.connected_at "
                "RETURNING id",
                (chat_id, thread_id, title, by.language.value, by.id, now),
            )
            await bring_chat_up_to_date(tx, chat_id, thread_id=thread_id)
        return await self.get(row["id"])

    async def get(self, group_id: int) -> Group:
        for group in await self._select("g.id = ?", (group_id,)):
            return group
        raise NotFoundError(f"group {group_id}")

    async def find(self, chat_id: int, thread_id: int) -> Group | None:
        groups = await self._select("g.chat_id = ? AND g.thread_id = ?", (chat_id, thread_id))
        return groups[0] if groups else None

    async def list_of_chat(self, chat_id: int) -> list[Group]:
        """The chat and its topics: those that are, or were, connected."""
        return await self._select("g.chat_id = ?", (chat_id,))

    async def set_title(self, chat_id: int, title: str) -> None:
        async with self._database.transaction() as tx:
            tx.write("UPDATE groups SET title = ? WHERE chat_id = ?", (title, chat_id))

    async def disconnect(self, group_id: int, *, by: By | None = None) -> None:
        """Let the group hear of nothing new; the messages it has are still edited.

        `by`: who wants that, of whom the audit is told. Raises NotFoundError if there is no such
        group.
        """
        async with self._database.transaction() as tx:
            asked = tx.ask("SELECT state FROM groups WHERE id = ?", (group_id,))
            left = await tx.execute(
                "UPDATE groups SET state = 'left' WHERE id = ? "
                "RETURNING chat_id, thread_id, title",
                (group_id,),
            )
            if not left:
                raise NotFoundError(f"group {group_id}")
            if by and (await asked)[0]["state"] == "active":
                note(tx, AuditKind.GROUP_STOPPED, by, detail={"title": left[0]["title"]})
            await drop_unsent(tx, left[0]["chat_id"], thread_id=left[0]["thread_id"])

    async def set_place(
        self, group_id: int, code: int, *, is_wanted: bool, by: By | None = None
    ) -> None:
        """Let the group hear of the place from now on, or no more; a disconnected one stays so.

        `by`: who wants that, of whom the audit is told. Raises NotFoundError if there is
        no such line or queue.
        """
        group = await self.get(group_id)
        heard = {place.code for place in group.places}
        if not group.is_active or (not is_wanted and code not in heard):
            return
        known = {place.code: place for place in (*await self.places(), *group.places)}
        if code not in known:
            raise NotFoundError(f"place {code}")
        place = known[code]
        async with self._database.transaction() as tx:
            tx.write(
                "INSERT INTO group_places (group_id, kind, name) VALUES (?, ?, ?) "
                "ON CONFLICT DO NOTHING"
                if is_wanted
                else "DELETE FROM group_places WHERE group_id = ? AND kind = ? AND name = ?",
                (group_id, place.kind.value, place.name),
            )
            if by and is_wanted != (code in heard):
                detail = {"title": group.title, "added" if is_wanted else "removed": place.name}
                note(tx, AuditKind.GROUP_PLACE, by, detail=detail)
            await drop_unsubscribed(tx, group_id, group.chat_id, thread_id=group.thread_id)

    async def hear_all(self, group_id: int, *, by: By | None = None) -> None:
        """Let the group hear of every line and queue; `by`: who wants that."""
        async with self._database.transaction() as tx:
            asked = tx.ask("SELECT title FROM groups WHERE id = ?", (group_id,))
            gone = await tx.execute(
                "DELETE FROM group_places WHERE group_id = "
                "(SELECT id FROM groups WHERE id = ? AND state = 'active') RETURNING name",
                (group_id,),
            )
            if by and gone:
                [group] = await asked
                note(tx, AuditKind.GROUP_PLACE, by, detail={"title": group["title"]})

    async def places(self) -> list[Place]:
        """The lines and queues of the latest calls, by name."""
        rows = await self._database.fetch(
            "WITH latest AS (SELECT line, queue FROM calls ORDER BY position DESC, id DESC "
            "LIMIT ?) SELECT 'line' AS kind, line AS name FROM latest WHERE line IS NOT NULL "
            "UNION SELECT 'queue', queue FROM latest WHERE queue IS NOT NULL "
            "ORDER BY kind, name LIMIT 40",
            (_LATEST_CALLS,),
        )
        return [Place(PlaceKind(row["kind"]), row["name"]) for row in rows]

    async def leave(self, chat_id: int, thread_id: int | None, *, now: int) -> None:
        """Owe nothing more to a chat, or a topic of it, that cannot be written to any more.

        The administrators are told, once.
        """
        async with self._database.transaction() as tx:
            left = await tx.execute(
                "UPDATE groups SET state = 'left' WHERE chat_id = ? "
                "AND thread_id = coalesce(?, thread_id) AND state = 'active' RETURNING title",
                (chat_id, thread_id),
            )
            await drop_for_group(tx, chat_id, thread_id=thread_id)
            for row in left:
                note(tx, AuditKind.GROUP_LEFT, By(None, now), detail={"title": row["title"]})
            for row in left[:1]:
                owe_administrators(tx, MessageKind.GROUP_LOST, f"{now} {row['title']}", now=now)

    async def migrate(self, old: int, new: int) -> None:
        """Follow a group that has become a supergroup: the same chat under another id.

        What was connected under the new id, before the move was heard of, stays as it is there.
        What was sent is not edited any more.
        """
        async with self._database.transaction() as tx:
            tx.write(
                "DELETE FROM groups WHERE chat_id = ? AND thread_id IN "
                "(SELECT thread_id FROM groups WHERE chat_id = ?)",
                (old, new),
            )
            tx.write("UPDATE groups SET chat_id = ? WHERE chat_id = ?", (new, old))
            await move_chat(tx, old, new)

    async def _select(self, where: str, values: Sequence[int]) -> list[Group]:
        rows = await self._database.fetch(
            "SELECT g.*, p.kind, p.name FROM groups AS g "  # noqa: S608
            "LEFT JOIN group_places AS p ON p.group_id = g.id "
            f"WHERE {where} ORDER BY g.id, p.kind, p.name",
            values,
        )
        by_group: dict[int, list[Row]] = {}
        for row in rows:
            by_group.setdefault(row["id"], []).append(row)
        return [_group(some) for some in by_group.values()]


def _group(rows: Sequence[Row]) -> Group:
    row = rows[0]
    return Group(
        id=row["id"],
        chat_id=row["chat_id"],
        thread_id=row["thread_id"],
        title=row["title"],
        language=Language(row["language"]),
        is_active=row["state"] == "active",
        places=tuple(Place(PlaceKind(one["kind"]), one["name"]) for one in rows if one["kind"]),
    )
