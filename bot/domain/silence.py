"""When a source has been silent for longer than is usual for it.

Silence is not measured in minutes but in calls: how many would have come meanwhile, by what the
source did in its own last weeks. A night, a lunch and a Sunday count as little as calls come then;
time in which the company does not work counts nothing.

- The weeks are at most WEEKS, of whole days, the last of them yesterday. A source is not judged
  before LEAST_DAYS of them have passed and LEAST_CALLS were heard of.
- Each quarter of an hour of the week has a rate: the calls heard of in it on the days there were.
  Where they are few it leans on the rate that the quarter would have if this weekday's calls came
  at the hours at which they come on all days: as if one call more were known, after as many days
  as one takes at that rate. Days on which the company does not work are left out.
- It is patient for LEAST_MISSED calls, or for twice the third longest silence of those weeks,
  measured in the same way; the second longest, before there are four weeks. So a source whose
  calls come in bursts is waited for longer, and two outages do not teach to wait for the next.
- And LEAST_SECONDS pass in any case.

What counts is when a call was heard of, not when it began, so no clock but ours has a say; which
calls are a sign of life says `is_sign_of_life`.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from heapq import nlargest
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

from bot.domain.hours import Hours, day_bounds, local_date, local_time

QUARTER = 900
"""Seconds; all time zones differ by whole ones."""

WEEKS = 8
LEAST_DAYS, LEAST_CALLS = 14, 12
LEAST_MISSED = 10.0
"""Of calls that come by chance, this many fail to come once in e^10 times."""

LEAST_SECONDS = 600

_TIMES, _OUTAGES, _DAYS_OF_AN_OUTAGE = 2.0, 2, 14
_DAY = 86400
_SLOTS = _DAY // QUARTER

_FRESH = 1800
"""Seconds from the end of a call within which a history that is followed tells of it."""

_TOLERANCE = 300


@dataclass(frozen=True, slots=True)
class Heard:
    """The new calls heard of within a quarter of an hour, the how manieth since 1970.

    `longest`: the most seconds between two of them.
    """

    quarter: int
    calls: int
    first_at: int
    last_at: int
    longest: int


def is_sign_of_life(started_at: int, ended_at: int | None, *, is_live: bool, now: int) -> bool:
    """Whether a call that is heard of now shows that its PBX is at work now.

    What is told as it happens does, also with times that are hours off, but not of another day:
    whoever posts that makes up for something. What a history says does if it is of just now.
    """
    if is_live:
        return abs(now - started_at) <= _DAY
    return -_TOLERANCE <= now - (started_at if ended_at is None else ended_at) <= _FRESH


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When calls of a source usually come. `rates`: calls in each quarter of each weekday.

    `patience`: calls that may fail to come before that is unusual.
    """

    rates: Sequence[Sequence[float]]
    patience: float
    hours: Hours
    zone: ZoneInfo

    def missed(self, since: int, now: int) -> float:
        """How many calls would have come between two moments."""
        return sum(rate * seconds for rate, seconds in self._rates(since, now)) / QUARTER

    def usual_gap(self, since: int, now: int) -> int:
        """Seconds from one call to the next, as usual in such a time, without its quiet hours."""
        busy = [(rate, seconds) for rate, seconds in self._rates(since, now) if rate]
        missed = sum(rate * seconds for rate, seconds in busy) / QUARTER
        return round(sum(seconds for _, seconds in busy) / missed) if missed else 0

    def _rates(self, since: int, now: int) -> Iterator[tuple[float, int]]:
        """The rate of each quarter between two moments, and how many of its seconds."""
        for quarter in _open_quarters(since, now, self.hours, self.zone):
            begins = quarter * QUARTER
            seconds = min(now, begins + QUARTER) - max(since, begins)
            weekday, slot = _place(quarter, self.zone)
            yield self.rates[weekday][slot], seconds


