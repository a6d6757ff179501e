"""kill -9 at any moment: nothing accepted is lost, and nothing is doubled freely."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from tests.support.crash_checks import check_alerts, check_claims, check_whole
from tests.support.crash_load import DEATHS, Death, survive
from tests.support.crashing import PATIENCE, Office, company, lost_call
from tests.support.lost_calls import is_alert
from tests.support.processes import assert_discreet
from tests.support.running import ADMIN, HOOK_TOKEN, OLENA, SUPERVISOR
from tests.support.zadarma_events import event, signature_of
from tests.support.zadarma_server import KEY, SECRET, zadarma_server


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with company(tmp_path) as office:
        yield office


@pytest.mark.long
@pytest.mark.parametrize(("mode", "deaths"), [("polling", DEATHS), ("webhook", DEATHS[1:])])
async def test_kill_9_under_load_loses_nothing(
    office: Office, mode: str, deaths: Sequence[Death]
) -> None:
    await survive(office, mode, deaths)
    check_whole(office)
    check_alerts(office)
    check_claims(office, at_least=len(DEATHS))


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


async def test_a_call_that_was_being_begun_is_not_begun_again_after_kill_9(office: Office) -> None:
    """The PBX has the request and has not answered, Telegram has the press and no answer."""
    async with zadarma_server(time.time) as server:
        server.is_held = asyncio.Event()
        zadarma = {
            "SOURCES__OFFICE__KIND": "zadarma",
            "SOURCES__OFFICE__KEY": KEY,
            "SOURCES__OFFICE__SECRET": SECRET,
            "SOURCES__OFFICE__API_URL": server.url,
        }
        olena = office.people[OLENA]
        async with office.alive(**zadarma) as bot:
            await lose_at(office)
            alert = await olena.wait_for(is_alert, PATIENCE)
            query = await olena.click(alert, "☎️")
            await server.asked_to_call.wait()
            await office.kill(bot)
        server.is_held.set()
        async with office.alive(**zadarma) as bot:
            told = await olena.wait_for(
                lambda one: "невідомо, чи почався дзвінок" in one.text, PATIENCE
            )
            assert (await query.answered(PATIENCE)).text
            again = await olena.click(alert, "☎️")
            assert "другого дзвінка не буде" in (await again.answered(PATIENCE)).text
            assert await bot.stop() == 0
        assert "удруге не набиратиме" in told.text
        asked = [path for path, _ in server.asked if "callback" in path]
        assert len(asked) == 1
        assert [row["state"] for row in office.rows("SELECT state FROM dials")] == ["unsure"]


async def lose_at(office: Office) -> None:
    """A client has called 101 in vain."""
    begun = time.time() - 60
    events = [
        event("NOTIFY_START", begun),
        event("NOTIFY_INTERNAL", begun, internal="101"),
        event("NOTIFY_END", begun, internal="101", duration="0", disposition="cancel"),
    ]
    for posted in events:
        answer = await office.http.post(
            f"{office.url}/hooks/office/{HOOK_TOKEN}",
            data=posted,
            headers={"Signature": signature_of(posted)},
        )
        assert answer.status_code == 200
