"""Reading the log of calls: filters, pages and the keys they are found by, a day's numbers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bot.domain.calls import Call, CaseState, Direction, Status
from bot.domain.people import Scope
from bot.domain.places import Place
from bot.domain.search import Found

PAGES_COUNTED = 1000
"""Page numbers are exact up to this many; beyond it counting would cost more than it tells."""

PAGES_FOUND = 100
"""The same where the log has to be walked for what is looked for."""

LONGER_THAN = (60, 300, 900)
"""Seconds of talk that calls may be asked to have at least."""

FAR_FUTURE = 1 << 50
"""A position behind that of any call, a live one too."""

ALWAYS = [(0, FAR_FUTURE)]
"""The span of positions that all calls are in."""


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
    """What part of the log is read: the calls for which all of this is so.

    They began from `start` to before `end` (Unix seconds; None: no bound), with the client who has
    these `numbers`, in E.164 (none: anybody), at one of these `extensions`, which were a party or
    were rung (None: whatever). `status` is the one that is shown: a lost call whose client was
    called back is MISSED_CALLED_BACK. `case_states`: lost, and its case stands so, one of these
    ways; (): lost, and no case was made of it. `longer_than`: seconds of talk, one of LONGER_THAN;
    0: any. `is_first`: of a new client. `found`: what a search has found of it; None: nothing is
    looked for.
    """

    start: int | None = None
    end: int | None = None
    lost_only: bool = False
    numbers: tuple[str, ...] = ()
    direction: Direction | None = None
    is_answered: bool = False
    case_states: tuple[CaseState, ...] | None = None
    status: Status | None = None
    extensions: tuple[str, ...] | None = None
    place: Place | None = None
    is_commented: bool = False
    is_recorded: bool = False
    longer_than: int = 0
    is_first: bool = False
    found: Found | None = None

    def pages_counted(self, scope: Scope) -> int:
        """Up to how many pages their numbers are exact for a reader.

        Many where an index has nothing else but what is asked for, or the most calls are so.
        """
        is_own = scope.extensions is not None or self.extensions is not None
        common = bool(self.direction) + self.is_answered
        rare = bool(self.status) + bool(self.place) + bool(self.longer_than)
        rare += self.is_commented + self.is_recorded + (self.case_states is not None)
        is_walked = self.is_first or (rare and is_own) or rare + common > 1
        if is_walked or (self.found and self.found.is_walked):
            return PAGES_FOUND
        return PAGES_COUNTED


@dataclass(frozen=True, slots=True)
class Page:
    """Calls, newest first; `number` of `count`, each exact up to `counted`, else above it.

    `is_beyond`: a page past an end of the log was asked for; this is the one at that end.
    """

    calls: tuple[Call, ...]
    keys: tuple[Key, ...]
    number: int
    count: int
    has_newer: bool
    has_older: bool
    is_beyond: bool = False
    counted: int = PAGES_COUNTED
    total: int = 0
    """How many calls there are on all pages, exact while the count of pages is."""


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
