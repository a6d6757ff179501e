"""UniTalk from its events and its history to the message in chat."""

from datetime import datetime
from pathlib import Path
from typing import Any

from tests.support.engines import ONLY_SQLITE
from tests.support.kyiv import KYIV
from tests.support.lost_calls import NOW, alert_of
from tests.support.running import HOOK_TOKEN, Office, running_office
from tests.support.telegram import Clock
from tests.support.unitalk_server import KEY, UnitalkServer, unitalk_call

pytestmark = ONLY_SQLITE

TEN_AGO = datetime.fromtimestamp(NOW - 600, KYIV).strftime("%Y-%m-%d %H:%M:%S")
A_MINUTE_AGO = datetime.fromtimestamp(NOW - 60, KYIV).strftime("%Y-%m-%d %H:%M:%S")


async def post(office: Office, event: str, call: dict[str, Any]) -> None:
    answer = await office.http.post(
        f"{office.url}/hooks/office/{HOOK_TOKEN}", json={"event": event, "call": call}
    )
    assert answer.status_code == 200, answer.text


async def test_a_missed_call_is_told_once_by_event_and_history_together(tmp_path: Path) -> None:
    """UniTalk is down when the bot starts; what it says after that adds no second call."""
    missed = unitalk_call(275, A_MINUTE_AGO)
    server = UnitalkServer(calls=[missed, unitalk_call(274, TEN_AGO, **{"from": "380501112233"})])
    server.fail(500, '{"status": "Error", "message": "Internal error"}')
    async with server.running() as url:
        source = {"kind": "unitalk", "key": KEY, "api_url": f"{url}/api", "token": HOOK_TOKEN}
        async with running_office(
            tmp_path, clock=Clock(NOW), sources={"office": source}
        ) as office:
            admin = await office.administrator()
            await post(office, "CALL_NEW", {**missed, "state": None, "id": 77})
            await post(office, "CALL_END", {**missed, "id": 78})
            told = await alert_of(admin, "+380 67 123 45 67")
            assert "Пропущений" in told.text
            other = await alert_of(admin, "+380 50 111 22 33")
            assert "Пропущений" in other.text
            await office.nothing_due()
            rows = office.rows("SELECT external_id, status FROM calls ORDER BY external_id")
            assert rows == [("274", "missed"), ("275", "missed")]
            assert len(server.asked) == 1 + 7  # a failure, then a week by days
            screen = await office.ask(admin, "/health")
            assert "office" in screen.text
