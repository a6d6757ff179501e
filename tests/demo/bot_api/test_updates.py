"""How updates reach a bot: getUpdates with its acknowledgements and rivals, and webhooks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from tests.support.telegram import Api, Clock, bare_api, olena

RIVAL = (
    "Conflict: terminated by other getUpdates request; "
    "make sure that only one bot instance is running"
)
SECRET = "X-Telegram-Bot-Api-Secret-Token"


@pytest.fixture
def server(clock: Clock) -> BotApiServer:
    return BotApiServer(clock=clock, webhook_retry_delay=0.01)


async def updates(api: Api, **params: Any) -> list[dict[str, Any]]:
    queued: list[dict[str, Any]] = await api.result("getUpdates", params)
    return queued


def bot_is_polled(api: Api) -> bool:
    return next(iter(api.server.telegram.bots.values())).queue.is_polled


async def test_updates_stay_until_a_later_offset_acknowledges_them(api: Api, user: User) -> None:
    for text in ("one", "two", "three"):
        await user.send(text)
    first = await updates(api, limit=2)
    assert [update["message"]["text"] for update in first] == ["one", "two"]
    assert await updates(api, limit=2) == first, "what was not acknowledged comes again"
    rest = await updates(api, offset=first[-1]["update_id"] + 1)
    assert [update["message"]["text"] for update in rest] == ["three"]
    assert rest[0]["update_id"] == first[-1]["update_id"] + 1
    assert await updates(api, offset=rest[0]["update_id"] + 1) == []


async def test_negative_offset_keeps_the_newest(api: Api, user: User) -> None:
    for text in ("one", "two", "three"):
        await user.send(text)
    assert [one["message"]["text"] for one in await updates(api, offset=-2)] == ["two", "three"]
    assert len(await updates(api, offset=-9)) == 2
    assert len(await updates(api)) == 2


async def test_unread_updates_survive_a_restart_but_not_a_day(
    server: BotApiServer, clock: Clock
) -> None:
    async with bare_api(server) as api:
        await olena(server).send("one")
        assert len(await updates(api)) == 1
    async with bare_api(server) as api:
        assert len(await updates(api)) == 1
        clock.advance(24 * 3600)
        assert await updates(api) == []


async def test_a_long_poll_wakes_at_once(api: Api, user: User) -> None:
    async with asyncio.timeout(2), asyncio.TaskGroup() as group:
        poll = group.create_task(updates(api, timeout=50))
        await api.server.wait_until(lambda: bot_is_polled(api))
        await user.send("hello")
    assert poll.result()[0]["message"]["text"] == "hello"


async def test_a_second_poller_terminates_the_first(api: Api, user: User) -> None:
    async with asyncio.timeout(2), asyncio.TaskGroup() as group:
        old = group.create_task(api.refused("getUpdates", {"timeout": 50}))
        await api.server.wait_until(lambda: bot_is_polled(api))
        new = group.create_task(updates(api, timeout=50))
        await asyncio.wait([old])
        await user.send("hello")
    assert old.result() == (409, RIVAL)
    assert new.result()[0]["message"]["text"] == "hello"


async def test_a_poll_dies_with_its_client(api: Api, user: User) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await updates(api, timeout=50)
    await api.server.wait_until(lambda: not bot_is_polled(api))
    await user.send("hello")
    assert len(await updates(api)) == 1


async def test_unwanted_kinds_are_never_kept(api: Api, user: User) -> None:
    await updates(api, allowed_updates=["callback_query"])
    await user.send("lost")
    await updates(api, allowed_updates=[])
    message = await user.send("kept")
    await user.press_stale(message, "forged")
    kinds = [sorted(set(one) - {"update_id"}) for one in await updates(api)]
    assert kinds == [["message"], ["callback_query"]]


async def test_the_kinds_of_updates(api: Api) -> None:
    ivan = api.server.user(8, "Ivan", language_code="en")
    said = await ivan.start("abc")
    await ivan.edit(said, "/start")
    await ivan.send_contact("+380441234567")
    await ivan.send_photo(caption="look")
    await ivan.send_document(b"x", name="a.csv")
    await ivan.send_sticker()
    await ivan.send_voice()
    await ivan.block()
    queued = await updates(api)
    started, message, edited, contact, photo, document, sticker, voice, blocked = queued
    assert started["my_chat_member"]["old_chat_member"]["status"] == "kicked"
    assert started["my_chat_member"]["new_chat_member"]["status"] == "member"
    assert message["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert message["message"]["from"]["language_code"] == "en"
    assert edited["edited_message"]["text"] == "/start"
    assert contact["message"]["contact"]["user_id"] == 8
    assert photo["message"]["photo"][0]["width"] == 1
    assert photo["message"]["caption"] == "look"
    assert document["message"]["document"]["mime_type"] == "text/csv"
    assert sticker["message"]["sticker"]["emoji"] == "👍"
    assert voice["message"]["voice"]["duration"] == 1
    assert blocked["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    assert blocked["my_chat_member"]["new_chat_member"]["until_date"] == 0


async def test_a_press_carries_its_message(api: Api, user: User) -> None:
    markup = {"inline_keyboard": [[{"text": "go", "callback_data": "log:1"}]]}
    await api.result("sendMessage", {"chat_id": 7, "text": "x", "reply_markup": markup})
    message = user.last()
    await user.click(message, "go")
    await api.result("deleteMessage", {"chat_id": 7, "message_id": message.id})
    await user.press_stale(message, "log:1")
    live, gone = (update["callback_query"] for update in await updates(api))
    assert live["data"] == "log:1"
    assert live["message"]["reply_markup"] == markup
    assert gone["message"]["date"] == 0
    assert live["chat_instance"] == gone["chat_instance"]
    with pytest.raises(LookupError, match="was deleted"):
        await user.click(message, "go")


# Webhooks


class Receiver:
    """A bot's own HTTP server: what it got, and what it answers."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []
        self.secrets: list[str | None] = []
        self.answers: list[web.Response] = []
        self.url = ""
        self.got = asyncio.Event()

    async def handle(self, request: web.Request) -> web.Response:
        self.updates.append(await request.json())
        self.secrets.append(request.headers.get(SECRET))
        self.got.set()
        return self.answers.pop(0) if self.answers else web.Response()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield receiver
    finally:
        await runner.cleanup()


