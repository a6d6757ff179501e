"""From the events of AMI to calls: what happens to channels in, statements about calls out.

A call is what its first channel began: all channels born with one linkedid. Who talks with whom
is seen by who hears whom (`ami_channels.py`), whatever led there: a dial, a queue, a pick-up,
parking, a transfer of either kind, Local channels between. So machines answer in nobody's name,
and who picked up is who answered.

When calls meet, Asterisk gives their channels the older linkedid. A call keeps the id it has been
told under. An internal call that meets a client's (asking before a transfer, picking up, taking a
parked call back) is a part of that one and never told: that is why internal calls are told when
they are over. Two clients' calls that meet stay two.

Events come nearly in order, maybe twice, and after a break of the connection some are missing.
What then may have been missed is not guessed: a call that a machine had answered and nobody was
heard to answer gets no end here. The history has it, or time ends it (`merging.end_unknown`).
"""

from collections.abc import Callable
from dataclasses import replace

from bot.config.sources import AsteriskSettings
from bot.domain.calls import CallFacts, Direction
from bot.sources.asterisk.ami_breaks import Breaks
from bot.sources.asterisk.ami_channels import Channel, is_holding
from bot.sources.asterisk.ami_facts import FactsOfLive
from bot.sources.asterisk.ami_packets import Packet
from bot.sources.asterisk.ami_parties import Parties
from bot.sources.asterisk.ami_records import Records
from bot.sources.asterisk.dial_plan import DialPlan
from bot.sources.asterisk.live_calls import LiveCalls
from bot.sources.asterisk.packet_fields import BUSY, is_success, number_of
from bot.sources.asterisk.pbx_time import PbxTime

_FORGET_EVERY = 300
_NEARLY = 2
"""Seconds between the beginning of a call, or of its waiting, and what a queue counts from."""

_ENDING = 3
"""Seconds that the ends of the channels of a call may lie apart."""


