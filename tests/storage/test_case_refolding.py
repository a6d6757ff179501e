"""What the calls of a client make of its cases: what opens one, what closes it, in any order."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, permutations
from operator import itemgetter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.calls import CallFacts, CaseState, Direction, Party, Status
from bot.domain.case_rules import CaseRules
from bot.domain.cases import Board, CaseActionKind
from bot.domain.contacts import Joining, Takeover
from bot.domain.people import EVERYTHING, Role
from storage.engine.base import Database
from tests.support.databases import empty_database
from tests.support.engines import BOTH_ENGINES
from tests.support.statements import NOW, said
from tests.support.stored_calls import CLIENT, OTHER, SAME, THIRD, WINDOW, StoredCalls, values_of

# The four that others get wrong


async def test_a_failed_call_back_does_not_close(stored: StoredCalls) -> None:
    await stored.lost()
    failures = (
        Status.NO_ANSWER,
        Status.UNREACHABLE,
        Status.REJECTED_BY_SUBSCRIBER,
        Status.CANCELLED_BY_OPERATOR,
    )
    for number, status in enumerate(failures, start=1):
        await stored.dialled(60 * number, status=status)
        case = await stored.only_case()
        assert (case.state, case.attempts) == (CaseState.OPEN, number)
        assert case.attempt is not None
        assert case.attempt.status is status


async def test_a_network_error_before_the_answer_is_no_talk(stored: StoredCalls) -> None:
    await stored.hire(1, Role.SUPERVISOR)
    error: dict[str, Any] = {"status": Status.NETWORK_ERROR, "extension": "101", "talk": 0}
    await stored.lost(**error)
    assert await stored.owed() == [1]
    await stored.dialled(60, **error)
    case = await stored.only_case()
    assert (case.state, case.lost, case.attempts) == (CaseState.OPEN, 1, 1)
    await stored.dialled(120, **error | {"answered_at": NOW + 130, "talk": 1})
    assert (await stored.only_case()).state is CaseState.CALLED_BACK


async def test_a_redial_that_is_answered_closes(stored: StoredCalls) -> None:
    await stored.lost()
    await stored.redialled(300)
    case = await stored.only_case()
    assert case.state is CaseState.GOT_THROUGH
    assert case.closed_at == NOW + 305
    assert case.call.status is Status.MISSED


@pytest.mark.parametrize(
    "written",
    [
        *(SAME, "380671234567", "00380671234567", "+380671234567", "067 123 45 67"),
        *("tel:+38-067-123-45-67", "sip:+380671234567@pbx.example;user=phone"),
    ],
)
async def test_numbers_in_different_formats_match(stored: StoredCalls, written: str) -> None:
    await stored.lost()
    await stored.lost(30, written)
    await stored.dialled(120, written)
    case = await stored.only_case()
    assert (case.state, case.lost) == (CaseState.CALLED_BACK, 2)


async def test_three_calls_of_one_client_make_one_case(stored: StoredCalls) -> None:
    for number in range(3):
        await stored.lost(60 * number)
    await stored.lost(0, OTHER)
    assert [case.lost for case in await stored.all_cases()] == [3, 1]


# What opens and closes


async def test_a_call_back_turns_the_status_of_the_lost_calls(stored: StoredCalls) -> None:
    await stored.hire(1, Role.OPERATOR, "101")
    await stored.lost()
    await stored.lost(60)
    await stored.dialled(420)
    for call_id in (1, 2):
        call = await stored.journal.get(call_id, EVERYTHING)
        assert call.status is Status.MISSED_CALLED_BACK
        assert call.case is not None
        assert (call.case.closing_call, call.case.closed_by) == (3, "Олена")
        assert call.case.closed_at == NOW + 430
    closing = await stored.journal.get(3, EVERYTHING)
    assert closing.status is Status.ANSWERED
    assert closing.case is not None
    assert closing.case.lost_call == 2
    numbers = await stored.cases.numbers(EVERYTHING, since=NOW)
    assert (numbers.opened, numbers.called_back, numbers.left) == (1, 1, 0)


async def test_a_talk_before_the_first_lost_call_closes_nothing(stored: StoredCalls) -> None:
    await stored.lost()
    await stored.dialled(-60)
    await stored.dialled(0)
    assert await stored.states() == [CaseState.OPEN]


@pytest.mark.parametrize(("late", "state"), [(0, "called_back"), (1, "expired")])
async def test_the_window_is_counted_from_the_first_lost_call(
    stored: StoredCalls, late: int, state: str
) -> None:
    await stored.lost()
    await stored.lost(WINDOW // 2)
    stored.now += WINDOW + 120
    await stored.dialled(late - 120)
    assert await stored.states() == [CaseState(state)]


async def test_a_lost_call_after_the_window_begins_a_new_case(stored: StoredCalls) -> None:
    await stored.lost()
    stored.now += WINDOW + 1
    await stored.lost()
    assert await stored.states() == [CaseState.EXPIRED, CaseState.OPEN]


async def test_time_alone_lets_a_case_expire(stored: StoredCalls) -> None:
    await stored.lost()
    assert await stored.case_deadlines.expire(now=NOW + WINDOW) == 0
    assert await stored.case_deadlines.expire(now=NOW + WINDOW + 1) == 1
    case = await stored.only_case()
    assert (case.state, case.closed_at) == (CaseState.EXPIRED, NOW + WINDOW)


@BOTH_ENGINES
async def test_a_short_ring_makes_no_case(tmp_path: Path) -> None:
    async with empty_database(tmp_path / "dzvinok.db") as database:
        stored = StoredCalls(database, CaseRules(min_missed_seconds=10))
        await stored.lost(ended_at=NOW + 9)
        assert await stored.all_cases() == []
        await stored.lost(60, ended_at=NOW + 70)
        assert (await stored.only_case()).lost == 1
        await stored.lost(120, OTHER, ended_at=None)  # nobody knows how long: rather one too many
        assert len(await stored.all_cases()) == 2


async def test_hidden_numbers_have_a_case_for_each_call(stored: StoredCalls) -> None:
    await stored.lost(number=None)
    await stored.lost(10, number="anonymous")
    boss = await stored.hire(1, Role.SUPERVISOR)
    assert await stored.states() == [CaseState.OPEN] * 2
    first, second = await stored.all_cases()
    assert await stored.case_closings.close(first.id, boss, "не додзвонитися", now=NOW + 60)
    assert await stored.states() == [CaseState.BY_HAND, CaseState.OPEN]
    assert await stored.case_deadlines.expire(now=NOW + WINDOW + 60) == 1
    assert await stored.states() == [CaseState.BY_HAND, CaseState.EXPIRED]
    assert second.client is None


async def test_what_the_pbx_says_was_returned_is_counted_and_listed(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    await stored.lost(-60, status=Status.MISSED_CALLED_BACK)
    page = await stored.cases.board(boss, Board.CLOSED, page=0, size=8, today=NOW - 3600)
    assert (
        page.total == (await stored.cases.numbers(boss.scope, since=NOW - 3600)).called_back == 1
    )


async def test_internal_calls_never_make_a_case_and_an_ivr_is_nobody(stored: StoredCalls) -> None:
    await stored.call(direction=Direction.INTERNAL, caller=Party(number="102"), rang=("101",))
    assert await stored.all_cases() == []
    await stored.lost(answered_at=NOW + 2, ended_at=NOW + 30, queue="sales")
    assert (await stored.only_case()).is_open


async def test_an_ignored_number_is_in_the_log_and_nowhere_else(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    await stored.lost(-60)
    await stored.case_closings.ignore("+380671234567", boss, now=NOW)
    assert await stored.states() == [CaseState.BY_HAND]
    await stored.send_all()
    await stored.lost(60)
    assert await stored.states() == [CaseState.BY_HAND]
    assert await stored.owed() == []
    assert (await stored.journal.get(2, EVERYTHING)).lost
    [ignored] = await stored.case_closings.list_ignored()
    assert (ignored.number, ignored.name) == ("+380671234567", None)
    await stored.case_closings.unignore(ignored.id, now=NOW + 100)
    assert await stored.case_closings.list_ignored() == []
    await stored.lost(200)
    assert await stored.states() == [CaseState.BY_HAND, CaseState.OPEN]
    assert (await stored.all_cases())[1].lost == 1


async def test_the_pbx_may_know_that_somebody_called_back(stored: StoredCalls) -> None:
    await stored.lost(status=Status.MISSED_CALLED_BACK)
    case = await stored.only_case()
    assert (case.state, case.closed_at) == (CaseState.CALLED_BACK, None)
    await stored.lost(60)
    assert await stored.states() == [CaseState.OPEN]


async def test_by_hand_is_marked_and_counted_apart(stored: StoredCalls) -> None:
    olena = await stored.hire(1, Role.OPERATOR, "101")
    await stored.lost()
    case = await stored.only_case()
    assert await stored.case_closings.close(case.id, olena, "Реклама", now=NOW + 60)
    assert not await stored.case_closings.close(case.id, olena, "ще раз", now=NOW + 61)
    case = await stored.only_case()
    assert (case.state, case.closed_at) == (CaseState.BY_HAND, NOW + 60)
    assert (case.actions[-1].kind, case.actions[-1].text) == (CaseActionKind.CLOSED, "Реклама")
    assert (await stored.cases.numbers(EVERYTHING, since=NOW)).by_hand == 1
    stored.now += 600
    await stored.lost()
    assert await stored.states() == [CaseState.BY_HAND, CaseState.OPEN]


# Corrections


async def test_a_call_that_was_answered_after_all_ends_its_case_and_mends_its_alerts(
    stored: StoredCalls,
) -> None:
    await stored.hire(1, Role.SUPERVISOR)
    facts = await stored.lost()
    await stored.send_all()
    await stored.call(
        external_id=facts.external_id,
        started_at=NOW,
        caller=Party(number=CLIENT),
        status=Status.ANSWERED,
        extension="101",
        answered_at=NOW + 5,
        ended_at=NOW + 30,
    )
    assert await stored.all_cases() == []
    [row] = await stored.database.fetch("SELECT * FROM cases")
    assert row["state"] == "void"
    assert await stored.owed() == [1]
    assert (await stored.cases.get(row["id"], EVERYTHING)).call.lost is False


async def test_a_talk_that_was_none_opens_the_case_again(stored: StoredCalls) -> None:
    await stored.hire(1, Role.SUPERVISOR)
    await stored.lost()
    talk = await stored.dialled(60, updated_at=1)
    assert await stored.states() == [CaseState.CALLED_BACK]
    await stored.calls.record(
        [said(**values_of(talk) | {"status": Status.ANSWERED, "updated_at": 2})], now=NOW
    )
    assert await stored.states() == [CaseState.CALLED_BACK]
    await stored.calls.record(
        [said(**values_of(talk) | {"callee": Party(number=OTHER), "updated_at": 3})], now=NOW
    )
    assert await stored.states() == [CaseState.OPEN]


async def test_a_talk_that_is_corrected_to_none_closes_nothing(stored: StoredCalls) -> None:
    await stored.lost()
    talk = await stored.dialled(60, updated_at=1)
    assert await stored.states() == [CaseState.CALLED_BACK]
    failed = values_of(talk) | {"status": Status.NO_ANSWER, "answered_at": None, "updated_at": 2}
    await stored.calls.record([said(**failed)], now=NOW)
    case = await stored.only_case()
    assert (case.state, case.attempts) == (CaseState.OPEN, 1)


async def test_an_earlier_lost_call_that_comes_late_joins_the_case(stored: StoredCalls) -> None:
    await stored.lost(60)
    before = await stored.only_case()
    await stored.lost(0)
    case = await stored.only_case()
    assert (case.id, case.lost, case.opened_at) == (before.id, 2, NOW)


async def test_a_talk_between_two_lost_calls_that_comes_late_divides_the_case(
    stored: StoredCalls,
) -> None:
    await stored.lost(0)
    await stored.lost(600)
    boss = await stored.hire(1, Role.SUPERVISOR)
    await stored.cases.take((await stored.only_case()).id, boss, now=NOW + 700)
    await stored.dialled(300)
    still_open, closed = await stored.all_cases()
    assert (closed.state, closed.lost, closed.owner) == (CaseState.CALLED_BACK, 1, None)
    assert (still_open.state, still_open.lost) == (CaseState.OPEN, 1)
    assert still_open.owner is not None


async def test_a_hidden_number_that_becomes_known_moves_to_its_client(stored: StoredCalls) -> None:
    await stored.lost(-60)
    facts = await stored.lost(number=None)
    assert len(await stored.all_cases()) == 2
    await stored.calls.record(
        [said(**values_of(facts) | {"caller": Party(number=CLIENT)})], now=NOW + 60
    )
    assert [(case.client, case.lost) for case in await stored.all_cases()] == [
        ("+380671234567", 2)
    ]


# In any order


@st.composite
def stories(draw: st.DrawFn) -> list[CallFacts]:
    """Some calls of two clients and of hidden numbers, each said in one or two statements."""
    said_of: list[CallFacts] = []
    for number in range(draw(st.integers(1, 9))):
        start = NOW + draw(st.integers(0, 40)) * 3600
        client = Party(number=draw(st.sampled_from([CLIENT, SAME, OTHER, THIRD, None])))
        kind = draw(st.sampled_from(["lost", "lost", "lost", "in", "out", "failed", "said"]))
        values: dict[str, Any] = {
            "external_id": f"c{number}",
            "started_at": start,
            "caller": client,
            "ended_at": start + 60,
            "rang": ("101",),
            "updated_at": 1,
        }
        if kind == "in":
            values |= {"status": Status.ANSWERED, "extension": "101", "answered_at": start + 5}
        elif kind == "said":
            values |= {"status": Status.MISSED_CALLED_BACK}
        elif kind in {"out", "failed"}:
            answered = kind == "out"
            values |= {
                "direction": Direction.OUT,
                "status": Status.ANSWERED if answered else Status.NO_ANSWER,
                "caller": Party(number="101"),
                "callee": client,
                "extension": "101",
                "rang": (),
                "answered_at": start + 5 if answered else None,
            }
        said_of.append(said(**values))
        if draw(st.booleans()) and kind == "lost":
            change: dict[str, Any] = draw(
                st.sampled_from(
                    [
                        {"status": Status.ANSWERED, "extension": "102", "answered_at": start + 9},
                        {"caller": Party(number=OTHER)},
                        {"queue": "sales"},
                        {"status": Status.MISSED_CALLED_BACK},
                    ]
                )
            )
            said_of.append(said(**values | change | {"updated_at": 2}))
    return said_of


@dataclass(frozen=True)
class Regroup:
    """One number becomes one more of another's client, or is taken away (no `client`)."""

    client: str | None
    number: str

    async def carry_out(self, stored: StoredCalls, now: int) -> None:
        if self.client:
            joined = await stored.contacts.add_number(
                self.client, self.number, now=now, takeover=Takeover.NUMBER
            )
            assert joined in {Joining.ADDED, Joining.ITS_ALREADY}
        elif contact := await stored.contacts.find(self.number):
            number = contact.find(self.number)
            assert number
            await stored.contacts.remove_number(contact, number.id, now=now)


