"""What older programs have left undone: those before an upgrade, and those that go on beside it.

Replicas are upgraded one after another. An older program writes calls and comments as ever, and
knows nothing of what was added since.

- Calls of which facts are not kept that are kept now (KNOWN in traits.py) are looked through by
  and by, the newest first: `look_through`. An older program leaves each call that it writes so.
- What an older program leaves as it was, and what a comment or the case of a call says, is
  compared as the leader begins, and some minutes later again: `mend`.
"""

from collections.abc import Callable, Sequence

from bot.domain.calls import CaseState, Status
from storage.calls import merged_call
from storage.engine.base import Database, Row, Transaction, chunks, marks_sql
from storage.first_calls import is_earliest_sql
from storage.search_index import note_clients
from storage.traits import COMMENTED, FIRST, KNOWN, of_case, traits_of, unknown_sql

_BACK = 86400
"""Seconds for which an upgrade may have lasted."""

MENDED_EVERY = 300
"""Seconds; an older program may go on so long after this one has begun to lead, and longer."""

_OVERLAP = 60
"""Seconds by which the clocks of two machines, and the moments of a call, may differ."""

_AT_ONCE = 300

_MEANT = (
    "SELECT c.*, EXISTS (SELECT 1 FROM comments AS m WHERE m.call_id = c.id) AS is_commented, "  # noqa: S608
    "EXISTS (SELECT 1 FROM call_extensions AS x WHERE x.call_id = c.id AND x.traits IS NULL) "
    "AS is_half, (SELECT k.state FROM case_calls AS y JOIN cases AS k ON k.id = y.case_id "
    "WHERE y.call_id = c.id AND y.part = 'lost') AS state, "
    f"{is_earliest_sql('c')} AS is_first FROM calls AS c"
)
"""Calls, and what is meant to stand in their traits."""

_UNKNOWN = f"SELECT c.id FROM calls AS c WHERE {unknown_sql('c')}"  # noqa: S608


class OlderPrograms:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._mended_at: int | None = None

    async def look_through(self) -> None:
        """Look through some of the calls of which the facts are not kept."""
        if not await self._database.has(f"{_UNKNOWN} LIMIT 1"):
            return
        newest = f"{_UNKNOWN} ORDER BY c.position DESC, c.id DESC LIMIT {_AT_ONCE}"
        async with self._database.transaction() as tx:
            rows = await tx.execute(f"{_MEANT} WHERE c.id IN ({newest})")
            _write(tx, rows)

    async def mend_again(self, clock: Callable[[], int]) -> None:
        """Mend what has been written since that was done before."""
        await self.mend(now=clock())

    async def mend(self, *, now: int) -> int:
        """Have calls filtered, and found, by what they say now. Returns how many were mended.

        It looks back for as long as an upgrade may last, or to when it was done before.
        """
        since = now - _BACK if self._mended_at is None else self._mended_at - _OVERLAP
        self._mended_at = now
        rows = await self._database.fetch(
            f"{_MEANT} WHERE c.id IN (SELECT id FROM calls WHERE traits IS NULL "  # noqa: S608
            "UNION SELECT call_id FROM call_extensions WHERE traits IS NULL "
            "UNION SELECT id FROM calls WHERE position > ? "
            "UNION SELECT call_id FROM comment_changes WHERE changed_at > ? "
            "UNION SELECT y.call_id FROM cases AS k JOIN case_calls AS y ON y.case_id = k.id "
            "WHERE y.part = 'lost' AND (k.state = 'open' OR k.closed_at > ?))",
            (since, since, since),
        )
        wrong = [row for row in rows if row["is_half"] or row["traits"] != _meant(row)]
        for some in chunks(wrong, _AT_ONCE):
            async with self._database.transaction() as tx:
                ids = [row["id"] for row in some]
                _write(tx, await tx.execute(f"{_MEANT} WHERE c.id IN ({marks_sql(ids)})", ids))
        for some in chunks(rows, _AT_ONCE):
            async with self._database.transaction() as tx:
                note_clients(tx, [row["client"] for row in some if row["client"]])
        async with self._database.transaction() as tx:
            tx.write(
                "DELETE FROM comment_words WHERE call_id IN (SELECT h.call_id "
                "FROM comment_changes AS h WHERE h.changed_at > ? AND NOT EXISTS "
                "(SELECT 1 FROM comments AS m WHERE m.call_id = h.call_id))",
                (since,),
            )
        return len(wrong)


def _meant(row: Row) -> int:
    state = CaseState(row["state"]) if row["state"] else None
    traits = of_case(traits_of(merged_call(row)), Status(row["status"]), state) | KNOWN
    return traits | COMMENTED * bool(row["is_commented"]) | FIRST * bool(row["is_first"])


def _write(tx: Transaction, rows: Sequence[Row]) -> None:
    tx.write_many(
        "UPDATE calls SET traits = ? WHERE id = ?", [(_meant(row), row["id"]) for row in rows]
    )
    tx.write_many(
        "UPDATE call_extensions SET traits = ?, line = ?, queue = ? WHERE call_id = ?",
        [(_meant(row), row["line"], row["queue"], row["id"]) for row in rows],
    )
    note_clients(tx, [row["client"] for row in rows if row["client"]])
