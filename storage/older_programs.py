"""What an older program leaves undone while replicas are upgraded one after another.

It writes calls and comments as ever, and knows nothing of what was added since.
"""

from storage.calls import merged_call
from storage.engine.base import Database, chunks
from storage.search_index import note_clients
from storage.traits import COMMENTED, traits_of

_BACK = 86400
"""Seconds for which an upgrade may have lasted."""

_AT_ONCE = 300


async def mend_traits(database: Database, *, now: int) -> int:
    """Have calls filtered, and found, by what they say now. Returns how many were mended."""
    since = now - _BACK
    rows = await database.fetch(
        "SELECT c.*, EXISTS (SELECT 1 FROM comments AS m WHERE m.call_id = c.id) AS is_commented, "
        "EXISTS (SELECT 1 FROM call_extensions AS x WHERE x.call_id = c.id AND x.traits IS NULL) "
        "AS is_half FROM calls AS c WHERE c.id IN (SELECT id FROM calls WHERE traits IS NULL "
        "UNION SELECT call_id FROM call_extensions WHERE traits IS NULL "
        "UNION SELECT id FROM calls WHERE position > ? "
        "UNION SELECT call_id FROM comment_changes WHERE changed_at > ?)",
        (since, since),
    )
    meant = {
        row["id"]: traits_of(merged_call(row)) | (COMMENTED if row["is_commented"] else 0)
        for row in rows
    }
    wrong = [row for row in rows if row["is_half"] or row["traits"] != meant[row["id"]]]
    for some in chunks(wrong, _AT_ONCE):
        async with database.transaction() as tx:
            tx.write_many(
                "UPDATE calls SET traits = ? WHERE id = ?",
                [(meant[row["id"]], row["id"]) for row in some],
            )
            tx.write_many(
                "UPDATE call_extensions SET traits = ?, line = ?, queue = ? WHERE call_id = ?",
                [(meant[row["id"]], row["line"], row["queue"], row["id"]) for row in some],
            )
            note_clients(tx, [row["client"] for row in some if row["client"]])
    return len(wrong)
