"""The history of an Asterisk as a feed: rows of CDRs as they are written, put together to calls.

A row is written when a channel has hung up, so the rows of a call come one by one, and some while
the call goes on: a queue's member who did not answer, a colleague who was asked. A call is told of
once the row of the channel it began with has come, which hangs up last, and QUIET seconds passed
without another row; without that row after ROOTLESS seconds. What comes later is told under the
same id, and merged. The place that a feed goes on from is that of the first row not told of yet.

All readings are history: what AMI says of a call at the same time is told with the time of its
telling, and so is believed rather than a row, where they differ (bot/domain/merging.py).
"""

from bot.config.sources import AsteriskSettings
from bot.domain.calls import CallFacts
from bot.sources.asterisk.calls import CallBuilder
from bot.sources.asterisk.cdr import Cdr
from bot.sources.asterisk.dial_plan import DialPlan
from bot.sources.asterisk.open_calls import CallCdrs, OpenCalls, Place

NAME = "history"
"""Of the feed, whichever way the history is read."""

FIRST_DAYS = 31
"""How far back the first reading goes: what statistics show. Older files are for `import`."""

QUIET = 3.0
ROOTLESS = 600.0


class Joining:
    """Rows to calls. Moments of coming are seconds of any clock that goes on."""

    def __init__(self, source: str, settings: AsteriskSettings, *, quiet: float = QUIET) -> None:
        self._builder = CallBuilder(source, settings.number_plan, DialPlan(settings))
        self._calls = OpenCalls()
        self._quiet = quiet
        self._ended: list[CallCdrs] = []
        self._told_until = 0

    def add(self, cdr: Cdr, place: Place, *, now: float, told_until: int) -> None:
        """`told_until`: rows of calls that were over by then have come, but for a few seconds."""
        if ended := self._calls.add(cdr, place=place, came_at=now):
            self._ended.append(ended)
        while self._calls.is_over_limit:
            self._ended.append(self._calls.pop_oldest())
        self._told_until = told_until

    def pop_over(self, *, now: float | None = None) -> list[tuple[CallFacts, list[Cdr]]]:
        """The calls that are over, with their rows; `now`: all rows there are have come."""

        def is_over(call: CallCdrs) -> bool:
            seconds = self._quiet if call.has_root else ROOTLESS
            is_quiet = now is not None and now - call.came_at >= seconds
            return is_quiet or self._told_until - call.end > seconds

        ended, self._ended = self._ended + self._calls.pop_over(is_over), []
        return [(self._builder.build(call), call.cdrs) for call in ended]

    def first_place(self) -> Place | None:
        """Where the first row stands that was not told of yet; None: there is none."""
        return self._calls.first_place()
