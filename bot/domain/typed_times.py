"""Times as people type them, in Ukrainian and English."""

import re
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from bot.domain.hours import (
    DAY,
    Hours,
    QuietHours,
    Span,
    local_date,
    moment_of,
    next_local,
)

_YEAR = 366 * 86400


class UnreadableTimeError(ValueError):
    """`piece` of what a person wrote cannot be understood."""

    def __init__(self, piece: str) -> None:
        super().__init__(piece)
        self.piece = piece


_NAMES = (
    ("пн", "пон", "понеділок", "mon", "monday"),
    ("вт", "вів", "вівторок", "tue", "tuesday"),
    ("ср", "сер", "середа", "середу", "wed", "wednesday"),
    ("чт", "чет", "четвер", "thu", "thursday"),
    ("пт", "п'ятниця", "п'ятницю", "fri", "friday"),
    ("сб", "суб", "субота", "суботу", "sat", "saturday"),
    ("нд", "нед", "неділя", "неділю", "sun", "sunday"),
)
_DAYS = {name: number for number, names in enumerate(_NAMES) for name in names}
_EVERY_DAY = ("щодня", "щоденно", "daily", "every day")
_OFF = ("вихідний", "вихідні", "зачинено", "closed", "off")
_TIME = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?")
_SPAN = re.compile(
    r"(?:(?:з|із|від|from) )?(\d{1,2}(?:[:.]\d{2})?)"
    r"(?:\s*-\s*| (?:до|to) )(\d{1,2}(?:[:.]\d{2})?)"
)


def parse_week(text: str) -> tuple[tuple[Span, ...], ...]:
    """`пн-пт 9:00-18:00, сб 10-15`, `Mon-Fri 9-13, 14-18`, `щодня 8-20`, `24/7`.

    Days not named are days off. Raises UnreadableTimeError.
    """
    plain = _plain(text)
    if plain.replace(" ", "") in {"24/7", "цілодобово"}:
        return Hours().week
    week: list[list[Span]] = [[] for _ in range(7)]
    days: list[int] = []
    for piece in filter(None, (piece.strip() for piece in re.split(r"[,;\n]", plain))):
        named, rest = _days_of(piece)
        days = named or days
        if not days:
            raise UnreadableTimeError(piece)
        if rest in _OFF:
            continue
        match = _SPAN.fullmatch(rest)
        if not match:
            raise UnreadableTimeError(piece)
        start, end = _minutes(match[1]), _minutes(match[2])
        if end <= start:
            end += DAY
        for day in days:
            week[day].append((start, end))
    if not any(week):
        raise UnreadableTimeError(text.strip())
    return tuple(tuple(sorted(set(spans))) for spans in week)


def parse_quiet(text: str) -> QuietHours:
    """`22-8`, `22:00–07:30`. Raises UnreadableTimeError."""
    match = _SPAN.fullmatch(_plain(text))
    if not match:
        raise UnreadableTimeError(text.strip())
    start, end = _minutes(match[1]) % DAY, _minutes(match[2]) % DAY
    if start == end:
        raise UnreadableTimeError(text.strip())
    return QuietHours(start, end)


def parse_time(text: str) -> int:
    """`18:30`, `9`, `о 18`: minutes of the day. Raises UnreadableTimeError."""
    minutes = _minutes(re.sub(r"^(о|об|at) ", "", _plain(text)))
    if minutes == DAY:
        raise UnreadableTimeError(text.strip())
    return minutes


def parse_days(text: str, today: date) -> frozenset[date]:
    """`01.01, 24.08.2027, 2026-12-25`; without a year the next such day; `-`: none.

    Raises UnreadableTimeError.
    """
    if _plain(text) == "-":
        return frozenset()
    days = set()
    for piece in filter(None, (piece.strip() for piece in re.split(r"[,;\s]", text))):
        days.add(_date(piece, today))
    if not days:
        raise UnreadableTimeError(text.strip())
    return frozenset(days)


