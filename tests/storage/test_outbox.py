"""The outbox: who writes to it, what goes first, and what became new while it was sent."""

import re

from bot.domain.calls import Party
from bot.domain.outbox import MessageKind, Priority
from bot.domain.people import EmployeeState, Role
from storage.calls import CallRepo
from storage.employees import EmployeeRepo
from storage.engine.base import Database
from storage.groups import GroupRepo
from storage.outbox import OutboxRepo
from storage.owing import mark_alerts_changed, owe_anew, ping_people
from storage.rejects import RejectRepo
from tests.support.employees import hire
from tests.support.places import ROOT
from tests.support.statements import NOW, said

WRITES = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM) outbox\b")
KINDS = (MessageKind.DIGEST, MessageKind.REMINDER, MessageKind.OPEN_CASES)


def test_only_the_outbox_and_owing_write_to_it() -> None:
    files = {path.stem for path in (ROOT / "storage").glob("*.py")}
    writers = {
        stem
        for stem in files
        if WRITES.search((ROOT / "storage" / f"{stem}.py").read_text(encoding="utf-8"))
    }
    assert writers == {
        *("alert_lists", "outbox", "owing", "owing_cards", "owing_dials", "owing_lists")
    }
    assert len(files) > 15


async def owe(
    database: Database, chat_id: int, kind: MessageKind, priority: Priority, *, due_at: int
) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO outbox (chat_id, kind, subject, priority, created_at, due_at) "
            "VALUES (?, ?, 'x', ?, 0, ?)",
            (chat_id, kind.value, priority, due_at),
        )


async def test_each_chat_is_told_its_most_urgent_due_message_first(database: Database) -> None:
    for chat_id in (1, 2, 3):
        await owe(database, chat_id, KINDS[0], Priority.REPORT, due_at=10)
        await owe(database, chat_id, KINDS[1], Priority(chat_id % 3), due_at=10)
        await owe(database, chat_id, KINDS[2], Priority.ALERT, due_at=11)  # not yet
    outbox = OutboxRepo(database)
    due = (await outbox.look(now=10, limit=9)).due
    assert [owed.chat_id for owed in due] == [3, 1, 2]
    assert {owed.kind for owed in due} == {KINDS[1]}
    assert [owed.chat_id for owed in (await outbox.look(now=10, limit=9, not_to={3, 2})).due] == [
        1
    ]
    assert [owed.chat_id for owed in (await outbox.look(now=10, limit=2)).due] == [3, 1]
    assert (await outbox.look(now=9, limit=9)).due == []


async def test_what_is_dropped_with_its_chat_is_purged_too(database: Database) -> None:
    await hire(database, 1, Role.ADMINISTRATOR)
    await hire(database, 2, Role.SUPERVISOR)
    employees, groups = EmployeeRepo(database), GroupRepo(database)
    boss = await employees.get(1)
    async with database.transaction() as tx:
        for kind in KINDS:
            await owe_anew(tx, kind, "1", employee_id=2, priority=Priority.REPORT, now=NOW)
    for chat_id in (-5, -6):
        group = await groups.connect(chat_id, 0, title="Зміна", by=boss, now=NOW)
        await owe(database, chat_id, KINDS[0], Priority.REPORT, due_at=NOW)
    await employees.set_state(2, EmployeeState.BLOCKED)
    await groups.leave(-5, None, now=NOW)
    await groups.disconnect(group.id)
    dropped = "SELECT chat_id FROM outbox WHERE state = 'dropped' ORDER BY chat_id"
    assert [row["chat_id"] for row in await database.fetch(dropped)] == [-6, -5, 2, 2, 2]
    await CallRepo(database).purge(before=NOW + 1)
    assert await database.fetch(dropped) == []


