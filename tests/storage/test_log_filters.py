"""Whatever is asked of the log, alone or together: the calls for which all of it is so."""

import itertools
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import storage
from bot.domain.calls import Call, CasePart, CaseState, Direction, Party, Status
from bot.domain.log import LogFilter, Turn
from bot.domain.log_views import CASE_STATES
from bot.domain.people import EVERYTHING, Role, Scope
from bot.domain.places import Place, PlaceKind
from storage.comments import CommentRepo
from storage.employees import EmployeeRepo
from tests.support.call_logs import DAY, HOUR, NOW, ONE, TWO, Log
from tests.support.case_ends import end_some
from tests.support.employees import hire
from tests.support.statements import said

SCOPES = {"all": EVERYTHING, "one": ONE, "two": TWO, "none": Scope(())}
NUMBERS = ("0671234567", "0501112233", "0939998877", None)
LINES, QUEUES = ("380445550101", "380445550102", None), ("Продажі", "Сервіс", None)
STATUSES = [status for status in Status if not status.is_live]

Rule = Callable[[Call], bool]


def _ended_as(states: Sequence[CaseState]) -> Rule:
    """Lost, and its case stands as one of these; of none: lost, and of no case."""

    def is_so(call: Call) -> bool:
        case = call.case if call.case and call.case.part is CasePart.LOST else None
        return call.lost and (case.state in states if case else not states)

    return is_so


CHIPS: dict[str, tuple[dict[str, Any], Rule]] = {
    "in": ({"direction": Direction.IN}, lambda call: call.direction is Direction.IN),
    "out": ({"direction": Direction.OUT}, lambda call: call.direction is Direction.OUT),
    "inside": (
        {"direction": Direction.INTERNAL},
        lambda call: call.direction is Direction.INTERNAL,
    ),
    "answered": ({"is_answered": True}, lambda call: bool(call.talk)),
    "lost": ({"lost_only": True}, lambda call: call.lost),
    **{
        fate.value: ({"case_states": states}, _ended_as(states))
        for fate, states in CASE_STATES.items()
    },
    "person": (
        {"extensions": ("102", "103")},
        lambda call: bool(
            {"102", "103"} & {call.extension, *call.rang, call.caller.number, call.callee.number}
        ),
    ),
    "line": (
        {"place": Place(PlaceKind.LINE, "380445550101")},
        lambda call: call.line == "380445550101",
    ),
    "queue": ({"place": Place(PlaceKind.QUEUE, "Продажі")}, lambda call: call.queue == "Продажі"),
    "commented": ({"is_commented": True}, lambda call: call.comment is not None),
    "recorded": ({"is_recorded": True}, lambda call: call.recording_url is not None),
    "long": ({"longer_than": 60}, lambda call: (call.talk or 0) >= 60),
    "longer": ({"longer_than": 300}, lambda call: (call.talk or 0) >= 300),
    "longest": ({"longer_than": 900}, lambda call: (call.talk or 0) >= 900),
    "first": ({"is_first": True}, lambda call: call.is_first),
    "day": (
        {"start": NOW - DAY, "end": NOW - HOUR},
        lambda call: NOW - DAY <= call.started_at < NOW - HOUR,
    ),
    "client": ({"numbers": ("+380671234567",)}, lambda call: call.client == "+380671234567"),
}


def _of_status(status: Status) -> tuple[dict[str, Any], Rule]:
    return {"status": status}, lambda call: call.status is status


CHIPS |= {status.value: _of_status(status) for status in STATUSES}


