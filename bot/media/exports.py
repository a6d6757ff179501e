"""Files of the log, made by a program of its own for each export: see bot/exporting.py.

It works in the folder in which the bot does: the paths of the settings, and of libpq's, may be
relative. The file it writes to has no name on the disk: whatever ends the bot, or the program,
nothing of it stays.
"""

import asyncio
import json
import os
import pickle
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from bot.domain.exports import ExportError, ExportFault, ExportJob
from bot.media.written_files import WrittenPart

SECONDS = 1860.0
"""How long one may take; by itself the program ends a minute earlier."""

_ROOT = Path(__file__).parent.parent.parent
_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TZ", "TZDIR", "TMPDIR", "HOME")
"""What of the environment says how programs are found, and begun; libpq looks into HOME."""

_LIBPQ = "PG"
"""What begins the names of its settings."""


@dataclass(frozen=True, slots=True)
class ExportFiles:
    """The parts of an export, as long as the block that made them; `memory`: its peak, KiB."""

    parts: list[WrittenPart]
    rows: int
    memory: int


class Exporter:
    def __init__(self) -> None:
        self._turn = asyncio.Semaphore()

    @asynccontextmanager
    async def files(
        self, job: ExportJob, progress: Callable[[int, int], None]
    ) -> AsyncIterator[ExportFiles]:
        """The files of the calls; of none, none. One export at a time is made.

        `progress` is told of how many of how many calls are written. Raises ExportError.
        """
        with tempfile.TemporaryFile() as file:
            async with self._turn:
                told = await _run(job, file, progress)
            if "failed" in told:
                raise ExportError(ExportFault(told["failed"]))
            parts = [WrittenPart(file, start, size) for start, size in told.get("parts", ())]
            if not parts:
                raise ExportError(ExportFault.CRASHED)
            yield ExportFiles(parts if told["rows"] else [], told["rows"], told["memory"])


async def _run(
    job: ExportJob, file: IO[bytes], progress: Callable[[int, int], None]
) -> dict[str, Any]:
    """The last that the program tells; nothing if it has crashed."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "bot.exporting", str(file.fileno())),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        pass_fds=(file.fileno(),),
        env=_environment(),
    )
    told: dict[str, Any] = {}
    total = 0
    try:
        assert program.stdin is not None  # noqa: S101 - pipes, as asked
        assert program.stdout is not None  # noqa: S101
        async with asyncio.timeout(SECONDS):
            program.stdin.write(pickle.dumps(job))
            program.stdin.close()
            async for line in program.stdout:
                told = json.loads(line)
                total = told.get("total", total)
                progress(told.get("rows", 0), total)
            await program.wait()
        return told if program.returncode == 0 else {}
    except TimeoutError:
        raise ExportError(ExportFault.SLOW) from None
    except (OSError, ValueError):
        raise ExportError(ExportFault.CRASHED) from None
    finally:
        if program.returncode is None:
            program.kill()
            await program.wait()


def _environment() -> dict[str, str]:
    """And where the program is: with -P that is nowhere in the folder it is run in."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in _KEPT or name.startswith(_LIBPQ)
    }
    places = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(places)}
