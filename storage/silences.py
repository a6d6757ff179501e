"""When new calls of each source were heard of, and since when it is silent (bot/domain/silence).

How many calls have failed to come is added up in the database, little by little: so a restart
forgets nothing, and time in which nobody listened counts nothing.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from bot.domain.outbox import MessageKind
from bot.domain.silence import QUARTER, WEEKS, Heard
from storage.clock import MAY_DELETE_SQL
from storage.engine.base import Database, Transaction, marks_sql
from storage.owing import owe_administrators


@dataclass(frozen=True, slots=True)
class Silence:
    """Of a source, since the last call that was heard of, or since it was listened to anew.

    `missed`: how many calls would have come by `counted_until`.
    """

    source: str
    since: int
    counted_until: int
    missed: float
    is_told: bool


class SilenceRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def heard(self, source: str, *, now: int) -> list[Heard]:
        """When new calls were heard of in the last weeks, the oldest first."""
        rows = await self._database.fetch(
            "SELECT quarter, calls, first_at, last_at, longest FROM heard "
            "WHERE source = ? AND quarter BETWEEN ? AND ? ORDER BY quarter",
            (source, _first_quarter(now), now // QUARTER),
        )
        return [Heard(*row) for row in rows]

    async def last_heard(self, source: str, *, now: int) -> int | None:
        """When the latest new call was heard of; what a wrong clock has dated later is none."""
        rows = await self._database.fetch(
            "SELECT last_at FROM heard WHERE source = ? AND quarter <= ? "
            "ORDER BY quarter DESC LIMIT 1",
            (source, now // QUARTER),
        )
        return min(now, rows[0]["last_at"]) if rows else None

    async def silences(self) -> dict[str, Silence]:
        rows = await self._database.fetch("SELECT * FROM silences")
        return {
            row["source"]: Silence(
                row["source"],
                row["since"],
                row["counted_until"],
                row["missed"] / 1000,
                row["told_at"] is not None,
            )
            for row in rows
        }

    async def not_answering(self) -> dict[str, bool]:
        """The sources with a feed that does not answer, and whether that was told."""
        rows = await self._database.fetch(
            "SELECT source, max(CASE WHEN told_at IS NULL THEN 0 ELSE 1 END) AS is_told "
            "FROM feeds WHERE failed_at IS NOT NULL GROUP BY source"
        )
        return {row["source"]: bool(row["is_told"]) for row in rows}

    async def keep(self, silences: Iterable[Silence], *, gaps: Mapping[str, int], now: int) -> int:
        """Keep how silent sources are, and tell the administrators what they do not know.

        `gaps`: the seconds from one call to the next, as usual, of those that are silent for
        unusually long. Returns how many are told of.
        """
        told = 0
        async with self._database.transaction() as tx:
            for one in silences:
                rows = await tx.execute(
                    "SELECT since, told_at FROM silences WHERE source = ?", (one.source,)
                )
                told_at = rows[0]["told_at"] if rows else None
                if one.source in gaps and told_at is None:
                    subject = f"{one.source} {one.since} {gaps[one.source]}"
                    if await owe_administrators(tx, MessageKind.SILENT, subject, now=now):
                        told_at, told = now, told + 1
                elif told_at is not None and not one.is_told:
                    told_at, told = None, told + 1
                    subject = f"{one.source} {rows[0]['since']} {one.since}"
                    owe_administrators(tx, MessageKind.HEARD_AGAIN, subject, now=now)
                tx.write(
                    "INSERT INTO silences (source, since, counted_until, missed, told_at) "
                    "VALUES (?, ?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET "
                    "since = excluded.since, counted_until = excluded.counted_until, "
                    "missed = excluded.missed, told_at = excluded.told_at",
                    (one.source, one.since, one.counted_until, round(one.missed * 1000), told_at),
                )
        return told

    async def forget(self, sources: Collection[str], *, now: int) -> None:
        """Forget all but these sources, what is long past, and what a wrong clock has dated."""
        names = ("", *sources)
        marks = marks_sql(names)
        async with self._database.transaction() as tx:
            tx.write(f"DELETE FROM silences WHERE source NOT IN ({marks})", names)  # noqa: S608
            tx.write(f"DELETE FROM heard WHERE source NOT IN ({marks})", names)  # noqa: S608
            tx.write_many(
                "DELETE FROM heard WHERE source = ? AND (quarter > ? "  # noqa: S608
                f"OR quarter < ? AND {MAY_DELETE_SQL})",
                [(name, now // QUARTER, _first_quarter(now)) for name in sources],
            )


async def note_heard(tx: Transaction, counts: Mapping[str, int], *, now: int) -> None:
    """Note, in the transaction that records them, how many new calls each source tells of now."""
    tx.write_many(
        "INSERT INTO heard (source, quarter, calls, first_at, last_at, longest) "
        "VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT (source, quarter) DO UPDATE SET "
        "calls = heard.calls + excluded.calls, last_at = excluded.last_at, "
        "longest = CASE WHEN excluded.last_at - heard.last_at > heard.longest "
        "THEN excluded.last_at - heard.last_at ELSE heard.longest END",
        [(source, now // QUARTER, count, now, now) for source, count in counts.items()],
    )


def _first_quarter(now: int) -> int:
    return (now - (WEEKS * 7 + 1) * 86400) // QUARTER
