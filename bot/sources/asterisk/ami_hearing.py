"""Whether we are told of calls at all: a user of AMI without the class `call` is told of none, and
neither is one whose `eventfilter` leaves them out. Such a connection is like that of a quiet PBX.

Until the first call is heard of on a connection, Asterisk is asked again and again which channels
there are. One that was not there at first, and whose birth is not told a little later, was kept
from us. Nothing else is asked for on and on: Asterisk keeps all events for whoever reads them, and
hangs up on who does not.
"""

from bot.sources.asterisk.ami_packets import Packet

LIST_SECONDS = 20.0
"""After so long Asterisk is asked again."""

TELLING_SECONDS = 5.0
"""Within so long after a channel was listed its birth has been told."""


class Hearing:
    """Of one connection."""

    def __init__(self, moment: float) -> None:
        self._asked_at = moment
        self._is_first_list = True
        self._is_listing = True
        self._there_at_first: set[str] = set()
        self._untold_since: float | None = None
        self.is_proven = False

    def asks_again(self, moment: float) -> bool:
        """Whether channels are to be listed now; that is noted."""
        if self.is_proven or self._is_listing or moment - self._asked_at < LIST_SECONDS:
            return False
        self._asked_at, self._is_listing = moment, True
        return True

    def takes(self, packet: Packet, moment: float) -> bool:
        """Look at a packet. Returns whether it is of a list that was asked for here."""
        name = packet.get("event", "").lower()
        is_ours = not self._is_first_list
        if name == "newchannel":
            self.is_proven, self._untold_since = True, None
        elif name == "coreshowchannel":
            uniqueid = packet.get("uniqueid", "")
            if self._is_first_list:
                self._there_at_first.add(uniqueid)
            elif uniqueid not in self._there_at_first and self._untold_since is None:
                self._untold_since = moment
            return is_ours
        elif name == "coreshowchannelscomplete":
            self._is_first_list = self._is_listing = False
            return is_ours
        return False

    def is_deaf(self, moment: float) -> bool:
        since = self._untold_since
        return not self.is_proven and since is not None and moment - since > TELLING_SECONDS
