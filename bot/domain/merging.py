"""How statements about a call become the call: merged by rule, in any order, any number of times.

- A field takes the value said by the strongest statement that knows it. A statement is stronger by
  the level of its status (live < final < talked), then by the source's own `updated_at`, then by
  being received later. Only this last rule depends on the order of arrival.
- `rang` is the union of what all statements say.
- A call that has been live for too long counts as over, its end unknown (`end_unknown`): its level
  stays that of a live call, so that any end told later beats what was derived. Saying again that
  it is live does not bring it back.
- A call remembers the strength of its status and, where it differs, that of each value: so a
  statement that comes late replaces only the values that were said with less strength.
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from bot.domain.calls import PRICE_DELAY, CallFacts, Direction, EndedBy, Party, Status
from bot.domain.phones import NumberPlan, bare_extension, shown_number

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
"""How far a statement is believed: the level of its status (0 live, 1 final, 2 talked) and the
source's `updated_at`, if it gives one."""


@dataclass(slots=True, kw_only=True)
class MergedCall:
    """All that is known of a call, as the row of `calls` keeps it.

    First come the fields that sources state: `level` and `updated_at` are the strength of the
    status; `strengths`, by field, has those of values said with another strength. Then come the
    fields that follow from them: `client` is the client's number in E.164, `position` says where
    the call stands in the log, `settles_at` until when its price or recording may still come, and
    `extensions` may see the call as their own.
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
    lost: bool = False
    position: int = 0
    settles_at: int | None = None
    extensions: tuple[str, ...] = ()


def merge(old: MergedCall | None, facts: CallFacts, *, now: int) -> MergedCall:
    """The call after one more statement about it; `old` itself if it says nothing new."""
    said = _stated(facts)
    level = _level(facts.status)
    if old is None:
        call = MergedCall(
            source=facts.source,
            external_id=facts.external_id,
            status=facts.status,
            level=level,
            updated_at=facts.updated_at,
            rang=_rang(facts),
            **said,  # type: ignore[arg-type]  # keys are FIELDS, each of its own type
        )
        _derive(call, facts.numbers, now)
        return call

    call = replace(old, strengths=dict(old.strengths))
    new: Strength = (level, facts.updated_at)
    of_old_status: Strength = (old.level, old.updated_at)
    strengths = {name: old.strengths.get(name, of_old_status) for name in FIELDS}
    if _beats(new, of_old_status):
        if level or not is_end_unknown(old.level, old.status):
            call.status = facts.status
        call.level, call.updated_at = level, facts.updated_at
    for name, value in said.items():
        if value is None:
            continue
        if getattr(call, name) is None or _beats(new, strengths[name]):
            setattr(call, name, value)
            strengths[name] = new
    of_status: Strength = (call.level, call.updated_at)
    call.strengths = {
        name: strength
        for name, strength in strengths.items()
        if strength != of_status and getattr(call, name) is not None
    }
    if not set(rang := _rang(facts)) <= set(call.rang):
        call.rang = tuple(sorted({*call.rang, *rang}))
    _derive(call, facts.numbers, now)
    return old if replace(call, settles_at=old.settles_at) == old else call


def end_unknown(call: MergedCall, numbers: NumberPlan, *, now: int) -> MergedCall:
    """The live call as one that is over, although nobody has said so."""
    over = replace(call, status=Status.MISSED)
    _derive(over, numbers, now)
    return over


def is_end_unknown(level: int, status: Status) -> bool:
    """Whether the call counts as over although nobody has said so."""
    return level == 0 and not status.is_live


def _level(status: Status) -> int:
    """How far a status is believed: 0 while the call is live, 1 when it is over, 2 for a talk."""
    return 0 if status.is_live else 2 if status.is_talk else 1


def _beats(new: Strength, old: Strength) -> bool:
    """Whether a value said with `new` strength replaces one said with `old` strength."""
    if new[0] != old[0]:
        return new[0] > old[0]
    if new[1] is not None and old[1] is not None:
        return new[1] >= old[1]
    return True


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


def _derive(call: MergedCall, numbers: NumberPlan, now: int) -> None:
    """Fill in the fields that follow from the merged ones, which no statement gives."""
    talked = call.status.is_talk or _has_employee_talk(call)
    if is_end_unknown(call.level, call.status):
        talked = _was_answered(call)
        if talked:
            call.status = Status.ANSWERED
        else:
            is_in = call.direction is Direction.IN
            call.status = Status.MISSED if is_in else Status.UNKNOWN_ERROR
    call.client, is_own = _client(call, numbers)
    is_over = not call.status.is_live
    call.lost = call.direction is Direction.IN and is_over and not talked and not is_own
    call.wait, call.talk = (None, None) if call.status.is_live else _wait_and_talk(call, talked)
    stands_first = call.status.is_live and now - call.started_at < LIVE_MAX_AGE
    call.position = call.started_at + (LIVE_POSITION if stands_first else 0)
    call.extensions = _extensions(call)
    call.settles_at = None
    if not call.status.is_live and (call.price is None or call.recording_url is None):
        ended = call.started_at + (call.wait or 0) + (call.talk or 0)
        if ended + PRICE_DELAY > now:
            call.settles_at = ended + PRICE_DELAY


def _was_answered(call: MergedCall) -> bool:
    """Whether the facts of a call without an end say that an employee answered it."""
    has_answer = call.answered_at is not None or (call.talk_said or 0) > 0
    return has_answer and call.extension is not None


def _has_employee_talk(call: MergedCall) -> bool:
    """Whether the facts say an employee talked, whatever the status says."""
    if not call.extension:
        return False
    if call.answered_at is not None and call.ended_at is not None:
        return call.ended_at > call.answered_at
    return (call.talk_said or 0) > 0


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
