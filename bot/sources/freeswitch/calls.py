"""FreeSWITCH and FusionPBX: the records of mod_json_cdr as statements about whole calls.

- A call is the leg that somebody made to FreeSWITCH; its uuid is the id. The legs that FreeSWITCH
  made for it (`originating_leg_uuid`, `originator`, `call_uuid`; of a queue's agent
  `cc_member_session_uuid`) tell only who was rung, as long as the call lasts: one phone that does
  not answer says nothing of the others. Without them (`log-b-leg` false) the call is the same, but
  for who was rung.
- It was a talk if the leg was connected with another one (`bridge_uuid`): what an IVR, a queue or
  voicemail answers is missed.
- Which way it went is `call_direction` (FusionPBX), else who made it: a registered user
  (`sip_auth_username`) calls out, or another extension; anybody else calls in.
- Who hung up is `sip_hangup_disposition`: of the caller's leg `recv_bye` means the caller,
  `send_bye` after a talk the other one.
"""

import re
from urllib.parse import quote
from zoneinfo import ZoneInfo

from bot.config.sources import FreeSwitchSettings
from bot.domain.calls import CallFacts, Direction, EndedBy, Party, Status
from bot.domain.clock import AHEAD_LIMIT, Clock, system_clock
from bot.sources.base import (
    FIRST_YEAR,
    ID_LIMIT,
    NAME_LIMIT,
    TEXT_LIMIT,
    TOO_FAR_AHEAD,
    Reading,
    clean_text,
    has_control,
    rejected,
)
from bot.sources.freeswitch.legs import Leg, read_records, user_of
from bot.sources.posted import decode_text
from bot.sources.statuses import fitting_status
from bot.sources.times import LocalTime

_STATUSES = {
    **dict.fromkeys(
        (
            *("SUBSCRIBER_ABSENT", "USER_NOT_REGISTERED", "UNALLOCATED_NUMBER"),
            *("NO_ROUTE_DESTINATION", "DESTINATION_OUT_OF_ORDER", "NO_USER_RESPONSE"),
            *("GATEWAY_DOWN", "INVALID_NUMBER_FORMAT", "NUMBER_CHANGED"),
        ),
        Status.UNREACHABLE,
    ),
    **dict.fromkeys(("USER_BUSY", "CALL_REJECTED"), Status.REJECTED_BY_SUBSCRIBER),
    **dict.fromkeys(
        ("NO_ANSWER", "ALLOTTED_TIMEOUT", "PROGRESS_TIMEOUT", "PICKED_OFF"), Status.NO_ANSWER
    ),
    "ORIGINATOR_CANCEL": Status.CANCELLED_BY_OPERATOR,
    **dict.fromkeys(
        (
            *("NORMAL_CIRCUIT_CONGESTION", "SWITCH_CONGESTION", "REQUESTED_CHAN_UNAVAIL"),
            "USER_CHALLENGE",
        ),
        Status.NO_CHANNELS,
    ),
}
"""Of a call in which nobody talked; any other cause is an error, or a caller who gave up."""

_NO_ERRORS = {"NORMAL_CLEARING", "SUCCESS", "NONE", "LOSE_RACE", "ATTENDED_TRANSFER", None}
_BROKEN = {
    *("NETWORK_OUT_OF_ORDER", "NORMAL_TEMPORARY_FAILURE", "MEDIA_TIMEOUT"),
    "RECOVERY_ON_TIMER_EXPIRE",
}
"""Causes that end a talk which nobody wanted to end."""

_BY_SYSTEM = {*_BROKEN, "ALLOTTED_TIMEOUT", "SYSTEM_SHUTDOWN", "MANAGER_REQUEST"}


