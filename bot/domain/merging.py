"""How statements about a call become the call: merged by rule, in any order, any number of times.

- A field takes the value said by the strongest statement that knows it; the status, that of the
  strongest statement. A final statement is stronger than a live one. Of two final ones that both
  give `updated_at` the newer is stronger, so a talk can be corrected; else the one that says
  `answered`. If neither decides, one with `updated_at` is stronger than one without.
- A talk that the source heard (`is_witnessed`) is stronger than one that is only on record.
- What equally strong statements say differently is settled by what they say: the fuller value
  wins (the longer text, the earlier start and answer, the later end, more seconds, the higher
  price), and of statuses the one that says more (`_STATUSES`). What came last decides nothing.
- A time that is only when the statement came (`by_arrival`) is weaker than any that is told, and
  of two such the earlier wins: a statement that is sent again moves nothing.
- `rang` is the union of what all statements say. A price and its currency are one value.
- So the call depends on the set of its statements, never on their order or number.
- A call that has been live for too long counts as over, its end unknown (`end_unknown`): its level
  stays that of a live call, so that any end told later beats what was derived. Saying again that
  it is live does not bring it back.
- A call remembers the strength of its status and, where it differs, that of each value: so a
  statement that comes late replaces only the values that were said with less strength.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from bot.domain.calls import PRICE_DELAY, CallFacts, Direction, EndedBy, Party, Status
from bot.domain.clock import AHEAD_LIMIT
from bot.domain.phones import NumberPlan, bare_extension, shown_number
from bot.domain.talks import has_talked

FIELDS = (
    "direction",
    "raw_status",
    "caller_name",
    "caller_number",
    "caller_sip",
    "callee_name",
    "callee_number",
    "callee_sip",
    "line",
    "queue",
    "extension",
    "started_at",
    "answered_at",
    "ended_at",
    "wait_said",
    "talk_said",
    "ended_by",
    "price",
    "currency",
    "recording_url",
)
"""The fields merged one by one. The status is not among them: it decides the strength."""

LIVE_POSITION = 1 << 40
"""Added to the start of a live call, so that it stands before all that have ended."""

RINGING_MAX_AGE = 3600
"""Seconds after which a call that only rings is over: nobody waits for longer."""

LIVE_MAX_AGE = 4 * 3600
"""Seconds after which any live call is over. One heard of later never stands first in the log."""

Strength = tuple[int, int | None]
"""How far a statement is believed: the level of its status (0 live, 1 final, 2 answered, 3 a talk
that was heard) and the source's `updated_at`, if it gives one."""

_BY_ARRIVAL: Strength = (-1, None)
"""Of a time that is only when the statement came."""

_ALWAYS = 1 << 40
"""A moment after any `updated_at`."""

_STATUSES = (
    Status.RINGING,
    Status.CONNECTING_OPERATOR,
    Status.UNKNOWN_ERROR,
    Status.MISSED,
    Status.NO_ANSWER,
    Status.CANCELLED_BY_OPERATOR,
    Status.NO_CHANNELS,
    Status.UNREACHABLE,
    Status.REJECTED_BY_SUBSCRIBER,
    Status.MISSED_OFFLINE,
    Status.NETWORK_ERROR,
    Status.MISSED_CALLED_BACK,
    Status.ANSWERED,
)
"""From the one that says least to the one that says most."""

_DIRECTIONS = (Direction.INTERNAL, Direction.OUT, Direction.IN)
_ENDS = (EndedBy.UNKNOWN, EndedBy.SYSTEM, EndedBy.CALLEE, EndedBy.CALLER)


