"""Cases in people's hands: claims, rights, the board."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.domain.calls import CaseState
from bot.domain.cases import Board, Taking
from bot.domain.errors import AnothersError, NoAccessError, NotFoundError
from bot.domain.people import EVERYTHING, Employee, EmployeeState, Language, Role
from storage.case_deadlines import ANSWER_SECONDS
from tests.support.statements import NOW
from tests.support.stored_calls import HOUR, StoredCalls

# Claims


async def test_of_many_who_take_a_case_at_once_one_wins(stored: StoredCalls) -> None:
    people = [await stored.hire(tg_id, Role.SUPERVISOR) for tg_id in range(1, 51)]
    await stored.lost()
    case = await stored.only_case()
    takings = await asyncio.gather(
        *(stored.cases.take(case.id, person, now=NOW) for person in people)
    )
    assert sorted(takings) == [Taking.ANOTHERS] * 49 + [Taking.TAKEN]
    owner = (await stored.only_case()).owner
    assert owner is not None
    assert owner.id == people[takings.index(Taking.TAKEN)].id
    assert await stored.cases.take(case.id, people[owner.id - 1], now=NOW) is Taking.MINE_ALREADY


async def test_a_claim_is_asked_about_once_and_then_freed(stored: StoredCalls) -> None:
    await stored.hire(1, Role.SUPERVISOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await stored.lost()
    await stored.send_all()
    case = await stored.only_case()
    await stored.cases.take(case.id, olena, now=NOW)
    assert await stored.case_deadlines.ask_owners(now=NOW + 599) == 0
    assert await stored.case_deadlines.ask_owners(now=NOW + 600) == 1
    assert await stored.owed("claim") == [2]
    assert await stored.case_deadlines.ask_owners(now=NOW + 600) == 0
    assert await stored.cases.extend(case.id, olena, seconds=600, now=NOW + 610)
    assert await stored.case_deadlines.ask_owners(now=NOW + 1209) == 0
    assert await stored.case_deadlines.ask_owners(now=NOW + 1210) == 1
    await stored.send_all()
    assert await stored.case_deadlines.ask_owners(now=NOW + 1210 + ANSWER_SECONDS) == 1
    case = await stored.only_case()
    assert case.owner is None
    rows = await stored.database.fetch("SELECT chat_id FROM outbox WHERE ping_version > 0")
    assert [row["chat_id"] for row in rows] == [1]
    assert not await stored.cases.extend(case.id, olena, seconds=600, now=NOW + 1600)
    assert [action.kind.value for action in case.actions] == [
        *("taken", "asked", "extended", "asked", "freed")
    ]


async def test_an_accountant_takes_and_closes_nothing(stored: StoredCalls) -> None:
    clerk = await stored.hire(3, Role.ACCOUNTANT, "101")
    await stored.lost()
    case = await stored.only_case()
    assert (await stored.cases.get(case.id, clerk.scope)).id == case.id
    with pytest.raises(NoAccessError):
        await stored.cases.take(case.id, clerk, now=NOW)
    with pytest.raises(NoAccessError):
        await stored.case_closings.close(case.id, clerk, "так", now=NOW)


async def make_accountant(stored: StoredCalls, person: Employee) -> None:
    await stored.employees.set_role(person.id, Role.ACCOUNTANT)


async def block(stored: StoredCalls, person: Employee) -> None:
    await stored.employees.set_state(person.id, EmployeeState.BLOCKED)


async def take_out_of_settings(stored: StoredCalls, person: Employee) -> None:
    for tg_ids in ([person.tg_id], []):
        await stored.employees.sync_administrators(
            tg_ids, language=Language.UK, page_size=8, now=NOW
        )


@pytest.mark.parametrize("lose", [make_accountant, block, take_out_of_settings])
async def test_who_is_out_or_takes_no_clients_holds_none(
    stored: StoredCalls, lose: Callable[[StoredCalls, Employee], Awaitable[None]]
) -> None:
    await stored.hire(1, Role.SUPERVISOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await stored.lost()
    await stored.send_all()
    case = await stored.only_case()
    await stored.cases.take(case.id, olena, now=NOW)
    await lose(stored, olena)
    assert await stored.case_deadlines.ask_owners(now=NOW + 1) == 1
    assert (await stored.only_case()).owner is None
    assert await stored.owed("claim") == []
    assert [person.id for person in await stored.cases.candidates(case.id)] == [1]


async def test_two_hours_of_sleep_ask_and_free_only_in_turn(stored: StoredCalls) -> None:
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await stored.lost()
    case = await stored.only_case()
    await stored.cases.take(case.id, olena, now=NOW)
    late = NOW + 2 * HOUR
    assert await stored.case_deadlines.ask_owners(now=late) == 1
    assert await stored.case_deadlines.ask_owners(now=late) == 0
    assert (await stored.only_case()).owner is not None
    assert await stored.case_deadlines.ask_owners(now=NOW) == 0  # the clock was set back
    assert await stored.case_deadlines.ask_owners(now=late + ANSWER_SECONDS) == 1
    assert (await stored.only_case()).owner is None


async def test_a_talk_ends_the_claim(stored: StoredCalls) -> None:
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await stored.lost()
    await stored.cases.take((await stored.only_case()).id, olena, now=NOW)
    await stored.dialled(300)
    assert await stored.case_deadlines.ask_owners(now=NOW + 9000) == 0
    assert await stored.owed("claim") == []


async def test_rights_over_a_case(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    ivan = await stored.hire(3, Role.OPERATOR, "101")
    far = await stored.hire(4, Role.OPERATOR, "104")
    await stored.lost()
    case = await stored.only_case()
    for action in (
        stored.cases.take(case.id, far, now=NOW),
        stored.case_closings.close(case.id, far, "x", now=NOW),
        stored.cases.get(case.id, far.scope),
        stored.cases.hand(case.id, olena, far.id, now=NOW),
    ):
        with pytest.raises(NoAccessError):
            await action
    assert await stored.cases.take(case.id, olena, now=NOW) is Taking.TAKEN
    for action in (
        stored.cases.give_back(case.id, ivan, now=NOW),
        stored.case_closings.close(case.id, ivan, "x", now=NOW),
    ):
        with pytest.raises(NoAccessError):
            await action
    assert await stored.cases.hand(case.id, boss, far.id, now=NOW)
    assert (await stored.cases.get(case.id, far.scope)).id == case.id
    assert (await stored.journal.get(1, far.scope)).id == 1
    board = await stored.cases.board(far, Board.MINE, page=0, size=8, today=NOW)
    assert [one.id for one in board.cases] == [case.id]
    assert await stored.cases.give_back(case.id, boss, now=NOW)
    with pytest.raises(NoAccessError):
        await stored.journal.get(1, far.scope)
    with pytest.raises(NotFoundError):
        await stored.cases.get(999, EVERYTHING)


async def test_a_case_handed_twice_to_somebody_is_handed_once(stored: StoredCalls) -> None:
    boss, far = await stored.hire(1, Role.SUPERVISOR), await stored.hire(2, Role.OPERATOR, "104")
    await stored.lost()
    case = await stored.only_case()
    for at in (NOW, NOW + 1):
        assert await stored.cases.hand(case.id, boss, far.id, now=at)
    assert [one.kind.value for one in (await stored.only_case()).actions] == ["handed"]


async def test_who_an_alert_is_for_is_who_may_see_the_case(stored: StoredCalls) -> None:
    """One rule, in SQL for what is asked of the database and in Python for what was read."""
    people = [
        await stored.hire(1, Role.SUPERVISOR),
        await stored.hire(2, Role.OPERATOR, "101"),
        await stored.hire(3, Role.OPERATOR, "104", "105"),
        await stored.hire(4, Role.OPERATOR),
        await stored.hire(5, Role.ACCOUNTANT, "101"),
    ]
    for number, rang in enumerate([("101",), ("104", "101"), ()]):
        await stored.lost(-60, f"067123456{number}", rang=rang)
    cases = await stored.all_cases()
    for case, owner in zip(cases, (None, people[2], people[3]), strict=True):
        if owner:
            await stored.cases.hand(case.id, people[0], owner.id, now=NOW)
    seen = []
    for case in await stored.all_cases():
        for person in people:
            known = await stored.cases.list_known([case.id], person.scope)
            assert case.is_in(person.scope) == bool(known)
            seen.append(bool(known))
    assert {True, False} == set(seen)


# The board


async def test_the_board_has_the_oldest_first_and_each_filter_its_own(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    for number in range(10):
        await stored.lost(-number * 600, f"05011122{number:02}", rang=(str(101 + number % 2),))

    async def ids(person: Employee, board: Board, page: int = 0) -> list[int]:
        found = await stored.cases.board(person, board, page=page, size=4, today=NOW - 9 * HOUR)
        return [case.id for case in found.cases]

    assert await ids(boss, Board.ALL) == [10, 9, 8, 7]
    assert await ids(boss, Board.ALL, 99) == [2, 1]
    assert await ids(olena, Board.ALL) == [9, 7, 5, 3]
    await stored.cases.take(9, olena, now=NOW)
    assert await ids(olena, Board.MINE) == [9]
    assert await ids(boss, Board.FREE) == [10, 8, 7, 6]
    await stored.dialled(30, "0501112209")
    await stored.case_closings.close(8, boss, "x", now=NOW + 60)
    assert await ids(boss, Board.CLOSED) == [8, 10]
    assert await ids(olena, Board.CLOSED) == []


# Ways back


async def test_a_closing_by_hand_is_undone_with_its_claim(stored: StoredCalls) -> None:
    await stored.hire(1, Role.SUPERVISOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await stored.lost()
    await stored.send_all()
    case = await stored.only_case()
    await stored.cases.take(case.id, olena, now=NOW)
    assert await stored.case_closings.close(case.id, olena, "помилка", now=NOW + 10)
    await stored.send_all()
    assert await stored.case_closings.reopen(case.id, olena, now=NOW + 20)
    again = await stored.only_case()
    assert again.is_open
    assert again.is_held_by(olena)
    assert [one.kind.value for one in again.actions] == ["taken", "unclosed", "reopened"]
    assert sorted(await stored.owed()) == [1, 2]
    assert await stored.case_deadlines.ask_owners(now=NOW + 619) == 0
    assert await stored.case_deadlines.ask_owners(now=NOW + 620) == 1
    assert not await stored.case_closings.reopen(case.id, olena, now=NOW + 30)
    assert await stored.case_closings.close(case.id, olena, "знову", now=NOW + 700)
    assert (await stored.only_case()).state is CaseState.BY_HAND


async def test_ignoring_is_undone_as_if_it_had_never_been(stored: StoredCalls) -> None:
    chief = await stored.hire(1, Role.SUPERVISOR)
    await stored.lost()
    case = await stored.only_case()
    assert case.client is not None
    await stored.case_closings.ignore(case.client, chief, now=NOW + 5)
    assert await stored.case_closings.list_ignored()
    assert await stored.case_closings.reopen(case.id, chief, now=NOW + 10)
    assert await stored.case_closings.list_ignored() == []
    assert (await stored.only_case()).is_open
    await stored.lost(at=60)
    assert (await stored.only_case()).lost == 2


async def test_what_was_lost_while_a_number_was_heard_of_stays_when_it_is_ignored_again(
    stored: StoredCalls,
) -> None:
    chief = await stored.hire(1, Role.SUPERVISOR)
    await stored.case_closings.ignore("+380671234567", chief, now=NOW - 60)
    [ignored] = await stored.case_closings.list_ignored()
    await stored.case_closings.unignore(ignored.id, now=NOW - 30)
    await stored.lost(at=-20)
    await stored.case_closings.ignore_again(ignored.id, now=NOW - 10)
    await stored.lost()
    case = await stored.only_case()
    assert (case.is_open, case.lost) == (True, 1)
    assert len(await stored.case_closings.list_ignored()) == 1


async def test_a_case_reopened_after_a_talk_is_what_the_calls_say(stored: StoredCalls) -> None:
    chief = await stored.hire(1, Role.SUPERVISOR)
    await stored.lost()
    case = await stored.only_case()
    await stored.case_closings.close(case.id, chief, "так", now=NOW + 10)
    await stored.dialled(at=60)
    assert await stored.case_closings.reopen(case.id, chief, now=NOW + 200)
    assert (await stored.only_case()).state is CaseState.CALLED_BACK


async def test_only_who_closed_it_its_owner_or_a_chief_opens_it_again_in_time(
    stored: StoredCalls,
) -> None:
    chief = await stored.hire(1, Role.SUPERVISOR)
    olena, ivan = [await stored.hire(n, Role.OPERATOR, "101") for n in (2, 3)]
    await stored.lost()
    case = await stored.only_case()
    await stored.case_closings.close(case.id, olena, "так", now=NOW + 10)
    closed = await stored.only_case()
    offered = [closed.can_be_reopened_by(one, now=NOW + 20) for one in (chief, olena, ivan)]
    assert offered == [True, True, False]
    with pytest.raises(AnothersError):
        await stored.case_closings.reopen(case.id, ivan, now=NOW + 20)
    link = (await stored.journal.get(closed.call.id, EVERYTHING)).case
    for shown in (closed, link):
        assert shown
        assert shown.can_be_reopened_by(olena, now=closed.expires_at - 1)
        assert not shown.can_be_reopened_by(olena, now=closed.expires_at)
    assert not await stored.case_closings.reopen(case.id, olena, now=closed.expires_at)


async def test_a_closed_case_stays_so_when_the_client_has_a_newer_one(
    stored: StoredCalls,
) -> None:
    chief = await stored.hire(1, Role.SUPERVISOR)
    await stored.lost()
    [case] = await stored.all_cases()
    await stored.case_closings.close(case.id, chief, "так", now=NOW + 10)
    await stored.lost(at=60)
    assert not await stored.case_closings.reopen(case.id, chief, now=NOW + 100)
    closed = await stored.cases.get(case.id, EVERYTHING)
    link = (await stored.journal.get(closed.call.id, EVERYTHING)).case
    for shown in (closed, link):
        assert shown
        assert not shown.can_be_reopened_by(chief, now=NOW + 100)
    assert await stored.states() == [CaseState.BY_HAND, CaseState.OPEN]


async def test_a_case_whose_owner_is_out_is_opened_again_for_everybody(
    stored: StoredCalls,
) -> None:
    chief = await stored.hire(1, Role.SUPERVISOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await stored.lost()
    case = await stored.only_case()
    await stored.cases.take(case.id, olena, now=NOW)
    await stored.case_closings.close(case.id, olena, "так", now=NOW + 10)
    await stored.employees.set_state(olena.id, EmployeeState.BLOCKED)
    assert await stored.case_closings.reopen(case.id, chief, now=NOW + 20)
    assert (await stored.only_case()).owner is None


# The board's order


async def test_who_called_today_stands_before_all_earlier_ones(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    for start, number in (
        (-40, "01"),
        (-30, "02"),
        (-20, "03"),
        (-9, "04"),
        (-5, "02"),
        (-2, "05"),
    ):
        await stored.lost(start * HOUR, f"05011122{number}")
    found = await stored.cases.board(boss, Board.ALL, page=0, size=8, today=NOW - 10 * HOUR)
    last = [str(case.client)[-2:] for case in found.cases]
    assert last == ["02", "04", "05", "01", "03"]  # of today the oldest first, then of before
