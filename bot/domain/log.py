"""Reading the log of calls: filters, pages and the keys they are found by, a day's numbers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bot.domain.calls import Call

PAGES_COUNTED = 1000
"""Page numbers are exact up to this many; beyond it counting would cost more than it tells."""


class Key(NamedTuple):
    """Where a call stands in the log: later ones have greater keys, live ones the greatest."""

    position: int
    id: int


class Turn(StrEnum):
    """Which page is meant: an end of the log, or one that is next to, or begins at, a key."""

    FIRST = "f"
    LAST = "l"
    OLDER = "o"
    NEWER = "n"
    AT = "a"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What part of the log is read: calls that began from `start` to before `end`, of one client.

    Moments are Unix seconds; None: no bound. `numbers` are all those of the client, in E.164; none
    of them: anybody's calls.
    """

    start: int | None = None
    end: int | None = None
    lost_only: bool = False
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Calls, newest first; `number` of `count`, each exact up to PAGES_COUNTED, else above it.

    `is_beyond`: a page past an end of the log was asked for; this is the one at that end.
    """

    calls: tuple[Call, ...]
    keys: tuple[Key, ...]
    number: int
    count: int
    has_newer: bool
    has_older: bool
    is_beyond: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DayNumbers:
    """How many calls one day had; `unreturned`: clients of lost ones whom nobody has reached yet.

    A call is lost if it came in and nobody talked.
    """

    total: int
    incoming: int
    outgoing: int
    lost: int
    unreturned: int
