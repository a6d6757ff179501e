"""Contacts with several numbers: what becomes of cases, claims and messages when they change."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot.domain.calls import CaseState, Status
from bot.domain.cases import CaseActionKind
from bot.domain.contacts import NUMBERS_LIMIT, Contact, Joining, Takeover
from bot.domain.errors import NotFoundError
from bot.domain.people import EVERYTHING, Employee, Role
from storage.contacts import ContactRepo
from storage.database import open_database
from storage.engine.sqlite import MIGRATIONS, open_sqlite
from tests.support.statements import NOW
from tests.support.stored_calls import OTHER, THIRD, StoredCalls

FIRST, SECOND, LAST = "+380671234567", "+380501112233", "+380939998877"


async def join(stored: StoredCalls, number: str = SECOND, client: str = FIRST) -> Contact:
    joined = await stored.contacts.add_number(client, number, now=stored.now)
    assert joined is Joining.ADDED
    contact = await stored.contacts.find(client)
    assert contact
    return contact


async def take(stored: StoredCalls, number: str, employee: Employee, *, ago: int = 0) -> int:
    [case] = [one for one in await stored.all_cases() if one.client == number]
    await stored.cases.take(case.id, employee, now=stored.now - ago)
    return case.id


async def part(stored: StoredCalls, contact: Contact, number: str) -> None:
    found = contact.find(number)
    assert found
    assert await stored.contacts.remove_number(contact, found.id, now=stored.now)


async def test_lost_calls_from_two_numbers_are_one_case_and_a_talk_on_any_closes_it(
    stored: StoredCalls,
) -> None:
    await join(stored)
    await stored.lost(-60)
    await stored.lost(-30, OTHER)
    case = await stored.only_case()
    assert (case.lost, case.client) == (2, SECOND)
    await stored.dialled(-10)
    case = await stored.only_case()
    assert (case.state, case.closed_at) == (CaseState.CALLED_BACK, NOW)
    await stored.lost(0, OTHER)
    await stored.redialled(10)
    assert await stored.states() == [CaseState.CALLED_BACK, CaseState.GOT_THROUGH]


async def test_ignoring_is_of_one_number(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    await join(stored)
    await stored.case_closings.ignore(SECOND, boss, now=NOW)
    await stored.lost(30, OTHER)
    assert await stored.all_cases() == []
    await stored.lost(60)
    assert (await stored.only_case()).lost == 1


async def test_cases_that_come_together_keep_the_claim_the_words_and_one_message_a_chat(
    stored: StoredCalls,
) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    ivan = await stored.hire(3, Role.OPERATOR, "102")
    await stored.lost(-90, rang=("102",))
    await stored.lost(-60, OTHER)
    await take(stored, FIRST, ivan, ago=20)
    mine = await take(stored, SECOND, olena, ago=30)
    await stored.send_all()
    assert await stored.owed("case", "sent") == [1, 1, 2, 3]

    await join(stored)
    case = await stored.only_case()
    assert (case.id, case.lost, case.client) == (mine, 2, SECOND)
    assert case.owner is not None
    assert case.owner.id == olena.id
    taken = [action for action in case.actions if action.kind is CaseActionKind.TAKEN]
    assert {action.who.id for action in taken if action.who} == {olena.id, ivan.id}
    rows = await stored.database.fetch(
        "SELECT chat_id, message_id FROM outbox WHERE kind = 'case' AND case_id = ? "
        "ORDER BY chat_id",
        (mine,),
    )
    assert [row["chat_id"] for row in rows] == [1, 2, 3]
    assert all(row["message_id"] for row in rows)  # the message Ivan had tells of it now
    assert await stored.owed("warning") == [3]
    assert (await stored.cases.get(mine, ivan.scope)).lost == 2
    await stored.dialled(0)
    assert await stored.states() == [CaseState.CALLED_BACK]
    assert boss.role.sees_all


async def test_a_case_that_comes_apart_stays_in_the_same_hands_and_can_come_together_again(
    stored: StoredCalls,
) -> None:
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await stored.lost(-90)
    await stored.lost(-60, OTHER)
    before = {case.client: case.id for case in await stored.all_cases()}
    contact = await join(stored)
    assert await take(stored, SECOND, olena) == before[FIRST]
    for _ in range(3):
        await part(stored, contact, SECOND)
        cases = {case.client: case for case in await stored.all_cases()}
        assert {number: case.id for number, case in cases.items()} == before
        for number in (FIRST, SECOND):
            assert cases[number].lost == 1
            assert cases[number].owner is not None
            kinds = [action.kind for action in cases[number].actions]
            assert kinds == [CaseActionKind.TAKEN]
        rows = await stored.database.fetch(
            "SELECT claim_due_at FROM cases WHERE state = 'open' AND claim_due_at > ?", (NOW,)
        )
        assert len(rows) >= 1
        second = contact.find(SECOND)
        assert second
        assert await stored.contacts.restore_number(contact, second.id, now=NOW)
        case = await stored.only_case()
        assert (case.lost, len(case.actions)) == (2, 1)
    await part(stored, contact, SECOND)
    await stored.dialled(0)
    assert {case.client: case.state for case in await stored.all_cases()} == {
        FIRST: CaseState.CALLED_BACK,
        SECOND: CaseState.OPEN,
    }


async def test_a_closing_by_hand_stays_true_of_every_number_and_is_undone_of_each(
    stored: StoredCalls,
) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    await stored.lost(-90)
    await stored.lost(-60, OTHER)
    contact = await join(stored)
    assert await stored.case_closings.close(
        (await stored.only_case()).id, boss, "Реклама", now=NOW
    )
    await part(stored, contact, SECOND)
    assert await stored.states() == [CaseState.BY_HAND] * 2
    cases = {case.client: case for case in await stored.all_cases()}
    words = [case.actions[-1].text for case in cases.values()]
    assert words == ["Реклама"] * 2
    assert await stored.case_closings.reopen(cases[FIRST].id, boss, now=NOW + 5)
    assert {case.client: case.state for case in await stored.all_cases()} == {
        FIRST: CaseState.OPEN,
        SECOND: CaseState.BY_HAND,
    }
    await join(stored)  # the closing was about the second only, but the client is one
    case = await stored.only_case()
    assert case.state is CaseState.BY_HAND
    assert await stored.case_closings.reopen(case.id, boss, now=NOW + 9)
    assert await stored.states() == [CaseState.OPEN]


async def test_a_newer_case_on_another_number_forbids_to_reopen(stored: StoredCalls) -> None:
    boss = await stored.hire(1, Role.SUPERVISOR)
    await join(stored)
    await stored.lost(-60)
    closed = await stored.only_case()
    assert await stored.case_closings.close(closed.id, boss, "так", now=NOW)
    await stored.lost(30, OTHER)
    assert not await stored.case_closings.reopen(closed.id, boss, now=NOW + 60)


async def test_who_dials_another_number_of_a_taken_client_is_warned(stored: StoredCalls) -> None:
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await stored.hire(3, Role.OPERATOR, "102")
    await join(stored)
    await stored.lost(-60)
    await take(stored, FIRST, olena)
    await stored.dialled(0, OTHER, extension="102", status=Status.NO_ANSWER)
    assert await stored.owed("warning") == [3]


async def test_a_number_is_of_one_contact_until_somebody_takes_it(stored: StoredCalls) -> None:
    contacts = stored.contacts
    await contacts.set_name(FIRST, "Ганна", now=NOW)
    await contacts.set_name(SECOND, "Іван", now=NOW)
    await join(stored, LAST, SECOND)
    assert await contacts.add_number(FIRST, LAST, now=NOW) is Joining.ANOTHERS
    assert await contacts.add_number(FIRST, FIRST, now=NOW) is Joining.ITS_ALREADY
    takeover = Takeover.NUMBER
    assert await contacts.add_number(FIRST, LAST, now=NOW, takeover=takeover) is Joining.ADDED
    left = await contacts.find(SECOND)
    assert left is not None
    assert [one.number for one in left.numbers] == [SECOND]
    whole = Takeover.CONTACT
    assert await contacts.add_number(FIRST, SECOND, now=NOW, takeover=whole) is Joining.ADDED
    found = await contacts.find(SECOND)
    assert found is not None
    assert found.name == "Ганна"
    assert {one.number for one in found.numbers} == {FIRST, SECOND, LAST}
    assert await stored.database.count("SELECT count(*) FROM contacts") == 1


async def test_a_contact_has_no_more_numbers_than_the_limit(stored: StoredCalls) -> None:
    for number in range(NUMBERS_LIMIT - 1):
        await join(stored, f"+38050111220{number}")
    assert await stored.contacts.add_number(FIRST, LAST, now=NOW) is Joining.TOO_MANY
    await stored.contacts.set_name(LAST, "Іван", now=NOW)
    joined = await stored.contacts.add_number(FIRST, LAST, now=NOW, takeover=Takeover.CONTACT)
    assert joined is Joining.TOO_MANY


async def test_the_last_number_stays_and_another_contacts_cannot_be_taken_away(
    stored: StoredCalls,
) -> None:
    contact = await join(stored)
    other = await join(stored, "+380441112233", LAST)
    assert not await stored.contacts.remove_number(contact, other.numbers[0].id, now=NOW)
    await part(stored, contact, SECOND)
    assert not await stored.contacts.remove_number(contact, contact.numbers[0].id, now=NOW)
    assert not await stored.contacts.restore_number(other, contact.numbers[1].id, now=NOW)
    await join(stored, SECOND, LAST)
    assert not await stored.contacts.restore_number(contact, contact.numbers[1].id, now=NOW)
    with pytest.raises(NotFoundError):
        await stored.contacts.get(99)


async def test_a_name_comes_back(stored: StoredCalls) -> None:
    contacts = stored.contacts
    await contacts.set_name(FIRST, "Ганна", now=NOW)
    for name in (None, "Іван"):
        contact = await contacts.set_name(FIRST, name, now=NOW)
        assert (contact.name, contact.former_name) == (name, "Ганна")
        assert await contacts.restore_name(contact, version=contact.version, now=NOW)
        assert not await contacts.restore_name(contact, version=contact.version, now=NOW)
        found = await contacts.find(FIRST)
        assert found is not None
        assert found.name == "Ганна"


async def test_a_name_that_came_with_a_number_is_not_undone_for_an_older_one(
    stored: StoredCalls,
) -> None:
    contacts = stored.contacts
    await contacts.set_name(FIRST, "Ганна", now=NOW)
    forgotten = await contacts.set_name(FIRST, None, now=NOW)
    await contacts.set_name(SECOND, "Марія", now=NOW)
    joined = await contacts.add_number(FIRST, SECOND, takeover=Takeover.CONTACT, now=stored.now)
    assert joined is Joining.ADDED
    assert not await contacts.restore_name(forgotten, version=forgotten.version, now=NOW)
    found = await contacts.find(FIRST)
    assert found is not None
    assert (found.name, found.former_name) == ("Марія", None)


async def test_the_old_address_book_and_closings_move_into_the_new_tables(tmp_path: Path) -> None:
    old, path = tmp_path / "old", tmp_path / "dzvinok.db"
    old.mkdir()
    for script in sorted(MIGRATIONS.glob("*.sql"))[:11]:
        shutil.copy(script, old)
    async with open_sqlite(path, migrations=old):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.executemany(
            "INSERT INTO contacts (number, name) VALUES (?, ?)",
            [(FIRST, "Ганна"), (SECOND, "Іван")],
        )
        connection.execute(
            "INSERT INTO cases (id, client, opened_at, last_lost_at, expires_at, lost, attempts, "
            "state) VALUES (7, ?, 0, 0, 0, 0, 0, 'void')",
            (FIRST,),
        )
        connection.execute("INSERT INTO case_events (case_id, at, kind) VALUES (7, 5, 'closed')")
        connection.commit()
    async with open_database(path) as database:
        contacts = ContactRepo(database)
        found = [await contacts.find(number) for number in (FIRST, SECOND, LAST)]
        assert [one and one.name for one in found] == ["Ганна", "Іван", None]
        assert found[1]
        stored = StoredCalls(database)
        contact = await join(stored, LAST)
        assert len({one.id for one in contact.numbers} | {found[1].numbers[0].id}) == 3
        rows = await database.fetch("SELECT number, event_id FROM event_numbers")
        assert [tuple(row) for row in rows] == [(FIRST, 1)]


async def test_a_call_is_named_by_the_contact_of_any_of_its_numbers(stored: StoredCalls) -> None:
    await stored.contacts.set_name(FIRST, "Ганна", now=NOW)
    await join(stored)
    await stored.lost(0, OTHER)
    await stored.lost(0, THIRD)
    assert (await stored.journal.get(1, EVERYTHING)).contact == "Ганна"
    assert (await stored.journal.get(2, EVERYTHING)).contact is None
    assert await stored.journal.numbers_of_client(SECOND) == (SECOND, FIRST)
    assert await stored.journal.numbers_of_client(LAST) == (LAST,)
