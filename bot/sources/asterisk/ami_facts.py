"""What a live call is now, as a statement: status, who with whom, since when, who hung up."""

from bot.domain.calls import CallFacts, Direction, EndedBy, Party, Status
from bot.domain.phones import NumberPlan, shown_number
from bot.sources.asterisk.ami_channels import Channel
from bot.sources.asterisk.ami_parties import IN, INTERNAL, OUT, Parties
from bot.sources.asterisk.live_call import LiveCall
from bot.sources.asterisk.packet_fields import (
    BUSY_CAUSES,
    NETWORK_CAUSES,
    NO_ANSWER_CAUSE,
    NO_CHANNEL_CAUSES,
    UNREACHABLE_CAUSES,
)
from bot.sources.base import NAME_LIMIT, TEXT_LIMIT, UNDECODABLE, clean_text

_WORDS = {
    "ANSWER": Status.ANSWERED,
    "BUSY": Status.REJECTED_BY_SUBSCRIBER,
    "CONGESTION": Status.NO_CHANNELS,
    "CHANUNAVAIL": Status.UNREACHABLE,
    "NOANSWER": Status.NO_ANSWER,
    "CANCEL": Status.CANCELLED_BY_OPERATOR,
}
"""What a DialEnd says, where the cause of the end says nothing better."""


