"""What time it is at the PBX, by what it says itself.

Events of AMI carry no time, unless manager.conf says `timestampevents=yes`. But the uniqueid of a
channel begins with the second of its birth, and events of CEL tell theirs, so the clock of the PBX
is known to a second: all times of a call are by it, as in its CDRs, whatever our clock shows and
however late an event is read.
"""

import re
from zoneinfo import ZoneInfo

from bot.sources.asterisk.packet_fields import born_at
from bot.sources.base import AHEAD_LIMIT
from bot.sources.times import LocalTime

SAME_CLOCK = 2
"""Seconds within which two clocks are taken for one: a second is cut off, an event travels."""

SET_BACK = 600
"""Seconds by which the PBX falls behind what it said before when its clock was set back."""

JUMP = 1.5
"""Seconds of a step that shows that the events just read came late."""

_QUARTER = 900
_UNIX = re.compile(r"\d{10}(\.\d+)?", re.ASCII)


class PbxTime:
    """Turns moments of ours into those of the PBX."""

    def __init__(self, zone: str) -> None:
        """`zone` is that of the times that CEL writes; a wrong one is seen by and mended."""
        self._local = LocalTime(ZoneInfo(zone))
        self._ahead: float | None = None
        self._zone_error: int | None = None

    def at(self, moment: float) -> float:
        return moment + (self._ahead or 0)

    def stamped(self, moment: float, told: str) -> None:
        """An event came at `moment` of ours with this `Timestamp` of the PBX."""
        if _UNIX.fullmatch(told):
            self._ahead = float(told) - moment

    def born(self, moment: float, uniqueid: str) -> None:
        """A channel was born just now."""
        if (second := born_at(uniqueid)) is not None:
            self._seen(moment, second)

    def told(self, moment: float, text: str, *, newborn: str = "") -> float | None:
        """CEL said this time; of the birth of the channel `newborn`. Returns by how many seconds
        the clock of the PBX turns out to be ahead of what was thought, if that shows late events.
        """
        if _UNIX.fullmatch(text):
            second = int(float(text))
        else:
            try:
                second = self._local.parse(text.partition(".")[0])
            except ValueError:
                return None
            if newborn and (birth := born_at(newborn)) is not None:
                self._zone_error = round((second - birth) / _QUARTER) * _QUARTER
            if self._zone_error is None:
                return None
            second -= self._zone_error
        before = self.at(moment)
        was_known = self._ahead is not None
        self._seen(moment, second)
        step = self.at(moment) - before
        return step if was_known and step > JUMP else None

    def _seen(self, moment: float, second: int) -> None:
        """At `moment` of ours the PBX showed `second`, or a fraction more."""
        if second > moment + AHEAD_LIMIT:
            return  # a clock that nobody would believe
        if self._ahead is None:
            self._ahead = 0 if -SAME_CLOCK < second - moment <= 0 else second - moment
            return
        behind = second - self.at(moment)
        if behind > 0 or behind < -SET_BACK:
            self._ahead += behind
