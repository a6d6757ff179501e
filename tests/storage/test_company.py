"""Working hours and the escalation over real SQLite: who hears when, whatever the clock does."""

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from bot.domain.calls import Status
from bot.domain.case_rules import CaseRules
from bot.domain.company import EscalationField
from bot.domain.outbox import Owed, Priority
from bot.domain.people import AlertScope, Employee, Role
from bot.domain.places import Place, PlaceKind
from bot.domain.typed_times import parse_week
from storage.clock import ClockRepo
from storage.company import CompanyRepo
from storage.groups import GroupRepo
from storage.outbox import OutboxRepo
from tests.support.kyiv import KYIV, at
from tests.support.stored_calls import HOUR, StoredCalls

BOSS, OLENA = 1001, 1101
DAY = 86400
OFFICE_HOURS = parse_week("пн-пт 9-18")


MONDAY = at("2026-11-23 11:00")


class Company(StoredCalls):
    def __init__(self, stored: StoredCalls) -> None:
        super().__init__(stored.database, replace(CaseRules(), zone=KYIV))
        self.company = CompanyRepo(stored.database, KYIV)
        self.outbox = OutboxRepo(stored.database)
        self.groups = GroupRepo(stored.database)
        self.now = MONDAY

    async def steps(self) -> dict[int, str]:
        """When each chat is to hear of a case, in Kyiv."""
        rows = await self.database.fetch(
            "SELECT chat_id, due_at FROM outbox WHERE kind = 'case' AND state = 'pending'"
        )
        return {row["chat_id"]: told(row["due_at"]) for row in rows}

    async def due_to(self, chat_id: int) -> Owed:
        due = (await self.outbox.look(now=self.now, limit=9)).due
        [owed] = [one for one in due if one.chat_id == chat_id]
        return owed

    async def repeats_at(self) -> str | None:
        [row] = await self.database.fetch("SELECT repeat_at FROM cases")
        return told(row["repeat_at"]) if row["repeat_at"] else None

    async def lists(self) -> int:
        """How many lists of open cases are owed, or were."""
        return len(await self.database.fetch("SELECT 1 FROM outbox WHERE kind = 'open_cases'"))

    async def ticks(self, start: str, end: str, step: int = 600) -> None:
        for moment in range(at(start), at(end), step):
            await self.company.owe_open_cases(now=moment)


def told(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment, KYIV):%a %H:%M}"


@pytest.fixture
async def company(stored: StoredCalls) -> Company:
    return Company(stored)


@pytest.fixture
async def boss(company: Company) -> Employee:
    return await company.hire(BOSS, Role.SUPERVISOR)


# The list at opening


@pytest.mark.usefixtures("boss")
async def test_the_list_comes_once_at_opening(company: Company) -> None:
    await company.company.set_hours(None, OFFICE_HOURS, now=at("2026-11-20 19:00"))
    await company.ticks("2026-11-20 19:00", "2026-11-23 09:00")
    assert await company.lists() == 0
    await company.ticks("2026-11-23 09:00", "2026-11-23 23:50")
    assert await company.lists() == 1
    await company.ticks("2026-11-24 00:00", "2026-11-25 00:00")
    assert await company.lists() == 2


@pytest.mark.usefixtures("boss")
async def test_an_opening_slept_through_is_told_of_once(company: Company) -> None:
    await company.company.set_hours(None, OFFICE_HOURS, now=at("2026-11-20 19:00"))
    await company.ticks("2026-11-23 11:30", "2026-11-23 13:00", 60)
    assert await company.lists() == 1


@pytest.mark.usefixtures("boss")
async def test_a_clock_a_year_ahead_for_a_moment_loses_no_opening(company: Company) -> None:
    await company.company.set_hours(None, OFFICE_HOURS, now=at("2026-11-20 19:00"))
    await company.company.owe_open_cases(now=at("2027-11-21 19:00"))
    await company.ticks("2026-11-22 19:00", "2026-11-24 00:00")
    assert await company.lists() == 1


@pytest.mark.usefixtures("boss")
async def test_a_clock_set_back_after_opening_doubles_no_list(company: Company) -> None:
    await company.company.set_hours(None, OFFICE_HOURS, now=at("2026-11-20 19:00"))
    await company.ticks("2026-11-23 08:00", "2026-11-23 09:20")
    await company.send_all()
    await company.ticks("2026-11-23 08:20", "2026-11-23 12:00")
    assert await company.owed("open_cases") == []


@pytest.mark.usefixtures("boss")
async def test_another_time_zone_opens_by_its_own_clocks(company: Company) -> None:
    await company.company.set_hours(None, OFFICE_HOURS, now=at("2026-11-20 19:00"))
    tokyo = CompanyRepo(company.database, ZoneInfo("Asia/Tokyo"))
    assert not await tokyo.owe_open_cases(now=at("2026-11-23 01:00"))
    assert await tokyo.owe_open_cases(now=at("2026-11-23 02:00"))


