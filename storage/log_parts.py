"""The part of the log that a filter leaves of what a reader sees, as SQL.

It is made of parts, each of which walks one index in the order of the log, and answers all that is
asked of a call out of it, or nearly: one for each extension, each number of the client and each
thing that a search has found. A call that rang two extensions is in two of them. Only the calls of
many numbers that were found are gathered by one part, for all extensions, and sorted.

What is asked of a call's client, and of its status, stands in its `traits` (traits.py). The calls
of which it does not, or not yet, are a part of their own, with an index of its own, and it is
asked of the tables that it follows from.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from bot.domain.calls import CaseState, Status
from bot.domain.log import Key, LogFilter
from bot.domain.people import EVERYTHING, Scope
from bot.domain.places import PlaceKind
from bot.domain.search import Found
from storage.engine.base import Select, Value, marks_sql
from storage.first_calls import is_new_among_first_sql, is_new_client_sql
from storage.scopes import call_in_scope_sql
from storage.search import comments_sql, names_sql
from storage.traits import (
    FIRST,
    KNOWN,
    commented_sql,
    each_state_sql,
    has_sql,
    is_marked,
    marked_sql,
    states_sql,
    status_sql,
    traits_sql,
    unknown_sql,
)

Predicates = list[tuple[str, list[Value]]]
"""What is asked of a call `c`, and the values in it."""

_CALLS = "calls"
_OF_EXTENSIONS = "call_extensions"
_COLUMNS = {PlaceKind.LINE: "line", PlaceKind.QUEUE: "queue"}


UNKNOWN_SELECT = " UNION ALL ".join(
    f"SELECT 1 FROM (SELECT 1 FROM {table} AS c WHERE {unknown_sql('c')} LIMIT 1) AS {table}"  # noqa: S608
    for table in (_CALLS, _OF_EXTENSIONS)
)
"""Rows if there are calls of which the facts are not kept: mostly there are none.

Of a call that an older program has changed they may be kept in the log of the company alone.
"""

_NO_LIMIT = 1 << 60

FEW = 20
"""Numbers, and extensions, that are each a part of their own; more numbers make one together."""

_FEW_BESIDE = 3
"""Extensions whose logs are each read beside the reader's; more are asked at once."""


_BESIDE = (
    "EXISTS (SELECT 1 FROM call_extensions AS x "
    "WHERE x.extension = ? AND x.position = c.position AND x.call_id = c.call_id)"
)
"""That a call of an extension is another's too; PostgreSQL merges the logs of both."""


@dataclass(frozen=True, slots=True)
class _Part:
    """`call`: where the id of a call stands in the table, whose name is `c`."""

    table: str
    call: str
    asked: Predicates
    is_gathered: bool = False

    def sql(self, *more: tuple[str, list[Value]]) -> tuple[str, list[Value]]:
        where, values = _joined([*self.asked, *more])
        sql = f"SELECT c.position, {self.call} AS id FROM {self.table} AS c WHERE {where}"  # noqa: S608
        if self.is_gathered:  # A LIMIT keeps it apart: else the log would be walked for its order.
            sql = f"SELECT DISTINCT position, id FROM ({sql} LIMIT {_NO_LIMIT}) AS gathered"  # noqa: S608
        return sql, values


@dataclass(frozen=True, slots=True)
class _Way:
    """What is asked of a call that is looked for; `is_gathered`: all such are read, and sorted."""

    asked: Predicates = field(default_factory=list)
    is_gathered: bool = False


def asks_of_facts(log_filter: LogFilter) -> bool:
    """Whether something is asked that of some calls may not be known yet: see UNKNOWN_SELECT."""
    return log_filter.case_states is not None or bool(log_filter.status) or log_filter.is_first