NUMBERS = ("+380671234567", "+380501112233", "+380939998877")

regroupings = st.lists(
    st.one_of(
        st.permutations(NUMBERS).map(lambda two: Regroup(two[0], two[1])),
        st.sampled_from(NUMBERS).map(lambda number: Regroup(None, number)),
    ),
    max_size=4,
)


async def _ends(
    database: Database, steps: Sequence[list[CallFacts] | Regroup], closed_at: int
) -> list[Any]:
    """The cases after these steps, without ids; OTHER's was closed by hand at a moment."""
    stored = StoredCalls(database, CaseRules(window=20 * 3600))
    boss = await stored.hire(1, Role.SUPERVISOR)
    end = NOW + 100 * 3600
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO cases (id, client, opened_at, last_lost_at, expires_at, lost, attempts, "
            "state) VALUES (1000, '+380501112233', 0, 0, 0, 0, 0, 'void')"
        )
        await tx.execute(
            "INSERT INTO case_events (case_id, at, kind, employee_id) "
            "VALUES (1000, ?, 'closed', ?)",
            (closed_at, boss.id),
        )
        await tx.execute(
            "INSERT INTO event_numbers (number, event_id) VALUES ('+380501112233', 1)"
        )
    for step in steps:
        if isinstance(step, Regroup):
            await step.carry_out(stored, end)
        else:
            await stored.calls.record(step, now=end)
    rows = await database.fetch(
        "SELECT k.id, k.client, k.opened_at, k.last_lost_at, k.lost, k.attempts, k.state, "
        "k.closed_at, c.external_id, y.part FROM cases AS k "
        "LEFT JOIN case_calls AS y ON y.case_id = k.id LEFT JOIN calls AS c ON c.id = y.call_id "
        "WHERE k.state <> 'void' ORDER BY k.id, c.external_id"
    )
    ends = [
        (*tuple(case)[1:8], *(tuple(row)[8:] for row in (case, *more)))
        for _, [case, *more] in groupby(rows, itemgetter("id"))
    ]
    return sorted(ends, key=str)


