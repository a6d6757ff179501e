"""What late calls say of the clock of their source: that its times are in another zone."""

from datetime import UTC, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo, available_timezones

SHIFTED_CALLS = 5
"""How many calls in a row must come late, or early, by the same hours: one may be a retry, and of
a queue that was held up no two come late by the same; five are a clock."""

SHIFT_TOLERANCE = 120
"""Seconds by which a shift may differ from a whole quarter of an hour."""

_AT_ONCE, _IN_TIME = 20, 600
"""Seconds within which an event is told as it happens, and within which no clock is wrong."""

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


def count_shifted(known: tuple[int, int], late: int) -> tuple[int, int]:
    """The shift of a source and how many calls in a row had it, after one that came so `late`.

    The count is below 0 where the calls may as well have been held up: after an outage they come
    together, each as late as it waited, and with some of them that is about a whole hour.
    """
    shift, run = known
    found = clock_shift(late)
    is_at_once = -_AT_ONCE <= late - found <= _AT_ONCE
    if not found:
        return 0, 0 if abs(late) <= _IN_TIME else -1
    if found != shift:
        return found, 1 if is_at_once and run >= 0 and not shift else -1
    if run >= SHIFTED_CALLS:
        return known
    return shift, run + 1 if is_at_once and run > 0 else -min(abs(run) + 1, SHIFTED_CALLS)


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