async def test_fresh_alerts_overtake_lists_and_news_overtake_details(database: Database) -> None:
    await hire(database, 1, Role.ADMINISTRATOR)
    outbox, calls = OutboxRepo(database), CallRepo(database)
    await RejectRepo(database).add("office", [], now=NOW)
    async with database.transaction() as tx:
        await owe_anew(
            tx, MessageKind.OPEN_CASES, "late", employee_id=1, priority=Priority.REPORT, now=NOW
        )
    await calls.record([said(external_id="a")], now=NOW)
    [due] = (await outbox.look(now=NOW, limit=9)).due
    assert due.kind is MessageKind.CASE
    await outbox.mark_sent(due, message_id=7, shown="x", now=NOW)
    async with database.transaction() as tx:
        await tx.execute("UPDATE outbox SET version = 9, state = 'pending', priority = 2")
        await tx.execute("UPDATE outbox SET priority = 3 WHERE kind <> 'case'")
    [due] = (await outbox.look(now=NOW, limit=9)).due
    assert (due.kind, due.message_id) == (MessageKind.CASE, 7)
    assert (await outbox.look(now=NOW, limit=9, not_to={1})).due == []
    assert (await outbox.look(now=NOW - 1, limit=9)).due == []


async def test_what_was_said_while_sending_is_still_owed(database: Database) -> None:
    await hire(database, 1, Role.ADMINISTRATOR)
    outbox, calls = OutboxRepo(database), CallRepo(database)
    client = Party(number="0671234567")
    await calls.record([said(caller=client, ended_at=NOW)], now=NOW)
    [due] = (await outbox.look(now=NOW, limit=9)).due
    for number in range(100):  # while the first is under way
        again = said(external_id=f"b{number}", caller=client, started_at=NOW - 100 + number)
        await calls.record([again], now=NOW)
    await outbox.mark_sent(due, message_id=7, shown="x", now=NOW)
    [edit] = (await outbox.look(now=NOW, limit=9)).due
    assert (edit.message_id, edit.is_ping, edit.version) == (7, False, due.version + 100)
    await outbox.mark_sent(edit, message_id=7, shown="y", now=NOW)
    assert (await outbox.look(now=NOW, limit=9)).due == []


async def test_a_ring_asked_for_while_the_message_is_on_its_way_is_still_owed(
    database: Database,
) -> None:
    """Also in the second in which the message became owed, and by news that need no ring."""
    await hire(database, 1, Role.ADMINISTRATOR)
    outbox, calls = OutboxRepo(database), CallRepo(database)
    await calls.record([said(ended_at=NOW)], now=NOW)
    [due] = (await outbox.look(now=NOW, limit=9)).due
    async with database.transaction() as tx:
        await ping_people(tx, 1, employee_ids=[1], now=NOW)
        await mark_alerts_changed(tx, [1], priority=Priority.DETAIL, now=NOW)
    await outbox.mark_sent(due, message_id=7, shown="x", now=NOW)
    [ring] = (await outbox.look(now=NOW, limit=9)).due
    assert (ring.message_id, ring.is_ping, ring.priority) == (7, True, Priority.URGENT)
    async with database.transaction() as tx:
        await mark_alerts_changed(tx, [1], priority=Priority.DETAIL, now=NOW)
    await outbox.mark_sent(ring, message_id=8, shown="y", now=NOW)
    [edit] = (await outbox.look(now=NOW, limit=9)).due
    assert (edit.message_id, edit.is_ping, edit.priority) == (8, False, Priority.NEWS)


async def test_what_becomes_more_urgent_waits_behind_what_has_been_so_for_longer(
    database: Database,
) -> None:
    await hire(database, 1, Role.ADMINISTRATOR)
    outbox, calls = OutboxRepo(database), CallRepo(database)
    clients = [Party(number=number) for number in ("0671234567", "0501112233")]
    lost = [said(external_id=str(one), caller=one, ended_at=NOW) for one in clients]
    await calls.record(lost, now=NOW)
    for message_id in (7, 8):
        [due] = (await outbox.look(now=NOW, limit=9)).due
        await outbox.mark_sent(due, message_id=message_id, shown="x", now=NOW)
    for later, (case_id, priority) in enumerate(
        [(1, Priority.DETAIL), (2, Priority.NEWS), (1, Priority.NEWS), (2, Priority.DETAIL)]
    ):
        async with database.transaction() as tx:
            await mark_alerts_changed(tx, [case_id], priority=priority, now=NOW + later)
    [edit] = (await outbox.look(now=NOW + 9, limit=9)).due
    assert (edit.case_id, edit.priority, edit.since) == (2, Priority.NEWS, NOW + 1)
