"""The bot at work as its administrator sees it: stopping, probes, hooks, webhook mode, the log."""

import asyncio
import json
import resource
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from bot.app import serve
from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from tests.support.processes import assert_discreet, environment, running, started
from tests.support.running import ADMIN, HOOK_TOKEN, Office, running_office, settings_for
from tests.support.telegram import START, TOKEN, Clock

PATIENCE = 30.0
SECRET = "telegram-webhook-secret"
NUMBER = "0671234567"

LOST: dict[str, Any] = {
    "id": "a1",
    "direction": "in",
    "status": "missed",
    "caller": {"number": NUMBER},
    "line": "0445550101",
    "rang": ["101"],
    "started_at": "2026-09-21T14:12:00Z",
    "ended_at": "2026-09-21T14:12:17Z",
}


def is_alert(message: Message) -> bool:
    return message.is_from_bot and "Пропущений дзвінок" in message.text


def has_button(label: str) -> Callable[[Message], bool]:
    return lambda message: any(one.startswith(label) for row in message.buttons for one in row)


def rows(path: Path, sql: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


async def begin_comment(user: User, message: Message) -> None:
    """From an alert to the question what to write."""
    await user.click(message, "📄")
    card = await user.wait_for(has_button("💬"), PATIENCE)
    await user.click(card, "💬")
    await user.wait_for(has_button("✖️"), PATIENCE)


# Stopping


async def test_sigterm_finishes_what_is_in_hand(tmp_path: Path) -> None:
    """A comment being saved is saved, answered and acknowledged; what came later comes again."""
    telegram = BotApiServer()
    queue = telegram.register_bot(TOKEN).queue
    async with telegram.running(), httpx.AsyncClient() as http:
        admin = telegram.user(ADMIN, "Адмін", is_started=True)
        settings = environment(tmp_path, telegram, LOG_FORMAT="json", LOG_LEVEL="DEBUG")
        async with (
            running(tmp_path, settings) as bot,
            started(tmp_path, environment(tmp_path, telegram)) as second,
        ):
            hook = f"{bot.url}/hooks/office/{HOOK_TOKEN}"
            lost = LOST | {"started_at": int(time.time()) - 60, "ended_at": int(time.time()) - 40}
            lost |= {name: _told(lost[name]) for name in ("started_at", "ended_at")}
            answer = await http.post(hook, json=[lost, {"id": "b", "caller": {"number": NUMBER}}])
            assert answer.json()["accepted"] == 1
            await http.post(hook.replace(HOOK_TOKEN, "wrong-token"), json=lost)
            alert = await admin.wait_for(is_alert, PATIENCE)
            await begin_comment(admin, alert)

            assert await second.exit_code() == 1
            path = settings["DATABASE_PATH"]
            assert second.log == (
                f"dzvinok: DATABASE_PATH: another Dzvinok is running on {path}\n"
            )

            telegram.faults.add("sendMessage", "slow", chat_id=ADMIN, seconds=1.5)
            before = len(telegram.calls("sendMessage"))
            await admin.send(f"набрати {NUMBER} після шостої")
            await telegram.wait_calls("sendMessage", before + 1, PATIENCE)
            bot.terminate()
            later = await admin.send("/help")
            assert await bot.exit_code() == 0

        saved = [
            message
            for message in admin.replies()
            if "після шостої" in message.text and not is_alert(message)
        ]
        assert [has_button("✏️")(message) for message in saved] == [True]
        assert rows(tmp_path / "dzvinok.db", "SELECT text FROM comments") == [
            (f"набрати {NUMBER} після шостої",)
        ]
        assert [update.body.get("text") for update in queue.pending] == ["/help"]
        assert not has_button("✖️")(admin.last_reply()), "the question is taken away"

        shown = len(admin.replies())
        async with serve(settings_for(tmp_path, telegram), clock=lambda: int(time.time())):
            await admin.wait_for(lambda message: message.id > later.id, PATIENCE)
        assert len(admin.replies()) == shown + 1, "only /help was left to answer"
    assert telegram.violations == []

    assert_discreet(bot.log, numbers=[NUMBER])
    entries = [json.loads(line) for line in bot.log.splitlines()]
    assert {"time", "level", "logger", "message"} <= set.intersection(*map(set, entries))
    assert [entry for entry in entries if entry["level"] in {"ERROR", "CRITICAL"}] == []


def _told(moment: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


async def test_leaving_finishes_a_press_in_hand(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        screen = await office.ask(admin, "/log")
        office.telegram.faults.add("editMessageText", "slow", seconds=0.5)
        await office.post(LOST)
        query = await admin.click(screen, "🔄")
        await office.telegram.wait_calls("editMessageText")
        await office.stop()
        assert query.answer is not None
        assert office.telegram.telegram.bots[TOKEN].queue.pending == []


async def test_a_comment_whose_answer_was_lost_can_be_sent_again(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        await office.post(LOST)
        await begin_comment(admin, await admin.wait_for(is_alert))
        office.telegram.faults.add("sendMessage", "drop", chat_id=ADMIN)
        refused = await office.ask(admin, "після шостої")
        assert "Спробуйте" in refused.text
        card = await office.ask(admin, "після шостої")
        assert "після шостої" in card.text
        assert has_button("✏️")(card)
        assert rows(office.settings.database_path, "SELECT new FROM comment_changes") == [
            ("після шостої",)
        ]


async def test_a_press_too_many_for_telegram_says_when_to_try_again(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        screen = await office.ask(admin, "/log")
        office.telegram.faults.add("editMessageText", "flood", retry_after=3)
        await office.post(LOST)
        answer = await (await admin.click(screen, "🔄")).answered()
        assert answer.text == "Telegram просить пригальмувати. Спробуйте за 3 секунди."
        assert "1. " in (await office.press(admin, screen, "🔄")).text


async def test_telegram_may_be_down_while_calls_come(tmp_path: Path) -> None:
    """Hooks are taken from the first second; what they owe is sent when Telegram is back."""
    telegram = BotApiServer(clock=Clock())
    telegram.register_bot(TOKEN)
    admin = telegram.user(ADMIN, "Адмін", is_started=True)
    port = free_port()
    telegram.url = f"http://127.0.0.1:{port}"
    clock = Clock()
    async with (
        httpx.AsyncClient() as http,
        serve(settings_for(tmp_path, telegram), clock=lambda: int(clock())) as url,
    ):
        answer = await http.post(f"{url}/hooks/office/{HOOK_TOKEN}", json=LOST)
        assert answer.status_code == 200
        answer = await http.get(f"{url}/readyz")
        assert answer.status_code == 503
        assert answer.json() == {"database": "ok", "telegram": "TelegramNetworkError"}
        assert (await http.get(f"{url}/healthz")).status_code == 200
        async with telegram.running(port):
            alert = await admin.wait_for(is_alert, PATIENCE)
            assert "+380 67 123 45 67" in alert.text
            clock.advance(10)
            answer = await http.get(f"{url}/readyz")
            assert (answer.status_code, answer.json()["telegram"]) == (200, "ok")
        clock.advance(10)
        assert (await http.get(f"{url}/readyz")).status_code == 503
    assert telegram.violations == []


async def test_a_gateway_that_answers_with_a_page_is_waited_out(tmp_path: Path) -> None:
    """At the start, while polling, and at the end."""
    telegram = BotApiServer(clock=Clock())
    telegram.register_bot(TOKEN)
    admin = telegram.user(ADMIN, "Адмін", is_started=True)
    port = free_port()
    telegram.url = f"http://127.0.0.1:{port}"
    clock = Clock()
    async with (
        httpx.AsyncClient() as http,
        AsyncExitStack() as end,
        serve(settings_for(tmp_path, telegram), clock=lambda: int(clock())) as url,
    ):
        async with gateway(port) as asked:
            answer = await http.post(f"{url}/hooks/office/{HOOK_TOKEN}", json=LOST)
            assert answer.status_code == 200
            answer = await http.get(f"{url}/readyz")
            assert answer.status_code == 503
            assert answer.json() == {"database": "ok", "telegram": "ClientDecodeError"}
            await until(lambda: asked.count("getMe") > 1)
        async with telegram.running(port):
            await admin.send("/help")
            await admin.wait_for(lambda message: "/log" in message.text, PATIENCE)
        async with gateway(port) as asked:
            await until(lambda: "getUpdates" in asked)
        async with telegram.running(port):
            sent = await admin.send("/help")
            await admin.wait_for(lambda message: message.id > sent.id, PATIENCE)
        await end.enter_async_context(gateway(port))
    assert telegram.violations == []


@asynccontextmanager
async def gateway(port: int) -> AsyncIterator[list[str]]:
    """What stands before Telegram when Telegram is away: a page for every method asked."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path.rpartition("/")[2])
        page = "<html>502 Bad Gateway</html>"
        return web.Response(status=502, text=page, content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield asked
    finally:
        await runner.cleanup()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():  # noqa: ASYNC110 - another server tells nobody
            await asyncio.sleep(0.02)


async def test_a_refused_token_stops_the_bot(tmp_path: Path) -> None:
    telegram = BotApiServer()
    async with telegram.running():
        settings = settings_for(tmp_path, telegram)
        with pytest.raises(BaseExceptionGroup) as caught:
            async with serve(settings, clock=lambda: int(START)):
                await asyncio.sleep(PATIENCE)  # cancelled as soon as Telegram has refused
    found: BaseException = caught.value
    while isinstance(found, BaseExceptionGroup):
        [found] = found.exceptions
    assert str(found) == "BOT_TOKEN: Telegram does not know this token"


# Probes


async def test_probes_of_a_healthy_bot(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        await office.post(LOST)
        await office.post(LOST)
        await admin.wait_for(is_alert)
        alive = await office.http.get(f"{office.url}/healthz")
        ready = await office.http.get(f"{office.url}/readyz")
        assert (alive.status_code, alive.text) == (200, "ok")
        assert (ready.status_code, ready.json()) == (200, {"database": "ok", "telegram": "ok"})
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


# Hooks


async def test_only_the_right_address_is_a_hook(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        for path in (
            "office/wrong-token",
            f"office/{HOOK_TOKEN}x",
            f"office/{HOOK_TOKEN[:-1]}",
            "office/%D0%B9",
            f"shop/{HOOK_TOKEN}",
            f"pbx/{HOOK_TOKEN}",  # it has no token: its hook is closed
            "pbx/None",
        ):
            answer = await office.http.post(f"{office.url}/hooks/{path}", json=LOST)
            assert answer.status_code == 404, path
        answer = await office.http.get(f"{office.url}/hooks/office/{HOOK_TOKEN}")
        assert answer.status_code == 405
        answer = await office.http.post(f"{office.url}/telegram", json={})
        assert answer.status_code == 404
        assert rows(office.settings.database_path, "SELECT * FROM calls") == []


async def test_a_body_over_a_mebibyte_is_refused(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        hook = f"{office.url}/hooks/office/{HOOK_TOKEN}"
        padding = " " * (1024 * 1024 - len(json.dumps(LOST)))
        answer = await office.http.post(hook, content=json.dumps(LOST) + padding)
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
        answer = await office.http.post(hook, content=json.dumps(LOST) + padding + " ")
        assert answer.status_code == 413


async def test_what_cannot_be_read_is_refused_and_kept(tmp_path: Path) -> None:
    bodies = [b"{broken", b"", b"\xff\xfe", b"42", b"null", b"[" * 100_000, b'[{"id": "a"}]']
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        reasons = []
        for body in bodies:
            answer = await office.http.post(
                f"{office.url}/hooks/office/{HOOK_TOKEN}", content=body
            )
            assert answer.status_code == 422
            [reject] = answer.json()["rejected"]
            assert reject["index"] == 0
            reasons.append("; ".join(reject["errors"]))
        kept = rows(office.settings.database_path, "SELECT source, reason FROM rejects")
        assert kept == [("office", reason) for reason in reasons]
        await admin.wait_for(lambda message: "«office»" in message.text)
        await office.stop()
        told = [message for message in admin.replies() if "«office»" in message.text]
        assert len(told) == 1, "an administrator is told once"


async def test_the_good_calls_of_an_array_are_taken(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        bad = LOST | {"id": "a2", "status": "nonsense"}
        answer = await office.post(LOST, bad, LOST | {"id": "a3"}, LOST)
        assert {name: answer[name] for name in ("accepted", "updated", "unchanged")} == {
            "accepted": 2,
            "updated": 0,
            "unchanged": 1,
        }
        assert [item["index"] for item in answer["rejected"]] == [1]


async def test_at_most_a_thousand_calls_at_once(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        hook = f"{office.url}/hooks/office/{HOOK_TOKEN}"
        calls = [LOST | {"id": str(number)} for number in range(1001)]
        answer = await office.http.post(hook, json=calls)
        assert answer.status_code == 422
        assert answer.json()["accepted"] == 0
        assert rows(office.settings.database_path, "SELECT count(*) FROM calls") == [(0,)]
        answer = await office.http.post(hook, json=calls[:1000])
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1000)


async def test_a_full_disk_is_503_and_the_same_post_is_taken_later(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        await office.post(LOST)
        await admin.wait_for(is_alert)
        hook = f"{office.url}/hooks/office/{HOOK_TOKEN}"
        path = office.settings.database_path
        big = [LOST | {"id": f"b{number}", "queue": "q" * 90} for number in range(1000)]
        with largest_file(path.with_name(path.name + "-wal").stat().st_size):
            answer = await office.http.post(hook, json=big)
            assert answer.status_code == 503
            assert answer.headers["Retry-After"] == "5"
            assert (await office.http.get(f"{office.url}/healthz")).status_code == 200
            assert rows(path, "SELECT count(*) FROM calls") == [(1,)]
        answer = await office.http.post(hook, json=big)
        assert (answer.status_code, answer.json()["accepted"]) == (200, 1000)
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """No file may grow beyond the size: what a full disk does, without filling one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# Webhook mode


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
        async with serve(settings, clock=lambda: int(office.clock())):
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