@dataclass(slots=True, kw_only=True)
class MergedCall:
    """All that is known of a call, as the row of `calls` keeps it.

    First come the fields that sources state: `level` and `updated_at` are the strength of the
    status; `strengths`, by field, has those of values said with another strength. Then come the
    fields that follow from them: `client` is the client's number in E.164, `position` says where
    the call stands in the log and among those of its client, `settles_at` until when its price or
    recording may still come, and `extensions` may see the call as their own.
    """

    source: str
    external_id: str
    direction: Direction
    status: Status
    level: int
    updated_at: int | None
    started_at: int
    raw_status: str | None = None
    caller_name: str | None = None
    caller_number: str | None = None
    caller_sip: str | None = None
    callee_name: str | None = None
    callee_number: str | None = None
    callee_sip: str | None = None
    line: str | None = None
    queue: str | None = None
    extension: str | None = None
    rang: tuple[str, ...] = ()
    answered_at: int | None = None
    ended_at: int | None = None
    wait_said: int | None = None
    talk_said: int | None = None
    ended_by: EndedBy | None = None
    price: Decimal | None = None
    currency: str | None = None
    recording_url: str | None = None
    strengths: dict[str, Strength] = field(default_factory=dict)

    client: str | None = None
    wait: int | None = None
    talk: int | None = None
    talked: bool = False
    lost: bool = False
    position: int = 0
    settles_at: int | None = None
    extensions: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nobody rings or talks any more; one that was answered may go on."""
        return not self.status.is_live and (self.ended_at is not None or self.talk is not None)


def merge(old: MergedCall | None, facts: CallFacts, *, now: int) -> MergedCall:
    """The call after one more statement about it; `old` itself if it says nothing new."""
    said = _stated(facts)
    level = _level(facts)
    if old is None:
        call = MergedCall(
            source=facts.source,
            external_id=facts.external_id,
            status=facts.status,
            level=level,
            updated_at=facts.updated_at,
            rang=_rang(facts),
            strengths={
                name: _BY_ARRIVAL for name in sorted(facts.by_arrival) if said[name] is not None
            },
            **said,  # type: ignore[arg-type]  # keys are FIELDS, each of its own type
        )
        _derive(call, facts.numbers, now)
        return call

    call = replace(old, strengths=dict(old.strengths))
    new: Strength = (level, facts.updated_at)
    of_old_status: Strength = (old.level, old.updated_at)
    strengths = {name: old.strengths.get(name, of_old_status) for name in FIELDS}
    rank = _rank(new)
    if rank > _rank(of_old_status) or (
        new == of_old_status and _says_more(facts.status, old.status)
    ):
        if level or not is_end_unknown(old.level, old.status):
            call.status = facts.status
        call.level, call.updated_at = new
    for name, value in said.items():
        if value is None or name == "currency":
            continue
        believed = _BY_ARRIVAL if name in facts.by_arrival else new
        before, strength = getattr(call, name), strengths[name]
        is_new = before is None or _rank(believed) > _rank(strength)
        if is_new or (believed == strength and _is_fuller(said, call, name, believed)):
            setattr(call, name, value)
            strengths[name] = believed
            if name == "price":
                call.currency, strengths["currency"] = facts.currency, new
    of_status: Strength = (call.level, call.updated_at)
    call.strengths = {
        name: strength
        for name, strength in strengths.items()
        if strength != of_status and getattr(call, name) is not None
    }
    if not set(rang := _rang(facts)) <= set(call.rang):
        call.rang = tuple(sorted({*call.rang, *rang}))
    _derive(call, facts.numbers, now, old)
    return old if replace(call, settles_at=old.settles_at) == old else call


def differs(old: MergedCall, call: MergedCall) -> bool:
    """Whether more than how far it is believed has become known of a call; its end is more."""
    if is_end_unknown(old.level, old.status) != is_end_unknown(call.level, call.status):
        return True
    believed = replace(
        old,
        level=call.level,
        updated_at=call.updated_at,
        strengths=call.strengths,
        settles_at=call.settles_at,
    )
    return believed != call


def end_unknown(call: MergedCall, numbers: NumberPlan, *, now: int) -> MergedCall:
    """The live call as one that is over, although nobody has said so."""
    over = replace(call, status=Status.MISSED)
    _derive(over, numbers, now, call)
    return over


def is_end_unknown(level: int, status: Status) -> bool:
    """Whether the call counts as over although nobody has said so."""
    return level == 0 and not status.is_live


def _level(facts: CallFacts) -> int:
    """How far the status of a statement is believed."""
    if facts.is_witnessed and facts.status in {Status.ANSWERED, Status.NETWORK_ERROR}:
        return 3
    return 0 if facts.status.is_live else 2 if facts.status is Status.ANSWERED else 1


def _rank(strength: Strength) -> tuple[int, int, int]:
    """A strength as a number of an order in which any two can be compared."""
    level, updated_at = strength
    if level == 3:
        return 1, _ALWAYS + 1 + (updated_at or 0), level
    undated = _ALWAYS if level == 2 else -1
    return min(level, 1), undated if updated_at is None else updated_at, level


def _says_more(status: Status, old: Status) -> bool:
    return _STATUSES.index(status) > _STATUSES.index(old)


def _is_fuller(
    said: Mapping[str, object], call: MergedCall, name: str, strength: Strength
) -> bool:
    """Whether the value said is to replace the one that was said with the same `strength`."""
    if strength == _BY_ARRIVAL:
        return bool(int(str(said[name])) < getattr(call, name))
    if name == "price":
        return _money(said["price"], said["currency"]) > _money(call.price, call.currency)
    return _fullness(name, said[name]) > _fullness(name, getattr(call, name))


def _fullness(name: str, value: object) -> tuple[int, str]:
    match value:
        case Direction():
            return _DIRECTIONS.index(value), ""
        case EndedBy():
            return _ENDS.index(value), ""
        case int():
            return (-value if name in {"started_at", "answered_at"} else value), ""
        case _:
            return len(str(value)), str(value)


def _money(price: object, currency: object) -> tuple[Decimal, str, str]:
    return Decimal(str(price)), str(price), str(currency or "")


def _stated(facts: CallFacts) -> dict[str, object]:
    """What the statement says of each of FIELDS; None: it does not know."""
    return {
        "direction": facts.direction,
        "raw_status": facts.raw_status,
        "caller_name": _name(facts.caller.name, facts.numbers),
        "caller_number": _number(facts, facts.caller, outside=Direction.IN),
        "caller_sip": facts.caller.sip,
        "callee_name": _name(facts.callee.name, facts.numbers),
        "callee_number": _number(facts, facts.callee, outside=Direction.OUT),
        "callee_sip": facts.callee.sip,
        "line": facts.line,
        "queue": facts.queue,
        "extension": _extension(facts.extension),
        "started_at": facts.started_at,
        "answered_at": facts.answered_at,
        "ended_at": facts.ended_at,
        "wait_said": facts.wait,
        "talk_said": facts.talk,
        "ended_by": None if facts.ended_by is EndedBy.UNKNOWN else facts.ended_by,
        "price": facts.price,
        "currency": facts.currency if facts.price is not None else None,
        "recording_url": facts.recording_url,
    }


def _rang(facts: CallFacts) -> tuple[str, ...]:
    """The extensions that were rung, each once, in order."""
    return tuple(sorted({one for one in map(_extension, facts.rang) if one}))


def _extension(written: str | None) -> str | None:
    """An extension without its address; None if it is a word for none, like `unknown` or `-`."""
    if written is None or written.isdecimal():
        return written
    return bare_extension(written) if shown_number(written) else None


def _number(facts: CallFacts, party: Party, *, outside: Direction) -> str | None:
    """A party's number; None if it is withheld. `outside`: the way of calls in which it is theirs.

    Ours is an extension, if it is one, without its address.
    """
    written = party.number
    if written is None or facts.numbers.is_hidden(written):
        return None
    return written.strip() if facts.direction is outside else bare_extension(written.strip())


def _name(written: str | None, numbers: NumberPlan) -> str | None:
    """A party's name; None if it only says that the number is withheld."""
    return None if written is None or numbers.is_hidden_word(written) else written


