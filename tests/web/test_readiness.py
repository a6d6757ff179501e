"""Whether the bot says that it is not ready, and why: the disk, the file, updates of Telegram."""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from bot.demo.bot_api.server import BotApiServer
from tests.support.engines import BOTH_ENGINES
from tests.support.lost_calls import LOST
from tests.support.plain_http import plain_http
from tests.support.processes import BotProcess, environment, forked
from tests.support.running import ADMIN, HOOK_TOKEN, Office, running_office
from tests.support.telegram import TOKEN

PATIENCE = 20.0


async def becomes(http: httpx.AsyncClient, url: str, part: str, state: str) -> int:
    """Wait until `/readyz` says so of a part; its status."""
    async with asyncio.timeout(PATIENCE):
        while (answer := await http.get(f"{url}/readyz")).json()[part] != state:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return answer.status_code


async def posted(office: Office) -> int:
    """Whether a hook is taken: its status."""
    url = f"{office.url}/hooks/office/{HOOK_TOKEN}"
    return (await office.http.post(url, json=LOST)).status_code


async def test_a_database_that_is_gone_or_replaced_takes_no_calls(tmp_path: Path) -> None:
    """What is written to a file without a name would be lost: the PBX must post again."""
    async with running_office(tmp_path) as office:
        admin, path = await office.administrator(), office.settings.database_path
        aside = path.with_name("aside")
        assert await becomes(office.http, office.url, "database", "ok") == 200
        path.rename(aside)
        assert await posted(office) == 503
        assert await becomes(office.http, office.url, "database", "file gone") == 503
        path.write_bytes(aside.read_bytes())
        assert await posted(office) == 503
        assert await becomes(office.http, office.url, "database", "file replaced") == 503
        await admin.send("/health")  # not asked: what is due stands in a file aside
        await admin.wait_for(lambda message: "file replaced" in message.text)
        aside.replace(path)
        assert await becomes(office.http, office.url, "database", "ok") == 200
        assert await posted(office) == 200


@asynccontextmanager
async def process(directory: Path) -> AsyncIterator[tuple[BotProcess, httpx.AsyncClient]]:
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    telegram.user(ADMIN, "Адмін", is_started=True)
    async with telegram.running(), plain_http() as http, AsyncExitStack() as stack:
        settings = environment(directory, telegram)
        bot = await stack.enter_async_context(forked(directory, settings))
        assert await becomes(http, bot.url, "updates", "ok") == 200
        yield bot, http


async def test_a_disk_that_takes_no_more_is_told(tmp_path: Path) -> None:
    """As a full disk does, the limit of a file's size lets reads go on and refuses writes."""
    async with process(tmp_path) as (bot, http):
        assert await becomes(http, bot.url, "database", "ok") == 200
        bot.limit_files(0)
        assert await becomes(http, bot.url, "database", "disk I/O error") == 503
        assert (await http.get(f"{bot.url}/healthz")).status_code == 200
        bot.limit_files(resource.RLIM_INFINITY)
        assert await becomes(http, bot.url, "database", "ok") == 200


@BOTH_ENGINES
async def test_updates_that_stopped_coming_are_told(tmp_path: Path) -> None:
    """Telegram answers everything but the request for updates."""
    async with running_office(tmp_path) as office:
        admin = await office.administrator()
        fault = office.telegram.faults.add("getUpdates", "server_error", times=None)
        before = len(office.telegram.calls("getUpdates"))
        await admin.send("/help")
        await office.telegram.wait_calls("getUpdates", before + 1)
        assert await becomes(office.http, office.url, "updates", "ok") == 200
        office.clock.advance(100)
        assert await becomes(office.http, office.url, "updates", "stalled") == 503
        office.telegram.faults.remove(fault)
        assert await becomes(office.http, office.url, "updates", "ok") == 200


@BOTH_ENGINES
async def test_half_open_connections_do_not_hold_up_a_stop(tmp_path: Path) -> None:
    """Nothing sent, half a head, half a body, an idle connection; what was taken is answered."""
    hook = f"POST /hooks/office/{HOOK_TOKEN} HTTP/1.1\r\nHost: bot\r\nContent-Length: 900\r\n\r\n["
    async with process(tmp_path) as (bot, _):
        connections: list[Any] = []
        for sent in ("", "POST /hooks/off", hook, "GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n"):
            port = int(bot.url.rpartition(":")[2])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent.encode())
            connections.append((reader, writer))
        assert b"200 OK" in await connections[-1][0].readline()
        bot.terminate()
        async with asyncio.timeout(8):  # 26 s before; two of them on an idle computer
            half = await connections[2][0].read()
            assert await bot.exit_code() == 0
        assert half.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After" in half
        for _, writer in connections:
            writer.close()
