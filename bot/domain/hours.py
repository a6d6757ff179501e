"""Local time: dates, midnights, working hours, quiet hours.

A moment is Unix seconds, UTC. A wall time is what a clock on the wall shows, as minutes from
midnight. On the night when clocks jump from 03:00 to 04:00 a wall time of 03:30 means 04:30; on
the night when they go back it means the first of the two moments at which they show 03:30.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = 1440
"""Minutes of a day."""

_FAR_DAYS = 400
Span = tuple[int, int]
"""From one wall time to another, minutes of the day; an end after DAY is on the next day."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The spans of each weekday, Monday first, and the days on which nobody works."""

    week: tuple[tuple[Span, ...], ...] = (((0, DAY),),) * 7
    holidays: frozenset[date] = frozenset()

    @property
    def is_always(self) -> bool:
        return not self.holidays and all(spans == ((0, DAY),) for spans in self.week)

    def is_open(self, moment: int, zone: ZoneInfo) -> bool:
        if self.is_always:
            return True
        start, end = next(self._from(moment, zone), (0, 0))
        return start <= moment < end

    def next_opening(self, moment: int, zone: ZoneInfo) -> int | None:
        """When work begins for the first time after the moment. None: never, or it never ends."""
        if self.is_always:
            return None
        return next((start for start, _ in self._from(moment, zone) if start > moment), None)

    def next_opening_of_day(self, moment: int, zone: ZoneInfo) -> int | None:
        """The next opening that is the first of its day, not the end of a break; None: never."""
        opening = self.next_opening(moment, zone)
        while opening is not None:
            midnight, _ = day_bounds(local_date(opening, zone), zone)
            if self.next_opening(midnight - 1, zone) == opening:
                break
            opening = self.next_opening(opening, zone)
        return opening

    def after(self, moment: int, seconds: int, zone: ZoneInfo) -> int:
        """The moment at which so many seconds of working time have passed.

        With nothing to wait for it is the moment itself; if work never begins, it is as if the
        company worked always.
        """
        if seconds <= 0 or self.is_always:
            return moment + max(0, seconds)
        left, cursor = seconds, moment
        for start, end in self._from(moment, zone):
            cursor = max(cursor, start)
            if end - cursor >= left:
                return cursor + left
            left -= max(0, end - cursor)
            cursor = max(cursor, end)
        return moment + seconds

    def spans(self, start: int, end: int, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
        """The working time between two moments, in order."""
        if self.is_always:
            yield start, end
            return
        for opens, closes in self._from(start, zone):
            if opens >= end:
                return
            yield max(opens, start), min(closes, end)

    def _from(self, moment: int, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
        """The spans that end after the moment, in order, as moments; what touches is one span."""
        first = local_date(moment, zone) - timedelta(days=1)
        days = (first + timedelta(days=number) for number in range(_FAR_DAYS))
        spans = (
            (moment_of(day, start, zone), moment_of(day, end, zone))
            for day in days
            if day not in self.holidays
            for start, end in self.week[day.weekday()]
        )
        current: tuple[int, int] | None = None
        for start, end in spans:
            if start >= end:  # the change of the clocks has skipped it
                continue
            if current and start <= current[1]:
                current = current[0], max(current[1], end)
                continue
            if current and current[1] > moment:
                yield current
            current = start, end
        if current and current[1] > moment:
            yield current


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From one wall time to another; over midnight if the second is the smaller."""

    start: int
    end: int

    def is_quiet(self, moment: int, zone: ZoneInfo) -> bool:
        now = wall_time(moment, zone)
        if self.start <= self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end


def local_time(moment: int, zone: ZoneInfo) -> datetime:
    """The moment as people in the zone say it."""
    return datetime.fromtimestamp(moment, UTC).astimezone(zone)


def local_date(moment: int, zone: ZoneInfo) -> date:
    """The date that people in the zone have at the moment."""
    return local_time(moment, zone).date()


def wall_time(moment: int, zone: ZoneInfo) -> int:
    """The wall time at the moment, in minutes from midnight."""
    there = local_time(moment, zone)
    return there.hour * 60 + there.minute


def moment_of(day: date, minutes: int, zone: ZoneInfo) -> int:
    """The moment of a wall time of a day; minutes past DAY are on the days after it."""
    days, rest = divmod(minutes, DAY)
    there = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), zone)
    return int(there.timestamp())


def week_before(moment: int, zone: ZoneInfo) -> tuple[date, date]:
    """The Monday and the Sunday of the week before the one that the moment is in."""
    day = local_date(moment, zone)
    monday = day - timedelta(days=day.weekday() + 7)
    return monday, monday + timedelta(days=6)


def day_bounds(day: date, zone: ZoneInfo) -> tuple[int, int]:
    """The moment at which the day begins there, and that at which the next one does."""
    return moment_of(day, 0, zone), moment_of(day, DAY, zone)


def next_local(moment: int, minutes: int, zone: ZoneInfo) -> int:
    """The first moment later than the one given at which it is this wall time there."""
    day = local_date(moment, zone) - timedelta(days=1)
    while (there := moment_of(day, minutes, zone)) <= moment:
        day += timedelta(days=1)
    return there
