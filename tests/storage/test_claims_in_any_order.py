"""Whose a client is, and what people were told of: the same in any order of arrival."""

import asyncio
import itertools
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.domain.calls import CaseState, Direction, Party, Status
from bot.domain.case_rules import CaseRules
from bot.domain.cases import Case, CaseActionKind
from bot.domain.contacts import Takeover
from bot.domain.errors import NoAccessError
from bot.domain.people import EVERYTHING, Language, Role
from bot.views import cases as views
from storage.case_refolding import CaseRefolding
from storage.database import open_database
from storage.engine.base import Database
from storage.engine.sqlite import MIGRATIONS, open_sqlite
from storage.reminders import ReminderRepo
from tests.support.databases import empty_database
from tests.support.engines import BOTH_ENGINES
from tests.support.kyiv import KYIV
from tests.support.statements import NOW, said
from tests.support.stored_calls import CLIENT, OTHER, THIRD, StoredCalls, values_of
from tests.support.texts import speaking

MINUTE = 60
BOSS, OLENA, IVAN = 1, 2, 3


async def tell(stored: StoredCalls, kind: str, at: int, number: str = CLIENT) -> None:
    """One call of a client, so many seconds from now."""
    match kind:
        case "lost":
            await stored.lost(at, number)
        case "in":
            await stored.redialled(at, number)
        case "out":
            await stored.dialled(at, number)
        case "failed":
            await stored.dialled(at, number, status=Status.NO_ANSWER)


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


@pytest.mark.long
@BOTH_ENGINES
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
        async with empty_database(tmp_path_factory.mktemp("claims") / "dzvinok.db") as database:
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


# One client with several numbers

NUMBERS = (CLIENT, OTHER, THIRD)
E164 = dict(zip(NUMBERS, ("+380671234567", "+380501112233", "+380939998877"), strict=True))


@dataclass(frozen=True)
class Heard:
    """A call of a number, so many seconds ago, told of now."""

    kind: str
    at: int
    number: str

    async def carry_out(self, stored: StoredCalls, _now: int) -> object:
        await tell(stored, self.kind, self.at, self.number)
        return None


@dataclass(frozen=True)
class Done:
    """What a person does with the open case that has a lost call from the number."""

    kind: str
    person: int
    number: str

    async def carry_out(self, stored: StoredCalls, now: int) -> object:
        rows = await stored.database.fetch(
            "SELECT k.id FROM cases AS k JOIN case_calls AS y ON y.case_id = k.id "
            "JOIN calls AS c ON c.id = y.call_id WHERE c.client = ? AND y.part = 'lost' "
            "AND k.state = 'open'",
            (E164[self.number],),
        )
        person = await stored.employees.get(self.person)
        for row in rows:
            try:
                match self.kind:
                    case "take":
                        return await stored.cases.take(row["id"], person, now=now)
                    case "return":
                        return await stored.cases.give_back(row["id"], person, now=now)
                    case "close":
                        return await stored.case_closings.close(row["id"], person, "x", now=now)
                    case "hand":
                        return await stored.cases.hand(row["id"], person, IVAN, now=now)
            except NoAccessError:
                return "refused"
        return "no case"


@dataclass(frozen=True)
class Regrouped:
    """A number becomes one more of another's client, or a client of its own (no `client`)."""

    client: str | None
    number: str

    async def carry_out(self, stored: StoredCalls, now: int) -> object:
        contacts, number = stored.contacts, E164[self.number]
        if self.client:
            await contacts.add_number(E164[self.client], number, now=now, takeover=Takeover.NUMBER)
        elif contact := await contacts.find(number):
            found = contact.find(number)
            assert found
            await contacts.remove_number(contact, found.id, now=now)
        return None


Fact = Heard | Done | Regrouped

calls_of_three = st.lists(st.tuples(KINDS, st.sampled_from(NUMBERS)), min_size=3, max_size=7).map(
    lambda calls: [
        Heard(kind, -MINUTE * (2 + 5 * place), number)
        for place, (kind, number) in enumerate(calls)
    ]
)
deeds = st.builds(
    Done,
    st.sampled_from(["take", "take", "take", "return", "close", "hand"]),
    st.sampled_from([BOSS, OLENA, IVAN]),
    st.sampled_from(NUMBERS),
)
regroupings = st.one_of(
    st.permutations(NUMBERS).map(lambda two: Regrouped(two[0], two[1])),
    st.sampled_from(NUMBERS).map(lambda number: Regrouped(None, number)),
)