def log_parts(
    scope: Scope,
    log_filter: LogFilter,
    *,
    sign: str | None = None,
    key: Key | None = None,
    all_known: bool = False,
) -> list[tuple[str, list[Value]]]:
    """SELECTs of the (position, id) of the filtered calls in scope, in no order, and their values.

    `sign`, `key`: only those that stand so to the key. `all_known`: UNKNOWN_SELECT has no rows.
    """
    parts = _parts(scope, log_filter, all_known=all_known)
    if not parts:
        return [("SELECT 0 AS position, 0 AS id WHERE 1 = 0", [])]
    if sign is None or key is None:
        return [part.sql() for part in parts]
    return [part.sql((f"(c.position, {part.call}) {sign} (?, ?)", [*key])) for part in parts]


def among_sql(scope: Scope, log_filter: LogFilter) -> tuple[str, list[Value]]:
    """A predicate over calls `c`, and its values: the call is among the filtered ones in scope."""
    parts = _parts(scope, log_filter)
    if len(parts) == 1 and parts[0].table == _CALLS:
        return _joined(parts[0].asked)
    selects = log_parts(scope, log_filter)
    ids = " UNION ALL ".join(f"SELECT id FROM ({sql}) AS part" for sql, _ in selects)  # noqa: S608
    return f"c.id IN ({ids})", [value for _, values in selects for value in values]


def of_people_sql(log_filter: LogFilter) -> Select:
    """A SELECT of the filtered calls of each employee, some of them twice; for EVERYTHING alone.

    Rows of `employee_id`, `call_id` and `lost`, found as in the log of each extension.
    """
    found = log_filter.found
    ways = _ways(_OF_EXTENSIONS, "c.call_id", log_filter, found)
    if found is not None and not found:
        ways = [_Way([("1 = 0", [])])]
    asked = [_joined(way.asked) for way in ways]
    selects = [
        "SELECT z.employee_id, c.call_id, c.lost FROM employee_extensions AS z "  # noqa: S608
        f"CROSS JOIN call_extensions AS c WHERE c.extension = z.extension AND {where}"
        for where, _ in asked
    ]
    return " UNION ALL ".join(selects), [value for _, values in asked for value in values]


def _joined(asked: Predicates) -> tuple[str, list[Value]]:
    where = " AND ".join(sql for sql, _ in asked) or "1 = 1"
    return where, [value for _, values in asked for value in values]


def _parts(scope: Scope, log_filter: LogFilter, *, all_known: bool = False) -> list[_Part]:
    """What each part asks; none: no call is meant."""
    found = log_filter.found
    if () in {scope.extensions, log_filter.extensions} or (found is not None and not found):
        return []
    extensions = scope.extensions if log_filter.extensions is None else log_filter.extensions
    is_colleague = extensions is not scope.extensions and scope.extensions is not None
    mine = scope if is_colleague else EVERYTHING
    parts = _parts_at(extensions, log_filter, found, mine, all_known=all_known)
    if found and found.extensions and extensions is None:
        parts += _parts_at(found.extensions, log_filter, None, EVERYTHING, all_known=all_known)
    return parts


def _parts_at(
    extensions: Sequence[str] | None,
    log_filter: LogFilter,
    found: Found | None,
    scope: Scope,
    *,
    all_known: bool,
) -> list[_Part]:
    """The parts of the log of each of the extensions; None: of the whole log."""
    table, call = (_CALLS, "c.id") if extensions is None else (_OF_EXTENSIONS, "c.call_id")
    each: list[Predicates] = [[("c.extension = ?", [one])] for one in extensions or ()] or [[]]
    together = (
        [[(f"c.extension IN ({marks_sql(extensions)})", [*extensions])]] if extensions else each
    )
    mine = [] if scope.extensions is None else [_at_sql(scope, call)]
    return [
        _Part(table, call, [*phone, *way.asked, *mine], way.is_gathered)
        for way in _ways(table, call, log_filter, found, all_known=all_known)
        for phone in (together if way.is_gathered else each)
    ]


