"""Rows of calls as events of cases (bot/domain/case_rules.py)."""

from collections.abc import Iterable, Sequence

from bot.domain.calls import Direction, Status
from bot.domain.case_rules import CaseEvent, CaseRules, event_kind
from bot.domain.merging import LIVE_MAX_AGE, is_end_unknown
from storage.engine.base import Row

CALL_SQL = (
    "c.id, c.client, c.source, c.external_id, c.position, c.direction, c.status, c.lost, "
    "c.talked, c.wait, c.level, c.traits"
)
"""What of `calls AS c` makes an event, and its traits."""


def call_events(
    rules: CaseRules, calls: Iterable[Row], *, ignored: Sequence[tuple[int, int]] = ()
) -> list[CaseEvent]:
    """The events that calls are to cases; `ignored`: spans in which the client was ignored."""
    events = []
    for row in calls:
        at, status = row["position"], Status(row["status"])
        kind = event_kind(
            rules,
            direction=Direction(row["direction"]),
            status=status,
            is_lost=bool(row["lost"]),
            is_talk=bool(row["talked"]),
            wait=row["wait"],
            is_ignored=any(a <= at < b for a, b in ignored),
        )
        if kind:
            tie = (row["source"], row["external_id"])
            talked_at = at + (row["wait"] or 0)
            if is_end_unknown(row["level"], status):
                talked_at = at + LIVE_MAX_AGE
            events.append(CaseEvent(at, tie, kind, row["id"], talked_at, row["client"]))
    return events
