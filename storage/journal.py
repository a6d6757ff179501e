"""Reading the log: pages by key, the numbers of a day, the days that have calls, one call.

Every query carries the reader's scope in its SQL. A page is found by the key of a call on it,
(position, id), never by an offset: a new call shifts nothing, and the last page costs what the
first does. `position` is the start of a call, and later than all starts while it is live.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain.calls import Call
from bot.domain.errors import NoAccessError, NotFoundError
from bot.domain.log import PAGES_FOUND, DayNumbers, Key, LogFilter, Page, Turn
from bot.domain.people import Scope
from storage.clients import SAME_CLIENT_SQL
from storage.engine.base import Database, Row, Select, Value
from storage.log_parts import UNKNOWN_SELECT, among_sql, asks_of_facts, log_parts
from storage.shown_calls import calls_selects, shown_calls, these

_MOST_VALUES = 20_000
"""In one statement: PostgreSQL takes 65 535, SQLite 32 766 where nothing else was chosen."""


@dataclass(frozen=True, slots=True)
class _PartOfLog:
    """What a filter leaves of what a reader sees; `all_known`: see log_parts()."""

    scope: Scope
    log_filter: LogFilter
    all_known: bool = False


class JournalRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self, scope: Scope, log_filter: LogFilter, *, turn: Turn, key: Key | None, size: int
    ) -> Page:
        """One page of the log; if it would be past an end of the log, the page at that end."""
        return (await self._page(scope, log_filter, turn, key, size))[0]

    async def day_page(
        self, scope: Scope, log_filter: LogFilter, *, turn: Turn, key: Key | None, size: int
    ) -> tuple[Page, DayNumbers]:
        """The same of a part that has a start, and the numbers of all calls between its bounds."""
        asked = _numbers_selects(scope, log_filter.start or 0, log_filter.end)
        page, counted = await self._page(scope, log_filter, turn, key, size, *asked)
        return page, _numbers(*counted)

    async def _page(
        self,
        scope: Scope,
        log_filter: LogFilter,
        turn: Turn,
        key: Key | None,
        size: int,
        *beside: Select,
    ) -> tuple[Page, list[list[Row]]]:
        """The page, and the rows of what is asked `beside`, in two trips to the database.

        In three while an older program's calls are looked through: mostly there are none.
        """
        part = _PartOfLog(scope, log_filter, all_known=True)
        unknown = [(UNKNOWN_SELECT, ())] if asks_of_facts(log_filter) else []
        rows, *others = await self._database.fetch_each(
            self._page_select(part, turn, key, size), *beside, *unknown
        )
        if unknown and others.pop():
            part = replace(part, all_known=False)
            rows = await self._database.fetch(*self._page_select(part, turn, key, size))
        is_beyond = not rows and turn in {Turn.OLDER, Turn.NEWER, Turn.AT}
        if is_beyond:
            turn = Turn.FIRST if turn is Turn.NEWER else Turn.LAST
            rows = await self._database.fetch(*self._page_select(part, turn, None, size))
        if not rows:
            return Page((), (), 1, 1, has_newer=False, has_older=False), others
        keys = sorted((Key(row["position"], row["id"]) for row in rows), reverse=True)
        ids, counted = [key.id for key in keys], log_filter.pages_counted(scope)
        [[newer, older]], *of_calls = await self._database.fetch_each(
            self._counts_select(part, turn, keys, counted * size),
            *calls_selects(these(ids), scope),
        )
        before = -(-newer // size)
        calls = shown_calls(*of_calls)
        page = Page(
            calls=tuple(calls[id_] for id_ in ids if id_ in calls),
            keys=tuple(keys),
            number=before + 1,
            count=before + -(-(len(keys) + older) // size),
            has_newer=newer > 0,
            has_older=older > 0,
            is_beyond=is_beyond,
            counted=counted,
            total=newer + len(keys) + older,
        )
        return page, others

    async def get(self, call_id: int, scope: Scope) -> Call:
        """The call. Raises NotFoundError if it is gone, NoAccessError if out of scope."""
        for call in (await self.list_visible([call_id], scope)).values():
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
        if not call_ids:
            return {}
        selects = calls_selects(these(call_ids), scope)
        return shown_calls(*await self._database.fetch_each(*selects))

    async def numbers(self, scope: Scope, *, start: int, end: int | None) -> DayNumbers:
        """Totals of the calls in scope, from `start` to before `end` (None: however late)."""
        return _numbers(*await self._database.fetch_each(*_numbers_selects(scope, start, end)))

    async def has_calls(
        self, scope: Scope, log_filter: LogFilter, spans: Sequence[tuple[int, int]]
    ) -> list[bool]:
        """For each span of time (from, to) whether the filtered log has a call in it.

        The bounds of the filter are not asked for: the spans stand for them. What a search has
        found may be a thousand values for each span, more than a statement takes for a month.
        """
        selects, has_call, values = list[Select](), list[str](), list[Value]()
        for start, end in spans:
            of_span = replace(log_filter, start=start, end=end)
            sql, asked = self._keys_sql(_PartOfLog(scope, of_span), "ASC", "1")
            if has_call and len(values) + len(asked) > _MOST_VALUES:
                selects.append((f"SELECT {', '.join(has_call)}", values))
                has_call, values = [], []
            has_call.append(f"EXISTS (SELECT 1 FROM ({sql}) AS one)")  # noqa: S608
            values = [*values, *asked]
        selects.append((f"SELECT {', '.join(has_call)}", values))
        rows = await self._database.fetch_each(*selects)
        return [bool(has) for [row] in rows for has in row]

    def _page_select(self, part: _PartOfLog, turn: Turn, key: Key | None, size: int) -> Select:
        """The (position, id) of the calls of a page, in no order."""
        sign = {Turn.OLDER: "<", Turn.AT: "<=", Turn.NEWER: ">"}.get(turn)
        order = "ASC" if turn in {Turn.NEWER, Turn.LAST} else "DESC"
        return self._keys_sql(part, order, str(size), sign=sign, key=key)

    def _counts_select(
        self, part: _PartOfLog, turn: Turn, keys: Sequence[Key], most: int
    ) -> Select:
        """How many calls stand before and behind these keys; `most` + 1 if more than `most` do.

        Both are counted up to `most` together, but it is always found out whether any stands
        behind. The far row is looked for first: stepping over an index is half the price of
        counting it.
        """
        if turn is Turn.FIRST:
            newer, of_newer = "0", list[Value]()
        else:
            newer, of_newer = self._count_sql(part, ">", keys[0], str(most))
        left = f"(SELECT CASE WHEN n < {most} THEN {most} - n ELSE 1 END FROM newer)"  # noqa: S608
        older, of_older = self._count_sql(part, "<", keys[-1], left)
        return (
            f"WITH newer AS (SELECT {newer} AS n) SELECT n AS newer, {older} AS older FROM newer",  # noqa: S608
            (*of_newer, *of_older),
        )

    def _count_sql(
        self, part: _PartOfLog, sign: str, key: Key, most: str
    ) -> tuple[str, list[Value]]:
        log_filter = part.log_filter
        is_walked = log_filter.pages_counted(part.scope) == PAGES_FOUND
        if log_filter.found or log_filter.longer_than or is_walked:
            # to find them is what costs, so once
            near, values = self._keys_sql(part, "ASC", f"{most} + 1", sign=sign, key=key)
            return f"(SELECT count(*) FROM ({near}) AS near)", values  # noqa: S608
        far, values = self._keys_sql(part, "ASC", "1", most, sign=sign, key=key)
        near, _ = self._keys_sql(part, "ASC", most, sign=sign, key=key)
        return (
            f"CASE WHEN EXISTS (SELECT 1 FROM ({far}) AS far) THEN {most} + 1 "  # noqa: S608
            f"ELSE (SELECT count(*) FROM ({near}) AS near) END",
            [*values, *values],
        )

    def _keys_sql(
        self,
        part: _PartOfLog,
        order: str,
        limit: str,
        offset: str = "0",
        *,
        sign: str | None = None,
        key: Key | None = None,
    ) -> tuple[str, list[Value]]:
        """A SELECT of the (position, id) of the first filtered calls in scope, each once.

        It is composed so that every filter walks one index for each extension and each number of
        the client, in the order of the log, no farther than `limit` and `offset` want.
        """
        parts = log_parts(
            part.scope, part.log_filter, sign=sign, key=key, all_known=part.all_known
        )
        by = f"position {order}, id {order}"
        sql = self._database.union_sql([sql for sql, _ in parts], by, limit, offset)
        return sql, [value for _, values in parts for value in values]


def _numbers_selects(scope: Scope, start: int, end: int | None) -> tuple[Select, Select]:
    every, of_every = among_sql(scope, LogFilter(start=start, end=end))
    lost, of_lost = among_sql(scope, LogFilter(start=start, end=end, lost_only=True))
    return (
        "SELECT direction, lost, count(*) AS n FROM calls AS c "  # noqa: S608
        f"WHERE {every} GROUP BY direction, lost",
        of_every,
    ), (
        "SELECT count(DISTINCT k.id) AS n FROM calls AS c "  # noqa: S608
        "JOIN case_calls AS y ON y.call_id = c.id AND y.part = 'lost' "
        "JOIN cases AS k ON k.id = y.case_id AND k.state IN ('open', 'expired') "
        f"WHERE {lost}",
        of_lost,
    )


def _numbers(rows: Sequence[Row], unreturned: Sequence[Row]) -> DayNumbers:
    counts = {(row["direction"], row["lost"]): row["n"] for row in rows}
    return DayNumbers(
        total=sum(counts.values()),
        incoming=sum(n for (direction, _), n in counts.items() if direction == "in"),
        outgoing=sum(n for (direction, _), n in counts.items() if direction == "out"),
        lost=sum(n for (_, lost), n in counts.items() if lost),
        unreturned=unreturned[0]["n"],
    )
