"""What a call costs does not grow with the square of what its client has done before."""

import itertools
import time
from collections.abc import Iterator
from typing import Any

from bot.domain.calls import CallFacts, Direction, Party, Status
from tests.support.statements import NOW, said
from tests.support.stored_calls import CLIENT, OTHER, StoredCalls

DAY = 86400
YEARS = {CLIENT: 20, OTHER: 900}
"""How many days each client was lost, and called back."""


async def test_a_client_of_many_years_is_recorded_as_quickly_as_a_new_one(
    stored: StoredCalls,
) -> None:
    for number, days in YEARS.items():
        await stored.calls.record(list(_lost_and_called_back(number, days)), now=NOW)
    [[closed]] = await stored.database.fetch("SELECT count(*) FROM cases WHERE state <> 'open'")
    assert closed == sum(YEARS.values())
    taken = dict.fromkeys(YEARS, 60.0)
    for at, number in itertools.product(range(8), YEARS):
        began = time.perf_counter()
        await stored.lost(at, number)
        taken[number] = min(taken[number], time.perf_counter() - began)
    assert taken[OTHER] < 4 * taken[CLIENT], taken


def _lost_and_called_back(number: str, days: int) -> Iterator[CallFacts]:
    for day in range(days):
        start = NOW - (1000 - day) * DAY
        yield said(external_id=f"{number}-{day}", started_at=start, caller=Party(number=number))
        answered: dict[str, Any] = {"answered_at": start + 610, "ended_at": start + 660}
        yield said(
            external_id=f"{number}-{day}-back",
            direction=Direction.OUT,
            status=Status.ANSWERED,
            extension="101",
            started_at=start + 600,
            caller=Party(number="101"),
            callee=Party(number=number),
            **answered,
        )
