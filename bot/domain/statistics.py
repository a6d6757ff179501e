"""Statistics of a part of the log: numbers, each with the list behind it, and when calls come."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from bot.domain.calls import Direction
from bot.domain.hours import day_bounds, local_date, moment_of, wall_time
from bot.domain.log_views import CASE_STATES, WHOLE_LOG, Fate, LogView
from bot.domain.places import Place

DAYS = 31
"""How many days are told of where none are chosen: today is the last."""

MOST_DAYS = 93
"""The latest days of what is chosen that are told of: more would take seconds of a long log."""

BACK_WITHIN = (300, 900, 3600, 4 * 3600, 24 * 3600)
"""Seconds within which clients were called back, as a chart counts them; the rest took longer."""

_WEEK = 7


class Number(StrEnum):
    """The numbers that have a list of calls behind them; a letter of a button's data each."""

    TOTAL = "t"
    IN = "i"
    OUT = "o"
    INTERNAL = "n"
    ANSWERED = "a"
    """Incoming."""
    TALKS = "k"
    """Answered, in whichever direction."""
    LOST = "l"
    RETURNED = "r"
    """Lost, as all down to NO_CASE, which come to LOST together."""
    GOT_THROUGH = "g"
    BY_HAND = "h"
    LEFT = "u"
    """Nobody has reached the client yet."""
    NO_CASE = "x"
    """Nobody need call back: too short, or of an ignored number."""
    NEW = "f"
    PERSON = "p"
    PERSON_LOST = "q"
    LINE = "d"
    LINE_LOST = "e"


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds that something took, `count` times: half, and nine of ten, took no longer."""

    count: int = 0
    median: int | None = None
    p90: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many calls there were, by the names of Number in small letters.

    `wait`: of incoming calls that were answered. `talk`: of all that were. `back`: from the first
    lost call of a client until they were called back.
    """

    total: int = 0
    incoming: int = 0
    outgoing: int = 0
    internal: int = 0
    answered: int = 0
    talks: int = 0
    lost: int = 0
    returned: int = 0
    got_through: int = 0
    by_hand: int = 0
    left: int = 0
    no_case: int = 0
    new: int = 0
    wait: Spread = Spread()
    talk: Spread = Spread()
    back: Spread = Spread()

    @property
    def share(self) -> int | None:
        """Per cent of the incoming calls that are over which were answered; None of none."""
        over = self.answered + self.lost
        return round(100 * self.answered / over) if over else None

    def count(self, number: Number) -> int:
        names = {Number.IN: "incoming", Number.OUT: "outgoing"}
        count: int = getattr(self, names.get(number, number.name.lower()))
        return count


@dataclass(frozen=True, slots=True)
class Load:
    """How many calls there were, and how many of them were lost."""

    calls: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonLoad:
    """The calls in which an employee was a party or was rung, and the seconds they talked."""

    id: int
    name: str
    load: Load
    talk: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLoad:
    place: Place
    load: Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What a part of the log comes to.

    `before`: of the period before; None: there is none, or the log does not go back so far.
    `week`: of each weekday, Monday first, the load of its 24 local hours. `people`, `lines`: the
    busiest first. `back_within`: how many clients were called back within each of BACK_WITHIN and
    not within the one before, and how many later.
    """

    totals: Totals
    before: Totals | None
    week: tuple[tuple[Load, ...], ...]
    people: tuple[PersonLoad, ...]
    lines: tuple[LineLoad, ...]
    back_within: tuple[int, ...]

    @property
    def hours(self) -> tuple[Load, ...]:
        """The load of the 24 hours, of all weekdays together."""
        return tuple(
            Load(sum(one.calls for one in same), sum(one.lost for one in same))
            for same in zip(*self.week, strict=True)
        )


@dataclass(frozen=True, slots=True)
class Before:
    """The period that another is compared with: its moments, and its first and last day.

    `until`: the wall time, in minutes, up to which its last day counts; None: it is whole.
    """

    start: int
    end: int
    first: date
    last: date
    until: int | None


def told_of(view: LogView, shown: date) -> LogView:
    """What statistics are of that were shown on a day: the view, with the days it meant then.

    They are the latest MOST_DAYS of those chosen, and DAYS up to then if none are. All calls of
    one client are told of, since they are few.
    """
    span = view.span(shown)
    if span is None:
        if view.client_of:
            return view
        span = shown - timedelta(days=DAYS - 1), shown
    first, last = span
    first = max(first, last - timedelta(days=MOST_DAYS - 1))
    return replace(view, period=None, days=(first.toordinal(), last.toordinal()))


def period_before(view: LogView, now: int, zone: ZoneInfo) -> Before | None:
    """What a view's days are compared with: the days just before, on the same weekdays.

    So they are as many days, the least number of whole weeks earlier that keeps the two apart: a
    Monday is compared with a Monday, seven days with the seven before. If today is among the days,
    the earlier ones end at the same wall time. None: there are no days to go by.
    """
    today = local_date(now, zone)
    span = view.span(today)
    if span is None:
        return None
    first, last = span
    days = max(1, (last - first).days + 1)
    back = timedelta(days=-(-days // _WEEK) * _WEEK)
    start, _ = day_bounds(first - back, zone)
    until = wall_time(now, zone) if last == today else None
    end = day_bounds(last - back, zone)[1] if until is None else _moment(last - back, until, zone)
    return Before(start, end, first - back, last - back, until)


def narrowed(view: LogView, number: Number, *, person: int, place: Place | None) -> LogView | None:
    """The list behind a number of a view; None: what is chosen already leaves no such list."""
    chosen = dict(_CHOSEN[number])
    if number in {Number.PERSON, Number.PERSON_LOST}:
        chosen["person"] = person
    elif number in {Number.LINE, Number.LINE_LOST}:
        chosen["place"] = place
    for part, value in chosen.items():
        had = getattr(view, part)
        if had == getattr(WHOLE_LOG, part) or had == value:
            continue
        if had is Fate.LOST and value in CASE_STATES:
            continue
        if had in CASE_STATES and value is Fate.LOST:
            chosen[part] = had
            continue
        return None
    return replace(view, **chosen)


_CHOSEN: Mapping[Number, Mapping[str, Any]] = {
    Number.TOTAL: {},
    Number.IN: {"direction": Direction.IN},
    Number.OUT: {"direction": Direction.OUT},
    Number.INTERNAL: {"direction": Direction.INTERNAL},
    Number.ANSWERED: {"direction": Direction.IN, "fate": Fate.ANSWERED},
    Number.TALKS: {"fate": Fate.ANSWERED},
    Number.LOST: {"fate": Fate.LOST},
    Number.RETURNED: {"fate": Fate.RETURNED},
    Number.GOT_THROUGH: {"fate": Fate.GOT_THROUGH},
    Number.BY_HAND: {"fate": Fate.BY_HAND},
    Number.LEFT: {"fate": Fate.UNRETURNED},
    Number.NO_CASE: {"fate": Fate.NO_CASE},
    Number.NEW: {"is_first": True},
    Number.PERSON: {},
    Number.PERSON_LOST: {"fate": Fate.LOST},
    Number.LINE: {},
    Number.LINE_LOST: {"fate": Fate.LOST},
}
"""What of the log each number counts, by the fields of LogView."""


def _moment(day: date, minutes: int, zone: ZoneInfo) -> int:
    """The end of the minute."""
    return moment_of(day, minutes + 1, zone)
