"""The bot stopping, and Telegram failing it: nothing in hand is lost."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from bot.app import serve
from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from tests.support.databases import rows, where
from tests.support.lost_calls import LOST, NUMBER, has_button, is_alert
from tests.support.plain_http import plain_http
from tests.support.processes import assert_discreet, environment, free_port, run_forked, started
from tests.support.running import ADMIN, HOOK_TOKEN, running_office, settings_for
from tests.support.telegram import START, TOKEN, Clock

PATIENCE = 30.0


async def begin_comment(user: User, message: Message) -> None:
    """From an alert to the question what to write."""
    await user.click(message, "📄")
    card = await user.wait_for(has_button("💬"), PATIENCE)
    await user.click(card, "💬")
    await user.wait_for(has_button("✖️"), PATIENCE)


# Stopping


@pytest.mark.long
async def test_sigterm_finishes_what_is_in_hand(tmp_path: Path) -> None:
    """A comment being saved is saved, answered and acknowledged; what came later comes again."""
    telegram = BotApiServer()
    queue = telegram.register_bot(TOKEN).queue
    async with telegram.running(), plain_http() as http:
        admin = telegram.user(ADMIN, "Адмін", is_started=True)
        settings = environment(tmp_path, telegram, LOG_FORMAT="json", LOG_LEVEL="DEBUG")
        async with started(tmp_path, settings) as bot:
            await bot.listens()
            hook = f"{bot.url}/hooks/office/{HOOK_TOKEN}"
            lost = LOST | {"started_at": int(time.time()) - 60, "ended_at": int(time.time()) - 40}
            lost |= {name: _told(lost[name]) for name in ("started_at", "ended_at")}
            answer = await http.post(hook, json=[lost, {"id": "b", "caller": {"number": NUMBER}}])
            assert answer.json()["accepted"] == 1
            await http.post(hook.replace(HOOK_TOKEN, "wrong-token"), json=lost)
            alert = await admin.wait_for(is_alert, PATIENCE)
            await begin_comment(admin, alert)

            if not settings["DATABASE_URL"]:  # on a server a second one follows
                second = await asyncio.to_thread(
                    run_forked, tmp_path, environment(tmp_path, telegram), "run"
                )
                told = f"another Dzvinok is running on {settings['DATABASE_PATH']}"
                assert second == (1, f"dzvinok: DATABASE_PATH: {told}\n")

            owed = "SELECT 1 FROM outbox WHERE state = 'pending'"  # of what could not be read
            await until(lambda: not rows(where(tmp_path / "dzvinok.db"), owed))
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
        assert rows(where(tmp_path / "dzvinok.db"), "SELECT text FROM comments") == [
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
        assert rows(office.settings.database, "SELECT new FROM comment_changes") == [
            ("після шостої",)
        ]


async def test_a_press_too_many_for_telegram_says_when_its_screen_comes(tmp_path: Path) -> None:
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        screen = await office.ask(admin, "/log")
        office.telegram.faults.add("editMessageText", "flood", retry_after=3)
        await office.post(LOST)
        answer = await (await admin.click(screen, "🔄")).answered()
        assert answer.text == "Telegram просить пригальмувати. Відповідь буде тут через 3 секунди."
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
        plain_http() as http,
        serve(settings_for(tmp_path, telegram), clock=lambda: int(clock()), steady=clock) as url,
    ):
        answer = await http.post(f"{url}/hooks/office/{HOOK_TOKEN}", json=LOST)
        assert answer.status_code == 200
        answer = await readiness(http, url)
        assert answer.status_code == 503
        assert answer.json() == {
            "database": "ok",
            "telegram": "TelegramNetworkError",
            "updates": "stalled",
            "role": "leader",
        }
        assert (await http.get(f"{url}/healthz")).status_code == 200
        async with telegram.running(port):
            alert = await admin.wait_for(is_alert, PATIENCE)
            assert "+380 67 123 45 67" in alert.text
            clock.advance(10)
            async with asyncio.timeout(PATIENCE):  # it has still to ask for updates
                while (await http.get(f"{url}/readyz")).status_code != 200:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
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
        plain_http() as http,
        AsyncExitStack() as end,
        serve(settings_for(tmp_path, telegram), clock=lambda: int(clock()), steady=clock) as url,
    ):
        async with gateway(port) as asked:
            answer = await http.post(f"{url}/hooks/office/{HOOK_TOKEN}", json=LOST)
            assert answer.status_code == 200
            answer = await readiness(http, url)
            assert answer.status_code == 503
            assert answer.json() == {
                "database": "ok",
                "telegram": "ClientDecodeError",
                "updates": "stalled",
                "role": "leader",
            }
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


async def readiness(http: httpx.AsyncClient, url: str) -> httpx.Response:
    """What /readyz says once the bot leads: hooks are served before that."""
    async with asyncio.timeout(PATIENCE):
        while True:
            answer = await http.get(f"{url}/readyz")
            if answer.json()["role"] == "leader":
                return answer
            await asyncio.sleep(0.02)


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
