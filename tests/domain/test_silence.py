"""What silence is unusual: calls come by chance, through lunches, weekends, clock nights."""

import bisect
import random
from collections.abc import Callable, Iterable
from datetime import date, timedelta

import pytest

from bot.domain.hours import Hours, day_bounds, local_date, local_time
from bot.domain.silence import LEAST_CALLS, LEAST_SECONDS, Heard, Rhythm, is_sign_of_life, learn
from bot.domain.typed_times import parse_week
from tests.support.kyiv import KYIV, at

BEGIN = at("2026-01-12T00:00")
DAY = 86400
ALWAYS = Hours()
OFFICE = Hours(parse_week("пн-пт 8:30-18, сб 10-14"))
NIGHT_SHIFT = Hours(parse_week("пн-пт 22-6"))


def share(moment: int) -> float:
    """How busy an office is, of its busiest hour: lunch is quiet, Saturday short."""
    there = local_time(moment, KYIV)
    minutes = there.hour * 60 + there.minute
    if there.weekday() >= 5:
        return 0.5 if there.weekday() == 5 and 600 <= minutes < 840 else 0.0
    if not 510 <= minutes < 1080:
        return 0.0
    return 0.2 if 780 <= minutes < 840 else 1.0


def at_night(moment: int) -> float:
    """A night shift, whose calls the clocks' change falls into."""
    return float(NIGHT_SHIFT.is_open(moment, KYIV))


def calls(hourly: float, weeks: int, seed: int, busy: Callable[[int], float] = share) -> list[int]:
    """Moments of calls that come by chance, so many in the busiest hour."""
    chance, moment, found = random.Random(seed), float(BEGIN), []
    while (moment := moment + chance.expovariate(hourly / 3600)) < BEGIN + weeks * 7 * DAY:
        if chance.random() < busy(int(moment)):
            found.append(int(moment))
    return found


def heard(moments: Iterable[int]) -> list[Heard]:
    """As the storage keeps them."""
    found: dict[int, Heard] = {}
    for moment in moments:
        quarter = moment // 900
        before = found.get(quarter, Heard(quarter, 0, moment, moment, 0))
        longest = max(before.longest, moment - before.last_at)
        found[quarter] = Heard(quarter, before.calls + 1, before.first_at, moment, longest)
    return list(found.values())


def alarms(moments: list[int], hours: Hours, weeks: int) -> list[int]:
    """When the source would have been told of, learnt anew every midnight."""
    rows, told = heard(moments), []
    silent_since, missed, is_told = BEGIN, 0.0, False
    for number in range(15, weeks * 7):
        begins, ends = day_bounds(local_date(BEGIN, KYIV) + timedelta(days=number), KYIV)
        rhythm = learn(
            [one for one in rows if one.quarter * 900 < begins], hours, KYIV, now=begins
        )
        if rhythm is None:
            continue
        first, last = bisect.bisect_left(moments, begins), bisect.bisect_left(moments, ends)
        today = moments[first:last]
        for since, until in zip([begins, *today], [*today, ends], strict=True):
            if since != begins:
                silent_since, missed, is_told = since, 0.0, False
            missed += rhythm.missed(since, until)
            is_unusual = missed >= rhythm.patience and until - silent_since >= LEAST_SECONDS
            if is_unusual and not is_told:
                told.append(until)
                is_told = True
    return told


def seconds_to_notice(rhythm: Rhythm, since: int) -> int:
    now = since
    while rhythm.missed(since, now) < rhythm.patience or now - since < LEAST_SECONDS:
        now += 300
    return now - since


@pytest.mark.parametrize("hours", [ALWAYS, OFFICE], ids=["no hours set", "hours set"])
@pytest.mark.parametrize("hourly", [0.06, 0.35, 2.3, 20.0, 60.0])
def test_chance_lunches_weekends_and_the_change_of_clocks_raise_no_alarm(
    hourly: float, hours: Hours
) -> None:
    """Half a call, 3 and 20 a day, 20 and 60 an hour; ten weeks are judged, with 29 March."""
    assert alarms(calls(hourly, 12, seed=5), hours, 12) == []


@pytest.mark.parametrize("hours", [ALWAYS, NIGHT_SHIFT], ids=["no hours set", "hours set"])
def test_a_night_shift_is_judged_through_the_change_of_clocks(hours: Hours) -> None:
    assert alarms(calls(20, 12, 3, at_night), hours, 12) == []


