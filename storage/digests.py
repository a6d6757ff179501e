"""The digest: what became of the lost calls of a span of time, and when each person wants it."""

import statistics
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.errors import NotFoundError
from bot.hours import next_local, wall
from bot.models import CaseState, Digest, DigestPerson, DigestTotals, Scope
from storage.database import Database, Row
from storage.outbox import Kind, Priority, owe_person
from storage.scopes import case_in_scope

LIMIT = 6
"""Times of the day one person can choose."""

_LATE = 12 * 3600
_NOON = 12 * 60
_LEFT = {CaseState.OPEN, CaseState.EXPIRED}


class DigestRepo:
    def __init__(self, database: Database, zone: ZoneInfo) -> None:
        self._database = database
        self._zone = zone

    async def times(self, employee_id: int) -> list[int]:
        """The minutes of the day at which the person gets the digest."""
        rows = await self._database.fetch(
            "SELECT minutes FROM digests WHERE employee_id = ? ORDER BY minutes", (employee_id,)
        )
        return [row["minutes"] for row in rows]

    async def toggle(self, employee_id: int, minutes: int, *, now: int) -> None:
        """Send it at this time of the day too, or no more.

        Raises NotFoundError if the person has chosen LIMIT times already.
        """
        async with self._database.transaction() as tx:
            removed = await tx.execute(
                "DELETE FROM digests WHERE employee_id = ? AND minutes = ? RETURNING minutes",
                (employee_id, minutes),
            )
            if removed:
                return
            added = await tx.execute(
                "INSERT INTO digests (employee_id, minutes, due_at) SELECT ?, ?, ? "
                "WHERE (SELECT count(*) FROM digests WHERE employee_id = ?) < ? "
                "RETURNING minutes",
                (employee_id, minutes, next_local(now, minutes, self._zone), employee_id, LIMIT),
            )
            if not added:
                raise NotFoundError(f"a digest more for employee {employee_id}")

    async def send(self, *, now: int) -> int:
        """Owe the digests that are due. Returns how many.

        One the bot slept through is owed when it is back, if it is at most half a day late.
        """
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                "SELECT * FROM digests WHERE due_at <= ? ORDER BY due_at LIMIT 200", (now,)
            )
            for row in rows:
                await tx.execute(
                    "UPDATE digests SET due_at = ? WHERE employee_id = ? AND minutes = ?",
                    (
                        next_local(now, row["minutes"], self._zone),
                        row["employee_id"],
                        row["minutes"],
                    ),
                )
                if now - row["due_at"] > _LATE:
                    continue
                await owe_person(
                    tx,
                    Kind.DIGEST,
                    f"{row['due_at']} {row['minutes']}",
                    employee_id=row["employee_id"],
                    priority=Priority.LIST,
                    now=now,
                )
        return len(rows)

    def span(self, due_at: int, minutes: int) -> tuple[int, int]:
        """What a digest of that time tells of: before noon the day before, else the day so far."""
        on = datetime.fromtimestamp(due_at, UTC).astimezone(self._zone).date()
        if minutes < _NOON:
            return wall(on - timedelta(days=1), 0, self._zone), wall(on, 0, self._zone)
        return wall(on, 0, self._zone), due_at

    async def digest(self, scope: Scope, start: int, end: int, *, target: int) -> Digest:
        """The cases opened from `start` to `end`, in scope; `target` in seconds."""
        on = datetime.fromtimestamp(start, UTC).astimezone(self._zone).date()
        week_ago = wall(on - timedelta(days=7), 0, self._zone)
        rows = await self._rows(scope, start, end)
        before = await self._rows(scope, week_ago, week_ago + end - start)
        took = sorted(_took(row) for row in rows if _is_timed(row))
        hours = Counter(
            datetime.fromtimestamp(row["opened_at"], UTC).astimezone(self._zone).hour
            for row in rows
        )
        totals = _totals(rows)
        return Digest(
            start=start,
            end=end,
            totals=totals,
            before=_totals(before),
            median=round(statistics.median(took)) if took else None,
            p90=took[-(-len(took) * 9 // 10) - 1] if took else None,
            in_target=sum(seconds <= target for seconds in took),
            due=totals.opened - totals.got_through,
            target=target,
            worst_hour=min(hours, key=lambda hour: (-hours[hour], hour)) if hours else None,
            worst_count=max(hours.values(), default=0),
            people=await self._people(rows),
        )

    async def _rows(self, scope: Scope, start: int, end: int) -> list[Row]:
        mine, values = case_in_scope(scope, "k")
        return await self._database.fetch(
            "SELECT k.state, k.opened_at, k.closed_at, c.extension, v.employee_id "  # noqa: S608
            "FROM cases AS k "
            "LEFT JOIN case_calls AS y ON y.case_id = k.id AND y.part = 'closing' "
            "LEFT JOIN calls AS c ON c.id = y.call_id "
            "LEFT JOIN case_events AS v ON v.id = (SELECT max(b.id) FROM case_events AS b "
            "WHERE b.case_id = k.id AND b.kind = 'closed') "
            f"WHERE k.opened_at >= ? AND k.opened_at < ? AND k.state <> 'void' AND {mine}",
            (start, end, *values),
        )

    async def _people(self, rows: Sequence[Row]) -> tuple[DigestPerson, ...]:
        """Who called back, and who closed by hand; the busiest first."""
        names = await self._database.fetch(
            "SELECT e.id, e.name, x.extension FROM employees AS e "
            "LEFT JOIN employee_extensions AS x ON x.employee_id = e.id"
        )
        of_extension = {row["extension"]: row["name"] for row in names if row["extension"]}
        of_id = {row["id"]: row["name"] for row in names}
        took: dict[str, list[int]] = {}
        by_hand: Counter[str] = Counter()
        for row in rows:
            if _is_timed(row) and row["extension"]:
                name = of_extension.get(row["extension"]) or row["extension"]
                took.setdefault(name, []).append(_took(row))
            elif row["state"] == CaseState.BY_HAND and row["employee_id"]:
                by_hand[of_id.get(row["employee_id"]) or "–"] += 1
        people = [
            DigestPerson(
                name=name,
                called_back=len(took.get(name, ())),
                median=round(statistics.median(took[name])) if name in took else None,
                by_hand=by_hand[name],
            )
            for name in {*took, *by_hand}
        ]
        return tuple(sorted(people, key=lambda one: (-one.called_back, -one.by_hand, one.name)))


def _is_timed(row: Row) -> bool:
    """Whether it was called back, and not only the PBX says so."""
    return row["state"] == CaseState.CALLED_BACK and row["closed_at"] is not None


def _took(row: Row) -> int:
    """Seconds from the first lost call to the talk."""
    seconds: int = row["closed_at"] - row["opened_at"]
    return seconds


def _totals(rows: Sequence[Row]) -> DigestTotals:
    states = Counter(CaseState(row["state"]) for row in rows)
    return DigestTotals(
        opened=len(rows),
        called_back=states[CaseState.CALLED_BACK],
        got_through=states[CaseState.GOT_THROUGH],
        by_hand=states[CaseState.BY_HAND],
        left=sum(states[state] for state in _LEFT),
    )