class FactsOfLive:
    """Makes statements about the live calls of one source."""

    def __init__(self, source: str, numbers: NumberPlan, parties: Parties) -> None:
        self._source = source
        self._numbers = numbers
        self._parties = parties

    def state(self, call: LiveCall, *, now: float) -> CallFacts | None:
        """The statement; None if there is nothing to be said, or it would be a guess."""
        direction = self._parties.direction(call)
        root = call.root
        if root is None or direction is None or not self._parties.is_told(call):
            return None
        clients = self._parties.clients(call, direction)
        if direction is INTERNAL:
            self._count_app(call, root)
        if not self._is_worth_telling(call, direction, clients):
            return None
        status = self._status(call, root, direction, clients)
        if status is Status.UNKNOWN_ERROR and not call.is_whole:
            return None
        started = call.started
        if direction is OUT and root.is_dialled and clients:
            started = clients[0].born  # click-to-call counts from the client's leg
        facts = CallFacts(
            source=self._source,
            external_id=call.external_id,
            direction=direction,
            status=status,
            started_at=int(started),
            numbers=self._numbers,
            raw_status=self._word(call, clients),
            queue=clean_text(call.queue or "", TEXT_LIMIT),
            updated_at=int(now),
            is_witnessed=True,
        )
        if call.answered is not None and call.has_talked:
            facts.answered_at = facts.started_at + max(0, round(call.answered - started))
        if call.ended is not None:
            since, ended = started, facts.started_at
            if facts.answered_at is not None and call.answered is not None:
                since, ended = call.answered, facts.answered_at
            facts.ended_at = ended + max(0, round(call.ended - since))
            facts.ended_by = self._ended_by(call, direction, clients, status)
        if direction is IN:
            self._fill_incoming(facts, call, root)
        else:
            self._fill_own(facts, call, root)
        return facts

    def _is_worth_telling(
        self, call: LiveCall, direction: Direction, clients: list[Channel]
    ) -> bool:
        root = call.root
        if call.is_unsure and not call.has_talked:
            return False  # somebody may have answered while nobody listened
        if direction is INTERNAL:
            # Until its end nobody knows whether it is a call, or a part of a client's: somebody
            # asked before a transfer, a pick-up, a parked call taken back.
            is_alone = root is not None and root.is_dialled and not call.has_talked
            return call.is_over and not is_alone
        if direction is OUT and not clients:
            is_reached = root is not None and (not root.is_dialled or root.up_at is not None)
            return call.is_over and is_reached and call.is_whole
        return True

    def _count_app(self, call: LiveCall, root: Channel) -> None:
        """Own voicemail or a conference answers too, as in the history."""
        is_seen = call.is_whole and not root.is_dialled
        if call.is_over and not call.legs and root.up_at is not None and is_seen:
            call.answered = root.up_at
            call.talkers = [root]

    def _status(
        self, call: LiveCall, root: Channel, direction: Direction, clients: list[Channel]
    ) -> Status:
        if call.has_talked:
            is_cut = call.is_over and not self._is_asked(call, clients)
            causes = {one.cause for one in (*clients, *call.talkers[-1:])}
            if is_cut and not call.ended_by_pbx and causes & NETWORK_CAUSES:
                return Status.NETWORK_ERROR
            return Status.ANSWERED
        if not call.is_over:
            return Status.CONNECTING_OPERATOR if call.is_connecting else Status.RINGING
        if direction is IN:
            return self._lost(call, root)
        return self._unanswered(call, root, clients)

    def _lost(self, call: LiveCall, root: Channel) -> Status:
        """Of several attempts to reach an employee the one that rang names the call."""
        legs = [leg for leg in call.legs if leg.is_device] or call.legs
        if legs:
            found = {_outcome(leg) for leg in legs}
        elif root.asked_by_party or root.up_at is not None:
            return Status.MISSED
        else:
            found = {_of_cause(root.cause)}
        failed = {Status.NO_CHANNELS, Status.UNREACHABLE}
        if root.up_at is not None or not found <= failed:
            return Status.MISSED
        return Status.NO_CHANNELS if Status.NO_CHANNELS in found else Status.MISSED_OFFLINE

    def _unanswered(self, call: LiveCall, root: Channel, clients: list[Channel]) -> Status:
        if self._is_given_up(call, root):
            return Status.CANCELLED_BY_OPERATOR
        legs = [leg for leg in call.legs if leg.is_device and leg in clients] or [
            leg for leg in call.legs if leg.is_device
        ]
        if legs:
            return _outcome(legs[-1]) or Status.UNKNOWN_ERROR
        return _of_cause(root.cause) or Status.UNKNOWN_ERROR

    def _is_given_up(self, call: LiveCall, root: Channel) -> bool:
        """Whether our side hung up before anybody answered."""
        if root.is_local:
            ours = [
                leg for leg in call.legs if leg.is_device and not self._parties.is_outside(leg)
            ]
            return any(leg.asked_by_party and leg.up_at for leg in ours)
        return root.asked_by_party is True

    def _ended_by(
        self, call: LiveCall, direction: Direction, clients: list[Channel], status: Status
    ) -> EndedBy | None:
        client, own = EndedBy.CALLER, EndedBy.CALLEE
        if direction is OUT:
            client, own = own, client
        if call.ended_by_pbx:
            return EndedBy.SYSTEM
        if call.is_end_unheard and (call.has_talked or direction is IN):
            return self._by_record(call, clients, client=client, own=own)
        if not call.has_talked:
            if direction is IN:
                asked = call.root is not None and call.root.asked_by_party
                return EndedBy.CALLER if asked else EndedBy.SYSTEM
            if status is Status.CANCELLED_BY_OPERATOR:
                return EndedBy.CALLER
            return EndedBy.CALLEE if status is Status.REJECTED_BY_SUBSCRIBER else EndedBy.SYSTEM
        if call.asker is not None:
            return client if call.asker in clients else own
        if any(one.asked_by_party for one in clients):
            return client
        if told := self._by_record(call, clients, client=client, own=own):
            return told
        return EndedBy.SYSTEM if call.is_whole or call.company else None

    def _by_record(
        self, call: LiveCall, clients: list[Channel], *, client: EndedBy, own: EndedBy
    ) -> EndedBy | None:
        """Who hung up by CEL, if it is told; it names the channel."""
        if any(one.name == call.hangup_source for one in clients):
            return client
        return own if any(one.name == call.hangup_source for one in call.talkers) else None

    def _is_asked(self, call: LiveCall, clients: list[Channel]) -> bool:
        return call.asker is not None or any(one.asked_by_party for one in clients)

    def _word(self, call: LiveCall, clients: list[Channel]) -> str | None:
        """What Asterisk said of the attempt that decides."""
        if call.has_talked:
            return "ANSWER"
        legs = [leg for leg in call.legs if leg.dial_status]
        chosen = [leg for leg in legs if leg in clients] or legs
        return clean_text(chosen[-1].dial_status, TEXT_LIMIT) if chosen else None

    def _fill_incoming(self, facts: CallFacts, call: LiveCall, root: Channel) -> None:
        number = clean_text(root.number, TEXT_LIMIT)
        facts.caller = Party(_name(root.caller_name, number), number)
        facts.line = self._parties.line(root)
        if facts.line or any(map(str.isdecimal, root.exten)):
            facts.callee = Party(None, clean_text(root.exten, TEXT_LIMIT))
        facts.rang = self._rang(call)
        facts.extension = self._talker(call)

    def _fill_own(self, facts: CallFacts, call: LiveCall, root: Channel) -> None:
        facts.extension = self._parties.caller(call)
        number = clean_text(root.number, TEXT_LIMIT)
        facts.caller = Party(_name(root.caller_name, number), facts.extension or number)
        facts.callee = Party(None, clean_text(self._parties.callee(call) or "", TEXT_LIMIT))
        rang = self._rang(call)
        # Of a call to the outside those it was passed on to; not who called, clicking.
        facts.rang = rang if facts.direction is INTERNAL else self._others(rang, facts.extension)

    def _rang(self, call: LiveCall) -> tuple[str, ...]:
        """The extensions of telephones that rang, in order; a Local channel rings nobody."""
        rung = [leg for leg in (*call.legs, *call.talkers) if leg.is_device and leg.is_dialled]
        return tuple(dict.fromkeys(filter(None, map(self._parties.extension, rung))))

    def _others(self, rang: tuple[str, ...], caller: str | None) -> tuple[str, ...]:
        return tuple(one for one in rang if one != caller)

    def _talker(self, call: LiveCall) -> str | None:
        """Who answered first, as far as channels tell."""
        if call.talkers:
            return self._parties.extension(call.talkers[0])
        return call.proven_by


def _outcome(leg: Channel) -> Status | None:
    if leg.dial_status == "CANCEL":
        return Status.CANCELLED_BY_OPERATOR
    if leg.dial_status == "BUSY" and leg.cause == NO_ANSWER_CAUSE:
        return Status.NO_ANSWER  # chan_sip says BUSY of a telephone that is off (480)
    return _of_cause(leg.cause) or _WORDS.get(leg.dial_status)


def _of_cause(cause: int) -> Status | None:
    if cause in BUSY_CAUSES:
        return Status.REJECTED_BY_SUBSCRIBER
    if cause in NO_CHANNEL_CAUSES:
        return Status.NO_CHANNELS
    return Status.UNREACHABLE if cause in UNREACHABLE_CAUSES else None


def _name(name: str, number: str | None) -> str | None:
    shown = clean_text(name, NAME_LIMIT)
    if shown and UNDECODABLE in shown:
        return None
    return shown_number(shown) if shown != number else None
