"""The book of all contacts: its pages in the order of the alphabet, one contact, its removal.

A page is found by the sort key of a contact on it, as a page of the log by its position. Keys are
made by the program: `sort_key` in bot/domain/contacts.py. Whoever names a contact writes its key
too; what an older program has named is put into order by `sort`.

A contact that was removed keeps its row, and its numbers know it as their former one, for
UNDO_SECONDS; then it is deleted for good.
"""

from collections.abc import AsyncIterator

from bot.domain.audit import AuditKind, By
from bot.domain.case_rules import DEFAULT_RULES, CaseRules
from bot.domain.contacts import UNDO_SECONDS, Contact, ContactPage, sort_key
from bot.domain.errors import NotFoundError
from bot.domain.log import PAGES_COUNTED, Turn
from storage.audit import note
from storage.case_refolding import CaseRefolding
from storage.contact_rows import CONTACT_SQL, contacts_of, owe_names, write_keys
from storage.engine.base import Database, Select, Transaction, Value, marks_sql

_AT_ONCE = 500
"""Contacts that one trip reads, or puts into order."""

_IN_BOOK = "FROM contacts WHERE removed_at IS NULL"
_BEHIND = "(sort_key, id) > (?, ?)"
_BEFORE = "(sort_key, id) < (?, ?)"


