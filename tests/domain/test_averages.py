"""The median and percentiles of counted values."""

import pytest

from bot.domain.averages import median, percentile


@pytest.mark.parametrize(
    ("values", "middle", "p90"),
    [
        ([], None, None),
        ([7], 7, 7),
        ([1, 4], 2, 4),
        ([1, 2, 60], 2, 60),
        (list(range(1, 11)), 6, 9),
        (list(range(1, 12)), 6, 10),
        ([5] * 9 + [100], 5, 5),
    ],
)
def test_median_and_percentile(values: list[int], middle: int | None, p90: int | None) -> None:
    found = [(value, values.count(value)) for value in sorted(set(values))]
    assert (median(found), percentile(found, 90)) == (middle, p90)
