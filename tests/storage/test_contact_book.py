"""The book of all contacts: its order, its pages, what is removed, files taken into it."""

from collections.abc import Sequence

import pytest

from bot.domain.calls import CaseState
from bot.domain.contact_files import Fate, FileContact, Verdict
from bot.domain.contacts import UNDO_SECONDS, Takeover
from bot.domain.errors import NotFoundError
from bot.domain.log import Turn
from bot.domain.people import Role
from storage.contact_book import ContactBook
from storage.contact_imports import ALERTS_EDITED, ContactImport, ContactImports
from storage.engine.base import Database
from storage.open_cards import DrawnCard, OpenCardRepo
from tests.support.engines import ONLY_SQLITE
from tests.support.plans import WHAT_WAITS, ExplainedDatabase
from tests.support.statements import NOW
from tests.support.stored_calls import StoredCalls

FIRST, SECOND, LAST = "+380671234567", "+380501112233", "+380939998877"
NAMES = ["анна", "Ганна", "Ґалаґан", "Євген", "Іван", "Їжак", "Яна"]


def number(n: int) -> str:
    return f"+38067{n:07}"


def cards(*named: tuple[str | None, Sequence[str]]) -> list[FileContact]:
    return [FileContact(i, name, tuple(of_one)) for i, (name, of_one) in enumerate(named, 1)]


@pytest.fixture
def book(database: Database) -> ContactBook:
    return ContactBook(database)


@pytest.fixture
def taking(database: Database) -> ContactImport:
    return ContactImports(database).begin()


async def names(book: ContactBook) -> list[str | None]:
    return [one.name async for some in book.every() for one in some]


# Order and pages


async def test_pages_are_in_the_order_of_the_alphabet_and_lead_to_each_other(
    book: ContactBook, stored: StoredCalls
) -> None:
    for n, name in enumerate(reversed(NAMES)):
        await stored.contacts.set_name(number(n), name, now=NOW)
    await stored.contacts.set_name(FIRST, None, now=NOW)
    await stored.contacts.add_number(FIRST, SECOND, now=NOW)
    every: list[str | None] = [*NAMES, None]
    assert await names(book) == every
    page = await book.page(Turn.FIRST, 0, size=3)
    assert [one.name for one in page.contacts] == every[:3]
    assert (page.number, page.count, page.total) == (1, 3, 8)
    seen = [page]
    while page.has_later:
        page = await book.page(Turn.OLDER, page.contacts[-1].id, size=3)
        seen.append(page)
    assert [one.name for each in seen for one in each.contacts] == every
    assert [each.number for each in seen] == [1, 2, 3]
    back = await book.page(Turn.NEWER, page.contacts[0].id, size=3)
    assert back.contacts == seen[1].contacts
    last = await book.page(Turn.LAST, 0, size=3)
    assert [one.name for one in last.contacts] == every[-3:]
    at = await book.page(Turn.AT, seen[1].contacts[0].id, size=3)
    assert at.contacts == seen[1].contacts
    beyond = await book.page(Turn.OLDER, last.contacts[-1].id, size=3)
    assert beyond.contacts == last.contacts
    assert (await book.page(Turn.OLDER, 999, size=3)).contacts == seen[0].contacts
    assert [one.name for one in await book.list_named("га", limit=9)] == ["Ганна"]
    assert [one.name for one in await book.list_named("ґ", limit=9)] == ["Ґалаґан"]


async def test_who_added_a_contact_is_known_and_its_name_moves_it(
    book: ContactBook, stored: StoredCalls
) -> None:
    olena = await stored.hire(7, Role.OPERATOR, "101")
    named = await stored.contacts.set_name(FIRST, "Яна", now=NOW, by=olena.id)
    await stored.contacts.set_name(SECOND, "Марта", now=NOW)
    assert await names(book) == ["Марта", "Яна"]
    contact = await book.get(named.id)
    assert (contact.added_by, contact.added_at) == (olena.name, NOW)
    renamed = await stored.contacts.set_name(FIRST, "Анна", now=NOW + 5)
    assert await names(book) == ["Анна", "Марта"]
    assert await stored.contacts.restore_name(renamed, version=renamed.version, now=NOW)
    assert await names(book) == ["Марта", "Яна"]


async def test_a_name_that_an_older_program_has_given_is_put_into_order(
    book: ContactBook, stored: StoredCalls
) -> None:
    for n, name in enumerate(("Яна", "Богдан")):
        await stored.contacts.set_name(number(n), name, now=NOW)
    async with stored.database.transaction() as tx:
        tx.write("UPDATE contacts SET name = 'Анна', version = version + 1 WHERE name = 'Яна'")
        tx.write("INSERT INTO contacts (id, name) VALUES (77, 'Вова')")
        tx.write("INSERT INTO contact_numbers (id, number, contact_id) VALUES (77, '+1', 77)")
    await book.sort()
    assert await names(book) == ["Анна", "Богдан", "Вова"]


