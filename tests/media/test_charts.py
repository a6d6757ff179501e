"""The picture of statistics: small, as a phone shows it, no word cut, whatever is told."""

import io
from datetime import date
from itertools import pairwise

import pytest
from PIL import Image

from bot.domain.calls import Direction
from bot.domain.log_views import Fate, LogView
from bot.domain.people import Language
from bot.domain.places import Place, PlaceKind
from bot.domain.statistics import Load, Statistics, Totals
from bot.media.charts import Charts
from bot.views.statistics import chart_words
from tests.support.texts import speaking

DAYS = (date(2026, 8, 27).toordinal(), date(2026, 11, 26).toordinal())
WEEK = LogView(days=DAYS)
MUCH = LogView(
    days=DAYS,
    direction=Direction.INTERNAL,
    fate=Fate.NO_CASE,
    place=Place(PlaceKind.QUEUE, "Продажі_та_технічна_підтримка $x^2$ <b>"),
    query="Ї" * 100,
)
DOTS = 3


def told(calls: int, back: int) -> Statistics:
    return Statistics(
        totals=Totals(),
        before=None,
        week=((Load(calls, calls // 3),) * 24,) * 7,
        people=(),
        lines=(),
        back_within=(back,) * 6,
    )


async def drawn(
    statistics: Statistics, view: LogView, language: Language
) -> tuple[bytes, Image.Image]:
    with speaking(language):
        words = chart_words(view, {})
    png = await Charts().draw(statistics, words)
    return png, Image.open(io.BytesIO(png)).convert("RGB")


@pytest.mark.long
@pytest.mark.parametrize("language", Language)
async def test_nothing_in_the_picture_is_cut(language: Language) -> None:
    heights = []
    for statistics, view in (
        (told(5, 12), WEEK),
        (told(0, 0), WEEK),
        (told(12_345, 123_456), MUCH),
    ):
        png, picture = await drawn(statistics, view, language)
        assert len(png) < 150_000
        wide, tall = picture.size
        assert wide == 390 * DOTS
        heights.append(tall)
        margin = 4 * DOTS
        for box in (
            (0, 0, margin, tall),
            (wide - margin, 0, wide, tall),
            (0, 0, wide, margin),
            (0, tall - margin, wide, tall),
        ):
            assert len(picture.crop(box).getcolors() or ()) == 1, (box, view)
    plain, without_bars, two_lines = heights
    assert without_bars < plain < two_lines < 1.4 * 390 * DOTS


@pytest.mark.long
async def test_what_was_lost_is_told_by_hatching_too() -> None:
    """White lines through the orange, which nothing else has: for who sees no colours."""
    _, picture = await drawn(told(30, 1), WEEK, Language.UK)
    top = picture.height // 3  # the bars of the hours
    assert max(stripes(picture, y) for y in range(top)) > 20
    assert not any(stripes(picture, y) for y in range(top, picture.height))


def stripes(picture: Image.Image, y: int) -> int:
    """How often orange turns white, which the card is not, in a row of dots."""
    seen = []
    for x in range(picture.width):
        pixel = picture.getpixel((x, y))
        assert isinstance(pixel, tuple)
        red, green, blue = pixel
        if red > 190 and green < 130 and blue < 60:
            seen.append("orange")
        elif min(pixel) > 250:
            seen.append("white")
    return list(pairwise(seen)).count(("orange", "white"))
