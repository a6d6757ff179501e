"""Who is new: whose call the company had none with before, by the log as it is now."""

import random
from dataclasses import replace

from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.merging import merge
from bot.domain.people import EVERYTHING, Scope
from storage.contacts import ContactRepo
from tests.support.call_logs import NOW, ONE, Log, some_calls
from tests.support.statements import said
from tests.support.stored_calls import StoredCalls


async def first_of(log: Log, scope: Scope = EVERYTHING) -> set[int]:
    calls = await log.journal.list_visible(list(log.ids), scope)
    return {id_ for id_, call in calls.items() if call.is_first}


def outgoing(number: str, **values: object) -> CallFacts:
    return said(direction=Direction.OUT, callee=Party(number=number), extension="102", **values)


def by_the_plainest_of_rules(log: Log) -> set[int]:
    """The first call of each client, in the order in which they began."""
    first: dict[str, int] = {}
    for id_, facts in sorted(log.ids.items(), key=lambda one: (one[1].started_at, one[0])):
        if client := merge(None, facts, now=NOW).client:
            first.setdefault(client, id_)
    return set(first.values())


async def test_the_first_call_of_each_client_is_known_in_any_order_of_arrival(log: Log) -> None:
    chance = random.Random(5)
    numbers = [f"05011122{number:02}" for number in range(30)]
    calls = [
        replace(
            one,
            started_at=NOW - chance.choice([0, 0, 60, 120, 3600]),
            status=chance.choice([Status.RINGING, one.status]),
            caller=Party(number=chance.choice([*numbers, None, "000"])),
        )
        for one in some_calls(chance, NOW, 60)
    ]
    calls += [outgoing(chance.choice(numbers), started_at=NOW - 60) for _ in range(15)]
    chance.shuffle(calls)
    for some in (calls[:25], calls[25:50], calls[50:]):
        await log.add(*some)
        expected = by_the_plainest_of_rules(log)
        assert await first_of(log) == expected
        assert 0 < len(expected) < len(log.ids)


async def test_who_is_new_is_the_same_for_every_reader(log: Log) -> None:
    """A colleague's call is one of the company's, and so is the company's to the client."""
    await log.add(
        outgoing("0671234567", started_at=NOW - 60),
        said(caller=Party(number="0671234567"), rang=("101",), started_at=NOW),
        said(caller=Party(number="0501112233"), rang=("101",), started_at=NOW),
    )
    assert await first_of(log) == {1, 3}
    assert await first_of(log, ONE) == {3}


async def test_history_and_corrections_that_come_late_are_heeded(log: Log) -> None:
    await log.add(said(caller=Party(number="0671234567"), started_at=NOW, updated_at=NOW))
    assert await first_of(log) == {1}
    await log.add(outgoing("+380671234567", started_at=NOW - 90 * 86400, updated_at=NOW))
    assert await first_of(log) == {2}
    later = replace(log.ids[2], started_at=NOW + 60, updated_at=NOW + 1)
    await log.calls.record([later], now=NOW)
    assert await first_of(log) == {1}
    another = replace(log.ids[1], caller=Party(number="0501112233"), updated_at=NOW + 1)
    await log.calls.record([another], now=NOW)
    assert await first_of(log) == {1, 2}


async def test_a_client_stays_new_for_as_long_as_their_first_case(stored: StoredCalls) -> None:
    await stored.lost(-60, "0671234567")
    await stored.lost(-30, "0671234567")
    await stored.lost(-30, None)
    first, hidden = await stored.all_cases()
    assert (first.lost, first.is_of_new_client, first.call.is_first) == (2, True, False)
    assert not hidden.is_of_new_client
    await stored.dialled(0, "0671234567")
    await stored.lost(60, "0671234567")
    *_, again = await stored.all_cases()
    assert (again.lost, again.is_of_new_client) == (1, False)
    await stored.lost(-3600, "0501112233", ended_at=None, status=Status.RINGING)
    await stored.lost(-60, "0501112233")
    *_, ringing_still = await stored.all_cases()
    assert not ringing_still.is_of_new_client


async def test_a_client_is_known_by_every_number_of_their_contact(stored: StoredCalls) -> None:
    await stored.dialled(-3600, "0671234567")
    await stored.lost(-60, "0501112233")
    [case] = await stored.all_cases()
    assert case.is_of_new_client
    contacts = ContactRepo(stored.database)
    await contacts.add_number("+380671234567", "+380501112233", now=NOW)
    [case] = await stored.all_cases()
    assert not case.is_of_new_client