@pytest.mark.parametrize(
    ("hourly", "at_least", "at_most"),
    [
        (0.35, 36 * 3600, 9 * DAY),
        (2.3, 4 * 3600, 2 * DAY),
        (20.0, 1200, 2 * 3600),
        (60.0, LEAST_SECONDS, 1800),
        (600.0, LEAST_SECONDS, 900),
    ],
)
def test_the_busier_a_source_the_sooner_its_silence_is_noticed(
    hourly: float, at_least: int, at_most: int
) -> None:
    """From a Tuesday at 9:30 on: 3 and 20 calls a day, 20, 60 and 600 an hour."""
    moments = calls(hourly, 8, seed=1)
    rhythm = learn(heard(moments), OFFICE, KYIV, now=at("2026-03-10T00:00"))
    assert rhythm is not None
    assert at_least <= seconds_to_notice(rhythm, at("2026-03-10T09:30")) <= at_most


def test_nights_and_days_off_count_nothing() -> None:
    off = Hours(OFFICE.week, frozenset({date(2026, 3, 10)}))
    for hours, day in ((OFFICE, "2026-03-08"), (ALWAYS, "2026-03-08"), (off, "2026-03-10")):
        rhythm = learn(heard(calls(60, 8, seed=1)), hours, KYIV, now=at("2026-03-07T00:00"))
        assert rhythm is not None
        assert rhythm.missed(at(f"{day}T00:00"), at(f"{day}T23:59")) == 0


def test_the_usual_gap_is_that_of_the_hour() -> None:
    rhythm = learn(heard(calls(60, 8, seed=1)), OFFICE, KYIV, now=at("2026-03-09T00:00"))
    assert rhythm is not None
    assert 50 <= rhythm.usual_gap(at("2026-03-09T10:00"), at("2026-03-09T11:00")) <= 70
    assert 250 <= rhythm.usual_gap(at("2026-03-09T13:00"), at("2026-03-09T14:00")) <= 350
    night = rhythm.usual_gap(at("2026-03-08T20:00"), at("2026-03-09T09:30"))
    assert 50 <= night <= 70, "what is quiet as always is left out"
    assert rhythm.usual_gap(at("2026-03-08T20:00"), at("2026-03-08T21:00")) == 0


def test_two_outages_do_not_teach_patience_and_bursts_do() -> None:
    moments = calls(60, 8, seed=1)
    now = at("2026-03-09T00:00")
    usual = learn(heard(moments), OFFICE, KYIV, now=now)
    down = [(at(f"2026-02-{day}T09:00"), at(f"2026-02-{day}T16:00")) for day in (10, 17)]
    survived = [one for one in moments if not any(a <= one < b for a, b in down)]
    learnt = learn(heard(survived), OFFICE, KYIV, now=now)
    bursts = [one for one in moments if random.Random(one // 3600).random() < 0.5]
    patient = learn(heard(bursts), OFFICE, KYIV, now=now)
    assert usual is not None
    assert learnt is not None
    assert patient is not None
    assert learnt.patience < usual.patience * 1.3
    assert patient.patience > usual.patience * 2


def test_a_new_source_and_one_of_a_few_calls_are_not_judged() -> None:
    moments = calls(60, 3, seed=1)
    assert learn([], OFFICE, KYIV, now=BEGIN) is None
    assert learn(heard(moments), OFFICE, KYIV, now=at("2026-01-26T00:00")) is None
    assert learn(heard(moments), OFFICE, KYIV, now=at("2026-01-27T00:00")) is not None
    few = moments[:: len(moments) // (LEAST_CALLS - 2)]
    assert len(few) < LEAST_CALLS
    assert learn(heard(few), OFFICE, KYIV, now=at("2026-02-02T00:00")) is None
    old = learn(heard(moments), OFFICE, KYIV, now=at("2026-06-01T00:00"))
    assert old is None, "what was heard long ago tells nothing"


@pytest.mark.parametrize(
    ("began", "ended", "is_live", "is_sign"),
    [
        (-30, -5, True, True),
        (-30, None, True, True),
        (-3 * 3600, -2 * 3600, True, True),
        (2 * 3600, 3 * 3600, True, True),
        (-2 * DAY, -2 * DAY, True, False),
        (2 * DAY - 1, None, True, False),
        (-4000, -60, False, True),
        (-4000, -3600, False, False),
        (600, 900, False, False),
        (-60, None, False, True),
    ],
)
def test_what_is_a_sign_of_life(
    began: int, ended: int | None, *, is_live: bool, is_sign: bool
) -> None:
    end = None if ended is None else BEGIN + ended
    assert is_sign_of_life(BEGIN + began, end, is_live=is_live, now=BEGIN) is is_sign
