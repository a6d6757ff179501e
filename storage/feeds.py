"""The feeds of sources: where each goes on, whether its PBX answers, and who is told if not.

An outage is told to the administrators once it has lasted TELL_AFTER seconds, at once if a person
must act, and its end is told if it was. A restart changes nothing of that.
"""

from collections.abc import Collection, Mapping

from bot.domain.feeds import FeedState
from bot.domain.outbox import MessageKind
from storage.engine.base import Database, marks_sql
from storage.owing import owe_administrators

TELL_AFTER = 60


class FeedRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def cursor(self, source: str, feed: str) -> str | None:
        """Where the feed goes on; None: it was never read."""
        rows = await self._database.fetch(
            "SELECT cursor FROM feeds WHERE source = ? AND feed = ?", (source, feed)
        )
        return rows[0]["cursor"] if rows else None

    async def keep_cursor(
        self, source: str, feed: str, cursor: str, *, read_until: int | None = None
    ) -> None:
        async with self._database.transaction() as tx:
            tx.write(
                "INSERT INTO feeds (source, feed, cursor, read_until) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (source, feed) DO UPDATE SET cursor = excluded.cursor, "
                "read_until = coalesce(excluded.read_until, feeds.read_until)",
                (source, feed, cursor, read_until),
            )

    async def note_answer(self, source: str, feed: str, *, now: int) -> None:
        """Note that the feed answers, from now on."""
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                "SELECT failed_at, told_at FROM feeds WHERE source = ? AND feed = ?",
                (source, feed),
            )
            tx.write(
                "INSERT INTO feeds (source, feed, connected_at) VALUES (?, ?, ?) "
                "ON CONFLICT (source, feed) DO UPDATE SET connected_at = excluded.connected_at, "
                "failed_at = NULL, told_at = NULL",
                (source, feed, now),
            )
            for row in rows:
                if row["told_at"] is not None:
                    subject = f"{source} {feed} {row['failed_at']} {now}"
                    owe_administrators(tx, MessageKind.FEED_BACK, subject, now=now)

    async def note_failure(
        self, source: str, feed: str, error: str, *, now: int, must_act: bool = False
    ) -> bool:
        """Note that the feed does not answer. `must_act`: a person must, it will not pass.

        Returns whether it answered until now.
        """
        async with self._database.transaction() as tx:
            [row] = await tx.execute(
                "INSERT INTO feeds (source, feed, failed_at, error) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (source, feed) DO UPDATE SET error = excluded.error, "
                "failed_at = coalesce(feeds.failed_at, excluded.failed_at), connected_at = NULL "
                "RETURNING failed_at, told_at",
                (source, feed, now, error),
            )
            is_old = must_act or now - row["failed_at"] >= TELL_AFTER
            if is_old and row["told_at"] is None:
                subject = f"{source} {feed} {row['failed_at']}"
                if await owe_administrators(tx, MessageKind.FEED_LOST, subject, now=now):
                    tx.write(
                        "UPDATE feeds SET told_at = ? WHERE source = ? AND feed = ?",
                        (now, source, feed),
                    )
        return row["failed_at"] == now and row["told_at"] is None

    async def error(self, source: str, feed: str) -> str | None:
        """Why the feed did not answer last."""
        rows = await self._database.fetch(
            "SELECT error FROM feeds WHERE source = ? AND feed = ?", (source, feed)
        )
        return rows[0]["error"] if rows else None

    async def states(self) -> list[FeedState]:
        """How each feed is, by their names."""
        rows = await self._database.fetch(
            "SELECT * FROM feeds WHERE connected_at IS NOT NULL OR failed_at IS NOT NULL "
            "OR read_until IS NOT NULL ORDER BY source, feed"
        )
        return [
            FeedState(
                row["source"],
                row["feed"],
                row["connected_at"],
                row["failed_at"],
                row["error"],
                row["read_until"],
            )
            for row in rows
        ]

    async def forget_others(self, feeds: Mapping[str, Collection[str]]) -> None:
        """Forget the sources that the settings do not have any more; `feeds`: those of each.

        Of a feed that a source has no more, only where it would go on is kept.
        """
        names = ("", *feeds)
        async with self._database.transaction() as tx:
            tx.write(
                f"DELETE FROM feeds WHERE source NOT IN ({marks_sql(names)})",  # noqa: S608
                names,
            )
            for source, known in feeds.items():
                tx.write(
                    "UPDATE feeds SET connected_at = NULL, failed_at = NULL, told_at = NULL, "  # noqa: S608
                    "error = NULL, read_until = NULL "
                    f"WHERE source = ? AND feed NOT IN ({marks_sql(('', *known))})",
                    (source, "", *known),
                )
