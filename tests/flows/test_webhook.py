"""Updates by webhook: the secret, a stop in the middle, and back to polling."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from bot.app import serve
from bot.demo.bot_api.chats import Message
from bot.domain.people import Role
from tests.support.lost_calls import LOST, NOW, has_button, is_alert, lost
from tests.support.processes import free_port
from tests.support.running import ADMIN, OLENA, Office, running_office, settings_for
from tests.support.telegram import TOKEN, Clock, RunningClock

ROUNDS = 6
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


async def test_what_cannot_be_read_is_posted_once(tmp_path: Path) -> None:
    async with office_with_webhook(tmp_path) as office:
        admin = await office.administrator()
        secret = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
        person = {"id": ADMIN, "is_bot": False, "first_name": "Адмін"}
        message = {
            "message_id": 900,
            "date": 1,
            "chat": {"id": ADMIN, "type": "private"},
            "from": person,
            "text": "/help",
            "forward_origin": {"type": "galaxy"},
        }
        for body in (b"not json", b"[]", b"[" * 100_000):  # not of Telegram, secret or not
            answer = await office.http.post(f"{office.url}/telegram", content=body, headers=secret)
            assert answer.status_code == 400
        bodies = [
            b'{"update_id": 5}',
            b'{"update_id": 6, "message": {"chat": "secret"}}',
            b'{"update_id": 7, "galaxy_message": {"text": "secret"}}',
            json.dumps({"update_id": 8, "message": message}).encode(),
        ]
        for body in bodies:
            answer = await office.http.post(f"{office.url}/telegram", content=body, headers=secret)
            assert (answer.status_code, answer.text) == (200, "{}")
        assert "/log" in admin.last_reply().text
        metrics = (await office.http.get(f"{office.url}/metrics")).text
        assert 'dzvinok_unreadable_updates_total{outcome="skipped"} 3.0' in metrics
        assert 'dzvinok_unreadable_updates_total{outcome="read_in_part"} 1.0' in metrics
        health = (await office.ask(admin, "/health")).text
        assert "Оновлень, які не вдалося прочитати: 4" in health
        assert "message.forward_origin ×1" in health
        assert "secret" not in health


async def test_a_press_in_a_group_takes_no_comment_for_its_reason(tmp_path: Path) -> None:
    """The press and the text are under way together; whichever comes first, the comment is one."""
    async with office_with_webhook(tmp_path, clock=RunningClock(NOW)) as office:
        olena = await office.employee(OLENA, "Олена", Role.OPERATOR, "101")
        admin = await office.administrator()
        group = office.telegram.group(-1001234, "Зміна")
        for member in (admin, olena, office.telegram.telegram.bots[TOKEN]):
            group.add(member)
        await admin.send("/connect", group=group)
        await group.wait_for(lambda one: one.is_from_bot)
        await office.post(lost("a", NOW - 60, rang=["101"]))
        there = await group.wait_for(is_alert)
        for turn in range(ROUNDS):
            screen = await office.ask(olena, "/log")
            card = await office.press(olena, screen, "1")
            await office.press(olena, card, "✏️" if turn else "💬")
            query, sent = await asyncio.gather(
                olena.click(there, "✅"), olena.send(f"Коментар {turn}")
            )
            assert (await query.answered()).text == "Продовжимо в особистому чаті зі мною"
            await olena.wait_for(tells(f"Коментар {turn}", after=sent.id))
            await olena.wait_for(tells("Закриваємо", after=screen.id))
            await office.ask(olena, "/cancel")
        saved = office.rows("SELECT new FROM comment_changes ORDER BY version")
        assert saved == [(f"Коментар {turn}",) for turn in range(ROUNDS)]
        assert office.rows("SELECT 1 FROM cases WHERE closed_at IS NOT NULL") == []

        await office.press(
            olena, await office.press(olena, await office.ask(olena, "/log"), "1"), "✏️"
        )
        office.telegram.faults.add("answerCallbackQuery", "slow", seconds=0.3)
        last = olena.last()
        query = await olena.click(there, "✅")
        await olena.wait_for(tells("Закриваємо", after=last.id))
        await olena.send("Не наш клієнт")
        await olena.wait_for(tells("Закрито вручну", after=last.id))
        assert len(office.rows("SELECT 1 FROM comment_changes")) == ROUNDS
        assert len(office.rows("SELECT 1 FROM cases WHERE closed_at IS NOT NULL")) == 1


def tells(words: str, *, after: int = 0) -> Callable[[Message], bool]:
    return lambda message: message.is_from_bot and words in message.text and message.id > after


@asynccontextmanager
async def office_with_webhook(
    directory: Path, *, clock: Clock | None = None
) -> AsyncIterator[Office]:
    port = free_port()
    async with running_office(
        directory,
        clock=clock,
        updates="webhook",
        public_url=f"http://127.0.0.1:{port}/",
        webhook_secret=SECRET,
        http_port=port,
    ) as office:
        yield office
