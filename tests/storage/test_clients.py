"""Who is one client: the numbers of calls in a real database, and the cases they make."""

import pytest

from bot.domain.calls import CaseState, Direction, Party, Status
from bot.domain.people import Role
from bot.domain.phones import NumberPlan
from tests.support.stored_calls import StoredCalls

WAYS = ("067 123 45 67", "80671234567", "8 067 123-45-67", "sip:+380671234567@kyivstar")


@pytest.mark.parametrize("way", WAYS)
async def test_a_talk_with_the_number_written_another_way_closes_the_case(
    stored: StoredCalls, way: str
) -> None:
    await stored.lost(-60, "+380671234567")
    await stored.dialled(0, way)
    assert await stored.states() == [CaseState.CALLED_BACK]


@pytest.mark.parametrize("zeros", ["0000000000", "000", "+000", "anonymous", "-1", "No Number"])
async def test_callers_who_withhold_their_numbers_are_not_one_client(
    stored: StoredCalls, zeros: str
) -> None:
    await stored.lost(-60, zeros)
    await stored.lost(-30, zeros)
    await stored.redialled(0, zeros)
    assert await stored.states() == [CaseState.OPEN, CaseState.OPEN]


@pytest.mark.parametrize("short", ["3700", "2345678", "116123"])
async def test_a_short_number_is_one_client(stored: StoredCalls, short: str) -> None:
    await stored.lost(-60, short)
    await stored.lost(-30, short)
    assert (await stored.only_case()).lost == 2
    await stored.dialled(0, short)
    assert await stored.states() == [CaseState.CALLED_BACK]


@pytest.mark.parametrize("extension", ["10001", "100001", "1000001"])
async def test_who_has_a_long_extension_hears_of_a_call_that_names_it_as_a_number(
    stored: StoredCalls, extension: str
) -> None:
    olena = await stored.hire(1, Role.OPERATOR, extension)
    await stored.lost(rang=(), callee=Party(number=extension))
    assert await stored.owed("case") == [1]
    assert (await stored.cases.get((await stored.only_case()).id, olena.scope)).lost == 1


async def test_a_call_from_an_own_number_is_no_clients(stored: StoredCalls) -> None:
    await stored.hire(1, Role.SUPERVISOR)
    own = NumberPlan("UA", own_numbers=frozenset({"067 123 45 67"}))
    await stored.lost(-60, "+380671234567", numbers=own)
    await stored.call(
        direction=Direction.OUT,
        status=Status.NO_ANSWER,
        callee=Party(number="0671234567"),
        numbers=own,
    )
    assert await stored.all_cases() == []
    assert await stored.owed("case") == []
    assert await stored.database.fetch("SELECT id FROM calls WHERE client IS NOT NULL") == []


async def test_what_is_dialled_before_a_number_is_no_part_of_it(stored: StoredCalls) -> None:
    await stored.lost(-60, "0671234567")
    await stored.dialled(0, "90671234567", numbers=NumberPlan("UA", dial_prefix="9"))
    assert await stored.states() == [CaseState.CALLED_BACK]
