"""When the company works and when a person wants quiet: pure arithmetic of local time.

Moments are Unix seconds, UTC; a wall time is minutes from local midnight. A wall time that a
change of the clocks skips means as long after the change as it would have been, one that comes
twice means the first.
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

    def _from(self, moment: int, zone: ZoneInfo) -> Iterator[tuple[int, int]]:
        """The spans that end after the moment, in order, as moments; what touches is one span."""
        first = datetime.fromtimestamp(moment, UTC).astimezone(zone).date() - timedelta(days=1)
        days = (first + timedelta(days=number) for number in range(_FAR_DAYS))
        spans = (
            (wall(on, start, zone), wall(on, end, zone))
            for on in days
            if on not in self.holidays
            for start, end in self.week[on.weekday()]
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
        local = datetime.fromtimestamp(moment, UTC).astimezone(zone)
        now = local.hour * 60 + local.minute
        if self.start <= self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end


def wall(on: date, minutes: int, zone: ZoneInfo) -> int:
    """The moment of a wall time of a day; minutes past DAY are on the days after it."""
    days, rest = divmod(minutes, DAY)
    there = datetime.combine(on + timedelta(days=days), time(rest // 60, rest % 60), zone)
    return int(there.timestamp())


def next_local(moment: int, minutes: int, zone: ZoneInfo) -> int:
    """The next time that it is so many minutes past midnight there, later than the moment."""
    on = datetime.fromtimestamp(moment, UTC).astimezone(zone).date() - timedelta(days=1)
    while (there := wall(on, minutes, zone)) <= moment:
        on += timedelta(days=1)
    return there
