"""Ringostat from its webhooks and its call log to the message in chat."""

from pathlib import Path

from bot.sources.times import local_text
from tests.support.engines import ONLY_SQLITE
from tests.support.kyiv import KYIV
from tests.support.lost_calls import NOW, alert_of
from tests.support.ringostat_server import KEY, RingostatServer, ringostat_call
from tests.support.running import HOOK_TOKEN, running_office
from tests.support.telegram import Clock

pytestmark = ONLY_SQLITE

BEGAN = int(NOW) - 60


async def test_a_missed_call_is_told_once_by_webhook_and_log_together(tmp_path: Path) -> None:
    """The log is down when the bot starts; a call that no webhook told of is in it."""
    date = local_text(BEGAN, KYIV)
    server = RingostatServer(
        calls=[
            ringostat_call(f"{BEGAN}.1", date),
            ringostat_call(
                f"{BEGAN}.2", date, caller="380501112233", caller_number="380501112233"
            ),
        ]
    )
    server.fail(503)
    async with server.running() as url:
        source = {"kind": "ringostat", "key": KEY, "api_url": url, "token": HOOK_TOKEN}
        async with running_office(
            tmp_path, clock=Clock(NOW), sources={"office": source}
        ) as office:
            admin = await office.administrator()
            answer = await office.http.post(
                f"{office.url}/hooks/office/{HOOK_TOKEN}",
                data={
                    "call_id": f"{BEGAN}.1",
                    "caller": "380671234567",
                    "callee": "380445550101",
                    "status": "NO ANSWER",
                    "date": date,
                    "call_duration": "17",
                    "waiting": "17",
                    "dialog": "0",
                    "type": "in",
                },
            )
            assert answer.status_code == 200, answer.text
            await alert_of(admin, "+380 67 123 45 67")
            await alert_of(admin, "+380 50 111 22 33")
            await office.nothing_due()
            rows = office.rows("SELECT external_id, status FROM calls ORDER BY external_id")
            assert rows == [(f"{BEGAN}.1", "missed"), (f"{BEGAN}.2", "missed")]
