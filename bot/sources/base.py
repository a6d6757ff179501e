"""What a source of calls is, and what all of them share: limits and the cleaning of foreign text.

A source reads: what its PBX wrote goes in, statements about calls come out, as
`bot/domain/calls.py` defines them. It knows nothing of the database and of Telegram. What it
cannot read comes out as a Reject in the place of the statement: nothing is dropped silently.

A source is a class that does what one or more of the protocols below ask: it is posted to
(HookSource), listened to or asked (FeedSource), read from files (FileSource); and what else its
PBX can do (LateSource, RecordingSource, DialSource,
PhoneSource) or wants of its hook (SignedHookSource,
AnsweringHookSource, EchoingHookSource). Whoever is asked over the network raises SourceError,
never another error. A new PBX takes
- its settings, a class in `bot/config/sources.py`, and lines in `.env.example`;
- its package here: how the PBX writes calls, opened by where that is documented;
- a case in `bot/sources/registry.py`.

A call is one attempt of two people to talk, however many legs, channels or rows the PBX makes of
it: a source puts them together, or states each under the same `external_id` and lets them merge.
"""

import re
import unicodedata
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal, Protocol, runtime_checkable

from bot.domain.calls import RECORDING_REFERENCE as RECORDING_REFERENCE
from bot.domain.calls import CallFacts, EndedCall, Reject

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
class SignedHookSource(HookSource, Protocol):
    """A hook whose PBX signs what it posts."""

    def is_genuine(self, body: bytes, content_type: str, headers: Mapping[str, str]) -> bool:
        """Whether it was signed with our secret; the names of `headers` in any letters.

        What is not genuine is not read: the request is refused, and kept as a Reject.
        """
        ...


@runtime_checkable
class AnsweringHookSource(HookSource, Protocol):
    """A hook whose PBX wants to hear something of its own, or else posts again."""

    @property
    def hook_answer(self) -> str:
        """The JSON that answers all that is durable, also what could not be read."""
        ...


@runtime_checkable
class QueryHookSource(HookSource, Protocol):
    """A hook whose PBX may put what it says into the address, after `?`."""

    @property
    def reads_queries(self) -> Literal[True]:
        """Where nothing is posted, `read_hook` is given what stands there, as a form."""
        ...


@runtime_checkable
class EchoingHookSource(HookSource, Protocol):
    """A hook whose PBX first asks, by GET, whether the address is ours."""

    def hook_echo(self, query: Mapping[str, str]) -> str | None:
        """The text that answers such a request; None: it is none."""
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


@dataclass(frozen=True, slots=True)
class Batch:
    """What a feed has read at once.

    `cursor`: where the feed goes on behind these readings; None: where it went on before. It is
    kept when they are durable: after a kill some are read again, none is missing.
    `is_history`: made up for later; how late it comes says nothing of the clock of the PBX.
    `read_until`: up to which moment, Unix seconds, all is read now; None: that is not known.
    """

    readings: Sequence[Reading] = ()
    cursor: str | None = None
    is_history: bool = False
    read_until: int | None = None


class Feed(Protocol):
    """One stream of a PBX: what it says over a connection, or when asked again and again."""

    @property
    def name(self) -> str:
        """Its name in the database and in /health, unique in its source, like "ami"."""
        ...

    def read(self, cursor: str | None) -> AsyncGenerator[Batch, None]:
        """Whatever the PBX says, without end; what was said since `cursor`, where it can tell.

        An empty batch says that the PBX answers: one comes at least whenever it has been reached.
        Raises SourceError if it cannot be reached; then the feed is read again after a while. It
        may be closed at any moment, and closes its connection then.
        """
        ...


@runtime_checkable
class FeedSource(CallSource, Protocol):
    """A source that is listened to, or asked, as long as the bot runs."""

    @property
    def feeds(self) -> Sequence[Feed]: ...

    async def check(self) -> str:
        """Try the connection and the credentials for real; what was found, in a line.

        Raises SourceHintError with what to do where calls come all the same, SourceError with
        what is wrong and what to do.
        """
        ...


@runtime_checkable
class LateSource(CallSource, Protocol):
    """A source that can be asked for what its PBX knows only later: price and recording."""

    async def ask_again(self, calls: Sequence[EndedCall]) -> list[Reading]:
        """What the PBX knows of these calls by now; other calls may be among it.

        Raises SourceError.
        """
        ...


@runtime_checkable
class PatientSource(LateSource, Protocol):
    """A LateSource whose PBX does not want to be asked often."""

    @property
    def ask_pause(self) -> float:
        """Seconds from one `ask_again` to the next, at least."""
        ...


@runtime_checkable
class RecordingSource(CallSource, Protocol):
    """A source whose PBX gives an address of a recording only when asked, and for a while."""

    async def find_recording(self, reference: str) -> str | None:
        """The address; `reference` is what follows `pbx:` in `recording_url`. None: it is gone.

        Raises SourceError.
        """
        ...


@runtime_checkable
class DialSource(CallSource, Protocol):
    """A source whose PBX can ring an extension and then connect it with a number."""

    def can_ring(self, extension: str) -> bool:
        """Whether this may be an extension of the PBX, and it may be told to ring it."""
        ...

    async def dial(self, extension: str, number: str, *, ref: str) -> str | None:
        """Begin such a call, once. `number` is in E.164.

        `ref` is an id that no other call has, for a PBX that lets us choose. Returns the call's
        `external_id` if that is known. Raises SourceError; UnsureError where the PBX may have
        begun it all the same.
        """
        ...


@runtime_checkable
class PhoneSource(DialSource, Protocol):
    """A DialSource whose PBX tells what became of ringing the extension."""

    async def picked_up(self, ref: str) -> None:
        """Wait until the extension has answered in the call that was begun so.

        Raises PhoneError if it does not; any other SourceError if that is not known.
        """
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