async def test_calls_of_one_second_end_in_the_same_cases_in_any_order(tmp_path: Path) -> None:
    """A talk of that second ends the case before it: what was lost with it belongs to either."""

    def call(name: str, hours: int, **values: Any) -> CallFacts:
        start = NOW + hours * 3600
        return said(
            **{
                "external_id": name,
                "started_at": start,
                "ended_at": start + 60,
                "caller": Party(number=CLIENT),
                "updated_at": 1,
            }
            | values
        )

    talk = {"status": Status.ANSWERED, "answered_at": NOW + 3609, "updated_at": 2}
    story = [call("c0", 0), call("c1", 1), call("c2", 1), call("c2", 1, **talk), call("c3", 1)]
    ends = set()
    for number, order in enumerate(permutations(story)):
        if number % 3 == 0:
            async with empty_database(tmp_path / f"{number}.db") as database:
                steps = [[one] for one in order]
                ends.add(str(await _ends(database, steps, closed_at=NOW + 30 * 3600)))
    [end] = ends
    assert "('c0', 'lost'), ('c1', 'lost'), ('c2', 'closing')" in end
    assert "('c3', 'lost')" in end.partition("closing")[2]


@BOTH_ENGINES
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=stories(), regrouping=regroupings, seed=st.integers(0, 1 << 30))
def test_any_order_repetition_and_batching_end_in_the_same_cases(
    tmp_path_factory: pytest.TempPathFactory,
    story: list[CallFacts],
    regrouping: list[Regroup],
    seed: int,
) -> None:
    """Whether the contacts got their numbers before the calls came, between them or after."""
    chance = random.Random(seed)
    scrambled = [*story, *chance.sample(story, chance.randint(0, len(story)))]
    chance.shuffle(scrambled)
    steps: list[list[CallFacts] | Regroup] = []
    while scrambled:
        size = chance.randint(1, 4)
        steps.append(scrambled[:size])
        scrambled = scrambled[size:]
    places = sorted(chance.randint(0, len(steps)) for _ in regrouping)
    for place, one in reversed(list(zip(places, regrouping, strict=True))):
        steps.insert(place, one)
    contacts_first = chance.random() < 0.5

    async def compare() -> None:
        folder = tmp_path_factory.mktemp("cases")
        async with (
            empty_database(folder / "one.db") as one,
            empty_database(folder / "many.db") as many,
        ):
            whole: list[list[CallFacts] | Regroup] = [story]
            whole[slice(0, 0) if contacts_first else slice(1, 1)] = regrouping
            in_order = await _ends(one, whole, closed_at=NOW + 30 * 3600)
            assert await _ends(many, steps, closed_at=NOW + 30 * 3600) == in_order

    asyncio.run(compare())
