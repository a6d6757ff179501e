"""The programs that make the files of exports, as the system knows them."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path


def export_programs() -> set[int]:
    """Those that this process has begun."""
    found = set()
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            with suppress(OSError):
                if b"bot.exporting" in Path(f"/proc/{child}/cmdline").read_bytes():
                    found.add(int(child))
    return found


async def halted_program() -> int:
    """Wait until an export is begun, and halt its program."""
    async with asyncio.timeout(10):
        while not (found := export_programs()):  # noqa: ASYNC110 - nobody tells of its beginning
            await asyncio.sleep(0.002)
    [program] = found
    os.kill(program, signal.SIGSTOP)
    return program
