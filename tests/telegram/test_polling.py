"""Asking for updates over real HTTP, of a Telegram that answers as the test says."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import Update
from aiohttp import web

from bot.domain.receiving import Receiving
from bot.telegram.decoding import decode
from bot.telegram.polling import Polling
from bot.telegram.stored_updates import StoredUpdates
from bot.telegram.update_queue import Done, UpdateQueue
from bot.telemetry.metrics import Metrics
from storage.engine.base import Database
from storage.waiting_updates import WaitingUpdateRepo
from tests.support.engines import ONLY_SQLITE
from tests.support.full_disks import largest_file
from tests.support.telegram import START, TOKEN

SLOW, BUSY, OTHER = 7, 8, 9


def update(number: int, person: int = OTHER) -> dict[str, Any]:
    chat = {"id": person, "type": "private"}
    sender = {"id": person, "is_bot": False, "first_name": "Olena"}
    message = {"message_id": number, "date": 1, "chat": chat, "from": sender, "text": str(number)}
    return {"update_id": number, "message": message}


@dataclass
class Queue:
    """Telegram's queue of one bot: `wrong` answers come first, then what is pending."""

    pending: list[Any] = field(default_factory=list)
    wrong: list[web.Response] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        asked = await request.post()
        offset, timeout = int(str(asked.get("offset", 0))), int(str(asked.get("timeout", 0)))
        self.offsets.append(offset)
        self.changed.set()
        if self.wrong:
            return self.wrong.pop(0)
        self.pending = [one for one in self.pending if one["update_id"] >= offset]
        if not self.pending and timeout:
            await asyncio.sleep(0.05)  # a long poll, not as long
        return web.json_response({"ok": True, "result": self.pending[:100]})

    async def until(self, is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not is_so():
                self.changed.clear()
                await self.changed.wait()


class SlowDisk(WaitingUpdateRepo):
    """It has what it was given, and does not say so."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.has_it = asyncio.Event()

    async def add(self, bodies: Mapping[int, Any]) -> None:
        await super().add(bodies)
        self.has_it.set()
        await asyncio.Event().wait()


class Desk:
    """Handles updates: those of SLOW wait until `go`, the others are written in `handled`."""

    def __init__(self, bot: Bot, kept: WaitingUpdateRepo, queue: Queue) -> None:
        self.handled: list[int] = []
        self.begun: list[int] = []
        self.go = asyncio.Event()
        self.receiving = Receiving(lambda: int(START))
        self.stored = StoredUpdates(kept)
        self.update_queue = UpdateQueue(self.handle, Metrics())
        self.bot = bot
        self.queue = queue
        self.polling = Polling(bot, self.take, self.stored, self.receiving, pauses=(0.01, 0.1))

    def take(self, raw: object) -> Done | None:
        read, lost = decode(raw, self.bot)
        if lost:
            self.receiving.unread(lost)
        return self.update_queue.take(read) if read else None

    async def handle(self, one: Update) -> None:
        self.begun.append(one.update_id)
        assert one.message is not None
        if one.message.chat.id == SLOW:
            await self.go.wait()
        elif one.message.chat.id == BUSY:
            await asyncio.sleep(0)  # somebody else's turn
        self.handled.append(one.update_id)
        self.queue.changed.set()

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        async with asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(self.polling.run(["message"])),
                tasks.create_task(self.stored.run()),
            ]
            yield
            for one in running:
                one.cancel()


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    queue = Queue()
    app = web.Application()
    app.router.add_post("/{path:.*}", queue.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    api = TelegramAPIServer.from_base(f"http://{host}:{port}")
    async with Bot(TOKEN, session=AiohttpSession(api=api)) as bot:
        made = Desk(bot, WaitingUpdateRepo(database), queue)
        yield made
        made.go.set()
        await made.update_queue.finish(5)
    await runner.cleanup()


def refusal(code: int, words: str, **parameters: int) -> web.Response:
    body = {"ok": False, "error_code": code, "description": words, "parameters": parameters}
    return web.json_response(body, status=code)


async def test_any_wrong_answer_is_waited_out(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, logger="bot.telegram.polling")
    assert not desk.receiving.is_receiving()
    conflict = "Conflict: terminated by other getUpdates request"
    page = "<html>502 Bad Gateway</html>"
    desk.queue.wrong += [
        *(refusal(409, conflict) for _ in range(3)),
        web.Response(status=502, text=page, content_type="text/html"),
        web.Response(status=200, text=page, content_type="text/html"),
        web.Response(status=200, body=b"\xff\xfe\x00{", content_type="application/json"),
        web.Response(status=200, text="[" * 100_000, content_type="application/json"),
        web.json_response({"ok": True, "result": "many"}),
        web.json_response({"ok": True, "result": [{"message": "whose?"}, update(4)]}),
        web.json_response({"ok": True}),
        web.json_response({"ok": False}),
        web.json_response([]),
        refusal(401, "Unauthorized"),
        refusal(500, "Internal Server Error"),
        refusal(429, "Too Many Requests: retry after 1", retry_after=1),
    ]
    desk.queue.pending += [update(5), update(6)]
    async with desk.working():
        await desk.queue.until(lambda: len(desk.queue.wrong) == 11)
        assert not desk.receiving.is_receiving()
        await desk.queue.until(lambda: desk.handled == [5, 6])
        await desk.queue.until(lambda: desk.queue.pending == [])
    assert desk.receiving.is_receiving()
    assert "TelegramRetryAfter" in desk.receiving.trouble
    assert desk.receiving.trouble_at == START
    said = [record.getMessage() for record in caplog.records]
    assert len([line for line in said if "409" in line or conflict in line]) == 1
    assert said[-1] == "updates come in again"
    assert TOKEN not in caplog.text


async def test_what_cannot_be_read_is_asked_for_once(desk: Desk) -> None:
    broken = {"update_id": 6, "message": {"text": "secret"}}
    desk.queue.pending += [update(5), broken, update(7)]
    async with desk.working():
        await desk.queue.until(lambda: desk.handled == [5, 7] and desk.queue.pending == [])
        desk.queue.pending += [broken | {"update_id": 8}, {"update_id": 9, "x": 1}]
        await desk.queue.until(lambda: desk.queue.pending == [])
    assert desk.receiving.unreadable == {"message": 2, "update": 1}
    assert "secret" not in json.dumps(desk.receiving.unreadable)


async def test_one_in_hand_holds_up_its_own_person_alone(desk: Desk, database: Database) -> None:
    """A kill has only those handled again that were in hand: all else seen is acknowledged."""
    desk.queue.pending += [update(5, SLOW), update(6, SLOW), update(7), update(8, BUSY)]
    kept = WaitingUpdateRepo(database)
    async with desk.working():
        await desk.queue.until(lambda: desk.handled == [7, 8])
        asked = len(desk.queue.offsets)
        desk.queue.pending.append(update(9))
        await desk.queue.until(lambda: desk.handled == [7, 8, 9])
        assert len(desk.queue.offsets) - asked < 10, "it does not ask without a pause"
        await desk.queue.until(lambda: desk.queue.pending == [])
        await desk.stored.forget_done()
        assert list(await kept.list_all()) == [5, 6]
        assert desk.begun == [5, 7, 8, 9]
        desk.go.set()
        await desk.queue.until(lambda: desk.handled == [7, 8, 9, 5, 6])
    await desk.stored.forget_done()
    assert await kept.list_all() == {}


async def test_very_many_of_one_person_leave_room_for_others(
    desk: Desk, database: Database
) -> None:
    """They are stored, and outlive a kill; each is handled in order and once."""
    flood = [update(number, SLOW) for number in range(1, 251)]
    desk.queue.pending += [*flood, update(251)]
    async with desk.working():
        await desk.queue.until(lambda: desk.handled == [251])
        await desk.queue.until(lambda: desk.queue.pending == [])
    await desk.stored.forget_done()
    kept = WaitingUpdateRepo(database)
    assert list(await kept.list_all()) == list(range(1, 251))

    later = Desk(desk.bot, kept, desk.queue)
    later.go.set()
    for number, raw in (await later.stored.list_all()).items():
        later.stored.follow(number, later.take(raw))
    async with later.working():
        await later.queue.until(lambda: len(later.handled) == 250)
    await later.stored.forget_done()
    assert later.handled == list(range(1, 251))
    assert await kept.list_all() == {}


async def test_what_an_earlier_run_left_may_be_more_than_is_asked_for(
    desk: Desk, database: Database
) -> None:
    """As much as a kill can leave behind; asking goes on when it is done."""
    left = {number: update(number) for number in range(1, 2101)}
    await WaitingUpdateRepo(database).add(left)
    for number, raw in (await desk.stored.list_all()).items():
        desk.stored.follow(number, desk.take(raw))
    desk.queue.pending.append(update(3000))
    async with desk.working():
        await desk.queue.until(lambda: 3000 in desk.handled)
    assert len(desk.handled) == 2101


async def test_a_stop_keeps_what_was_not_begun(desk: Desk, database: Database) -> None:
    """With Telegram, or, if something after it is done already, in the database."""
    desk.queue.pending += [update(5, SLOW), update(6, SLOW), update(7)]
    async with desk.working():
        await desk.queue.until(lambda: desk.handled == [7])
    ending = asyncio.ensure_future(desk.update_queue.finish(5))
    await asyncio.sleep(0)
    desk.go.set()
    await ending
    await desk.polling.end()
    assert desk.handled == [7, 5]
    assert await WaitingUpdateRepo(database).list_all() == {6: update(6, SLOW)}
    await desk.polling.end()
    assert desk.queue.offsets[-1] == 8


async def test_a_stop_while_updates_are_stored_leaves_none_that_is_done(
    desk: Desk, database: Database
) -> None:
    kept = SlowDisk(database)
    stopped = Desk(desk.bot, kept, desk.queue)
    stopped.queue.pending.append(update(5, SLOW))
    async with stopped.working():
        await kept.has_it.wait()
    assert list(await kept.list_all()) == [5]
    stopped.go.set()
    await stopped.update_queue.finish(5)
    await stopped.polling.end()
    await stopped.stored.forget_done()
    assert stopped.handled == [5]
    assert await kept.list_all() == {}
    assert stopped.queue.offsets[-1] == 6


@ONLY_SQLITE
async def test_what_cannot_be_stored_is_acknowledged_when_it_is_done(desk: Desk) -> None:
    """On a full disk; what Telegram gives again meanwhile is not handled twice."""
    unreadable = {"update_id": 8, "x": 1}
    desk.queue.pending += [update(5, SLOW), update(6, SLOW), update(7), unreadable]
    async with desk.working():
        with largest_file(0):
            await desk.queue.until(lambda: desk.handled == [7] and len(desk.queue.offsets) > 3)
            desk.queue.pending.append(update(9))
            await desk.queue.until(lambda: desk.handled == [7, 9])
            desk.go.set()
            await desk.queue.until(lambda: desk.queue.pending == [])
    assert desk.handled == [7, 9, 5, 6]
    assert desk.receiving.unreadable == {"update": 1}


@ONLY_SQLITE
async def test_a_stop_that_can_store_nothing_leaves_the_rest_with_telegram(
    desk: Desk, database: Database
) -> None:
    desk.queue.pending += [update(5), update(6, SLOW), update(7, SLOW), update(8)]
    with largest_file(0):
        async with desk.working():
            await desk.queue.until(lambda: desk.handled == [5, 8])
        ending = asyncio.ensure_future(desk.update_queue.finish(5))
        await asyncio.sleep(0)
        desk.go.set()
        await ending
        await desk.polling.end()
    assert desk.handled == [5, 8, 6]
    assert [one["update_id"] for one in desk.queue.pending] == [7, 8]
    assert await WaitingUpdateRepo(database).list_all() == {}
