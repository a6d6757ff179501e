"""What each person has chosen to see of the log: views, known by short ids.

A view is never changed: a button pressed a year later means what it meant. So views are kept in
memory once they are known; another process gives the same ids.
"""

import json
from collections import OrderedDict
from contextlib import suppress

from bot.domain.errors import NotFoundError
from bot.domain.log_views import (
    SAVED_VIEWS,
    STORED_FROM,
    WHOLE_LOG,
    LogView,
    as_data,
    day_view,
    from_data,
)
from storage.engine.base import Database

_REMEMBERED = 5000


class LogViewRepo:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._views: OrderedDict[tuple[int, int], LogView] = OrderedDict()
        self._ids: OrderedDict[tuple[int, LogView], int] = OrderedDict()

    async def get(self, employee_id: int, view_id: int) -> LogView:
        """A view of this person. Raises NotFoundError if there is none."""
        if view_id < STORED_FROM:
            return day_view(view_id) if view_id else WHOLE_LOG
        known = self._views.get((employee_id, view_id))
        if known is None:
            rows = await self._database.fetch(
                "SELECT chosen FROM log_views WHERE id = ? AND employee_id = ?",
                (view_id - STORED_FROM, employee_id),
            )
            if not rows:
                raise NotFoundError(f"view {view_id}")
            try:
                known = from_data(json.loads(rows[0]["chosen"]))
            except ValueError as error:  # a newer program, which runs beside this one
                raise NotFoundError(f"view {view_id}") from error
            self._remember(employee_id, view_id, known)
        return known

    async def put(self, employee_id: int, view: LogView) -> int:
        """The id of a view of this person, from now on."""
        if view == WHOLE_LOG or view.day:
            return view.day
        known = self._ids.get((employee_id, view))
        if known is None:
            chosen = json.dumps(as_data(view), ensure_ascii=False, sort_keys=True)
            async with self._database.transaction() as tx:
                [row] = await tx.execute(
                    "INSERT INTO log_views (employee_id, chosen) VALUES (?, ?) "
                    "ON CONFLICT (employee_id, chosen) DO UPDATE SET chosen = excluded.chosen "
                    "RETURNING id",
                    (employee_id, chosen),
                )
            known = STORED_FROM + int(row["id"])
            self._remember(employee_id, known, view)
        return known

    async def list_saved(self, employee_id: int) -> dict[int, LogView]:
        """The views a person keeps, by their ids, the oldest first.

        But for those that only a newer program knows, which runs beside this one.
        """
        rows = await self._database.fetch(
            "SELECT id, chosen FROM log_views WHERE employee_id = ? AND saved_at IS NOT NULL "
            "ORDER BY saved_at, id",
            (employee_id,),
        )
        saved = {}
        for row in rows:
            with suppress(ValueError):
                saved[STORED_FROM + row["id"]] = from_data(json.loads(row["chosen"]))
        return saved

    async def save(self, employee_id: int, view_id: int, *, now: int) -> bool:
        """Keep a view. False: the person keeps SAVED_VIEWS already."""
        async with self._database.transaction() as tx:
            [row] = await tx.execute(
                "SELECT count(*) AS n FROM log_views "
                "WHERE employee_id = ? AND saved_at IS NOT NULL AND id <> ?",
                (employee_id, view_id - STORED_FROM),
            )
            if row["n"] >= SAVED_VIEWS:
                return False
            tx.write(
                "UPDATE log_views SET saved_at = ? "
                "WHERE id = ? AND employee_id = ? AND saved_at IS NULL",
                (now, view_id - STORED_FROM, employee_id),
            )
        return True

    async def drop(self, employee_id: int, view_id: int) -> None:
        """Keep a view no more."""
        async with self._database.transaction() as tx:
            tx.write(
                "UPDATE log_views SET saved_at = NULL WHERE id = ? AND employee_id = ?",
                (view_id - STORED_FROM, employee_id),
            )

    def _remember(self, employee_id: int, view_id: int, view: LogView) -> None:
        self._views[employee_id, view_id] = view
        self._ids[employee_id, view] = view_id
        for kept in (self._views, self._ids):
            if len(kept) > _REMEMBERED:
                kept.popitem(last=False)
