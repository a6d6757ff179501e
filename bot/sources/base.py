"""What a source of calls is, and what all of them share: limits and the cleaning of foreign text.

A source reads: what its PBX wrote goes in, statements about calls come out, as
`bot/domain/calls.py` defines them. It knows nothing of the database and of Telegram. What it
cannot read comes out as a Reject in the place of the statement: nothing is dropped silently.

A source is a class that does what one or more of the protocols below ask. A new PBX takes
- its settings, a class in `bot/config/sources.py`, and lines in `.env.example`;
- its package here: how the PBX writes calls, opened by where that is documented;
- a case in `bot/sources/registry.py`.

A call is one attempt of two people to talk, however many legs, channels or rows the PBX makes of
it: a source puts them together, or states each under the same `external_id` and lets them merge.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Protocol, runtime_checkable

from bot.domain.calls import CallFacts, Reject

Reading = CallFacts | Reject
"""What one piece of input was read as: a statement about a call, or why it is none."""

Advance = Callable[[int], None]
"""Told how many bytes were read since the last time, a few times a megabyte: a progress bar."""

ID_LIMIT = 200
"""Characters of the id a PBX gives a call. A longer one is refused: cut, it may be another's."""

NAME_LIMIT = 200
"""Characters of a person's name; the rest is cut off."""

TEXT_LIMIT = 100
"""Characters of any other text (numbers, queues, a PBX's own word); the rest is cut off."""

BODY_LIMIT = 4000
"""Characters of unreadable input that a Reject keeps."""

UNDECODABLE = "\ufffd"
"""Stands for bytes that are no text in the encoding of their file: a name with it is no name."""

FIRST_YEAR, LAST_YEAR = 2000, 2099
"""A call outside these years is a broken clock or a broken line."""

TOO_FAR_AHEAD = "is over two days ahead of the clock here: the clock of the sender is wrong"
"""Why a call is refused that begins over AHEAD_LIMIT after the latest moment known here."""

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_NOT_TEXT = frozenset({"Cc", "Cs", "Zl", "Zp"})
_NOT_BODY = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


class CallSource(Protocol):
    """A PBX, a file or any other system that calls come from."""

    @property
    def name(self) -> str:
        """The name it has in the settings, in small letters; `CallFacts.source` of its calls."""
        ...


@runtime_checkable
class HookSource(CallSource, Protocol):
    """A source whose PBX posts events to `/hooks/<name>/<token>`."""

    def read_hook(self, body: bytes, content_type: str) -> list[Reading]:
        """Everything one request says, in the order it says it.

        `content_type` is that header of the request, "" if it has none. The place of a Reject is
        an index in what was posted, from 0. Whatever was posted, nothing is raised.
        """
        ...


@runtime_checkable
class FileSource(CallSource, Protocol):
    """A source whose history can be read from files with `dzvinok import`."""

    def read_files(
        self, files: Iterable[BinaryIO], *, advance: Advance = ...
    ) -> Iterator[Reading]:
        """Everything the files say, as one log in pieces, the oldest file first.

        A file is taken from `files` only when the one before it is read to its end: whoever
        yields them may close that one then, and knows which file the place of a Reject is in, a
        line from 1. Statements come in the order of the lines, except that those of one call wait
        for each other where a call has several. Raises only what reading a file raises.
        """
        ...

    def hints(self) -> list[str]:
        """What looks wrong with the settings, after all was read; for an administrator."""
        ...


def ignore_progress(_read: int) -> None:
    """The Advance of whoever shows no progress bar."""


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
    """A Reject whose body is bounded and fit to be stored.

    `errors` say in English what is wrong, without the values: those may be personal.
    """
    return Reject(place, tuple(errors), _NOT_BODY.sub("\ufffd", body[:BODY_LIMIT]))


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in _NOT_TEXT or char in _BIDI
