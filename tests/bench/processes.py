"""Other processes of the benchmark: starting, ending, looking at their memory."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.support.places import ROOT

_FINISH_SECONDS = 60


@asynccontextmanager
async def server(
    kind: str, directory: Path, *, api: str = "", database: str = ""
) -> AsyncIterator[tuple[str, int]]:
    """A server of servers.py; yields its address and its process id."""
    directory.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - before anything is timed
    more = ["--api", api] if api else []
    more += ["--database", database] if database else []
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.servers", kind, str(directory), *more),
        cwd=ROOT,
        stdin=PIPE,
        stdout=PIPE,
    )
    try:
        assert process.stdout
        word = (await process.stdout.readline()).decode().strip()
        if not word:
            raise RuntimeError(f"the server {kind} did not start")
        yield word, process.pid
    finally:
        assert process.stdin
        process.stdin.close()
        await _ended(process)


@asynccontextmanager
async def command(
    *arguments: str, directory: Path, settings: dict[str, str]
) -> AsyncIterator[Process]:
    """Python with these arguments, this environment and no `.env`; told to end afterwards."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *arguments),
        cwd=directory,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ.get("PATH", ""), **settings},
        stdout=DEVNULL,
        stderr=DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.terminate()
        await _ended(process)


def memory(pid: int, field: str = "VmRSS") -> int:
    """Bytes of a process's memory: VmRSS now, VmHWM at its peak; 0 when it is gone."""
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
    return 0


async def _ended(process: Process) -> None:
    try:
        await asyncio.wait_for(process.wait(), _FINISH_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
