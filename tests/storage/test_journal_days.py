"""The days of the log: which have calls, and the numbers of one."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.case_rules import CaseRules
from bot.domain.log import DayNumbers, LogFilter
from bot.domain.merging import LIVE_MAX_AGE
from bot.domain.people import EVERYTHING, Scope
from storage.calls import CallRepo
from tests.support.call_logs import (
    CLIENT,
    DAY,
    HOUR,
    NOW,
    NUMBER,
    ONE,
    TWENTY,
    TWO,
    WHOLE,
    Log,
    client_call,
    ids,
)
from tests.support.statements import said

# Days

KYIV = ZoneInfo("Europe/Kyiv")


def midnight(on: date) -> int:
    return int(datetime(on.year, on.month, on.day, tzinfo=KYIV).timestamp())


@pytest.mark.parametrize(
    ("on", "hours"),
    [(date(2026, 10, 25), 25), (date(2026, 3, 29), 23), (date(2026, 11, 22), 24)],
)
async def test_each_call_is_in_the_log_of_exactly_one_day(log: Log, on: date, hours: int) -> None:
    begin, end = midnight(on), midnight(on + timedelta(days=1))
    starts = [*range(begin - DAY, end + DAY, 1800), begin - 1, begin + 1, end - 1, end + 1]
    calls = [said(started_at=start, rang=("101", "102")) for start in starts]
    await log.add(*calls, now=end + DAY)
    seen = []
    for day in (on - timedelta(days=1), on, on + timedelta(days=1)):
        log_filter = LogFilter(start=midnight(day), end=midnight(day + timedelta(days=1)))
        page = await log.page(log_filter=log_filter, size=200)
        own = await log.page(log_filter=log_filter, scope=TWO, size=200)
        assert ids(own) == ids(page)
        for call in page.calls:
            assert datetime.fromtimestamp(call.started_at, UTC).astimezone(KYIV).date() == day
        numbers = await log.journal.numbers(
            EVERYTHING, start=log_filter.start or 0, end=log_filter.end
        )
        assert numbers.total == len(page.calls)
        seen += ids(page)
        if day == on:
            assert len(page.calls) == hours * 2 + 2
    assert sorted(seen) == sorted(log.ids)


@pytest.mark.parametrize("scope", [EVERYTHING, ONE, TWO, TWENTY])
async def test_the_days_that_have_calls_are_known(log: Log, scope: Scope) -> None:
    await log.add(
        said(started_at=NOW, rang=("102",), caller=Party(number=NUMBER)),
        said(started_at=NOW + 2 * DAY, rang=("101",), status=Status.ANSWERED),
        said(started_at=NOW + 4 * DAY, status=Status.RINGING, rang=("101",)),
    )
    spans = [(0, NOW), (NOW, NOW + 1), (NOW + 1, NOW + 2 * DAY), (NOW + 2 * DAY, NOW + 3 * DAY)]
    spans += [(NOW + 2 * DAY + 1, 1 << 50), (0, 1 << 50)]
    for log_filter in (WHOLE, LogFilter(lost_only=True), LogFilter(numbers=(CLIENT,))):
        has = await log.journal.has_calls(scope, log_filter, spans)
        assert has == [
            bool(log.expected(scope, replace(log_filter, start=start, end=end)))
            for start, end in spans
        ]
    assert await log.journal.has_calls(Scope(()), WHOLE, spans) == [False] * len(spans)


def redial(start: int, **values: Any) -> CallFacts:
    chosen = {"status": Status.ANSWERED, "callee": Party(number="+38 (067) 123-45-67")} | values
    caller = Party(number="102")
    return said(started_at=NOW + start, direction=Direction.OUT, caller=caller, **chosen)


async def numbers_of(log: Log, scope: Scope = EVERYTHING) -> DayNumbers:
    return await log.journal.numbers(scope, start=NOW, end=NOW + DAY)


async def test_the_numbers_of_a_day_are_of_its_calls_only(log: Log) -> None:
    await log.add(
        client_call(0),
        said(started_at=NOW + DAY - 1),
        client_call(5, status=Status.ANSWERED),
        redial(6, status=Status.NO_ANSWER),
        said(started_at=NOW + 7, direction=Direction.INTERNAL),
        client_call(8, status=Status.RINGING),
        client_call(-1),
        client_call(DAY),
    )
    counted = await numbers_of(log)
    assert (counted.total, counted.incoming, counted.outgoing, counted.lost) == (5, 3, 1, 2)
    own = await numbers_of(log, ONE)
    assert (own.total, own.incoming, own.outgoing, own.lost) == (2, 2, 0, 1)
    today = await log.journal.numbers(EVERYTHING, start=NOW, end=None)
    assert (today.total, today.incoming, today.lost) == (7, 5, 3)
    nobody = await numbers_of(log, Scope(()))
    assert nobody == DayNumbers(total=0, incoming=0, outgoing=0, lost=0, unreturned=0)


RETURNED = [
    pytest.param([redial(60)], id="called back"),
    pytest.param(
        [redial(60, status=Status.NETWORK_ERROR, talk=9)], id="called back, network error"
    ),
    pytest.param([client_call(60, status=Status.ANSWERED)], id="got through"),
    pytest.param([client_call(60, extension="101", talk=9)], id="got through, an odd status"),
    pytest.param([redial(60, status=Status.NO_ANSWER), redial(90)], id="at the second attempt"),
    pytest.param([redial(168 * HOUR)], id="at the last moment"),
]
NOT_RETURNED = [
    pytest.param([], id="nothing"),
    pytest.param([redial(60, status=Status.NO_ANSWER)], id="failed attempt"),
    pytest.param([redial(-60)], id="called before"),
    pytest.param([redial(168 * HOUR + 1)], id="too late"),
    pytest.param([redial(60, callee=Party(number="0501112233"))], id="another number"),
    pytest.param([client_call(DAY)], id="missed again, on another day"),
    pytest.param([redial(60, status=Status.RINGING)], id="being called"),
    pytest.param([redial(60, status=Status.NETWORK_ERROR, talk=0)], id="a network error"),
    pytest.param(
        [said(started_at=NOW + 60, direction=Direction.INTERNAL, status=Status.ANSWERED)],
        id="internal",
    ),
]


@pytest.mark.parametrize("later", RETURNED)
async def test_a_lost_call_is_returned_by_a_talk_with_the_client(
    log: Log, later: list[CallFacts]
) -> None:
    await log.add(*later, client_call(0), now=NOW + 168 * HOUR)
    for scope in (EVERYTHING, ONE):
        counted = await numbers_of(log, scope)
        assert (counted.lost, counted.unreturned) == (1, 0)


@pytest.mark.parametrize("later", NOT_RETURNED)
async def test_nothing_else_returns_a_lost_call(log: Log, later: list[CallFacts]) -> None:
    await log.add(client_call(0), *later, now=max([NOW, *(one.started_at for one in later)]))
    await log.calls.settle(now=NOW + LIVE_MAX_AGE + DAY)  # an end that never came is no answer
    for scope in (EVERYTHING, ONE):
        counted = await numbers_of(log, scope)
        assert (counted.lost, counted.unreturned) == (1, 1)


async def test_a_call_whose_end_never_came_is_one_more_lost_call(log: Log) -> None:
    await log.add(client_call(0), client_call(60, status=Status.RINGING))
    await log.calls.settle(now=NOW + LIVE_MAX_AGE + DAY)
    counted = await numbers_of(log)
    assert (counted.lost, counted.unreturned) == (2, 1)  # two calls of one client


async def test_a_call_the_pbx_itself_calls_returned_is_returned(log: Log) -> None:
    await log.add(client_call(0, status=Status.MISSED_CALLED_BACK))
    counted = await numbers_of(log)
    assert (counted.lost, counted.unreturned) == (1, 0)


async def test_hidden_numbers_are_never_returned(log: Log) -> None:
    hidden = said(started_at=NOW, caller=Party(number="anonymous"))
    await log.add(hidden, replace(hidden, started_at=NOW + 60, status=Status.ANSWERED))
    assert (await numbers_of(log)).unreturned == 1


async def test_too_short_a_call_need_not_be_returned(log: Log) -> None:
    rules = CaseRules(window=HOUR, min_missed_seconds=10)
    log.calls = CallRepo(log.database, rules=rules)
    await log.add(
        *(client_call(n * 20, ended_at=NOW + n * 20 + 9 + n) for n in range(2)),
        redial(HOUR + 21),
    )
    counted = await numbers_of(log)
    assert (counted.lost, counted.unreturned) == (2, 1)


async def test_a_client_lost_three_times_is_one_client_not_called_back(log: Log) -> None:
    await log.add(
        *(client_call(n * 60) for n in range(3)), said(started_at=NOW + 7, rang=("101",))
    )
    counted = await numbers_of(log)
    assert counted.lost == 4
    assert counted.unreturned == 2
