"""Probes: what a monitor is told of the bot, and how rarely that asks Telegram."""

from pathlib import Path

from tests.support.lost_calls import LOST, NUMBER, is_alert
from tests.support.processes import assert_discreet
from tests.support.running import running_office


async def test_probes_of_a_healthy_bot(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        await office.post(LOST)
        await office.post(LOST)
        await admin.wait_for(is_alert)
        alive = await office.http.get(f"{office.url}/healthz")
        ready = await office.http.get(f"{office.url}/readyz")
        assert (alive.status_code, alive.text) == (200, "ok")
        assert (ready.status_code, ready.json()) == (
            200,
            {
                "database": "ok",
                "telegram": "ok",
                "updates": "ok",
            },
        )
        text = (await office.http.get(f"{office.url}/metrics")).text
        assert 'dzvinok_call_statements_total{outcome="accepted",source="office"} 1.0' in text
        assert 'dzvinok_call_statements_total{outcome="unchanged",source="office"} 1.0' in text
        assert "dzvinok_outbox_pending" in text
        assert "dzvinok_update_seconds_count" in text
        assert_discreet(text, numbers=[NUMBER])


async def test_a_probe_asks_telegram_once_in_a_while(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        await office.administrator()
        asked = len(office.telegram.calls("getMe"))
        for _ in range(5):
            assert (await office.http.get(f"{office.url}/readyz")).status_code == 200
        assert len(office.telegram.calls("getMe")) <= asked + 1
