"""The audit: who did what, kept apart from what it was done to, and longer.

- A deed is noted in the transaction that does it: there is no note without its deed, no deed
  without its note. The note is only queued, so it costs no trip to the database.
- What is only looked at is noted, by AuditRepo.note, before it is shown.
- It keeps ids, numbers and settings, and no text that people wrote about clients: comments go with
  their calls when RETENTION_DAYS deletes those.
- People are never deleted, so they keep their names. A call or a case that is gone leaves the row.
"""

import json
from collections.abc import Mapping, Sequence
from typing import TypeVar

from bot.domain.audit import (
    BY_ITSELF,
    AuditEntry,
    AuditFilter,
    AuditKind,
    AuditPage,
    By,
)
from bot.domain.log import PAGES_COUNTED, Key, Turn
from bot.domain.pages import nearest_page
from bot.domain.people import Person
from storage.engine.base import Database, Row, Select, Transaction, Value

T = TypeVar("T")

_ITSELF = 0
"""Who did what nobody in particular did, as stored: found by the index as others are."""

_TYPED_WITHIN = 600
"""Seconds from the first letter for which typing goes on."""

_ROW = (
    "INSERT INTO audit (at, employee_id, area, kind, call_id, case_id, number, other_id, "
    "batch_id, count, detail) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
)


def note(
    tx: Transaction,
    kind: AuditKind,
    by: By,
    *,
    call: int | None = None,
    case: int | None = None,
    number: str | None = None,
    other: int | None = None,
    batch: int | None = None,
    count: int = 1,
    unless: Select | None = None,
    detail: Mapping[str, str | None] | None = None,
) -> None:
    """Queue the note of a deed; `unless`: a SELECT that has a row if there is nothing to note.

    What several transactions do of one `batch` is one row, which counts them.
    """
    told = {name: value for name, value in (detail or {}).items() if value}
    is_new, values = ("WHERE 1 = 1", ()) if unless is None else (_unless(unless), unless[1])
    tx.write(
        f"{_ROW} {is_new} ON CONFLICT (batch_id, kind) "
        "DO UPDATE SET count = audit.count + excluded.count",
        (
            by.at,
            by.employee_id or _ITSELF,
            kind.area.value,
            kind.value,
            call,
            case,
            number,
            other,
            batch,
            count,
            _json(told) if told else None,
            *values,
        ),
    )


def note_change(
    tx: Transaction,
    kind: AuditKind,
    by: By | None,
    old: T,
    new: T,
    *,
    other: int | None = None,
    number: str | None = None,
    detail: Mapping[str, str | None] | None = None,
) -> None:
    """Queue the note of a change by somebody, if it is one, as `old` and `new`."""
    if by and old != new:
        told = {**(detail or {}), "old": _text(old), "new": _text(new)}
        note(tx, kind, by, other=other, number=number, detail=told)


class AuditRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(
        self,
        kind: AuditKind,
        by: By,
        *,
        call: int | None = None,
        number: str | None = None,
        other: int | None = None,
        count: int = 1,
        detail: Mapping[str, str | None] | None = None,
    ) -> None:
        """Note what changes nothing: that somebody looks at something, or takes it away."""
        async with self._database.transaction() as tx:
            note(tx, kind, by, call=call, number=number, other=other, count=count, detail=detail)

    async def note_typed(self, by: By, query: str) -> None:
        """Note what somebody looks up letter by letter: the longest of it, as one deed."""
        async with self._database.transaction() as tx:
            rows = await tx.execute(
                "SELECT id, kind, detail FROM audit WHERE employee_id = ? AND at > ? "
                "ORDER BY at DESC, id DESC LIMIT 1",
                (by.employee_id, by.at - _TYPED_WITHIN),
            )
            detail = {"query": query, "typed": "1"}
            last = _detail(rows[0]) if rows and rows[0]["kind"] == AuditKind.LOOKED_UP else {}
            if "typed" not in last or not _goes_on(last["query"], query):
                note(tx, AuditKind.LOOKED_UP, by, detail=detail)
            elif len(query) > len(last["query"]):
                tx.write(
                    "UPDATE audit SET detail = ? WHERE id = ?", (_json(detail), rows[0]["id"])
                )

    async def page(
        self, part: AuditFilter, *, turn: Turn, key: Key | None, size: int
    ) -> AuditPage:
        """One page; if it would be past an end, the page at that end."""
        rows = await self._database.fetch(*_page_select(part, turn, key, size))
        is_beyond = not rows and turn in {Turn.OLDER, Turn.NEWER, Turn.AT}
        if is_beyond:
            turn = Turn.FIRST if turn is Turn.NEWER else Turn.LAST
            rows = await self._database.fetch(*_page_select(part, turn, None, size))
        if not rows:
            return AuditPage((), 1, 1, has_newer=False, has_older=False)
        entries = sorted(map(_entry, rows), key=lambda one: one.key, reverse=True)
        most = PAGES_COUNTED * size + 1
        [[newer]], [[older]] = await self._database.fetch_each(
            _count_select(part, ">", entries[0].key, most),
            _count_select(part, "<", entries[-1].key, most),
        )
        before = -(-newer // size)
        return AuditPage(
            entries=tuple(entries),
            number=before + 1,
            count=before + -(-(len(entries) + older) // size),
            has_newer=newer > 0,
            has_older=older > 0,
            is_beyond=is_beyond,
        )

    async def people(self, *, page: int, size: int) -> tuple[list[Person], int, int]:
        """A page of those who have done anything that is kept, also if they were removed since.

        By name; with its number, from 0, the last one for any beyond, and how many there are.
        """
        of_audit = (
            "FROM employees AS e "
            "WHERE EXISTS (SELECT 1 FROM audit AS a WHERE a.employee_id = e.id)"
        )
        total = await self._database.count(f"SELECT count(*) {of_audit}")
        page, pages = nearest_page(page, size=size, total=total)
        rows = await self._database.fetch(
            f"SELECT e.id, e.name, e.tg_id {of_audit} ORDER BY e.name, e.id LIMIT ? OFFSET ?",
            (size, page * size),
        )
        people = [Person(row["id"], row["name"] or str(row["tg_id"])) for row in rows]
        return people, page, pages

    async def find_name(self, employee_id: int) -> str | None:
        """The name of a person, removed or not; None: there is no such person."""
        rows = await self._database.fetch(
            "SELECT name, tg_id FROM employees WHERE id = ?", (employee_id,)
        )
        return (rows[0]["name"] or str(rows[0]["tg_id"])) if rows else None

    async def purge(self, *, before: int, limit: int = 1000) -> int:
        """Delete up to `limit` deeds done before the moment, oldest first. Returns how many."""
        if not await self._database.has("SELECT 1 FROM audit WHERE at < ? LIMIT 1", (before,)):
            return 0
        async with self._database.transaction() as tx:
            purged = await tx.execute(
                "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < ? "
                "ORDER BY at, id LIMIT ?) RETURNING id",
                (before, limit),
            )
        return len(purged)


def _page_select(part: AuditFilter, turn: Turn, key: Key | None, size: int) -> Select:
    """The rows of a page, in no order, and the names of what they are about."""
    sign = {Turn.OLDER: "<", Turn.AT: "<=", Turn.NEWER: ">"}.get(turn)
    where, values = _bounds(part, sign, key)
    way = "ASC" if turn in {Turn.NEWER, Turn.LAST} else "DESC"
    return (
        "SELECT a.*, e.name AS who, e.tg_id AS who_tg, o.name AS other, o.tg_id AS other_tg, "  # noqa: S608
        "n.name AS client, c.id AS link "
        f"FROM (SELECT * FROM audit WHERE {where} ORDER BY at {way}, id {way} LIMIT {size}) AS a "
        "LEFT JOIN employees AS e ON e.id = a.employee_id "
        "LEFT JOIN employees AS o ON o.id = a.other_id "
        "LEFT JOIN contact_numbers AS m ON m.number = a.number "
        "LEFT JOIN contacts AS n ON n.id = m.contact_id "
        "LEFT JOIN cases AS k ON k.id = a.case_id "
        "LEFT JOIN calls AS c ON c.id = coalesce(a.call_id, k.call_id)",
        values,
    )


def _count_select(part: AuditFilter, sign: str, key: Key, most: int) -> Select:
    """How many stand before, or behind, the key, up to `most`.

    They are counted in order: PostgreSQL would rather read the whole table.
    """
    where, values = _bounds(part, sign, key)
    way = "ASC" if sign == ">" else "DESC"
    return (
        f"SELECT count(*) FROM (SELECT 1 FROM audit WHERE {where} "  # noqa: S608
        f"ORDER BY at {way}, id {way} LIMIT {most}) AS one",
        values,
    )


def _bounds(part: AuditFilter, sign: str | None, key: Key | None) -> tuple[str, Sequence[Value]]:
    bounds, values = ["1 = 1"], list[Value]()
    if part.who is not None:
        bounds.append("employee_id = ?")
        values.append(_ITSELF if part.who == BY_ITSELF else part.who)
    if part.area is not None:
        bounds.append("area = ?")
        values.append(part.area.value)
    if part.since is not None:
        bounds.append("at >= ?")
        values.append(part.since)
    if sign is not None and key is not None:
        bounds.append(f"(at, id) {sign} (?, ?)")
        values += key
    return " AND ".join(bounds), values


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
        key=Key(row["at"], row["id"]),
        kind=AuditKind(row["kind"]),
        who=_name(row["who"], row["who_tg"]),
        other=_name(row["other"], row["other_tg"]),
        call=row["link"],
        number=row["number"],
        client=row["client"],
        count=row["count"],
        detail=_detail(row),
    )


def _detail(row: Row) -> Mapping[str, str]:
    detail: Mapping[str, str] = json.loads(row["detail"] or "{}")
    return detail


def _json(detail: Mapping[str, str]) -> str:
    return json.dumps(detail, ensure_ascii=False)


def _goes_on(typed: str, query: str) -> bool:
    """Whether letters were only added, or only taken away."""
    return query.startswith(typed) or typed.startswith(query)


def _name(name: str | None, tg_id: int | None) -> str | None:
    return name or (None if tg_id is None else str(tg_id))


def _unless(select: Select) -> str:
    return f"WHERE NOT EXISTS ({select[0]})"


def _text(value: object) -> str | None:
    return None if value is None else str(value)