@pytest.mark.usefixtures("boss")
async def test_after_a_break_of_the_day_the_list_does_not_come_again(company: Company) -> None:
    week = parse_week("пн-пт 9-13, 14-18")
    await company.company.set_hours(None, week, now=at("2026-11-23 06:00"))
    await company.ticks("2026-11-23 06:00", "2026-11-25 06:00")
    assert await company.lists() == 2


@pytest.mark.usefixtures("boss")
async def test_a_company_that_never_closes_hears_when_the_first_of_its_lines_opens(
    company: Company,
) -> None:
    now = at("2026-11-23 06:00")
    for line, text in (("0445550101", "пн-пт 9-18"), ("0445550202", "пн-пт 8-13, 14-20")):
        await company.company.set_hours(line, parse_week(text), now=now)
    await company.ticks("2026-11-23 06:00", "2026-11-23 08:00")
    assert await company.lists() == 0
    await company.ticks("2026-11-23 08:00", "2026-11-23 23:50")
    assert await company.lists() == 1


# The escalation


async def test_hours_that_change_move_what_is_still_to_come(
    company: Company, boss: Employee
) -> None:
    await company.hire(OLENA, Role.OPERATOR, "101")
    await company.company.set_hours(None, OFFICE_HOURS, now=company.now)
    await company.company.set_number(EscalationField.SUPERVISORS, 10, now=company.now)
    await company.company.set_number(EscalationField.REPEAT, 30, now=company.now)
    company.now = at("2026-11-27 17:55")
    await company.lost(-20)
    assert await company.steps() == {OLENA: "Fri 17:55", boss.tg_id: "Mon 09:05"}
    assert await company.repeats_at() == "Mon 09:35"
    await company.company.set_holidays([date(2026, 11, 30)], now=company.now)
    assert await company.steps() == {OLENA: "Fri 17:55", boss.tg_id: "Tue 09:05"}
    assert await company.repeats_at() == "Tue 09:35"
    await company.company.set_hours("0445550101", parse_week("щодня 8-20"), now=company.now)
    assert (await company.steps())[BOSS] == "Tue 09:05", "another line"
    await company.company.set_hours(None, None, now=company.now)
    assert (await company.steps())[BOSS] == "Fri 18:05"


async def test_steps_that_change_move_what_is_still_to_come(
    company: Company, boss: Employee
) -> None:
    for name, value in ((EscalationField.SUPERVISORS, 10), (EscalationField.GROUPS, 5)):
        await company.company.set_number(name, value, now=company.now)
    await company.groups.connect(-5, 0, title="Зміна", by=boss, now=company.now)
    await company.hire(OLENA, Role.OPERATOR, "101")
    await company.lost(-20)
    assert await company.steps() == {OLENA: "Mon 11:00", -5: "Mon 11:05", BOSS: "Mon 11:10"}
    company.now += 60
    await company.company.set_number(EscalationField.SUPERVISORS, 30, now=company.now)
    assert await company.steps() == {OLENA: "Mon 11:00", -5: "Mon 11:05", BOSS: "Mon 11:30"}
    await company.company.set_number(EscalationField.SUPERVISORS, 0, now=company.now)
    await company.company.set_number(EscalationField.GROUPS, 0, now=company.now)
    assert await company.steps() == {OLENA: "Mon 11:00", -5: "Mon 11:00", BOSS: "Mon 11:00"}


@pytest.mark.usefixtures("boss")
async def test_repeats_that_are_switched_off_come_no_more(company: Company) -> None:
    await company.company.set_number(EscalationField.REPEAT, 5, now=company.now)
    await company.lost(-20)
    await company.send_all()
    await company.company.set_number(EscalationField.REPEAT, 0, now=company.now)
    company.now += 600
    await company.case_deadlines.repeat_alerts(now=company.now)
    assert await company.owed() == []


@pytest.mark.usefixtures("boss")
async def test_repeats_outlast_an_expiry_by_a_clock_that_was_wrong(company: Company) -> None:
    await company.company.set_number(EscalationField.REPEAT, 5, now=company.now)
    await company.lost(-20)
    await company.send_all()
    company.now += 2 * HOUR
    for moment in (company.now + 8760 * HOUR, company.now):
        await company.case_deadlines.expire(now=moment)
    assert await company.case_deadlines.repeat_alerts(now=company.now + 300) == 1


async def test_one_told_for_the_first_time_after_downtime_is_not_told_twice(
    company: Company, boss: Employee
) -> None:
    await company.hire(OLENA, Role.OPERATOR, "101")
    for name, value in ((EscalationField.SUPERVISORS, 10), (EscalationField.REPEAT, 5)):
        await company.company.set_number(name, value, now=company.now)
    await company.lost(-20)
    for moment in (company.now, company.now + 2 * HOUR):
        for owed in (await company.outbox.look(now=moment, limit=9)).due:
            await company.outbox.mark_sent(
                owed, message_id=owed.id, shown="", now=moment, is_alert=True
            )
    assert await company.case_deadlines.repeat_alerts(now=company.now + 2 * HOUR) == 1
    assert await company.owed() == [OLENA]
    assert await company.case_deadlines.repeat_alerts(now=company.now + 2 * HOUR + 300) == 1
    assert await company.owed() == [boss.tg_id, OLENA]


