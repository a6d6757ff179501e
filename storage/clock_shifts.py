"""By how much the calls of each source come late, by their own times (bot/domain/clock_shifts)."""

from collections.abc import Sequence

from bot.domain.clock_shifts import SHIFT_TOLERANCE, SHIFTED_CALLS, count_shifted
from bot.domain.outbox import MessageKind
from storage.engine.base import Answer, Database, Transaction
from storage.owing import owe_administrators

_LATEST = 200
"""Calls of a source that are looked at for when they ended."""


class ClockShiftRepo:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def by_source(self) -> dict[str, int]:
        """By how many seconds the calls of a source come late, again and again; no others."""
        rows = await self._database.fetch(
            "SELECT source, shift FROM clock_shifts WHERE shift <> 0 AND run >= ? ORDER BY source",
            (SHIFTED_CALLS,),
        )
        return {row["source"]: row["shift"] for row in rows}


def ask_shifts(tx: Transaction) -> Answer:
    """What is known of how late the calls of each source come."""
    return tx.ask("SELECT source, shift, run FROM clock_shifts")


async def note_arrivals(
    tx: Transaction, ends: Sequence[tuple[str, int]], shifts: Answer, *, now: int
) -> None:
    """Note how late the ends of calls are told, by source and in the order they came.

    `shifts`: what was known before, by `ask_shifts`.
    What comes late again and again by hours is told to the administrators, once for a source.
    """
    before = {row["source"]: (row["shift"], row["run"]) for row in await shifts} if ends else {}
    for source in dict.fromkeys(source for source, _ in ends):
        shift, run = known = before.get(source, (0, 0))
        for at in (at for name, at in ends if name == source):
            shift, run = count_shifted((shift, run), now - at)
        if run <= -SHIFTED_CALLS and await _is_steady(tx, source, shift):
            run = SHIFTED_CALLS
        if (shift, run) == known:
            continue
        tx.write(
            "INSERT INTO clock_shifts (source, shift, run) VALUES (?, ?, ?) "
            "ON CONFLICT (source) DO UPDATE SET shift = excluded.shift, run = excluded.run",
            (source, shift, run),
        )
        if run >= SHIFTED_CALLS:
            owe_administrators(tx, MessageKind.CLOCK, source, now=now)


async def _is_steady(tx: Transaction, source: str, shift: int) -> bool:
    """Whether the calls that came late by this shift ended over a longer time than one held up.

    After an outage all that was held up is told at once, each call as late as it waited, and those
    about as late as each other have ended within minutes.
    """
    [row] = await tx.execute(
        "SELECT max(ended_at) - min(ended_at) AS spread FROM (SELECT received_at, started_at, "
        "ended_at FROM calls WHERE source = ? "
        "ORDER BY received_at DESC, id DESC LIMIT ?) AS latest "
        "WHERE abs(received_at - started_at - ?) <= ? OR abs(received_at - ended_at - ?) <= ?",
        (source, _LATEST, shift, SHIFT_TOLERANCE, shift, SHIFT_TOLERANCE),
    )
    return (row["spread"] or 0) > 2 * SHIFT_TOLERANCE
