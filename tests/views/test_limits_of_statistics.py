"""Statistics and exports at their worst: within Telegram's limits, whole, labels not cut."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from aiogram.types import InlineKeyboardMarkup
from hypothesis import given
from hypothesis import settings as tried

from bot.domain.calls import Direction, Status
from bot.domain.errors import DrawingError
from bot.domain.exports import PLANS, ExportFault, ExportKind
from bot.domain.log import LONGER_THAN
from bot.domain.log_views import STORED_FROM, Fate, LogView, Period
from bot.domain.people import Language
from bot.domain.places import Place, PlaceKind
from bot.domain.statistics import (
    Before,
    LineLoad,
    Load,
    Number,
    PersonLoad,
    Spread,
    Statistics,
    Totals,
)
from bot.views import exports, log_views, refusals, statistics
from keyboards import exports as export_keyboards
from keyboards import statistics as keyboards
from keyboards.callbacks import ExportMenu
from tests.support.kyiv import KYIV
from tests.support.shown_calls import NOW
from tests.support.telegram_limits import CAPTION, NASTY, TOAST, fits, too_wide
from tests.support.texts import languages, length, speaking, tags

ID = 999_999_999
DAYS = (date(2026, 9, 28).toordinal(), date(2026, 11, 27).toordinal())
MANY, FEWER = 10**6, 10**6 - 1
TIME = Spread(MANY, 10**6, 10**7)
NAMES = {ID: NASTY}

ALL_CHOSEN = LogView(
    client_of=5,
    days=DAYS,
    direction=Direction.INTERNAL,
    fate=Fate.GOT_THROUGH,
    status=Status.CANCELLED_BY_OPERATOR,
    person=ID,
    place=Place(PlaceKind.QUEUE, NASTY),
    longer_than=LONGER_THAN[-1],
    is_commented=True,
    is_recorded=True,
    is_first=True,
    query=NASTY,
)
VIEWS = (
    LogView(period=Period.MONTH),
    LogView(days=DAYS),
    ALL_CHOSEN,
    LogView(person=ID, days=DAYS),
    LogView(place=Place(PlaceKind.LINE, NASTY), days=DAYS),
    LogView(fate=Fate.LOST, days=DAYS),
)


def totals_of(calls: int) -> Totals:
    spreads = ("wait", "talk", "back")
    values: dict[str, Any] = dict.fromkeys(Totals.__slots__, calls) | dict.fromkeys(spreads, TIME)
    return Totals(**values)


def worst(calls: int, name: str = NASTY) -> Statistics:
    """As many people and lines as a large company has, of many calls."""
    return Statistics(
        totals=totals_of(calls),
        before=totals_of(calls - 1),
        week=((Load(calls, calls // 2),) * 24,) * 7,
        people=tuple(
            PersonLoad(id=ID - one, name=name, load=Load(calls, calls), talk=10**7)
            for one in range(100)
        ),
        lines=tuple(
            LineLoad(place=Place(PlaceKind.LINE, f"{one}{name}"), load=Load(calls, calls))
            for one in range(100)
        ),
        back_within=(calls,) * 6,
    )


BEFORE = Before(NOW - 1000, NOW, date(2025, 9, 28), date(2026, 9, 27), until=23 * 60 + 59)


@tried(max_examples=10, deadline=None)
@given(language=languages)
def test_statistics_are_whole_whatever_the_names(language: Language) -> None:
    told = worst(MANY)
    for view in VIEWS:
        client = NASTY[:300] if view.client_of else None
        with speaking(language):
            text = statistics.statistics(told, view, BEFORE, NAMES, client=client)
            picture = statistics.caption(view, NAMES, client=client)
            words = statistics.chart_words(view, NAMES)
        assert set(tags(text)) == {"bold", "italic"}
        assert tags(picture) == []
        assert length(picture) <= CAPTION
        assert all(words.values())
        assert {*map(len, (words["weekdays"], words["within"]))} == {7, 6}


def every_keyboard() -> Iterator[InlineKeyboardMarkup]:
    """Of figures as a large company has them."""
    for view in VIEWS:
        for period in (None, *Period):
            shown = replace(view, period=period, days=None) if period else view
            yield keyboards.statistics(shown, ID, 800_000, month=25_200, has_calls=True)
        yield keyboards.statistics(view, ID, 800_000, month=25_200, has_calls=False)
        for calls in (1, 21, 9_999, 99_999):
            told = worst(calls, "Ї" * 64)
            numbers, loads = statistics.numbers(told), statistics.loads(told)
            assert set(numbers) == {one for one in Number if statistics.number_name(one)}
            yield keyboards.lists(view, ID, 800_000, numbers, loads)
    here = ExportMenu(view=ID, position=NOW, id=ID)
    drops = {STORED_FROM + one: (ExportKind.XLSX, "Ї" * 100) for one in range(PLANS)}
    for weekly in (None, *ExportKind):
        for others in (drops, {}):
            yield export_keyboards.menu(here, is_any=True, weekly=weekly, others=others)
            yield export_keyboards.menu(here, is_any=False, weekly=weekly, others=others)
    yield export_keyboards.cancel(ID)


@pytest.mark.usefixtures("language")
def test_no_keyboard_is_refused_and_no_label_is_cut() -> None:
    wide = set()
    for markup in every_keyboard():
        fits(markup)
        wide |= {*too_wide(markup)}
    assert not wide


@pytest.mark.usefixtures("language")
def test_exports_are_whole_whatever_was_chosen() -> None:
    chosen = log_views.chosen_words(ALL_CHOSEN, NAMES) + NASTY
    span = (date(2025, 12, 28), date(2026, 11, 27))
    for said in ("", chosen):
        for weekly in (None, *ExportKind):
            found = log_views.found(MANY, is_more=True)
            assert tags(exports.menu(said, found, weekly=weekly, others=PLANS)) == ["bold"]
        for why in (exports.no_calls(), exports.weekly_too_much(), exports.not_all_sent(19, 20)):
            assert tags(exports.instead_of_weekly(said, span, why)) == []
        for weekly, days in ((True, span), (False, span), (False, None)):
            caption = exports.caption(said, days, MANY, part=19, parts=20, weekly=weekly)
            assert tags(caption) == []
            assert length(caption) <= CAPTION
    texts = [exports.failed(fault) for fault in ExportFault]
    texts += [exports.waiting(), exports.progress(MANY, MANY), exports.sending()]
    texts += [exports.nothing(), exports.cancelled(), exports.interrupted()]
    texts += [exports.is_over()]
    texts += [exports.no_more_yours(), exports.not_sent(), exports.not_all_sent(19, 20)]
    assert not any(tags(text) for text in texts)
    toasts = [exports.under_way(), exports.too_many_plans(), exports.now_weekly()]
    toasts += [exports.weekly_no_more(), refusals.refusal(DrawingError("x" * 1000))]
    assert all(0 < len(toast) <= TOAST for toast in toasts)
    for days in (None, span, (span[0], span[0])):
        for kind in ExportKind:
            name = exports.filename(days, span[1], kind, part=2, parts=20)
            assert name.isascii()
            assert "-02" in name
            assert len(name) < 60
        written = exports.words(said, days, who=NASTY, now=NOW, zone=KYIV)
        assert all(label and value for label, value in written.about)
