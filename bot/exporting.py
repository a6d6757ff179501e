"""Writes the files of an export: a program of its own, run beside the bot for each.

    python -m bot.exporting FILE

It reads the log by a connection of its own and computes in a process of its own, so that no press
waits for it. What is to be done stands on the standard input: an ExportJob of the bot, pickled.
FILE is the number of an open file without a name; the parts are written to it one behind another.

Lines of JSON on the standard output tell of it: at the beginning {"total": calls}, now and then
{"rows": so far}, at the end {"parts": [[place, bytes], …], "rows": calls, "memory": KiB} or
{"failed": ExportFault}. No last line: it crashed, or went over one of the limits it sets itself.
Why it failed stands on the standard error, for the log.
"""

import asyncio
import json
import os
import pickle
import sys
import time
from contextlib import suppress
from pathlib import Path

from bot.domain.errors import StartError, StorageError
from bot.domain.exports import ExportError, ExportFault, ExportJob, ExportKind, Totals, fault_of
from bot.media.call_csv import TextTables
from bot.media.call_workbooks import Workbooks
from bot.media.limits import Limits, limit_ourselves
from storage.database import open_to_read
from storage.exports import ExportRepo

_TELL_SECONDS = 1.0
_ROOM = 100_000_000
"""What the file may grow by after it was found not to be too large."""


async def export(job: ExportJob, file: int) -> None:
    totals, told, bot = Totals(), time.monotonic(), os.getppid()
    with os.fdopen(file, "r+b", closefd=False) as target:
        async with open_to_read(job.where) as database:
            repo = ExportRepo(database)
            _tell(total=await repo.count(job.scope, job.log_filter))
            tables = (Workbooks if job.kind is ExportKind.XLSX else TextTables)(job, target)
            async for calls in repo.read(job.scope, job.log_filter, at_once=job.at_once):
                tables.write(calls)
                totals.add(calls)
                if time.monotonic() - told > _TELL_SECONDS:
                    told = time.monotonic()
                    _tell(rows=totals.calls)
                if os.getppid() != bot:
                    os._exit(1)
        tables.end(totals)
    _tell(parts=tables.bounds, rows=totals.calls, memory=_peak())


def _peak() -> int:
    """KiB of memory at most; 0 where the system does not tell.

    Not getrusage: to a new program it counts what the bot took that began it.
    """
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def _tell(**what: object) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201


def _fail(fault: ExportFault, error: Exception) -> None:
    cause: BaseException | None = error
    while cause:
        sys.stderr.write(f"{type(cause).__name__}: {cause}\n")
        cause = cause.__cause__
    _tell(failed=fault)


def main() -> None:
    job: ExportJob = pickle.load(sys.stdin.buffer)  # noqa: S301 - the bot itself has written it
    limit_ourselves(Limits(seconds=job.seconds, written=job.all_bytes + _ROOM))
    try:
        asyncio.run(export(job, int(sys.argv[1])))
    except ExportError as error:
        _fail(error.fault, error)
    except (StorageError, StartError) as error:
        _fail(ExportFault.AWAY, error)
    except OSError as error:
        _fail(fault_of(error), error)


if __name__ == "__main__":
    main()