def parse_when(text: str, now: int, zone: ZoneInfo) -> int:
    """`15 хв`, `годину`, `о 16`, `18:30`, `завтра о 9`, `пн 9:00`, `25.11 14:00`: a moment.

    It is within a year from now. Raises UnreadableTimeError.
    """
    plain = _plain(text)
    today = local_date(now, zone)
    if match := re.fullmatch(r"(?:через |за |in )?(\d{1,4})\s*([^\W\d]+)\.?", plain):
        unit = match[2]
        seconds = next((size for names, size in _UNITS if unit.startswith(names)), 0)
        at = now + int(match[1]) * seconds
    elif match := re.fullmatch(r"(?:через |за |in )?(\D+)", plain):
        at = now + _WHILES.get(match[1], 0)
    elif match := re.fullmatch(
        r"(?:о |об |at )(\d{1,2})|(?:о |об |at )?(\d{1,2}[:.]\d{2})", plain
    ):
        at = next_local(now, _minutes(match[1] or match[2]), zone)
    elif match := re.fullmatch(r"(.+?),?(?: о| об| at)? (\d{1,2}(?:[:.]\d{2})?)", plain):
        at = _on_day(match[1], _minutes(match[2]), now, today, zone)
    else:
        raise UnreadableTimeError(text.strip())
    if not now < at <= now + _YEAR:
        raise UnreadableTimeError(text.strip())
    return at


def _on_day(words: str, minutes: int, now: int, today: date, zone: ZoneInfo) -> int:
    """The wall time of a day by its name, its weekday or its date."""
    name = re.sub(r"^(у|в|во|on) |\.$", "", words)
    if name in _NEAR_DAYS:
        return moment_of(today + timedelta(days=_NEAR_DAYS[name]), minutes, zone)
    if name not in _DAYS:
        return moment_of(_date(words, today), minutes, zone)
    on = today + timedelta(days=(_DAYS[name] - today.weekday()) % 7)
    there = moment_of(on, minutes, zone)
    return there if there > now else moment_of(on + timedelta(days=7), minutes, zone)


_NEAR_DAYS = {"сьогодні": 0, "today": 0, "завтра": 1, "tomorrow": 1, "післязавтра": 2}
_WHILES = {
    **dict.fromkeys(("хвилину", "a minute"), 60),
    **dict.fromkeys(("пів години", "півгодини", "half an hour"), 1800),
    **dict.fromkeys(("годину", "an hour"), 3600),
    **dict.fromkeys(("півтори години",), 5400),
    **dict.fromkeys(("день", "a day"), 86400),
}
_UNITS = ((("хв", "min"), 60), (("год", "hour", "h"), 3600), (("дн", "ден", "day"), 86400))


def _plain(text: str) -> str:
    text = " ".join(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").split(" "))
    text = re.sub(r"[\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}]", "-", text)
    return re.sub(r"[^\S\n]+", " ", text).strip()


def _days_of(piece: str) -> tuple[list[int], str]:
    """The weekdays a piece begins with, and what follows them."""
    for words in _EVERY_DAY:
        if piece.startswith(words):
            return list(range(7)), piece[len(words) :].lstrip(" :")
    days: list[int] = []
    rest = piece
    while match := re.match(
        r"([^\W\d_][^\W\d_']*)\.?(?:\s*-\s*([^\W\d_][^\W\d_']*)\.?)?[\s:]*", rest
    ):
        if match[1] not in _DAYS or (match[2] and match[2] not in _DAYS):
            break
        first = _DAYS[match[1]]
        last = _DAYS[match[2]] if match[2] else first
        days += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
        rest = rest[match.end() :]
    return days, rest


def _minutes(text: str) -> int:
    match = _TIME.fullmatch(text)
    hour, minute = (int(match[1]), int(match[2] or 0)) if match else (99, 0)
    if hour * 60 + minute > DAY or minute > 59:
        raise UnreadableTimeError(text)
    return hour * 60 + minute


def _date(piece: str, today: date) -> date:
    """`01.01`, `24.08.2027`, `2026-12-25`; without a year the next such day."""
    try:
        if "-" in piece:
            on = date.fromisoformat(piece)
        else:
            day, month, *year = (int(part) for part in piece.strip(".").split("."))
            if year:
                on = date(year[0] + (2000 if year[0] < 100 else 0), month, day)
            else:
                this = date(today.year, month, day)
                on = this if this >= today else date(today.year + 1, month, day)
    except (ValueError, OverflowError):
        raise UnreadableTimeError(piece) from None
    if not 2000 <= on.year < 3000:
        raise UnreadableTimeError(piece)
    return on
