"""What the log is filtered by, in the bits of one number: `traits` of a call.

A narrow index with it answers any combination of filters, where an index for each would be needed.
Most bits follow from the call alone. The others are kept by whoever changes what they tell of, in
the same transaction:

- the status is the one that is shown: that of a lost call whose client was called back is
  MISSED_CALLED_BACK. Refolding keeps it, and how the case of the call stands.
- COMMENTED: the call has a comment.
- FIRST: it is the first call of its number; first_calls.py keeps it.
- KNOWN: status, case and FIRST are kept of this call. An older program writes calls without KNOWN:
  of those the three are asked of the tables they follow from, until older_programs.py sets it.
"""

from collections.abc import Collection, Iterable

from bot.domain.calls import CaseState, Direction, Status, shown_status
from bot.domain.log import LONGER_THAN, LogFilter
from bot.domain.merging import MergedCall
from storage.engine.base import Transaction

_DIRECTIONS = {Direction.IN: 1, Direction.OUT: 2, Direction.INTERNAL: 3}
_DIRECTION = 3
_TALKED = 4
_RECORDED = 8
COMMENTED = 16
"""Set by whoever writes or deletes a comment, kept by all else."""

_LENGTH_UNIT = 32
_LENGTH = 3 * _LENGTH_UNIT
_STATUS_UNIT = 128
_STATUS = 15 * _STATUS_UNIT
_STATUSES = {status: number * _STATUS_UNIT for number, status in enumerate(Status)}

FIRST = 2048
KNOWN = 8192

_STATES = {
    CaseState.OPEN: 4096,
    CaseState.EXPIRED: 16384,
    CaseState.CALLED_BACK: 32768,
    CaseState.GOT_THROUGH: 65536,
    CaseState.BY_HAND: 131072,
}
"""How the case of a lost call stands; none of them: it has none."""

_WAITING = (CaseState.OPEN, CaseState.EXPIRED)
"""Of a client whom nobody has reached yet."""

_OF_WAITING = sum(_STATES[one] for one in _WAITING)
_OF_STATES = sum(_STATES.values())
_OF_CASE = _STATUS | _OF_STATES

_INDEXED_LENGTH = 2 * _LENGTH_UNIT
"""Calls of LONGER_THAN[1] and more have an index of their own."""

_MARKED = _RECORDED | COMMENTED | _INDEXED_LENGTH | _STATUS | FIRST
"""Calls of an extension that have any of these have an index of their own."""

_TABLES = (("calls", "id"), ("call_extensions", "call_id"))


def traits_of(call: MergedCall) -> int:
    """What follows from the call alone: its own status, and not whether it has a comment."""
    length = sum((call.talk or 0) >= seconds for seconds in LONGER_THAN)
    return (
        _DIRECTIONS[call.direction]
        | _TALKED * call.talked
        | _RECORDED * (call.recording_url is not None)
        | _LENGTH_UNIT * length
        | _STATUSES[call.status]
    )


def new_traits(call: MergedCall, *, is_first: bool) -> int:
    """Those of a new call; of a lost one a case is taken to be open, until it is refolded."""
    return traits_of(call) | KNOWN | FIRST * is_first | _STATES[CaseState.OPEN] * call.lost


def changed_traits(stored: int | None, before: MergedCall, call: MergedCall) -> int:
    """Those of a call that has changed, but for whether it has a comment.

    What its case says stays as it was, until it is refolded.
    """
    traits = traits_of(call)
    if stored is None or not stored & KNOWN:
        return traits
    traits |= stored & (KNOWN | FIRST)
    if not (call.lost and before.lost):
        return traits | _STATES[CaseState.OPEN] * call.lost
    if stored & _STATUS != _STATUSES[before.status]:
        traits = traits & ~_STATUS | _STATUSES[Status.MISSED_CALLED_BACK]
    return traits | stored & _OF_STATES


def of_case(traits: int, status: Status, state: CaseState | None) -> int:
    """The traits of a call that has this status of its own, and was lost in a case so.

    `state`: None for a call that no case has lost.
    """
    shown = _STATUSES[shown_status(status, state)]
    return traits & ~_OF_CASE | shown | (_STATES.get(state, 0) if state else 0)


def write_of_cases(tx: Transaction, changed: Iterable[tuple[int, int]]) -> None:
    """Write what cases say of their calls; by the ids of calls, and the `of_case` of them."""
    values = [(traits & _OF_CASE, call_id) for call_id, traits in changed]
    for table, column in _TABLES:
        tx.write_many(
            f"UPDATE {table} SET traits = (traits & {~_OF_CASE}) | ? WHERE {column} = ?",  # noqa: S608
            values,
        )


