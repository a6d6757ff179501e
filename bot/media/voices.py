"""Voice messages of recordings, made by a program of its own for each: see opus.py.

Neither the loop nor Python waits for it, what it takes is bounded, and a decoder that crashes, or
is made to, ends that program alone. It is told nothing of us: no environment, no open files but
the recording and what it writes to, which has no name on the disk either.
"""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bot.domain.errors import RecordingBrokenError, RecordingTooLargeError
from bot.media.limits import Limits
from bot.media.programs import run_program
from bot.media.written_files import WrittenPart

AT_ONCE = 2
"""Recordings that are converted at the same time; the others wait."""

LIMITS = Limits(seconds=600, written=200_000_000, memory=768 * 2**20)
"""Of one; what is written are all its parts."""

_PROGRAM = Path(__file__).with_name("opus.py")
_TOLD_BYTES = 65536


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice message, Opus in OGG, of so many seconds; one of several if the sound is long."""

    seconds: int
    file: WrittenPart

    def read(self) -> AsyncIterator[bytes]:
        """All of it from its beginning, as often as wanted."""
        return self.file.read()


class Converter:
    def __init__(self) -> None:
        self._turns = asyncio.Semaphore(AT_ONCE)

    @asynccontextmanager
    async def voices(self, sound: IO[bytes], kind: str) -> AsyncIterator[list[Voice]]:
        """The sound as voice messages in their order, until the end of the block; at least one.

        `kind`: as kinds.py says. Raises RecordingTooLargeError for what is too long, and
        RecordingBrokenError for all that cannot be played.
        """
        with tempfile.TemporaryFile() as file:
            async with self._turns:
                told = await _run(sound.fileno(), file.fileno(), kind)
            voices, start = [], 0
            for size, milliseconds in _parts(told):
                seconds = max(1, round(milliseconds / 1000))
                voices.append(Voice(seconds, WrittenPart(file, start, size)))
                start += size
            yield voices


async def _run(sound: int, file: int, kind: str) -> bytes:
    """What the program tells; b"" if it tells nothing."""
    try:
        return await run_program(
            _PROGRAM,
            *(str(sound), str(file), kind),
            limits=LIMITS,
            most=_TOLD_BYTES,
            files=(sound, file),
        )
    except TimeoutError:
        raise RecordingBrokenError("it takes too long to convert") from None


def _parts(told: bytes) -> list[tuple[int, int]]:
    """The bytes and milliseconds of each part. Raises RecordingError if there are none."""
    try:
        answer = json.loads(told)
        parts = [(int(size), int(milliseconds)) for size, milliseconds in answer.get("parts", ())]
    except (ValueError, TypeError, AttributeError):
        raise RecordingBrokenError("what converts it has crashed") from None
    if answer.get("failed") == "too long":
        raise RecordingTooLargeError("too long")
    if not parts:
        raise RecordingBrokenError(f"cannot be converted: {answer.get('failed')}")
    return parts
