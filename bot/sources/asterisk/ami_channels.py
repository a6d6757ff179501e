"""The channels of a live Asterisk, and which of them hear each other.

A channel is a line to a telephone or a trunk, known by its uniqueid: its name changes hands when
one channel takes the place of another (masquerade: pick-up, redirect), and the uniqueid goes with
the name. Two channels hear each other if they are in one bridge, or in two that a Local channel
connects: its halves `;1` and `;2` are one wire. In a holding bridge (parking, hold) nobody hears
anybody.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from bot.sources.asterisk.ami_packets import Packet
from bot.sources.asterisk.packet_fields import DOWN, NO_NUMBER, RING, UP, number_of

PSEUDO_TECHNOLOGIES = frozenset(
    {
        *("AsyncGoto", "Announcer", "AudioSocket", "Bridge", "CBAnn", "CBRec", "Console"),
        *("ConfBridgeRecorder", "Message", "MulticastRTP", "OutgoingSpoolFailed", "Parked"),
        *("Recorder", "Snoop", "Substitute", "Surrogate", "UnicastRTP", "WebSocket"),
    }
)
"""Technologies of channels with nobody at their end."""

DIALLED_APPS = frozenset({"AppDial", "AppDial2", "AppQueue"})
"""What a channel runs that Asterisk has called."""

_RENAMED = re.compile(r"<(MASQ|ZOMBIE)>$")


@dataclass(slots=True, eq=False)
class Channel:
    """`context` and `exten` are those it was born in; `seen_exten` the last it ran.

    `dial_string` is what was dialled to reach it, `dial_status` what came of it. `cause` is
    the Q.850 cause of its end. `asked_by_party`: its telephone asked to hang up first, False: the
    PBX did. `has_called`: it called us, for whom we call is never in the state RING.
    `has_transferred`: it gave its call away. `is_born_here`: its birth was seen. `via`:
    the extension of the Local channel that dialled it.
    """

    uniqueid: str
    name: str
    linkedid: str
    born: float
    state: int = DOWN
    number: str = ""
    caller_name: str = ""
    context: str = ""
    exten: str = ""
    seen_exten: str = ""
    is_dialled: bool = False
    dial_string: str = ""
    via: str | None = None
    dial_status: str = ""
    cause: int = 0
    bridge: str | None = None
    asked_by_party: bool | None = None
    up_at: float | None = None
    has_called: bool = False
    has_transferred: bool = False
    is_born_here: bool = False
    is_gone: bool = False

    @property
    def technology(self) -> str:
        return self.name.partition("/")[0]

    @property
    def is_local(self) -> bool:
        return self.technology == "Local"

    @property
    def is_device(self) -> bool:
        """Whether somebody may be at its end."""
        return not self.is_local and self.technology not in PSEUDO_TECHNOLOGIES

    def take(self, packet: Packet, prefix: str = "") -> None:
        """Learn what an event shows of the channel."""
        name = packet.get(prefix + "channel", "")
        if name and not _RENAMED.search(name):
            self.name = name
        state = number_of(packet.get(prefix + "channelstate", ""))
        if state is not None and self.state != UP:  # an event may come late
            self.state = state
            self.has_called = self.has_called or state == RING
        exten, context = packet.get(prefix + "exten", ""), packet.get(prefix + "context", "")
        self.seen_exten = exten or self.seen_exten
        self.exten = self.exten or exten
        self.context = self.context or context
        if not self.number:
            self.number = _known(packet.get(prefix + "calleridnum", ""))
        if not self.caller_name:
            self.caller_name = _known(packet.get(prefix + "calleridname", ""))


@dataclass(slots=True)
class Channels:
    """All channels that are there now."""

    _by_id: dict[str, Channel] = field(default_factory=dict)
    _bridges: dict[str, set[str]] = field(default_factory=dict)
    _halves: dict[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._by_id.values())

    def get(self, uniqueid: str) -> Channel | None:
        return self._by_id.get(uniqueid)

    def add(self, channel: Channel) -> None:
        self._by_id[channel.uniqueid] = channel
        if channel.is_local:
            self._halves[channel.name] = channel.uniqueid

    def remove(self, channel: Channel) -> None:
        channel.is_gone = True
        self.leave(channel)
        self._by_id.pop(channel.uniqueid, None)
        self._halves.pop(channel.name, None)

    def enter(self, channel: Channel, bridge: str) -> None:
        self.leave(channel)
        channel.bridge = bridge
        self._bridges.setdefault(bridge, set()).add(channel.uniqueid)

    def leave(self, channel: Channel) -> None:
        if channel.bridge is not None:
            members = self._bridges.get(channel.bridge, set())
            members.discard(channel.uniqueid)
            if not members:
                self._bridges.pop(channel.bridge, None)
            channel.bridge = None

    def other_half(self, channel: Channel) -> Channel | None:
        """The other end of a Local channel."""
        base, mark, number = channel.name.rpartition(";")
        other = {"1": "2", "2": "1"}.get(number)
        if not (channel.is_local and mark and other):
            return None
        return self._by_id.get(self._halves.get(f"{base};{other}", ""))

    def heard_by(self, channel: Channel) -> list[Channel]:
        """Everybody who hears each other together with the channel, itself among them."""
        found = {channel.uniqueid: channel}
        waiting = [channel]
        while waiting:
            one = waiting.pop()
            near = [self._by_id.get(other) for other in self._bridges.get(one.bridge or "", ())]
            near.append(self.other_half(one))
            for other in near:
                if other is not None and other.uniqueid not in found:
                    found[other.uniqueid] = other
                    waiting.append(other)
        return list(found.values())


def is_holding(packet: Packet) -> bool:
    """Whether nobody hears anybody in the bridge of an event."""
    return packet.get("bridgetechnology") == "holding_bridge" or packet.get(
        "bridgetype", ""
    ).lower() in {"parking", "holding"}


def _known(text: str) -> str:
    return "" if text.lower() in NO_NUMBER else text
