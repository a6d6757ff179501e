"""The calls of an export: all that a filter leaves of the log, read piece by piece by key.

Each piece is one short read of its own: whoever reads a million calls holds neither a snapshot nor
a connection meanwhile. What the log gets at its top after the beginning is not read, so it shifts
nothing; a live call that ends meanwhile, and so gets another place, is read once.
"""

from collections.abc import AsyncIterator, Mapping
from decimal import Decimal

from bot.domain.calls import CaseState, Direction, EndedBy, Status, shown_status
from bot.domain.exports import ExportedCall
from bot.domain.log import Key, LogFilter
from bot.domain.merging import LIVE_POSITION
from bot.domain.people import Scope
from bot.domain.phones import shown_number
from storage.calls import parse_rang
from storage.engine.base import Database, Row, Select, Value
from storage.log_parts import log_parts
from storage.scopes import extension_holder_sql

_COUNTED = 5000
"""Calls that are counted at a time."""

_DIRECTIONS = {one.value: one for one in Direction}
_STATUSES = {one.value: one for one in Status}
_ENDS = {one.value: one for one in EndedBy} | {None: EndedBy.UNKNOWN}


class ExportRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, scope: Scope, log_filter: LogFilter) -> int:
        """How many calls there are, counted piece by piece as they are read."""
        total = 0
        key: Key | None = None
        while True:
            sql, values = self._keys(scope, log_filter, key, _COUNTED)
            [row] = await self._database.fetch(
                f"WITH piece AS ({sql}) SELECT n, position, id FROM "  # noqa: S608
                "(SELECT count(*) AS n FROM piece) AS counted LEFT JOIN "
                "(SELECT position, id FROM piece ORDER BY position, id LIMIT 1) AS last ON 1 = 1",
                values,
            )
            total += int(row["n"])
            if row["n"] < _COUNTED:
                return total
            key = Key(row["position"], row["id"])

    async def read(
        self, scope: Scope, log_filter: LogFilter, *, at_once: int
    ) -> AsyncIterator[list[ExportedCall]]:
        """The calls, newest first as in the log, so many at a time."""
        colleagues = await self._colleagues()
        key: Key | None = None
        live: set[int] = set()
        while rows := await self._database.fetch(*self._piece(scope, log_filter, key, at_once)):
            key = Key(rows[-1]["position"], rows[-1]["id"])
            new = [row for row in rows if row["id"] not in live]
            live |= {row["id"] for row in rows if row["position"] >= LIVE_POSITION}
            yield [_exported(row, colleagues) for row in new]
            if len(rows) < at_once:
                return

    def _keys(
        self, scope: Scope, log_filter: LogFilter, key: Key | None, size: int
    ) -> tuple[str, list[Value]]:
        """The (position, id) of the calls behind the key."""
        parts = log_parts(scope, log_filter, sign="<" if key else None, key=key)
        by = "position DESC, id DESC"
        sql = self._database.union_sql([sql for sql, _ in parts], by, str(size))
        return sql, [value for _, values in parts for value in values]

    def _piece(self, scope: Scope, log_filter: LogFilter, key: Key | None, size: int) -> Select:
        """No more than is written: what a card says besides would cost as much again."""
        keys, values = self._keys(scope, log_filter, key, size)
        return (
            "SELECT c.*, k.name AS contact, m.text, a.name AS author, s.state, s.closed_at, "  # noqa: S608
            "s.owned_at, o.name AS owner, t.extension AS closing_extension, "
            "w.name AS closed_by, v.text AS words "
            f"FROM (SELECT * FROM ({keys}) AS keys) AS p "
            "JOIN calls AS c ON c.id = p.id "
            "LEFT JOIN contact_numbers AS n ON n.number = c.client "
            "LEFT JOIN contacts AS k ON k.id = n.contact_id "
            "LEFT JOIN comments AS m ON m.call_id = c.id "
            "LEFT JOIN employees AS a ON a.id = m.author_id "
            "LEFT JOIN case_calls AS y ON y.call_id = c.id AND y.part = 'lost' "
            "LEFT JOIN cases AS s ON s.id = y.case_id "
            "LEFT JOIN employees AS o ON o.id = s.owner_id "
            "LEFT JOIN case_calls AS z ON z.case_id = s.id AND z.part = 'closing' "
            "LEFT JOIN calls AS t ON t.id = z.call_id "
            "LEFT JOIN case_events AS v ON s.state = 'by_hand' AND v.id = (SELECT max(b.id) "
            "FROM case_events AS b WHERE b.case_id = s.id AND b.kind = 'closed') "
            "LEFT JOIN employees AS w ON w.id = v.employee_id "
            "ORDER BY p.position DESC, p.id DESC",
            values,
        )

    async def _colleagues(self) -> dict[str, str]:
        """Under whose name the calls of an extension are shown."""
        rows = await self._database.fetch(
            "SELECT x.extension, e.name FROM employee_extensions AS x "  # noqa: S608
            "JOIN employees AS e ON e.id = x.employee_id AND e.state <> 'removed' "
            f"WHERE e.id = {extension_holder_sql('x.extension')}"
        )
        return {row["extension"]: row["name"] for row in rows if row["name"]}


