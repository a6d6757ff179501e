"""What Zadarma's words mean: how a call ended, which way it went, what is an extension.

Its specification names the dispositions; `status_code` is a cause of Q.931, and only its hook
has it.
"""

import re

from bot.domain.calls import RECORDING_REFERENCE, Direction, Status
from bot.sources.base import ID_LIMIT, TEXT_LIMIT, clean_text, has_control

_EXTENSION = re.compile(r"\d{3}", re.ASCII)

_IN = {
    "busy": Status.MISSED,
    "cancel": Status.MISSED,
    "no answer": Status.MISSED,
    "failed": Status.MISSED,
    "line limit": Status.NO_CHANNELS,
}
_OUT = {
    "busy": Status.REJECTED_BY_SUBSCRIBER,
    "cancel": Status.CANCELLED_BY_OPERATOR,
    "no answer": Status.NO_ANSWER,
    "unallocated number": Status.UNREACHABLE,
    "line limit": Status.NO_CHANNELS,
}
_UNREACHABLE = {"1", "3", "18", "20", "27"}
_NO_CHANNELS = {"34", "42"}
_NETWORK = {"38", "41"}
_ABSENT = "20"


def status_of(disposition: str, code: str, direction: Direction, *, is_talk: bool) -> Status:
    """`is_talk`: a person answered, not only a menu or voicemail; `code`: "" if it is not said.

    What Zadarma calls answered and is no talk was missed if it came in.
    """
    word = disposition.lower().replace("call failed", "failed")
    if word == "answered":
        if not is_talk:
            return Status.MISSED
        return Status.NETWORK_ERROR if code in _NETWORK else Status.ANSWERED
    if direction is Direction.IN:
        if code == _ABSENT:
            return Status.MISSED_OFFLINE
        return _IN.get(word, Status.UNKNOWN_ERROR)
    if word == "failed" and code in _UNREACHABLE:
        return Status.UNREACHABLE
    if word == "failed" and code in _NO_CHANNELS:
        return Status.NO_CHANNELS
    return _OUT.get(word, Status.UNKNOWN_ERROR)


def direction_of(pbx_call_id: str) -> Direction | None:
    """Which way a call goes, by its id; None: the id does not say."""
    prefix = pbx_call_id.partition("_")[0]
    return {"in": Direction.IN, "out": Direction.OUT}.get(prefix)


def extension_of(number: str | None) -> str | None:
    """The number, if it is an extension: Zadarma's have three digits."""
    return number if number and _EXTENSION.fullmatch(number) else None


def outside_number(number: str | None) -> str | None:
    """The number, if it is none of an extension."""
    return None if extension_of(number) else number


def text_of(value: object) -> str | None:
    """A short text; numbers are texts too, and what is neither is None."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    return clean_text(str(value), TEXT_LIMIT)


def id_of(value: object) -> str | None:
    """The id of a call; None if it is none, or too long to be kept whole."""
    written = str(value).strip() if isinstance(value, str | int | float) else ""
    is_fit = written and len(written) <= ID_LIMIT and not has_control(written)
    return written if is_fit else None


def is_true(value: object) -> bool:
    return str(value).lower() in {"1", "true"}


def recording_of(external_id: str) -> str:
    """The same for a call of the hook and of the statistics: its id finds all its recordings."""
    return f"{RECORDING_REFERENCE}{external_id}"
