"""What is done about calls when the connection breaks, when it is there again, and when Asterisk
itself ends.

- Once the connection is broken, each call that goes on may change unheard: it is unsure.
- Connected again, Asterisk lists the channels that are there. A call is sure again whose first
  channel nothing has answered yet, or in which a telephone rings on. Who is in a bridge with an
  employee talks.
- A call whose end nobody heard is told nothing more of, but what it was told to be is true: one
  that was answered has been said to be so when it was answered.
- If Asterisk says that it shuts down, every call ends with it. If it was started when the
  connection broke, too; unless something is heard of one of them, for whoever answers may be
  mistaken about how long it is up.
"""

from bot.sources.asterisk.ami_channels import DIALLED_APPS
from bot.sources.asterisk.ami_packets import Packet
from bot.sources.asterisk.live_calls import LiveCalls
from bot.sources.asterisk.packet_fields import UP, number_of, sequence
from bot.sources.asterisk.pbx_time import PbxTime

RESTART_SECONDS = 15
"""After so short a break, in which Asterisk was started, its start is what broke it."""

SURE_SECONDS = 30
"""After so long a silence about the calls that a start of Asterisk seems to have ended, it has."""


class Breaks:
    def __init__(self, calls: LiveCalls, time: PbxTime) -> None:
        self._calls = calls
        self._time = time
        self._listed: set[str] = set()
        self._lost_at: float | None = None
        self._started_until: float | None = None
        self._highest = -1

    def lose(self, moment: float) -> None:
        """The connection broke at this moment of ours."""
        self._lost_at = self._time.at(moment)
        self._listed.clear()
        for call in self._calls:
            call.is_unsure = call.has_gap = call.is_end_unheard = True
            call.gap_at = self._lost_at

    def tick(self) -> None:
        if self._started_until is not None and self._calls.now >= self._started_until:
            self._end_by_start()

    def born(self, uniqueid: str) -> None:
        """Channels are numbered from the start of Asterisk: a lower number is a new start."""
        number = sequence(uniqueid)
        if number is None:
            return
        if number < self._highest and self._started_until is not None:
            self._end_by_start()
            self._highest = number
        self._highest = max(self._highest, number)

    def on_fully_booted(self, packet: Packet) -> None:
        uptime = number_of(packet.get("uptime", ""))
        if uptime is None or self._lost_at is None:
            return
        if self._lost_at - 3 <= self._calls.now - uptime <= self._lost_at + RESTART_SECONDS:
            self._started_until = self._calls.now + SURE_SECONDS

    def on_shutdown(self, packet: Packet) -> None:
        del packet
        for call in self._calls:
            self._calls.end_by_pbx(call, self._calls.now)

    def on_listed(self, packet: Packet) -> None:
        """A channel that is there now: what can be known of it without its past."""
        uniqueid = packet.get("uniqueid", "")
        is_known = self._calls.channels.get(uniqueid) is not None
        channel = self._calls.show(packet)
        call = self._calls.of(channel) if channel is not None else None
        if channel is None or call is None:
            return
        self._listed.add(uniqueid)
        application = packet.get("application", "")
        if not is_known:
            call.has_gap = call.is_end_unheard = True
            call.gap_at = self._calls.now
            channel.is_dialled = application in DIALLED_APPS
            if channel.is_dialled and channel is not call.root:
                call.legs.append(channel)
                call.is_connecting = True
            if application == "Queue":
                queue = packet.get("applicationdata", "").partition(",")[0]
                call.queue, call.is_connecting = call.queue or queue or None, True
        elif channel in call.legs and channel.is_device and channel.state != UP:
            call.is_unsure = False  # it rings as before, so nobody else has answered
        if bridge := packet.get("bridgeid", ""):
            self._calls.channels.enter(channel, bridge)
        else:
            self._calls.channels.leave(channel)

    def on_list_complete(self, packet: Packet) -> None:
        del packet
        for call in self._calls:
            call.gap_at = self._calls.now
        for channel in self._calls.channels:
            if channel.uniqueid not in self._listed:
                self._calls.channels.leave(channel)  # it is gone, or else will be heard of again
        for uniqueid in self._listed:
            listed = self._calls.channels.get(uniqueid)
            own = self._calls.of(listed) if listed is not None else None
            if listed is not None and own is not None and not own.has_talked:
                self._calls.connect(listed, is_heard=False)
        self._listed.clear()

    def _end_by_start(self) -> None:
        self._started_until = None
        for call in self._calls:
            if call.has_gap and call.heard_at <= (self._lost_at or 0):
                call.is_unsure = False
                self._calls.end_by_pbx(call, self._lost_at or self._calls.now)
