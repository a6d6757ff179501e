"""What a source of calls is, and what all of them share: limits and the cleaning of foreign text.

A source only reads: bytes in, statements out, no network, no storage. What it cannot read it
returns as a Reject in the place of the statement, so that nothing is dropped silently.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Protocol, runtime_checkable

from bot.domain.calls import CallFacts, Reject

Read = CallFacts | Reject
"""One thing read: a statement about a call, or why it is none."""

Advance = Callable[[int], None]
"""Told of bytes consumed since the last time, for a progress bar. Called some times a megabyte."""

ID_LIMIT = 200
NAME_LIMIT = 200
TEXT_LIMIT = 100
BODY_LIMIT = 4000
"""Characters of unreadable input that a Reject keeps."""

FIRST_YEAR, LAST_YEAR = 2000, 2099
"""A call outside these years is a broken clock or a broken line."""

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NOT_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})
_NOT_BODY = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class CallSource(Protocol):
    """A PBX or a file that calls come from, under the name it has in the settings."""

    @property
    def name(self) -> str: ...


@runtime_checkable
class HookSource(CallSource, Protocol):
    """A source whose PBX posts events to `/hooks/<name>/…`."""

    def read_hook(self, body: bytes, content_type: str) -> list[CallFacts | Reject]:
        """Everything one request says, in its order. Never raises on what was posted."""
        ...


@runtime_checkable
class FileSource(CallSource, Protocol):
    """A source whose history can be read from files."""

    def read_files(
        self, files: Iterable[BinaryIO], *, advance: Advance = ...
    ) -> Iterator[CallFacts | Reject]:
        """Everything the files say, one stream, oldest file first.

        `files` is taken lazily, one when the one before is read: whoever yields them knows to
        which file the line number of a Reject belongs, and may close it then. The order of
        statements is the file's only as far as a call's lines lie together. Raises nothing but
        what reading a file raises.
        """
        ...

    def hints(self) -> list[str]:
        """After reading: what looks wrong with the settings, in words for an administrator."""
        ...


def ignore_progress(_consumed: int) -> None:
    """For whoever shows no progress bar."""


def clean_text(text: str, limit: int) -> str | None:
    """Outsiders' text on one line, trimmed, cut at `limit`; None if nothing is left.

    Control characters, halves of surrogate pairs and those that turn the direction of writing
    become spaces: they break storage, screens or trust, and none belongs in a name or number.
    """
    if not text.isprintable():
        text = "".join(" " if _is_control(char) else char for char in text)
    text = text.strip()
    return (text if len(text) <= limit else text[:limit].rstrip()) or None


def has_control(text: str) -> bool:
    """Whether the text holds characters that `clean_text` would replace."""
    return not text.isprintable() and any(map(_is_control, text))


def rejected(place: int, errors: Iterable[str], body: str) -> Reject:
    """A Reject whose body is bounded and fit to be stored."""
    return Reject(place, tuple(errors), _NOT_BODY.sub("\ufffd", body[:BODY_LIMIT]))


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in _NOT_TEXT or char in _BIDI
