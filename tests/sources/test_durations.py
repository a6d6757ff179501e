"""How long something lasted, as PBXs write it."""

import pytest

from bot.sources.durations import read_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("17", 17),
        ("17.4", 17.4),
        ("17,4", 17.4),
        ("00:05:36", 336),
        ("05:36", 336),
        ("1:02:03.5", 3723.5),
        ("PT0S", 0),
        ("PT5M36.25S", 336.25),
        ("PT1H2M3S", 3723),
        ("P1DT1S", 86401),
        (" ", None),
    ],
)
def test_it_is_read(text: str, seconds: float | None) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["PT", "P", "-5", "five", "1:2:3:4", "1e5"])
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected seconds"):
        read_duration(text)
