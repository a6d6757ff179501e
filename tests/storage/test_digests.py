"""The numbers of a digest and the lists behind them."""

import pytest

from bot.domain.calls import Status
from bot.domain.digests import CaseGroup, DigestPerson, DigestTotals
from bot.domain.errors import NoAccessError
from bot.domain.people import Role
from tests.support.kyiv import at
from tests.support.screens import BOSS, IVAN, OLENA
from tests.support.stored_digests import END, StoredDigests

# The numbers


async def test_the_numbers_of_a_day_are_exact(digests: StoredDigests) -> None:
    boss, olena, ivan = await digests.monday()
    found = await digests.digest(boss)
    assert found.totals == DigestTotals(
        opened=7,
        called_back=3,
        got_through=1,
        by_hand=1,
        left=2,
        in_target=2,
        due=4,
        median=610,
        p90=1210,
    )
    assert found.before == DigestTotals(
        opened=2, called_back=1, left=1, due=2, median=1210, p90=1210
    )
    assert found.earlier == 2
    assert (found.worst_at, found.worst_count) == (at("2026-11-23 10:00"), 3)
    assert found.people == (
        DigestPerson(id=olena.id, name="Олена", called_back=2, median=430, by_hand=1),
        DigestPerson(id=ivan.id, name="Іван", called_back=1, median=1210, by_hand=0),
    )


async def test_what_happens_later_changes_nothing(digests: StoredDigests) -> None:
    boss, *_ = await digests.monday()
    before = await digests.digest(boss)
    digests.now = END + 3600
    await digests.dialled(0, "0501112207")
    await digests.dialled(60, "0501112208")
    digests.now += 30 * 86400
    await digests.case_deadlines.expire(now=digests.now)
    assert await digests.digest(boss) == before


async def test_an_operator_is_told_of_own_clients_and_own_calls_back(
    digests: StoredDigests,
) -> None:
    """Ivan called back one at whom another was rung; one left was rung at his phone."""
    _, _, ivan = await digests.monday()
    found = await digests.digest(ivan)
    assert found.totals == DigestTotals(opened=1, left=1, due=1)
    assert found.people == (
        DigestPerson(id=ivan.id, name="Іван", called_back=1, median=1210, by_hand=0),
    )
    assert found.earlier == 0
    assert await digests.listed(ivan, CaseGroup.OPENED) == ["04"]
    assert await digests.listed(ivan, CaseGroup.CALLED_BACK) == []
    assert await digests.listed(ivan, CaseGroup.CALLED_BACK, who=ivan.id) == ["03"]
    with pytest.raises(NoAccessError):
        await digests.listed(ivan, CaseGroup.CALLED_BACK, who=OLENA)


async def test_a_case_in_ones_hands_is_ones_own(digests: StoredDigests) -> None:
    _, _, ivan = await digests.monday()
    [case] = [one for one in await digests.all_cases() if (one.client or "").endswith("07")]
    assert await digests.cases.hand(
        case.id, await digests.employees.get(BOSS), IVAN, now=digests.now
    )
    assert (await digests.digest(ivan)).totals.opened == 2


async def test_the_list_behind_a_number_is_as_long_as_the_number(digests: StoredDigests) -> None:
    boss, olena, _ = await digests.monday()
    found = await digests.digest(boss)
    lists = {group: await digests.listed(boss, group) for group in CaseGroup}
    assert lists == {
        CaseGroup.OPENED: ["01", "02", "03", "04", "05", "06", "07"],
        CaseGroup.CALLED_BACK: ["01", "02", "03"],
        CaseGroup.GOT_THROUGH: ["05"],
        CaseGroup.BY_HAND: ["06"],
        CaseGroup.LEFT: ["04", "07"],
        CaseGroup.IN_TARGET: ["01", "02"],
    }
    assert all(len(rows) == found.totals.count(group) for group, rows in lists.items())
    assert await digests.listed(boss, CaseGroup.CALLED_BACK, who=olena.id) == ["01", "02"]


async def test_only_the_pbx_says_it_was_called_back(digests: StoredDigests) -> None:
    """Then nobody knows when: it counts as called back, and in no time."""
    boss = await digests.person(BOSS, "Ганна", Role.SUPERVISOR)
    digests.now = END - 3600
    await digests.lost(status=Status.MISSED_CALLED_BACK)
    totals = (await digests.digest(boss)).totals
    assert totals == DigestTotals(opened=1, called_back=1)


async def test_a_phone_nobody_has_is_named_by_its_number(digests: StoredDigests) -> None:
    boss = await digests.person(BOSS, "Ганна", Role.SUPERVISOR)
    digests.now = END - 3600
    await digests.lost()
    await digests.dialled(60, extension="777")
    assert (await digests.digest(boss)).people == (
        DigestPerson(id=0, name="777", called_back=1, median=70, by_hand=0),
    )


async def test_namesakes_are_two_people(digests: StoredDigests) -> None:
    boss = await digests.person(BOSS, "Ганна", Role.SUPERVISOR)
    await digests.person(OLENA, "Олена", Role.OPERATOR, "101")
    await digests.person(IVAN, "Олена", Role.OPERATOR, "102")
    digests.now = END - 3600
    for number, extension in (("01", "101"), ("02", "102")):
        await digests.lost(0, f"05011122{number}")
        await digests.dialled(60, f"05011122{number}", extension=extension)
    assert [one.called_back for one in (await digests.digest(boss)).people] == [1, 1]
