"""Cases opened in a span of time and what had become of them by its end, as SQL for digests."""

from storage.engine.base import Value


def opened_in_sql(start: int, end: int) -> tuple[str, list[Value]]:
    """A predicate over `cases AS k`, and its values: opened in the span, not void or purged."""
    sql = "k.opened_at >= ? AND k.opened_at < ? AND k.state <> 'void' AND k.call_id IS NOT NULL"
    return sql, [start, end]


def case_group_sql(case: str) -> str:
    """An expression of the CaseGroup, by name, that a row of `cases` was in at a moment.

    Its one value is that moment. What happened later does not count, so a digest stays the same.
    """
    return (
        f"CASE WHEN {case}.closed_at >= ? OR {case}.state IN ('open', 'expired') THEN 'left' "
        f"ELSE {case}.state END"
    )
