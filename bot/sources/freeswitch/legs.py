"""One record of mod_json_cdr: a leg of a call at its hangup, as FreeSWITCH writes it.

https://developer.signalwire.com/freeswitch/module-reference/event-handlers/mod_json_cdr/ says how
it is posted: as JSON, in the form field `cdr`, or there in base64. With `encode-values` (which is
on unless it is turned off) each value is percent-encoded. Names of variables are those that
FreeSWITCH and FusionPBX set; all of them may be missing.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote

from bot.sources.own.json_fields import load_json
from bot.sources.posted import decode_text, read_posted
from bot.sources.times import LocalTime

_PARTS = 10**6
_USER = re.compile(r"(?:^|/)(?:sip:)?([^/@:]+)@")


def read_records(body: bytes, content_type: str, encoding: str) -> list[object]:
    """The records of one request. Raises ValueError with what is wrong."""
    text = decode_text(body, encoding).strip()
    if "base64" in content_type.lower() or re.fullmatch(r"cdr=[\w+/\s]+={0,2}", text):
        try:
            packed = unquote(text.removeprefix("cdr="))
            posted = load_json(base64.b64decode(packed, validate=False).decode())
        except (binascii.Error, UnicodeDecodeError):
            raise ValueError("broken base64") from None
    else:
        posted = read_posted(body, content_type, encoding)
    if isinstance(posted, dict) and isinstance(posted.get("cdr"), str):
        posted = load_json(posted["cdr"])
    return posted if isinstance(posted, list) else [posted]


class Leg:
    """Its variables and the caller profiles it went through."""

    def __init__(self, record: object, zone: LocalTime) -> None:
        """Raises ValueError if it is none."""
        self._variables = _texts(record, "variables")
        if not self._variables:
            raise ValueError("variables: is missing; expected what mod_json_cdr posts")
        self._channel = _texts(record, "channel_data")
        self._flows = list(_flows(record))
        self._zone = zone

    def get(self, *names: str) -> str | None:
        """The first of these variables that is not blank."""
        return next((text for name in names if (text := self._variables.get(name))), None)

    @property
    def uuid(self) -> str | None:
        return self.get("uuid") or self.profile("uuid")

    @property
    def parent(self) -> str | None:
        """The leg that this one was made for: another phone's, or that of who waits in a queue."""
        parents = ("cc_member_session_uuid", "originating_leg_uuid", "originator", "call_uuid")
        for name in parents:
            uuid = self.get(name)
            if uuid and uuid != self.uuid:
                return uuid if self.is_outbound or name == parents[0] else None
        return None

    @property
    def is_outbound(self) -> bool:
        """Whether FreeSWITCH made it; a leg that somebody made to FreeSWITCH is inbound."""
        return (self.get("direction") or self._channel.get("direction")) == "outbound"

    def profile(self, name: str, *, first: bool = False) -> str | None:
        """Of the caller profile of now, or of the one that the leg began with."""
        profiles = [_texts(flow, "caller_profile") for flow in self._flows]
        ordered = reversed(profiles) if first else iter(profiles)
        return next((text for profile in ordered if (text := profile.get(name))), None)

    def moment(self, name: str) -> int | None:
        """When it `start`ed, was `answer`ed, `bridge`d or came to its `end`; Unix seconds."""
        for variable, parts in ((f"{name}_epoch", 1), (f"{name}_uepoch", _PARTS)):
            if (moment := _whole(self.get(variable)) // parts) > 0:
                return moment
        try:
            return self._zone.parse(self.get(f"{name}_stamp") or "")
        except ValueError:
            return None

    @property
    def first_bridged(self) -> int | None:
        """When it was first connected with another leg; a transfer connects it again."""
        times = [_whole(_texts(flow, "times").get("bridged_time")) for flow in self._flows]
        bridged = [moment // _PARTS for moment in times if moment > 0]
        return min(bridged) if bridged else self.moment("bridge")

    def seconds(self, name: str) -> int | None:
        text = self.get(name)
        return int(text) if text and text.isdecimal() and len(text) < 9 else None


def user_of(channel: str | None) -> str | None:
    """`1002` of `sofia/internal/1002@192.0.2.1:5060`, of `1002@example.com`, and of `1002`."""
    if channel is None or "@" not in channel:
        return channel
    match = _USER.search(channel)
    return match[1] if match else None


def _flows(record: object) -> Iterator[object]:
    """The newest first, as FreeSWITCH writes them."""
    flows = record.get("callflow") if isinstance(record, dict) else None
    yield from flows if isinstance(flows, list) else [flows]


def _texts(record: object, name: str) -> dict[str, str]:
    inner = record.get(name) if isinstance(record, dict) else None
    if not isinstance(inner, dict):
        return {}
    return {
        key: unquote(str(value)).strip()
        for key, value in inner.items()
        if isinstance(value, (str, int, float))
    }


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 18 else 0