def _ways(
    table: str,
    call: str,
    log_filter: LogFilter,
    found: Found | None,
    *,
    all_known: bool = False,
) -> list[_Way]:
    """All that is asked of a call, but at which extension it is."""
    numbers: list[Predicates] = [[("c.client = ?", [one])] for one in log_filter.numbers] or [[]]
    searched = [_Way()] if found is None else _searched(found, table, call)
    asked = [*_of_log(log_filter), *_of_facts(log_filter, table)]
    ways = [
        _Way([*number, *state, *way.asked, *asked], way.is_gathered)
        for number, state, way in product(numbers, _of_states(log_filter, table), searched)
    ]
    if asks_of_facts(log_filter) and not all_known:
        ways.append(_Way(_of_unknown(log_filter, table, call, found)))
    return ways


def _searched(found: Found, table: str, call: str, *, is_indexed: bool = True) -> list[_Way]:
    """How calls in a table are found, but for those in the whole log by extensions."""
    ways = []
    if not is_indexed:
        ways.append(_Way([_of_numbers(found.numbers)]))
    elif len(found.numbers) <= FEW:
        ways += [_Way([("c.client = ?", [one])]) for one in found.numbers]
    else:
        among = f"c.client IN ({marks_sql(found.numbers)})"
        ways.append(_Way([(among, [*found.numbers])], is_gathered=True))
    if found.calls:
        among = f"{call} IN ({marks_sql(found.calls)})"
        ways.append(_Way([(among, [*found.calls])], is_gathered=True))
    if found.extensions and table == _OF_EXTENSIONS:
        if len(found.extensions) <= _FEW_BESIDE:
            ways += [_Way([(_BESIDE, [one])]) for one in found.extensions]
        else:
            ways.append(_Way([_at_sql(Scope(found.extensions), call)]))
    if found.digits:
        contain = " OR ".join("c.client LIKE ?" for _ in found.digits)
        ways.append(_Way([(f"({contain})", [f"%{one}%" for one in found.digits])]))
    if found.names:
        ids, values = names_sql(found.names)
        named = f"SELECT n.number FROM contact_numbers AS n WHERE n.contact_id IN {ids}"  # noqa: S608
        # coalesce for SQLite, OR for PostgreSQL: to be looked up while the log is walked, where
        # they would gather all the calls and sort them.
        ways.append(_Way([(f"({call} = 0 OR coalesce(c.client, '') IN ({named}))", values)]))
    if found.comments:
        commented = commented_sql("c", is_indexed=is_indexed)
        ways.append(_Way([(commented, []), comments_sql(found.comments, call)]))
    return ways


def _of_log(log_filter: LogFilter) -> Predicates:
    """What the log of the company and that of an extension both know of a call.

    Of the calls that are the first of their number there is an index with all of it.
    """
    is_indexed = not log_filter.is_first
    asked: Predicates = [(sql, []) for sql in traits_sql(log_filter, "c", is_indexed=is_indexed)]
    if log_filter.lost_only and log_filter.case_states is None:
        asked.append(("c.lost = 1", []))
    asked += _of_place(log_filter, is_indexed=is_indexed)
    return [*asked, *_of_time(log_filter)]


def _of_place(log_filter: LogFilter, *, is_indexed: bool) -> Predicates:
    if not (place := log_filter.place):
        return []
    column = f"c.{_COLUMNS[place.kind]}"
    return [(f"{column} = ?" if is_indexed else f"coalesce({column}, '') = ?", [place.name])]


def _of_time(log_filter: LogFilter) -> Predicates:
    asked: Predicates = []
    if log_filter.start is not None:
        asked.append(("c.position >= ?", [log_filter.start]))
    if log_filter.end is not None:
        asked.append(("c.position < ?", [log_filter.end]))
    return asked


def _of_states(log_filter: LogFilter, table: str) -> list[Predicates]:
    """What is asked of how the case of a lost call stands; each of them is walked by itself.

    Not so what another index has less of: the calls of a client, of a place, the first ones.
    """
    states = log_filter.case_states
    if states is None:
        return [[]]
    is_elsewhere = table == _OF_EXTENSIONS or log_filter.place or log_filter.is_first
    if is_elsewhere or log_filter.numbers or log_filter.found:
        return [[(states_sql(states, "c"), []), ("c.lost = 1", [])]]
    return [[(one, [])] for one in each_state_sql(states, "c")]


