"""The bot as a process of its own: started, killed, asked to stop, its log read."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from bot.demo.bot_api.server import BotApiServer
from tests.support.places import ROOT
from tests.support.running import ADMIN, HOOK_TOKEN
from tests.support.telegram import TOKEN

START_SECONDS = 60.0

_LISTENING = re.compile(r"listening on (http://[\d.:]+)")


def environment(directory: Path, telegram: BotApiServer, **changes: str) -> dict[str, str]:
    """The settings of tests/support/running.py as a process gets them, and nothing of our own."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "BOT_TOKEN": TOKEN,
        "BOT_API_URL": telegram.url,
        "ADMIN_IDS": str(ADMIN),
        "DATABASE_PATH": str(directory / "dzvinok.db"),
        "HTTP_PORT": "0",
        "SOURCES__OFFICE__KIND": "webhook",
        "SOURCES__OFFICE__TOKEN": HOOK_TOKEN,
        "SOURCES__PBX__KIND": "asterisk",
        "SOURCES__PBX__TIMEZONE": "UTC",
        **changes,
    }


class BotProcess:
    """`python -m bot`, and all it has written to its log."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.url = ""
        self.log = ""
        self._process = process
        self._listening = asyncio.Event()

    async def read(self) -> None:
        stderr = self._process.stderr
        assert stderr is not None
        async for line in stderr:
            self.log += line.decode()
            if found := _LISTENING.search(line.decode()):
                self.url = found[1]
                self._listening.set()
        self._listening.set()

    async def listens(self) -> None:
        async with asyncio.timeout(START_SECONDS):
            await self._listening.wait()
        assert self.url, self.log

    async def kill(self) -> None:
        """SIGKILL: not a line of ours runs any more."""
        self._process.kill()
        await self._process.wait()

    def terminate(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    async def exit_code(self) -> int:
        async with asyncio.timeout(START_SECONDS):
            return await self._process.wait()

    async def stop(self) -> int:
        self.terminate()
        return await self.exit_code()


@asynccontextmanager
async def started(directory: Path, settings: dict[str, str]) -> AsyncIterator[BotProcess]:
    """`python -m bot run`; killed at the end if it still runs."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", "run"),
        cwd=directory,
        env=settings,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    bot = BotProcess(process)
    reading = asyncio.get_running_loop().create_task(bot.read())
    try:
        yield bot
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await reading


@asynccontextmanager
async def running(directory: Path, settings: dict[str, str]) -> AsyncIterator[BotProcess]:
    """`python -m bot run`, taking calls already."""
    async with started(directory, settings) as bot:
        await bot.listens()
        yield bot


def assert_discreet(log: str, *, numbers: Iterable[str], secrets: Iterable[str] = ()) -> None:
    """The log holds no secret and no whole number; each number is given as 0XXXXXXXXX."""
    for secret in (TOKEN, TOKEN.partition(":")[2], HOOK_TOKEN, *secrets):
        assert secret not in log, f"a secret is in the log: {_around(log, secret)}"
    for number in numbers:
        assert number[1:] not in log, f"a number is in the log: {_around(log, number[1:])}"


def _around(log: str, found: str) -> str:
    place = log.index(found)
    return log[max(0, place - 300) : place + 100]


def free_port() -> int:
    """A port of this computer nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