class ContactBook:
    def __init__(self, database: Database, *, rules: CaseRules = DEFAULT_RULES) -> None:
        self._database = database
        self._rules = rules

    async def page(self, turn: Turn, anchor: int, *, size: int) -> ContactPage:
        """A page seen from a contact on it, by its id; from an end if that is gone.

        NEWER is towards the beginning of the alphabet.
        """
        key: tuple[str, int] | None = None
        rows = await self._database.fetch(
            "SELECT sort_key, id FROM contacts WHERE id = ?", (anchor,)
        )
        if rows and turn not in {Turn.FIRST, Turn.LAST}:
            key = rows[0]["sort_key"], rows[0]["id"]
        found = await self._database.fetch(*_keys_select(turn, key, size))
        if not found and key is not None:
            turn = Turn.FIRST if turn is Turn.NEWER else Turn.LAST
            found = await self._database.fetch(*_keys_select(turn, None, size))
        keys = sorted((row["sort_key"], row["id"]) for row in found)
        ids = [id_ for _, id_ in keys]
        if not keys:
            return ContactPage((), 1, 1, has_earlier=False, has_later=False, total=0)
        most = PAGES_COUNTED * size + 1
        [[earlier]], [[later]], [[total]], shown = await self._database.fetch_each(
            _count_select(_BEFORE, keys[0], most),
            _count_select(_BEHIND, keys[-1], most),
            (f"SELECT count(*) {_IN_BOOK}", ()),
            (
                f"{CONTACT_SQL} WHERE k.id IN ({marks_sql(ids)}) ORDER BY k.sort_key, k.id, m.id",
                ids,
            ),
        )
        before = -(-earlier // size)
        return ContactPage(
            contacts=tuple(contacts_of(shown)),
            number=before + 1,
            count=before + -(-(len(keys) + later) // size),
            has_earlier=earlier > 0,
            has_later=later > 0,
            total=total,
        )

    async def get(self, contact_id: int) -> Contact:
        """Raises NotFoundError if it is not in the book (any more)."""
        rows = await self._database.fetch(
            f"{CONTACT_SQL} WHERE k.id = ? ORDER BY m.id", (contact_id,)
        )
        for contact in contacts_of(rows):
            return contact
        raise NotFoundError(f"contact {contact_id}")

    async def list_named(self, words: str, *, limit: int) -> list[Contact]:
        """The first contacts whose names begin with these words."""
        key = sort_key(words)
        rows = await self._database.fetch(
            f"{CONTACT_SQL} WHERE k.id IN (SELECT id {_IN_BOOK} "
            "AND sort_key >= ? AND sort_key < ? ORDER BY sort_key, id LIMIT ?) "
            "ORDER BY k.sort_key, k.id, m.id",
            (key, f"{key}\U0010ffff", limit),
        )
        return contacts_of(rows)

    async def most_numbers(self) -> int:
        """How many numbers the contact has that has the most."""
        [[count]] = await self._database.fetch(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM contact_numbers "
            "WHERE contact_id IS NOT NULL GROUP BY contact_id) AS counted"
        )
        return count or 0

    async def every(self) -> AsyncIterator[list[Contact]]:
        """All contacts in the order of the alphabet, some at a time."""
        key: tuple[str, int] | None = None
        while True:
            found = await self._database.fetch(*_keys_select(Turn.OLDER, key, _AT_ONCE))
            if not found:
                return
            key = found[-1]["sort_key"], found[-1]["id"]
            ids = [row["id"] for row in found]
            rows = await self._database.fetch(
                f"{CONTACT_SQL} WHERE k.id IN ({marks_sql(ids)}) ORDER BY k.sort_key, k.id, m.id",
                ids,
            )
            yield contacts_of(rows)

    async def remove(self, contact_id: int, *, now: int, by: int | None = None) -> None:
        """Take a contact out of the book: its numbers are clients of their own again.

        `by`: the id of who does so; None: the server.

        A number taken away from it before cannot be brought back to it any more.
        """
        async with self._database.transaction() as tx:
            tx.write(
                "UPDATE contact_numbers SET former_id = NULL "
                "WHERE former_id = ? AND contact_id IS NULL",
                (contact_id,),
            )
            numbers = await tx.execute(
                "UPDATE contact_numbers SET contact_id = NULL, former_id = contact_id "
                "WHERE contact_id = ? RETURNING number",
                (contact_id,),
            )
            removed = await tx.execute(
                "UPDATE contacts SET removed_at = ? WHERE id = ? AND removed_at IS NULL "
                "RETURNING name",
                (now, contact_id),
            )
            for row in removed:
                number = numbers[0]["number"] if numbers else None
                detail = {"old": row["name"] or number}
                note(tx, AuditKind.CONTACT_REMOVED, By(by, now), number=number, detail=detail)
            await self._regroup(tx, {row["number"] for row in numbers}, now=now)

    async def restore(self, contact_id: int, *, now: int, by: int | None = None) -> bool:
        """Bring it back with those of its numbers that nobody has since. False: too late."""
        async with self._database.transaction() as tx:
            numbers = await tx.execute(
                "UPDATE contact_numbers SET contact_id = former_id, former_id = NULL "
                "WHERE former_id = ? AND contact_id IS NULL AND EXISTS (SELECT 1 FROM contacts "
                "WHERE id = contact_numbers.former_id AND removed_at >= ?) RETURNING number",
                (contact_id, now - UNDO_SECONDS),
            )
            if not numbers:
                return False
            [row] = await tx.execute(
                "UPDATE contacts SET removed_at = NULL WHERE id = ? RETURNING name", (contact_id,)
            )
            number = numbers[0]["number"]
            detail = {"new": row["name"] or number}
            note(tx, AuditKind.CONTACT_RESTORED, By(by, now), number=number, detail=detail)
            await self._regroup(tx, {row["number"] for row in numbers}, now=now)
        return True

    async def purge(self, *, now: int) -> bool:
        """Delete for good what was removed long enough ago. Returns whether there was any."""
        before = now - 2 * UNDO_SECONDS
        gone = "FROM contacts WHERE removed_at IS NOT NULL AND removed_at < ?"
        if not await self._database.has(f"SELECT 1 {gone} LIMIT 1", (before,)):
            return False
        async with self._database.transaction() as tx:
            tx.write(f"DELETE {gone}", (before,))
        return True

    async def sort(self) -> None:
        """Put some of those contacts into order whose names have changed without their keys."""
        unsorted = "SELECT id, name, version FROM contacts WHERE key_version <> version"
        if not await self._database.has(f"{unsorted} LIMIT 1"):
            return
        async with self._database.transaction() as tx:
            rows = await tx.execute(f"{unsorted} LIMIT {_AT_ONCE}")
            write_keys(tx, [(row["id"], row["name"], row["version"]) for row in rows])

    async def _regroup(self, tx: Transaction, numbers: set[str], *, now: int) -> None:
        if numbers:
            await CaseRefolding(tx, self._rules, now).regroup(numbers)
            await owe_names(tx, numbers, now=now)


def _keys_select(turn: Turn, key: tuple[str, int] | None, size: int) -> Select:
    """The (sort_key, id) of a page, from its side of the key on."""
    sign = {Turn.OLDER: ">", Turn.AT: ">=", Turn.NEWER: "<"}.get(turn)
    order = "DESC" if turn in {Turn.NEWER, Turn.LAST} else "ASC"
    bound = f" AND (sort_key, id) {sign} (?, ?)" if sign and key else ""
    values: tuple[Value, ...] = key if sign and key else ()
    return (
        f"SELECT sort_key, id {_IN_BOOK}{bound} "
        f"ORDER BY sort_key {order}, id {order} LIMIT {size}",
        values,
    )


def _count_select(bound: str, key: tuple[str, int], most: int) -> Select:
    """How many contacts are on that side of the key; counted up to `most`."""
    return (
        f"SELECT count(*) FROM (SELECT 1 {_IN_BOOK} AND {bound} LIMIT {most}) AS counted",  # noqa: S608
        key,
    )