async def whose(stored: StoredCalls) -> list[Any]:
    rows = await stored.database.fetch(
        "SELECT client, opened_at, last_lost_at, lost, state, "
        "CASE WHEN state = 'open' THEN owner_id END AS owner_id, "
        "state = 'open' AND owner_id IS NOT NULL AND claim_due_at IS NULL AS is_never_asked "
        "FROM cases WHERE state <> 'void' ORDER BY opened_at, client"
    )
    return [tuple(row) for row in rows]


async def story(database: Database, facts: Sequence[Fact]) -> tuple[list[Any], list[Any]]:
    """How the cases end, and what came of what people did."""
    stored = StoredCalls(database)
    await stored.hire(BOSS, Role.SUPERVISOR)
    await stored.hire(OLENA, Role.OPERATOR, "101")
    await stored.hire(IVAN, Role.OPERATOR, "101")
    came_of = []
    acts = [fact for fact in facts if isinstance(fact, Done)]
    for fact in facts:
        now = NOW + (acts.index(fact) if isinstance(fact, Done) else 60)
        came_of.append((fact, await fact.carry_out(stored, now)))
        await stored.send_all()
    ends = await whose(stored)
    async with database.transaction() as tx:
        await CaseRefolding(tx, CaseRules(), NOW + 60).regroup(E164.values())
    assert await whose(stored) == ends, "to refold all there is changes nothing"
    return ends, [one for one in came_of if isinstance(one[0], Done)]


A, B = CLIENT, OTHER
A_20, A_5, B_5, B_3 = (
    *(Heard("lost", -20 * MINUTE, A), Heard("lost", -5 * MINUTE, A)),
    *(Heard("lost", -5 * MINUTE, B), Heard("lost", -3 * MINUTE, B)),
)
IN_A, OUT_B = Heard("in", -12 * MINUTE, A), Heard("out", -12 * MINUTE, B)
OUT_A = Heard("out", -3 * MINUTE, A)
OLENA_A, IVAN_B, CLOSED_B = Done("take", OLENA, A), Done("take", IVAN, B), Done("close", IVAN, B)
JOIN, PART = Regrouped(A, B), Regrouped(None, B)


@BOTH_ENGINES
@pytest.mark.parametrize(
    ("orders", "states", "owner"),
    [
        pytest.param(
            [
                [A_20, B_5, OLENA_A, IVAN_B, JOIN, IN_A],
                [A_20, B_5, OLENA_A, IVAN_B, IN_A, JOIN],
                [A_20, B_5, IN_A, IVAN_B, JOIN],
            ],
            ["got_through", "open"],
            IVAN,
            id="a call back of the number that another has taken",
        ),
        pytest.param(
            [
                [A_20, B_3, OLENA_A, JOIN, OUT_B],
                [A_20, B_3, OLENA_A, OUT_B, JOIN],
                [A_20, OLENA_A, JOIN, B_3, PART, OUT_B, JOIN],
            ],
            ["called_back", "open"],
            None,
            id="a call back of the number that nobody has taken",
        ),
        pytest.param(
            [[A_20, B_5, JOIN, OLENA_A, PART, OUT_A], [A_20, B_5, JOIN, OLENA_A, OUT_A, PART]],
            ["called_back", "open"],
            OLENA,
            id="a number that was taken away of a client who had been taken",
        ),
        pytest.param(
            [[A_20, B_5, OLENA_A, CLOSED_B, JOIN], [B_5, CLOSED_B, A_20, OLENA_A, JOIN]],
            ["open"],
            OLENA,
            id="a closing of the number that the owner has not taken",
        ),
        pytest.param(
            [[A_20, OLENA_A, JOIN, IN_A, B_5], [A_20, B_5, OLENA_A, IN_A, JOIN]],
            ["got_through", "open"],
            None,
            id="a lost call of the other number when the first was called back",
        ),
        pytest.param(
            [[A_20, B_5, JOIN, PART, OLENA_A], [A_20, OLENA_A, B_5, JOIN, PART]],
            ["open", "open"],
            OLENA,
            id="a joining that was undone",
        ),
    ],
)
async def test_whose_a_client_is_does_not_depend_on_what_was_known_first(
    tmp_path: Path, orders: list[list[Fact]], states: list[str], owner: int | None
) -> None:
    for place, facts in enumerate(orders):
        async with empty_database(tmp_path / f"{place}.db") as database:
            ends, _ = await story(database, facts)
        assert [one[4] for one in ends] == states
        owners = [one[5] for one in ends if one[4] == "open"]
        assert owners == [owner] + [None] * (len(owners) - 1)


