"""A call while it goes on, as the events have shown it so far."""

from dataclasses import dataclass, field

from bot.domain.calls import CallFacts
from bot.sources.asterisk.ami_channels import Channel


@dataclass(slots=True, eq=False)
class LiveCall:
    """Times are Unix seconds by the clock of the PBX.

    `external_id` is the linkedid its channels were born with. `root` began it, `legs` were dialled
    in it, in that order, `alive` are its channels that are there. `talkers` heard the client;
    `company` are the client and who heard them last, `asker` was the first of it to hang up.
    `dialled`: the outside number.

    `is_part`: it turned out to be a part of another call, and is not told of. `is_unsure`:
    something of it may have been missed, so that nobody's answering proves nothing. `is_proven`: a
    CDR says that somebody has answered. `is_end_unheard`: who hung up first may have been missed,
    at `gap_at`.
    """

    external_id: str
    started: float
    heard_at: float
    root: Channel | None = None
    legs: list[Channel] = field(default_factory=list)
    alive: set[str] = field(default_factory=set)
    dialled: str | None = None
    queue: str | None = None
    queued_at: float | None = None
    answered: float | None = None
    talkers: list[Channel] = field(default_factory=list)
    proven_by: str | None = None
    company: list[Channel] = field(default_factory=list)
    asker: Channel | None = None
    ended: float | None = None
    is_connecting: bool = False
    is_part: bool = False
    is_unsure: bool = False
    has_gap: bool = False
    is_proven: bool = False
    is_end_unheard: bool = False
    gap_at: float = 0.0
    ended_by_pbx: bool = False
    hangup_source: str = ""
    stated: CallFacts | None = None

    def part(self) -> None:
        """Whoever talked with the client does so no more: the call is passed on."""
        self.company, self.asker = [], None

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it can have been missed."""
        return self.root is not None and self.root.is_born_here and not self.has_gap

    @property
    def has_talked(self) -> bool:
        return bool(self.talkers) or self.is_proven

    @property
    def is_over(self) -> bool:
        return self.ended is not None