@pytest.mark.parametrize("is_edited", [False, True])
async def test_an_edit_keeps_no_chat_from_hearing_a_repeat(
    company: Company, boss: Employee, *, is_edited: bool
) -> None:
    await company.hire(OLENA, Role.OPERATOR, "101")
    await company.company.set_number(EscalationField.REPEAT, 5, now=company.now)
    await company.lost(-20)
    alert = await company.due_to(OLENA)
    await company.outbox.mark_sent(alert, message_id=7, shown="", now=company.now, is_alert=True)
    company.now += 302
    await company.dialled(-30, status=Status.NO_ANSWER)
    if is_edited:
        edit = await company.due_to(OLENA)
        await company.outbox.mark_sent(edit, message_id=7, shown="x", now=company.now)
    assert await company.case_deadlines.repeat_alerts(now=company.now) == 1
    repeat, first = await company.due_to(OLENA), await company.due_to(boss.tg_id)
    assert (repeat.is_ping, repeat.priority) == (True, Priority.ALERT)
    assert not first.is_ping


async def test_who_wants_no_alerts_any_more_gets_no_repeats(
    company: Company, boss: Employee
) -> None:
    olena = await company.hire(OLENA, Role.OPERATOR, "101")
    clerk = await company.hire(OLENA + 1, Role.OPERATOR, "101")
    await company.groups.connect(-5, 0, title="Зміна", by=boss, now=company.now)
    group = await company.groups.connect(-6, 0, title="Склад", by=boss, now=company.now)
    await company.company.set_number(EscalationField.REPEAT, 5, now=company.now)
    await company.lost(-20)
    await company.send_all()
    await company.employees.set_alerts(olena.id, AlertScope.NONE)
    await company.employees.set_role(clerk.id, Role.ACCOUNTANT)
    await company.groups.disconnect(group.id)
    company.now += 301
    assert await company.case_deadlines.repeat_alerts(now=company.now) == 1
    assert await company.owed() == [-5, BOSS]


async def test_a_group_that_hears_of_another_line_gets_nothing_more_of_this_one(
    company: Company, boss: Employee
) -> None:
    sales, shop = "0445550101", "0445550202"
    await company.lost(-7200, "0509998877", line=shop)
    for name, value in ((EscalationField.GROUPS, 5), (EscalationField.REPEAT, 30)):
        await company.company.set_number(name, value, now=company.now)
    groups = [
        await company.groups.connect(chat, 0, title="Зміна", by=boss, now=company.now)
        for chat in (-5, -6)
    ]
    await company.lost(-20, line=sales)
    code = Place(PlaceKind.LINE, shop).code
    await company.groups.set_place(groups[0].id, code, is_wanted=True)
    assert set(await company.steps()) == {-6, BOSS}
    await company.send_all()
    await company.groups.set_place(groups[1].id, code, is_wanted=True)
    company.now += 3600
    assert await company.case_deadlines.repeat_alerts(now=company.now) == 1
    assert set(await company.steps()) == {BOSS}
    await company.lost(-10, line=shop)
    assert set(await company.steps()) == {BOSS, -5, -6}, "the same client, on their line"


async def test_a_case_taken_and_given_back_goes_on_up_the_escalation(
    company: Company, boss: Employee
) -> None:
    olena = await company.hire(OLENA, Role.OPERATOR, "101")
    await company.company.set_number(EscalationField.SUPERVISORS, 10, now=company.now)
    await company.lost(-20)
    case = await company.only_case()
    await company.cases.take(case.id, olena, now=company.now + 120)
    await company.cases.give_back(case.id, olena, now=company.now + 240)
    assert (await company.steps())[boss.tg_id] == "Mon 11:10"


async def test_a_clock_set_back_makes_nobody_wait_longer(company: Company, boss: Employee) -> None:
    await company.hire(OLENA, Role.OPERATOR, "101")
    await company.company.set_number(EscalationField.SUPERVISORS, 10, now=company.now)
    await company.lost(-20)
    clock = ClockRepo(company.database)
    await clock.note(now=company.now + 60, step=0)
    assert await company.steps() == {OLENA: "Mon 11:00", boss.tg_id: "Mon 11:10"}
    assert await clock.note(now=company.now - 3540, step=-3600) == -3600
    assert await company.steps() == {OLENA: "Mon 10:00", boss.tg_id: "Mon 10:10"}


# The window


@pytest.mark.usefixtures("boss")
async def test_a_clock_a_year_ahead_for_a_moment_takes_no_case_off_the_board(
    company: Company,
) -> None:
    for number in range(3):
        await company.lost(-20 + number, number=f"050111220{number}")
    await company.lost(-20, number=None)
    assert await company.case_deadlines.expire(now=company.now + 366 * DAY) == 4
    assert await company.case_deadlines.expire(now=company.now) == 4
    assert {case.is_open for case in await company.all_cases()} == {True}
    assert await company.case_deadlines.expire(now=company.now) == 0