@pytest.mark.long
@BOTH_ENGINES
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)
@given(
    calls=calls_of_three,
    before=st.lists(regroupings, max_size=1),
    acts=st.lists(deeds, min_size=1, max_size=3, unique=True),
    after=st.lists(regroupings, max_size=2),
    seed=st.integers(0, 1 << 30),
)
def test_whose_a_client_of_several_numbers_is_follows_from_what_was_done_and_called(
    tmp_path_factory: pytest.TempPathFactory,
    calls: list[Heard],
    before: list[Regrouped],
    acts: list[Done],
    after: list[Regrouped],
    seed: int,
) -> None:
    """Calls and the numbers of contacts become known in any order, as long as people do the same.

    In one order all calls come first, in the other some come only after what people did, before or
    after the numbers are joined or parted.
    """
    chance = random.Random(seed)

    def shuffled() -> list[Fact]:
        late = [call for call in calls if chance.random() < 0.5]
        early: list[Fact] = [call for call in calls if call not in late]
        chance.shuffle(early)
        chance.shuffle(late)
        rest: list[Fact] = list(after)
        for call in late:
            rest.insert(chance.randint(0, len(rest)), call)
        return [*early, *before, *acts, *rest]

    async def check() -> None:
        folder = tmp_path_factory.mktemp("whose")
        ends = []
        for order in range(3):
            async with empty_database(folder / f"{order}.db") as database:
                ends.append(await story(database, shuffled()))
        for one, other in itertools.pairwise(ends):
            if one[1] == other[1]:
                assert one[0] == other[0]

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


async def test_claims_and_closings_of_before_are_of_the_calls_and_numbers_of_their_cases(
    tmp_path: Path,
) -> None:
    """The database as it was when only closings knew their numbers."""
    old, path = tmp_path / "old", tmp_path / "dzvinok.db"
    old.mkdir()
    for script in sorted(MIGRATIONS.glob("*.sql")):
        if script.name.endswith("_what_deeds_were_of.sql"):
            break
        shutil.copy(script, old)
    call = "(id, source, external_id, started_at, position, received_at, client, direction, status"
    async with open_sqlite(path, migrations=old) as database, database.transaction() as tx:
        await tx.execute(
            "INSERT INTO employees (id, tg_id, name, role, language, page_size, created_at) "
            "VALUES (2, 2, 'Олена', 'operator', 'uk', 8, 0), "
            "(3, 3, 'Іван', 'operator', 'uk', 8, 0)"
        )
        for id_, number in ((1, E164[A]), (2, None)):
            await tx.execute(
                f"INSERT INTO calls {call}, lost, talked, level) "
                "VALUES (?, 'office', ?, ?, ?, ?, ?, 'in', 'no_answer', 1, 0, 3)",
                (id_, f"c{id_}", NOW - 60, NOW - 60, NOW, number),
            )
            await tx.execute(
                "INSERT INTO cases (id, client, call_id, opened_at, last_lost_at, expires_at, "
                "lost, attempts, state, owner_id, owned_at) "
                "VALUES (?, ?, ?, ?, ?, ?, 1, 0, ?, ?, ?)",
                (
                    *(id_, number, id_, NOW - 60, NOW - 60, NOW + 9999),
                    *("open" if number else "by_hand", 2 if number else None, NOW - 20),
                ),
            )
            await tx.execute(
                "INSERT INTO case_calls (call_id, case_id, part) VALUES (?, ?, 'lost')", (id_, id_)
            )
        await tx.execute(
            "INSERT INTO case_events (case_id, at, kind, employee_id) VALUES "
            "(1, ?, 'taken', 3), (1, ?, 'returned', 3), (1, ?, 'taken', 2), (2, ?, 'closed', 2)",
            (NOW - 40, NOW - 30, NOW - 20, NOW - 20),
        )
    async with open_database(path) as migrated:
        async with migrated.transaction() as tx:
            refolding = CaseRefolding(tx, CaseRules(), NOW)
            await refolding.regroup([E164[A]])
            await refolding.refold_hidden([2])
        rows = await migrated.fetch("SELECT state, owner_id FROM cases ORDER BY id")
        assert [tuple(row) for row in rows] == [("open", OLENA), ("by_hand", None)]
