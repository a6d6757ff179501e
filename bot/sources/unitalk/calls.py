"""What UniTalk says of a call: in an event (CALL_NEW, …, CALL_END) and in its history.

The states are those of its documentation. Which state means what for a call that came in and for
one that went out is our reading; the state itself stays in `raw_status`. Both ways to a call name
it by `dbid`: the `id` of an event is a random number, so an event without `dbid` is refused. In
history `id` counts where there is no `dbid`.
"""

from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.clock import Clock
from bot.domain.phones import NumberPlan
from bot.sources.base import NAME_LIMIT
from bot.sources.rows import Row
from bot.sources.statuses import fitting_status
from bot.sources.times import LocalTime

_DIRECTIONS = {
    "IN": Direction.IN,
    "OUT": Direction.OUT,
    "INNER": Direction.INTERNAL,
    "INTERNAL": Direction.INTERNAL,
}

_STATUSES = {
    "ANSWER": Status.ANSWERED,
    "BUSY": Status.REJECTED_BY_SUBSCRIBER,
    "NOANSWER": Status.NO_ANSWER,
    "CANCEL": Status.CANCELLED_BY_OPERATOR,
    "CHANUNAVAIL": Status.UNREACHABLE,
    "UNREACHABLE": Status.UNREACHABLE,
    "NOT_EXIST": Status.UNREACHABLE,
    "WRONGDIR": Status.UNREACHABLE,
    "BUSYOUT": Status.NO_CHANNELS,
    "FAIL": Status.UNKNOWN_ERROR,
    "NOMONEY": Status.UNKNOWN_ERROR,
    "BLOCKED": Status.UNKNOWN_ERROR,
}
"""Of calls that went out; `fitting_status` makes those of calls that came in of them."""

_NETWORK_CAUSES = frozenset({38, 41, 102})
"""Of Q.850: the network, not a person, ended the talk."""

_CLIENT_DIGITS = 7
"""Digits of a number that is no line of ours: `to` of an outgoing call may hold both."""

END = "CALL_END"


class UnitalkReader:
    """Makes statements about the calls of one source."""

    def __init__(self, source: str, numbers: NumberPlan, zone: LocalTime, clock: Clock) -> None:
        self._source = source
        self._numbers = numbers
        self._zone = zone
        self._clock = clock

    def read_call(self, row: Row) -> CallFacts:
        """What history says of a call. Raises ValueError."""
        return self._read(row, row.call_id("dbid", "id"), "")

    def read_event(self, row: Row, event: str) -> CallFacts:
        """What an event says of a call. Raises ValueError."""
        return self._read(row, row.call_id("dbid"), event)

    def _read(self, row: Row, external_id: str, event: str) -> CallFacts:
        direction = _DIRECTIONS.get((row.text("direction") or "").upper())
        if direction is None:
            raise ValueError("direction: expected IN, OUT or INNER")
        started_at = row.start("date", zone=self._zone, now=self._clock())
        state = row.text("state")
        full, talk = row.seconds("secondsFullTime"), row.seconds("secondsTalk")
        status = _status(state, event, direction, row.seconds("cause"), talk)
        facts = CallFacts(
            source=self._source,
            external_id=external_id,
            direction=direction,
            status=status,
            started_at=started_at,
            numbers=self._numbers,
            raw_status=state,
            line=row.text("outerNumber") if direction is not Direction.INTERNAL else None,
            queue=row.text("lastGroupName"),
        )
        if not status.is_live and full is not None:
            facts.talk, facts.wait = talk, max(0, full - (talk or 0))
            facts.ended_at = started_at + full
            if talk and status in {Status.ANSWERED, Status.NETWORK_ERROR}:
                facts.answered_at = started_at + facts.wait
        if facts.answered_at or status is Status.ANSWERED:
            facts.recording_url = row.address("link")
        self._fill_parties(facts, row)
        return facts

    def _fill_parties(self, facts: CallFacts, row: Row) -> None:
        caller, to = row.text("from"), row.texts("to")
        if facts.direction is Direction.IN:
            facts.caller = Party(row.text("fromName", limit=NAME_LIMIT), caller)
            facts.callee = Party(None, facts.line)
            facts.rang = to
            if len(to) == 1 and (facts.answered_at or facts.status is Status.ANSWERED):
                facts.extension = to[0]
            return
        facts.caller, facts.extension = Party(None, caller), caller
        if facts.direction is Direction.INTERNAL:
            facts.rang, called = to, to[0] if to else None
        else:
            outside = [one for one in to if sum(map(str.isdecimal, one)) >= _CLIENT_DIGITS]
            called = next(iter(outside or to), None)
        facts.callee = Party(None, called)


def _status(
    state: str | None, event: str, direction: Direction, cause: int | None, talk: int | None
) -> Status:
    word = (state or "").upper()
    if event != END and (event or word in {"", "DIALING"}):
        is_through = event in {"CALL_REDIRECT", "CALL_ANSWER"} and direction is Direction.IN
        return Status.CONNECTING_OPERATOR if is_through else Status.RINGING
    if word == "ANSWER" and cause in _NETWORK_CAUSES and talk:
        return Status.NETWORK_ERROR
    return fitting_status(_STATUSES.get(word, Status.UNKNOWN_ERROR), direction)