def _of_facts(log_filter: LogFilter, table: str) -> Predicates:
    """What is asked of the facts that are kept of the client, and of the status."""
    asked: Predicates = []
    if log_filter.status:
        of_status = status_sql(log_filter.status, "c", is_indexed=not log_filter.is_first)
        asked += [(of_status, []), (has_sql(KNOWN, "c"), [])]
    if log_filter.is_first:
        new = is_new_among_first_sql("c" if table == _CALLS else "o")
        asked += [(has_sql(FIRST, "c"), []), _of_call(new, table)]
    if table == _OF_EXTENSIONS and is_marked(log_filter):
        asked.append((marked_sql("c"), []))
    return asked


def _of_unknown(log_filter: LogFilter, table: str, call: str, found: Found | None) -> Predicates:
    """All that is asked of a call of which the facts are not kept.

    In words that no other index answers to: they are few, and mostly none.
    """
    asked: Predicates = [(unknown_sql("c"), [])]
    asked += [(sql, []) for sql in traits_sql(log_filter, "c", is_indexed=False)]
    if log_filter.numbers:
        asked.append(_of_numbers(log_filter.numbers))
    asked += _of_place(log_filter, is_indexed=False)
    if found is not None:
        each = [_joined(way.asked) for way in _searched(found, table, call, is_indexed=False)]
        any_way = " OR ".join(f"({sql})" for sql, _ in each)
        asked.append((f"({any_way})", [value for _, values in each for value in values]))
    if log_filter.lost_only or log_filter.case_states is not None:
        asked.append(("c.lost > 0", []))
    if log_filter.case_states is not None:
        asked.append((_in_case_sql(call, log_filter.case_states), []))
    if log_filter.status:
        own = status_sql(log_filter.status, "c", is_indexed=False)
        called_back = _in_case_sql(call, [CaseState.CALLED_BACK])
        called_back = f"(c.lost > 0 AND {called_back})"
        is_it = "{} OR {}" if log_filter.status is Status.MISSED_CALLED_BACK else "{} AND NOT {}"
        asked.append((f"({is_it.format(own, called_back)})", []))
    if log_filter.is_first:
        row = "c" if table == _CALLS else "o"
        new = is_new_client_sql(f"{row}.client", f"{row}.started_at", f"{row}.id")
        asked.append(_of_call(new, table))
    return [*asked, *_of_time(log_filter)]


def _of_numbers(numbers: Sequence[str]) -> tuple[str, list[Value]]:
    return f"coalesce(c.client, '') IN ({marks_sql(numbers)})", [*numbers]


def _at_sql(scope: Scope, call: str) -> tuple[str, list[Value]]:
    return call_in_scope_sql(scope, call, position="c.position")


def _of_call(asked: str, table: str) -> tuple[str, list[Value]]:
    """What the call alone knows, which in the log of an extension is looked up, as `o`."""
    if table == _CALLS:
        return asked, []
    return f"EXISTS (SELECT 1 FROM calls AS o WHERE o.id = c.call_id AND {asked})", []  # noqa: S608


def _in_case_sql(call: str, states: Sequence[CaseState]) -> str:
    """That a call is a lost one of a case that stands so; of no states: of no case."""
    of_call = f"y.call_id = {call} AND y.part = 'lost'"
    if not states:
        return f"NOT EXISTS (SELECT 1 FROM case_calls AS y WHERE {of_call})"  # noqa: S608
    named = ", ".join(f"'{one.value}'" for one in states)
    return (
        "EXISTS (SELECT 1 FROM case_calls AS y JOIN cases AS k ON k.id = y.case_id "  # noqa: S608
        f"WHERE {of_call} AND k.state IN ({named}))"
    )
