"""kill -9 at any moment: nothing accepted is lost, and nothing is doubled freely."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.crash_checks import check_alerts, check_claims, check_whole
from tests.support.crash_load import DEATHS, survive
from tests.support.crashing import PATIENCE, Office, company, lost_call
from tests.support.processes import assert_discreet
from tests.support.running import ADMIN, OLENA, SUPERVISOR


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with company(tmp_path) as office:
        yield office


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_kill_9_under_load_loses_nothing(office: Office, mode: str) -> None:
    await survive(office, mode, DEATHS)
    check_whole(office)
    check_alerts(office)
    check_claims(office)


async def test_a_lost_call_is_told_once_through_429_and_kill_9(office: Office) -> None:
    office.telegram.faults.add("sendMessage", "flood", chat_id=OLENA, retry_after=5)
    call = lost_call("a1", office.number(), ["101", "103"])
    async with office.alive(LOG_LEVEL="DEBUG", LOG_FORMAT="json") as bot:
        await office.tell(call)
        await office.telegram.wait_calls("sendMessage", 1, PATIENCE, chat_id=OLENA)
        async with asyncio.timeout(PATIENCE):
            while len(office.rows("SELECT 1 FROM outbox WHERE state = 'sent'")) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        [refused] = office.telegram.calls("sendMessage", chat_id=OLENA)
        assert refused.status == 429
        await office.kill(bot)
    async with office.alive(LOG_LEVEL="DEBUG", LOG_FORMAT="json") as bot:
        await office.telegram.wait_until(office.is_settled, PATIENCE)
        await office.post([call])
        assert await bot.stop() == 0
    assert office.owed.keys() == {ADMIN, SUPERVISOR, OLENA}
    for person in office.people:
        told_of = [alert.number for alert in office.alerts(person)]
        assert told_of == sorted(office.owed.get(person, set()))
    for log in office.logs:
        assert_discreet(log, numbers=office.numbers)
        assert all(json.loads(line)["level"] != "ERROR" for line in log.splitlines())
