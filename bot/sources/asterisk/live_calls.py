"""The calls of an Asterisk that go on, and those just over: which channel is of which call, which
calls have met, who hears whom, when a call is over.

`ami_calls.py` says what each event does to them.
"""

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator

from bot.domain.calls import Direction
from bot.sources.asterisk.ami_channels import Channel, Channels
from bot.sources.asterisk.ami_packets import Packet
from bot.sources.asterisk.ami_parties import IN, INTERNAL, OUT, Parties
from bot.sources.asterisk.live_call import LiveCall
from bot.sources.asterisk.packet_fields import UP, born_at
from bot.sources.base import ID_LIMIT

REMEMBERED = 2000
"""Channels that are gone and still known, for events that come late or twice."""

FORGOTTEN = 12 * 3600
"""Seconds after which a call of which nothing is heard is forgotten; its end was missed."""

BIRTH = 1.5
"""Seconds after its birth within which a channel is first heard of."""


class LiveCalls:
    def __init__(self, parties: Parties) -> None:
        self._parties = parties
        self._of_channel: dict[str, LiveCall] = {}
        self._gone: OrderedDict[str, Channel] = OrderedDict()
        self._calls: dict[str, LiveCall] = {}
        self._over: dict[str, LiveCall] = {}
        self.channels = Channels()
        self.changed: dict[str, LiveCall] = {}
        self.late: deque[tuple[LiveCall, str]] = deque(maxlen=1000)
        self.now = 0.0

    def __len__(self) -> int:
        return len(self._calls)

    def __iter__(self) -> Iterator[LiveCall]:
        """Those that go on."""
        return iter([*self._calls.values()])

    @property
    def size(self) -> int:
        """How much is held, for whoever watches the memory."""
        return len(self.channels) + len(self._calls) + len(self._over) + len(self._gone)

    def get(self, external_id: str) -> LiveCall | None:
        return self._calls.get(external_id) or self._over.get(external_id)

    def of(self, channel: Channel) -> LiveCall | None:
        return self._of_channel.get(channel.uniqueid)

    def is_gone(self, uniqueid: str) -> bool:
        return uniqueid in self._gone

    def note(self, call: LiveCall | None) -> None:
        """Something new is known of the call."""
        if call is not None:
            self.changed[call.external_id] = call

    def show(self, packet: Packet, prefix: str = "") -> Channel | None:
        """The channel an event shows; None if it shows none, or one that is gone."""
        uniqueid = packet.get(prefix + "uniqueid", "")
        if not uniqueid or len(uniqueid) > ID_LIMIT or uniqueid in self._gone:
            return None
        linkedid = packet.get(prefix + "linkedid", "")[:ID_LIMIT] or uniqueid
        channel = self.channels.get(uniqueid)
        if channel is None:
            name = packet.get(prefix + "channel", "")
            channel = Channel(uniqueid, name, linkedid, born=self._birth(uniqueid))
            self.channels.add(channel)
            self._enlist(channel)
        was_up = channel.state == UP
        channel.take(packet, prefix)
        call = self._of_channel[uniqueid]
        if channel.state == UP and not was_up:
            channel.up_at = self.now
        is_unanswered = prefix + "channelstate" in packet and channel.state != UP
        if channel is call.root and is_unanswered and not channel.is_dialled:
            call.is_unsure = False  # nothing and nobody has answered it so far
        if linkedid != channel.linkedid:
            channel.linkedid = linkedid
            self.meet(call, self.get(linkedid))
        call.heard_at = self.now
        self.note(call)
        return channel

    def find(self, packet: Packet, prefix: str = "") -> Channel | None:
        """As `show`, and channels that are gone."""
        return self.show(packet, prefix) or self.known(packet.get(prefix + "uniqueid", ""))

    def known(self, uniqueid: str) -> Channel | None:
        return self.channels.get(uniqueid) or self._gone.get(uniqueid)

    def is_client(self, name: str) -> bool:
        """Whether a channel of this name is of somebody who has called us."""
        named = (one for one in (*self.channels, *self._gone.values()) if one.name == name)
        calls = ((one, self._of_channel.get(one.uniqueid)) for one in named)
        return any(
            call is not None and one is call.root and self._parties.direction(call) is IN
            for one, call in calls
        )

    def dial(self, leg: Channel, dialler: Channel | None) -> LiveCall:
        """The call in which somebody dials a channel: the dialler's.

        By their linkedids it may be another's: those become one also of two who were parked
        together.
        """
        call = self._of_channel[leg.uniqueid]
        own = self.of(dialler) if dialler is not None else None
        if own is not None and own is not call:
            call.alive.discard(leg.uniqueid)
            if not leg.is_gone:
                own.alive.add(leg.uniqueid)
            call = self._of_channel[leg.uniqueid] = own
        if leg is not call.root and leg not in call.legs:
            call.legs.append(leg)
            call.is_end_unheard = False
            if call.asker is None or call.asker is not call.root:
                call.part()
        self.note(call)
        return call

    def meet(self, one: LiveCall | None, other: LiveCall | None) -> None:
        """Two calls have become one: that of a client goes on, else the older."""
        if one is None or other is None or one is other:
            return
        outside = [self._parties.direction(call) in (IN, OUT) for call in (one, other)]
        if all(outside):
            return
        if outside[0] != outside[1]:
            part = other if outside[0] else one
        else:
            part = max(one, other, key=lambda call: call.started)
        part.is_part = True

    def bury(self, channel: Channel) -> None:
        """The channel is gone; it stays known for a while."""
        self.channels.remove(channel)
        if (call := self.of(channel)) is not None:
            call.alive.discard(channel.uniqueid)
        self._gone[channel.uniqueid] = channel
        while len(self._gone) > REMEMBERED:
            uniqueid, _ = self._gone.popitem(last=False)
            old = self._of_channel.pop(uniqueid, None)
            if old is not None and old.is_over and not old.alive:
                self._over.pop(old.external_id, None)

    def bury_all(self, call: LiveCall) -> None:
        for uniqueid in [*call.alive]:
            if (channel := self.channels.get(uniqueid)) is not None:
                self.bury(channel)

    def forget_old(self) -> None:
        """Forget the calls of which nothing has been heard for too long."""
        for call in self:
            if call.heard_at < self.now - FORGOTTEN:
                self.bury_all(call)
                self._calls.pop(call.external_id, None)
                self.changed.pop(call.external_id, None)

    def end_if_over(self, call: LiveCall) -> None:
        if call.is_over:
            return
        direction = self._parties.direction(call)
        clients = self._parties.clients(call, direction)
        are_gone = bool(clients) and all(one.is_gone for one in clients)
        is_root_gone = call.root is not None and call.root.is_gone
        is_over = not call.alive
        if direction is IN:
            is_over = is_over or are_gone
        elif direction is OUT and are_gone:
            is_over = is_over or call.has_talked or is_root_gone
        if is_over:
            self._end(call, self.now)
            self.late.append((call, "ended"))

    def _end(self, call: LiveCall, at: float) -> None:
        call.ended = at
        self._over[call.external_id] = call
        self._calls.pop(call.external_id, None)
        self.note(call)

    def end_unheard(self, linkedid: str) -> None:
        """No channel has this linkedid any more: of a call whose end was missed this is it.

        The channels of a part have that of the whole by now.
        """
        call = self._calls.get(linkedid)
        if call is None or not call.has_gap or call.is_over or call.is_part:
            return
        alive = filter(None, map(self.channels.get, call.alive))
        if all(channel.linkedid == linkedid for channel in alive):
            self.bury_all(call)
            self.end_if_over(call)

    def end_by_pbx(self, call: LiveCall, at: float) -> None:
        """Asterisk itself ended, and the call with it."""
        self.bury_all(call)
        call.ended_by_pbx = True
        self._end(call, at)

    def _talks(
        self, heard: Iterable[Channel]
    ) -> Iterator[tuple[LiveCall, Channel, list[Channel]]]:
        """Of those who hear each other: the calls of clients, and who of us is with the client."""
        people = [one for one in heard if one.is_device]
        clients: list[tuple[LiveCall, Channel, Direction]] = []
        for one in people:
            call = self._of_channel.get(one.uniqueid)
            direction = self._parties.direction(call) if call is not None else None
            if call is not None and direction and one in self._parties.clients(call, direction):
                clients.append((call, one, direction))
        outside = [one for _, one, direction in clients if direction is not INTERNAL]
        for call, client, _ in clients:
            others = [one for one in people if one is not client and one not in outside]
            if others:
                yield call, client, others

    def connect(self, channel: Channel, *, is_heard: bool = True) -> None:
        """Somebody hears others: perhaps that is an answer. `is_heard`: it began just now."""
        for call, client, others in self._talks(self.channels.heard_by(channel)):
            if not call.talkers:
                call.answered = self.now if is_heard and not call.is_unsure else None
                self.late.append((call, "answered"))
            for one in others:
                self.meet(call, self.of(one))
                if one not in call.talkers:
                    call.talkers.append(one)
            call.company, call.asker = [client, *others], None
            call.is_end_unheard = call.is_end_unheard and not is_heard
            self.note(call)

    def _birth(self, uniqueid: str) -> float:
        """When a channel first heard of now was born."""
        born = born_at(uniqueid)
        return self.now if born is None or 0 <= self.now - born < BIRTH else float(born)

    def _enlist(self, channel: Channel) -> None:
        linkedid = channel.linkedid
        call = self.get(linkedid)
        if call is None:
            call = LiveCall(linkedid, started=channel.born, heard_at=self.now, is_unsure=True)
            call.is_end_unheard, call.gap_at = True, self.now  # until its beginning is heard
            self._calls[linkedid] = call
        if channel.uniqueid == linkedid:
            call.root, call.started = channel, channel.born
        call.alive.add(channel.uniqueid)
        self._of_channel[channel.uniqueid] = call
