"""The call detail record (CDR) of Asterisk: a channel, and whom it reached or tried to reach.

The fields are those of the "CDR Specification" in Asterisk's documentation, where `context`, `app`
and `data` are called dcontext, lastapp and lastdata. A call has a CDR for each attempt and for
each two channels that talked; the linkedid ties them, if Asterisk is asked to write it.
"""

import re
from typing import NamedTuple

ANSWERED, NO_ANSWER, BUSY, FAILED, CONGESTION = (
    "ANSWERED",
    "NO ANSWER",
    "BUSY",
    "FAILED",
    "CONGESTION",
)
"""What `disposition` says. ANSWERED is said of machines too: an IVR, a queue, voicemail."""

MESSAGES = frozenset({"sms", "ussd", "mms", "messagesend", "sendtext", "astsms"})
"""Destinations, applications and words of contexts that mean no call."""

_WORD_PARTING = re.compile(r"[^A-Za-z]+")


class CdrMore(NamedTuple):
    """What FreePBX adds to a CDR: the line that was dialled, whose number and name called really,
    the name of whom was called, and the name of the recording's file. "" where it wrote nothing.
    """

    did: str
    cnum: str
    cnam: str
    dst_cnam: str
    recordingfile: str


class Cdr(NamedTuple):
    """Times are Unix seconds; texts are as Asterisk wrote them, "" where it wrote nothing.

    `channel` called and `dstchannel` was called; `app` with the arguments `data` is the last
    application of the dial plan that `channel` ran. `answer` and `end` are never before `start`,
    which `start_text` is as it was written. `flaws` are columns that were passed over. `more` is
    None where the table cannot have it.
    """

    src: str
    dst: str
    context: str
    clid: str
    channel: str
    dstchannel: str
    app: str
    data: str
    start: int
    answer: int | None
    end: int
    duration: int
    disposition: str
    start_text: str
    uniqueid: str
    linkedid: str
    flaws: tuple[str, ...] = ()
    more: "CdrMore | None" = None

    def arguments(self) -> list[str]:
        """Arguments of the application; Asterisk before 1.6 puts bars between them."""
        return self.data.split("," if "," in self.data else "|")

    def dialled(self) -> list[str]:
        """The users a Dial called: `PJSIP/380671234567@trunk`, `SIP/trunk/0671234567`."""
        if self.app != "Dial":
            return []
        users = [
            peer.rpartition("/")[2].partition("@")[0] for peer in self.arguments()[0].split("&")
        ]
        return [user.removeprefix("sip:").removeprefix("sips:") for user in users]

    def is_message(self) -> bool:
        """Whether it is a text message or a network's menu, which GSM gateways log as calls."""
        names = (self.dst, self.app, *_WORD_PARTING.split(self.context))
        return (
            any(name.lower() in MESSAGES for name in names)
            or self.app.lower().endswith(("sendsms", "sendussd", "sendpdu"))
            or self.channel.startswith("Message/")
            or (self.dst == "report" and "dongle" in self.context)
        )

    def is_tail(self) -> bool:
        """Whether a channel only hung up after the dial: it decides nothing, even if ANSWERED."""
        return self.duration == 0 and self.app == "Hangup"
