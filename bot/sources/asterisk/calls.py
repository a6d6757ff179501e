"""What the CDRs of one call say together: the statement about the call.

Reading order: which way the call went, which of its CDRs are attempts to reach somebody, which
attempt decides what became of it; then who called whom.
"""

from hashlib import blake2b

from bot.domain.calls import CallFacts, Direction, Party, Status
from bot.domain.phones import NumberPlan, shown_number
from bot.sources.asterisk.cdr import ANSWERED, BUSY, CONGESTION, FAILED, NO_ANSWER, Cdr
from bot.sources.asterisk.dial_plan import DialPlan
from bot.sources.asterisk.open_calls import CallCdrs
from bot.sources.base import NAME_LIMIT, TEXT_LIMIT, UNDECODABLE, clean_text

IN, OUT, INTERNAL = Direction  # looking up a member of an enum is slow in Python 3.11

OUT_STATUSES = {
    NO_ANSWER: Status.NO_ANSWER,
    BUSY: Status.REJECTED_BY_SUBSCRIBER,
    FAILED: Status.UNREACHABLE,
    CONGESTION: Status.NO_CHANNELS,
}
IN_STATUSES = {
    NO_ANSWER: Status.MISSED,
    BUSY: Status.MISSED,
    ANSWERED: Status.MISSED,  # by a machine: what a person answered never gets here
    CONGESTION: Status.NO_CHANNELS,
    FAILED: Status.MISSED_OFFLINE,
}
"""The status of a call in which nobody talked, by the disposition of its decisive attempt."""

IN_RANKS = {NO_ANSWER: 0, BUSY: 0, ANSWERED: 1, CONGESTION: 2, FAILED: 3}
"""Which of several failed attempts to reach an employee names the call: one that rang."""

DIALLING = frozenset({"Dial", "Queue"})
MACHINES = frozenset(
    {"BackGround", "Echo", "MusicOnHold", "Playback", "Record", "VoiceMail", "WaitExten"}
)
"""Applications that answer in nobody's name; Asterisk before 12 leaves the last dialled channel
in their CDRs."""

CONFERENCES = frozenset({"ConfBridge", "MeetMe"})
"""Applications in which clients may hear each other, and nobody of us."""

_LOCAL_DIGITS = 6
"""Digits of a local number, the least by which a longer number is known to be the same."""


