"""What the log is filtered by, in the bits of one number: `traits` of a call.

A narrow index with it answers any combination of filters, where an index for each would be needed.
The migrations that brought it fill it for the calls there were, by the same rule.
"""

from bot.domain.calls import Direction, Status
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

_INDEXED_LENGTH = 2 * _LENGTH_UNIT
"""Calls of LONGER_THAN[1] and more have an index of their own."""


def traits_of(call: MergedCall) -> int:
    """All but whether it has a comment."""
    length = sum((call.talk or 0) >= seconds for seconds in LONGER_THAN)
    return (
        _DIRECTIONS[call.direction]
        | _TALKED * call.talked
        | _RECORDED * (call.recording_url is not None)
        | _LENGTH_UNIT * length
        | _STATUSES[call.status]
    )


def note_commented(tx: Transaction, call_id: int, *, is_commented: bool) -> None:
    """The call has a comment now, or none."""
    bit = COMMENTED if is_commented else 0
    for table, column in (("calls", "id"), ("call_extensions", "call_id")):
        tx.write(
            f"UPDATE {table} SET traits = (traits & {~COMMENTED}) | ? WHERE {column} = ?",  # noqa: S608
            (bit, call_id),
        )


def traits_sql(log_filter: LogFilter, table: str) -> list[str]:
    """What a filter asks of the `traits` of a table, as predicates."""
    traits = f"{table}.traits"
    found = []
    if log_filter.direction:
        found.append(f"{traits} & {_DIRECTION} = {_DIRECTIONS[log_filter.direction]}")
    if log_filter.is_answered:
        found.append(f"{traits} & {_TALKED} = {_TALKED}")
    if log_filter.is_recorded:
        found.append(f"{traits} & {_RECORDED} = {_RECORDED}")
    if log_filter.is_commented:
        found.append(commented_sql(table))
    if log_filter.longer_than:
        length = (LONGER_THAN.index(log_filter.longer_than) + 1) * _LENGTH_UNIT
        least = {min(length, _INDEXED_LENGTH), length}  # as the index says it, and as it is asked
        found += [f"{traits} & {_LENGTH} >= {one}" for one in sorted(least)]
    return found


def commented_sql(table: str) -> str:
    """That a call has a comment."""
    return f"{table}.traits & {COMMENTED} = {COMMENTED}"


def kind_sql(table: str) -> str:
    """Which way a call went and whether somebody talked: see `kind_of`."""
    return f"{table}.traits & {_DIRECTION | _TALKED}"


def kind_of(bits: int) -> tuple[Direction | None, bool]:
    """The direction, None where an older program has not said it, and whether somebody talked."""
    ways = {number: one for one, number in _DIRECTIONS.items()}
    return ways.get(bits & _DIRECTION), bool(bits & _TALKED)


TALK_KIND = _TALKED
"""The bit of a kind in which somebody talked."""


def status_sql(status: Status, table: str) -> str:
    """That a call is stored with the status."""
    return f"{table}.traits & {_STATUS} = {_STATUSES[status]}"