def _derive(
    call: MergedCall, numbers: NumberPlan, now: int, old: MergedCall | None = None
) -> None:
    """Fill in the fields that follow from the merged ones, which no statement gives."""
    talked = _has_talked(call, call.status)
    if is_end_unknown(call.level, call.status):
        talked = _has_talked(call, Status.UNKNOWN_ERROR)
        if talked:
            call.status = Status.ANSWERED
        else:
            is_in = call.direction is Direction.IN
            call.status = Status.MISSED if is_in else Status.UNKNOWN_ERROR
    call.talked = talked
    call.client, is_own = _client(call, numbers)
    is_over = not call.status.is_live
    call.lost = call.direction is Direction.IN and is_over and not talked and not is_own
    call.wait, call.talk = (None, None) if call.status.is_live else _wait_and_talk(call, talked)
    stands_first = call.status.is_live and now - call.started_at < LIVE_MAX_AGE
    call.position = LIVE_POSITION + call.started_at if stands_first else _place(call, old, now)
    call.extensions = _extensions(call)
    call.settles_at = None
    if not call.status.is_live and (call.price is None or call.recording_url is None):
        ended = call.started_at + (call.wait or 0) + (call.talk or 0)
        if ended + PRICE_DELAY > now:
            call.settles_at = ended + PRICE_DELAY


