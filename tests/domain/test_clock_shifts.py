"""What late calls say of the clock of their source."""

from zoneinfo import ZoneInfo

import pytest

from bot.domain.clock_shifts import clock_shift, mending_zone
from tests.support.kyiv import KYIV

NOVEMBER, JULY = 1_795_334_400, 1_782_889_200


@pytest.mark.parametrize(
    ("late", "shift"),
    [
        (7205, 7200),
        (7200 - 60, 7200),
        (-10800 + 20, -10800),
        (19800 + 9, 19800),  # +05:30
        (20700 + 9, 20700),  # +05:45
        (3600, 3600),
        (0, 0),
        (30, 0),
        (905, 0),
        (6600, 0),
        (7200 + 150, 0),
        (86400, 0),
        (-86400 * 30, 0),
    ],
)
def test_hours_late_or_early_are_another_zone(late: int, shift: int) -> None:
    assert clock_shift(late) == shift


@pytest.mark.parametrize(
    ("written", "shift", "now", "zone"),
    [
        ("Europe/Kyiv", 7200, NOVEMBER, "UTC"),
        ("Europe/Kyiv", 10800, JULY, "UTC"),
        ("UTC", -7200, NOVEMBER, "Europe/Kyiv"),
        ("UTC", -10800, JULY, "Europe/Kyiv"),
        ("Europe/Kyiv", 3600, NOVEMBER, "Europe/Berlin"),
        ("UTC", -19800, NOVEMBER, "Asia/Calcutta"),
    ],
)
def test_the_zone_that_mends_it(written: str, shift: int, now: int, zone: str) -> None:
    assert mending_zone(ZoneInfo(written), KYIV, shift=shift, now=now) == zone
