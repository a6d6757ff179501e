"""The lines of a text file that people send, whatever encoding and line ends it has.

An eight-bit file is read as Latin-1, each byte as one character, so that what is folded or encoded
once more can be put together before it is decoded: `text_of` does that. UTF-8 is tried first, then
CP1251, which Windows still writes here. UTF-16 is told by its mark, or by the zeros of its ASCII.
"""

import codecs
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import IO

LINE_LIMIT = 1 << 16
"""Characters of a line that are read; the rest of a longer one is passed over."""

_SAMPLE = 1 << 16
_LOOKED_AT = 400
_WIDE = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class TextFile:
    """`is_wide`: its lines are text already. `sample`: its first bytes."""

    def __init__(self, file: IO[bytes]) -> None:
        file.seek(0)
        self.sample = file.read(_SAMPLE)
        self._file = file
        self._encoding = _wide_encoding(self.sample)
        self.is_wide = self._encoding is not None
        self._is_utf8 = _is_utf8(self.sample)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Each line without its end, with its number from 1."""
        start = len(codecs.BOM_UTF8) if self.sample.startswith(codecs.BOM_UTF8) else 0
        self._file.seek(start)
        reader = io.TextIOWrapper(
            self._file, encoding=self._encoding or "latin-1", errors="replace", newline=None
        )
        try:
            number = 0
            while line := reader.readline(LINE_LIMIT):
                number += 1
                rest = line
                while len(rest) >= LINE_LIMIT and not rest.endswith("\n"):
                    rest = reader.readline(LINE_LIMIT)
                yield number, line.rstrip("\n").replace("\0", "")
        finally:
            with suppress(ValueError):  # whoever read it has closed it
                reader.detach()

    def decoded(self) -> Iterator[tuple[int, str]]:
        """The same, decoded."""
        for number, line in self.lines():
            yield number, self.text_of(line)

    def text_of(self, line: str, charset: str | None = None) -> str:
        """What a piece of a line says."""
        if line.isascii() or self.is_wide:
            return line
        return self.text_of_bytes(line.encode("latin-1"), charset)

    def text_of_bytes(self, raw: bytes, charset: str | None = None) -> str:
        """`charset`: what the file says it is in; many say nothing, or the wrong thing."""
        for encoding in (charset, "utf-8" if self._is_utf8 or charset else "cp1251"):
            try:
                return raw.decode(encoding or "utf-8")
            except (UnicodeDecodeError, LookupError):
                continue
        return raw.decode("cp1251", "replace")


def _wide_encoding(sample: bytes) -> str | None:
    for mark, encoding in _WIDE.items():
        if sample.startswith(mark):
            return encoding
    odd, even = sample[1:_LOOKED_AT:2], sample[0:_LOOKED_AT:2]
    for zeros, others, encoding in ((odd, even, "utf-16-le"), (even, odd, "utf-16-be")):
        # Those are the halves of ASCII: there are some in any text, and none among the others.
        if zeros.count(0) * 20 > len(zeros) and 0 not in others:
            return encoding
    return None


def _is_utf8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)  # its end may be cut
    except UnicodeDecodeError:
        return False
    return True
