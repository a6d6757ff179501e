"""Working hours and quiet hours against models that count minutes; both DST nights."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from bot.domain.hours import (
    DAY,
    Hours,
    QuietHours,
    day_bounds,
    local_date,
    moment_of,
    next_local,
    wall_time,
)
from bot.domain.typed_times import (
    UnreadableTimeError,
    parse_quiet,
    parse_week,
)
from tests.support.kyiv import KYIV, at, told

WEEK = Hours(parse_week("пн-пт 9:00-18:00, сб 10-15"))


SPRING, AUTUMN = date(2027, 3, 28), date(2026, 10, 25)
days_around = st.sampled_from([SPRING, AUTUMN, date(2026, 11, 24)]).flatmap(
    lambda day: st.integers(-4, 4).map(lambda by: day + timedelta(days=by))
)
moments = st.tuples(days_around, st.integers(0, DAY * 60 - 1)).map(
    lambda one: moment_of(one[0], 0, KYIV) + one[1]
)


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    """Weeks whose spans of one day neither touch nor overlap, some of them over midnight."""

    def day() -> tuple[tuple[int, int], ...]:
        marks = sorted(draw(st.sets(st.integers(0, DAY // 15), max_size=4)))
        marks = marks[: len(marks) // 2 * 2]
        spans = [(a * 15, b * 15) for a, b in zip(marks[::2], marks[1::2], strict=True)]
        if not spans and draw(st.booleans()):
            spans = [(22 * 60, 30 * 60)]
        return tuple(spans)

    holidays = draw(st.sets(days_around, max_size=2))
    return Hours(tuple(day() for _ in range(7)), frozenset(holidays))


def is_open_by_model(one: Hours, moment: int) -> bool:
    on = datetime.fromtimestamp(moment, UTC).astimezone(KYIV).date()
    return any(
        moment_of(day, start, KYIV) <= moment < moment_of(day, end, KYIV)
        for day in (on - timedelta(days=1), on)
        if day not in one.holidays
        for start, end in one.week[day.weekday()]
    )


@settings(max_examples=150, deadline=None)
@given(one=hours(), moment=moments)
def test_being_open_agrees_with_the_model(one: Hours, moment: int) -> None:
    assert one.is_open(moment, KYIV) is is_open_by_model(one, moment)


@settings(max_examples=60, deadline=None)
@given(one=hours(), moment=moments)
@example(one=Hours(((),) * 6 + (((180, 240),),)), moment=1_806_184_800)  # skipped in spring
def test_the_next_opening_is_the_first_minute_that_is_open_after_one_that_is_not(
    one: Hours, moment: int
) -> None:
    opening = one.next_opening(moment, KYIV)
    minute = moment - moment % 60 + 60
    limit = minute + 9 * 86400
    while minute < limit:
        if is_open_by_model(one, minute) and not is_open_by_model(one, minute - 60):
            break
        minute += 60
    if opening is None or opening >= limit:
        assert minute >= limit
    else:
        assert opening == minute


@settings(max_examples=60, deadline=None)
@given(one=hours(), moment=moments, minutes=st.integers(1, 300))
def test_working_time_passes_only_while_it_is_open(one: Hours, moment: int, minutes: int) -> None:
    moment -= moment % 60
    assume(any(one.week))
    due, left, minute = one.after(moment, minutes * 60, KYIV), minutes, moment
    while left:
        left -= is_open_by_model(one, minute)
        minute += 60
        assume(minute <= moment + 20 * 86400)  # else it is hardly ever open
    assert due == minute


def test_working_time_stops_over_the_weekend_and_holidays() -> None:
    friday = at("2026-11-27 17:55")
    assert told(WEEK.after(friday, 600, KYIV)) == "2026-11-28 10:05"
    closed = Hours(WEEK.week, frozenset({date(2026, 11, 28), date(2026, 11, 30)}))
    assert told(closed.after(friday, 600, KYIV)) == "2026-12-01 09:05"
    assert told(closed.next_opening(friday, KYIV)) == "2026-12-01 09:00"
    assert closed.after(friday, 0, KYIV) == friday


def test_round_the_clock_never_opens_anew() -> None:
    assert Hours().is_always
    assert Hours().is_open(0, KYIV)
    assert Hours().next_opening(0, KYIV) is None
    assert Hours().after(5, 600, KYIV) == 605
    never = Hours(((),) * 7)
    assert never.next_opening(0, KYIV) is None
    assert never.after(5, 600, KYIV) == 605


def test_a_wall_time_that_is_skipped_or_comes_twice() -> None:
    assert told(moment_of(SPRING, 3 * 60 + 30, KYIV)) == "2027-03-28 04:30"
    twice = moment_of(AUTUMN, 3 * 60 + 30, KYIV)
    assert told(twice) == told(twice + 3600) == "2026-10-25 03:30"


@settings(max_examples=200, deadline=None)
@given(moment=moments, minutes=st.integers(0, DAY - 1))
def test_the_next_local_time_is_later_and_within_25_hours(moment: int, minutes: int) -> None:
    there = next_local(moment, minutes, KYIV)
    assert moment < there <= moment + 26 * 3600
    later = next_local(there, minutes, KYIV)
    assert 22 * 3600 <= later - there <= 26 * 3600


def test_quiet_hours_may_cross_midnight() -> None:
    quiet = parse_quiet("22:00–07:30")
    assert quiet == QuietHours(22 * 60, 7 * 60 + 30)
    assert quiet.is_quiet(at("2026-11-24 23:00"), KYIV)
    assert quiet.is_quiet(at("2026-11-24 07:29"), KYIV)
    assert not quiet.is_quiet(at("2026-11-24 07:30"), KYIV)
    assert parse_quiet("з 22 до 7:30") == quiet
    assert parse_quiet("13-14").is_quiet(at("2026-11-24 13:59"), KYIV)
    for text in ("", "22", "22-22", "a-b", "25-3"):
        with pytest.raises(UnreadableTimeError):
            parse_quiet(text)


NEW_YORK = ZoneInfo("America/New_York")
BEIRUT = ZoneInfo("Asia/Beirut")
"""Its clocks go forward at midnight: on one day a year there is no 00:00."""


@pytest.mark.parametrize(
    ("day", "zone", "hours_long"),
    [
        (date(2026, 11, 24), KYIV, 24),
        (SPRING, KYIV, 23),
        (AUTUMN, KYIV, 25),
        (date(2026, 3, 8), NEW_YORK, 23),
        (date(2026, 11, 1), NEW_YORK, 25),
        (date(2026, 3, 29), BEIRUT, 23),
    ],
)
def test_a_day_is_as_long_as_its_night_makes_it(
    day: date, zone: ZoneInfo, hours_long: int
) -> None:
    start, end = day_bounds(day, zone)
    assert end - start == hours_long * 3600
    dates = {local_date(moment, zone) for moment in range(start, end, 900)}
    assert dates == {day}
    assert local_date(start - 1, zone) == day - timedelta(days=1)
    assert local_date(end, zone) == day + timedelta(days=1)
    assert day_bounds(day + timedelta(days=1), zone)[0] == end


def test_the_same_moment_has_the_date_of_the_zone() -> None:
    moment = at("2026-11-24 01:30")
    assert local_date(moment, KYIV) == date(2026, 11, 24)
    assert local_date(moment, NEW_YORK) == date(2026, 11, 23)


@settings(max_examples=200, deadline=None)
@given(moment=moments)
def test_the_wall_time_of_a_moment_leads_back_to_it(moment: int) -> None:
    """To its minute; in the hour that comes twice, to the first of both."""
    back = moment_of(local_date(moment, KYIV), wall_time(moment, KYIV), KYIV)
    assert moment - moment % 60 - back in {0, 3600}
    assert wall_time(back, KYIV) == wall_time(moment, KYIV)
