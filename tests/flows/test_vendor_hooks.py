"""What vendors post becomes messages in chat, and they are answered as they want."""

from pathlib import Path
from typing import Any

from bot.domain.people import Role
from tests.support.databases import rows
from tests.support.engines import ONLY_SQLITE
from tests.support.freeswitch_legs import START, leg, rung
from tests.support.lost_calls import NOW, is_alert
from tests.support.posted import posted_by
from tests.support.running import HOOK_TOKEN, OLENA, Office, running_office
from tests.support.telegram import RunningClock

pytestmark = ONLY_SQLITE

OWN = """
answer = '{"status": "success"}'
ignore = ["event = ping"]
[call]
id = "id"
status = { from = "state", values = { lost = "missed" } }
started_at = { is = "arrival" }
caller_number = "from"
"""


def sources(directory: Path) -> dict[str, Any]:
    mapping = directory / "own.toml"
    mapping.write_text(OWN, encoding="utf-8")
    return {
        "planet": {"kind": "onevoiplanet", "token": HOOK_TOKEN},
        "switch": {"kind": "freeswitch", "token": HOOK_TOKEN},
        "own": {"kind": "mapping", "token": HOOK_TOKEN, "file": str(mapping)},
    }


async def post(office: Office, source: str, **request: Any) -> tuple[int, str]:
    url = f"{office.url}/hooks/{source}/{HOOK_TOKEN}"
    answer = await office.http.request("POST", url, **request)
    return answer.status_code, answer.text


async def test_a_call_of_onevoiplanet_lives_and_is_lost(tmp_path: Path) -> None:
    clock = RunningClock(NOW)
    async with running_office(tmp_path, clock=clock, sources=sources(tmp_path)) as office:
        admin = await office.administrator()
        [begun, *_] = posted_by("onevoiplanet")
        status, _ = await post(office, "planet", json=begun)
        assert status == 200
        clock.advance(17)
        over = begun | {"call": begun["call"] | {"state": "completed"}}
        status, _ = await post(office, "planet", json=over)
        assert status == 200
        alert = await admin.wait_for(is_alert)
        assert "67 123 45 67" in alert.text
        [(status, wait)] = rows(office.settings.database, "SELECT status, wait FROM calls")
        assert status == "missed"
        assert 17 <= wait < 47  # the clock runs on while the test is at work


async def test_a_vendor_is_answered_as_it_wants(tmp_path: Path) -> None:
    async with running_office(tmp_path, sources=sources(tmp_path)) as office:
        wanted = (200, '{"status": "success"}')
        call = {"id": "a", "state": "lost", "from": "0671234567"}
        assert await post(office, "own", json=call) == wanted
        assert await post(office, "own", data=call | {"id": "b"}) == wanted
        assert await post(office, "own", params=call | {"id": "c"}) == wanted
        url = f"{office.url}/hooks/own/{HOOK_TOKEN}"
        answer = await office.http.get(url, params=call | {"id": "d"})
        assert (answer.status_code, answer.text) == wanted
        assert (await office.http.get(url)).status_code == 405
        wrong = await office.http.get(url[:-1], params=call)
        assert wrong.status_code == 404
        assert await post(office, "own", json={"event": "ping"}) == wanted
        assert await post(office, "own", json={"event": "call"}) == wanted
        path = office.settings.database
        stored = rows(path, "SELECT external_id FROM calls ORDER BY external_id")
        assert [name for (name,) in stored] == ["a", "b", "c", "d"]
        assert rows(path, "SELECT source, reason FROM rejects") == [
            ("own", "id: there is nothing at id")
        ]


async def test_what_is_ignored_is_taken_and_what_cannot_be_read_is_not(tmp_path: Path) -> None:
    async with running_office(tmp_path, sources=sources(tmp_path)) as office:
        status, text = await post(office, "planet", json={"action": "ping"})
        assert (status, '"rejected": []' in text) == (200, True)
        status, _ = await post(office, "planet", json={"action": "call"})
        assert status == 422


async def test_a_call_of_freeswitch_is_told_to_whom_it_rang(tmp_path: Path) -> None:
    began = int(NOW) - START - 40
    clock = RunningClock(NOW)
    async with running_office(tmp_path, clock=clock, sources=sources(tmp_path)) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        times: dict[str, Any] = {"began": began, "ended": began + 30}
        for record in (rung("b", "101", "a", **times), leg("a", **times)):
            status, _ = await post(office, "switch", json=record)
            assert status == 200
        alert = await olena.wait_for(is_alert)
        assert "67 123 45 67" in alert.text
        stored = rows(office.settings.database, "SELECT status, wait FROM calls")
        assert stored == [("missed", 30)]