def learn(heard: Sequence[Heard], hours: Hours, zone: ZoneInfo, *, now: int) -> Rhythm | None:
    """The rhythm of a source, by what was heard of it, the oldest first; None: too little was."""
    today = local_date(now, zone)
    first = local_date(heard[0].first_at, zone) + timedelta(days=1) if heard else today
    first = max(first, today - timedelta(weeks=WEEKS))
    if (today - first).days < LEAST_DAYS:
        return None
    begins, ends = day_bounds(first, zone)[0], day_bounds(today, zone)[0]
    places = {one: _place(one, zone) for one in _open_quarters(begins, ends, hours, zone)}
    inside = [one for one in heard if one.quarter in places]
    calls = sum(one.calls for one in inside)
    if calls < LEAST_CALLS:
        return None
    rates = _rates(places, inside, days=_open_days(places, zone), calls=calls)
    within = [one for one in heard if begins <= one.quarter * QUARTER < ends]
    silences = _silences(within, places, rates, begins // QUARTER, ends // QUARTER)
    outages = min(_OUTAGES, (today - first).days // _DAYS_OF_AN_OUTAGE)
    longest = nlargest(outages + 1, silences)[-1]
    return Rhythm(rates, max(LEAST_MISSED, _TIMES * longest), hours, zone)


def _rates(
    places: dict[int, tuple[int, int]],
    heard: Sequence[Heard],
    *,
    days: Sequence[int],
    calls: int,
) -> list[list[float]]:
    found = [[0.0] * _SLOTS for _ in range(7)]
    of_day, of_slot = [0.0] * 7, [0.0] * _SLOTS
    for one in heard:
        weekday, slot = places[one.quarter]
        found[weekday][slot] += one.calls
        of_day[weekday] += one.calls
        of_slot[slot] += one.calls
    for weekday, count in enumerate(days):
        for slot in range(_SLOTS) if count else ():
            usual = of_day[weekday] / count * of_slot[slot] / calls
            if usual:
                found[weekday][slot] = (found[weekday][slot] + 1) / (count + 1 / usual)
    return found


def _silences(
    heard: Sequence[Heard],
    places: dict[int, tuple[int, int]],
    rates: Sequence[Sequence[float]],
    first: int,
    end: int,
) -> list[float]:
    """The silences between calls, each as the calls that would have come in it."""

    def rate(quarter: int) -> float:
        place = places.get(quarter)
        return rates[place[0]][place[1]] if place else 0.0

    missed_until = list(accumulate(map(rate, range(first, end)), initial=0.0))

    def missed(moment: int) -> float:
        quarter, seconds = divmod(moment, QUARTER)
        return missed_until[quarter - first] + rate(quarter) * seconds / QUARTER

    between = [missed(later.first_at) - missed(one.last_at) for one, later in pairwise(heard)]
    return between + [rate(one.quarter) * one.longest / QUARTER for one in heard]


def _open_quarters(since: int, until: int, hours: Hours, zone: ZoneInfo) -> Iterator[int]:
    """The quarters, touched by that time, in the middle of which the company works."""
    half = QUARTER // 2
    quarter, last = since // QUARTER, (until - 1) // QUARTER
    for opens, closes in hours.spans(quarter * QUARTER, (last + 1) * QUARTER, zone):
        for one in range(max(quarter, (opens - half) // QUARTER), (closes + half) // QUARTER + 1):
            if opens <= one * QUARTER + half < closes:
                yield one


def _open_days(places: dict[int, tuple[int, int]], zone: ZoneInfo) -> list[int]:
    """How many of each weekday the company worked."""
    days: dict[int, set[date]] = defaultdict(set)
    for quarter, (weekday, _) in places.items():
        days[weekday].add(local_date(quarter * QUARTER, zone))
    return [len(days[weekday]) for weekday in range(7)]


def _place(quarter: int, zone: ZoneInfo) -> tuple[int, int]:
    """The weekday, Monday first, and the quarter of the day."""
    there = local_time(quarter * QUARTER, zone)
    return there.weekday(), there.hour * 4 + there.minute // 15
