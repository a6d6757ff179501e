"""The bot as a process of its own: started, killed, asked to stop, its log read.

Most are forked from a process that has imported the program once and runs nothing: what takes
seconds of every start is spared, all that `dzvinok` then does is not. `started` runs Python anew.
"""

import asyncio
import multiprocessing
import os
import re
import resource
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from bot.__main__ import main
from bot.demo.bot_api.server import BotApiServer
from tests.support.databases import database_url
from tests.support.places import ROOT
from tests.support.running import ADMIN, HOOK_TOKEN
from tests.support.telegram import TOKEN

START_SECONDS = 60.0

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__, "bot.app", "bot.cli.import_files"])

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
        "DATABASE_URL": database_url(directory / "dzvinok.db"),
        "HTTP_PORT": "0",
        "SOURCES__OFFICE__KIND": "webhook",
        "SOURCES__OFFICE__TOKEN": HOOK_TOKEN,
        "SOURCES__PBX__KIND": "asterisk",
        "SOURCES__PBX__TIMEZONE": "UTC",
        **changes,
    }


class BotProcess:
    """A bot, and all it has written to its log."""

    def __init__(self, pid: int, wait: Callable[[], Awaitable[int]]) -> None:
        self.url = ""
        self.log = ""
        self._pid = pid
        self._wait = wait
        self._listening = asyncio.Event()

    async def read(self, stderr: asyncio.StreamReader) -> None:
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
        os.kill(self._pid, signal.SIGKILL)
        await self._wait()

    def terminate(self) -> None:
        self.signal(signal.SIGTERM)

    def signal(self, number: signal.Signals) -> None:
        os.kill(self._pid, number)

    def limit_files(self, size: int) -> None:
        """Refuse the process to write beyond this place of a file."""
        limits = (size, resource.RLIM_INFINITY)
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, limits)

    async def exit_code(self) -> int:
        async with asyncio.timeout(START_SECONDS):
            return await self._wait()

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
    assert process.stderr is not None
    bot = BotProcess(process.pid, process.wait)
    reading = asyncio.get_running_loop().create_task(bot.read(process.stderr))
    try:
        yield bot
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        await reading


@asynccontextmanager
async def forked(directory: Path, settings: dict[str, str]) -> AsyncIterator[BotProcess]:
    """`dzvinok run`, taking calls already; killed at the end if it still runs."""
    process, log = await asyncio.to_thread(_fork, directory, settings, "run")

    async def wait() -> int:
        await asyncio.to_thread(process.join)
        assert process.exitcode is not None
        return process.exitcode

    assert process.pid is not None
    bot = BotProcess(process.pid, wait)
    loop, stderr = asyncio.get_running_loop(), asyncio.StreamReader()
    pipe, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(stderr), os.fdopen(os.dup(log.fileno()), "rb")
    )
    reading = loop.create_task(bot.read(stderr))
    try:
        await bot.listens()
        yield bot
    finally:
        process.kill()
        await wait()
        await reading
        pipe.close()
        log.close()


def run_forked(directory: Path, settings: dict[str, str], *words: str) -> tuple[int, str]:
    """`dzvinok …` to its end: the exit code, and what it wrote to stderr."""
    process, log = _fork(directory, settings, *words)
    with log, open(log.fileno(), encoding="utf-8", closefd=False) as stderr:
        written = stderr.read()
    process.join()
    assert process.exitcode is not None
    return process.exitcode, written


def _fork(
    directory: Path, settings: dict[str, str], *words: str
) -> tuple[ForkServerProcess, Connection]:
    """A process in which the command begins, and where its stderr can be read."""
    log, stderr = _FORKS.Pipe(duplex=False)
    process = _FORKS.Process(target=_be_the_program, args=(directory, settings, words, stderr))
    process.start()
    stderr.close()
    return process, log


def _be_the_program(
    directory: Path, settings: dict[str, str], words: tuple[str, ...], stderr: Connection
) -> None:
    """Put this process where a shell would have put it, and run the command."""
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(settings)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number, place in enumerate((nowhere, nowhere, stderr.fileno())):
        os.dup2(place, number)
    os.close(nowhere)
    stderr.close()
    sys.argv = ["dzvinok", *words]
    main()


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
