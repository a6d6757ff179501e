"""What Zadarma posts while calls go on: NOTIFY_* events, forms, each signed over some fields.

    incoming: START, INTERNAL (an extension is rung), ANSWER, END      outgoing: OUT_START, OUT_END
    RECORD: a recording is there                                       IVR: a menu goes on

All events of a call have its `pbx_call_id`. None tells when somebody answered, or when the call
ended: that is measured by when the events come, on one clock, and added to `call_start`.
`duration` does not say whether it has the ringing in it; a call cannot have ended after its end
was told, which decides it.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.clock import AHEAD_LIMIT, Clock
from bot.domain.phones import NumberPlan
from bot.sources.base import TOO_FAR_AHEAD, Reading, rejected
from bot.sources.recent import Recent
from bot.sources.times import LocalTime
from bot.sources.zadarma.client import sign
from bot.sources.zadarma.words import (
    direction_of,
    extension_of,
    id_of,
    is_true,
    outside_number,
    recording_of,
    status_of,
    text_of,
)

_OF_INCOMING = ("caller_id", "called_did", "call_start")
_OF_OUTGOING = ("internal", "destination", "call_start")
SIGNED = {
    "NOTIFY_START": _OF_INCOMING,
    "NOTIFY_IVR": _OF_INCOMING,
    "NOTIFY_INTERNAL": _OF_INCOMING,
    "NOTIFY_END": _OF_INCOMING,
    "NOTIFY_ANSWER": ("caller_id", "destination", "call_start"),
    "NOTIFY_OUT_START": _OF_OUTGOING,
    "NOTIFY_OUT_END": _OF_OUTGOING,
    "NOTIFY_RECORD": ("pbx_call_id", "call_id_with_rec"),
}
"""Over which fields each event is signed. Others, of SMS and the like, are passed over."""

_LONGEST_RINGING = 1800
"""Seconds before an event within which its call began, but for its talk."""

_LATEST = 600
"""Seconds by which an end told by an unknown call may differ from its own times."""

_LONGEST_TALK = 7 * 86400


@dataclass(frozen=True, slots=True)
class Heard:
    """Of one call: its start by Zadarma's clock, and when its events came, by ours."""

    direction: Direction
    started_at: int
    start_came: int | None = None
    answer_came: int | None = None

    def waited(self) -> int | None:
        if self.start_came is None or self.answer_came is None:
            return None
        return max(0, self.answer_came - self.start_came)


def is_signed(form: Mapping[str, object], signature: str, secret: str) -> bool:
    """Whether an event is signed with this secret; an unknown event says nothing anyway."""
    fields = SIGNED.get(str(form.get("event")))
    if fields is None:
        return True
    expected = sign("".join(str(form.get(name) or "") for name in fields), secret)
    return hmac.compare_digest(signature.encode("utf-8", "replace"), expected.encode())


