"""What Asterisk's own records say over AMI: CEL (events of channels) and Cdr, if they are on."""

import json
from dataclasses import dataclass

from bot.sources.asterisk.ami_channels import Channel
from bot.sources.asterisk.ami_packets import Packet
from bot.sources.asterisk.ami_parties import Parties
from bot.sources.asterisk.calls import MACHINES
from bot.sources.asterisk.cdr import ANSWERED
from bot.sources.asterisk.live_calls import LiveCalls
from bot.sources.asterisk.pbx_time import PbxTime

_MARKS = {
    **dict.fromkeys(("ANSWER", "BRIDGE_ENTER"), "answered"),
    **dict.fromkeys(("BRIDGE_EXIT", "HANGUP", "CHAN_END", "LINKEDID_END"), "ended"),
}
"""Which time of a call an event of CEL tells."""


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


class Records:
    """Takes what the records tell of live calls."""

    def __init__(self, calls: LiveCalls, parties: Parties, time: PbxTime) -> None:
        self._calls = calls
        self._parties = parties
        self._time = time

    def on_cel(self, packet: Packet, moment: float) -> None:
        """`moment` is when it came, by our clock."""
        record = read_cel(packet)
        is_birth = record.name == "CHAN_START" and not self._calls.is_gone(record.uniqueid)
        newborn = record.uniqueid if is_birth else ""
        step = self._time.told(moment, record.time, newborn=newborn)
        self._calls.now = self._time.at(moment)
        if record.name in _MARKS:
            self._mend(record, is_late=step is not None)
        channel = self._calls.known(packet.get("uniqueid", ""))
        call = self._calls.of(channel) if channel is not None else None
        if record.hangup_source and call is not None:
            call.hangup_source = record.hangup_source
            self._calls.note(call)
        if record.name == "LINKEDID_END":
            self._calls.end_unheard(record.linkedid)

    def _mend(self, record: Cel, *, is_late: bool) -> None:
        """Put right the times of a call whose events were read late, by what CEL tells."""
        of_others = []
        for call, what in self._calls.late:
            if call.external_id != record.linkedid:
                of_others.append((call, what))
            elif is_late and what == _MARKS[record.name]:
                setattr(call, what, self._calls.now)
                self._calls.note(call)
        self._calls.late.clear()
        self._calls.late.extend(of_others)

    def on_cdr(self, packet: Packet) -> None:
        channel = self._calls.known(packet.get("uniqueid", ""))
        call = self._calls.of(channel) if channel is not None else None
        if call is None or not call.is_unsure or call.has_talked:
            return
        name = answerer(packet)
        if name is not None and not self._calls.is_client(name):  # of two in a conference
            call.is_proven = True
            talker = Channel("", name, "", born=self._calls.now, is_dialled=True)
            call.proven_by = self._parties.extension(talker)
            self._calls.note(call)
