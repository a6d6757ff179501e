"""What Asterisk's own records say over AMI: CEL (events of channels) and Cdr, if they are on."""

import json
from dataclasses import dataclass

from bot.sources.asterisk.ami_packets import Packet
from bot.sources.asterisk.calls import MACHINES
from bot.sources.asterisk.cdr import ANSWERED


@dataclass(frozen=True, slots=True)
class Cel:
    """`time` is as it was written; `hangup_source` names the channel that hung up, or is ""."""

    name: str
    time: str
    uniqueid: str
    linkedid: str
    hangup_source: str


def read_cel(packet: Packet) -> Cel:
    source = ""
    if packet.get("eventname") == "HANGUP":
        try:
            extra = json.loads(packet.get("extra", ""))
        except ValueError:
            extra = None
        if isinstance(extra, dict):
            source = str(extra.get("hangupsource") or "")
    return Cel(
        name=packet.get("eventname", ""),
        time=packet.get("eventtime", ""),
        uniqueid=packet.get("uniqueid", ""),
        linkedid=packet.get("linkedid", ""),
        hangup_source=source,
    )


def answerer(packet: Packet) -> str | None:
    """The channel that talked, by a Cdr; None: it proves no talk. ANSWERED is said of machines."""
    channel = packet.get("destinationchannel", "")
    is_talk = (
        packet.get("disposition") == ANSWERED and packet.get("lastapplication") not in MACHINES
    )
    return channel if is_talk and channel and not channel.startswith("Local/") else None
