"""A row of MikoPBX's call history: one dialled leg, or one application that took the call.

Read in its source: an IVR, a queue and the like are rows with `is_app`, whose `dst_chan` begins
with "App:" or "Queue:". `disposition` is ANSWERED if there are seconds of talk, else the status of
the dial. A trunk shows as an account named SIP-TRUNK-… or IAX-TRUNK-…, an employee's as the
extension. `appname` tells of an attempt to originate or to intercept, whose answer is made up; to
originate is to ring one's own telephone, before anybody is called.
"""

from dataclasses import dataclass
from typing import Any

from bot.sources.base import NAME_LIMIT
from bot.sources.rows import Row
from bot.sources.times import LocalTime

_APPLICATIONS = frozenset({"voicemail", "outworktimes"})
_CHANNELS = ("App:", "Queue:")
_ORIGINATE = "originate"
_ATTEMPTS = frozenset({_ORIGINATE, "interception"})
_TRUNKS = ("SIP-TRUNK-", "IAX-TRUNK-", "SIP-PROVIDER-")


@dataclass(frozen=True, slots=True)
class CdrRow:
    """Times are Unix seconds; `word` is what became of the dial."""

    id: str
    src: str | None
    src_name: str | None
    dst: str | None
    dst_name: str | None
    did: str | None
    start: int
    answer: int | None
    end: int | None
    word: str
    is_app: bool
    is_queue: bool
    is_attempt: bool
    is_from_trunk: bool
    is_to_trunk: bool
    billsec: int
    has_recording: bool

    @property
    def is_talk(self) -> bool:
        """Whether a person answered."""
        return self.billsec > 0 and not self.is_app and not self.is_attempt

    @property
    def is_person(self) -> bool:
        """Whether it rang somebody."""
        return not self.is_app and not self.is_attempt


def read_cdr_row(fields: dict[str, Any], zone: LocalTime, now: int, after: int | None) -> CdrRow:
    """Raises ValueError. `after`: when the call began, by its id."""
    row = Row(fields)
    start = row.start("start", zone=zone, now=now, after=after)
    answer = row.moment("answer", zone=zone, after=start)
    end = row.moment("endtime", zone=zone, after=start)
    word = (row.text("disposition", "dialstatus") or "").upper()
    said = row.seconds("billsec")
    if said is None:
        said = end - answer if answer is not None and end is not None else int(word == "ANSWERED")
    channel = row.text("dst_chan") or ""
    destination = row.text("dst_num")
    src, account = row.text("src_num"), row.text("from_account") or ""
    return CdrRow(
        id=row.text("id") or "",
        src=src,
        src_name=row.text("src_name", limit=NAME_LIMIT),
        dst=destination,
        dst_name=row.text("dst_name", limit=NAME_LIMIT),
        did=row.text("did"),
        start=start,
        answer=answer if answer is None or answer >= start else None,
        end=end if end is None or end >= start else None,
        word=word,
        is_app=row.text("is_app") == "1"
        or (destination or "").lower() in _APPLICATIONS
        or channel.startswith(_CHANNELS),
        is_queue=channel.startswith("Queue:"),
        is_attempt=(row.text("appname") or "").lower() in _ATTEMPTS,
        is_from_trunk=account.startswith(_TRUNKS),
        is_to_trunk=(row.text("to_account") or "").startswith(_TRUNKS),
        billsec=max(0, said),
        has_recording=row.get("download_url", "playback_url") is not None,
    )


def reached_out(call: Any) -> bool:
    """Whether more was done than to ring the telephone of who wished to call: else it is none."""
    rows = call.get("records") if isinstance(call, dict) else None
    if not isinstance(rows, list) or not rows:
        return True  # that is for the reader to say
    names = [row.get("appname") for row in rows if isinstance(row, dict)]
    return len(names) < len(rows) or any(str(one).lower() != _ORIGINATE for one in names)