# Removal


async def test_what_is_removed_comes_back_whole_for_half_a_minute(
    book: ContactBook, stored: StoredCalls
) -> None:
    await stored.lost(0, FIRST)
    await stored.lost(60, SECOND)
    named = await stored.contacts.set_name(FIRST, "Ганна", now=NOW)
    for other in (SECOND, LAST):
        await stored.contacts.add_number(FIRST, other, now=NOW)
    [taken_away] = [one for one in (await book.get(named.id)).numbers if one.number == LAST]
    await stored.contacts.remove_number(await book.get(named.id), taken_away.id, now=NOW)
    assert await stored.states() == [CaseState.OPEN]

    await book.remove(named.id, now=NOW)
    assert await names(book) == []
    assert await stored.states() == [CaseState.OPEN, CaseState.OPEN]
    with pytest.raises(NotFoundError):
        await book.get(named.id)
    assert await book.restore(named.id, now=NOW + UNDO_SECONDS)
    assert not await book.restore(named.id, now=NOW)
    assert [one.number for one in (await book.get(named.id)).numbers] == [FIRST, SECOND]
    assert await stored.states() == [CaseState.OPEN]

    await book.remove(named.id, now=NOW)
    await stored.contacts.set_name(SECOND, "Інша", now=NOW)
    assert await book.restore(named.id, now=NOW + 1)
    assert [one.number for one in (await book.get(named.id)).numbers] == [FIRST]
    await book.remove(named.id, now=NOW)
    assert not await book.restore(named.id, now=NOW + UNDO_SECONDS + 1)
    assert not await book.purge(now=NOW + UNDO_SECONDS)
    assert await book.purge(now=NOW + 3 * UNDO_SECONDS)
    assert await stored.database.count("SELECT count(*) FROM contacts") == 1
    assert (await stored.contacts.set_name(FIRST, "Знову", now=NOW)).name == "Знову"


async def test_a_number_that_could_not_be_added_leaves_no_contact_behind(
    stored: StoredCalls,
) -> None:
    await stored.contacts.set_name(SECOND, "Іван", now=NOW)
    await stored.contacts.add_number(FIRST, SECOND, now=NOW)
    assert await stored.database.count("SELECT count(*) FROM contacts") == 1
    takeover = Takeover.CONTACT
    await stored.contacts.add_number(FIRST, SECOND, now=NOW, takeover=takeover)
    found = await stored.contacts.find(FIRST)
    assert found
    assert found.name == "Іван"


# Names where clients are shown


async def test_a_new_name_edits_alerts_of_open_and_recent_cases(stored: StoredCalls) -> None:
    await stored.hire(7, Role.SUPERVISOR)
    for days in (5, 1, 0):
        stored.now = NOW - days * 86400
        await stored.lost(-600, FIRST)
        await stored.dialled(-60, FIRST)
    await stored.send_all()
    assert await stored.states() == [CaseState.CALLED_BACK] * 3
    await stored.contacts.set_name(FIRST, "Ганна", now=NOW)
    edited = await stored.database.fetch(
        "SELECT case_id FROM outbox WHERE kind = 'case' AND state = 'pending' ORDER BY case_id"
    )
    told = await stored.database.count("SELECT count(*) FROM outbox WHERE kind = 'case'")
    assert (told, [row["case_id"] for row in edited]) == (3, [2, 3])
    await stored.send_all()
    await stored.contacts.set_name(FIRST, "Ганна", now=NOW)
    assert await stored.owed() == []


# Files


async def test_a_file_is_taken_and_a_second_time_changes_nothing(
    taking: ContactImport, book: ContactBook, stored: StoredCalls
) -> None:
    olena = await stored.hire(7, Role.SUPERVISOR)
    await stored.contacts.set_name(LAST, "Давня", now=NOW)
    piece = cards(("Ганна", [FIRST, SECOND]), ("Нова", [LAST, number(1)]), ("Одна", [number(1)]))
    compared = await taking.compare(piece)
    assert await names(book) == ["Давня"]
    by_olena = ContactImports(stored.database).begin(by=olena)
    taken = await by_olena.take(piece, now=NOW)
    assert [one.fate for one in compared] == [one.fate for one in taken]
    assert [one.fate for one in taken] == [Fate.NEW, Fate.NEW, Fate.DIFFERS]
    assert await names(book) == ["Ганна", "Давня", "Нова"]
    added = {one.name: one.added_by async for some in book.every() for one in some}
    assert added == {"Ганна": olena.name, "Давня": None, "Нова": olena.name}

    rows = "SELECT * FROM contacts ORDER BY id", "SELECT * FROM contact_numbers ORDER BY id"
    before = [[tuple(row) for row in await stored.database.fetch(sql)] for sql in rows]
    again = await ContactImports(stored.database).begin().take(piece, now=NOW + 9)
    assert [one.fate for one in again] == [Fate.SAME, Fate.SAME, Fate.DIFFERS]
    assert [[tuple(row) for row in await stored.database.fetch(sql)] for sql in rows] == before

    renaming = ContactImports(stored.database).begin(replaces_names=True)
    [renamed] = await renaming.take(cards(("Свіжа", [LAST])), now=NOW)
    assert renamed.fate is Fate.RENAMED
    assert await names(book) == ["Ганна", "Нова", "Свіжа"]


