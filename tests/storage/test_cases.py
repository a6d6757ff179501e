"""The cases: what opens one, what closes it, who takes it, who is told. Real SQLite."""

import asyncio
import itertools
import random
import shutil
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from bot.cli.import_files import import_files
from bot.demo.bot_api.server import BotApiServer
from bot.domain.calls import CallFacts, CaseState, Direction, Party, Status
from bot.domain.case_rules import CaseRules
from bot.domain.cases import Board, Case, CaseActionKind, Taking
from bot.domain.errors import NoAccessError, NotFoundError
from bot.domain.people import EVERYTHING, Employee, EmployeeState, Role
from storage.calls import CallRepo
from storage.case_times import ANSWER_SECONDS, CaseTimes
from storage.cases import CaseRepo
from storage.comments import CommentRepo
from storage.database import MIGRATIONS, Database, open_database
from storage.employees import EmployeeRepo
from storage.journal import JournalRepo
from tests.domain.test_merging import said
from tests.storage.test_calls import hire
from tests.support.places import DATA
from tests.support.running import settings_for

NOW = 1_790_000_000
HOUR = 3600
WINDOW = 168 * HOUR
CLIENT, SAME, OTHER = "0671234567", "+38 (067) 123-45-67", "0501112233"
ASTERISK = DATA / "asterisk"


class Desk:
    """A database with calls and cases, a clock, and ids given to calls in order."""

    def __init__(self, database: Database, rules: CaseRules | None = None) -> None:
        rules = rules or CaseRules()
        self.database = database
        self.calls = CallRepo(database, rules=rules)
        self.journal = JournalRepo(database)
        self.cases = CaseRepo(database, self.journal, rules=rules, claim_seconds=600)
        self.case_times = CaseTimes(database, rules=rules)
        self.employees = EmployeeRepo(database)
        self.now = NOW
        self._ids = itertools.count(1)

    async def call(self, **values: Any) -> CallFacts:
        """One more call, told of now; lost unless the values say otherwise."""
        facts = said(**{"external_id": f"c{next(self._ids)}"} | values)
        await self.calls.record([facts], now=self.now)
        return facts

    async def lost(self, at: int = 0, number: str | None = CLIENT, **values: Any) -> CallFacts:
        start = self.now + at
        given = {"rang": ("101",), "ended_at": start + 20} | values
        return await self.call(started_at=start, caller=Party(number=number), **given)

    async def dialled(self, at: int = 0, number: str = CLIENT, **values: Any) -> CallFacts:
        """An outgoing call of 101, answered unless the values say otherwise."""
        start = self.now + at
        given = {"status": Status.ANSWERED, "extension": "101", "ended_at": start + 60}
        given |= {"answered_at": start + 10} if "status" not in values else {}
        return await self.call(
            direction=Direction.OUT,
            started_at=start,
            caller=Party(number="101"),
            callee=Party(number=number),
            **given | values,
        )

    async def redialled(self, at: int = 0, number: str = CLIENT) -> CallFacts:
        start = self.now + at
        return await self.lost(
            at,
            number,
            status=Status.ANSWERED,
            extension="101",
            answered_at=start + 5,
            ended_at=start + 60,
        )

    async def all(self) -> list[Case]:
        rows = await self.database.fetch("SELECT id FROM cases WHERE state <> 'void' ORDER BY id")
        return [await self.cases.get(row["id"], EVERYTHING) for row in rows]

    async def one(self) -> Case:
        [case] = await self.all()
        return case

    async def states(self) -> list[CaseState]:
        return [case.state for case in await self.all()]

    async def hire(self, tg_id: int, role: Role, *extensions: str) -> Employee:
        await hire(self.database, tg_id, role, *extensions)
        return await self.employees.get(tg_id)

    async def owed(self, kind: str = "case", state: str = "pending") -> list[int]:
        rows = await self.database.fetch(
            "SELECT chat_id FROM outbox WHERE kind = ? AND state = ? ORDER BY chat_id",
            (kind, state),
        )
        return [row["chat_id"] for row in rows]

    async def sent(self) -> None:
        """All that is owed was sent."""
        async with self.database.transaction() as tx:
            await tx.execute(
                "UPDATE outbox SET state = 'sent', message_id = id, ping = 0 "
                "WHERE state = 'pending'"
            )


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_database(tmp_path / "dzvinok.db") as database:
        yield Desk(database)