class CallBuilder:
    """Makes statements about the calls of one source."""

    def __init__(self, source: str, numbers: NumberPlan, plan: DialPlan) -> None:
        self._source = source
        self._numbers = numbers
        self._plan = plan

    def build(self, call: CallCdrs) -> CallFacts:
        """The statement that all CDRs of the call make together."""
        cdrs = call.cdrs
        entry = cdrs[0]
        if len(cdrs) > 1:
            entry = min(
                cdrs,
                key=lambda cdr: (
                    cdr.uniqueid != call.linkedid,
                    cdr.channel.endswith(";2"),
                    cdr.start,
                ),
            )
            cdrs = [cdr for cdr in cdrs if not cdr.is_tail()] or cdrs
        direction, caller = self._direction(entry, cdrs)

        attempts = [cdr for cdr in cdrs if cdr.dstchannel or cdr.app in DIALLING] or cdrs
        if direction is OUT:
            attempts = [cdr for cdr in attempts if self._plan.is_outside(cdr.dst)] or attempts
        talks = [
            cdr
            for cdr in attempts
            if cdr.disposition == ANSWERED and self._is_talk(cdr, direction)
        ]
        decisive = attempts[0]
        if talks:
            if len(talks) > 1:  # the answer of a person's own leg is better than of a queue's
                talks = [cdr for cdr in talks if _is_own_leg(cdr)] or talks
                # Who was ringing when the call was picked up is said to have answered too.
                talks = [cdr for cdr in talks if cdr.end != cdr.answer] or talks
                talks.sort(key=lambda cdr: cdr.start if cdr.answer is None else cdr.answer)
            decisive = talks[0]
            status = Status.ANSWERED
        elif direction is IN:
            if len(attempts) > 1:
                decisive = min(attempts, key=lambda cdr: IN_RANKS.get(cdr.disposition, 4))
            status = IN_STATUSES.get(decisive.disposition, Status.UNKNOWN_ERROR)
        else:
            if len(attempts) > 1:
                decisive = max(attempts, key=lambda cdr: cdr.end)
            status = OUT_STATUSES.get(decisive.disposition, Status.UNKNOWN_ERROR)

        word = decisive.disposition
        facts = CallFacts(
            source=self._source,
            external_id=call.linkedid or _root_id(entry),
            direction=direction,
            status=status,
            started_at=call.start,
            numbers=self._numbers,
            raw_status=word if word in IN_STATUSES else clean_text(word, TEXT_LIMIT),
            answered_at=decisive.answer if talks else None,
            ended_at=call.end,
            flaws=tuple(dict.fromkeys(flaw for cdr in call.cdrs for flaw in cdr.flaws)),
        )
        for cdr in cdrs:
            if cdr.app == "Queue":
                facts.queue = clean_text(cdr.arguments()[0], TEXT_LIMIT)
                break
        if direction is IN:
            self._fill_incoming(facts, entry, cdrs, talks)
        else:
            self._fill_own(facts, entry, attempts, cdrs, caller)
        return facts

    def _direction(self, entry: Cdr, cdrs: list[Cdr]) -> tuple[Direction, str | None]:
        """By where the call entered, else by who could have called whom; and who of us called.

        Before the CDR is written FreePBX moves an incoming call on to ext-group, ext-queues, ivr-…
        and rewrites the caller's number of an outgoing one: then the channels tell.
        """
        plan = self._plan
        channel_owner = plan.channel_extension(entry.channel)
        # An attended transfer gives the channel of the one who asked the context of the other.
        if plan.is_trunk(entry.context) and not (channel_owner and entry.src == channel_owner):
            return IN, None
        src = entry.src if plan.is_extension(entry.src) else None
        caller = channel_owner or src
        is_to_us = plan.is_extension(entry.dst)
        if channel_owner and is_to_us and entry.channel.startswith("Local/"):
            # A leg to 101 apart from the CDR of its call, no call of 101: the number tells whose.
            caller = src
        if caller:
            goes_out = any(plan.is_outside(x.dst) or plan.is_outward(x.context) for x in cdrs)
            if is_to_us or not goes_out:
                return INTERNAL, caller
            return OUT, caller
        peer = plan.channel_peer(entry.channel)
        if not any(plan.is_trunk(cdr.context) for cdr in cdrs):
            is_feature = entry.dst.startswith("*")
            is_named = peer is not None and entry.src == peer
            if (
                is_feature
                or is_named
                or self._is_ours(entry.src)
                or plan.is_outward(entry.context)
            ):
                return INTERNAL if is_to_us or is_feature else OUT, peer
        if is_to_us or not plan.is_outside(entry.dst):
            return IN, None
        if any(plan.is_trunk(cdr.context) for cdr in cdrs):
            return IN, None
        # A phone that has a name: what it dialled is called by way of a trunk.
        if any(_same_number(entry.dst, number) for cdr in cdrs for number in cdr.dialled()):
            return OUT, peer
        return IN, None

    def _is_ours(self, number: str) -> bool:
        client = self._numbers.client_number(number)
        return client is not None and self._numbers.is_own(client)

    def _is_talk(self, cdr: Cdr, direction: Direction) -> bool:
        """Whether a CDR that says ANSWERED means that a person did."""
        if direction is INTERNAL and cdr.app not in DIALLING:
            return not cdr.is_tail()  # own voicemail, a conference
        if cdr.app in CONFERENCES:
            return self._plan.channel_extension(cdr.dstchannel) is not None
        return bool(cdr.dstchannel) and cdr.app not in MACHINES

    def _fill_incoming(
        self, facts: CallFacts, entry: Cdr, cdrs: list[Cdr], talks: list[Cdr]
    ) -> None:
        """Who called which line, whom it rang and who answered."""
        number = clean_text(entry.src, TEXT_LIMIT)
        facts.caller = Party(_caller_name(entry.clid, number), number)
        for cdr in (entry, *cdrs):
            dialled = cdr.dst
            if self._plan.is_trunk(cdr.context) and self._plan.is_outside(dialled):
                facts.line = dialled
                break
        else:
            dialled = entry.dst
        if facts.line or any(map(str.isdecimal, dialled)):
            facts.callee = Party(None, clean_text(dialled, TEXT_LIMIT))
        facts.rang = self._rang(cdrs)
        for cdr in talks:
            facts.extension = self._answerer(cdr)
            if facts.extension:
                break

    def _fill_own(
        self,
        facts: CallFacts,
        entry: Cdr,
        attempts: list[Cdr],
        cdrs: list[Cdr],
        caller: str | None,
    ) -> None:
        """Who of us called whom, in an outgoing or internal call."""
        number = clean_text(entry.src, TEXT_LIMIT)
        facts.extension = caller
        facts.caller = Party(_caller_name(entry.clid, number), caller or number)
        dialled = entry.dst
        if facts.direction is INTERNAL:
            facts.rang = self._rang(cdrs)
        elif not self._plan.is_outside(dialled):
            dialled = attempts[0].dst
            numbers = filter(self._plan.is_outside, attempts[0].dialled())
            if not self._plan.is_outside(dialled):  # in a macro it is "s"
                dialled = next(numbers, dialled)
        facts.callee = Party(None, clean_text(dialled, TEXT_LIMIT))

    def _rang(self, cdrs: list[Cdr]) -> tuple[str, ...]:
        """Extensions rung, in order; a CDR without a second channel rang nobody."""
        extensions: dict[str, None] = {}  # a set that keeps the order
        for cdr in cdrs:
            if cdr.dstchannel:
                own = self._plan.channel_extension(cdr.dstchannel)
                if own:
                    extensions[own] = None
                    if "&" not in cdr.data:
                        continue
                for extension in self._plan.dialled_extensions(cdr):
                    extensions[extension] = None
        return tuple(extensions)

    def _answerer(self, cdr: Cdr) -> str | None:
        """The extension that talked, if the channel names it or no other was dialled."""
        own = self._plan.channel_extension(cdr.dstchannel)
        if own:
            return own
        dialled = self._plan.dialled_extensions(cdr)
        peer = self._plan.channel_peer(cdr.dstchannel)
        return peer if peer in dialled else dialled[0] if len(dialled) == 1 else None


