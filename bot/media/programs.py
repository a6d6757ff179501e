"""Programs of our own that are run beside the bot: for sounds, and for pictures.

Neither the loop nor Python waits for one, what it takes is bounded (limits.py), and one that
crashes ends itself alone. It is told nothing of us: no environment, no open files but those it is
given.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bot.media.limits import Limits

_KEPT = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""What of the environment says how programs are found, and begun."""

_LIMITED = Path(__file__).with_name("limits.py")
_LATER = 30.0
"""Seconds after its own limit at which a program that has not heeded it is ended from here."""


async def run_program(
    program: Path,
    *words: str,
    limits: Limits,
    most: int,
    given: bytes | None = None,
    files: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
) -> bytes:
    """What a file of Python, run by itself, tells: at most `most` bytes; b"" if nothing.

    `given`: what it reads on its standard input. `files`: the numbers of open files it gets too.
    Raises TimeoutError if it takes longer than it may. Whoever is cancelled meanwhile ends it.
    """
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(_LIMITED), json.dumps(asdict(limits)), str(program), *words),
        stdin=asyncio.subprocess.DEVNULL if given is None else asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        pass_fds=files,
        env={**kept, **(environment or {})},
    )
    try:
        async with asyncio.timeout(limits.seconds + _LATER):
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