# The four that others get wrong


async def test_a_failed_call_back_does_not_close(desk: Desk) -> None:
    await desk.lost()
    failures = (
        Status.NO_ANSWER,
        Status.UNREACHABLE,
        Status.REJECTED_BY_SUBSCRIBER,
        Status.CANCELLED_BY_OPERATOR,
    )
    for number, status in enumerate(failures, start=1):
        await desk.dialled(60 * number, status=status)
        case = await desk.one()
        assert (case.state, case.attempts) == (CaseState.OPEN, number)
        assert case.attempt is not None
        assert case.attempt.status is status


async def test_a_redial_that_is_answered_closes(desk: Desk) -> None:
    await desk.lost()
    await desk.redialled(300)
    case = await desk.one()
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
async def test_numbers_in_different_formats_match(desk: Desk, written: str) -> None:
    await desk.lost()
    await desk.lost(30, written)
    await desk.dialled(120, written)
    case = await desk.one()
    assert (case.state, case.lost) == (CaseState.CALLED_BACK, 2)


async def test_three_calls_of_one_client_make_one_case(desk: Desk) -> None:
    for number in range(3):
        await desk.lost(60 * number)
    await desk.lost(0, OTHER)
    assert [case.lost for case in await desk.all()] == [3, 1]


# What opens and closes


async def test_a_call_back_turns_the_status_of_the_lost_calls(desk: Desk) -> None:
    await desk.hire(1, Role.OPERATOR, "101")
    await desk.lost()
    await desk.lost(60)
    await desk.dialled(420)
    for call_id in (1, 2):
        call = await desk.journal.get(call_id, EVERYTHING)
        assert call.status is Status.MISSED_CALLED_BACK
        assert call.case is not None
        assert (call.case.closing_call, call.case.closed_by) == (3, "Олена")
        assert call.case.closed_at == NOW + 430
    closing = await desk.journal.get(3, EVERYTHING)
    assert closing.status is Status.ANSWERED
    assert closing.case is not None
    assert closing.case.lost_call == 2
    numbers = await desk.cases.numbers(EVERYTHING, since=NOW)
    assert (numbers.opened, numbers.called_back, numbers.left) == (1, 1, 0)


async def test_a_talk_before_the_first_lost_call_closes_nothing(desk: Desk) -> None:
    await desk.lost()
    await desk.dialled(-60)
    await desk.dialled(0)
    assert await desk.states() == [CaseState.OPEN]