def _same_number(one: str, other: str) -> bool:
    """Whether two ways of writing are of one number: 0671234567 is dialled as 380671234567."""
    one, other = one.lstrip("+0"), other.lstrip("+0")
    short, long = sorted((one, other), key=len)
    return one == other or (len(short) >= _LOCAL_DIGITS and long.endswith(short))


def _is_own_leg(cdr: Cdr) -> bool:
    return cdr.app != "Queue" and not cdr.dstchannel.startswith("Local/")


def _root_id(entry: Cdr) -> str:
    """The id of a call without linkedid: the same whenever the same CDRs are read."""
    if entry.uniqueid:
        return entry.uniqueid
    seed = "\0".join((entry.channel, entry.start_text, entry.src))
    return "row-" + blake2b(seed.encode("utf-8", "replace"), digest_size=12).hexdigest()


def _caller_name(clid: str, number: str | None) -> str | None:
    """The name in `"Name" <number>`, unless it says no more than the number."""
    name, mark, _ = clid.rpartition("<")
    if not mark:
        return None
    name = name.strip()
    if len(name) >= 2 and name[0] == name[-1] == '"':
        name = name[1:-1].replace('\\"', '"')
    shown = clean_text(name, NAME_LIMIT)
    if shown and UNDECODABLE in shown:
        return None
    return shown_number(shown) if shown != number else None
