"""Calls that come hours late again and again are told of once; others never."""

from collections.abc import Sequence

import pytest

from bot.domain.calls import Status
from bot.domain.people import Role
from storage.calls import CallRepo
from storage.clock_shifts import ClockShiftRepo
from storage.engine.base import Database
from tests.support.employees import hire
from tests.support.statements import NOW, said

HOUR = 3600


@pytest.fixture
def calls(database: Database) -> CallRepo:
    return CallRepo(database)


async def arrive(
    calls: CallRepo, lates: Sequence[int], *, first: int = 0, is_live: bool = True
) -> None:
    """Calls of which each ended so many seconds before it was told of."""
    for number, late in enumerate(lates, start=first):
        now = NOW + number * 100
        call = said(external_id=f"c{number}", started_at=now - late - 9, ended_at=now - late)
        await calls.record([call], now=now, is_live=is_live)


async def told(database: Database) -> int:
    return await database.count("SELECT count(*) FROM outbox WHERE kind = 'clock'")


async def test_five_in_a_row_are_told_to_administrators_once(
    database: Database, calls: CallRepo
) -> None:
    await hire(database, 1, Role.ADMINISTRATOR)
    await hire(database, 2, Role.SUPERVISOR)
    shifts = ClockShiftRepo(database)
    await arrive(calls, [2 * HOUR + n for n in range(4)])
    assert (await told(database), await shifts.by_source()) == (0, {})
    await arrive(calls, [2 * HOUR + 5], first=4)
    assert (await told(database), await shifts.by_source()) == (1, {"office": 2 * HOUR})
    await arrive(calls, [2 * HOUR] * 9, first=5)
    assert await told(database) == 1
    await arrive(calls, [5], first=14)
    assert await shifts.by_source() == {}
    await arrive(calls, [-HOUR] * 5, first=15)
    assert (await told(database), await shifts.by_source()) == (1, {"office": -HOUR})


@pytest.mark.parametrize(
    "lates",
    [
        [5] * 9,
        [2 * HOUR, 2 * HOUR, 2 * HOUR, 2 * HOUR, 20, 2 * HOUR],
        [HOUR, 2 * HOUR, HOUR, 2 * HOUR, HOUR, 2 * HOUR],
        [HOUR + n * 200 for n in range(9)],
    ],
)
async def test_what_is_late_for_another_reason_is_not_told_of(
    database: Database, calls: CallRepo, lates: list[int]
) -> None:
    await hire(database, 1, Role.ADMINISTRATOR)
    await arrive(calls, lates)
    assert await told(database) == 0


@pytest.mark.parametrize("lates", [[HOUR + 60] * 9, [1000, *[2 * HOUR + 5] * 9]])
async def test_a_source_that_is_slow_is_told_of_after_some_minutes(
    database: Database, calls: CallRepo, lates: list[int]
) -> None:
    await hire(database, 1, Role.ADMINISTRATOR)
    await arrive(calls, lates)
    assert await told(database) == 1


async def test_what_an_outage_held_up_is_not_told_of(database: Database, calls: CallRepo) -> None:
    await hire(database, 1, Role.ADMINISTRATOR)
    await arrive(calls, [5] * 9)
    now = NOW + 2 * HOUR
    held = [
        said(external_id=f"h{end}", started_at=end - end % 700, ended_at=end)
        for end in range(NOW + 900, now - 900, 8)
    ]
    for place in range(0, len(held), 20):
        await calls.record(held[place : place + 20], now=now + place // 20, is_live=True)
    assert (await told(database), await ClockShiftRepo(database).by_source()) == (0, {})


async def test_history_and_calls_without_an_end_and_repeats_do_not_count(
    database: Database, calls: CallRepo
) -> None:
    await hire(database, 1, Role.ADMINISTRATOR)
    await arrive(calls, [2 * HOUR] * 9, is_live=False)
    await arrive(calls, [2 * HOUR] * 4, first=20)
    last = said(external_id="c23", started_at=NOW + 2300 - 2 * HOUR - 9, queue="sales")
    for number in range(5):
        await calls.record([last], now=NOW + 2300, is_live=True)
        live = said(external_id=f"l{number}", status=Status.RINGING, started_at=NOW - 2 * HOUR)
        await calls.record([live], now=NOW, is_live=True)
    assert await told(database) == 0
