"""What people do to a client whose calls the PBX dates some minutes or hours from now."""

import pytest

from bot.domain.calls import CaseState, Status
from bot.domain.cases import BatchKind, Board, BoardPart, CaseActionKind
from bot.domain.people import Employee, Role
from storage.clock import ClockRepo
from tests.support.statements import NOW, said
from tests.support.stored_calls import HOUR, StoredCalls, values_of

AHEAD = 120
NUMBER = "+380671234567"


@pytest.fixture
async def boss(stored: StoredCalls) -> Employee:
    return await stored.hire(1, Role.SUPERVISOR)


async def actions(stored: StoredCalls) -> list[CaseActionKind]:
    return [one.kind for one in (await stored.only_case()).actions]


@pytest.mark.parametrize("number", [NUMBER, None])
async def test_a_case_is_closed_by_hand_opened_again_and_closed(
    stored: StoredCalls, boss: Employee, number: str | None
) -> None:
    await stored.lost(AHEAD, number)
    case = await stored.only_case()
    assert await stored.case_closings.close(case.id, boss, "Реклама", now=NOW + 30)
    closing = (await stored.only_case()).closing_by_hand
    assert closing is not None
    assert closing.text == "Реклама"
    assert await stored.case_closings.reopen(case.id, boss, now=NOW + 40)
    assert await stored.states() == [CaseState.OPEN]
    assert await stored.case_closings.close(case.id, boss, "Спам", now=NOW + 50)
    assert await stored.states() == [CaseState.BY_HAND]
    assert await actions(stored) == [
        *(CaseActionKind.UNCLOSED, CaseActionKind.REOPENED, CaseActionKind.CLOSED)
    ]


async def test_cases_are_closed_at_once(stored: StoredCalls, boss: Employee) -> None:
    await stored.lost(AHEAD)
    await stored.lost(-60, "0501112233")
    batch = await stored.batches.ask(
        BatchKind.CLOSE, boss, Board.ALL, BoardPart(), today=NOW, now=NOW
    )
    batch = await stored.batches.carry_out(batch.id, boss, now=NOW, text="Реклама")
    assert (batch.done, batch.left) == (2, 0)


async def test_what_was_known_of_the_case_when_it_was_closed_stays_of_it(
    stored: StoredCalls, boss: Employee
) -> None:
    await stored.lost(AHEAD)
    await stored.dialled(AHEAD + 60, status=Status.NO_ANSWER)
    case = await stored.only_case()
    assert await stored.case_closings.close(case.id, boss, "Реклама", now=NOW + 90)
    assert (await stored.only_case()).attempts == 1
    await stored.lost(AHEAD + 200)
    assert await stored.states() == [CaseState.BY_HAND, CaseState.OPEN]


async def test_what_came_to_nothing_is_not_in_the_history(
    stored: StoredCalls, boss: Employee
) -> None:
    await stored.lost()
    case = await stored.only_case()
    assert not await stored.case_closings.close(case.id, boss, "так", now=case.expires_at + 1)
    assert await actions(stored) == []


async def test_an_ignored_number_leaves_its_case_closed_and_is_heard_of_again(
    stored: StoredCalls, boss: Employee
) -> None:
    await stored.lost(AHEAD)
    await stored.case_closings.ignore(NUMBER, boss, now=NOW)
    assert await stored.states() == [CaseState.BY_HAND]
    await stored.lost(AHEAD + 30)
    [ignored] = await stored.case_closings.list_ignored()
    await stored.case_closings.unignore(ignored.id, now=NOW + 40)
    await stored.lost(AHEAD + 60)
    closed, heard_of = await stored.all_cases()
    assert (closed.state, closed.lost) == (CaseState.BY_HAND, 1)
    assert (heard_of.state, heard_of.lost) == (CaseState.OPEN, 1)
    await stored.case_closings.ignore_again(ignored.id, now=NOW + 70)
    await stored.lost(AHEAD + 90)
    assert [case.lost for case in await stored.all_cases()] == [1, 1]


async def test_who_took_a_client_has_them_when_an_earlier_case_becomes_known(
    stored: StoredCalls, boss: Employee
) -> None:
    await stored.lost(AHEAD)
    taken = await stored.only_case()
    await stored.cases.take(taken.id, boss, now=NOW + 30)
    await stored.redialled(-300)
    await stored.lost(-600)
    earlier, later = sorted(await stored.all_cases(), key=lambda case: case.opened_at)
    assert (earlier.state, later.id) == (CaseState.GOT_THROUGH, taken.id)
    assert later.is_open
    assert later.is_held_by(boss)


async def test_a_clock_set_back_by_seconds_opens_nothing_again(
    stored: StoredCalls, boss: Employee
) -> None:
    """What is dated by the PBX does not follow our clock."""
    calls = [await stored.lost(HOUR, number) for number in (NUMBER, "0501112233")]
    first, _ = await stored.all_cases()
    assert await stored.case_closings.close(first.id, boss, "Реклама", now=NOW + 30)
    await stored.case_closings.ignore("+380501112233", boss, now=NOW + 40)
    await ClockRepo(stored.database).note(now=NOW + 45, step=-5)
    queued = [said(**values_of(call) | {"queue": "Опт"}) for call in calls]
    await stored.calls.record(queued, now=NOW + 50)
    assert await stored.states() == [CaseState.BY_HAND] * 2
    assert [case.closed_at for case in await stored.all_cases()] == [NOW + HOUR] * 2