async def test_numbers_that_come_together_are_one_client_and_a_stub_is_taken_over(
    taking: ContactImport, book: ContactBook, stored: StoredCalls
) -> None:
    await stored.lost(0, FIRST)
    await stored.dialled(60, SECOND)
    await stored.contacts.set_name(LAST, None, now=NOW)
    assert await stored.states() == [CaseState.OPEN]
    await taking.take(cards(("Ганна", [FIRST, SECOND, LAST])), now=NOW)
    assert await stored.states() == [CaseState.CALLED_BACK]
    assert await names(book) == ["Ганна"]
    assert await stored.database.count("SELECT count(*) FROM contacts") == 1


async def test_numbers_of_two_chunks_of_one_contact_are_one_contact(
    taking: ContactImport, stored: StoredCalls
) -> None:
    await stored.contacts.set_name(number(0), "Ганна", now=NOW)
    await stored.contacts.add_number(number(0), number(700), now=NOW)
    piece = cards(*[("Ганна" if n in {0, 700} else f"К{n}", [number(n)]) for n in range(701)])
    fates = [one.fate for one in await taking.take(piece, now=NOW)]
    assert fates[0] is fates[-1] is Fate.SAME
    assert set(fates[1:-1]) == {Fate.NEW}


async def test_an_import_edits_open_cards_and_only_the_newest_alerts(
    taking: ContactImport, stored: StoredCalls
) -> None:
    count = ALERTS_EDITED + 50
    await stored.hire(7, Role.SUPERVISOR)
    for start in range(0, count, 50):
        await stored.lost_at_once({number(n): n for n in range(start, start + 50)})
    async with stored.database.transaction() as tx:
        tx.write("UPDATE outbox SET state = 'sent', message_id = id WHERE kind = 'case'")
    card = DrawnCard("c1:1", 1, None, "", NOW)
    await OpenCardRepo(stored.database).note(7, 999, card, now=NOW)
    async with stored.database.transaction() as tx:
        tx.write("DELETE FROM outbox WHERE kind = 'card'")
    for start in range(0, count, 200):
        numbers = range(start, min(start + 200, count))
        await taking.take(cards(*[(f"К{n}", [number(n)]) for n in numbers]), now=NOW)
    assert await stored.owed("card") == [7]
    assert await stored.owed() == []
    assert await taking.finish(now=NOW) == ALERTS_EDITED
    oldest = await stored.database.fetch(
        "SELECT min(case_id) AS id FROM outbox WHERE state = 'pending' AND kind = 'case'"
    )
    assert len(await stored.owed()) == ALERTS_EDITED
    assert oldest[0]["id"] == 51


@ONLY_SQLITE
async def test_the_book_is_read_along_its_index(stored: StoredCalls) -> None:
    for n, name in enumerate(NAMES):
        await stored.contacts.set_name(number(n), name, now=NOW)
    explained = ExplainedDatabase(stored.database)
    book, imports = ContactBook(explained), ContactImports(explained)
    for turn in Turn:
        await book.page(turn, 3, size=2)
    await book.get(1)
    await book.list_named("г", limit=8)
    assert [one async for one in book.every()]
    await book.remove(1, now=NOW)
    await book.restore(1, now=NOW)
    await book.sort()
    await book.purge(now=NOW)
    verdicts: list[Verdict] = []
    for taking in (imports.begin(), imports.begin(replaces_names=True)):
        piece = cards(("Ганна", [number(1), LAST]), ("Хто", [number(2)]))
        verdicts += await taking.compare(piece)
        verdicts += await taking.take(piece, now=NOW)
        await taking.finish(now=NOW)
    assert len(verdicts) == 8
    walked = WHAT_WAITS | {"contacts_in_order", "contacts_unsorted", "contacts_removed"}
    breaches = explained.breaches(walked=walked)
    assert [sql for _, sql in breaches if "WITH asked" not in sql] == []  # of folding, not ours