class Events:
    """Reads events; remembers of a call what its later ones do not say."""

    def __init__(self, source: str, *, numbers: NumberPlan, time: LocalTime, clock: Clock) -> None:
        self._source = source
        self._numbers = numbers
        self._time = time
        self._clock = clock
        self._heard: Recent[Heard] = Recent()

    def read(self, form: Mapping[str, object], body: str) -> list[Reading]:
        """`body` is what was posted, for a Reject."""
        event = str(form.get("event"))
        if event not in SIGNED:
            return []
        external_id = id_of(form.get("pbx_call_id"))
        if external_id is None:
            return [rejected(0, ["pbx_call_id: expected the id of a call"], body)]
        if event == "NOTIFY_RECORD":
            return self._read_record(external_id)
        now = self._clock()
        talk = _seconds(form.get("duration"))
        try:
            written = str(form.get("call_start")).strip()
            started_at = self._time.parse(written, after=now - _LONGEST_RINGING - (talk or 0))
        except ValueError:
            return [rejected(0, ["call_start: expected a time like 2026-11-22 21:31:36"], body)]
        if started_at > now + AHEAD_LIMIT:
            return [rejected(0, [f"call_start: {TOO_FAR_AHEAD}"], body)]
        statement = self._common(form, event, external_id, started_at)
        heard = self._heard.find(external_id) or Heard(statement.direction, started_at)
        match event:
            case "NOTIFY_START" | "NOTIFY_OUT_START":
                if heard.start_came is None:
                    heard = replace(heard, started_at=started_at, start_came=now)
            case "NOTIFY_INTERNAL":
                statement = replace(statement, status=Status.CONNECTING_OPERATOR)
            case "NOTIFY_ANSWER":
                heard = replace(heard, answer_came=heard.answer_came or now)
                statement = self._answered(statement, heard, now)
            case "NOTIFY_END" | "NOTIFY_OUT_END":
                statement = self._ended(statement, form, heard, talk or 0, now)
        self._heard.note(external_id, heard)
        return [statement]

    def _common(
        self, form: Mapping[str, object], event: str, external_id: str, started_at: int
    ) -> CallFacts:
        """What any event of a call says of it: whose it is, and that it rings."""
        internal, destination = text_of(form.get("internal")), text_of(form.get("destination"))
        caller, did = text_of(form.get("caller_id")), text_of(form.get("called_did"))
        is_out = "_OUT_" in event or direction_of(external_id) is Direction.OUT
        facts = CallFacts(
            source=self._source,
            external_id=external_id,
            direction=Direction.IN,
            status=Status.RINGING,
            started_at=started_at,
            numbers=self._numbers,
        )
        if not is_out:
            return replace(
                facts,
                caller=Party(number=caller),
                callee=Party(number=did),
                line=did,
                rang=(internal,) if internal else (),
            )
        is_inside = extension_of(destination) is not None
        return replace(
            facts,
            direction=Direction.INTERNAL if is_inside else Direction.OUT,
            caller=Party(number=internal or extension_of(caller)),
            callee=Party(number=destination),
            line=None if is_inside else outside_number(caller),
            extension=internal or extension_of(caller),
            rang=(destination,) if is_inside and destination else (),
        )

    def _answered(self, statement: CallFacts, heard: Heard, now: int) -> CallFacts:
        wait = heard.waited()
        if wait is None and 0 <= now - statement.started_at <= _LONGEST_RINGING:
            wait = now - statement.started_at
        is_in = statement.direction is Direction.IN
        return replace(
            statement,
            status=Status.CONNECTING_OPERATOR if is_in else Status.RINGING,
            extension=next(iter(statement.rang), None) if is_in else statement.extension,
            answered_at=None if wait is None else statement.started_at + wait,
        )

    def _ended(
        self, said: CallFacts, form: Mapping[str, object], heard: Heard, talk: int, now: int
    ) -> CallFacts:
        disposition = text_of(form.get("disposition")) or ""
        last = text_of(form.get("last_internal"))
        who = last or next(iter(said.rang), None)
        is_in = said.direction is Direction.IN
        is_answered = disposition.lower() == "answered"
        is_unknown_who = is_answered and is_in and who is None and heard.answer_came is None
        is_talk = is_answered and not is_unknown_who
        wait = heard.waited() if is_talk else None
        lasted = None if heard.start_came is None else max(0, now - heard.start_came)
        if lasted is None and 0 <= now - said.started_at - talk <= _LATEST:
            lasted = now - said.started_at
        if wait is not None:
            lasted = max(wait, wait + talk if lasted is None else min(wait + talk, lasted))
        elif lasted is None and not is_talk and talk:
            lasted = talk
        return replace(
            said,
            status=status_of(
                disposition,
                text_of(form.get("status_code")) or "",
                said.direction,
                is_talk=is_talk,
            ),
            raw_status=disposition or None,
            extension=(who if is_talk else None) if is_in else said.extension,
            rang=tuple(dict.fromkeys((*said.rang, *([last] if last else [])))),
            answered_at=None if wait is None else said.started_at + wait,
            ended_at=None if lasted is None else said.started_at + lasted,
            talk=talk if is_talk else None,
            recording_url=recording_of(said.external_id) if _is_recorded(form) else None,
            updated_at=None if is_unknown_who else now,
        )

    def _read_record(self, external_id: str) -> list[Reading]:
        """That there is a recording, if the call is known; else the statistics tell of it."""
        heard = self._heard.find(external_id)
        if heard is None:
            return []
        return [
            CallFacts(
                source=self._source,
                external_id=external_id,
                direction=heard.direction,
                status=Status.RINGING,  # says least: what is known of the call stays
                started_at=heard.started_at,
                numbers=self._numbers,
                recording_url=recording_of(external_id),
            )
        ]


def _is_recorded(form: Mapping[str, object]) -> bool:
    return is_true(form.get("is_recorded")) or bool(text_of(form.get("call_id_with_rec")))


def _seconds(value: object) -> int | None:
    written = text_of(value) or ""
    seconds = int(written) if written.isascii() and written.isdecimal() else None
    return None if seconds is None or seconds > _LONGEST_TALK else seconds
