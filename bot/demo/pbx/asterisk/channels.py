"""An Asterisk of a few lines that tells in events of AMI what its channels do, as a real one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Packet = dict[str, str]
"""Headers by their names."""


def as_bytes(packet: Mapping[str, str]) -> bytes:
    """A packet as it goes over the wire."""
    return "".join(f"{key}: {value}\r\n" for key, value in packet.items()).encode() + b"\r\n"


@dataclass
class Leg:
    """A channel. `state`: 0 down, 4 calls us, 5 rings, 6 answered."""

    name: str
    uniqueid: str
    linkedid: str
    number: str = ""
    caller_name: str = ""
    context: str = "from-internal"
    exten: str = "s"
    state: int = 0

    def packet(self, prefix: str = "") -> Packet:
        return {
            prefix + "channel": self.name,
            prefix + "channelstate": str(self.state),
            prefix + "calleridnum": self.number or "<unknown>",
            prefix + "calleridname": self.caller_name or "<unknown>",
            prefix + "context": self.context,
            prefix + "exten": self.exten,
            prefix + "uniqueid": self.uniqueid,
            prefix + "linkedid": self.linkedid,
        }


@dataclass
class Asterisk:
    """`now` is its clock, `events` what it has said."""

    now: float = 0
    events: list[tuple[float, Packet]] = field(default_factory=list)
    count: int = 0
    bridges: dict[str, list[Leg]] = field(default_factory=dict)

    def say(self, event: str, *parts: Packet, **fields: str) -> None:
        packet = {"event": event, **{k: v for part in parts for k, v in part.items()}, **fields}
        self.events.append((self.now, packet))

    def listed(self, leg: Leg, application: str) -> Packet:
        """What CoreShowChannels says of a channel that runs this application."""
        bridge = next((name for name, members in self.bridges.items() if leg in members), "")
        fields = {"application": application, "bridgeid": bridge, "duration": "00:00:09"}
        return {"event": "CoreShowChannel", **leg.packet(), **fields}

    def channel(
        self, name: str, *, of: Leg | None = None, state: int = 0, ref: str = "", **values: str
    ) -> Leg:
        """`ref`: the uniqueid that was chosen for it."""
        uniqueid = ref or f"{int(self.now)}.{self.count}"
        leg = Leg(f"{name}-{self.count:08x}", uniqueid, of.linkedid if of else uniqueid)
        if name.startswith("Local/"):
            leg.name = name
        self.count += 1
        leg.state = state
        for key, value in values.items():
            setattr(leg, key, value)
        self.say("Newchannel", leg.packet())
        return leg

    def client(self, number: str = "0671112233", exten: str = "0445550101") -> Leg:
        """Somebody calls from outside."""
        return self.channel(
            "PJSIP/trunk", state=4, number=number, context="from-trunk", exten=exten
        )

    def phone(self, extension: str, exten: str) -> Leg:
        """One of our telephones dials."""
        return self.channel(f"PJSIP/{extension}", state=4, number=extension, exten=exten)

    def local(self, name: str, *, of: Leg | None = None, ref: str = "") -> tuple[Leg, Leg]:
        """Both halves of a Local channel: the one that is dialled, the one that dials.

        `ref`: the uniqueid that was chosen for the first.
        """
        first = self.channel(f"Local/{name}-{self.count:08x};1", of=of, ref=ref)
        second = self.channel(first.name[:-1] + "2", of=of or first, state=4)
        second.linkedid = first.linkedid
        self.say("LocalBridge", first.packet("localone"), second.packet("localtwo"))
        return first, second

    def dial(self, dialler: Leg | None, name: str, what: str = "") -> Leg:
        """A telephone or trunk is dialled, and rings."""
        leg = self.channel(name, of=dialler)
        if name.startswith("PJSIP/") and name[6:].isdigit():
            leg.number = name[6:]
        self.begin(dialler, leg, what or name.partition("/")[2])
        return leg

    def begin(self, dialler: Leg | None, leg: Leg, what: str) -> None:
        parts = [dialler.packet()] if dialler else []
        self.say("DialBegin", *parts, leg.packet("dest"), dialstring=what)
        leg.state = 5
        self.say("Newstate", leg.packet())

    def end_dial(self, dialler: Leg | None, leg: Leg, status: str) -> None:
        parts = [dialler.packet()] if dialler else []
        self.say("DialEnd", *parts, leg.packet("dest"), dialstatus=status)

    def answer(self, dialler: Leg | None, leg: Leg) -> None:
        self.up(leg)
        self.end_dial(dialler, leg, "ANSWER")

    def up(self, leg: Leg) -> None:
        leg.state = 6
        self.say("Newstate", leg.packet())

    def bridge(self, name: str, *legs: Leg, technology: str = "simple_bridge") -> None:
        """Channels enter a bridge; they take on the oldest linkedid in it."""
        members = self.bridges.setdefault(name, [])
        for leg in legs:
            for other, there in self.bridges.items():
                if leg in there and other != name:
                    self.leave(other, leg)
            members.append(leg)
            oldest = min((one.linkedid for one in members), key=_age)
            for one in members:
                one.linkedid = oldest
            self.say("BridgeEnter", leg.packet(), bridgeuniqueid=name, bridgetechnology=technology)

    def leave(self, name: str, *legs: Leg) -> None:
        for leg in legs:
            self.bridges[name].remove(leg)
            self.say("BridgeLeave", leg.packet(), bridgeuniqueid=name)

    def hang_up(self, leg: Leg, *rest: Leg, cause: int = 16) -> None:
        """`leg` hangs up, and Asterisk `rest`."""
        self.say("HangupRequest", leg.packet(), cause=str(cause))
        self.gone(leg, *rest, cause=cause)

    def gone(self, *legs: Leg, cause: int = 16) -> None:
        for leg in legs:
            for name, members in self.bridges.items():
                if leg in members:
                    self.leave(name, leg)
        for leg in legs:
            self.say("SoftHangupRequest", leg.packet(), cause=str(cause))
            self.say("Hangup", leg.packet(), cause=str(cause))

    def talk(self, dialler: Leg, leg: Leg, name: str) -> None:
        """The telephone that rings is answered, and both talk."""
        self.answer(dialler, leg)
        self.up(dialler)
        self.bridge(name, leg, dialler)


def _age(linkedid: str) -> float:
    """What orders calls by their age; one whose id was chosen is the oldest of those it meets."""
    return float(linkedid) if linkedid.replace(".", "").isdecimal() else 0.0
