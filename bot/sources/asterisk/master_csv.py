"""History of Asterisk from `Master.csv` (cdr_csv): rows in, whole calls out.

The format is that of `cdr/cdr_csv.c` in Asterisk's source: quoted cells, no header, a CDR in each
row. The columns are the 16 every Asterisk writes, then uniqueid and userfield if cdr.conf says
`loguniqueid` and `loguserfield`, then peeraccount, linkedid and sequence if it says
`newcdrcolumns`. Another layout (cdr_custom, an export) is named by the first line of the file, or
by the source's COLUMNS. Rows of text messages and USSD are no calls and are passed over. Times are
local, UTC with `usegmtime`: the source's TIMEZONE must say which.

Asterisk writes the rows of a call as channels hang up, so they lie near each other, yet not
together (`open_calls.py` finds them). A call is given out once OPEN_CDRS rows of other calls have
come since its last row, or at the end of the last file. A row later than that makes a second
statement under the same id, merged like any other.

What such a file cannot tell, and what is said instead:
- who hung up: not said;
- whether the caller gave up or the dial timed out, both NO ANSWER: an outgoing call reads as
  no_answer, never as cancelled_by_operator;
- the wait of a call that an IVR, a queue or a click-to-call answered before the person did: it
  is counted to that answer, unless the person's leg has a row of its own;
- who answered or was rung where neither the channel nor the dial string names the extension (a
  queue whose members sit behind one trunk): not said;
- a peer that was off, from a peer that does not exist: both FAILED. With `congestion=no`
  (default) CONGESTION is FAILED too;
- the line of a call that the dial plan moved on before it was answered (all of FreePBX's ring
  groups, queues and IVRs: only the database has a `did` column): not said;
- calls that never dialled anybody, with `unanswered=no` (default): they are not in the file;
- price, recording, talk lost to the network, SIP attended transfers as one call.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

from bot.config.sources import AsteriskSettings
from bot.domain.calls import Reject
from bot.domain.clock import Clock, system_clock
from bot.sources.asterisk.calls import CallBuilder
from bot.sources.asterisk.cdr_rows import RowReader
from bot.sources.asterisk.dial_plan import DialPlan
from bot.sources.asterisk.open_calls import OpenCalls
from bot.sources.base import Advance, Reading, ignore_progress
from bot.sources.lines import Line, read_lines, refuse_file


class MasterCsvSource:
    """Reads the history of one Asterisk, one reading at a time. Is a FileSource."""

    def __init__(
        self, name: str, settings: AsteriskSettings, *, clock: Clock = system_clock
    ) -> None:
        self._name = name
        self._zone = settings.timezone
        self._encoding = settings.encoding
        self._builder = CallBuilder(name, settings.number_plan, DialPlan(settings))
        self._rows = RowReader(settings, latest=clock)

    @property
    def name(self) -> str:
        return self._name

    def read_files(
        self, files: Iterable[BinaryIO], *, advance: Advance = ignore_progress
    ) -> Iterator[Reading]:
        """All calls of the files, which are one log in pieces, the oldest first."""
        self._rows.start_counting()
        calls = OpenCalls()
        for file in files:
            lines = read_lines(file, advance=advance, encoding=self._encoding)
            first = next(lines, None)
            layout, has_header = self._rows.layout(first)
            if isinstance(first, Line) and has_header:
                if missing := layout.missing():
                    yield refuse_file(
                        first, f"the header has no column {', '.join(missing)}", lines
                    )
                    continue
            elif first is not None:
                lines = chain([first], lines)
            for item in self._rows.read_lines(lines, layout):
                if isinstance(item, Reject):
                    yield item
                    continue
                _, cdr = item
                if ended := calls.add(cdr):
                    yield self._builder.build(ended)
                while calls.is_over_limit:
                    yield self._builder.build(calls.pop_oldest())
        while calls:
            yield self._builder.build(calls.pop_oldest())

    def hints(self) -> list[str]:
        hours = self._rows.usual_shift_hours()
        if hours is None:
            return []
        return [
            f"the times in the file are about {hours:+g} h from those in its unique ids: was it"
            f" written in another time zone than {self._zone} (with usegmtime=yes it is UTC)?"
        ]