def _place(call: MergedCall, old: MergedCall | None, now: int) -> int:
    """Where a call that is over stands in the log: at its begin, if that can be.

    One that is over AHEAD_LIMIT ahead stands where it was heard of; one that a clock set back has
    moved stays there (storage/call_positions.py).
    """
    if old and old.started_at == call.started_at and old.position < old.started_at:
        return old.position
    return now if call.started_at > now + AHEAD_LIMIT else call.started_at


def _has_talked(call: MergedCall, status: Status) -> bool:
    """Whether it was a talk; what an `answered` said that was corrected proves nothing."""
    corrected = {
        name for name, (level, _) in call.strengths.items() if level == 2 and call.level == 1
    }
    return has_talked(
        status,
        extension=None if "extension" in corrected else call.extension,
        answered_at=None if "answered_at" in corrected else call.answered_at,
        ended_at=call.ended_at,
        talk=None if "talk_said" in corrected else call.talk_said,
    )


def _wait_and_talk(call: MergedCall, talked: bool) -> tuple[int | None, int | None]:
    """Seconds of waiting and of talk. A stated time wins over a stated number of seconds.

    Where nobody talked the whole call was waiting, whatever an IVR or a queue "answered".
    """
    start, answer, end = call.started_at, call.answered_at, call.ended_at
    if not talked:
        if end is not None:
            return max(0, end - start), 0
        said = [s for s in (call.wait_said, call.talk_said) if s is not None]
        return (sum(said), 0) if said else (None, 0)
    wait, talk = call.wait_said, call.talk_said
    if answer is not None:
        wait = max(0, answer - start)
    elif end is not None and talk is not None:
        wait = max(0, end - start - talk)
    if end is not None and wait is not None:
        wait = min(wait, max(0, end - start))
        talk = max(0, end - start) - wait
    return wait, talk


def _client(call: MergedCall, numbers: NumberPlan) -> tuple[str | None, bool]:
    """The client's number, and whether the outside party is the company itself: no client."""
    if call.direction is Direction.INTERNAL:
        return None, False
    is_in = call.direction is Direction.IN
    number = call.caller_number if is_in else call.callee_number
    client = numbers.client_number(number, is_dialled=not is_in) if number else None
    is_own = client is not None and numbers.is_own(client)
    return None if is_own else client, is_own


def _extensions(call: MergedCall) -> tuple[str, ...]:
    """The extensions that were a party of the call or were rung: who may see it as their own.

    Any of our parties but the line may be somebody's extension, however many digits it has: what
    nobody has as one is nobody's. An address counts as it is, and without its host.
    """
    parties: list[str | None] = []
    if call.direction is not Direction.IN:
        parties += [call.caller_number, call.caller_sip]
    if call.direction is not Direction.OUT:
        parties += [call.callee_number, call.callee_sip]
    ours = {x for x in parties if x and x != call.line}
    ours |= {bare_extension(x) for x in ours}
    return tuple(sorted({x for x in (call.extension, *call.rang) if x} | ours))
