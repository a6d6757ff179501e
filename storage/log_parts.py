"""The part of the log that a filter leaves of what a reader sees, as SQL.

It is made of parts, each of which walks one index in the order of the log, and answers all that is
asked of a call out of it, or nearly: one for each extension and each number of the client. A call
that rang two extensions is in two of them.
"""

from itertools import product

from bot.domain.calls import Status
from bot.domain.log import Key, LogFilter
from bot.domain.people import Scope
from bot.domain.places import PlaceKind
from storage.engine.base import Select, Value
from storage.first_calls import is_new_client_sql
from storage.scopes import call_in_scope_sql
from storage.traits import status_sql, traits_sql

Predicates = list[tuple[str, list[Value]]]
"""What is asked of a call `c`, and the values in it."""

_IN_CASE = (
    "EXISTS (SELECT 1 FROM case_calls AS y JOIN cases AS k ON k.id = y.case_id "
    "WHERE y.call_id = {call} AND y.part = 'lost' AND k.state {states})"
)
_CALLS = ("calls", "c.id")
_OF_EXTENSIONS = ("call_extensions", "c.call_id")
_COLUMNS = {PlaceKind.LINE: "line", PlaceKind.QUEUE: "queue"}


def log_parts(
    scope: Scope, log_filter: LogFilter, *, sign: str | None = None, key: Key | None = None
) -> list[tuple[str, list[Value]]]:
    """SELECTs of the (position, id) of the filtered calls in scope, in no order, and their values.

    `sign`, `key`: only those that stand so to the key.
    """
    if () in {scope.extensions, log_filter.extensions}:
        return [("SELECT 0 AS position, 0 AS id WHERE 1 = 0", [])]
    table, call = _table(scope, log_filter)
    place: Predicates = [(f"(c.position, {call}) {sign} (?, ?)", [*key])] if sign and key else []
    return [
        (f"SELECT c.position, {call} AS id FROM {table} AS c WHERE {where}", values)  # noqa: S608
        for asked in _parts(scope, log_filter)
        for where, values in [_joined([*asked, *place])]
    ]


def among_sql(scope: Scope, log_filter: LogFilter) -> tuple[str, list[Value]]:
    """A predicate over calls `c`, and its values: the call is among the filtered ones in scope."""
    if _table(scope, log_filter) == _CALLS and len(parts := _parts(scope, log_filter)) == 1:
        return _joined(parts[0])
    selects = log_parts(scope, log_filter)
    ids = " UNION ALL ".join(f"SELECT id FROM ({sql}) AS part" for sql, _ in selects)  # noqa: S608
    return f"c.id IN ({ids})", [value for _, values in selects for value in values]


def of_people_sql(log_filter: LogFilter) -> Select:
    """A SELECT of the filtered calls of each employee, some of them twice; for EVERYTHING alone.

    Rows of `employee_id`, `call_id` and `lost`, found as in the log of each extension.
    """
    asked = [
        _joined([*number, *_of_log(log_filter), *_of_call(log_filter, _OF_EXTENSIONS[1]), *fate])
        for number, fate in product(_numbers(log_filter), _fates(log_filter, _OF_EXTENSIONS[1]))
    ]
    selects = [
        "SELECT z.employee_id, c.call_id, c.lost FROM employee_extensions AS z "  # noqa: S608
        f"CROSS JOIN call_extensions AS c WHERE c.extension = z.extension AND {where}"
        for where, _ in asked
    ]
    return " UNION ALL ".join(selects), [value for _, values in asked for value in values]


def _table(scope: Scope, log_filter: LogFilter) -> tuple[str, str]:
    """What is read, and where the id of a call stands in it."""
    is_whole = scope.extensions is None and log_filter.extensions is None
    return _CALLS if is_whole else _OF_EXTENSIONS


def _joined(asked: Predicates) -> tuple[str, list[Value]]:
    where = " AND ".join(sql for sql, _ in asked) or "1 = 1"
    return where, [value for _, values in asked for value in values]


def _parts(scope: Scope, log_filter: LogFilter) -> list[Predicates]:
    """What each part asks."""
    _, call = _table(scope, log_filter)
    extensions = scope.extensions if log_filter.extensions is None else log_filter.extensions
    phones: list[Predicates] = [[("c.extension = ?", [one])] for one in extensions or ()] or [[]]
    asked = [*_of_log(log_filter), *_of_call(log_filter, call)]
    if extensions is not scope.extensions and scope.extensions is not None:
        asked.append(call_in_scope_sql(scope, call))
    return [
        [*phone, *number, *asked, *fate]
        for phone, number, fate in product(phones, _numbers(log_filter), _fates(log_filter, call))
    ]


def _numbers(log_filter: LogFilter) -> list[Predicates]:
    return [[("c.client = ?", [one])] for one in log_filter.numbers] or [[]]


def _of_log(log_filter: LogFilter) -> Predicates:
    """What the log of the company and that of an extension both know of a call."""
    asked: Predicates = [(sql, []) for sql in traits_sql(log_filter, "c")]
    if log_filter.lost_only or log_filter.is_unreturned:
        asked.append(("c.lost = 1", []))
    if place := log_filter.place:
        asked.append((f"c.{_COLUMNS[place.kind]} = ?", [place.name]))
    if log_filter.start is not None:
        asked.append(("c.position >= ?", [log_filter.start]))
    if log_filter.end is not None:
        asked.append(("c.position < ?", [log_filter.end]))
    return asked


def _of_call(log_filter: LogFilter, call: str) -> Predicates:
    """What the call alone knows, which in the log of an extension is looked up."""
    if not log_filter.is_first:
        return []
    if call == _CALLS[1]:
        return [(is_new_client_sql("c.client", "c.started_at", "c.id"), [])]
    new = is_new_client_sql("o.client", "o.started_at", "o.id")
    return [(f"EXISTS (SELECT 1 FROM calls AS o WHERE o.id = c.call_id AND {new})", [])]  # noqa: S608


def _fates(log_filter: LogFilter, call: str) -> list[Predicates]:
    """What is asked of the status and of the case; each is a part of its own."""
    asked: Predicates = []
    if log_filter.is_unreturned:
        asked.append((_IN_CASE.format(call=call, states="IN ('open', 'expired')"), []))
    if log_filter.status is None:
        return [asked]
    called_back = _IN_CASE.format(call=call, states="= 'called_back'")
    stated: Predicates = [(status_sql(log_filter.status, "c"), [])]
    if log_filter.status is Status.MISSED_CALLED_BACK:
        return [[*asked, *stated], [*asked, ("c.lost = 1", []), (called_back, [])]]
    return [[*asked, *stated, (f"(c.lost = 0 OR NOT {called_back})", [])]]
