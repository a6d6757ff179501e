"""Times, hours and days as people type them, and what is no time."""

from datetime import date

import pytest

from bot.domain.typed_times import (
    UnreadableTimeError,
    parse_days,
    parse_time,
    parse_week,
    parse_when,
)
from tests.support.kyiv import KYIV, at, told


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("Mon-Fri 9-18; Sat 10:00–15:00", "пн–пт 9:00-18:00\nсб 10.00-15.00"),
        ("щодня 8-20", "mon-sun 8:00-20:00"),
        ("24/7", "щодня 0-24"),
        ("пн–пт 9–13, 14–18", "пн-пт 9-13; пн-пт 14-18"),
        ("пт-пн 22-6", "пт 22-6, сб 22-6, нд 22-6, пн 22-6"),
        ("Понеділок 9-18, нд вихідний", "пн 9-18"),
        ("пн ср пт 9-18", "пн 9-18, ср 9-18, пт 9-18"),
        ("пн-пт з 9 до 18:00, сб from 10 to 15", "пн-пт 9-18, сб 10-15"),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, same: str) -> None:
    assert parse_week(text) == parse_week(same)


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("", ""),
        ("колись", "колись"),
        ("пн-пт 9-18, сб 10-хх", "сб 10-хх"),
        ("9-18", "9-18"),
        ("пн 25-26", "25"),
        ("пн 9:70-18", "9:70"),
        ("xx 9-18", "xx 9-18"),
        ("пн вихідний", "пн вихідний"),
    ],
)
def test_the_piece_that_is_not_understood_is_named(text: str, piece: str) -> None:
    with pytest.raises(UnreadableTimeError) as error:
        parse_week(text)
    assert error.value.piece == piece


NOW = at("2026-11-24 17:00")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("15 хв", "2026-11-24 17:15"),
        ("через 2 год", "2026-11-24 19:00"),
        ("3 hours", "2026-11-24 20:00"),
        ("2 дні", "2026-11-26 17:00"),
        ("18:30", "2026-11-24 18:30"),
        ("о 9:00", "2026-11-25 09:00"),
        ("завтра 9:00", "2026-11-25 09:00"),
        ("Tomorrow at 9", "2026-11-25 09:00"),
        ("25.12 14:00", "2026-12-25 14:00"),
        ("01.02 10:00", "2027-02-01 10:00"),
        ("2026-12-01 8:05", "2026-12-01 08:05"),
        ("через 20 хв", "2026-11-24 17:20"),
        ("Через годину", "2026-11-24 18:00"),
        ("за пів години", "2026-11-24 17:30"),
        ("in half an hour", "2026-11-24 17:30"),
        ("о 18", "2026-11-24 18:00"),
        ("об 11", "2026-11-25 11:00"),
        ("сьогодні о 18:15", "2026-11-24 18:15"),
        ("завтра о 10", "2026-11-25 10:00"),
        ("Завтра, 10.30", "2026-11-25 10:30"),
        ("післязавтра 9:00", "2026-11-26 09:00"),
        ("пн 9:00", "2026-11-30 09:00"),
        ("в п’ятницю о 16", "2026-11-27 16:00"),
        ("вт 18:00", "2026-11-24 18:00"),
        ("вт. 16:00", "2026-12-01 16:00"),
        ("Monday at 9", "2026-11-30 09:00"),
    ],
)
def test_a_reminders_time_is_read_as_people_write_it(text: str, moment: str) -> None:
    assert told(parse_when(text, NOW, KYIV)) == moment


IMPOSSIBLE = (
    *("", "скоро", "0 хв", "9999 днів", "25:00", "31.02 10:00", "24.11.2020 10:00", "5 ой"),
    *("сьогодні о 9", "о 25", "колись о 9", "пн", "завтра", "16", "25.12", "31.02", "- 9", "² 9"),
    "31.12.9999 24:00",
)


@pytest.mark.parametrize("text", IMPOSSIBLE)
def test_an_impossible_time_is_refused(text: str) -> None:
    with pytest.raises(UnreadableTimeError):
        parse_when(text, NOW, KYIV)


def test_days_off_without_a_year_are_the_next_ones() -> None:
    today = date(2026, 11, 24)
    found = parse_days("01.01, 24.12 24.08.2027;2026-12-25", today)
    assert found == {date(2027, 1, 1), date(2026, 12, 24), date(2027, 8, 24), date(2026, 12, 25)}
    for text in ("1", "32.01", "завтра", "3000000000.0", "31.12.9999", "", " ", ",", ";\n"):
        with pytest.raises(UnreadableTimeError):
            parse_days(text, today)
    assert parse_days(" - ", today) == parse_days("–", today) == frozenset()
    assert parse_time("18:30") == parse_time("О 18.30") == 18 * 60 + 30
    with pytest.raises(UnreadableTimeError):
        parse_time("24")
