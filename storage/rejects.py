"""Input that could not be read, with the reasons: nothing a source sends vanishes silently.

A Reject is input that made no call; a flaw is an optional field of a call that was dropped or
mended: flaws are only counted, by source and kind.
"""

from collections import Counter
from collections.abc import Sequence

from bot.domain.calls import CallFacts, Flaw, Reject
from bot.domain.outbox import MessageKind
from storage.engine.base import Database, Transaction
from storage.owing import owe_administrators

KEPT = 1000
"""How many of the newest rejects of a source are kept in full."""

_BODY_LIMIT = 4096


class RejectRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, source: str, rejects: Sequence[Reject], *, now: int) -> None:
        """Keep rejects; the first one of a source also owes each administrator a message.

        The same input refused again for the same reason is the same reject, now the newest.
        """
        new = {
            (reason, body): (source, now, item.place, reason, body)
            for item in rejects
            for reason, body in [("; ".join(item.errors), item.body[:_BODY_LIMIT])]
        }
        async with self._database.transaction() as tx:
            kept = await tx.execute(
                "SELECT id, reason, body FROM rejects WHERE source = ?", (source,)
            )
            tx.write_many(
                "DELETE FROM rejects WHERE id = ?",
                [(row["id"],) for row in kept if (row["reason"], row["body"]) in new],
            )
            tx.write_many(
                "INSERT INTO rejects (source, received_at, place, reason, body) "
                "VALUES (?, ?, ?, ?, ?)",
                new.values(),
            )
            tx.write(
                "DELETE FROM rejects WHERE source = ? AND id <= "
                "(SELECT id FROM rejects WHERE source = ? ORDER BY id DESC LIMIT 1 OFFSET ?)",
                (source, source, KEPT),
            )
            owe_administrators(tx, MessageKind.REJECTS, source, now=now)

    async def counts(self) -> dict[str, int]:
        """How many rejects of each source are kept."""
        rows = await self._database.fetch(
            "SELECT source, count(*) AS n FROM rejects GROUP BY source"
        )
        return {row["source"]: row["n"] for row in rows}

    async def last(self, source: str) -> str | None:
        """The reason of the newest reject of a source."""
        rows = await self._database.fetch(
            "SELECT reason FROM rejects WHERE source = ? ORDER BY id DESC LIMIT 1", (source,)
        )
        return rows[0]["reason"] if rows else None

    async def flaws(self) -> dict[str, list[Flaw]]:
        """The flaws in the calls of each source, the latest first."""
        rows = await self._database.fetch("SELECT * FROM flaws ORDER BY last_at DESC, flaw")
        found: dict[str, list[Flaw]] = {}
        for row in rows:
            found.setdefault(row["source"], []).append(Flaw(row["flaw"], row["count"]))
        return found


async def count_flaws(tx: Transaction, facts: Sequence[CallFacts], *, now: int) -> None:
    """Count the flaws of statements, in the transaction that records them."""
    counts = Counter((one.source, flaw) for one in facts for flaw in one.flaws)
    tx.write_many(
        "INSERT INTO flaws (source, flaw, count, last_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (source, flaw) DO UPDATE SET count = flaws.count + excluded.count, "
        "last_at = excluded.last_at",
        [(source, flaw, count, now) for (source, flaw), count in counts.items()],
    )
