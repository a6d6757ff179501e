"""The outbox: what goes first, and what became new while it was sent."""

from bot.domain.calls import Party
from bot.domain.people import Role
from storage.calls import CallRepo
from storage.database import Database
from storage.outbox import OutboxRepo
from storage.owing import Kind, Priority, owe_person
from storage.rejects import RejectRepo
from tests.support.employees import hire
from tests.support.statements import NOW, said


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
