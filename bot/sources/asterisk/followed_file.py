"""A log that grows, followed from where it was read to: whole lines only, through its rotation.

A file is known by its first bytes, whatever it is called: renamed, copied (`copytruncate`), packed
with gzip, restored from a backup. Its inode is no help there, and a new file may get the number of
the old one.

A file that begins with other bytes than before, or is shorter than what was read of it, is another
one: then the one from before is looked for beside it, where logrotate leaves it (the same name
with something behind it), and read to its end; then what was rotated later; then the file itself.
"""

import gzip
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, cast

HEAD = 1024
"""First bytes by which a file is known: a few rows, with their times and unique ids."""

CHUNK = 1 << 18
"""Bytes read at once."""

_ROTATED = re.compile(r"[.-][\d._-]+(\.gz)?", re.ASCII)
"""What logrotate puts behind the name: `.1`, `-20261126.gz`."""

_LOOKED_AT = 50
"""Lines of which one must tell its time, where a moment is looked for."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Read up to `offset` in the file whose first `length` bytes have this `digest`."""

    offset: int = 0
    length: int = 0
    digest: str = ""

    def is_in(self, head: bytes, size: int) -> bool:
        """Whether it is of a file that begins so; where nothing was read, of any."""
        known = head[: self.length]
        return not self.offset or (
            size >= self.offset and len(known) == self.length and _digest(known) == self.digest
        )


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines. The first is the line `number` of its file, counted from 1, at `offset`.

    `head` is how the file begins; `file` tells the files apart, in the order they are read in.
    """

    data: bytes
    offset: int
    number: int
    head: bytes
    file: int

    def mark(self, offset: int) -> Mark:
        """This place of its file."""
        return _mark(self.head, offset)


class FollowedFile:
    """Reads on from a mark. The methods block, and raise OSError."""

    def __init__(self, path: Path, mark: Mark) -> None:
        self._path = path
        self._mark = mark
        self._rotated: list[Path] = []
        self._open: BinaryIO | None = None
        self._file = 0
        self._lines: int | None = None
        self._held = -1

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def more(self) -> Chunk | None:
        """The next lines; None: there are none yet. Raises FileNotFoundError: it is not there."""
        while True:
            while self._rotated:
                chunk = self._read_rotated(self._rotated[0])
                if chunk is not None:
                    return chunk
                del self._rotated[0]
                self._begin_anew()
            try:
                with self._path.open("rb") as file:
                    if self._mark.is_in(file.read(HEAD), file.seek(0, 2)):
                        return self._read(file, is_over=False)
                is_gone = False
            except FileNotFoundError:
                is_gone = True
            self._rotated = self._find_rotated()
            if not self._rotated:
                if is_gone:
                    raise FileNotFoundError
                self._begin_anew()

    def skip_to(self, moment: int, moment_of: Callable[[bytes, bytes], int | None]) -> None:
        """Pass over what stands before the lines of that moment, of a log in order of time.

        `moment_of` is given the beginning of the file and a line.
        """
        with self._path.open("rb") as file:
            head = file.read(HEAD)
            low, high = 0, file.seek(0, 2)
            while high - low > CHUNK:
                middle = (low + high) // 2
                file.seek(middle)
                file.readline()
                told = (moment_of(head, file.readline()) for _ in range(_LOOKED_AT))
                at = next((one for one in told if one is not None), None)
                if at is None or at >= moment:
                    high = middle
                else:
                    low = middle
            file.seek(low)
            if low:
                file.readline()
            self._mark = _mark(head, file.tell())

    def _find_rotated(self) -> list[Path]:
        """The file that was being read, and those rotated after it; none, if it is not there."""
        if not self._mark.offset:
            return []
        beside = [
            one
            for one in self._path.parent.iterdir()
            if one.name.startswith(self._path.name)
            and _ROTATED.fullmatch(one.name[len(self._path.name) :])
            and one.is_file()
        ]
        beside.sort(key=lambda one: one.stat().st_mtime)
        for place, path in enumerate(beside):
            with closing(_opened(path)) as file:
                try:
                    head = file.read(HEAD)
                    file.seek(self._mark.offset)
                    size = file.tell()
                except (EOFError, gzip.BadGzipFile):
                    continue
            if self._mark.is_in(head, size) and (size <= path.stat().st_size or _is_packed(path)):
                return beside[place:]
        return []

    def _read_rotated(self, path: Path) -> Chunk | None:
        if self._open is None:
            self._open = _opened(path)
        return self._read(self._open, is_over=True)

    def _begin_anew(self) -> None:
        """Go on with the next file, from its beginning."""
        self.close()
        self._mark, self._lines, self._held = Mark(), 0, -1
        self._file += 1

    def _read(self, file: BinaryIO, *, is_over: bool) -> Chunk | None:
        """The next lines of the file; `is_over`: it grows no more, so its last line is whole."""
        file.seek(0)
        head = file.read(HEAD)
        offset = self._mark.offset
        if self._lines is None:
            self._lines = _count_lines(file, offset)
        file.seek(offset)
        data = file.read(CHUNK)
        if not is_over or len(data) == CHUNK:
            data = data[: self._whole(data)]
        if not data:
            return None
        chunk = Chunk(data, offset, self._lines + 1, head, self._file)
        self._mark = chunk.mark(offset + len(data))
        self._lines += data.count(b"\n")
        return chunk

    def _whole(self, data: bytes) -> int:
        """How many of these bytes are whole lines.

        A row whose quote is left open waits for its other half, but not for longer than a look;
        lines too long for a chunk are no rows, and come in pieces.
        """
        end = data.rfind(b"\n") + 1
        if data.count(b'"', 0, end) & 1 and self._held != self._mark.offset + end:
            self._held = self._mark.offset + end
            start = end
            while not data.count(b'"', start, end) & 1:
                start = data.rfind(b"\n", 0, start - 1) + 1
            end = start
        return end or (CHUNK if len(data) == CHUNK else 0)


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if _is_packed(path) else path.open("rb")


def _is_packed(path: Path) -> bool:
    return path.suffix == ".gz"


def _count_lines(file: BinaryIO, offset: int) -> int:
    """The lines before that place."""
    file.seek(0)
    count = 0
    while offset > 0 and (data := file.read(min(offset, CHUNK))):
        offset -= len(data)
        count += data.count(b"\n")
    return count


def _mark(head: bytes, offset: int) -> Mark:
    known = head[:offset]
    return Mark(offset, len(known), _digest(known))


def _digest(data: bytes) -> str:
    return blake2b(data, digest_size=12).hexdigest()
