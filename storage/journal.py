"""Reading the log: pages by key, the numbers of a day, the days that have calls, one call.

Every query carries the reader's scope in its SQL. A page is found by the key of a call on it,
(position, id), never by an offset: a new call shifts nothing, and the last page costs what the
first does. `position` is the start of a call, and later than all starts while it is live.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from bot.domain.calls import (
    Call,
    CaseLink,
    CasePart,
    CaseState,
    Comment,
    Direction,
    EndedBy,
    Party,
    Status,
)
from bot.domain.errors import NoAccessError, NotFoundError
from bot.domain.log import PAGES_COUNTED, DayNumbers, Key, LogFilter, Page, Turn
from bot.domain.merging import is_end_unknown
from bot.domain.people import EVERYTHING, Person, Scope
from storage.calls import parse_rang
from storage.case_history import reopen_until_sql
from storage.clients import SAME_CLIENT_SQL
from storage.engine.base import Database, Row, Value, marks_sql
from storage.first_calls import is_new_client_sql
from storage.scopes import call_in_scope_sql, extension_holder_sql

_END_OF_TIME = 1 << 60
"""A position behind every call, live ones too."""

_STILL_SENDS = 7 * 86400
"""Seconds after which a source that has sent no price, or no recording, counts as sending none."""


class JournalRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, scope: Scope, log_filter: LogFilter, *, turn: Turn, key: Key | None, size: int
    ) -> Page:
        """One page of the log; if it would be past an end of the log, the page at that end."""
        keys = await self._keys(scope, log_filter, turn=turn, key=key, size=size)
        is_beyond = not keys and turn in {Turn.OLDER, Turn.NEWER, Turn.AT}
        if is_beyond:
            turn = Turn.FIRST if turn is Turn.NEWER else Turn.LAST
            keys = await self._keys(scope, log_filter, turn=turn, key=None, size=size)
        if not keys:
            return Page((), (), 1, 1, has_newer=False, has_older=False)
        most = PAGES_COUNTED * size
        calls = await self._calls([key.id for key in keys], scope)
        newer = 0
        if turn is not Turn.FIRST:
            newer = await self._count(scope, log_filter, ">", keys[0], most)
        older = await self._count(scope, log_filter, "<", keys[-1], max(1, most - newer))
        before = -(-newer // size)
        return Page(
            calls=calls,
            keys=tuple(keys),
            number=before + 1,
            count=before + -(-(len(keys) + older) // size),
            has_newer=newer > 0,
            has_older=older > 0,
            is_beyond=is_beyond,
        )

    async def get(self, call_id: int, scope: Scope) -> Call:
        """The call. Raises NotFoundError if it is gone, NoAccessError if out of scope."""
        for call in await self._calls([call_id], scope):
            return call
        if await self._database.has("SELECT 1 FROM calls WHERE id = ?", (call_id,)):
            raise NoAccessError(f"call {call_id}")
        raise NotFoundError(f"call {call_id}")

    async def numbers_of_client(self, client: str) -> tuple[str, ...]:
        """All numbers of the client who has this one, which comes first."""
        rows = await self._database.fetch(
            f"SELECT number FROM contact_numbers WHERE number IN {SAME_CLIENT_SQL} ORDER BY id",  # noqa: S608
            (client, client),
        )
        return (client, *(row["number"] for row in rows if row["number"] != client))

    async def list_visible(self, call_ids: Sequence[int], scope: Scope) -> dict[int, Call]:
        """Those of these calls that are in scope, by their ids."""
        return {call.id: call for call in await self._calls(call_ids, scope)}

    async def list_calls(
        self, call_ids: Sequence[int], *, mentioned: Iterable[str] = ()
    ) -> dict[int, Call]:
        """These calls, whoever may see them, for telling of a case as a whole.

        Their `colleagues` also name the people of the extensions `mentioned`.
        """
        calls = await self._calls(call_ids, EVERYTHING, mentioned=mentioned)
        return {call.id: call for call in calls}

    async def numbers(self, scope: Scope, *, start: int, end: int | None) -> DayNumbers:
        """Totals of the calls in scope, from `start` to before `end` (None: however late)."""
        last = _END_OF_TIME if end is None else end
        mine, extensions = call_in_scope_sql(scope, "c.id")
        rows = await self._database.fetch(
            "SELECT direction, lost, count(*) AS n FROM calls AS c "  # noqa: S608
            f"WHERE c.position >= ? AND c.position < ? AND {mine} GROUP BY direction, lost",
            (start, last, *extensions),
        )
        counts = {(row["direction"], row["lost"]): row["n"] for row in rows}
        [unreturned] = await self._database.fetch(
            "SELECT count(DISTINCT k.id) AS n FROM calls AS c "  # noqa: S608
            "JOIN case_calls AS y ON y.call_id = c.id AND y.part = 'lost' "
            "JOIN cases AS k ON k.id = y.case_id AND k.state IN ('open', 'expired') "
            f"WHERE c.lost = 1 AND c.position >= ? AND c.position < ? AND {mine}",
            (start, last, *extensions),
        )
        return DayNumbers(
            total=sum(counts.values()),
            incoming=sum(n for (direction, _), n in counts.items() if direction == "in"),
            outgoing=sum(n for (direction, _), n in counts.items() if direction == "out"),
            lost=sum(n for (_, lost), n in counts.items() if lost),
            unreturned=unreturned["n"],
        )

    async def has_calls(
        self, scope: Scope, log_filter: LogFilter, spans: Sequence[tuple[int, int]]
    ) -> list[bool]:
        """For each span of time (from, to) whether the filtered log has a call in it."""
        has_call, values = [], list[Value]()
        for start, end in spans:
            sql, of_span = _keys_sql(scope, replace(log_filter, start=start, end=end))
            # In the order of the log, so that a UNION stops at its first row.
            first = f"({sql} ORDER BY position, id LIMIT 1)"
            has_call.append(f"EXISTS (SELECT 1 FROM {first} AS one)")  # noqa: S608
            values += of_span
        [row] = await self._database.fetch(f"SELECT {', '.join(has_call)}", values)
        return [bool(has) for has in row]

    async def _keys(
        self, scope: Scope, log_filter: LogFilter, *, turn: Turn, key: Key | None, size: int
    ) -> list[Key]:
        sign = {Turn.OLDER: "<", Turn.AT: "<=", Turn.NEWER: ">"}.get(turn)
        ascending = turn in {Turn.NEWER, Turn.LAST}
        sql, values = _keys_sql(scope, log_filter, sign=sign, key=key)
        order = "ASC" if ascending else "DESC"
        rows = await self._database.fetch(
            f"{sql} ORDER BY position {order}, id {order} LIMIT ?", (*values, size)
        )
        keys = [Key(row["position"], row["id"]) for row in rows]
        return keys[::-1] if ascending else keys

    async def _count(
        self, scope: Scope, log_filter: LogFilter, sign: str, key: Key, most: int
    ) -> int:
        """How many calls stand before or behind the key; `most` + 1 if more than `most` do.

        The far row is looked for first: stepping over an index is half the price of counting it.
        """
        sql, values = _keys_sql(scope, log_filter, sign=sign, key=key)
        sql = f"{sql} ORDER BY position, id"
        [row] = await self._database.fetch(
            f"SELECT CASE WHEN EXISTS (SELECT 1 FROM ({sql} LIMIT 1 OFFSET ?) AS far) "  # noqa: S608
            "THEN ? "
            f"ELSE (SELECT count(*) FROM ({sql} LIMIT ?) AS near) END AS n",
            (*values, most, most + 1, *values, most),
        )
        count: int = row["n"]
        return count

    async def _calls(
        self, ids: Sequence[int], scope: Scope, *, mentioned: Iterable[str] = ()
    ) -> tuple[Call, ...]:
        """Those of the calls that are in scope, in this order, with comments, cases and names."""
        if not ids:
            return ()
        mine, extensions = call_in_scope_sql(scope, "c.id", or_claimed=True)
        rows = await self._database.fetch(
            "SELECT c.*, k.name AS contact, m.text, m.written_at, m.version, "  # noqa: S608
            "a.name AS author, (SELECT max(h.version) FROM comment_changes AS h "
            "WHERE h.call_id = c.id) AS changes, "
            "EXISTS (SELECT 1 FROM calls AS o WHERE o.source = c.source "
            "AND o.started_at > c.started_at - ? AND o.price IS NOT NULL) AS sends_prices, "
            "EXISTS (SELECT 1 FROM calls AS o WHERE o.source = c.source "
            "AND o.started_at > c.started_at - ? AND o.recording_url IS NOT NULL) "
            "AS sends_recordings, "
            f"{is_new_client_sql('c.client', 'c.started_at', 'c.id')} AS is_first FROM calls AS c "
            "LEFT JOIN contact_numbers AS n ON n.number = c.client "
            "LEFT JOIN contacts AS k ON k.id = n.contact_id "
            "LEFT JOIN comments AS m ON m.call_id = c.id "
            "LEFT JOIN employees AS a ON a.id = m.author_id "
            f"WHERE c.id IN ({marks_sql(ids)}) AND {mine}",
            (_STILL_SENDS, _STILL_SENDS, *ids, *extensions),
        )
        cases = await self._cases([row["id"] for row in rows], scope)
        named = {x for row in rows for x in (row["extension"], *parse_rang(row["rang"]))}
        named |= {row["closing_extension"] for row in cases.values()} | set(mentioned)
        for side, outside in (("caller", "in"), ("callee", "out")):
            ours = [row for row in rows if row["direction"] != outside]
            named |= {row[f"{side}_number"] or row[f"{side}_sip"] for row in ours}
        colleagues = await self._colleagues(x for x in named if x)
        calls = {row["id"]: _call(row, cases.get(row["id"]), colleagues) for row in rows}
        return tuple(calls[id_] for id_ in ids if id_ in calls)

    async def _cases(self, call_ids: Sequence[int], scope: Scope) -> dict[int, Row]:
        """The cases of these calls, by the call's id.

        A row has the ids of the case's closing and lost call only where those are in scope.
        """
        if not call_ids:
            return {}
        sees_closing, extensions = call_in_scope_sql(scope, "z.call_id", or_claimed=True)
        sees_lost, same = call_in_scope_sql(scope, "k.call_id", or_claimed=True)
        rows = await self._database.fetch(
            "SELECT y.call_id AS of_call, y.part, k.*, o.name AS owner_name, "  # noqa: S608
            f"{is_new_client_sql('k.client', 'k.opened_at')} AS is_of_new_client, "
            f"CASE WHEN {sees_closing} THEN z.call_id END AS closing_call, "
            f"CASE WHEN {sees_lost} THEN k.call_id END AS lost_call, "
            "t.extension AS closing_extension, "
            "h.name AS handed_by, w.name AS closed_by, v.employee_id AS closer, v.text AS words, "
            f"{reopen_until_sql('k')} AS reopen_until "
            "FROM case_calls AS y "
            "JOIN cases AS k ON k.id = y.case_id "
            "LEFT JOIN employees AS o ON o.id = k.owner_id "
            "LEFT JOIN case_events AS g ON g.kind = 'handed' AND g.employee_id <> k.owner_id "
            "AND g.id = (SELECT max(b.id) FROM case_events AS b "
            "WHERE b.case_id = k.id AND (b.kind = 'taken' AND b.employee_id = k.owner_id "
            "OR b.kind = 'handed' AND b.other_id = k.owner_id)) "
            "LEFT JOIN employees AS h ON h.id = g.employee_id "
            "LEFT JOIN case_calls AS z ON z.case_id = k.id AND z.part = 'closing' "
            "LEFT JOIN calls AS t ON t.id = z.call_id "
            "LEFT JOIN case_events AS v ON v.id = (SELECT max(b.id) FROM case_events AS b "
            "WHERE b.case_id = k.id AND b.kind = 'closed') "
            "LEFT JOIN employees AS w ON w.id = v.employee_id "
            f"WHERE y.call_id IN ({marks_sql(call_ids)})",
            (*extensions, *same, *call_ids),
        )
        return {row["of_call"]: row for row in rows}

    async def _colleagues(self, extensions: Iterable[str]) -> dict[str, str]:
        wanted = list(extensions)
        if not wanted:
            return {}
        rows = await self._database.fetch(
            "SELECT x.extension, e.name FROM employee_extensions AS x "  # noqa: S608
            "JOIN employees AS e ON e.id = x.employee_id AND e.state <> 'removed' "
            f"WHERE x.extension IN ({marks_sql(wanted)}) "
            f"AND e.id = {extension_holder_sql('x.extension')}",
            wanted,
        )
        return {row["extension"]: row["name"] for row in rows if row["name"]}


def _keys_sql(
    scope: Scope, log_filter: LogFilter, *, sign: str | None = None, key: Key | None = None
) -> tuple[str, list[Value]]:
    """A SELECT of the (position, id) of the filtered calls in scope, each once, in no order.

    It is composed so that every filter walks one index for each extension and each number of the
    client, in the order of the log.
    """
    bounds, values = _bounds(log_filter, sign, key)
    numbers: list[list[Value]] = [[number] for number in log_filter.numbers] or [[]]
    of_client = ["client = ?"] if log_filter.numbers else []
    if scope.extensions is None:
        where = " AND ".join([*of_client, *bounds]) or "1 = 1"
        one = f"SELECT position, id FROM calls WHERE {where}"  # noqa: S608
        return " UNION ALL ".join([one] * len(numbers)), [
            value for number in numbers for value in (*number, *values)
        ]
    if not scope.extensions:
        return "SELECT position, id FROM calls WHERE 1 = 0", []
    where = " AND ".join(["extension = ?", *of_client, *bounds]).replace(
        "(position, id)", "(position, call_id)"
    )
    one = f"SELECT position, call_id AS id FROM call_extensions WHERE {where}"  # noqa: S608
    return " UNION ".join([one] * len(scope.extensions) * len(numbers)), [
        value
        for extension in scope.extensions
        for number in numbers
        for value in (extension, *number, *values)
    ]


def _bounds(
    log_filter: LogFilter, sign: str | None, key: Key | None
) -> tuple[list[str], list[Value]]:
    bounds: list[str] = []
    values: list[Value] = []
    if log_filter.lost_only:
        bounds.append("lost = 1")
    if log_filter.start is not None:
        bounds.append("position >= ?")
        values.append(log_filter.start)
    if log_filter.end is not None:
        bounds.append("position < ?")
        values.append(log_filter.end)
    if sign is not None and key is not None:
        bounds.append(f"(position, id) {sign} (?, ?)")
        values.extend(key)
    return bounds, values


def _link(row: Row, colleagues: dict[str, str]) -> CaseLink:
    extension, state = row["closing_extension"], CaseState(row["state"])
    closed_by = row["closed_by"] if state is CaseState.BY_HAND else None
    if extension:
        closed_by = colleagues.get(extension, extension)
    return CaseLink(
        case_id=row["id"],
        part=CasePart(row["part"]),
        state=state,
        lost=row["lost"],
        attempts=row["attempts"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        owner=Person(row["owner_id"], row["owner_name"]) if row["owner_id"] else None,
        owned_at=row["owned_at"],
        handed_by=row["handed_by"] if row["owner_id"] else None,
        lost_call=row["lost_call"],
        closing_call=row["closing_call"],
        closed_by=closed_by,
        words=row["words"] if state is CaseState.BY_HAND else None,
        closer=row["closer"] if state is CaseState.BY_HAND else None,
        is_of_new_client=bool(row["is_of_new_client"]),
        reopen_until=row["reopen_until"],
    )


def _call(row: Row, case: Row | None, colleagues: dict[str, str]) -> Call:
    wait, talk, started_at = row["wait"], row["talk"], row["started_at"]
    status = Status(row["status"])
    link = _link(case, colleagues) if case else None
    if link and link.part is CasePart.LOST and link.state is CaseState.CALLED_BACK:
        status = Status.MISSED_CALLED_BACK
    ended_at: int | None = row["ended_at"]
    if wait is not None and talk is not None:
        ended_at = started_at + wait + talk
    return Call(
        id=row["id"],
        source=row["source"],
        external_id=row["external_id"],
        direction=Direction(row["direction"]),
        status=status,
        raw_status=row["raw_status"],
        caller=Party(row["caller_name"], row["caller_number"], row["caller_sip"]),
        callee=Party(row["callee_name"], row["callee_number"], row["callee_sip"]),
        client=row["client"],
        contact=row["contact"],
        line=row["line"],
        queue=row["queue"],
        extension=row["extension"],
        rang=parse_rang(row["rang"]),
        started_at=started_at,
        answered_at=started_at + wait if wait is not None and talk else row["answered_at"],
        ended_at=ended_at,
        wait=wait,
        talk=talk,
        ended_by=EndedBy(row["ended_by"] or "unknown"),
        price=None if row["price"] is None else Decimal(row["price"]),
        currency=row["currency"],
        recording_url=row["recording_url"],
        settles_at=row["settles_at"],
        lost=bool(row["lost"]),
        is_end_unknown=ended_at is None and is_end_unknown(row["level"], Status(row["status"])),
        source_sends_prices=bool(row["sends_prices"]),
        source_sends_recordings=bool(row["sends_recordings"]),
        comment=Comment(
            text=row["text"],
            author=row["author"],
            written_at=row["written_at"],
            version=row["version"],
        )
        if row["text"] is not None
        else None,
        case=link,
        colleagues=colleagues,
        comment_changes=row["changes"] or 0,
        is_first=bool(row["is_first"]),
    )
