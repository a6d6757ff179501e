"""How often a commit of calls goes to the database, whatever the number of calls in it."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.company import EscalationField
from bot.domain.people import Role
from bot.domain.typed_times import parse_week
from storage.company import CompanyRepo
from tests.support.kyiv import KYIV
from tests.support.statements import NOW, said
from tests.support.stored_calls import StoredCalls

WITHOUT_A_CASE, WITH_A_CASE = 5, 8
"""The most trips of a commit, the one that commits among them."""

MANY = 6

_ids = count(1)


def incoming(client: int | None, at: int = -60, **values: Any) -> CallFacts:
    """A lost call of a moment ago, unless the values say otherwise."""
    given = {
        "external_id": f"x{next(_ids)}",
        "started_at": NOW + at,
        "ended_at": NOW + at + 20,
        "rang": ("101", "102"),
        "caller": Party(number=_number(client)),
        "line": "0445550101",
    }
    return said(**given | values)


def outgoing(client: int, at: int = -30, **values: Any) -> CallFacts:
    """A talk, unless the values say otherwise."""
    given = {
        "direction": Direction.OUT,
        "status": Status.ANSWERED,
        "extension": "102",
        "answered_at": NOW + at + 5,
        "ended_at": NOW + at + 20,
        "caller": Party(number="102"),
        "callee": Party(number=_number(client)),
    }
    return incoming(None, at, **given | values)


def _number(client: int | None) -> str | None:
    return None if client is None else f"06711122{client:02}"


@pytest.fixture
async def stored(stored: StoredCalls) -> StoredCalls:
    """A company with hours, an escalation and three people, one of whom has all lost clients."""
    company = CompanyRepo(stored.database, KYIV)
    await company.set_hours(None, parse_week("пн-пт 9-18"), now=NOW)
    await company.set_number(EscalationField.SUPERVISORS, 5, now=NOW)
    await company.set_number(EscalationField.REPEAT, 30, now=NOW)
    await stored.hire(1, Role.ADMINISTRATOR)
    olena = await stored.hire(2, Role.OPERATOR, "101")
    await stored.hire(3, Role.OPERATOR, "102")
    await record(stored, *LOST)
    for case in await stored.all_cases():
        await stored.cases.take(case.id, olena, now=NOW)
    return stored


async def record(stored: StoredCalls, *facts: CallFacts) -> int:
    """How many trips it takes."""
    before = stored.database.trips
    await stored.calls.record(facts, now=NOW, is_live=True)
    return stored.database.trips - before


LOST = [incoming(n, -90) for n in range(MANY)]

Change = Callable[[int], CallFacts]

WITHOUT: dict[str, Change] = {
    "ringing": lambda n: incoming(n, status=Status.RINGING, ended_at=None),
    "answered": lambda n: incoming(n + 50, status=Status.ANSWERED, extension="101"),
    "dialled": lambda n: outgoing(n + 50),
    "dialling": lambda n: outgoing(n + 50, status=Status.RINGING, answered_at=None, ended_at=None),
    "repeated": lambda n: LOST[n],
}
WITH: dict[str, Change] = {
    "lost": lambda n: incoming(n + 50),
    "lost long ago": lambda n: incoming(n + 50, -7200),
    "lost again, of an owner": lambda n: incoming(n),
    "hidden": lambda _: incoming(None),
    "called back": outgoing,
    "called back in vain": lambda n: outgoing(n, status=Status.NO_ANSWER, answered_at=None),
    "dialled by a colleague": lambda n: outgoing(
        n, status=Status.RINGING, answered_at=None, ended_at=None
    ),
    "more of a lost one": lambda n: said(
        external_id=LOST[n].external_id, started_at=LOST[n].started_at, queue="7", rang=("103",)
    ),
    "not lost after all": lambda n: said(
        external_id=LOST[n].external_id,
        started_at=LOST[n].started_at,
        status=Status.ANSWERED,
        answered_at=NOW - 85,
        extension="101",
        updated_at=NOW,
    ),
}


@pytest.mark.parametrize("many", [1, MANY])
@pytest.mark.parametrize("name", WITHOUT)
async def test_a_commit_without_a_case(stored: StoredCalls, name: str, many: int) -> None:
    facts = [WITHOUT[name](n) for n in range(many)]
    assert await record(stored, *facts) <= WITHOUT_A_CASE


@pytest.mark.parametrize("many", [1, MANY])
@pytest.mark.parametrize("name", WITH)
async def test_a_commit_with_a_case(stored: StoredCalls, name: str, many: int) -> None:
    cases = await stored.all_cases()
    owed = await _owed(stored)
    facts = [WITH[name](n) for n in range(many)]
    assert await record(stored, *facts) <= WITH_A_CASE
    assert (cases, owed) != (await stored.all_cases(), await _owed(stored)), "nothing has changed"


async def test_a_commit_of_everything_at_once(stored: StoredCalls) -> None:
    facts = [change(n) for n in range(MANY) for change in (WITHOUT | WITH).values()]
    assert await record(stored, *facts) <= WITH_A_CASE


async def _owed(stored: StoredCalls) -> list[tuple[object, ...]]:
    rows = await stored.database.fetch("SELECT * FROM outbox ORDER BY id")
    return [tuple(row) for row in rows]
