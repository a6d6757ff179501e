"""What calls are found by keeps step with calls, names and comments, whoever changes them."""

from pathlib import Path
from typing import Any

import pytest

import storage
from bot.domain.calls import Party
from bot.domain.contact_files import FileContact
from bot.domain.contacts import Takeover
from bot.domain.log import LogFilter
from bot.domain.people import Role
from bot.domain.phones import NumberPlan
from bot.domain.search import Query, read_query
from storage.comments import UNDO_SECONDS, CommentRepo
from storage.contact_book import ContactBook
from storage.contact_imports import ContactImports
from storage.contacts import ContactRepo
from storage.employees import EmployeeRepo
from storage.older_programs import OlderPrograms
from storage.search import SearchRepo
from tests.support.call_logs import CLIENT, DAY, NOW, NUMBER, Log, ids
from tests.support.employees import hire
from tests.support.statements import said

OTHER = "0501112233"


class Office(Log):
    async def found(self, text: str) -> list[int]:
        query = read_query(text, NumberPlan("UA"))
        assert isinstance(query, Query)
        found = await SearchRepo(self.database).find(query)
        return ids(await self.page(log_filter=LogFilter(found=found), size=100))

    async def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of what calls are found by."""
        return {
            name: sorted(tuple(row) for row in await self.database.fetch(f"SELECT * FROM {name}"))
            for name in ("client_digits", "contact_words", "comment_words")
        }


@pytest.fixture
async def office(log: Log) -> Office:
    """Two calls of a client, one of another, and a person who comments."""
    office = Office(log.database)
    numbers = (NUMBER, NUMBER, OTHER)
    await office.add(
        *(
            said(caller=Party(number=one), started_at=NOW - 9 * DAY + at)
            for at, one in enumerate(numbers)
        )
    )
    await hire(office.database, 1, Role.SUPERVISOR)
    return office


async def test_a_comment_is_found_by_as_long_as_it_says_so(office: Office) -> None:
    comments = CommentRepo(office.database)
    author = await EmployeeRepo(office.database).get(1)
    await comments.set(1, "Просив рахунок", author=author, on_top_of=0, now=NOW)
    assert await office.found("рахунок") == [1]
    await comments.set(1, "Просив договір", author=author, on_top_of=1, now=NOW)
    assert (await office.found("рахунок"), await office.found("договір")) == ([], [1])
    await comments.delete(1, author=author, on_top_of=2, now=NOW)
    assert await office.found("договір") == []
    assert await comments.restore(1, 3, author=author, now=NOW + UNDO_SECONDS)
    assert await office.found("договір просив") == [1]


async def test_a_name_is_found_by_as_long_as_the_client_has_it(office: Office) -> None:
    contacts, book = ContactRepo(office.database), ContactBook(office.database)
    named = await contacts.set_name(CLIENT, "Ганна Мельник", now=NOW)
    assert await office.found("мельник") == [2, 1]
    renamed = await contacts.set_name(CLIENT, "Олег", now=NOW)
    assert (await office.found("мельник"), await office.found("олег")) == ([], [2, 1])
    assert await contacts.restore_name(renamed, version=renamed.version, now=NOW)
    assert await office.found("мельник") == [2, 1]
    await contacts.add_number(CLIENT, f"+38{OTHER}", now=NOW, takeover=Takeover.CONTACT)
    assert await office.found("мельник") == [3, 2, 1]
    await book.remove(named.id, now=NOW)
    assert await office.found("мельник") == []
    assert await book.restore(named.id, now=NOW + 1)
    assert await office.found("мельник") == [3, 2, 1]
    await contacts.set_name(CLIENT, None, now=NOW)
    assert await office.found("мельник") == []
    await book.remove(named.id, now=NOW)
    await book.purge(now=NOW + 1000)
    assert (await office.tables())["contact_words"] == []


async def test_names_of_a_file_are_found_by(office: Office) -> None:
    one = ContactImports(office.database).begin(replaces_names=True)
    await one.take([FileContact(1, "Ганна Мельник", (CLIENT,))], now=NOW)
    assert await office.found("ганна") == [2, 1]
    again = ContactImports(office.database).begin(replaces_names=True)
    await again.take([FileContact(1, "Олег", (CLIENT, f"+38{OTHER}"))], now=NOW)
    assert (await office.found("ганна"), await office.found("олег")) == ([], [3, 2, 1])


async def test_a_call_is_found_by_the_number_it_has_now(office: Office) -> None:
    before = (await office.tables())["client_digits"]
    corrected = said(
        external_id="a1", caller=Party(number="0939998877"), started_at=NOW - 9 * DAY, updated_at=9
    )
    await office.calls.record([corrected], now=NOW)
    assert (await office.found("9998877"), await office.found("1234567")) == ([1], [2])
    back = said(
        external_id="a1", caller=Party(number=NUMBER), started_at=NOW - 9 * DAY, updated_at=10
    )
    await office.calls.record([back], now=NOW)
    assert (await office.found("9998877"), await office.found("1234567")) == ([], [2, 1])
    assert (await office.tables())["client_digits"] == before


async def test_what_is_deleted_with_its_time_is_found_by_no_more(office: Office) -> None:
    comments = CommentRepo(office.database)
    author = await EmployeeRepo(office.database).get(1)
    await comments.set(1, "Просив рахунок", author=author, on_top_of=0, now=NOW)
    await office.calls.purge(before=NOW - 9 * DAY + 1)
    assert (await office.found("рахунок"), await office.found("067")) == ([], [2])
    await office.calls.purge(before=NOW)
    tables = await office.tables()
    assert (tables["client_digits"], tables["comment_words"]) == ([], [])


async def test_short_and_long_numbers_are_found_and_hidden_ones_are_not(log: Log) -> None:
    office = Office(log.database)
    numbers = ["102", "37", None, "+4930123456789", "123456789012345678"]
    await office.add(
        *(said(caller=Party(number=one), started_at=NOW + at) for at, one in enumerate(numbers))
    )
    assert await office.found("102") == [1]
    assert await office.found("30 123456789") == [4]
    assert await office.found("123456789012345678") == [5]


@pytest.mark.parametrize("left", ["comments", "names"])
async def test_what_was_there_before_is_looked_through_by_and_by(
    office: Office, left: str
) -> None:
    comments = CommentRepo(office.database)
    author = await EmployeeRepo(office.database).get(1)
    for call in (1, 2, 3):
        await comments.set(call, f"Рахунок {call}", author=author, on_top_of=0, now=NOW)
    await ContactRepo(office.database).set_name(CLIENT, "Ганна Мельник", now=NOW)
    meant = await office.tables()
    async with office.database.transaction() as tx:
        if left == "comments":
            tx.write("DELETE FROM comment_words")
            tx.write("UPDATE comments SET words_version = -1")
        else:
            tx.write("DELETE FROM contact_words")
            tx.write("UPDATE contacts SET key_version = -1")
    assert await office.tables() != meant
    await SearchRepo(office.database).catch_up()
    await ContactBook(office.database).sort()
    assert await office.tables() == meant


async def test_calls_of_an_older_program_are_found_after_all(office: Office) -> None:
    """It says of them what it knows itself, and nothing of their numbers."""
    meant = await office.tables()
    async with office.database.transaction() as tx:
        tx.write("DELETE FROM client_digits WHERE client = ?", (CLIENT,))
        tx.write("UPDATE calls SET traits = traits & 2047 WHERE client = ?", (CLIENT,))
    assert await office.found("1234567") == []
    await OlderPrograms(office.database).look_through()
    assert await office.tables() == meant


async def test_what_an_older_program_goes_on_to_write_is_mended_later(office: Office) -> None:
    """A call whose traits are right all the same, and a comment that it has deleted."""
    older = OlderPrograms(office.database)
    await older.mend(now=NOW)
    comments = CommentRepo(office.database)
    author = await EmployeeRepo(office.database).get(1)
    meant = await office.tables()
    await comments.set(1, "Просив рахунок", author=author, on_top_of=0, now=NOW)
    words = (await office.tables())["comment_words"]
    await comments.delete(1, author=author, on_top_of=1, now=NOW)
    async with office.database.transaction() as tx:
        tx.write("DELETE FROM client_digits WHERE client = ?", (CLIENT,))
        tx.write_many(
            "INSERT INTO comment_words (word, call_id) VALUES (?, ?)",
            [(word, call) for word, call in words],
        )
    assert await office.tables() != meant
    await older.mend_again(lambda: NOW + 30)
    assert await office.tables() == meant


async def test_numbers_that_there_were_are_found_as_those_that_come(
    office: Office, engine: str
) -> None:
    """The migration fills by the same rule as the program."""
    numbers = ["+4930123456789", "3700", "37", "102", "1234567890123456789", None]
    await office.add(*(said(caller=Party(number=one)) for one in numbers))
    meant = (await office.tables())["client_digits"]
    assert {len(digits) for digits, _ in meant} >= {*range(3, 13)}
    [script] = (Path(storage.__file__).parent / "migrations" / engine).glob("0034_*.sql")
    async with office.database.transaction() as tx:
        tx.write("DELETE FROM client_digits")
        for statement in script.read_text(encoding="utf-8").split(";"):
            if "INSERT INTO client_digits" in statement:
                tx.write(statement)
    assert (await office.tables())["client_digits"] == meant
