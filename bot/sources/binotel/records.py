"""What a call is in Binotel's history, and in the webhook of its end: one record, two shapes.

The newer has objects, `employeeData`, `pbxNumberData`, `historyData` (whom it rang, in turn); the
older flat fields, `employeeName`, `didNumber`, `dstNumbers`. Numbers may be written as texts; an
object without anything may be "", null or []. `startTime` is Unix seconds, UTC. The record says
no price, and `whoHungUp` has been empty wherever it was seen.
"""

from collections.abc import Mapping

from bot.domain.calls import RECORDING_REFERENCE, CallFacts, Direction, Party, Status
from bot.domain.clock import AHEAD_LIMIT, Clock
from bot.domain.phones import NumberPlan
from bot.sources.base import (
    ID_LIMIT,
    NAME_LIMIT,
    TEXT_LIMIT,
    TOO_FAR_AHEAD,
    clean_text,
    has_control,
)

_IN, _OUT = "0", "1"
_EARLIEST, _LONGEST = 946684800, 7 * 86400

_TALKS = {"ANSWER", "TRANSFER"}
_LIVE = {"ONLINE", "CALLING"}
_NO_CALLS = {"SMS-SENDING", "SMS-SUCCESS", "SMS-FAILED", "SUCCESS", "FAILED"}
"""Of SMS and of faxes."""

_STATUSES_IN = {
    "BUSY": Status.MISSED,
    "NOANSWER": Status.MISSED,
    "CANCEL": Status.MISSED,
    "VM": Status.MISSED,
    "VM-SUCCESS": Status.MISSED,
    "CHANUNAVAIL": Status.MISSED_OFFLINE,
    "CONGESTION": Status.NO_CHANNELS,
}
_STATUSES_OUT = {
    "BUSY": Status.REJECTED_BY_SUBSCRIBER,
    "NOANSWER": Status.NO_ANSWER,
    "CANCEL": Status.CANCELLED_BY_OPERATOR,
    "CHANUNAVAIL": Status.UNREACHABLE,
    "CONGESTION": Status.NO_CHANNELS,
}
_IS_RECORDED = {None, "uploading", "uploaded"}
_WITH_SOUND = {*_TALKS, "VM-SUCCESS"}


def status_of(disposition: str, direction: Direction) -> Status:
    """An unknown word is an unknown error; it stands in `raw_status`."""
    if disposition in _TALKS:
        return Status.ANSWERED
    if disposition in _LIVE:
        return Status.RINGING
    words = _STATUSES_IN if direction is Direction.IN else _STATUSES_OUT
    return words.get(disposition, Status.UNKNOWN_ERROR)


def direction_of(record: Mapping[str, object]) -> Direction | None:
    return {_IN: Direction.IN, _OUT: Direction.OUT}.get(text_of(record.get("callType")) or "")


def is_no_call(record: Mapping[str, object]) -> bool:
    """Whether the record is of an SMS or a fax."""
    return _disposition(record) in _NO_CALLS or bool(text_of(record.get("smsContent")))


def id_of(record: Mapping[str, object], key: object = None) -> str | None:
    """The id of the call; `key`: under which the record stood. None: no id, or a broken one."""
    value = record.get("generalCallID") or key
    written = str(value).strip() if isinstance(value, str | int) else ""
    is_fit = written and len(written) <= ID_LIMIT and not has_control(written)
    return written if is_fit else None


