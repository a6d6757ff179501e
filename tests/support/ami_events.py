"""An Asterisk that tells in events of AMI what its channels do, to the reader that is tested."""

from dataclasses import dataclass, field

from bot.demo.pbx.asterisk import channels
from bot.demo.pbx.asterisk.channels import Leg as Leg
from bot.demo.pbx.asterisk.channels import as_bytes
from bot.domain.calls import CallFacts
from bot.domain.merging import MergedCall, merge
from bot.sources.asterisk.ami_calls import AmiCalls
from bot.sources.asterisk.ami_packets import Packet
from tests.support.ami_recordings import SETTINGS

START = 1_795_400_000


@dataclass
class Asterisk(channels.Asterisk):
    """`calls` hears it; `stated` is what came of it."""

    now: float = START
    calls: AmiCalls = field(default_factory=lambda: AmiCalls("pbx", SETTINGS))
    stated: list[CallFacts] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def say(self, event: str, *parts: Packet, **fields: str) -> None:
        super().say(event, *parts, **fields)
        self.calls.hear(self.events[-1][1], self.now)
        self.stated += self.calls.statements()

    def lose(self, seconds: float) -> None:
        """The connection is broken, and is there again after so long."""
        self.calls.lose(self.now)
        self.wait(seconds)

    def list_channels(self, *legs: Leg, application: str = "Dial") -> None:
        for leg in legs:
            listed = self.listed(leg, application)
            self.say(listed.pop("event"), listed)
        self.say("CoreShowChannelsComplete")

    def said(self) -> list[tuple[float, bytes]]:
        """What was said, and when, as it goes over the wire."""
        return [(when, as_bytes(packet)) for when, packet in self.events]

    def log(self) -> list[MergedCall]:
        """The calls, as the database has them."""
        found: dict[str, MergedCall] = {}
        for facts in self.stated:
            found[facts.external_id] = merge(
                found.get(facts.external_id), facts, now=int(self.now)
            )
        return list(found.values())