class FreeSwitchSource:
    """Reads what mod_json_cdr posts. Is a HookSource."""

    def __init__(
        self, name: str, settings: FreeSwitchSettings, *, clock: Clock = system_clock
    ) -> None:
        self._name = name
        self._encoding = settings.encoding
        self._numbers = settings.number_plan
        self._zone = LocalTime(ZoneInfo(settings.timezone))
        self._is_extension = re.compile(settings.extension_pattern).search
        self._recordings_url = settings.recordings_url.rstrip("/")
        self._clock = clock

    @property
    def name(self) -> str:
        return self._name

    def read_hook(self, body: bytes, content_type: str) -> list[Reading]:
        text = decode_text(body, self._encoding)
        try:
            records = read_records(body, content_type, self._encoding)
        except ValueError as error:
            return [rejected(0, [str(error)], text)]
        readings: list[Reading] = []
        for place, record in enumerate(records):
            try:
                readings.append(self._read(Leg(record, self._zone)))
            except ValueError as error:
                readings.append(rejected(place, [str(error)], text))
        return readings

    def _read(self, leg: Leg) -> CallFacts:
        """Raises ValueError with what is wrong."""
        uuid = leg.parent or leg.uuid
        if uuid is None:
            raise ValueError("uuid: is missing")
        if len(uuid) > ID_LIMIT or has_control(uuid):
            raise ValueError(f"uuid: expected text of up to {ID_LIMIT} characters")
        started_at = leg.moment("start")
        if started_at is None or started_at < (FIRST_YEAR - 1970) * 365 * 86400:
            raise ValueError("start_epoch: is missing, or is no time")
        if started_at > self._clock() + AHEAD_LIMIT:
            raise ValueError(f"start_epoch: {TOO_FAR_AHEAD}")
        if leg.parent is not None:
            return self._rung(leg, uuid, started_at)
        return self._whole(leg, uuid, started_at)

    def _rung(self, leg: Leg, uuid: str, started_at: int) -> CallFacts:
        """A leg that FreeSWITCH made: whom it rang, and who answered."""
        caller = _text(leg.profile("caller_id_number") or leg.get("caller_id_number"))
        number = self._rung_extension(leg) or _text(leg.profile("destination_number"))
        is_inside = self._is(number)
        direction = _said_direction(leg)
        if direction is None and is_inside:
            direction = Direction.INTERNAL if self._is(caller) else Direction.IN
        direction = direction or Direction.OUT
        is_out = direction is Direction.OUT
        return CallFacts(
            source=self._name,
            external_id=uuid,
            direction=direction,
            status=Status.RINGING if is_out else Status.CONNECTING_OPERATOR,
            started_at=started_at,
            numbers=self._numbers,
            caller=Party() if is_out else Party(number=caller),
            callee=Party(number=number) if is_out else Party(),
            rang=(number,) if number and is_inside and not is_out else (),
            queue=_text(user_of(leg.get("cc_queue"))),
        )

    def _whole(self, leg: Leg, uuid: str, started_at: int) -> CallFacts:
        """The leg that somebody made: all of the call but who was rung."""
        user = _text(leg.get("sip_auth_username", "user_name"))
        number = _text(leg.profile("caller_id_number", first=True) or leg.get("caller_id_number"))
        name = leg.profile("caller_id_name", first=True) or leg.get("caller_id_name") or ""
        dialled = _text(
            leg.get("caller_destination")
            or leg.profile("destination_number", first=True)
            or leg.get("destination_number")
        )
        if leg.is_outbound and self._is(dialled):
            # Somebody had FreeSWITCH ring our phone first, and then the one that was wanted.
            user, dialled = dialled, _text(leg.get("last_sent_callee_id_number"))
        direction = _said_direction(leg)
        if direction is None:
            is_ours = user is not None or self._is(number)
            inside = Direction.INTERNAL if self._is(dialled) else Direction.OUT
            direction = inside if is_ours else Direction.IN
        is_in = direction is Direction.IN
        has_talked = bool(leg.get("bridge_uuid", "last_bridge_to")) and bool(leg.first_bridged)
        cause = _cause(leg, is_in=is_in)
        extension = self._talked_extension(leg) if is_in and has_talked else None
        if not is_in:
            extension = next((one for one in (user, number) if self._is(one)), user)
        caller = Party(clean_text(name, NAME_LIMIT) if name != number else None, number)
        if not is_in:
            caller = Party(caller.name, extension or number)
        answered_at, ended_at = leg.first_bridged, leg.moment("end")
        return CallFacts(
            source=self._name,
            external_id=uuid,
            direction=direction,
            status=_status(leg, cause, direction, has_talked=has_talked),
            raw_status=_text(cause),
            started_at=started_at,
            numbers=self._numbers,
            caller=caller,
            callee=Party(number=(extension or dialled) if is_in else dialled),
            line=dialled if is_in else None,
            queue=_text(user_of(leg.get("cc_queue"))),
            extension=extension,
            rang=(extension,) if is_in and extension else (),
            answered_at=max(started_at, answered_at) if has_talked and answered_at else None,
            ended_at=max(started_at, ended_at) if ended_at else None,
            wait=None if ended_at else leg.seconds("waitsec"),
            talk=None if ended_at else leg.seconds("billsec"),
            ended_by=_ended_by(leg, has_talked=has_talked),
            recording_url=self._recording(leg),
        )

    def _is(self, number: str | None) -> bool:
        return number is not None and bool(self._is_extension(number))

    def _rung_extension(self, leg: Leg) -> str | None:
        told = (leg.get("dialed_user"), leg.profile("destination_number"), leg.get("cc_agent"))
        channel = user_of(leg.get("channel_name") or leg.profile("chan_name"))
        candidates = [_text(user_of(one)) for one in (*told, channel)]
        return next((one for one in candidates if self._is(one)), None)

    def _talked_extension(self, leg: Leg) -> str | None:
        channel = leg.get("bridge_channel", "last_bridge_channel")
        told = (leg.get("cc_agent"), channel, leg.get("last_sent_callee_id_number", "dialed_user"))
        candidates = [_text(user_of(one)) for one in told]
        return next((one for one in candidates if self._is(one)), None)

    def _recording(self, leg: Leg) -> str | None:
        """Where RECORDINGS_URL has the file that lies somewhere under `recordings/`."""
        folder, file = leg.get("record_path"), leg.get("record_name")
        path = "/".join(filter(None, (folder, file)))
        _, _, inner = path.rpartition("/recordings/")
        if not self._recordings_url or not inner:
            return None
        return f"{self._recordings_url}/{quote(inner)}"


