"""Whose a client is, and what people were told of: the same in any order of arrival."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.domain.calls import CaseState, Direction, Party, Status
from bot.domain.case_rules import CaseRules
from bot.domain.cases import Case, CaseActionKind
from bot.domain.people import EVERYTHING, Language, Role
from bot.views import cases as views
from storage.database import Database, open_database
from storage.reminders import ReminderRepo
from tests.support.kyiv import KYIV
from tests.support.statements import NOW, said
from tests.support.stored_calls import CLIENT, OTHER, StoredCalls, values_of
from tests.support.texts import speaking

MINUTE = 60


async def tell(stored: StoredCalls, kind: str, at: int) -> None:
    """One call of the client, so many seconds from now."""
    match kind:
        case "lost":
            await stored.lost(at)
        case "in":
            await stored.redialled(at)
        case "out":
            await stored.dialled(at)
        case "failed":
            await stored.dialled(at, status=Status.NO_ANSWER)


async def open_case(stored: StoredCalls) -> Case | None:
    cases = [case for case in await stored.all_cases() if case.is_open]
    assert len(cases) <= 1
    return cases[0] if cases else None


async def told(stored: StoredCalls) -> dict[int, int | None]:
    rows = await stored.database.fetch("SELECT id, message_id FROM outbox WHERE kind = 'case'")
    return {row["id"]: row["message_id"] for row in rows}


KINDS = st.sampled_from(["lost", "lost", "lost", "in", "out", "failed"])


@st.composite
def arrivals(draw: st.DrawFn) -> list[tuple[str, int]]:
    """Calls of the last hour in the order the bot hears of them."""
    kinds = draw(st.lists(KINDS, min_size=2, max_size=7))
    calls = [(kind, -MINUTE * (2 + 7 * place)) for place, kind in enumerate(kinds)]
    return list(draw(st.permutations(calls)))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(calls=arrivals(), after=st.integers(1, 7), is_closing=st.booleans())
@example(calls=[("lost", -1200), ("lost", -300), ("in", -720)], after=2, is_closing=False)
@example(calls=[("lost", -1200), ("in", -720), ("lost", -300)], after=1, is_closing=False)
@example(calls=[("lost", -1200), ("in", -720), ("lost", -300)], after=1, is_closing=True)
@example(calls=[("lost", -300), ("lost", -1200), ("in", -720)], after=1, is_closing=False)
def test_what_people_decided_is_of_the_case_that_was_open_then(
    tmp_path_factory: pytest.TempPathFactory,
    calls: Sequence[tuple[str, int]],
    after: int,
    is_closing: bool,
) -> None:
    """The claim, or closing by hand, is made now, after some of the calls were heard of."""

    async def check() -> None:
        async with open_database(tmp_path_factory.mktemp("claims") / "dzvinok.db") as database:
            stored = StoredCalls(database)
            reminders = ReminderRepo(database)
            await stored.hire(1, Role.SUPERVISOR)
            olena = await stored.hire(2, Role.OPERATOR, "101")
            for kind, at in calls[:after]:
                await tell(stored, kind, at)
            seen = await open_case(stored)
            if seen is None:
                return
            await reminders.add(seen.call.id, olena, due_at=NOW + 900, now=NOW)
            if is_closing:
                await stored.case_closings.close(seen.id, olena, "Реклама", now=NOW)
            else:
                await stored.cases.take(seen.id, olena, now=NOW)
            await stored.send_all()
            messages = await told(stored)
            for kind, at in calls[after:]:
                await tell(stored, kind, at)
            latest = max(await stored.all_cases(), key=lambda one: one.opened_at)
            if latest.state not in {CaseState.OPEN, CaseState.BY_HAND}:
                return
            assert latest.id == seen.id
            assert latest.is_open is not is_closing
            decided = CaseActionKind.CLOSED if is_closing else CaseActionKind.TAKEN
            assert [one.kind for one in latest.actions] == [decided]
            assert (latest.owner is not None) is not is_closing
            assert await told(stored) == messages
            rows = await database.fetch(
                "SELECT chat_id FROM outbox WHERE kind = 'case' AND case_id = ?", (latest.id,)
            )
            assert sorted(row["chat_id"] for row in rows) == [1, 2]
            if latest.is_open:
                [reminder] = await reminders.list_open(olena)
                assert (await stored.cases.find_of_call(reminder.call_id)) == latest.id

    asyncio.run(check())


async def merged_owner(stored: StoredCalls) -> tuple[int | None, list[int]]:
    case = await stored.only_case()
    return case.owner.id if case.owner else None, await stored.owed("warning")


@pytest.mark.parametrize("is_first_of_first", [True, False])
async def test_of_two_claims_on_one_client_the_earlier_wins_and_the_other_is_told(
    stored: StoredCalls, is_first_of_first: bool
) -> None:
    """Also if what made it one client, a number told of late, comes in between other calls."""
    olena = await stored.hire(2, Role.OPERATOR, "101")
    ivan = await stored.hire(3, Role.OPERATOR, "101")
    hidden = await stored.lost(-600, None)
    await stored.lost(-300)
    first, second = await stored.all_cases()
    earlier, later = (first, second) if is_first_of_first else (second, first)
    await stored.cases.take(earlier.id, olena, now=NOW - 60)
    await stored.cases.take(later.id, ivan, now=NOW - 30)
    await stored.send_all()
    known = said(**values_of(hidden) | {"caller": Party(number=CLIENT)})
    await stored.calls.record([known], now=NOW)
    assert await merged_owner(stored) == (olena.id, [3])
    case = await stored.only_case()
    assert (case.id, len(case.actions)) == (earlier.id, 2)
    assert await stored.cases.find_current(later.id) == earlier.id
    await stored.send_all()
    await stored.redialled(-450)
    closed, still_open = sorted(await stored.all_cases(), key=lambda one: one.opened_at)
    assert (closed.state, still_open.state) == (CaseState.GOT_THROUGH, CaseState.OPEN)
    assert still_open.owner is not None
    assert (still_open.id, still_open.owner.id) == (earlier.id, olena.id)
    assert await stored.cases.find_current(earlier.id) == still_open.id


async def test_a_hidden_number_that_becomes_known_changes_nothing_that_was_decided(
    stored: StoredCalls,
) -> None:
    olena = await stored.hire(2, Role.OPERATOR, "101")
    calls = [await stored.lost(-600, None), await stored.lost(-300, None)]
    await stored.cases.take(1, olena, now=NOW - 60)
    await stored.case_closings.close(2, olena, "Реклама", now=NOW - 60)
    await stored.send_all()
    for call, number in zip(calls, (CLIENT, OTHER), strict=True):
        known = said(**values_of(call) | {"caller": Party(number=number)})
        await stored.calls.record([known], now=NOW)
    taken, closed = await stored.all_cases()
    assert (taken.id, taken.state, taken.client) == (1, CaseState.OPEN, "+380671234567")
    assert taken.owner is not None
    assert (closed.id, closed.state, closed.client) == (2, CaseState.BY_HAND, "+380501112233")
    assert len(await told(stored)) == 2


async def test_who_was_asked_and_has_a_client_again_is_asked_before_it_goes_free(
    stored: StoredCalls,
) -> None:
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await stored.lost(-600)
    await stored.cases.take(1, olena, now=NOW - 600)
    assert await stored.case_deadlines.ask_owners(now=NOW) == 1
    talk = await stored.dialled(-60, updated_at=1)
    assert await stored.states() == [CaseState.CALLED_BACK]
    await stored.calls.record(
        [said(**values_of(talk) | {"callee": Party(number=OTHER), "updated_at": 2})], now=NOW
    )
    assert await stored.case_deadlines.ask_owners(now=NOW) == 1
    case = await stored.only_case()
    assert (case.owner is not None, case.asked_at) == (True, NOW)


@pytest.mark.parametrize(
    ("correction", "words"),
    [
        ({"ended_at": NOW - 595}, "закороткий"),
        ({"status": Status.ANSWERED, "extension": "101"}, "на нього відповіли"),
        ({"direction": Direction.INTERNAL}, "не пропущений дзвінок клієнта"),
        ({"caller": Party(number=OTHER)}, "в іншому повідомленні"),
    ],
)
async def test_a_case_that_is_none_says_why(
    database: Database, correction: dict[str, Any], words: str
) -> None:
    stored = StoredCalls(database, CaseRules(min_missed_seconds=10))
    await stored.lost(-900, OTHER)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await stored.cases.take(1, olena, now=NOW - 700)
    call = await stored.lost(-600, updated_at=1)
    corrected = said(**values_of(call) | correction | {"updated_at": 2})
    await stored.calls.record([corrected], now=NOW)
    void = await stored.cases.get(2, EVERYTHING)
    assert void.state is CaseState.VOID
    with speaking(Language.UK):
        assert words in views.ending(void, now=NOW, zone=KYIV)
    current = await stored.cases.find_current(2)
    assert current == (1 if "caller" in correction else 2)