def _exported(row: Row, colleagues: Mapping[str, str]) -> ExportedCall:
    direction, started_at = _DIRECTIONS[row["direction"]], row["started_at"]
    wait, talk, ended_at = row["wait"], row["talk"], row["ended_at"]
    if wait is not None and talk is not None:
        ended_at = started_at + wait + talk
    fate = CaseState(row["state"]) if row["state"] else None
    sides = {
        side: _client(row, side)
        if direction is outside
        else _colleague(row, side, direction, colleagues)
        for side, outside in (("caller", Direction.IN), ("callee", Direction.OUT))
    }
    fate_by, fate_at, fate_words = _ending(row, fate, colleagues)
    return ExportedCall(
        row["id"],
        row["source"],
        row["external_id"],
        direction,
        shown_status(_STATUSES[row["status"]], fate),
        started_at,
        *sides["caller"],
        *sides["callee"],
        row["line"],
        row["queue"],
        colleagues.get(row["extension"]),
        row["extension"],
        wait,
        talk,
        ended_at,
        _ENDS[row["ended_by"]],
        None if row["price"] is None else Decimal(row["price"]),
        row["currency"],
        row["text"],
        row["author"],
        fate if fate is not CaseState.VOID else None,
        fate_by,
        fate_at,
        fate_words,
    )


def _client(row: Row, side: str) -> tuple[str | None, str | None]:
    """The name and the number of who is no colleague."""
    number = row["client"] or shown_number(row[f"{side}_number"]) or row[f"{side}_sip"]
    return row["contact"] or row[f"{side}_name"], number


def _colleague(
    row: Row, side: str, direction: Direction, colleagues: Mapping[str, str]
) -> tuple[str | None, str | None]:
    """The name and the extension of a colleague; of a call nobody took, of all who were rung."""
    extension = None if direction is Direction.INTERNAL else row["extension"]
    if not extension and direction is Direction.IN and (rang := parse_rang(row["rang"])):
        names = [colleagues.get(one, one) for one in rang]
        return ", ".join(names), ", ".join(rang)
    extension = extension or row[f"{side}_number"] or row[f"{side}_sip"]
    return colleagues.get(extension or "") or row[f"{side}_name"], extension


def _ending(
    row: Row, fate: CaseState | None, colleagues: Mapping[str, str]
) -> tuple[str | None, int | None, str | None]:
    """Who has the case of a lost call, or has ended it, since when, what was said then."""
    if fate is None or fate is CaseState.VOID:
        return None, None, None
    if fate is CaseState.OPEN:
        return row["owner"], row["owned_at"] if row["owner"] else None, None
    if fate is CaseState.BY_HAND:
        return row["closed_by"], row["closed_at"], row["words"]
    extension = row["closing_extension"]
    return colleagues.get(extension, extension), row["closed_at"], None
