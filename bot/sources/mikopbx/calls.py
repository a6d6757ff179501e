"""What all rows of one call of MikoPBX say together: the statement about the call.

One `linkedid` is one call: an IVR, a queue, everybody who was rung, and the legs of a transfer. A
call came in if a company's number was dialled (`did`) or a trunk brought it; an extension that
reached a trunk or a number outside called out. What was tried before, to originate or to intercept
it, is no part of it. It was a talk if a person of the other side answered: not an application, and
not a colleague who was only asked before a transfer.
"""

import re
from collections.abc import Sequence
from typing import Any

from bot.config.sources import MikopbxSettings
from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.clock import Clock
from bot.sources.base import RECORDING_REFERENCE
from bot.sources.mikopbx.rows import CdrRow, read_cdr_row
from bot.sources.rows import Row
from bot.sources.statuses import fitting_status
from bot.sources.times import LocalTime, channel_moment

_STATUSES = {
    "NOANSWER": Status.NO_ANSWER,
    "NO ANSWER": Status.NO_ANSWER,
    "ANSWERED": Status.NO_ANSWER,  # by an application: a person's answer never gets here
    "ANSWER": Status.NO_ANSWER,
    "BUSY": Status.REJECTED_BY_SUBSCRIBER,
    "CANCEL": Status.CANCELLED_BY_OPERATOR,
    "CHANUNAVAIL": Status.UNREACHABLE,
    "CONGESTION": Status.NO_CHANNELS,
}
"""Of calls that went out; `fitting_status` makes those of calls that came in of them."""

_RANKS = (Status.MISSED, Status.NO_CHANNELS, Status.MISSED_OFFLINE)
"""Which of several failed attempts names a call that came in: first of all one that rang."""

_OUTSIDE_DIGITS = 6


class MikopbxReader:
    """Makes statements about the calls of one source."""

    def __init__(
        self, source: str, settings: MikopbxSettings, zone: LocalTime, clock: Clock
    ) -> None:
        self._source = source
        self._numbers = settings.number_plan
        self._extension = re.compile(settings.extension_pattern)
        self._zone = zone
        self._clock = clock

    def read_call(self, group: Row) -> CallFacts:
        """Raises ValueError."""
        linkedid = group.call_id("linkedid")
        rows = self._rows(group.get("records"), channel_moment(linkedid))
        entry = rows[0]
        direction = self._direction(rows)
        client = self._client(rows, direction)
        attempts = [row for row in rows if row.is_person] or rows
        if direction is not Direction.INTERNAL:
            attempts = [row for row in attempts if client in (row.src, row.dst)] or attempts
        talks = [row for row in attempts if row.is_talk]
        if direction is Direction.INTERNAL:
            talks = talks or [row for row in rows if row.billsec]
        decisive = talks[0] if talks else self._decisive(attempts, direction)
        facts = CallFacts(
            source=self._source,
            external_id=linkedid,
            direction=direction,
            status=Status.ANSWERED if talks else _status(decisive, direction),
            started_at=entry.start,
            numbers=self._numbers,
            raw_status=decisive.word or None,
            answered_at=talks[0].answer if talks else None,
            ended_at=max([row.end for row in rows if row.end is not None], default=None),
            queue=next((row.dst_name or row.dst for row in rows if row.is_queue), None),
            recording_url=_recording(linkedid, talks),
        )
        self._fill_parties(facts, rows, talks, client)
        return facts

    def _rows(self, records: Any, began: int | None) -> list[CdrRow]:
        if not isinstance(records, list) or not records:
            raise ValueError("records: expected the rows of a call")
        if not all(isinstance(one, dict) for one in records):
            raise ValueError("records: expected objects")
        now = self._clock()
        read = [read_cdr_row(one, self._zone, now, began) for one in records]
        rows = [row for row in read if not row.is_attempt] or read
        return sorted(rows, key=lambda row: (row.start, row.id.zfill(20)))

    def _is_extension(self, number: str | None) -> bool:
        return number is not None and self._extension.search(number) is not None

    def _is_outside(self, row: CdrRow) -> bool:
        """Whether it dialled somebody who is not of the company."""
        digits = sum(map(str.isdecimal, row.dst or ""))
        is_number = digits >= _OUTSIDE_DIGITS and not self._is_extension(row.dst)
        return not row.is_app and (row.is_to_trunk or is_number)

    def _direction(self, rows: Sequence[CdrRow]) -> Direction:
        entry = rows[0]
        if any(row.did for row in rows) or entry.is_from_trunk:
            return Direction.IN
        if not self._is_extension(entry.src):
            return Direction.OUT if any(row.is_to_trunk for row in rows) else Direction.IN
        is_out = any(self._is_outside(row) and row.src == entry.src for row in rows)
        return Direction.OUT if is_out else Direction.INTERNAL

    def _client(self, rows: Sequence[CdrRow], direction: Direction) -> str | None:
        if direction is Direction.OUT:
            return next((row.dst for row in rows if self._is_outside(row)), rows[0].dst)
        return rows[0].src

    def _decisive(self, attempts: Sequence[CdrRow], direction: Direction) -> CdrRow:
        """The attempt that names a call in which nobody talked."""
        if direction is not Direction.IN:
            return attempts[-1]
        ranks = {status: rank for rank, status in enumerate(_RANKS)}
        return min(attempts, key=lambda row: ranks.get(_status(row, direction), len(ranks)))

    def _fill_parties(
        self,
        facts: CallFacts,
        rows: Sequence[CdrRow],
        talks: Sequence[CdrRow],
        client: str | None,
    ) -> None:
        entry = rows[0]
        reached = talks[0] if talks else entry
        rang = [row.dst for row in rows if row.is_person and self._is_extension(row.dst)]
        if facts.direction is Direction.OUT:
            called = next((row for row in rows if row.dst == client), entry)
            facts.extension = entry.src if self._is_extension(entry.src) else None
            facts.caller = Party(entry.src_name, entry.src)
            facts.callee = Party(called.dst_name, client)
            return
        facts.rang = tuple(dict.fromkeys(one for one in rang if one))
        facts.caller = Party(entry.src_name, entry.src)
        if facts.direction is Direction.INTERNAL:
            facts.extension = entry.src
            facts.callee = Party(reached.dst_name, entry.dst)
            return
        facts.line = next((row.did for row in rows if row.did), None)
        facts.callee = Party(reached.dst_name if talks else None, facts.line)
        if talks:
            facts.extension = reached.src if reached.dst == client else reached.dst


def _status(row: CdrRow, direction: Direction) -> Status:
    return fitting_status(_STATUSES.get(row.word, Status.UNKNOWN_ERROR), direction)


def _recording(linkedid: str, talks: Sequence[CdrRow]) -> str | None:
    """How the PBX is asked for the longest recorded talk: its addresses live for an hour."""
    recorded = [row for row in talks if row.has_recording]
    if not recorded:
        return None
    longest = max(recorded, key=lambda row: row.billsec)
    return f"{RECORDING_REFERENCE}{linkedid}/{longest.id}"