def pending(api: Api) -> int:
    return len(next(iter(api.server.telegram.bots.values())).queue)


async def test_webhook_delivers_with_the_secret_and_in_order(api: Api, user: User) -> None:
    await user.send("before")
    async with receiving() as receiver:
        params = {"url": receiver.url, "secret_token": "se-cret_1"}
        status, body = await api.call("setWebhook", params)
        assert (status, body["description"]) == (200, "Webhook was set")
        await user.send("after")
        await api.server.wait_until(lambda: pending(api) == 0)
        assert [one["message"]["text"] for one in receiver.updates] == ["before", "after"]
        assert receiver.secrets == ["se-cret_1"] * 2
        assert await api.refused("getUpdates") == (
            409,
            "Conflict: can't use getUpdates method while webhook is active; "
            "use deleteWebhook to delete the webhook first",
        )
        info = await api.result("getWebhookInfo")
        assert (info["url"], info["pending_update_count"]) == (receiver.url, 0)
        assert (await api.call("deleteWebhook"))[1]["description"] == "Webhook was deleted"
        assert (await api.result("getWebhookInfo"))["url"] == ""
        await user.send("for a poll")
        assert len(await updates(api)) == 1


async def test_webhook_is_tried_again_until_it_answers_well(api: Api, user: User) -> None:
    async with receiving() as receiver:
        receiver.answers = [web.Response(status=500), web.Response(status=302)]
        await api.result("setWebhook", {"url": receiver.url})
        await user.send("hello")
        await api.server.wait_until(lambda: pending(api) == 0)
        assert [one["update_id"] for one in receiver.updates] == [
            receiver.updates[0]["update_id"]
        ] * 3
        info = await api.result("getWebhookInfo")
        assert info["last_error_message"] == "Wrong response from the webhook: 302 Found"
        assert receiver.secrets == [None] * 3


async def test_an_absent_webhook_leaves_updates_pending(api: Api, user: User) -> None:
    async with receiving() as receiver:
        url = receiver.url
    await api.result("setWebhook", {"url": url})
    await user.send("hello")
    bot = next(iter(api.server.telegram.bots.values()))
    await api.server.wait_until(
        lambda: bot.webhook is not None and bot.webhook.last_error_message is not None
    )
    info = await api.result("getWebhookInfo")
    assert (info["pending_update_count"], info["last_error_message"]) == (1, "Connection refused")


async def test_the_answer_to_a_webhook_may_be_a_method(api: Api, user: User) -> None:
    as_json = {"method": "sendMessage", "chat_id": 7, "text": "by JSON"}
    with aiohttp.MultipartWriter("form-data") as form:
        for name, value in {"method": "sendMessage", "chat_id": "7", "text": "by form"}.items():
            form.append(value).set_content_disposition("form-data", name=name)
    async with receiving() as receiver:
        receiver.answers = [web.json_response(as_json), web.Response(body=form)]
        await api.result("setWebhook", {"url": receiver.url})
        await user.send("one")
        await user.wait_for(lambda message: message.text == "by JSON")
        await user.send("two")
        await user.wait_for(lambda message: message.text == "by form")
    assert [call.status for call in api.server.calls("sendMessage")] == [200, 200]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (
            {"url": "http://example.com/"},
            "bad webhook: An HTTPS URL must be provided for webhook",
        ),
        (
            {"url": "https://example.com:8090/"},
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
        ({"url": "https://example.com/", "secret_token": "x" * 257}, "secret token is too long"),
        (
            {"url": "https://example.com/", "secret_token": "a.b"},
            "secret token contains unallowed characters",
        ),
    ],
)
async def test_refused_webhooks(api: Api, params: dict[str, str], words: str) -> None:
    assert await api.refused("setWebhook", params) == (400, f"Bad Request: {words}")


async def test_setting_a_webhook_ends_a_poll(api: Api) -> None:
    async with asyncio.timeout(2), asyncio.TaskGroup() as group:
        poll = group.create_task(api.refused("getUpdates", {"timeout": 50}))
        await api.server.wait_until(lambda: bot_is_polled(api))
        async with receiving() as receiver:
            await api.result("setWebhook", {"url": receiver.url})
    assert poll.result() == (409, "Conflict: terminated by setWebhook request")


async def test_stopping_the_server_ends_polls(server: BotApiServer) -> None:
    async with (
        asyncio.timeout(2),
        aiohttp.ClientSession() as session,
        asyncio.TaskGroup() as group,
        bare_api(server) as api,
    ):
        url = api.url("getUpdates")
        poll = group.create_task(_is_dropped(session, url))
        await server.wait_until(lambda: bot_is_polled(api))
    assert poll.result() is True


async def _is_dropped(session: aiohttp.ClientSession, url: str) -> bool:
    try:
        async with session.post(url, data={"timeout": "50"}):
            return False
    except aiohttp.ClientError:
        return True
