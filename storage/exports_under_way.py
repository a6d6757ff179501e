"""Which export each person has under way, in whatever process: one at a time.

Whoever makes one says again and again that it is alive. If it is silent for LASTS seconds it has
died, and the person may begin another: then the first, should it live after all, is not sent.
"""

from storage.engine.base import Database

LASTS = 30
"""Seconds after which one that nobody says is alive is over."""


class ExportsUnderWay:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def begin(self, employee_id: int, token: int, *, now: int) -> bool:
        """Begin one, known by its token from now on. False: the person has another.

        What lasts longer than it can was begun by a clock that was wrong.
        """
        async with self._database.transaction() as tx:
            begun = await tx.execute(
                "INSERT INTO exports_under_way (employee_id, token, lasts_until) VALUES (?, ?, ?) "
                "ON CONFLICT (employee_id) DO UPDATE SET token = excluded.token, "
                "lasts_until = excluded.lasts_until WHERE exports_under_way.lasts_until < ? "
                "OR exports_under_way.lasts_until > excluded.lasts_until RETURNING token",
                (employee_id, token, now + LASTS, now),
            )
        return bool(begun)

    async def keep(self, employee_id: int, token: int, *, now: int) -> bool:
        """Say that it is alive. False: it is not wanted any more."""
        async with self._database.transaction() as tx:
            kept = await tx.execute(
                "UPDATE exports_under_way SET lasts_until = ? "
                "WHERE employee_id = ? AND token = ? RETURNING token",
                (now + LASTS, employee_id, token),
            )
        return bool(kept)

    async def end(self, employee_id: int, token: int) -> bool:
        """It is over, or not wanted any more. False: it was so before."""
        async with self._database.transaction() as tx:
            ended = await tx.execute(
                "DELETE FROM exports_under_way WHERE employee_id = ? AND token = ? "
                "RETURNING token",
                (employee_id, token),
            )
        return bool(ended)
