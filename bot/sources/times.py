"""Local times of a source as Unix seconds, quickly and through changes of the clocks.

A time that happens twice (clocks set back) is its first occurrence, unless that would be before
something known to be earlier. A time that never happens (clocks set forward) is read as if the
clocks had not been changed yet: 03:30 in the gap is what people call 04:30.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from bot.sources.base import FIRST_YEAR, LAST_YEAR

TOLERANCE = 60
"""Seconds by which two clocks of one PBX may disagree without meaning another hour."""

_SIXTIES = {f"{number:02}": number for number in range(60)}
"""Minutes and seconds as they are written, "00" to "59"."""


_CHANNEL = re.compile(r"(?:.*\D)?(\d{10})\.\d+", re.ASCII | re.DOTALL)


def channel_moment(uniqueid: str) -> int | None:
    """When Asterisk made the channel that it calls `1531144732.920`; None: it does not say."""
    match = _CHANNEL.fullmatch(uniqueid)
    return int(match[1]) if match else None


def local_text(moment: int, zone: ZoneInfo) -> str:
    """What the clocks of the zone show, as PBXs want it: `2026-11-22 21:31:36`."""
    return datetime.fromtimestamp(moment, zone).strftime("%Y-%m-%d %H:%M:%S")


class LocalTime:
    """Reads what the clocks of one time zone show."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._hour_start: Callable[[str], int | None] = lru_cache(maxsize=4096)(
            self._find_hour_start
        )

    def seconds(self, when: datetime, *, after: int | None = None) -> int:
        """The moment in whole Unix seconds; `after` is a moment known not to be later.

        A `when` with an offset of its own needs neither the zone nor `after`.
        """
        if when.tzinfo is not None:
            return int(when.timestamp())
        first = int(when.replace(tzinfo=self._zone, fold=0).timestamp())
        if after is None or first >= after - TOLERANCE:
            return first
        return max(first, int(when.replace(tzinfo=self._zone, fold=1).timestamp()))

    def parse(self, text: str, *, after: int | None = None) -> int:
        """The moment of `2026-11-22 21:31:36`, as `seconds` has it.

        Raises ValueError if the text is no such time.
        """
        if len(text) != 19 or not (text[13] == ":" == text[16]):
            raise ValueError("not a time")
        hour_start = self._hour_start(text[:13])
        minute, second = _SIXTIES.get(text[14:16]), _SIXTIES.get(text[17:])
        if minute is None or second is None:
            raise ValueError("not a time")
        if hour_start is None:
            return self.seconds(datetime.fromisoformat(text), after=after)
        return hour_start + minute * 60 + second

    def _find_hour_start(self, text: str) -> int | None:
        """The moment an hour starts, or None if the clocks change in it or it comes twice."""
        start = datetime.fromisoformat(text + ":00:00")
        if start.tzinfo is not None or not FIRST_YEAR <= start.year <= LAST_YEAR:
            raise ValueError("not a local time of this century")
        start = start.replace(tzinfo=self._zone)
        end = start + timedelta(minutes=59, seconds=59)
        offsets = {when.replace(fold=fold).utcoffset() for when in (start, end) for fold in (0, 1)}
        return int(start.timestamp()) if len(offsets) == 1 else None
