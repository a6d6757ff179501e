"""A storm of lost calls with Telegram's limits on: nothing lost, nothing doubled, in order."""

from pathlib import Path

from bot.domain.outbox import MessageKind, Priority
from bot.domain.people import Role
from storage.database import open_database
from storage.owing import owe_anew
from tests.bench.logs import add_people
from tests.support.lost_calls import dialled, lost
from tests.support.running import OLENA, running_office
from tests.support.storming import storm
from tests.support.telegram import RunningClock


async def test_a_storm_loses_nothing_doubles_nothing_and_keeps_its_order(tmp_path: Path) -> None:
    found = await storm(tmp_path, calls=60, recipients=8, seconds=5, floods=1)
    assert found.lost == []
    # One answer was lost after Telegram had taken the message: that one comes twice, no other,
    # and the copy nobody knows of stays as it was.
    whose = {one.split()[0] for one in found.doubled}
    assert len(whose) <= 1
    assert set(found.disordered) <= whose
    assert set(found.stale) <= set(found.doubled)
    assert found.refused <= found.injected
    assert found.edits <= found.versions
    assert max(*found.known, *found.group_known) < 10
    assert max(found.sounds) <= 3
    assert found.sends < 9 * 12


async def test_a_lost_call_is_told_of_in_the_middle_of_a_flood_of_lists(tmp_path: Path) -> None:
    """The lists leave at Telegram's pace; the alert takes the next free place, not the last."""
    people = 110
    async with running_office(tmp_path, clock=RunningClock(), admin_ids=()) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        for number in range(people):
            office.telegram.user(5001 + number, is_started=True)
        async with open_database(office.settings.database) as database:
            await add_people(database, people)
            async with database.transaction() as tx:
                await tx.execute("UPDATE employees SET alerts = 'own'")
                for row in await tx.execute("SELECT id FROM employees WHERE tg_id > 5000"):
                    await owe_anew(
                        tx,
                        MessageKind.REJECTS,
                        "office",
                        employee_id=row["id"],
                        priority=Priority.REPORT,
                        now=int(office.clock()),
                    )
        await office.post(dialled("b", office.clock() - 90))  # it wakes the Alerter
        before = len(await office.telegram.wait_calls("sendMessage", 40))
        await office.post(lost("a", office.clock() - 60))
        recorded = len(office.telegram.calls("sendMessage"))  # a slow machine has sent some lists
        await olena.wait_for(lambda one: "Пропущений" in one.text)
        chats = [one.params["chat_id"] for one in office.telegram.calls("sendMessage")]
        assert chats.index(OLENA, before) <= recorded + 12
        await office.telegram.wait_calls("sendMessage", people + 2)
