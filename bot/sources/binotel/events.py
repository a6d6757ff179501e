"""What Binotel posts: forms, whose `requestType` says what they are. Nothing signs them.

    receivedTheCall      it rings             answeredTheCall    an employee took it
    transferredTheCall   another is rung      hangupTheCall      how it ended, how long it was
    apiCallCompleted     the whole record     apiCallSettings    asks who calls, tells nothing

Live events have no time: it is when they came. Only the record says which way a transferred or
ended call went; until then that is remembered.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.clock import Clock
from bot.domain.phones import NumberPlan
from bot.sources.base import Reading, rejected
from bot.sources.binotel.records import (
    direction_of,
    id_of,
    is_no_call,
    number_of,
    read_record,
    status_of,
    text_of,
)
from bot.sources.recent import Recent

_LIVE = {"receivedTheCall", "answeredTheCall", "transferredTheCall", "hangupTheCall"}


@dataclass(frozen=True, slots=True)
class Heard:
    direction: Direction
    started_at: int


class Events:
    """Reads events; remembers of a call what its later ones do not say."""

    def __init__(self, source: str, *, numbers: NumberPlan, clock: Clock) -> None:
        self._source = source
        self._numbers = numbers
        self._clock = clock
        self._heard: Recent[Heard] = Recent()

    def read(self, form: Mapping[str, object], body: str) -> list[Reading]:
        """`body` is what was posted, for a Reject."""
        kind = text_of(form.get("requestType"))
        details = form.get("callDetails")
        if isinstance(details, Mapping):
            return self._read_record(details, body)
        if kind not in _LIVE:
            return []
        if (text_of(form.get("attemptsCounter")) or "1") != "1":
            return []  # posted again, later: it does not tell of now
        external_id = id_of(form)
        if external_id is None:
            return [rejected(0, ["generalCallID: expected the id of a call"], body)]
        return self._read_live(kind, external_id, form)

    def _read_record(self, details: Mapping[str, object], body: str) -> list[Reading]:
        if is_no_call(details):
            return []
        try:
            facts = read_record(
                details, source=self._source, numbers=self._numbers, clock=self._clock
            )
        except ValueError as error:
            return [rejected(0, [str(error)], body)]
        return [facts]

    def _read_live(self, kind: str, external_id: str, form: Mapping[str, object]) -> list[Reading]:
        now = self._clock()
        heard = self._heard.find(external_id)
        direction = direction_of(form) or (heard.direction if heard else None)
        if direction is None:
            return []  # its record says all of it
        if heard is None:
            heard = Heard(direction, now)
            self._heard.note(external_id, heard)
        is_in = direction is Direction.IN
        internal = number_of(form)
        client = Party(number=text_of(form.get("externalNumber")))
        status, raw_status, talk = Status.RINGING, None, None
        if kind == "hangupTheCall":
            raw_status = (text_of(form.get("disposition")) or "").upper()
            status = status_of(raw_status, direction)
            billed = text_of(form.get("billsec")) or ""
            is_talk = status is Status.ANSWERED
            talk = int(billed) if is_talk and billed.isascii() and billed.isdecimal() else None
        elif kind != "receivedTheCall" and is_in:
            status = Status.CONNECTING_OPERATOR
        is_answer = kind == "answeredTheCall"
        line = next(
            filter(None, (text_of(form.get(name)) for name in ("pbxNumber", "didNumber", "did"))),
            None,
        )
        return [
            CallFacts(
                source=self._source,
                external_id=external_id,
                direction=direction,
                status=status,
                raw_status=raw_status or None,
                started_at=heard.started_at,
                numbers=self._numbers,
                caller=client if is_in else Party(number=internal),
                callee=Party() if is_in else client,
                line=line,
                extension=internal if is_answer or not is_in else None,
                rang=(internal,) if internal and is_in else (),
                answered_at=now if is_answer else None,
                ended_at=None if status.is_live else now,
                talk=talk,
                by_arrival=frozenset({"started_at", "answered_at", "ended_at"}),
            )
        ]
