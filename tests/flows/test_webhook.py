"""Updates by webhook: the secret, a stop in the middle, and back to polling."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app import serve
from tests.support.lost_calls import LOST, has_button
from tests.support.processes import free_port
from tests.support.running import Office, running_office, settings_for
from tests.support.telegram import TOKEN

SECRET = "telegram-webhook-secret"


async def test_updates_come_by_webhook_with_the_secret(tmp_path: Path) -> None:
    async with office_with_webhook(tmp_path) as office:
        url = office.url
        [asked] = await office.telegram.wait_calls("setWebhook")
        assert asked.params["url"] == f"{url}/telegram"
        assert asked.params["secret_token"] == SECRET
        admin = await office.administrator()
        await office.post(LOST)
        screen = await office.ask(admin, "/log")
        card = await office.press(admin, screen, "1")
        assert has_button("💬")(card)
        assert office.telegram.calls("getUpdates") == []

        update = {"update_id": 1, "message": {"text": "/log"}}
        for headers in ({}, {"X-Telegram-Bot-Api-Secret-Token": "wrong"}):
            answer = await office.http.post(f"{url}/telegram", json=update, headers=headers)
            assert answer.status_code == 401
        webhook = office.telegram.telegram.bots[TOKEN].webhook
        assert webhook is not None
        assert webhook.last_error_message is None


async def test_leaving_webhook_mode_finishes_a_press_in_hand(tmp_path: Path) -> None:
    async with office_with_webhook(tmp_path) as office:
        admin = await office.administrator()
        screen = await office.ask(admin, "/log")
        await office.post(LOST)
        office.telegram.faults.add("editMessageText", "slow", seconds=0.5)
        query = await admin.click(screen, "🔄")
        await office.telegram.wait_calls("editMessageText")
        await office.stop()
        assert query.answer is not None
        await office.telegram.wait_until(
            lambda: office.telegram.telegram.bots[TOKEN].queue.pending == []
        )


async def test_polling_takes_over_from_a_webhook(tmp_path: Path) -> None:
    async with office_with_webhook(tmp_path) as office:
        admin = await office.administrator()
        await office.stop()
        sent = await admin.send("/help")
        settings = settings_for(tmp_path, office.telegram)
        async with serve(settings, clock=lambda: int(office.clock()), steady=office.clock):
            await admin.wait_for(lambda message: message.id > sent.id)
        assert office.telegram.telegram.bots[TOKEN].webhook is None


@asynccontextmanager
async def office_with_webhook(directory: Path) -> AsyncIterator[Office]:
    port = free_port()
    async with running_office(
        directory,
        updates="webhook",
        public_url=f"http://127.0.0.1:{port}/",
        webhook_secret=SECRET,
        http_port=port,
    ) as office:
        yield office
