"""Calls begun from chat: one at a time, and which call of the log each becomes."""

from typing import Any

import pytest

from bot.domain.calling_back import Beginning, Dial, DialState
from bot.domain.calls import Direction, Party, Status
from bot.domain.errors import NotFoundError
from bot.domain.people import Employee, Role
from storage.clock import ClockRepo
from storage.dials import DialRepo
from storage.engine.base import Database
from tests.support.employees import hire
from tests.support.engines import ONLY_SQLITE
from tests.support.plans import ExplainedDatabase
from tests.support.statements import NOW, said
from tests.support.stored_calls import CLIENT, OTHER, StoredCalls

NUMBER, OTHER_NUMBER = "+380671234567", "+380501112233"


class Dials:
    """A company where a client was lost, and three people who may call them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.stored = StoredCalls(database)
        self.repo = DialRepo(database)
        self.presses = 0
        self.people: dict[int, Employee] = {}

    async def open(self) -> None:
        for tg_id, extensions in ((11, ("101",)), (12, ("101", "102")), (13, ("103",))):
            await hire(self.database, tg_id, Role.OPERATOR, *extensions)
            person = await self.stored.employees.find(tg_id)
            assert person is not None
            self.people[tg_id] = person
        await self.stored.lost(-60)

    async def begin(
        self,
        who: int = 11,
        number: str = NUMBER,
        *,
        extension: str = "101",
        press: str = "",
        source: str = "office",
        after: int = 0,
        handed_on: bool = False,
    ) -> tuple[Beginning, Dial]:
        self.presses += 1
        return await self.repo.begin(
            self.people[who],
            press=press or f"p{self.presses}",
            ref=f"ref{self.presses}",
            source=source,
            extension=extension,
            number=number,
            origin_id=1,
            now=NOW + after,
            handed_on=handed_on,
        )

    async def outgoing(self, after: int = 5, *, heard: int | None = None, **values: Any) -> None:
        """An outgoing call of 101 that rings, begun and heard of so many seconds later."""
        given = {
            "external_id": "out",
            "direction": Direction.OUT,
            "status": Status.RINGING,
            "extension": "101",
            "caller": Party(number="101"),
            "callee": Party(number=CLIENT),
            "started_at": NOW + after,
        } | values
        now = NOW + (after if heard is None else heard)
        await self.stored.calls.record([said(**given)], now=now, is_live=True)

    async def became(self, dial: Dial) -> str | None:
        """The id its call has at the PBX."""
        rows = await self.database.fetch(
            "SELECT c.external_id FROM dials AS d JOIN calls AS c ON c.id = d.call_id "
            "WHERE d.id = ?",
            (dial.id,),
        )
        return rows[0]["external_id"] if rows else None

    async def owed(self) -> int:
        """How often something new was owed about the first of them."""
        rows = await self.database.fetch("SELECT version FROM outbox WHERE kind = 'dial'")
        return rows[0]["version"] if rows else 0


@pytest.fixture
async def dials(database: Database) -> Dials:
    dials = Dials(database)
    await dials.open()
    return dials


# One at a time


async def test_a_press_that_is_told_again_begins_nothing_even_when_all_is_over(
    dials: Dials,
) -> None:
    beginning, dial = await dials.begin(press="77")
    assert beginning is Beginning.BEGUN
    await dials.repo.note_failure(dial.id, DialState.REFUSED, "no", now=NOW + 1)
    again, same = await dials.begin(press="77", after=86400)
    assert (again, same.id) == (Beginning.AGAIN, dial.id)


@pytest.mark.parametrize(
    ("who", "number", "extension", "expected"),
    [
        (11, NUMBER, "101", Beginning.AGAIN),
        (11, OTHER_NUMBER, "101", Beginning.ANOTHER_CLIENT),
        (12, OTHER_NUMBER, "101", Beginning.SAME_PHONE),
        (13, NUMBER, "103", Beginning.SAME_CLIENT),
        (12, OTHER_NUMBER, "102", Beginning.BEGUN),
    ],
)
async def test_what_stands_in_the_way_of_another_call(
    dials: Dials, who: int, number: str, extension: str, expected: Beginning
) -> None:
    _, first = await dials.begin()
    beginning, other = await dials.begin(who, number, extension=extension, after=1)
    assert beginning is expected
    assert (other.id == first.id) is (expected is not Beginning.BEGUN)


async def test_the_same_client_is_called_again_only_after_a_moment(dials: Dials) -> None:
    _, dial = await dials.begin()
    await dials.repo.note_failure(dial.id, DialState.REFUSED, "no", now=NOW)
    assert (await dials.begin(after=9))[0] is Beginning.AGAIN
    beginning, second = await dials.begin(after=10)
    assert beginning is Beginning.BEGUN
    await dials.repo.note_failure(second.id, DialState.BUSY, None, now=NOW + 40)
    assert (await dials.begin(after=42))[0] is Beginning.AGAIN
    assert (await dials.begin(after=43))[0] is Beginning.BEGUN


async def test_a_call_whose_end_was_never_heard_bars_nobody_for_good(dials: Dials) -> None:
    _, dial = await dials.begin()
    await dials.outgoing()
    assert await dials.became(dial) == "out"
    assert (await dials.begin(number=OTHER_NUMBER, after=3599))[0] is Beginning.ANOTHER_CLIENT
    assert (await dials.begin(number=OTHER_NUMBER, after=3600))[0] is Beginning.BEGUN


# Which call it becomes


async def test_the_next_call_from_that_phone_to_that_number_is_it(dials: Dials) -> None:
    _, dial = await dials.begin()
    others: tuple[dict[str, Any], ...] = (
        {"external_id": "x1", "extension": "102", "caller": Party(number="102")},
        {"external_id": "x2", "callee": Party(number=OTHER)},
        {"external_id": "x3", "source": "shop"},
        {"external_id": "x4", "direction": Direction.IN, "caller": Party(number=CLIENT)},
        {"external_id": "x5", "direction": Direction.INTERNAL, "callee": Party(number="102")},
    )
    for other in others:
        await dials.outgoing(**other)
    assert await dials.became(dial) is None
    await dials.outgoing(external_id="it")
    await dials.outgoing(external_id="next")
    assert await dials.became(dial) == "it"
    assert (await dials.repo.get(dial.id)).over_at is None
    ended: dict[str, Any] = {"status": Status.NO_ANSWER, "ended_at": NOW + 30, "heard": 30}
    await dials.outgoing(external_id="it", **ended)
    assert (await dials.repo.get(dial.id)).over_at == NOW + 30


async def test_of_what_the_pbx_refused_no_call_comes(dials: Dials) -> None:
    _, refused = await dials.begin()
    await dials.repo.note_failure(refused.id, DialState.REFUSED, "no", now=NOW + 1)
    await dials.outgoing(20, external_id="by hand")
    assert await dials.became(refused) is None
    _, second = await dials.begin(after=30)
    await dials.outgoing(35, external_id="begun")
    assert (await dials.became(refused), await dials.became(second)) == (None, "begun")


@pytest.mark.parametrize("is_live", [True, False])
async def test_of_two_that_are_begun_each_has_its_own_call(dials: Dials, is_live: bool) -> None:
    _, first = await dials.begin()
    await dials.repo.lapse(now=NOW + 75)
    _, second = await dials.begin(after=100)
    for name, after in (("second", 105), ("first", 8)):
        ended: dict[str, Any] = {"status": Status.NO_ANSWER, "ended_at": NOW + after + 9}
        if is_live and name == "second":
            ended = {}
        await dials.outgoing(after, heard=max(after, 106), external_id=name, **ended)
    assert (await dials.became(first), await dials.became(second)) == ("first", "second")


async def test_a_call_known_before_is_not_it(dials: Dials) -> None:
    await dials.outgoing(-5)
    _, dial = await dials.begin()
    await dials.outgoing(-5, heard=20, status=Status.NO_ANSWER, ended_at=NOW + 20)
    assert await dials.became(dial) is None


@pytest.mark.parametrize(
    ("after", "heard", "is_it"),
    [(5, 900, True), (-119, 900, True), (-130, 900, False), (300, 900, True), (301, 900, False)],
)
async def test_what_is_told_later_is_judged_by_its_own_time(
    dials: Dials, after: int, heard: int, is_it: bool
) -> None:
    _, dial = await dials.begin()
    ended: dict[str, Any] = {"status": Status.NO_ANSWER, "ended_at": NOW + after + 9}
    await dials.outgoing(after, heard=heard, **ended)
    assert (await dials.became(dial) == "out") is is_it


async def test_a_call_told_as_it_happens_is_it_whatever_the_clock_of_the_pbx(dials: Dials) -> None:
    _, dial = await dials.begin()
    await dials.outgoing(-7200, heard=5)
    assert await dials.became(dial) == "out"


async def test_a_clock_known_to_be_wrong_is_allowed_for(dials: Dials, database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO clock_shifts (source, shift, run) VALUES ('office', 7200, 5)"
        )
    _, dial = await dials.begin()
    wrong = NOW + 5 - 7200
    ended: dict[str, Any] = {
        "status": Status.NO_ANSWER,
        "started_at": wrong,
        "ended_at": wrong + 9,
    }
    await dials.outgoing(heard=900, **ended)
    assert await dials.became(dial) == "out"


async def test_the_id_that_the_pbx_names_decides(dials: Dials) -> None:
    _, dial = await dials.begin()
    await dials.outgoing(external_id="by hand")
    assert await dials.became(dial) == "by hand"
    await dials.repo.note_begun(dial.id, "named", now=NOW + 6)
    assert await dials.became(dial) is None
    await dials.outgoing(external_id="another")
    assert await dials.became(dial) is None
    await dials.outgoing(-9999, heard=20, external_id="named", status=Status.NO_ANSWER)
    assert await dials.became(dial) == "named"


async def test_the_id_we_chose_finds_it_after_a_crash_too(dials: Dials) -> None:
    _, dial = await dials.begin()
    assert await dials.repo.note_interrupted(now=NOW + 3) == 1
    assert (await dials.repo.get(dial.id)).state is DialState.UNSURE
    await dials.outgoing(external_id=dial.ref, extension=None, caller=Party())
    assert await dials.became(dial) == dial.ref
    assert await dials.repo.note_interrupted(now=NOW + 9) == 0


async def test_what_the_log_knows_no_late_failure_undoes(dials: Dials) -> None:
    _, dial = await dials.begin()
    await dials.outgoing()
    for state in (DialState.NOT_PICKED_UP, DialState.UNSURE):
        await dials.repo.note_failure(dial.id, state, None, now=NOW + 9)
    found = await dials.repo.get(dial.id)
    assert (found.over_at, await dials.became(dial)) == (None, "out")


# Time


async def test_of_what_nothing_is_heard_lapses_and_may_still_come(dials: Dials) -> None:
    _, dial = await dials.begin()
    assert await dials.repo.lapse(now=NOW + 74) == 0
    assert await dials.repo.lapse(now=NOW + 75) == 1
    assert await dials.repo.lapse(now=NOW + 76) == 0
    found = await dials.repo.get(dial.id)
    assert (found.state, found.over_at) == (DialState.SILENT, NOW + 75)
    owed = await dials.owed()
    await dials.outgoing(9, heard=900, status=Status.NO_ANSWER, ended_at=NOW + 30)
    assert await dials.became(dial) == "out"
    assert await dials.owed() == owed + 1


async def test_a_call_that_was_given_up_and_begins_late_bars_another(dials: Dials) -> None:
    _, dial = await dials.begin()
    await dials.repo.lapse(now=NOW + 75)
    await dials.outgoing(80)
    assert await dials.begin(after=95) == (Beginning.AGAIN, await dials.repo.get(dial.id))
    assert (await dials.begin(12, after=95))[0] is Beginning.SAME_PHONE
    await dials.outgoing(80, heard=99, status=Status.NO_ANSWER, ended_at=NOW + 99)
    assert (await dials.repo.get(dial.id)).over_at == NOW + 99


async def test_a_call_that_was_over_before_the_pbx_named_it_bars_nobody(dials: Dials) -> None:
    _, dial = await dials.begin()
    ended: dict[str, Any] = {"status": Status.NO_ANSWER, "ended_at": NOW + 8, "heard": 9}
    await dials.outgoing(2, **ended, extension=None, caller=Party())
    await dials.repo.note_begun(dial.id, "out", now=NOW + 10)
    assert (await dials.repo.get(dial.id)).over_at == NOW + 10


async def test_a_call_that_goes_on_does_not_lapse(dials: Dials) -> None:
    await dials.begin()
    await dials.outgoing()
    assert await dials.repo.lapse(now=NOW + 999) == 0


async def test_a_clock_set_back_bars_nobody_for_longer(dials: Dials, database: Database) -> None:
    _, dial = await dials.begin(after=86400)
    await ClockRepo(database).note(now=NOW, step=-86400)
    assert (await dials.repo.get(dial.id)).asked_at == NOW
    assert await dials.repo.lapse(now=NOW + 75) == 1


async def test_old_ones_go_with_the_calls_of_their_time(dials: Dials, database: Database) -> None:
    _, dial = await dials.begin()
    await dials.repo.lapse(now=NOW + 75)
    async with database.transaction() as tx:
        await tx.execute("UPDATE outbox SET state = 'sent', done_at = ?", (NOW + 75,))
    await dials.stored.calls.purge(before=NOW - 9)
    assert (await dials.repo.get(dial.id)).origin_id is None, "its call is gone"
    await dials.stored.calls.purge(before=NOW + 999)
    with pytest.raises(NotFoundError):
        await dials.repo.get(dial.id)
    assert await dials.owed() == 0


async def test_what_is_handed_on_is_taken_once_and_in_time(dials: Dials) -> None:
    await dials.begin(who=13, extension="103", number=OTHER_NUMBER)
    _, dial = await dials.begin(handed_on=True)
    assert await dials.repo.take(now=NOW + 15) == [], "nobody expects their phone to ring any more"
    taken = [await dials.repo.take(now=NOW + 14) for _ in range(2)]
    assert taken == [[dial], []]


async def test_a_leader_knows_what_the_one_before_was_asking_from_what_waits_for_it(
    dials: Dials,
) -> None:
    _, asked = await dials.begin(who=13, extension="103", number=OTHER_NUMBER)
    _, dial = await dials.begin(handed_on=True)
    assert await dials.repo.note_interrupted(now=NOW) == 1
    assert (await dials.repo.get(asked.id)).state is DialState.UNSURE
    assert await dials.repo.take(now=NOW) == [dial]
    assert await dials.repo.note_interrupted(now=NOW) == 1, "it was taken, and not begun"


# History


async def test_who_called_from_chat_stands_in_the_history_of_the_case(dials: Dials) -> None:
    await dials.begin()
    case = await dials.stored.cases.get(1, dials.people[11].scope)
    [action] = case.actions
    assert (action.kind, action.who and action.who.id, action.at) == ("dialled", 11, NOW)


@ONLY_SQLITE
async def test_all_of_it_walks_an_index(dials: Dials, database: Database) -> None:
    explained = ExplainedDatabase(database)
    repo = DialRepo(explained)
    async with database.transaction() as tx:
        for number in range(60):
            await tx.execute(
                "INSERT INTO dials (press, ref, employee_id, source, extension, number, asked_at, "
                "state, over_at) VALUES (?, ?, 11, 'office', '101', ?, ?, 'silent', 0)",
                (f"old{number}", f"old{number}", f"+38067000{number:04}", NOW - 9000 - number),
            )
        await tx.execute("ANALYZE")
    dials.repo = repo
    _, dial = await dials.begin()
    await repo.note_begun(dial.id, "named", now=NOW)
    dials.stored.calls = type(dials.stored.calls)(explained)
    await dials.outgoing(external_id="named")
    await repo.note_failure(dial.id, DialState.REFUSED, None, now=NOW)
    await repo.note_interrupted(now=NOW)
    await repo.take(now=NOW)
    await dials.begin(number=OTHER_NUMBER, who=12, extension="102")
    await repo.lapse(now=NOW + 99)
    assert explained.breaches() == []
