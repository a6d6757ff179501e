"""The median and percentiles of values that are counted rather than listed."""

from collections.abc import Sequence


def percentile(values: Sequence[tuple[int, int]], percent: int) -> int | None:
    """The smallest value within which so many per cent lie (the nearest rank), None of nothing.

    `values`: each with how often it occurs, ascending.
    """
    return _at_rank(values, -(-_total(values) * percent // 100))


def median(values: Sequence[tuple[int, int]]) -> int | None:
    """The value in the middle; of an even number of values, the mean of the two in the middle.

    `values`: each with how often it occurs, ascending.
    """
    low, high = (
        _at_rank(values, (_total(values) + 1) // 2),
        _at_rank(values, _total(values) // 2 + 1),
    )
    return None if low is None or high is None else round((low + high) / 2)


def _total(values: Sequence[tuple[int, int]]) -> int:
    return sum(n for _, n in values)


def _at_rank(values: Sequence[tuple[int, int]], rank: int) -> int | None:
    """The value with this rank, from 1."""
    for value, n in values:
        rank -= n
        if rank <= 0:
            return value
    return None
