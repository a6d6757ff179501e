"""Programs of our own that are run beside the bot: for sounds, and for pictures.

Neither the loop nor Python waits for one, the time it takes is bounded, and one that crashes ends
itself alone. It is told nothing of us: no environment, no open files but those it is given.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""What of the environment says how programs are found, and begun."""


async def run_program(
    program: Path,
    *words: str,
    seconds: float,
    most: int,
    given: bytes | None = None,
    files: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """What a file of Python, run by itself, tells: at most `most` bytes; b"" if nothing.

    `given`: what it reads on its standard input. `files`: the numbers of open files it gets too.
    Raises TimeoutError after `seconds`. Whoever is cancelled meanwhile ends it.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(program), *words),
        stdin=asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        pass_fds=files,
        env={**kept, **(environment or {})},
    )
    try:
        async with asyncio.timeout(seconds):
            if running.stdin is not None:
                await _give(running.stdin, given or b"")
            told = await _read(running.stdout, most)
            await running.wait()
            return told
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()


async def _give(pipe: asyncio.StreamWriter, given: bytes) -> None:
    try:
        pipe.write(given)
        await pipe.drain()
    except (BrokenPipeError, ConnectionResetError):
        return  # it has ended, and tells nothing
    finally:
        pipe.close()


async def _read(pipe: asyncio.StreamReader | None, most: int) -> bytes:
    told = bytearray()
    while pipe is not None and len(told) < most and (chunk := await pipe.read(most - len(told))):
        told += chunk
    return bytes(told)
