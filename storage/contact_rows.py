"""Rows of contacts: how they are read, put into order, and what a change of them owes."""

from collections.abc import Collection, Iterable, Sequence
from itertools import groupby

from bot.domain.contacts import Contact, ContactNumber, sort_key
from bot.domain.outbox import Priority
from storage.engine.base import Row, Transaction, chunks, marks_sql
from storage.owing import mark_alerts_changed
from storage.owing_cards import owe_cards_of_client
from storage.search_index import write_names

CONTACT_SQL = (
    "SELECT k.id, k.name, k.former_name, k.version, k.added_at, e.name AS added_by, "
    "m.id AS number_id, m.number FROM contacts AS k "
    "LEFT JOIN employees AS e ON e.id = k.added_by "
    "JOIN contact_numbers AS m ON m.contact_id = k.id"
)
"""A row for each number of a contact `k`; to be ordered by contacts, then by `m.id`."""

RECENT_SECONDS = 48 * 3600
"""How old a closed case may be whose alerts are edited when its client gets another name."""

_AT_ONCE = 300


def contacts_of(rows: Iterable[Row]) -> list[Contact]:
    """The contacts of rows that stand together, in their order."""
    return [
        _contact(list(of_contact)) for _, of_contact in groupby(rows, key=lambda row: row["id"])
    ]


def _contact(rows: Sequence[Row]) -> Contact:
    first = rows[0]
    return Contact(
        first["id"],
        first["name"],
        first["former_name"],
        first["version"],
        tuple(ContactNumber(row["number_id"], row["number"]) for row in rows),
        first["added_by"],
        first["added_at"],
    )


def write_keys(tx: Transaction, contacts: Collection[tuple[int, str | None, int]]) -> None:
    """Put contacts, by their id, name and version, where they stand in the book and are found."""
    tx.write_many(
        "UPDATE contacts SET sort_key = ?, key_version = ? WHERE id = ?",
        [(sort_key(name), version, id_) for id_, name, version in contacts],
    )
    write_names(tx, [(id_, name) for id_, name, _ in contacts])


async def refresh_key(tx: Transaction, contact_id: int) -> None:
    """The same of one contact, whose name was changed in this transaction."""
    rows = await tx.execute("SELECT id, name, version FROM contacts WHERE id = ?", (contact_id,))
    write_keys(tx, [(row["id"], row["name"], row["version"]) for row in rows])


async def owe_names(tx: Transaction, numbers: Collection[str], *, now: int) -> None:
    """Owe edits of all that tells of a client of these numbers, who has another name now.

    That is open cards, and the alerts of cases that are open or recent.
    """
    await owe_cards_of_client(tx, numbers)
    for some in chunks(sorted(numbers), _AT_ONCE):
        cases = await tx.execute(
            f"SELECT id FROM cases WHERE client IN ({marks_sql(some)}) AND state <> 'void' "  # noqa: S608
            "AND (state = 'open' OR opened_at >= ?)",
            (*some, now - RECENT_SECONDS),
        )
        if ids := [row["id"] for row in cases]:
            await mark_alerts_changed(tx, ids, priority=Priority.DETAIL, now=now)
