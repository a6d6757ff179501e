"""Pieces of text that many screens share: times, durations, money, numbers, people."""

import re
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from aiogram import html
from aiogram.utils.i18n import get_i18n
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency
from babel.units import format_unit

from bot.domain.hours import local_date, local_time

ELLIPSIS = "…"
_LETTER_BESIDE_DIGIT = re.compile(r"(?<=[^\W\d_])(?=\d)")


def locale() -> str:
    """The language of the person being answered, as Babel names it."""
    return get_i18n().current_locale


def hour_minute(moment: int, zone: ZoneInfo) -> str:
    """14:02"""
    return f"{local_time(moment, zone):%H:%M}"


def hour_minute_second(moment: int, zone: ZoneInfo) -> str:
    """14:02:10"""
    return f"{local_time(moment, zone):%H:%M:%S}"


def day(value: date) -> str:
    """22 листопада"""
    return format_date(value, "d MMMM", locale=locale())


def full_day(value: date) -> str:
    """22 листопада 2026 р."""
    return format_date(value, "long", locale=locale())


def date_time(moment: int, zone: ZoneInfo) -> str:
    """22.11.2026, 14:02"""
    return format_datetime(local_time(moment, zone), "dd.MM.yyyy, HH:mm", locale=locale())


def weekday(value: date) -> str:
    """понеділок"""
    return plain(format_date(value, "EEEE", locale=locale()))


def plain(words: str) -> str:
    """Babel's words with the apostrophe and the dash of our own."""
    return words.replace("ʼ", "'").replace("—", "–")


def when(at: int, *, now: int, zone: ZoneInfo) -> str:
    """14:02; with the day before it if that is not today"""
    on, time = local_date(at, zone), hour_minute(at, zone)
    return time if on == local_date(now, zone) else f"{day(on)}, {time}"


def duration(seconds: int | None) -> str:
    """1:48, 1:02:03 over an hour, – if unknown"""
    if seconds is None:
        return "–"
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour}:{minute:02}:{second:02}" if hour else f"{minute}:{second:02}"


def span(seconds: int) -> str:
    """45 с, 7 хв, 2 год 5 хв, 1 дн. 3 год: how long something took, or is going on"""
    if seconds < 60:
        return _unit(max(0, seconds), "second")
    minutes = seconds // 60
    if minutes < 60:
        return _unit(minutes, "minute")
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        parts = [_unit(hours, "hour"), _unit(minutes, "minute") if minutes else ""]
    else:
        days, hours = divmod(hours, 24)
        parts = [_unit(days, "day"), _unit(hours, "hour") if hours else ""]
    return " ".join(filter(None, parts))


def rough_span(seconds: int) -> str:
    """45 с, 7 хв, 2 год, 1 дн.: the largest unit, for a row that has room for no more"""
    for unit in (86400, 3600):
        if seconds >= unit:
            return span(seconds - seconds % unit)
    return span(seconds)


def _unit(value: int, unit: str) -> str:
    return format_unit(value, f"duration-{unit}", length="short", locale=locale())


def money(amount: Decimal, currency: str) -> str:
    """0,08 ₴; UAH 0.08"""
    text = format_currency(amount, currency, locale=locale(), decimal_quantization=False)
    return _LETTER_BESIDE_DIGIT.sub("\N{NO-BREAK SPACE}", text)


def cut(text: str, limit: int) -> str:
    """The text within `limit` characters, its loss marked."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + ELLIPSIS


def one_line(text: str) -> str:
    """Outsiders' text without line breaks and runs of spaces, not yet quoted."""
    return " ".join(text.split())


def brief(text: str, limit: int = 100) -> str:
    """Outsiders' words as a piece of a line: on one line, within `limit`, quoted."""
    return quoted(cut(one_line(text), limit))


def quoted(text: str) -> str:
    """Outsiders' text, safe in Telegram's HTML."""
    return html.quote(text)
