"""Probes: what a monitor is told of the bot, and how rarely that asks Telegram."""

from pathlib import Path

from storage.database import open_database
from storage.feeds import FeedRepo
from tests.support.engines import BOTH_ENGINES
from tests.support.lost_calls import LOST, NUMBER, is_alert
from tests.support.processes import assert_discreet
from tests.support.running import running_office


@BOTH_ENGINES
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
                "role": "leader",
            },
        )
        text = (await office.http.get(f"{office.url}/metrics")).text
        assert 'dzvinok_call_statements_total{outcome="accepted",source="office"} 1.0' in text
        assert 'dzvinok_call_statements_total{outcome="unchanged",source="office"} 1.0' in text
        assert "dzvinok_outbox_pending" in text
        assert 'dzvinok_source_last_call_seconds{source="office"} 0.0' in text
        assert 'dzvinok_source_last_call_seconds{source="pbx"}' not in text
        assert 'dzvinok_source_silent{source="pbx"} 0.0' in text
        assert "dzvinok_feed_connected{" not in text
        office.clock.advance(90)
        async with open_database(office.settings.database) as database:
            feeds = FeedRepo(database)
            await feeds.note_answer("pbx", "ami", now=int(office.clock()))
            await feeds.keep_cursor("pbx", "sql", "1", read_until=int(office.clock()) - 30)
            await feeds.note_failure("pbx", "sql", "gone", now=int(office.clock()))
        text = (await office.http.get(f"{office.url}/metrics")).text
        assert 'dzvinok_source_last_call_seconds{source="office"} 90.0' in text
        assert 'dzvinok_feed_connected{feed="ami",source="pbx"} 1.0' in text
        assert 'dzvinok_feed_connected{feed="sql",source="pbx"} 0.0' in text
        assert 'dzvinok_feed_behind_seconds{feed="sql",source="pbx"} 30.0' in text
        assert "dzvinok_update_seconds_count" in text
        assert_discreet(text, numbers=[NUMBER])


@BOTH_ENGINES
async def test_a_probe_asks_telegram_once_in_a_while(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        await office.administrator()
        asked = len(office.telegram.calls("getMe"))
        for _ in range(5):
            assert (await office.http.get(f"{office.url}/readyz")).status_code == 200
        assert len(office.telegram.calls("getMe")) <= asked + 1
