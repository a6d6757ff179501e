"""Digests: what became of the clients whose calls were lost in a span of time."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.hours import DAY, day_bounds, local_date, moment_of

_NOON = 12 * 60
"""Minutes of the day."""

WEEKLY = 7 * DAY
"""Stands for the minute of the day where the statistics of a week are owed, not a digest."""


class CaseGroup(StrEnum):
    """Cases by what became of them, as a digest counts them.

    LEFT: nobody had reached the client by the end of the span. IN_TARGET: a part of CALLED_BACK.
    """

    OPENED = "o"
    CALLED_BACK = "b"
    GOT_THROUGH = "g"
    BY_HAND = "h"
    LEFT = "l"
    IN_TARGET = "t"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestTotals:
    """How many clients' calls were lost in a span, and what became of them by its end.

    `in_target` of `due` clients were called back in time: due are those called back and those
    left for longer than the target, not those who got through or were closed by hand. `median`,
    `p90`: seconds in which half, and nine of ten, of those called back were.
    """

    opened: int = 0
    called_back: int = 0
    got_through: int = 0
    by_hand: int = 0
    left: int = 0
    in_target: int = 0
    due: int = 0
    median: int | None = None
    p90: int | None = None

    def count(self, group: CaseGroup) -> int:
        count: int = getattr(self, group.name.lower())
        return count

    @property
    def share(self) -> int | None:
        """Per cent of those due who were called back in time."""
        return round(100 * self.in_target / self.due) if self.due else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestPerson:
    """What one employee did; `id` 0: an extension nobody has. `median`: seconds to call back."""

    id: int
    name: str
    called_back: int
    median: int | None
    by_hand: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Lost calls from `start` to `end`, as things stood at `end`.

    `before`: the same wall times a week earlier; None: nothing is known of that time. `earlier`:
    those lost before `start` and not reached by `end`. `target` in seconds. `worst_at`: where the
    local hour began in which most were lost.
    """

    start: int
    end: int
    totals: DigestTotals
    before: DigestTotals | None
    earlier: int
    target: int
    worst_at: int | None
    worst_count: int
    people: tuple[DigestPerson, ...]


def digest_span(due_at: int, minutes: int, zone: ZoneInfo) -> tuple[int, int]:
    """What a digest of that time tells of: before noon the day before, else the day so far.

    `minutes`: the time of the day for which it was asked, `due_at` the moment of that time.
    """
    day = local_date(due_at, zone)
    if minutes < _NOON:
        return day_bounds(day - timedelta(days=1), zone)
    return moment_of(day, 0, zone), due_at


def day_so_far(now: int, zone: ZoneInfo) -> tuple[int, int]:
    """From local midnight to the end of this minute."""
    midnight, _ = day_bounds(local_date(now, zone), zone)
    return midnight, now // 60 * 60 + 60