def read_record(
    record: Mapping[str, object],
    key: object = None,
    *,
    source: str,
    numbers: NumberPlan,
    clock: Clock,
) -> CallFacts:
    """What the record says of its call. Raises ValueError with what is wrong."""
    external_id, direction = id_of(record, key), direction_of(record)
    started_at = _whole(record.get("startTime"))
    if external_id is None:
        raise ValueError("generalCallID: expected the id of a call")
    if direction is None:
        raise ValueError("callType: expected 0 or 1")
    if started_at is None or started_at < _EARLIEST:
        raise ValueError("startTime: expected Unix seconds")
    if started_at > clock() + AHEAD_LIMIT:
        raise ValueError(f"startTime: {TOO_FAR_AHEAD}")
    disposition = _disposition(record)
    status = status_of(disposition, direction)
    is_talk, is_in = status is Status.ANSWERED, direction is Direction.IN
    wait, talk = _seconds(record.get("waitsec")), _seconds(record.get("billsec"))
    rang = _rang(record) if is_in else ()
    who = _who_talked(record) if is_talk or not is_in else None
    line = _line(record)
    client = Party(_client_name(record), text_of(record.get("externalNumber")))
    ours = Party(_employee_name(record) if who else None, who or (line if is_in else None))
    is_over = not status.is_live
    return CallFacts(
        source=source,
        external_id=external_id,
        direction=direction,
        status=status,
        raw_status=disposition or None,
        started_at=started_at,
        numbers=numbers,
        caller=client if is_in else ours,
        callee=ours if is_in else client,
        line=line,
        extension=who,
        rang=rang,
        answered_at=started_at + wait if is_talk and wait is not None else None,
        ended_at=started_at + (wait or 0) + (talk or 0) if is_over and wait is not None else None,
        wait=wait if is_over else None,
        talk=talk if is_talk else None,
        recording_url=(
            f"{RECORDING_REFERENCE}{external_id}"
            if disposition in _WITH_SOUND
            and (text_of(record.get("recordingStatus")) in _IS_RECORDED)
            else None
        ),
    )


def text_of(value: object, limit: int = TEXT_LIMIT) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return clean_text(str(value), limit)


def number_of(record: Mapping[str, object]) -> str | None:
    """The employee's extension, or the group's."""
    return text_of(record.get("internalNumber"))


def _disposition(record: Mapping[str, object]) -> str:
    return (text_of(record.get("disposition")) or "").upper()


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[object]:
    """A list, also one that PHP wrote as an object or as a single value."""
    if isinstance(value, Mapping):
        return list(value.values())
    if isinstance(value, list):
        return value
    return [value] if value else []


def _legs(record: Mapping[str, object]) -> list[Mapping[str, object]]:
    return [_object(leg) for leg in _list(record.get("historyData"))]


def _rang(record: Mapping[str, object]) -> tuple[str, ...]:
    rung = [number_of(leg) for leg in _legs(record)]
    rung += [
        text_of(_object(one).get("dstNumber")) or text_of(one)
        for one in _list(record.get("dstNumbers"))
    ]
    rung.append(number_of(record))
    return tuple(dict.fromkeys(one for one in rung if one))


def _who_talked(record: Mapping[str, object]) -> str | None:
    """The last who answered, or else whom the whole record names."""
    answered = [number_of(leg) for leg in _legs(record) if _disposition(leg) in _TALKS]
    return next((one for one in reversed(answered) if one), None) or number_of(record)


def _employee_name(record: Mapping[str, object]) -> str | None:
    name = _object(record.get("employeeData")).get("name") or record.get("employeeName")
    return text_of(name, NAME_LIMIT)


def _client_name(record: Mapping[str, object]) -> str | None:
    for field in ("customerData", "customerDataFromOutside"):
        name = text_of(_object(record.get(field)).get("name"), NAME_LIMIT)
        if name and any(char.isalpha() for char in name):
            return name
    return None


def _line(record: Mapping[str, object]) -> str | None:
    pbx = _object(record.get("pbxNumberData")).get("number")
    fields = ("didNumber", "did", "trunkNumber", "pbxNumber")
    return next(filter(None, map(text_of, (pbx, *map(record.get, fields)))), None)


def _whole(value: object) -> int | None:
    written = text_of(value) or ""
    is_whole = written.isascii() and written.isdecimal() and len(written) <= 12
    return int(written) if is_whole else None


def _seconds(value: object) -> int | None:
    seconds = _whole(value)
    return None if seconds is None or seconds > _LONGEST else seconds
