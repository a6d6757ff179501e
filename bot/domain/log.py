"""Reading the log: filters, keys of pages, the numbers of a day."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bot.domain.calls import Call


@dataclass(frozen=True, slots=True, kw_only=True)
class DayNumbers:
    """The numbers of one day: lost calls are incoming ones in which nobody talked."""

    total: int
    incoming: int
    outgoing: int
    lost: int
    unreturned: int


PAGES_COUNTED = 1000
"""Page numbers are exact up to this many; beyond it counting would cost more than it tells."""


class Key(NamedTuple):
    position: int
    id: int


class Turn(StrEnum):
    """Which page is meant, seen from a key: the one after, before, or beginning with it."""

    FIRST = "f"
    LAST = "l"
    OLDER = "o"
    NEWER = "n"
    AT = "a"


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What part of the log is read. `start` ≤ call < `end`, Unix seconds; `client` in E.164."""

    start: int | None = None
    end: int | None = None
    lost_only: bool = False
    client: str | None = None


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
