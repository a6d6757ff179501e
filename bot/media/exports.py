"""Files of the log, made by a program of its own for each export: see bot/exporting.py.

It works in the folder in which the bot does: the paths of the settings, and of libpq's, may be
relative. The file it writes to has no name on the disk: whatever ends the bot, or the program,
nothing of it stays.
"""

import asyncio
import json
import logging
import os
import pickle
import signal
import sys
import tempfile
from asyncio import StreamReader
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bot.domain.exports import ExportError, ExportFault, ExportJob, fault_of
from bot.media.written_files import WrittenPart

log = logging.getLogger(__name__)

GRACE_SECONDS = 60.0
"""When its time is over the program ends by itself; so much later it is ended."""

BEING_SENT = 100_000_000
"""Bytes: while files of more than that are being sent, none is made."""

_ROOT = Path(__file__).parent.parent.parent
_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TZ", "TZDIR", "TMPDIR", "HOME")
"""What of the environment says how programs are found, and begun; libpq looks into HOME."""

_LIBPQ = "PG"
"""What begins the names of its settings."""

_OUT_OF_TIME = {-signal.SIGALRM, -signal.SIGXCPU}

_LAST_WORDS = 4000
"""Bytes of what the program says of its end that are logged."""


@dataclass(frozen=True, slots=True)
class ExportFiles:
    """The parts of an export, as long as the block that made them; `memory`: its peak, KiB."""

    parts: list[WrittenPart]
    rows: int
    memory: int


class Exporter:
    """Makes one export at a time, and none while those that are being sent are large."""

    def __init__(self, *, being_sent: int = BEING_SENT) -> None:
        self._turn = asyncio.Lock()
        self._may_be_sent = being_sent
        self._being_sent = 0
        self._sent = asyncio.Event()

    @asynccontextmanager
    async def files(
        self, job: ExportJob, progress: Callable[[int, int], None]
    ) -> AsyncIterator[ExportFiles]:
        """The files of the calls; of none, none.

        `progress` is told of how many of how many calls are written. Raises ExportError.
        """
        async with AsyncExitStack() as stack:
            async with self._turn:
                await self._have_room()
                file = stack.enter_context(_open_file())
                told = await _run(job, file, progress)
                parts = [WrittenPart(file, start, size) for start, size in told["parts"]]
                size = sum(size for _, size in told["parts"])
                self._being_sent += size
                stack.callback(self._end_sending, size)
            yield ExportFiles(parts if told["rows"] else [], told["rows"], told["memory"])

    async def _have_room(self) -> None:
        """Wait until what is being sent leaves the disk enough for another."""
        while self._being_sent > self._may_be_sent:
            self._sent.clear()
            await self._sent.wait()

    def _end_sending(self, size: int) -> None:
        self._being_sent -= size
        self._sent.set()


def _open_file() -> IO[bytes]:
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise _failed(fault_of(error), f"no file can be made: {error}") from error


def _failed(fault: ExportFault, why: str) -> ExportError:
    """And why, which nobody is told in chat, in the log."""
    log.warning("an export has failed, %s: %s", fault, why)
    return ExportError(fault)


async def _run(
    job: ExportJob, file: IO[bytes], progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """The last that the program tells. Raises ExportError."""
    try:
        program = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "bot.exporting", str(file.fileno())),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            pass_fds=(file.fileno(),),
            env=_environment(),
        )
    except OSError as error:
        raise _failed(fault_of(error), f"its program cannot be begun: {error}") from error
    told: dict[str, Any] = {}
    said = ""
    try:
        assert program.stdin is not None  # noqa: S101 - pipes, as asked
        assert program.stdout is not None  # noqa: S101
        assert program.stderr is not None  # noqa: S101
        async with asyncio.timeout(job.seconds + GRACE_SECONDS):
            program.stdin.write(pickle.dumps(job))
            program.stdin.close()
            told, said = await asyncio.gather(
                _hear(program.stdout, progress), _last_words(program.stderr)
            )
            await program.wait()
    except TimeoutError:
        raise _failed(ExportFault.SLOW, "it does not end") from None
    except (OSError, ValueError) as error:
        raise _failed(ExportFault.CRASHED, f"{type(error).__name__}: {error}") from error
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()
    if fault := _fault(told, program.returncode):
        raise _failed(fault, f"its program ended with {program.returncode}\n{said}".rstrip())
    return told


async def _hear(stdout: StreamReader, progress: Callable[[int, int], None]) -> dict[str, Any]:
    """The last that the program tells; nothing if it tells nothing."""
    told: dict[str, Any] = {}
    total = 0
    async for line in stdout:
        told = json.loads(line)
        total = told.get("total", total)
        progress(told.get("rows", 0), total)
    return told


async def _last_words(stderr: StreamReader) -> str:
    """The last lines, whole ones: of half a password nobody would know that it is one."""
    last, is_cut = b"", False
    while chunk := await stderr.read(_LAST_WORDS):
        is_cut |= len(last) + len(chunk) > _LAST_WORDS
        last = (last + chunk)[-_LAST_WORDS:]
    if is_cut:
        last = last.partition(b"\n")[2]
    return last.decode(errors="replace")


def _fault(told: dict[str, Any], code: int | None) -> ExportFault | None:
    if "failed" in told:
        return ExportFault(told["failed"])
    if code in _OUT_OF_TIME:
        return ExportFault.SLOW
    return None if code == 0 and told.get("parts") else ExportFault.CRASHED


def _environment() -> dict[str, str]:
    """And where the program is: with -P that is nowhere in the folder it is run in."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith(_LIBPQ)
    }
    places = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(places)}
