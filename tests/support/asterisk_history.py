"""Feeds of history under test: what they say as their PBX writes, and the truth beside it."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.domain.calls import CallFacts, Reject
from bot.domain.merging import MergedCall
from bot.sources.base import Batch, Feed
from tests.support.master_csv import merged

EVERY, QUIET = 0.01, 0.05
"""Seconds between two looks, and without another row of a call."""

SLACK = 1.6
"""Seconds by which what is told may differ: rows have whole seconds, cut off at both ends."""

_CLICKED = {"started_at", "wait_seconds", "talk_seconds"}
ROWS_CANNOT_TELL = {
    "machines.menu_then_group": {"wait_seconds", "talk_seconds"},
    "machines.menu_then_queue": {"wait_seconds", "talk_seconds"},
    "moved.parked": {"rang"},
    "moved.outgoing_and_sent_on": {"rang"},
    "moved.outgoing_and_connected": {"rang"},
    "outgoing.given_up": {"status"},
    "outgoing.no_such_number": {"status"},
    "outgoing.no_channels": {"status"},
    "outgoing.clicked": _CLICKED,
    "outgoing.clicked_through_local": _CLICKED,
    "outgoing.clicked_through_a_context": _CLICKED,
    "outgoing.clicked_not_answered": {"status", *_CLICKED},
    "outgoing.clicked_and_timed_out": _CLICKED,
}
"""What rows cannot tell (master_csv.py), by play; who hung up they never can."""

UNWRITTEN = {"incoming.not_registered", "incoming.congested", "outgoing.clicked_in_vain"}
"""Calls that dialled nobody, or in which nobody was reached at all: no rows, unanswered=no."""

_SECONDS = 20.0


@dataclass(slots=True)
class Reading:
    """A feed that is read. `cursor`: where it would go on."""

    batches: AsyncGenerator[Batch, None]
    cursor: str | None
    facts: list[CallFacts] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    read_until: int | None = None

    async def until(self, is_enough: Callable[["Reading"], bool]) -> None:
        async with asyncio.timeout(_SECONDS):
            while not is_enough(self):
                await self.next()

    async def next(self) -> Batch:
        """The next batch."""
        async with asyncio.timeout(_SECONDS):
            batch = await anext(self.batches)
        assert batch.is_history
        self.cursor = batch.cursor if batch.cursor is not None else self.cursor
        self.read_until = batch.read_until or self.read_until
        self.facts += [one for one in batch.readings if isinstance(one, CallFacts)]
        self.rejects += [one for one in batch.readings if isinstance(one, Reject)]
        return batch

    async def until_calls(self, count: int) -> dict[str, MergedCall]:
        await self.until(lambda read: len(merged(read.facts)) >= count)
        return self.calls()

    def calls(self) -> dict[str, MergedCall]:
        return merged(self.facts)


@asynccontextmanager
async def reading(feed: Feed, cursor: str | None = None) -> AsyncGenerator[Reading, None]:
    read = Reading(feed.read(cursor), cursor)
    try:
        yield read
    finally:
        await read.batches.aclose()


def differences(call: MergedCall, truth: dict[str, Any]) -> dict[str, tuple[object, object]]:
    """What is told otherwise than it was, by the name of the truth's field."""
    is_in = truth["direction"] == "in"
    started_at = datetime.fromisoformat(truth["started_at"]).timestamp()
    answered_at = call.answered_at or call.ended_at or 0
    told: dict[str, object] = {
        "direction": str(call.direction),
        "status": str(call.status),
        "customer": call.caller_number if is_in else call.callee_number,
        "line": call.line,
        "queue": call.queue,
        "answered_by": call.extension,
        "rang": sorted(call.rang),
        "missed": call.lost,
    }
    true = {**truth, "rang": sorted(truth["rang"])}
    if not true["customer"]:
        del told["customer"]
    fair = truth.get("fair", {})
    wrong = {
        name: (value, true[name])
        for name, value in told.items()
        if value
        not in (
            true[name],
            *(sorted(one) if name == "rang" else one for one in fair.get(name, [])),
        )
    }
    for name, one, other in (
        ("started_at", call.started_at, started_at),
        ("wait_seconds", answered_at - call.started_at, truth["wait_seconds"]),
        ("talk_seconds", (call.ended_at or 0) - answered_at, truth["talk_seconds"]),
    ):
        if abs(one - other) > SLACK:
            wrong[name] = (one, other)
    return wrong
