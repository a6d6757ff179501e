"""Reminders as people ask for them and get them."""

from pathlib import Path

from bot.domain.people import Role
from storage.calls import CallRepo
from storage.database import open_database
from storage.employees import EmployeeRepo
from storage.reminders import ReminderRepo
from tests.support.lost_calls import NOW, alert_of, dialled, lost
from tests.support.running import OLENA, running_office
from tests.support.telegram import Clock


async def test_reminders_come_once_and_only_while_the_case_is_open(tmp_path: Path) -> None:
    clock = Clock(NOW)
    async with running_office(tmp_path, clock=clock) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(
            lost("a", NOW - 60), lost("b", NOW - 50, caller={"number": "0509998877"})
        )
        for words in ("Ганна", "50 999"):
            alert = await alert_of(olena, words)
            await office.press(olena, alert, "📄")
            card = olena.last()
            assert "Початок" in card.text
            await office.press(olena, card, "⏰")
            asked = await office.press(olena, olena.last(), "✏️")
            assert "Нагадування" in asked.text
            assert (await office.ask(olena, "ніколи")).text == "Не розумію «ніколи»."
            assert "Нагадаю" in (await office.ask(olena, "15 хв")).text
        await office.post(dialled("c", NOW - 20))
        clock.advance(901)
        due = await olena.wait_for(lambda one: "Ви просили нагадати" in one.text, 12)
        assert "+380 50 999 88 77" in due.text
        async with office.restarted() as again:
            async with open_database(again.settings.database) as database:
                person = await EmployeeRepo(database).find(OLENA)
                assert person is not None
                due_at = int(clock()) + 60
                await ReminderRepo(database).add(2, person, due_at=due_at, now=int(clock()))
            clock.advance(61)
            await olena.wait_for(lambda one: one.id > due.id and "Ви просили" in one.text, 12)
            await again.nothing_due()
            assert sum("Ви просили" in one.text for one in olena.messages()) == 2, "one each time"


async def test_a_call_deleted_while_the_time_is_typed_ends_the_question(tmp_path: Path) -> None:
    async with running_office(tmp_path, clock=Clock(NOW)) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        await office.post(lost("a", NOW - 60))
        await office.press(olena, await alert_of(olena), "📄")
        await office.press(olena, olena.last(), "⏰")
        await office.press(olena, olena.last(), "✏️")
        async with open_database(office.settings.database) as database:
            await CallRepo(database).purge(before=int(NOW))
        assert "видалено" in (await office.ask(olena, "15 хв")).text
        assert "видалено" not in (await office.ask(olena, "15 хв")).text
