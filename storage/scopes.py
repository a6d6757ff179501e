"""The rule of who sees which call, as SQL: every query about calls carries it."""

from bot.models import Scope
from storage.database import Value


def in_scope(scope: Scope, call_id: str) -> tuple[str, list[Value]]:
    """A predicate over the SQL expression of a call's id, and its values."""
    if scope.extensions is None:
        return "1 = 1", []
    places = ", ".join("?" * len(scope.extensions))
    return (
        f"EXISTS (SELECT 1 FROM call_extensions AS x WHERE x.call_id = {call_id} "  # noqa: S608
        f"AND x.extension IN ({places}))",
        list(scope.extensions),
    )
