"""A storm of lost calls with Telegram's limits on: nothing lost, nothing doubled, in order."""

from pathlib import Path

from bot.domain.calls import Party
from bot.domain.people import Role
from storage.calls import CallRepo
from storage.database import Database, open_database
from storage.outbox import OutboxRepo
from storage.owing import Kind, Priority, owe_person
from storage.rejects import RejectRepo
from tests.bench.logs import add_people
from tests.support.employees import hire
from tests.support.lost_calls import dialled, lost
from tests.support.running import OLENA, running_office
from tests.support.statements import NOW, said
from tests.support.storming import storm
from tests.support.telegram import RunningClock


async def test_a_storm_loses_nothing_doubles_nothing_and_keeps_its_order(tmp_path: Path) -> None:
    found = await storm(tmp_path, calls=8, recipients=8, seconds=2, floods=0.08)
    assert found.lost == []
    assert found.disordered == []
    # One answer was lost after Telegram had taken the message: that one comes twice, no other,
    # and the copy nobody knows of stays as it was.
    assert len(found.doubled) <= 1
    assert set(found.stale) <= set(found.doubled)
    assert found.refused <= found.injected
    assert found.edits <= found.versions


async def test_fresh_alerts_overtake_lists_and_news_overtake_details(database: Database) -> None:
    await hire(database, 1, Role.ADMINISTRATOR)
    outbox, calls = OutboxRepo(database), CallRepo(database)
    await RejectRepo(database).add("office", [], now=NOW)
    async with database.transaction() as tx:
        await owe_person(
            tx, Kind.OPEN_CASES, "late", employee_id=1, priority=Priority.LIST, now=NOW
        )
    await calls.record([said(external_id="a")], now=NOW)
    [due] = await outbox.list_due(now=NOW, limit=9)
    assert due.kind is Kind.CASE
    await outbox.mark_sent(due, message_id=7, shown="x", now=NOW)
    async with database.transaction() as tx:
        await tx.execute("UPDATE outbox SET version = 9, state = 'pending', priority = 2")
        await tx.execute("UPDATE outbox SET priority = 3 WHERE kind <> 'case'")
    [due] = await outbox.list_due(now=NOW, limit=9)
    assert (due.kind, due.message_id) == (Kind.CASE, 7)
    assert await outbox.list_due(now=NOW, limit=9, not_to={1}) == []
    assert await outbox.list_due(now=NOW - 1, limit=9) == []


async def test_what_was_said_while_sending_is_still_owed(database: Database) -> None:
    await hire(database, 1, Role.ADMINISTRATOR)
    outbox, calls = OutboxRepo(database), CallRepo(database)
    client = Party(number="0671234567")
    await calls.record([said(caller=client, ended_at=NOW)], now=NOW)
    [due] = await outbox.list_due(now=NOW, limit=9)
    for number in range(100):  # while the first is under way
        again = said(external_id=f"b{number}", caller=client, started_at=NOW - 100 + number)
        await calls.record([again], now=NOW)
    await outbox.mark_sent(due, message_id=7, shown="x", now=NOW)
    [edit] = await outbox.list_due(now=NOW, limit=9)
    assert (edit.message_id, edit.is_ping, edit.version) == (7, False, due.version + 100)
    await outbox.mark_sent(edit, message_id=7, shown="y", now=NOW)
    assert await outbox.list_due(now=NOW, limit=9) == []


async def test_a_lost_call_is_told_of_in_the_middle_of_a_flood_of_lists(tmp_path: Path) -> None:
    """The lists leave at Telegram's pace; the alert takes the next free place, not the last."""
    people = 70
    async with running_office(tmp_path, clock=RunningClock(), admin_ids=()) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        for number in range(people):
            office.telegram.user(5001 + number, is_started=True)
        async with open_database(office.settings.database_path) as database:
            await add_people(database, people)
            async with database.transaction() as tx:
                await tx.execute("UPDATE employees SET alerts = 'own'")
                for row in await tx.execute("SELECT id FROM employees WHERE tg_id > 5000"):
                    await owe_person(
                        tx,
                        Kind.REJECTS,
                        "office",
                        employee_id=row["id"],
                        priority=Priority.LIST,
                        now=int(office.clock()),
                    )
        await office.post(dialled("b", office.clock() - 90))  # it wakes the Alerter
        before = len(await office.telegram.wait_calls("sendMessage", 40))
        await office.post(lost("a", office.clock() - 60))
        await olena.wait_for(lambda one: "Пропущений" in one.text)
        chats = [one.params["chat_id"] for one in office.telegram.calls("sendMessage")]
        assert chats[before:].index(OLENA) <= 12
        await office.telegram.wait_calls("sendMessage", people + 2)