def note_commented(tx: Transaction, call_id: int, *, is_commented: bool) -> None:
    """The call has a comment now, or none."""
    bit = COMMENTED if is_commented else 0
    for table, column in _TABLES:
        tx.write(
            f"UPDATE {table} SET traits = (traits & {~COMMENTED}) | ? WHERE {column} = ?",  # noqa: S608
            (bit, call_id),
        )


def traits_sql(log_filter: LogFilter, table: str, *, is_indexed: bool = True) -> list[str]:
    """What a filter asks of the `traits` of a table, as predicates, but for the status and FIRST.

    Not `is_indexed`: in words that no index answers to, for another index to be walked.
    """
    found = []
    if log_filter.direction:
        way = _bits_sql(_DIRECTION, table, is_indexed=is_indexed)
        found.append(f"{way} = {_DIRECTIONS[log_filter.direction]}")
    if log_filter.is_answered:
        found.append(f"{_bits_sql(_TALKED, table, is_indexed=is_indexed)} = {_TALKED}")
    if log_filter.is_recorded:
        found.append(f"{_bits_sql(_RECORDED, table, is_indexed=is_indexed)} = {_RECORDED}")
    if log_filter.is_commented:
        found.append(commented_sql(table, is_indexed=is_indexed))
    if log_filter.longer_than:
        length = (LONGER_THAN.index(log_filter.longer_than) + 1) * _LENGTH_UNIT
        least = {min(length, _INDEXED_LENGTH), length}  # as the index says it, and as it is asked
        bits = _bits_sql(_LENGTH, table, is_indexed=is_indexed)
        found += [f"{bits} >= {one}" for one in sorted(least)]
    return found


def is_marked(log_filter: LogFilter) -> bool:
    """Whether all that a filter leaves is in the index that `marked_sql` is of."""
    return (
        log_filter.is_recorded
        or log_filter.is_commented
        or log_filter.is_first
        or log_filter.longer_than >= LONGER_THAN[1]
        or log_filter.status not in {None, Status.ANSWERED}
    )


def marked_sql(table: str) -> str:
    """What an index of the rarer calls of an extension has."""
    return f"{table}.traits & {_MARKED} <> 0"


def has_sql(bits: int, table: str) -> str:
    """That a call has all these bits."""
    return f"{table}.traits & {bits} = {bits}"


def states_sql(states: Collection[CaseState], table: str) -> str:
    """That a lost call is of a case that stands so; of no states: of no case."""
    bits = sum(_STATES[one] for one in states)
    if bits:
        return f"{table}.traits & {bits} <> 0"
    return f"{table}.traits & {_OF_STATES | KNOWN} = {KNOWN}"


def each_state_sql(states: Collection[CaseState], table: str) -> list[str]:
    """The same of a row of `calls`: predicates, for each of which there is an index to walk.

    Those that wait are in one, in the order of the log; the others in one for each state.
    """
    traits = f"{table}.traits"
    ended = f"{table}.lost = 1 AND {traits} & {_OF_WAITING} = 0 AND {traits} & {_OF_STATES}"
    if not states:
        return [f"{ended} = 0 AND {has_sql(KNOWN, table)}"]
    found = [f"{ended} = {_STATES[one]}" for one in states if one not in _WAITING]
    waiting = [one for one in states if one in _WAITING]
    return [*found, states_sql(waiting, table)] if waiting else found


def unknown_sql(table: str) -> str:
    """That the facts about the client are not kept of a call: see KNOWN."""
    return f"coalesce({table}.traits, 0) & {KNOWN} = 0"


def may_be_first_sql(table: str) -> str:
    """That a call has FIRST, or may have it."""
    return f"coalesce({table}.traits, 0) & {KNOWN | FIRST} <> {KNOWN}"


def _bits_sql(bits: int, table: str, *, is_indexed: bool) -> str:
    return f"{table}.traits & {bits}" if is_indexed else f"({table}.traits & {bits}) + 0"


def commented_sql(table: str, *, is_indexed: bool = True) -> str:
    """That a call has a comment."""
    return f"{_bits_sql(COMMENTED, table, is_indexed=is_indexed)} = {COMMENTED}"


def kind_sql(table: str) -> str:
    """Which way a call went and whether somebody talked: see `kind_of`."""
    return f"{table}.traits & {_DIRECTION | _TALKED}"


def kind_of(bits: int) -> tuple[Direction | None, bool]:
    """The direction, None where an older program has not said it, and whether somebody talked."""
    ways = {number: one for one, number in _DIRECTIONS.items()}
    return ways.get(bits & _DIRECTION), bool(bits & _TALKED)


TALK_KIND = _TALKED
"""The bit of a kind in which somebody talked."""


def status_sql(status: Status, table: str, *, is_indexed: bool = True) -> str:
    """That a call is stored with the status; of one that is not KNOWN, its own."""
    return f"{_bits_sql(_STATUS, table, is_indexed=is_indexed)} = {_STATUSES[status]}"