@pytest.mark.parametrize(("late", "state"), [(0, "called_back"), (1, "expired")])
async def test_the_window_is_counted_from_the_first_lost_call(
    desk: Desk, late: int, state: str
) -> None:
    await desk.lost()
    await desk.lost(WINDOW // 2)
    desk.now += WINDOW + 120
    await desk.dialled(late - 120)
    assert await desk.states() == [CaseState(state)]


async def test_a_lost_call_after_the_window_begins_a_new_case(desk: Desk) -> None:
    await desk.lost()
    desk.now += WINDOW + 1
    await desk.lost()
    assert await desk.states() == [CaseState.EXPIRED, CaseState.OPEN]


async def test_time_alone_lets_a_case_expire(desk: Desk) -> None:
    await desk.lost()
    assert await desk.case_times.expire(now=NOW + WINDOW) == 0
    assert await desk.case_times.expire(now=NOW + WINDOW + 1) == 1
    case = await desk.one()
    assert (case.state, case.closed_at) == (CaseState.EXPIRED, NOW + WINDOW)


async def test_a_short_ring_makes_no_case(tmp_path: Path) -> None:
    async with open_database(tmp_path / "dzvinok.db") as database:
        desk = Desk(database, CaseRules(min_missed_seconds=10))
        await desk.lost(ended_at=NOW + 9)
        assert await desk.all() == []
        await desk.lost(60, ended_at=NOW + 70)
        assert (await desk.one()).lost == 1
        await desk.lost(120, OTHER, ended_at=None)  # nobody knows how long: rather one too many
        assert len(await desk.all()) == 2


async def test_hidden_numbers_have_a_case_for_each_call(desk: Desk) -> None:
    await desk.lost(number=None)
    await desk.lost(10, number="anonymous")
    boss = await desk.hire(1, Role.SUPERVISOR)
    assert await desk.states() == [CaseState.OPEN] * 2
    first, second = await desk.all()
    assert await desk.cases.close(first.id, boss, "не додзвонитися", now=NOW + 60)
    assert await desk.states() == [CaseState.BY_HAND, CaseState.OPEN]
    assert await desk.case_times.expire(now=NOW + WINDOW + 60) == 1
    assert await desk.states() == [CaseState.BY_HAND, CaseState.EXPIRED]
    assert second.client is None


async def test_what_the_pbx_says_was_returned_is_counted_and_listed(desk: Desk) -> None:
    boss = await desk.hire(1, Role.SUPERVISOR)
    await desk.lost(-60, status=Status.MISSED_CALLED_BACK)
    page = await desk.cases.board(boss, Board.CLOSED, page=0, size=8, today=NOW - 3600)
    assert page.total == (await desk.cases.numbers(boss.scope, since=NOW - 3600)).called_back == 1


async def test_internal_calls_never_make_a_case_and_an_ivr_is_nobody(desk: Desk) -> None:
    await desk.call(direction=Direction.INTERNAL, caller=Party(number="102"), rang=("101",))
    assert await desk.all() == []
    await desk.lost(answered_at=NOW + 2, ended_at=NOW + 30, queue="sales")
    assert (await desk.one()).is_open


async def test_an_ignored_number_is_in_the_log_and_nowhere_else(desk: Desk) -> None:
    boss = await desk.hire(1, Role.SUPERVISOR)
    await desk.lost(-60)
    await desk.cases.ignore("+380671234567", boss, now=NOW)
    assert await desk.states() == [CaseState.BY_HAND]
    await desk.sent()
    await desk.lost(60)
    assert await desk.states() == [CaseState.BY_HAND]
    assert await desk.owed() == []
    assert (await desk.journal.get(2, EVERYTHING)).lost
    [ignored] = await desk.cases.list_ignored()
    assert (ignored.number, ignored.name) == ("+380671234567", None)
    await desk.cases.unignore(ignored.id, now=NOW + 100)
    assert await desk.cases.list_ignored() == []
    await desk.lost(200)
    assert await desk.states() == [CaseState.BY_HAND, CaseState.OPEN]
    assert (await desk.all())[1].lost == 1


async def test_the_pbx_may_know_that_somebody_called_back(desk: Desk) -> None:
    await desk.lost(status=Status.MISSED_CALLED_BACK)
    case = await desk.one()
    assert (case.state, case.closed_at) == (CaseState.CALLED_BACK, None)
    await desk.lost(60)
    assert await desk.states() == [CaseState.OPEN]


async def test_by_hand_is_marked_and_counted_apart(desk: Desk) -> None:
    olena = await desk.hire(1, Role.OPERATOR, "101")
    await desk.lost()
    case = await desk.one()
    assert await desk.cases.close(case.id, olena, "Реклама", now=NOW + 60)
    assert not await desk.cases.close(case.id, olena, "ще раз", now=NOW + 61)
    case = await desk.one()
    assert (case.state, case.closed_at) == (CaseState.BY_HAND, NOW + 60)
    assert (case.actions[-1].kind, case.actions[-1].text) == (CaseActionKind.CLOSED, "Реклама")
    assert (await desk.cases.numbers(EVERYTHING, since=NOW)).by_hand == 1
    desk.now += 600
    await desk.lost()
    assert await desk.states() == [CaseState.BY_HAND, CaseState.OPEN]


# Corrections


async def test_a_call_that_was_answered_after_all_ends_its_case_and_mends_its_alerts(
    desk: Desk,
) -> None:
    await desk.hire(1, Role.SUPERVISOR)
    facts = await desk.lost()
    await desk.sent()
    await desk.call(
        external_id=facts.external_id,
        started_at=NOW,
        caller=Party(number=CLIENT),
        status=Status.ANSWERED,
        extension="101",
        answered_at=NOW + 5,
        ended_at=NOW + 30,
    )
    assert await desk.all() == []
    [row] = await desk.database.fetch("SELECT * FROM cases")
    assert row["state"] == "void"
    assert await desk.owed() == [1]
    assert (await desk.cases.get(row["id"], EVERYTHING)).call.lost is False


async def test_a_talk_that_was_none_opens_the_case_again(desk: Desk) -> None:
    await desk.hire(1, Role.SUPERVISOR)
    await desk.lost()
    talk = await desk.dialled(60, updated_at=1)
    assert await desk.states() == [CaseState.CALLED_BACK]
    await desk.calls.record(
        [said(**_values(talk) | {"status": Status.ANSWERED, "updated_at": 2})], now=NOW
    )
    assert await desk.states() == [CaseState.CALLED_BACK]
    await desk.calls.record(
        [said(**_values(talk) | {"callee": Party(number=OTHER), "updated_at": 3})], now=NOW
    )
    assert await desk.states() == [CaseState.OPEN]


async def test_an_earlier_lost_call_that_comes_late_joins_the_case(desk: Desk) -> None:
    await desk.lost(60)
    before = await desk.one()
    await desk.lost(0)
    case = await desk.one()
    assert (case.id, case.lost, case.opened_at) == (before.id, 2, NOW)


async def test_a_talk_between_two_lost_calls_that_comes_late_divides_the_case(desk: Desk) -> None:
    await desk.lost(0)
    await desk.lost(600)
    await desk.dialled(300)
    assert [(case.state, case.lost) for case in await desk.all()] == [
        (CaseState.CALLED_BACK, 1),
        (CaseState.OPEN, 1),
    ]


async def test_a_hidden_number_that_becomes_known_moves_to_its_client(desk: Desk) -> None:
    await desk.lost(-60)
    facts = await desk.lost(number=None)
    assert len(await desk.all()) == 2
    await desk.calls.record(
        [said(**_values(facts) | {"caller": Party(number=CLIENT)})], now=NOW + 60
    )
    assert [(case.client, case.lost) for case in await desk.all()] == [("+380671234567", 2)]


def _values(facts: CallFacts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in facts.__slots__}


# Who is told


async def test_one_message_per_case_and_chat(desk: Desk) -> None:
    await desk.hire(1, Role.SUPERVISOR)
    await desk.hire(2, Role.OPERATOR, "101")
    await desk.hire(3, Role.OPERATOR, "102")
    for number in range(3):
        await desk.lost(number * 30)
    assert await desk.owed() == [1, 2]
    await desk.sent()
    await desk.lost(100, rang=("102",))
    assert await desk.owed() == [1, 2, 3]


async def test_an_alert_of_a_case_that_is_over_is_never_owed(desk: Desk) -> None:
    await desk.hire(1, Role.SUPERVISOR)
    await desk.lost(-3000)
    await desk.dialled(-2000)
    await desk.lost(-1000, status=Status.ANSWERED, extension="101")
    rows = await desk.database.fetch("SELECT kind FROM outbox")
    assert [row["kind"] for row in rows] == ["case"]  # dropped when its turn comes


async def test_old_cases_are_told_of_in_one_list(desk: Desk) -> None:
    await desk.hire(1, Role.SUPERVISOR)
    await desk.hire(2, Role.OPERATOR, "103")
    for number in range(3):
        await desk.lost(-2 * HOUR - number, f"05011122{number:02}")
    await desk.lost(-3 * 86400, OTHER)
    assert await desk.owed() == []
    assert await desk.owed("open_cases") == [1]


async def test_only_the_owner_hears_a_ring_when_a_taken_client_calls_again(desk: Desk) -> None:
    await desk.hire(1, Role.SUPERVISOR)
    olena = await desk.hire(2, Role.OPERATOR, "101")
    await desk.lost()
    await desk.sent()
    case = await desk.one()
    await desk.cases.take(case.id, olena, now=NOW)
    await desk.sent()
    await desk.lost(60)
    rows = await desk.database.fetch("SELECT chat_id, ping FROM outbox ORDER BY chat_id")
    assert [tuple(row) for row in rows] == [(1, 0), (2, 1)]


async def test_a_comment_is_news_for_the_alert(desk: Desk) -> None:
    boss = await desk.hire(1, Role.SUPERVISOR)
    await desk.lost()
    await desk.sent()
    await CommentRepo(desk.database).set(1, "Передзвонити", author=boss, on_top_of=0, now=NOW)
    assert await desk.owed() == [1]


# Claims


async def test_of_many_who_take_a_case_at_once_one_wins(desk: Desk) -> None:
    people = [await desk.hire(tg_id, Role.SUPERVISOR) for tg_id in range(1, 51)]
    await desk.lost()
    case = await desk.one()
    takings = await asyncio.gather(
        *(desk.cases.take(case.id, person, now=NOW) for person in people)
    )
    assert sorted(takings) == [Taking.ANOTHERS] * 49 + [Taking.TAKEN]
    owner = (await desk.one()).owner
    assert owner is not None
    assert owner.id == people[takings.index(Taking.TAKEN)].id
    assert await desk.cases.take(case.id, people[owner.id - 1], now=NOW) is Taking.MINE_ALREADY


async def test_a_claim_is_asked_about_once_and_then_freed(desk: Desk) -> None:
    await desk.hire(1, Role.SUPERVISOR)
    olena = await desk.hire(2, Role.OPERATOR, "101")
    await desk.lost()
    await desk.sent()
    case = await desk.one()
    await desk.cases.take(case.id, olena, now=NOW)
    assert await desk.case_times.ask_owners(now=NOW + 599) == 0
    assert await desk.case_times.ask_owners(now=NOW + 600) == 1
    assert await desk.owed("claim") == [2]
    assert await desk.case_times.ask_owners(now=NOW + 600) == 0
    assert await desk.cases.extend(case.id, olena, seconds=600, now=NOW + 610)
    assert await desk.case_times.ask_owners(now=NOW + 1209) == 0
    assert await desk.case_times.ask_owners(now=NOW + 1210) == 1
    await desk.sent()
    assert await desk.case_times.ask_owners(now=NOW + 1210 + ANSWER_SECONDS) == 1
    case = await desk.one()
    assert case.owner is None
    rows = await desk.database.fetch("SELECT chat_id FROM outbox WHERE ping = 1")
    assert [row["chat_id"] for row in rows] == [1]
    assert not await desk.cases.extend(case.id, olena, seconds=600, now=NOW + 1600)
    assert [action.kind.value for action in case.actions] == [
        *("taken", "asked", "extended", "asked", "freed")
    ]


async def test_an_accountant_takes_and_closes_nothing(desk: Desk) -> None:
    clerk = await desk.hire(3, Role.ACCOUNTANT, "101")
    await desk.lost()
    case = await desk.one()
    assert (await desk.cases.get(case.id, clerk.scope)).id == case.id
    with pytest.raises(NoAccessError):
        await desk.cases.take(case.id, clerk, now=NOW)
    with pytest.raises(NoAccessError):
        await desk.cases.close(case.id, clerk, "так", now=NOW)


async def test_who_is_out_holds_no_client(desk: Desk) -> None:
    await desk.hire(1, Role.SUPERVISOR)
    olena = await desk.hire(2, Role.OPERATOR, "101")
    await desk.lost()
    await desk.sent()
    case = await desk.one()
    await desk.cases.take(case.id, olena, now=NOW)
    await desk.employees.set_state(olena.id, EmployeeState.BLOCKED)
    assert await desk.case_times.ask_owners(now=NOW + 1) == 1
    assert (await desk.one()).owner is None
    assert await desk.owed("claim") == []
    assert [person.id for person in await desk.cases.candidates(case.id)] == [1]


async def test_two_hours_of_sleep_ask_and_free_only_in_turn(desk: Desk) -> None:
    olena = await desk.hire(2, Role.OPERATOR, "101")
    await desk.lost()
    case = await desk.one()
    await desk.cases.take(case.id, olena, now=NOW)
    late = NOW + 2 * HOUR
    assert await desk.case_times.ask_owners(now=late) == 1
    assert await desk.case_times.ask_owners(now=late) == 0
    assert (await desk.one()).owner is not None
    assert await desk.case_times.ask_owners(now=NOW) == 0  # the clock was set back
    assert await desk.case_times.ask_owners(now=late + ANSWER_SECONDS) == 1
    assert (await desk.one()).owner is None


async def test_a_talk_ends_the_claim(desk: Desk) -> None:
    olena = await desk.hire(2, Role.OPERATOR, "101")
    await desk.lost()
    await desk.cases.take((await desk.one()).id, olena, now=NOW)
    await desk.dialled(300)
    assert await desk.case_times.ask_owners(now=NOW + 9000) == 0
    assert await desk.owed("claim") == []


async def test_rights_over_a_case(desk: Desk) -> None:
    boss = await desk.hire(1, Role.SUPERVISOR)
    olena = await desk.hire(2, Role.OPERATOR, "101")
    ivan = await desk.hire(3, Role.OPERATOR, "101")
    far = await desk.hire(4, Role.OPERATOR, "104")
    await desk.lost()
    case = await desk.one()
    for action in (
        desk.cases.take(case.id, far, now=NOW),
        desk.cases.close(case.id, far, "x", now=NOW),
        desk.cases.get(case.id, far.scope),
        desk.cases.hand(case.id, olena, far.id, now=NOW),
    ):
        with pytest.raises(NoAccessError):
            await action
    assert await desk.cases.take(case.id, olena, now=NOW) is Taking.TAKEN
    for action in (
        desk.cases.give_back(case.id, ivan, now=NOW),
        desk.cases.close(case.id, ivan, "x", now=NOW),
    ):
        with pytest.raises(NoAccessError):
            await action
    assert await desk.cases.hand(case.id, boss, far.id, now=NOW)
    assert (await desk.cases.get(case.id, far.scope)).id == case.id
    assert (await desk.journal.get(1, far.scope)).id == 1
    board = await desk.cases.board(far, Board.MINE, page=0, size=8, today=NOW)
    assert [one.id for one in board.cases] == [case.id]
    assert await desk.cases.give_back(case.id, boss, now=NOW)
    with pytest.raises(NoAccessError):
        await desk.journal.get(1, far.scope)
    with pytest.raises(NotFoundError):
        await desk.cases.get(999, EVERYTHING)


async def test_one_who_dials_a_taken_client_is_warned_once(desk: Desk) -> None:
    olena = await desk.hire(2, Role.OPERATOR, "101")
    await desk.hire(3, Role.OPERATOR, "102")
    await desk.lost()
    await desk.cases.take((await desk.one()).id, olena, now=NOW)
    ringing = await desk.dialled(60, status=Status.RINGING, extension="102", ended_at=None)
    assert await desk.owed("warning") == [3]
    await desk.sent()
    over = _values(ringing) | {"status": Status.NO_ANSWER, "ended_at": NOW + 90}
    await desk.calls.record([said(**over)], now=NOW + 90)
    await desk.dialled(120, status=Status.NO_ANSWER)
    assert await desk.owed("warning") == []


# The board


async def test_the_board_has_the_oldest_first_and_each_filter_its_own(desk: Desk) -> None:
    boss = await desk.hire(1, Role.SUPERVISOR)
    olena = await desk.hire(2, Role.OPERATOR, "101")
    for number in range(10):
        await desk.lost(-number * 600, f"05011122{number:02}", rang=(str(101 + number % 2),))

    async def ids(person: Employee, board: Board, page: int = 0) -> list[int]:
        found = await desk.cases.board(person, board, page=page, size=4, today=NOW - HOUR)
        return [case.id for case in found.cases]

    assert await ids(boss, Board.ALL) == [10, 9, 8, 7]
    assert await ids(boss, Board.ALL, 99) == [2, 1]
    assert await ids(olena, Board.ALL) == [9, 7, 5, 3]
    await desk.cases.take(9, olena, now=NOW)
    assert await ids(olena, Board.MINE) == [9]
    assert await ids(boss, Board.FREE) == [10, 8, 7, 6]
    await desk.dialled(30, "0501112209")
    await desk.cases.close(8, boss, "x", now=NOW + 60)
    assert await ids(boss, Board.CLOSED) == [8, 10]
    assert await ids(olena, Board.CLOSED) == []


# In any order


@st.composite
def stories(draw: st.DrawFn) -> list[CallFacts]:
    """Some calls of two clients and of hidden numbers, each said in one or two statements."""
    said_of: list[CallFacts] = []
    for number in range(draw(st.integers(1, 9))):
        start = NOW + draw(st.integers(0, 40)) * 3600
        client = Party(number=draw(st.sampled_from([CLIENT, SAME, OTHER, None])))
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


async def _ends(database: Database, batches: list[list[CallFacts]], closed_at: int) -> list[Any]:
    """The cases after these batches, without ids; OTHER's was closed by hand at a moment."""
    desk = Desk(database, CaseRules(window=20 * 3600))
    boss = await desk.hire(1, Role.SUPERVISOR)
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
    for batch in batches:
        await desk.calls.record(batch, now=end)
    rows = await database.fetch(
        "SELECT k.client, k.opened_at, k.last_lost_at, k.lost, k.attempts, k.state, k.closed_at, "
        "(SELECT group_concat(e, ' ') FROM (SELECT c.external_id || y.part AS e "
        "FROM case_calls AS y JOIN calls AS c ON c.id = y.call_id WHERE y.case_id = k.id "
        "ORDER BY c.external_id)) AS parts FROM cases AS k WHERE k.state <> 'void' "
        "ORDER BY k.opened_at, k.client, parts"
    )
    return [tuple(row) for row in rows]


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(story=stories(), seed=st.integers(0, 1 << 30))
def test_any_order_repetition_and_batching_end_in_the_same_cases(
    tmp_path_factory: pytest.TempPathFactory, story: list[CallFacts], seed: int
) -> None:
    chance = random.Random(seed)
    scrambled = [*story, *chance.sample(story, chance.randint(0, len(story)))]
    chance.shuffle(scrambled)
    batches: list[list[CallFacts]] = []
    while scrambled:
        size = chance.randint(1, 4)
        batches.append(scrambled[:size])
        scrambled = scrambled[size:]

    async def compare() -> None:
        folder = tmp_path_factory.mktemp("cases")
        async with (
            open_database(folder / "one.db") as one,
            open_database(folder / "many.db") as many,
        ):
            in_order = await _ends(one, [story], closed_at=NOW + 30 * 3600)
            assert await _ends(many, batches, closed_at=NOW + 30 * 3600) == in_order

    asyncio.run(compare())


# The recording of a real Asterisk


async def test_the_recording_makes_exactly_the_cases_its_ground_truth_implies(
    tmp_path: Path,
) -> None:
    chosen = settings_for(tmp_path, BotApiServer(), bot_api_url="http://127.0.0.1")
    await import_files(
        chosen,
        "pbx",
        [ASTERISK / "Master.csv"],
        is_dry_run=False,
        clock=lambda: 1_795_384_000,
        console=Console(file=StringIO()),
    )
    async with open_database(chosen.database_path) as database:
        found = [
            (case.client, case.lost, case.attempts, case.state)
            for case in await Desk(database).all()
        ]
        assert sorted(found, key=str) == sorted(
            [
                ("+380671234567", 1, 0, CaseState.CALLED_BACK),  # click-to-call, a minute later
                ("+380509999999", 2, 1, CaseState.OPEN),  # busy, no channels; a cancelled dial
                (None, 1, 0, CaseState.OPEN),  # hidden, nobody's phone was registered
                ("+380671112233", 1, 0, CaseState.OPEN),
            ],
            key=str,
        )


# From a version that had no cases


async def test_calls_recorded_before_there_were_cases_get_theirs_and_nobody_is_alerted(
    tmp_path: Path,
) -> None:
    first = tmp_path / "migrations"
    first.mkdir()
    shutil.copy(sorted(MIGRATIONS.glob("*.sql"))[0], first)
    columns = (
        "id, source, external_id, direction, status, level, started_at, position, received_at"
    )
    async with (
        open_database(tmp_path / "dzvinok.db", migrations=first) as old,
        old.transaction() as tx,
    ):
        await tx.execute(
            "INSERT INTO employees (tg_id, name, role, language, page_size, created_at) "
            "VALUES (1, 'Ганна', 'administrator', 'uk', 8, 0)"
        )
        for number, (client, status) in enumerate(
            [("+380671234567", "missed"), ("+380671234567", "missed"), (None, "missed")]
        ):
            await tx.execute(
                f"INSERT INTO calls ({columns}, client, lost) "
                "VALUES (?, 'office', ?, 'in', ?, 1, ?, ?, ?, ?, 1)",
                (number + 1, f"c{number}", status, NOW, NOW + number, NOW, client),
            )
        await tx.execute(
            "INSERT INTO outbox (chat_id, employee_id, kind, subject, created_at, due_at) "
            "VALUES (1, 1, 'lost_call', '1', 0, 0), (1, 1, 'rejects', 'office', 0, 0)"
        )
    async with open_database(tmp_path / "dzvinok.db") as database:
        desk = Desk(database)
        assert await desk.case_times.make_missing(now=NOW + 2 * 86400) == 3
        assert [(case.client, case.lost) for case in await desk.all()] == [
            ("+380671234567", 2),
            (None, 1),
        ]
        assert await desk.case_times.make_missing(now=NOW + 2 * 86400) == 0
        assert (await desk.owed(), await desk.owed("rejects")) == ([], [1])
