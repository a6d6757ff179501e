"""The rule of who sees which call and which case, as SQL: every query about them carries it."""

from bot.domain.people import Scope
from storage.database import Value


def in_scope(scope: Scope, call_id: str, *, or_handed: bool = False) -> tuple[str, list[Value]]:
    """A predicate over the SQL expression of a call's id, and its values.

    `or_handed`: a call of a case the person has taken, or was handed, is theirs to see too.
    """
    if scope.extensions is None:
        return "1 = 1", []
    places = ", ".join("?" * len(scope.extensions))
    rang = (
        f"EXISTS (SELECT 1 FROM call_extensions AS x WHERE x.call_id = {call_id} "  # noqa: S608
        f"AND x.extension IN ({places}))"
    )
    if not or_handed or scope.owner is None:
        return rang, list(scope.extensions)
    return (
        f"({rang} OR EXISTS (SELECT 1 FROM case_calls AS h "  # noqa: S608
        "JOIN cases AS hk ON hk.id = h.case_id "
        f"WHERE h.call_id = {call_id} AND hk.owner_id = ?))",
        [*scope.extensions, scope.owner],
    )


def holder(extension: str) -> str:
    """The id of the one whose name calls of an extension carry, as SQL: many may share it."""
    return (
        "(SELECT q.employee_id FROM employee_extensions AS q "  # noqa: S608
        f"JOIN employees AS w ON w.id = q.employee_id WHERE q.extension = {extension} "
        "ORDER BY CASE w.role WHEN 'accountant' THEN 1 ELSE 0 END, q.employee_id LIMIT 1)"
    )


def case_in_scope(scope: Scope, case: str) -> tuple[str, list[Value]]:
    """A predicate over the alias of `cases`: taken by the person, or rung at their extensions."""
    if scope.extensions is None:
        return "1 = 1", []
    places = ", ".join("?" * len(scope.extensions))
    return (
        # CROSS: the few calls of the case first, not the whole log of the extension.
        f"({case}.owner_id = ? OR EXISTS (SELECT 1 FROM case_calls AS h "  # noqa: S608
        "CROSS JOIN call_extensions AS x WHERE x.call_id = h.call_id "
        f"AND h.case_id = {case}.id AND h.part = 'lost' AND x.extension IN ({places})))",
        [scope.owner or 0, *scope.extensions],
    )
