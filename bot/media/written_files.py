"""Files that were written to be sent, without a name on the disk: read as often as wanted."""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import IO

_CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class WrittenPart:
    """Part of a file, from `start`; `size` None: all behind that."""

    _file: IO[bytes] = field(repr=False)
    start: int = 0
    size: int | None = None

    async def read(self) -> AsyncIterator[bytes]:
        """All of it from its beginning; what was written by then."""
        await asyncio.to_thread(self._file.flush)
        place, left = self.start, self.size
        while left is None or left > 0:
            length = _CHUNK if left is None else min(_CHUNK, left)
            chunk = await asyncio.to_thread(os.pread, self._file.fileno(), length, place)
            if not chunk:
                return
            yield chunk
            place += len(chunk)
            left = None if left is None else left - len(chunk)