@pytest.fixture
async def office(log: Log) -> Log:
    """Calls of all kinds; some are called back, some commented, some told of twice."""
    chance = random.Random(5)
    facts = []
    for number in range(260):
        start = NOW - 3 * DAY + number * 900
        direction = chance.choice([Direction.IN, Direction.IN, Direction.OUT, Direction.INTERNAL])
        status = chance.choice([Status.ANSWERED, Status.ANSWERED, Status.MISSED, *STATUSES])
        talk = chance.choice([5, 70, 400, 1000]) if status is Status.ANSWERED else 0
        phone, other = chance.sample(["101", "102", "103", "104"], 2)
        client = Party(number=chance.choice(NUMBERS))
        ends = (client, Party()) if direction is Direction.IN else (Party(number=phone), client)
        facts.append(
            said(
                direction=direction,
                status=status,
                started_at=start,
                answered_at=start + 9 if talk else None,
                ended_at=start + 9 + talk,
                caller=ends[0],
                callee=ends[1] if direction is not Direction.INTERNAL else Party(number=other),
                extension=phone if talk or direction is not Direction.IN else None,
                rang=(phone, other)[: chance.randint(0, 2)] if direction is Direction.IN else (),
                line=chance.choice(LINES),
                queue=chance.choice(QUEUES),
                recording_url="https://pbx.test/1.wav" if talk and chance.random() < 0.5 else None,
            )
        )
    chance.shuffle(facts)
    await log.add(*facts)
    await hire(log.database, 1, Role.SUPERVISOR)
    comments = CommentRepo(log.database)
    author = await EmployeeRepo(log.database).get(1)
    for call in range(1, 261, 7):
        await comments.set(call, "Передзвонити", author=author, on_top_of=0, now=NOW)
        if call % 3 == 0:
            await comments.delete(call, author=author, on_top_of=1, now=NOW)
    await log.calls.record([log.ids[call] for call in range(1, 261, 5)], now=NOW)
    await end_some(log.database, 1, "+380671234567", now=NOW)
    await log.add(said(started_at=NOW + 60, caller=Party(number=NUMBERS[0]), rang=("101",)))
    return log


@pytest.mark.parametrize("scope", SCOPES)
async def test_each_two_filters_leave_the_calls_for_which_both_are_so(
    office: Log, scope: str
) -> None:
    mine = await _shown(office, SCOPES[scope])
    meant = dict.fromkeys(CHIPS, 0)
    for one, other in itertools.combinations_with_replacement(CHIPS, 2):
        asked, also = CHIPS[one], CHIPS[other]
        if asked[0].keys() & also[0].keys() and one != other:
            continue
        log_filter = LogFilter(**asked[0] | also[0])
        expected = [call.id for call in mine if asked[1](call) and also[1](call)]
        page = await office.page(scope=SCOPES[scope], log_filter=log_filter, size=300)
        assert [key.id for key in page.keys] == expected, (one, other)
        span = (log_filter.start or 0, log_filter.end or 1 << 50)
        [has] = await office.journal.has_calls(SCOPES[scope], log_filter, [span])
        assert has == bool(expected), (one, other)
        if one == other:
            meant[one] = len(expected)
    if scope == "all":
        assert all(meant.values()), meant


async def test_pages_of_any_filters_are_counted_and_turned(office: Log) -> None:
    chance = random.Random(9)
    for _ in range(120):
        names = chance.sample(sorted(CHIPS), chance.randint(1, 3))
        asked: dict[str, Any] = {}
        for name in names:
            asked |= CHIPS[name][0]
        log_filter, scope = LogFilter(**asked), chance.choice(list(SCOPES.values()))
        whole = await office.page(scope=scope, log_filter=log_filter, size=300)
        meant = [key.id for key in whole.keys]
        page = await office.page(scope=scope, log_filter=log_filter)
        seen = [key.id for key in page.keys]
        number = 1
        while page.has_older:
            page = await office.page(Turn.OLDER, page.keys[-1], scope=scope, log_filter=log_filter)
            number += 1
            assert (page.number, page.count) == (number, -(-len(meant) // 5)), names
            seen += [key.id for key in page.keys]
        assert seen == meant, names


async def test_what_there_was_is_filtered_as_what_comes(office: Log, engine: str) -> None:
    """The migration says the same of each call as the program that records it."""
    [script] = (Path(storage.__file__).parent / "migrations" / engine).glob("0028_*.sql")
    sql = (
        "SELECT id, traits FROM calls ORDER BY id",
        "SELECT * FROM call_extensions ORDER BY 1, 3",
    )
    recorded = [[tuple(row) for row in await office.database.fetch(one)] for one in sql]
    async with office.database.transaction() as tx:
        tx.write("UPDATE calls SET traits = NULL")
        tx.write("UPDATE call_extensions SET traits = NULL, line = NULL, queue = NULL")
        for statement in script.read_text(encoding="utf-8").split(";"):
            if statement.strip().startswith("UPDATE"):
                tx.write(statement)
    migrated = [[tuple(row) for row in await office.database.fetch(one)] for one in sql]
    assert migrated == recorded


async def _shown(log: Log, scope: Scope) -> list[Call]:
    """What the person sees of the calls, newest first."""
    shown = await log.journal.list_visible(list(log.ids), scope)
    return sorted(shown.values(), key=lambda call: (call.started_at, call.id), reverse=True)
