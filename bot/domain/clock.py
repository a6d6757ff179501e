"""The clock."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo, available_timezones

Clock = Callable[[], int]
"""The present moment in Unix seconds. Injected, so that tests can move it."""


def system_clock() -> int:
    return int(time.time())


SHIFTED_CALLS = 5
"""How many calls in a row must come late, or early, by the same hours: one may be a retry, and of
a queue that was held up no two come late by the same; five are a clock."""

SHIFT_TOLERANCE = 120
"""Seconds by which a shift may differ from a whole quarter of an hour."""

_STEP = 900
_SHIFTS = range(1800, 14 * 3600 + 1)
"""Zones lie half an hour to fourteen hours apart, in steps of a quarter."""

_ZONES = ("UTC", "Europe/Berlin", "Europe/London", "Europe/Kyiv")


def clock_shift(late: int) -> int:
    """By how many seconds of another time zone a call came late (early: below 0); 0: by none.

    `late`: from the end of the call, as its source wrote it, to the moment it was told.
    """
    shift = round(late / _STEP) * _STEP
    return shift if abs(shift) in _SHIFTS and abs(late - shift) <= SHIFT_TOLERANCE else 0


def mending_zone(written: ZoneInfo, company: ZoneInfo, *, shift: int, now: int) -> str:
    """The zone that times with this shift must be in: the company's, UTC or another."""
    at = datetime.fromtimestamp(now, UTC)
    offset = (at.astimezone(written).utcoffset() or timedelta()) - timedelta(seconds=shift)
    candidates = chain(
        [company], map(ZoneInfo, _ZONES), map(ZoneInfo, sorted(available_timezones()))
    )
    return next(
        (zone.key for zone in candidates if at.astimezone(zone).utcoffset() == offset), "UTC"
    )