def _text(written: str | None) -> str | None:
    return clean_text(written, TEXT_LIMIT) if written else None


def _said_direction(leg: Leg) -> Direction | None:
    said = {"inbound": Direction.IN, "outbound": Direction.OUT, "local": Direction.INTERNAL}
    return said.get(leg.get("call_direction") or "")


def _cause(leg: Leg, *, is_in: bool) -> str | None:
    """Why nobody talked, or why the talk ended: of a call out, what the other side said."""
    own = leg.get("hangup_cause")
    others = leg.get("last_bridge_hangup_cause", "bridge_hangup_cause", "originate_disposition")
    if own == "ORIGINATOR_CANCEL" or others in _NO_ERRORS:
        return own
    is_told_better = (
        own in _NO_ERRORS or not is_in or _STATUSES.get(others or "") is Status.UNREACHABLE
    )
    return others if is_told_better else own


def _status(leg: Leg, cause: str | None, direction: Direction, *, has_talked: bool) -> Status:
    if has_talked:
        is_broken = leg.get("hangup_cause") in _BROKEN
        return Status.NETWORK_ERROR if is_broken else Status.ANSWERED
    if cause in _NO_ERRORS:
        gave_up = (leg.get("sip_hangup_disposition") or "").startswith("recv_")
        status = Status.CANCELLED_BY_OPERATOR if gave_up else Status.NO_ANSWER
    else:
        status = _STATUSES.get(cause or "", Status.UNKNOWN_ERROR)
    return fitting_status(status, direction)


def _ended_by(leg: Leg, *, has_talked: bool) -> EndedBy | None:
    if leg.get("hangup_cause") in _BY_SYSTEM:
        return EndedBy.SYSTEM
    match leg.get("sip_hangup_disposition"):
        case "recv_bye" | "recv_cancel":
            return EndedBy.CALLER
        case "send_bye":
            return EndedBy.CALLEE if has_talked else EndedBy.SYSTEM
    return None
