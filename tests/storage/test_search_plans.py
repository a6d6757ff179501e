"""What is typed is found by an index, however many names, words and numbers there are."""

import random

import pytest

from bot.domain.log import LogFilter, Turn
from bot.domain.people import EVERYTHING, Role
from bot.domain.phones import NumberPlan
from bot.domain.search import Query, read_query
from storage.comments import CommentRepo
from storage.contacts import ContactRepo
from storage.employees import EmployeeRepo
from storage.journal import JournalRepo
from storage.search import SearchRepo
from tests.support.call_logs import CLIENT, NOW, ONE, TWENTY, TWO, Log, some_calls
from tests.support.employees import hire
from tests.support.engines import ONLY_SQLITE
from tests.support.plans import WHAT_WAITS, ExplainedDatabase

pytestmark = ONLY_SQLITE

SCOPES = {"all": EVERYTHING, "one": ONE, "two": TWO, "twenty": TWENTY}
TYPED = ("067 123", "4567", "102", "ганна", "мельник ганна", "мельнек", "просила", "коваль")


@pytest.fixture
async def office(log: Log) -> Log:
    await log.add(*some_calls(random.Random(1), NOW, 40))
    await hire(log.database, 1, Role.SUPERVISOR, "102", name="Юлія Коваль")
    author = await EmployeeRepo(log.database).get(1)
    for call in range(1, 40, 3):
        await CommentRepo(log.database).set(
            call, "Ганна просила", author=author, on_top_of=0, now=NOW
        )
    await ContactRepo(log.database).set_name(CLIENT, "Ганна Мельник", now=NOW)
    await SearchRepo(log.database).catch_up()
    return log


@pytest.mark.parametrize("listed", [0, 1000], ids=["walked", "listed"])
@pytest.mark.parametrize("typed", TYPED)
@pytest.mark.parametrize("scope", SCOPES)
async def test_what_is_typed_is_found_by_an_index(
    office: Log, scope: str, typed: str, listed: int
) -> None:
    explained = ExplainedDatabase(office.database)
    search, query = SearchRepo(explained, listed=listed), read_query(typed, NumberPlan("UA"))
    assert isinstance(query, Query)
    found = await search.find(query) or await search.find_alike(query)
    assert found
    page = await JournalRepo(explained).page(
        SCOPES[scope], LogFilter(found=found), turn=Turn.FIRST, key=None, size=2
    )
    assert page.calls
    walked = {"calls_by_position", "calls_commented"} if scope == "all" else set[str]()
    breaches = explained.breaches(walked=WHAT_WAITS | walked)
    # The calls that are listed, no more of them than that, are gathered and sorted.
    assert not [
        (step, sql)
        for step, sql in breaches
        if not (found.calls and "AS gathered" in sql and step == "USE TEMP B-TREE FOR ORDER BY")
    ]
