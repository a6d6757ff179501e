"""What calls are filtered by stays true of them, in whatever order they come and change."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.domain.calls import Call, CallFacts, CasePart, CaseState, Direction, Party, Status
from bot.domain.log import LogFilter
from bot.domain.log_views import CASE_STATES
from bot.domain.people import EVERYTHING
from storage.contacts import ContactRepo
from storage.older_programs import OlderPrograms
from tests.support.call_logs import HOUR, NOW, Log
from tests.support.statements import said

NUMBERS = ("0671234567", "0501112233", "0939998877", "0631112200", None)


def some_call(chance: random.Random, name: str) -> CallFacts:
    status = chance.choice([Status.MISSED, Status.MISSED, Status.ANSWERED, Status.RINGING])
    is_out = chance.random() < 0.3
    start = NOW - chance.choice([0, 60, 600, HOUR, 5 * HOUR]) - chance.randrange(5)
    client, phone = Party(number=chance.choice(NUMBERS)), chance.choice(["101", "102"])
    talked = status is Status.ANSWERED
    return said(
        external_id=name,
        direction=Direction.OUT if is_out else Direction.IN,
        status=status,
        started_at=start,
        answered_at=start + 3 if talked else None,
        ended_at=None if status is Status.RINGING else start + 30,
        caller=Party(number=phone) if is_out else client,
        callee=client if is_out else Party(),
        extension=phone if is_out or talked else None,
        rang=() if is_out else ("101", "102"),
        updated_at=start,
    )


def changed(chance: random.Random, facts: CallFacts, at: int) -> CallFacts:
    """What the PBX says of the call later: when it began, with whom, or how it ended."""
    what = chance.choice(["start", "client", "status"])
    if what == "start":
        facts = replace(facts, started_at=facts.started_at + chance.choice([-HOUR, -1, 1, HOUR]))
    elif what == "client" and facts.direction is Direction.IN:
        facts = replace(facts, caller=Party(number=chance.choice(NUMBERS)))
    else:
        status = chance.choice([Status.MISSED, Status.MISSED_CALLED_BACK, Status.ANSWERED])
        facts = replace(facts, status=status, ended_at=facts.started_at + 40)
    return replace(facts, updated_at=at)


async def check(log: Log) -> None:
    """No call is filtered by anything else than what follows from all that is stored."""
    before = await _stored(log)
    assert await OlderPrograms(log.database).mend(now=NOW) == 0
    assert await _stored(log) == before
    calls = await log.journal.list_visible([row[0] for row in before], EVERYTHING)
    for log_filter, meant in (
        (LogFilter(is_first=True), [id_ for id_, call in calls.items() if call.is_first]),
        *(
            (LogFilter(status=one), [id_ for id_, call in calls.items() if call.status is one])
            for one in (Status.MISSED, Status.MISSED_CALLED_BACK)
        ),
        *(
            (
                LogFilter(case_states=states),
                [id_ for id_, call in calls.items() if is_so(call, states)],
            )
            for states in CASE_STATES.values()
        ),
    ):
        page = await log.page(log_filter=log_filter, size=500)
        assert sorted(key.id for key in page.keys) == sorted(meant), log_filter


def is_so(call: Call, states: Sequence[CaseState]) -> bool:
    """Whether a call was lost, and its case stands so; of no states: it has none."""
    lost = call.case if call.case and call.case.part is CasePart.LOST else None
    return call.lost and (lost.state in states if lost else not states)


async def _stored(log: Log) -> list[tuple[int, ...]]:
    rows = await log.database.fetch(
        "SELECT c.id, c.traits, x.extension, x.traits AS of_extension FROM calls AS c "
        "LEFT JOIN call_extensions AS x ON x.call_id = c.id ORDER BY c.id, x.extension"
    )
    assert all(row["traits"] == row["of_extension"] for row in rows if row["extension"])
    return [tuple(row) for row in rows]


@pytest.mark.parametrize("seed", range(6))
async def test_what_calls_are_filtered_by_follows_from_what_is_stored(log: Log, seed: int) -> None:
    chance = random.Random(seed)
    told: list[CallFacts] = []
    contacts = ContactRepo(log.database)
    for step in range(14):
        some = [some_call(chance, f"s{step}-{n}") for n in range(chance.choice([1, 3, 12]))]
        told += some
        some += [changed(chance, chance.choice(told), NOW + step) for _ in range(2)]
        chance.shuffle(some)
        await log.calls.record(some, now=NOW)
        if step % 5 == 2:
            one, other = chance.sample([f"+38{number}" for number in NUMBERS if number], 2)
            await contacts.add_number(one, other, now=NOW)
        if step % 6 == 5:
            await log.calls.purge(before=NOW - HOUR, limit=5)
        await check(log)


async def test_history_in_the_reverse_order_leaves_one_first_of_a_number(log: Log) -> None:
    for ago in range(20):
        await log.add(
            said(caller=Party(number=NUMBERS[0]), started_at=NOW - ago * 60, rang=("101",))
        )
    rows = await log.database.fetch("SELECT id FROM calls WHERE traits & 2048 = 2048")
    assert [row["id"] for row in rows] == [20]
    await check(log)
    await log.calls.purge(before=NOW - 18 * 60)
    rows = await log.database.fetch("SELECT id FROM calls WHERE traits & 2048 = 2048")
    assert [row["id"] for row in rows] == [19]
    await check(log)
