"""Where calls stand in the log, and among those of their clients, when the clock leaps.

A PBX on the same server dates its calls by the same clock. What it says stays as it said it; the
place of a call, which decides what is today's, which case it is of and when that expires, does not
wait for a moment that is to come again.

- When the clock is set back by over a day, calls heard of since, and dated so, stand as much
  earlier: in the same order, before all that comes now. Others far ahead stand where they were
  heard of.
- When it leaps forth, calls whose begin it passes stand at their begin again: it was the clock set
  back that was wrong.
"""

from collections.abc import Sequence

from bot.domain.case_rules import CaseRules
from bot.domain.clock import AHEAD_LIMIT
from bot.domain.merging import LIVE_POSITION
from storage.case_refolding import CaseRefolding
from storage.engine.base import Row, Transaction, chunks
from storage.first_calls import settle_first

_AT_ONCE = 300


async def move_calls(tx: Transaction, *, before: int, now: int) -> list[Row]:
    """Move calls to their places; `before`: what the clock showed. Returns those moved.

    Cases are brought in step by `refold_moved`, once all other moments are moved too.
    """
    if now < before:
        moved = await tx.execute(
            "UPDATE calls SET position = CASE WHEN received_at > ? THEN position - ? "
            "ELSE received_at END WHERE position > ? AND position < ? "
            "AND (received_at > ? OR position > ?) RETURNING id, client, position",
            (now, before - now, now, LIVE_POSITION, now, now + AHEAD_LIMIT),
        )
    else:
        moved = await tx.execute(
            "UPDATE calls SET position = started_at WHERE position < started_at "
            "AND started_at > ? AND started_at <= ? RETURNING id, client, position",
            (before, now + AHEAD_LIMIT),
        )
    tx.write_many(
        "UPDATE call_extensions SET position = ? WHERE call_id = ?",
        [(row["position"], row["id"]) for row in moved],
    )
    settle_first(tx, {row["client"] for row in moved if row["client"]})
    return moved


async def refold_moved(
    tx: Transaction, moved: Sequence[Row], *, rules: CaseRules, now: int
) -> None:
    """Bring the cases in step with calls that have just been moved."""
    refolding = CaseRefolding(tx, rules, now)
    clients = {row["client"] for row in moved if row["client"] is not None}
    for some in chunks(sorted(clients), _AT_ONCE):
        await refolding.regroup(some)
    await refolding.refold_hidden([row["id"] for row in moved if row["client"] is None])
