"""What makes a sound and when, and for whom a message is still meant: over real HTTP."""

from pathlib import Path
from zoneinfo import ZoneInfo

from bot.demo.bot_api.people import User
from bot.domain.company import EscalationField
from bot.domain.hours import QuietHours
from bot.domain.outbox import MessageKind, Priority
from bot.domain.people import AlertScope, Role
from bot.domain.typed_times import parse_week
from storage.company import CompanyRepo
from storage.database import open_database
from storage.employees import EmployeeRepo
from storage.owing import owe_administrators, owe_anew
from tests.support.lost_calls import NOW, alert_of, lost
from tests.support.running import IVAN, OLENA, SUPERVISOR, Office, running_office
from tests.support.telegram import Clock

KYIV = ZoneInfo("Europe/Kyiv")
NIGHT = NOW + 11 * 3600
"""22:43 in Kyiv."""


async def set_hours(office: Office, **own: str) -> None:
    async with open_database(office.settings.database) as database:
        company = CompanyRepo(database, KYIV)
        now = int(office.clock())
        await company.set_hours(None, parse_week("пн-пт 9-18"), now=now)
        for line, text in own.items():
            await company.set_hours(line.strip("_"), parse_week(text), now=now)


def is_silent(office: Office, user: User, words: str) -> bool:
    [sent] = [
        one
        for one in office.telegram.calls("sendMessage", chat_id=user.id)
        if words in one.params["text"]
    ]
    return bool(sent.params.get("disable_notification"))


async def test_outside_working_hours_no_alert_and_no_list_makes_a_sound(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NIGHT)) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await set_hours(office, _0445550202="щодня 8-23")
        await office.post(
            lost("a", NIGHT - 60),
            lost("b", NIGHT - 60, line="0445550202", caller={"number": "0501112233"}),
            lost("c", NIGHT - 7200, caller={"number": "0501112244"}),
        )
        await alert_of(olena, "Ганна")
        await alert_of(olena, "50 111 22 33")
        assert is_silent(office, olena, "Ганна")
        assert not is_silent(office, olena, "50 111 22 33")
        office.clock.advance(61)
        await olena.wait_for(lambda one: "клієнтам не передзвонили" in one.text, 12)
        assert is_silent(office, olena, "клієнтам не передзвонили")


async def test_in_quiet_hours_news_for_administrators_make_no_sound(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NIGHT)) as office:
        boss = await office.administrator()
        async with open_database(office.settings.database) as database:
            [person] = await EmployeeRepo(database).list_administrators()
            await EmployeeRepo(database).set_quiet(person.id, QuietHours(22 * 60, 8 * 60))
            async with database.transaction() as tx:
                await owe_administrators(tx, MessageKind.GROUP_LOST, "1 Зміна", now=int(NIGHT))
        await boss.wait_for(lambda one: "Зміна" in one.text, 12)
        assert is_silent(office, boss, "Зміна")


async def test_administrators_are_told_that_no_calls_come_and_that_they_come_again(
    tmp_path: Path,
) -> None:
    since = int(NOW) - 1860
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        boss = await office.administrator()
        async with (
            open_database(office.settings.database) as database,
            database.transaction() as tx,
        ):
            for kind, end in ((MessageKind.SILENT, 180), (MessageKind.HEARD_AGAIN, int(NOW))):
                await owe_administrators(tx, kind, f"office {since} {end}", now=int(NOW))
        told = await boss.wait_for(lambda one: "немає дзвінків від 11:12" in one.text, 12)
        assert "зазвичай надходять раз на 3 хв" in told.text
        assert "dzvinok check" in told.text
        await boss.wait_for(lambda one: "знову надходять, тиша тривала 31 хв" in one.text, 12)


async def test_who_wants_no_alerts_before_their_step_comes_gets_none(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        people = [
            await office.employee(SUPERVISOR, "Ганна", Role.SUPERVISOR),
            await office.employee(OLENA, "Олена", Role.SUPERVISOR, "109"),
            await office.employee(IVAN, "Іван", Role.SUPERVISOR),
        ]
        async with open_database(office.settings.database) as database:
            employees = EmployeeRepo(database)
            company = CompanyRepo(database, KYIV)
            await company.set_number(EscalationField.SUPERVISORS, 10, now=int(NOW))
            await office.post(lost("a", NOW - 60))
            for person, alerts in zip(people, (AlertScope.NONE, AlertScope.OWN), strict=False):
                found = await employees.find(person.id)
                assert found is not None
                await employees.set_alerts(found.id, alerts)
        office.clock.advance(601)
        await people[2].wait_for(lambda one: "Ганна" in one.text, 12)
        await office.nothing_due()
        for person in people[:2]:
            assert not [one for one in person.messages() if "🔴" in one.text]


async def test_one_who_is_out_is_shown_nothing(tmp_path: Path) -> None:
    """Also one whom the settings no longer name, to whom a list was owed before."""
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        olena = await office.employee(OLENA, "Олена", Role.SUPERVISOR)
        await office.post(lost("a", NOW - 60))
        await alert_of(olena)
        async with open_database(office.settings.database) as database:
            found = await EmployeeRepo(database).find(OLENA)
            assert found is not None
            async with database.transaction() as tx:
                await owe_anew(
                    tx,
                    MessageKind.OPEN_CASES,
                    "late",
                    employee_id=found.id,
                    priority=Priority.REPORT,
                    now=int(NOW),
                )
                await tx.execute(
                    "UPDATE employees SET state = 'blocked' WHERE id = ?", (found.id,)
                )
        await office.nothing_due()
        assert not [one for one in olena.messages() if "клієнту не передзвонили" in one.text]
