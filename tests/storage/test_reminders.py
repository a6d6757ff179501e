"""Reminders: fired once, and only while there is something to remind of."""

import pytest

from bot.domain.calls import Party, Status
from bot.domain.errors import NotFoundError
from bot.domain.people import Employee, EmployeeState, Role
from storage.engine.base import Database
from storage.reminders import LIMIT, ReminderRepo
from tests.support.running import OLENA
from tests.support.statements import said
from tests.support.stored_calls import CLIENT, HOUR, OTHER, StoredCalls, values_of


class StoredReminders(StoredCalls):
    """Stored calls, and reminders of them."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.reminders = ReminderRepo(database)

    async def newest(self) -> int:
        """The id of the call told of last."""
        [row] = await self.database.fetch("SELECT max(id) AS id FROM calls")
        id_: int = row["id"]
        return id_

    async def remind(self, person: Employee, *, within: int = 900) -> bool:
        due_at = self.now + within
        return await self.reminders.add(await self.newest(), person, due_at=due_at, now=self.now)

    async def fired(self) -> int:
        """How many are owed fifteen minutes later."""
        self.now += 901
        await self.reminders.owe_due(now=self.now)
        return len(await self.owed("reminder"))


@pytest.fixture
def stored(database: Database) -> StoredReminders:
    return StoredReminders(database)


@pytest.fixture
async def olena(stored: StoredReminders) -> Employee:
    return await stored.hire(OLENA, Role.OPERATOR, "101")


async def test_it_fires_once_whatever_the_clock_does(
    stored: StoredReminders, olena: Employee
) -> None:
    await stored.lost()
    await stored.remind(olena)
    assert await stored.fired() == 1
    await stored.send_all()
    for moment in (stored.now, stored.now - HOUR, stored.now + HOUR):
        await stored.reminders.owe_due(now=moment)
    assert await stored.owed("reminder") == []


async def test_it_outlasts_an_expiry_by_a_clock_that_was_wrong(
    stored: StoredReminders, olena: Employee
) -> None:
    """For tomorrow; the clock is a year ahead in between, and what is due is asked for often."""
    await stored.lost()
    assert await stored.remind(olena, within=24 * HOUR)
    for moment in (stored.now + 8760 * HOUR, stored.now):
        await stored.case_deadlines.expire(now=moment)
        for _ in range(2):
            await stored.reminders.owe_due(now=moment)
    assert await stored.owed("reminder") == []
    [reminder] = await stored.reminders.list_open(olena)
    assert reminder.due_at == stored.now + 24 * HOUR
    assert await stored.reminders.owe_due(now=reminder.due_at) == 1
    assert await stored.owed("reminder") == [OLENA]


async def test_it_is_given_if_what_closed_the_case_was_no_talk(
    stored: StoredReminders, olena: Employee
) -> None:
    await stored.lost()
    await stored.remind(olena)
    talk = await stored.dialled(60, updated_at=1)
    assert await stored.fired() == 0
    other = Party(number=OTHER)
    await stored.calls.record(
        [said(**values_of(talk) | {"callee": other, "updated_at": 2})], now=stored.now
    )
    assert await stored.reminders.owe_due(now=stored.now) == 1
    assert await stored.owed("reminder") == [OLENA]
    await stored.send_all()
    assert await stored.fired() == 0


async def test_a_case_closed_meanwhile_is_not_reminded_of(
    stored: StoredReminders, olena: Employee
) -> None:
    await stored.lost()
    await stored.remind(olena)
    await stored.dialled(60)
    assert await stored.fired() == 0


async def test_a_talk_heard_of_late_counts_though_it_began_before_the_reminder_was_asked_for(
    stored: StoredReminders, olena: Employee
) -> None:
    await stored.lost(-600)
    await stored.remind(olena)
    await stored.dialled(-300)
    assert await stored.fired() == 0


async def test_a_failed_attempt_is_reminded_of_while_its_case_is_open(
    stored: StoredReminders, olena: Employee
) -> None:
    await stored.lost()
    await stored.dialled(60, status=Status.NO_ANSWER)
    await stored.remind(olena)
    await stored.dialled(120)
    assert await stored.fired() == 0


async def test_a_call_whose_case_was_over_before_is_reminded_of(
    stored: StoredReminders, olena: Employee
) -> None:
    """The person has asked knowing that; a promise is kept."""
    await stored.lost(-600)
    lost = await stored.newest()
    await stored.dialled(-300)
    due_at = stored.now + 900
    assert await stored.reminders.add(lost, olena, due_at=due_at, now=stored.now)
    assert await stored.remind(olena)
    assert await stored.fired() == 2


async def test_one_closed_between_its_time_and_its_sending_is_not_sent(
    stored: StoredReminders, olena: Employee
) -> None:
    await stored.lost()
    await stored.remind(olena)
    assert await stored.fired() == 1
    assert await stored.reminders.get(1)
    await stored.dialled()
    with pytest.raises(NotFoundError):
        await stored.reminders.get(1)


@pytest.mark.parametrize("state", [EmployeeState.BLOCKED, EmployeeState.REMOVED])
async def test_one_who_is_out_is_not_reminded(
    stored: StoredReminders, olena: Employee, state: EmployeeState
) -> None:
    await stored.lost()
    await stored.remind(olena)
    await stored.employees.set_state(olena.id, state)
    assert await stored.fired() == 0
    await stored.employees.set_state(olena.id, EmployeeState.ACTIVE)
    assert await stored.fired() == 0


async def test_a_deleted_call_takes_its_reminder_along(
    stored: StoredReminders, olena: Employee
) -> None:
    await stored.lost()
    await stored.remind(olena)
    await stored.calls.purge(before=stored.now + 1)
    assert await stored.fired() == 0


async def test_more_than_the_limit_are_refused(stored: StoredReminders, olena: Employee) -> None:
    for _ in range(LIMIT):
        await stored.lost(number=None)
        assert await stored.remind(olena)
    assert await stored.remind(olena, within=60), "the same call again moves its reminder"
    await stored.lost(number=CLIENT)
    assert not await stored.remind(olena)
    with pytest.raises(NotFoundError):
        await stored.reminders.add(10**9, olena, due_at=stored.now + 1, now=stored.now)


async def test_a_thousand_at_once_all_come(stored: StoredReminders) -> None:
    people = [await stored.hire(2000 + n, Role.SUPERVISOR) for n in range(20)]
    for _ in range(50):
        await stored.lost(number=None)
        for person in people:
            assert await stored.remind(person)
    stored.now += 901
    counts = [await stored.reminders.owe_due(now=stored.now) for _ in range(6)]
    assert counts == [200] * 5 + [0]
    assert len(await stored.owed("reminder")) == 1000
