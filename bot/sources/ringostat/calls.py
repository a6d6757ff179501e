"""What Ringostat says of a call: in its call log, and in a webhook composed as the page says.

The names of the log are the vendor's; those of a webhook are chosen by whoever composes it, so all
are read everywhere. `uniqueid` of the log is `call_id` of a webhook. There is no official list of
dispositions: these are Asterisk's, those of the page "Description of call statuses" and those seen
by others; what they mean is our reading.
"""

import re

from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.clock import Clock
from bot.domain.phones import NumberPlan, bare_extension, shown_number
from bot.sources.base import NAME_LIMIT, clean_text
from bot.sources.rows import Row
from bot.sources.statuses import fitting_status
from bot.sources.times import LocalTime, channel_moment

_DIRECTIONS = (
    (Direction.INTERNAL, ("inter", "inner", "local", "внутр")),
    (Direction.OUT, ("out", "вих", "исх")),
    (Direction.IN, ("in", "callback", "вхід", "вход")),
)
"""By how `call_type` begins. A callback that a visitor asked for counts as incoming, as it does
for Ringostat."""

_ANSWERED = frozenset({"ANSWERED", "ANSWER", "PROPER", "REPEATED", "REPEAT", "REPEAT CALL"})
"""A target call and a repeated one are talks that Ringostat has looked at more closely."""

_STATUSES = {
    "NO ANSWER": Status.NO_ANSWER,
    "NOANSWER": Status.NO_ANSWER,
    "BUSY": Status.REJECTED_BY_SUBSCRIBER,
    "VOICEMAIL": Status.NO_ANSWER,
    "WRONG EXTENSION": Status.NO_ANSWER,
    "NO EXTENSION": Status.NO_ANSWER,
    "CANCEL": Status.CANCELLED_BY_OPERATOR,
    "CANCELLED": Status.CANCELLED_BY_OPERATOR,
    "CHANUNAVAIL": Status.UNREACHABLE,
    "CONGESTION": Status.NO_CHANNELS,
    "FAILED": Status.UNKNOWN_ERROR,
}
"""Of calls that went out; `fitting_status` makes those of calls that came in of them."""

_TALKS = frozenset({Status.ANSWERED, Status.UNKNOWN_ERROR})
"""In which seconds of talk are somebody's: an unheard-of disposition may be a talk. In all others
they are of a machine, or of our own leg of a callback."""

_LINE_DIGITS = 7
"""Digits of a number that is no extension."""

_PARTING = re.compile(r"[\s_-]+")
_NAMED = re.compile(r'\s*"?(?P<name>[^"<]*?)"?\s*<(?P<number>[^>]*)>\s*')


class RingostatReader:
    """Makes statements about the calls of one source."""

    def __init__(self, source: str, numbers: NumberPlan, zone: LocalTime, clock: Clock) -> None:
        self._source = source
        self._numbers = numbers
        self._zone = zone
        self._clock = clock

    def read_call(self, row: Row) -> CallFacts:
        """A call of the log, which is over. Raises ValueError."""
        return self._read(row, is_log=True)

    def read_event(self, row: Row) -> CallFacts:
        """What a webhook says, before, during or after a call. Raises ValueError."""
        return self._read(row, is_log=False)

    def _read(self, row: Row, *, is_log: bool) -> CallFacts:
        external_id = row.call_id("uniqueid", "call_id", "callid", "id")
        direction = _direction(row.text("call_type", "type", "direction"))
        started_at = row.start(
            *("calldate", "date", "call_date", "start"),
            zone=self._zone,
            now=self._clock(),
            after=channel_moment(external_id),
        )
        word = row.text("disposition", "status", "call_status")
        total = row.seconds("duration", "call_duration")
        wait = row.seconds("waittime", "waiting", "wait_time")
        talk = row.seconds("billsec", "dialog", "talk_time")
        status = _status(word, direction, total, talk, is_log=is_log)
        facts = CallFacts(
            source=self._source,
            external_id=external_id,
            direction=direction,
            status=status,
            started_at=started_at,
            numbers=self._numbers,
            raw_status=word,
        )
        if not status.is_live and (total, wait, talk) != (None, None, None):
            spoken = talk if status in _TALKS and talk else 0
            seconds = max(total or 0, (wait or 0) + (talk or 0))
            facts.ended_at = started_at + seconds
            facts.wait, facts.talk = seconds - spoken, spoken
            if spoken:
                facts.answered_at = facts.ended_at - spoken
        if status is Status.ANSWERED and str(row.get("has_recording")) not in {"0", "False"}:
            facts.recording_url = row.address("recording", "recording_wav", "record")
        self._fill_parties(facts, row)
        return facts

    def _fill_parties(self, facts: CallFacts, row: Row) -> None:
        written = row.text("caller", limit=2 * NAME_LIMIT)
        name, number = _named(written)
        number = row.text("caller_number") or number
        dialled = row.text("dst", "callee", "called")
        employee = row.text("employee_fio", "employee", limit=NAME_LIMIT)
        extension = row.text("additional_number", "extension")
        if facts.direction is Direction.IN:
            facts.line = dialled
            facts.caller = Party(name if name != number else None, number)
            facts.callee = Party(employee, dialled)
            if facts.status is Status.ANSWERED or facts.talk:
                talked = extension or row.text("connected_with")
                facts.extension = bare_extension(talked) if talked else None
            facts.rang = (facts.extension,) if facts.extension else ()
            return
        if facts.direction is Direction.OUT:
            is_line = number and extension and sum(map(str.isdecimal, number)) >= _LINE_DIGITS
            facts.line = row.text("outbound_number") or (number if is_line else None)
        facts.extension = extension or (bare_extension(number) if number else None)
        facts.caller = Party(employee or name, facts.extension)
        facts.callee = Party(None, dialled)


def _named(written: str | None) -> tuple[str | None, str | None]:
    """The name and the number of `"Support" <380671234567>`, or the number alone."""
    match = _NAMED.fullmatch(written or "")
    if match is None:
        return None, written
    number = clean_text(match["number"], NAME_LIMIT)
    return shown_number(clean_text(match["name"], NAME_LIMIT)), number


def _direction(written: str | None) -> Direction:
    word = (written or "").lower()
    for direction, beginnings in _DIRECTIONS:
        if word.startswith(beginnings):
            return direction
    raise ValueError("call_type: expected in or out")


def _status(
    written: str | None, direction: Direction, total: int | None, talk: int | None, *, is_log: bool
) -> Status:
    """What the log has is over. A webhook without a disposition tells of a call that begins.

    One "answered" without a talk: by an IVR, in the log; a webhook may be of when it is taken.
    """
    word = _PARTING.sub(" ", (written or "").upper()).strip()
    if word in _ANSWERED:
        if talk or (is_log and talk is None):
            return Status.ANSWERED
        if not is_log:
            return Status.CONNECTING_OPERATOR
        word = "NO ANSWER"
    if not word and not is_log and not total:
        return Status.RINGING
    if word.startswith("NO ANSWER"):
        word = "NO ANSWER"
    return fitting_status(_STATUSES.get(word, Status.UNKNOWN_ERROR), direction)
