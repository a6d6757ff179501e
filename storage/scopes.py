"""The rule of who sees which call and which case, as SQL: every query about them carries it."""

from bot.domain.people import Scope
from storage.audience import takes_clients_sql
from storage.engine.base import Value, marks_sql


def call_in_scope_sql(
    scope: Scope, call_id: str, *, or_claimed: bool = False, position: str = ""
) -> tuple[str, list[Value]]:
    """A predicate over a call, and its values: an extension in scope was a party or was rung.

    `call_id`: an SQL expression, as is its `position`: with it the call is looked for in the logs
    of these extensions, without it among all calls. `or_claimed`: people also see the calls of
    the cases they hold.
    """
    if scope.extensions is None:
        return "1 = 1", []
    rang = (
        f"EXISTS (SELECT 1 FROM call_extensions AS x WHERE x.call_id = {call_id} "  # noqa: S608
        f"{f'AND x.position = {position} ' if position else ''}"
        f"AND x.extension IN ({marks_sql(scope.extensions)})"
        # OFFSET for PostgreSQL: it looks for each call, and does not join the logs.
        f"{' LIMIT 1 OFFSET 0' if position else ''})"
        if scope.extensions
        else "1 = 0"
    )
    if not or_claimed or scope.owner is None:
        return rang, list(scope.extensions)
    return (
        f"({rang} OR EXISTS (SELECT 1 FROM case_calls AS h "  # noqa: S608
        "JOIN cases AS hk ON hk.id = h.case_id "
        f"WHERE h.call_id = {call_id} AND hk.owner_id = ?))",
        [*scope.extensions, scope.owner],
    )


def extension_holder_sql(extension: str) -> str:
    """The id of the employee under whose name a shared extension's calls are shown.

    `extension`: an SQL expression. It is the first of those who share it that is no accountant.
    """
    return (
        "(SELECT q.employee_id FROM employee_extensions AS q "  # noqa: S608
        f"JOIN employees AS w ON w.id = q.employee_id WHERE q.extension = {extension} "
        f"ORDER BY CASE WHEN {takes_clients_sql('w')} THEN 0 ELSE 1 END, q.employee_id LIMIT 1)"
    )


def case_in_scope_sql(scope: Scope, case: str) -> tuple[str, list[Value]]:
    """A predicate over a row of `cases`, and its values: the person owns it, or was rung for it.

    `case`: the name `cases` has in the query.
    """
    if scope.extensions is None:
        return "1 = 1", []
    if not scope.extensions:
        return f"coalesce({case}.owner_id, 0) = ?", [
            scope.owner or -1
        ]  # not by its index: board()
    return (
        # CROSS for SQLite, OFFSET for PostgreSQL: the few calls of the case first, not the whole
        # log of the extension.
        f"({case}.owner_id = ? OR EXISTS (SELECT 1 FROM case_calls AS h "  # noqa: S608
        "CROSS JOIN call_extensions AS x WHERE x.call_id = h.call_id "
        f"AND h.case_id = {case}.id AND h.part = 'lost' "
        f"AND x.extension IN ({marks_sql(scope.extensions)}) LIMIT 1 OFFSET 0))",
        [scope.owner or 0, *scope.extensions],
    )
