"""Putting the CDRs of a log together to calls, with a bounded number of them in memory.

CDRs of one call share the linkedid, without it the uniqueid, without that the channel while its
CDRs follow one another. Legs through Local channels (FreePBX's queues, find-me-follow-me) are
found by the channel's name where there is no linkedid.
"""

from collections import OrderedDict
from collections.abc import Callable

from bot.sources.asterisk.cdr import Cdr

OPEN_CDRS = 8192
"""CDRs kept while more of their calls may come: a day of a busy office, some 15 MB."""

RESTART = 60
"""Seconds between CDRs that name the same Local channel, from which they mean two: Asterisk counts
its channels from one again when it restarts."""


Place = tuple[int, int]
"""Where a CDR stands: in which file, or at which moment, and at which byte."""

NOWHERE: Place = (0, 0)


class CallCdrs:
    """The CDRs of one call that have come so far, in the order of the log.

    `keys` are all the call is found by; `linkedid` is "" if the first CDR had none. `came_at`:
    when the last CDR came, `place`: where the first stands, both as whoever added them counts.
    """

    __slots__ = ("came_at", "cdrs", "end", "keys", "linkedid", "place", "start")

    def __init__(self, key: str, cdr: Cdr, place: Place, came_at: float) -> None:
        self.place = place
        self.came_at = came_at
        self.keys = {key}
        self.linkedid = cdr.linkedid
        self.cdrs = [cdr]
        self.start = cdr.start
        self.end = cdr.end

    def add(self, cdr: Cdr) -> None:
        self.cdrs.append(cdr)
        self.start = min(self.start, cdr.start)
        self.end = max(self.end, cdr.end)

    @property
    def has_root(self) -> bool:
        """Whether the channel that the call began with has ended: so the call is over.

        Of rows without a uniqueid, or without a linkedid, that cannot be told; then it is so.
        """
        return any(not cdr.uniqueid or cdr.uniqueid == self.linkedid for cdr in self.cdrs) or (
            not self.linkedid
        )

    def absorb(self, other: "CallCdrs") -> None:
        """Take over what turned out to be a part of this call."""
        self.place = min(self.place, other.place)
        self.came_at = max(self.came_at, other.came_at)
        self.keys |= other.keys
        self.cdrs += other.cdrs
        self.start = min(self.start, other.start)
        self.end = max(self.end, other.end)


class OpenCalls:
    """Calls of which more CDRs may come; the one that got none for longest stands first."""

    def __init__(self) -> None:
        self._calls: OrderedDict[int, CallCdrs] = OrderedDict()
        self._by_key: dict[str, CallCdrs] = {}
        self._count = 0

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def is_over_limit(self) -> bool:
        return self._count > OPEN_CDRS

    def pop_oldest(self) -> CallCdrs:
        """Close the call that got no CDR for longest. Raises StopIteration if there is none."""
        return self._close(next(iter(self._calls.values())))

    def pop_over(self, is_over: Callable[[CallCdrs], bool]) -> list[CallCdrs]:
        """Close all calls that are over."""
        return [self._close(call) for call in list(self._calls.values()) if is_over(call)]

    def first_place(self) -> Place | None:
        """Where the first CDR of an open call stands."""
        return min((call.place for call in self._calls.values()), default=None)

    def add(self, cdr: Cdr, *, place: Place = NOWHERE, came_at: float = 0) -> CallCdrs | None:
        """Put a CDR to the others of its call. Returns a call that it shows to be over."""
        ended = None
        key = cdr.linkedid or cdr.uniqueid
        if not key:
            key = "\0" + cdr.channel
            call = self._by_key.get(key)
            if call is not None and cdr.start > call.end + 1:
                ended = self._close(call)
        call = self._by_key.get(key)
        if call is None:
            call = self._by_key[key] = CallCdrs(key, cdr, place, came_at)
            self._calls[id(call)] = call
        else:
            call.add(cdr)
            call.came_at = came_at
            self._calls.move_to_end(id(call))
        self._count += 1
        if not cdr.linkedid and ("Local/" in cdr.channel or "Local/" in cdr.dstchannel):
            self._tie_local_halves(call, cdr)
        return ended

    def _tie_local_halves(self, call: CallCdrs, cdr: Cdr) -> None:
        """Join the call with the one that holds the other half of a Local channel."""
        for channel in (cdr.channel, cdr.dstchannel):
            half, mark, _ = channel.rpartition(";")
            if not (mark and half.startswith("Local/")):
                continue
            other = self._by_key.get(half, call)
            if call.start > other.end + RESTART or other.start > call.end + RESTART:
                other.keys.discard(half)
                other = call
            self._by_key[half] = call
            call.keys.add(half)
            if other is call:
                continue
            large, small = (call, other) if len(call.cdrs) > len(other.cdrs) else (other, call)
            large.absorb(small)
            self._by_key.update(dict.fromkeys(small.keys, large))
            del self._calls[id(small)]
            self._calls.move_to_end(id(large))
            call = large

    def _close(self, call: CallCdrs) -> CallCdrs:
        del self._calls[id(call)]
        for key in call.keys:
            del self._by_key[key]
        self._count -= len(call.cdrs)
        return call
