"""Who is who in a live call: the client, our telephones, which way the call goes.

The rules are those by which the history is read (`calls.py`), so that a call seen live and read
later is the same; here the contexts are those in which channels were born, which says more.
"""

from bot.domain.calls import Direction
from bot.domain.phones import NumberPlan
from bot.sources.asterisk.ami_channels import Channel
from bot.sources.asterisk.cdr import MESSAGES
from bot.sources.asterisk.dial_plan import DialPlan
from bot.sources.asterisk.live_call import LiveCall
from bot.sources.asterisk.packet_fields import RING

IN, OUT, INTERNAL = Direction


class Parties:
    def __init__(self, plan: DialPlan, numbers: NumberPlan) -> None:
        self._plan = plan
        self._numbers = numbers

    def local_extension(self, channel: Channel) -> str | None:
        """For which extension a Local channel dials: `Local/101@from-queue-00000001;2`."""
        is_dialling = channel.is_local and channel.name.endswith(";2")
        return self._plan.channel_extension(channel.name) if is_dialling else None

    def extension(self, channel: Channel) -> str | None:
        """The extension of one of our telephones; None: it is none, or its name does not tell.

        A trunk that Local/101 dials leads to a telephone of 101, a mobile.
        """
        if own := self._plan.channel_extension(channel.name):
            return own
        dialled = None
        if channel.is_dialled and channel.dial_string:
            dialled = self._plan.dialled_extension(self._dialled(channel))
            if dialled and self._plan.is_outside(dialled):
                dialled = None
        elif self._plan.is_extension(channel.number):
            return channel.number
        if dialled and self._plan.is_extension(dialled):
            return dialled
        if channel.via or dialled:
            return channel.via or dialled
        is_ours = (
            channel.has_called
            and not channel.is_dialled
            and not self._plan.is_trunk(channel.context)
        )
        return self._plan.channel_peer(channel.name) if is_ours else None

    def is_outside(self, channel: Channel) -> bool:
        """Whether whoever was dialled is no telephone of ours."""
        if not channel.is_dialled or not channel.is_device or self.extension(channel) is not None:
            return False
        # What was dialled may have been missed.
        return bool(channel.dial_string) or self._plan.is_outside(channel.number)

    def dialled_number(self, channel: Channel) -> str | None:
        """The outside number that a channel was made to call."""
        user = channel.dial_string.rpartition("/")[2].partition("@")[0]
        user = user.removeprefix("sip:").removeprefix("sips:")
        return user if self._plan.is_outside(user) else None

    def direction(self, call: LiveCall) -> Direction | None:
        """Which way the call goes; None: that is not seen yet, or its first channel is unknown."""
        root, plan = call.root, self._plan
        if root is None or (not root.is_device and not root.is_local):
            return None
        goes_out = any(map(self.is_outside, call.legs))
        if not root.is_born_here and root.state != RING:
            return self._late_direction(root, goes_out=goes_out)
        if root.is_dialled:
            goes_out = goes_out or self.is_outside(root) or plan.is_outside(root.seen_exten)
            return OUT if goes_out else INTERNAL
        if not root.has_called and root.up_at is None and not call.legs and not root.is_gone:
            return None
        if plan.is_trunk(root.context):
            return IN
        is_to_us = plan.is_extension(root.exten)
        if root.is_local or self.caller_extension(root):
            goes_out = goes_out or plan.is_outside(root.exten)
            return OUT if goes_out and not is_to_us else INTERNAL
        peer = plan.channel_peer(root.name)
        is_feature = root.exten.startswith("*")
        is_named = peer is not None and root.number == peer
        if is_feature or is_named or self._is_own(root.number) or plan.is_outward(root.context):
            return INTERNAL if is_to_us or is_feature else OUT
        if not is_to_us and plan.is_outside(root.exten):
            # A telephone that has a name: what it dialled is called by way of a trunk.
            numbers = [self.dialled_number(leg) for leg in call.legs]
            if any(number and number.endswith(root.exten.lstrip("+0")) for number in numbers):
                return OUT
        return IN

    def _late_direction(self, root: Channel, *, goes_out: bool) -> Direction | None:
        """Of a call heard of when it had been going on: its context may be another by now."""
        if root.is_dialled:
            return OUT if goes_out else None
        if self._plan.channel_extension(root.name):
            goes_out = goes_out or self._plan.is_outside(root.exten)
            return OUT if goes_out and not self._plan.is_extension(root.exten) else None
        is_client = self._plan.is_outside(root.number) and not self._is_own(root.number)
        return IN if is_client and not goes_out else None

    def caller_extension(self, root: Channel) -> str | None:
        """The extension of ours that calls, if the channel or its number says so."""
        own = self._plan.channel_extension(root.name)
        return own or (root.number if self._plan.is_extension(root.number) else None)

    def caller(self, call: LiveCall) -> str | None:
        """Who of us calls, in a call from us."""
        if call.root is None:
            return None
        ours = [leg for leg in call.legs if not self.is_outside(leg)]
        if call.root.is_local and ours:
            return self.extension(ours[0])
        own = self.caller_extension(call.root) or self.extension(call.root)
        if own is None and self.is_outside(call.root):  # we called the client first
            return next(filter(None, map(self.extension, ours)), None)
        return own or self._plan.channel_peer(call.root.name)

    def clients(self, call: LiveCall, direction: Direction | None) -> list[Channel]:
        """The channels of the outside party; in an internal call that of the caller."""
        if call.root is None or direction is None:
            return []
        if direction is OUT:
            outside = [leg for leg in call.legs if self.is_outside(leg)]
            return [call.root, *outside] if self.is_outside(call.root) else outside
        return [call.root]

    def line(self, root: Channel) -> str | None:
        """Our number that was called."""
        is_line = self._plan.is_trunk(root.context) and self._plan.is_outside(root.exten)
        return root.exten if is_line else None

    def callee(self, call: LiveCall) -> str | None:
        """What was dialled in a call from us."""
        root = call.root
        if root is None:
            return None
        if self.is_outside(root):
            return self.dialled_number(root)
        if call.dialled or self._plan.is_outside(root.exten):
            return root.exten if self._plan.is_outside(root.exten) else call.dialled
        if self._plan.is_outside(root.seen_exten):
            return root.seen_exten
        return root.exten if root.exten not in {"", "s"} else None

    def is_told(self, call: LiveCall) -> bool:
        """Whether it is a call between people at all: not a message, not a part of another."""
        root = call.root
        if call.is_part or root is None or not (root.is_device or root.is_local):
            return False
        return not {root.exten.lower(), root.context.lower()} & MESSAGES

    def _is_own(self, number: str) -> bool:
        client = self._numbers.client_number(number)
        return client is not None and self._numbers.is_own(client)

    def _dialled(self, channel: Channel) -> str:
        """Dial leaves out the technology, a queue does not."""
        technology = f"{channel.technology}/"
        text = channel.dial_string
        return text if text.startswith(technology) else technology + text