class AmiCalls:
    """The calls of one Asterisk."""

    def __init__(self, source: str, settings: AsteriskSettings) -> None:
        self._parties = Parties(DialPlan(settings), settings.number_plan)
        self._facts = FactsOfLive(source, settings.number_plan, self._parties)
        self._time = PbxTime(settings.timezone)
        self._calls = LiveCalls(self._parties)
        self._breaks = Breaks(self._calls, self._time)
        self._records = Records(self._calls, self._parties, self._time)
        self._moment = self._forgot_at = 0.0
        self._handlers: dict[str, Callable[[Packet], None]] = {
            "agentconnect": self._on_held,
            "attendedtransfer": self._on_attended_transfer,
            "blindtransfer": self._on_blind_transfer,
            "bridgeenter": self._on_bridge_enter,
            "bridgeleave": self._on_bridge_leave,
            "cdr": self._records.on_cdr,
            "cel": self._hear_cel,
            "chanspystart": self._on_spy,
            "coreshowchannel": self._breaks.on_listed,
            "coreshowchannelscomplete": self._breaks.on_list_complete,
            "dialbegin": self._on_dial_begin,
            "dialend": self._on_dial_end,
            "fullybooted": self._breaks.on_fully_booted,
            "hangup": self._on_hangup,
            "hanguprequest": self._on_hangup_request,
            "localbridge": self._on_local_bridge,
            "newchannel": self._on_newchannel,
            "parkedcall": self._on_parked,
            "pickup": self._on_pickup,
            "queuecallerabandon": self._on_held,
            "queuecallerjoin": self._on_queue_join,
            "rename": self._on_rename,
            "shutdown": self._breaks.on_shutdown,
            "softhanguprequest": self._on_soft_hangup_request,
            "unparkedcall": self._on_unparked,
        }
        for name in ("agentcalled", "newcallerid", "newstate", "originateresponse", "newexten"):
            self._handlers[name] = self._on_shown

    @property
    def events(self) -> frozenset[str]:
        """The names of the events that tell something, in small letters."""
        return frozenset(self._handlers)

    @property
    def size(self) -> int:
        """How many channels and calls are held, for whoever watches the memory."""
        return self._calls.size

    def hear(self, packet: Packet, moment: float) -> None:
        """Take an event that came at `moment`, Unix seconds of ours."""
        name = packet.get("event", "").lower()
        handler = self._handlers.get(name)
        if handler is None:
            return
        if stamp := packet.get("timestamp"):
            self._time.stamped(moment, stamp)
        uniqueid = packet.get("uniqueid", "")
        if name == "newchannel" and not self._calls.is_gone(uniqueid):
            self._time.born(moment, uniqueid)
        self._moment = moment
        self._calls.now = self._time.at(moment)
        handler(packet)

    def tick(self, moment: float) -> None:
        """Let time pass, now and then: what only time decides is decided."""
        self._moment = moment
        self._calls.now = self._time.at(moment)
        self._breaks.tick()
        if self._calls.now - self._forgot_at > _FORGET_EVERY:
            self._forgot_at = self._calls.now
            self._calls.forget_old()

    def lose(self, moment: float) -> None:
        """The connection is broken: from now on something may be missed."""
        self._breaks.lose(moment)

    def statements(self) -> list[CallFacts]:
        """What is new of calls since the last time."""
        told = []
        for call in self._calls.changed.values():
            facts = self._facts.state(call, now=self._calls.now)
            if facts is None:
                continue
            if call.stated is not None:
                before = call.stated.updated_at
                if facts == replace(call.stated, updated_at=facts.updated_at):
                    continue
                facts.updated_at = max(facts.updated_at or 0, before or 0)
            call.stated = facts
            told.append(facts)
        self._calls.changed.clear()
        return told

    def _hear_cel(self, packet: Packet) -> None:
        self._records.on_cel(packet, self._moment)

    # What happens to channels

    def _on_shown(self, packet: Packet) -> None:
        self._calls.show(packet)

    def _on_newchannel(self, packet: Packet) -> None:
        uniqueid = packet.get("uniqueid", "")
        if not self._calls.is_gone(uniqueid):
            self._breaks.born(uniqueid)
        channel = self._calls.show(packet)
        if channel is None or channel.is_born_here:
            return
        channel.is_born_here = True
        call = self._calls.of(channel)
        if call is not None and channel is call.root and not call.has_gap:
            call.is_unsure = call.is_end_unheard = False

    def _on_rename(self, packet: Packet) -> None:
        channel = self._calls.channels.get(packet.get("uniqueid", ""))
        if channel is not None:
            channel.take({"channel": packet.get("newname", "")})

    def _on_dial_begin(self, packet: Packet) -> None:
        dialler = self._calls.find(packet)
        leg = self._calls.find(packet, "dest")
        if leg is None or self._calls.of(leg) is None:
            return
        leg.is_dialled = True
        leg.dial_string = packet.get("dialstring", "")
        if dialler is not None and dialler is not leg:
            leg.via = self._parties.local_extension(dialler) or dialler.via
        call = self._calls.dial(leg, dialler)
        if call.dialled is None and self._parties.is_outside(leg):
            exten = packet.get("exten", "")
            is_number = len(exten) > 3 and exten.lstrip("+").isdecimal()
            call.dialled = exten if is_number else self._parties.dialled_number(leg)
        call.is_connecting = True

    def _on_dial_end(self, packet: Packet) -> None:
        self._calls.find(packet)
        leg = self._calls.find(packet, "dest")
        status = packet.get("dialstatus", "")
        if leg is None or not status:
            return
        leg.is_dialled = leg.is_dialled or not leg.has_called  # who picks up called us
        if not leg.dial_status or status == "ANSWER":
            leg.dial_status = status
            self._calls.note(self._calls.of(leg))

    def _on_hangup_request(self, packet: Packet) -> None:
        channel = self._calls.find(packet)
        if channel is None:
            return
        channel.cause = channel.cause or (number_of(packet.get("cause", "")) or 0)
        if channel.asked_by_party is not None:
            return
        # Of a telephone that was told Busy or Congestion this only confirms it.
        channel.asked_by_party = channel.state != BUSY
        if channel.has_transferred:
            return
        if (own := self._calls.of(channel)) is not None and own.is_end_unheard:
            own.is_end_unheard = self._calls.now - own.gap_at < _ENDING
        for call in self._calls:
            if call.asker is None and channel in call.company:
                call.asker = channel
                self._calls.note(call)

    def _on_soft_hangup_request(self, packet: Packet) -> None:
        channel = self._calls.find(packet)
        if channel is not None and channel.asked_by_party is None:
            channel.asked_by_party = False

    def _on_hangup(self, packet: Packet) -> None:
        channel = self._calls.show(packet)
        if channel is None:
            return
        channel.cause = number_of(packet.get("cause", "")) or channel.cause
        self._calls.bury(channel)
        if (call := self._calls.of(channel)) is not None:
            self._calls.end_if_over(call)

    # Who hears whom

    def _on_bridge_enter(self, packet: Packet) -> None:
        channel = self._calls.show(packet)
        bridge = packet.get("bridgeuniqueid", "")
        if channel is None or channel.bridge == bridge:
            return
        if is_holding(packet):
            self._calls.channels.leave(channel)
            return
        self._enter(channel.heir or channel, bridge)

    def _enter(self, channel: Channel, bridge: str) -> None:
        if not channel.is_gone:
            self._calls.channels.enter(channel, bridge)
            self._calls.connect(channel)

    def _on_bridge_leave(self, packet: Packet) -> None:
        channel = self._calls.show(packet)
        if channel is not None and channel.bridge == packet.get("bridgeuniqueid", ""):
            self._calls.channels.leave(channel)

    def _on_local_bridge(self, packet: Packet) -> None:
        self._calls.show(packet, "localone")
        channel = self._calls.show(packet, "localtwo")
        if channel is not None:
            self._calls.connect(channel)

    def _on_spy(self, packet: Packet) -> None:
        """Who listens to others, or whispers, makes no call; a client may come to it by DISA."""
        channel = self._calls.find(packet, "spyer")
        call = self._calls.of(channel) if channel is not None else None
        if call is not None and self._parties.direction(call) is not Direction.IN:
            call.is_part = True

    def _on_pickup(self, packet: Packet) -> None:
        picker, target = self._calls.find(packet), self._calls.find(packet, "target")
        self._meet(picker, target)

    def _on_blind_transfer(self, packet: Packet) -> None:
        if is_success(packet):
            self._pass_on(self._calls.find(packet, "transferer"))

    def _on_attended_transfer(self, packet: Packet) -> None:
        if not is_success(packet):
            return
        first = self._calls.find(packet, "origtransferer")
        second = self._calls.find(packet, "secondtransferer")
        self._pass_on(first)
        self._pass_on(second)
        self._meet(first, second)
        client = self._calls.find(packet, "transferee")
        if packet.get("desttype") == "App" and client is not None and second is not None:
            # The client is put in the place of who asked, in a bridge or just before it.
            second.heir = client
            if second.bridge is not None:
                self._enter(client, second.bridge)

    def _on_parked(self, packet: Packet) -> None:
        channel = self._calls.show(packet, "parkee")
        call = self._calls.of(channel) if channel is not None else None
        if call is not None:
            call.part()

    def _on_unparked(self, packet: Packet) -> None:
        self._meet(self._calls.find(packet, "retriever"), self._calls.find(packet, "parkee"))

    def _pass_on(self, channel: Channel | None) -> None:
        """Whoever gives a call away ends no call by hanging up then."""
        if channel is not None:
            channel.has_transferred = True
            for call in self._calls:
                if call.asker is channel:
                    call.asker = None

    def _meet(self, one: Channel | None, other: Channel | None) -> None:
        if one is not None and other is not None:
            self._calls.meet(self._calls.of(one), self._calls.of(other))

    # Queues

    def _on_queue_join(self, packet: Packet) -> None:
        channel = self._calls.show(packet)
        if channel is not None and (call := self._calls.of(channel)) is not None:
            call.queue = call.queue or packet.get("queue") or None
            call.queued_at = self._calls.now
            call.is_connecting = True

    def _on_held(self, packet: Packet) -> None:
        """A queue says for how long the client has waited: nobody answered meanwhile."""
        channel = self._calls.show(packet)
        call = self._calls.of(channel) if channel is not None else None
        if call is None:
            return
        call.queue = call.queue or packet.get("queue") or None
        held = number_of(packet.get("holdtime", ""))
        since = call.started if call.queued_at is None else call.queued_at
        if held is not None and self._calls.now - since <= held + _NEARLY:
            call.is_unsure = False
