"""Memory of `dzvinok run` on a long log, after people and a PBX have used it.

The yardsticks: a Python that has imported aiogram and nothing else, and a bare aiogram bot that
polls and has answered one message.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from bot.demo.bot_api.chats import Message
from bot.demo.bot_api.server import BotApiServer
from bot.domain.clock import system_clock
from tests.bench import office
from tests.bench.figures import Figure, Growth
from tests.bench.logs import Bench, say
from tests.bench.processes import command, memory, server
from tests.support.running import ADMIN, HOOK_TOKEN
from tests.support.telegram import TOKEN

LIMIT = 150e6


def measure(bench: Bench) -> tuple[list[Figure], list[Growth]]:
    path = bench.whole_log
    say("weighing the bot")
    return [asyncio.run(_measure(bench, path))], []


async def _measure(bench: Bench, path: Path) -> Figure:
    telegram = BotApiServer()
    telegram.register_bot(TOKEN)
    async with telegram.running():
        imported = await _imported(bench.directory)
        async with server("echo", bench.directory, api=telegram.url) as (_, pid):
            user = telegram.user(7, is_started=True)
            await user.send("hello")
            await user.wait_for(lambda message: message.is_from_bot)
            echo = memory(pid)
        telegram.reset()
        now, peak = await _used(bench, path, telegram)
    return Figure(
        what=f"memory of `run` at {bench.calls} calls, in use",
        figure=f"{now / 1e6:.0f} MB (peak {peak / 1e6:.0f})",
        yardstick=f"bare aiogram bot {echo / 1e6:.0f} MB; import aiogram {imported / 1e6:.0f} MB",
        ratio=f"{now / echo:.2f}",
        target="≤ 150 MB",
        is_met=now <= LIMIT,
    )


async def _used(bench: Bench, path: Path, telegram: BotApiServer) -> tuple[int, int]:
    """Bytes now and at the peak, after commands, presses and hooks."""
    async with _free_port() as port:
        pass
    settings = {
        "BOT_TOKEN": TOKEN,
        "BOT_API_URL": telegram.url,
        "ADMIN_IDS": str(ADMIN),
        "DATABASE_PATH": str(path),
        "HTTP_PORT": str(port),
        "SOURCES__OFFICE__KIND": "webhook",
        "SOURCES__OFFICE__TOKEN": HOOK_TOKEN,
    }
    hook = f"http://127.0.0.1:{port}/hooks/office/{HOOK_TOKEN}"
    async with (
        command("-m", "bot", "run", directory=bench.directory, settings=settings) as process,
        aiohttp.ClientSession() as http,
    ):
        await telegram.wait_calls("setMyCommands", timeout=60)
        admin = telegram.user(ADMIN, "Адмін", is_started=True)
        for command_text in ("/today", "/log"):
            sent = await admin.send(command_text)
            shown = await admin.wait_for(_later_than(sent))
        for label in ("▶️", "⏭", "◀️", "🔄", "⏮") * bench.scaled(20, 2):
            query = await admin.click(shown, label)
            await query.answered()
        for body in office.bodies(bench.scaled(500, 50), seed=9, now=system_clock()):
            async with http.post(hook, data=body) as answer:
                assert answer.status == 200
        return memory(process.pid), memory(process.pid, "VmHWM")


def _later_than(sent: Message) -> Callable[[Message], bool]:
    return lambda message: message.id > sent.id


async def _imported(directory: Path) -> int:
    code = "import aiogram, sys; print(); sys.stdout.flush(); sys.stdin.read()"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code),
        cwd=directory,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    await process.stdout.readline()
    found = memory(process.pid)
    process.stdin.close()
    await process.wait()
    return found


@asynccontextmanager
async def _free_port() -> AsyncIterator[int]:
    """A port nobody listens on, most likely still when this is left."""
    listening = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    async with listening:
        yield int(listening.sockets[0].getsockname()[1])
