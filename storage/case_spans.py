"""Cases opened in a span of time and what had become of them by its end, as SQL for digests."""

from storage.database import Value


def opened_in_sql(start: int, end: int) -> tuple[str, list[Value]]:
    """A predicate over `cases AS k`, and its values: lost in the span, and lost after all."""
    sql = "k.opened_at >= ? AND k.opened_at < ? AND k.state <> 'void' AND k.call_id IS NOT NULL"
    return sql, [start, end]


def case_group_sql(case: str) -> str:
    """The name of the CaseGroup that a row of `cases` was in at a moment, its one value.

    What happens later does not change what a digest of that moment says.
    """
    return (
        f"CASE WHEN {case}.closed_at >= ? OR {case}.state IN ('open', 'expired') THEN 'left' "
        f"ELSE {case}.state END"
    )
