"""The company's settings: working hours, days off, the escalation; a person's quiet hours."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import date

from aiogram.utils.i18n import gettext as _
from babel.dates import get_day_names

from bot.domain.cases import Ignored
from bot.domain.company import Escalation, EscalationField
from bot.domain.hours import DAY, Hours, QuietHours, Span
from bot.domain.phones import spaced
from bot.views.formats import brief, cut, full_day, locale

IGNORED_SHOWN = 50
"""A longer list of buttons would be refused by Telegram."""

_LINES_SHOWN, _DAYS_SHOWN, _DAYS_COPIED = 10, 20, 250
_WEEK_WIDTH = 220
"""Characters of seven different days with a break in each."""


def company(
    hours: Hours,
    own: Mapping[str, Hours],
    escalation: Escalation,
    *,
    is_rung_only: bool = False,
) -> str:
    """All settings of the company on one page."""
    lines = ["<b>" + _("Company") + "</b>", ""]
    lines.append(_("Working hours: {hours}").format(hours=week(hours)))
    for line, one in itertools.islice(own.items(), _LINES_SHOWN):
        name = _("line {line}").format(line=brief(line, 40))
        lines.append(f"{name[:1].upper()}{name[1:]}: {week(one)}")
    lines += _more(len(own) - _LINES_SHOWN)
    lines.append(_("Days off: {days}").format(days=days(sorted(hours.holidays))))
    lines += ["", *_escalation(escalation)]
    lines.append(_("Clients in groups are taken by: {who}").format(who=takers()[is_rung_only]))
    lines += ["", silence()]
    return "\n".join(lines)


def takers() -> dict[bool, str]:
    """Who takes clients in groups, by whether that is for those rung only; also labels."""
    return {False: _("every colleague"), True: _("those whose phones rang")}


def groups_title() -> str:
    return "\n".join(
        [
            "<b>" + _("Who may take a client that a group is told about") + "</b>",
            _("Supervisors and administrators always may, accountants never."),
        ]
    )


def silence() -> str:
    """Tells what is different outside working hours."""
    return _(
        "Outside working hours alerts come without sound; "
        "at opening everybody gets one list of clients not called back yet."
    )


def escalation_title() -> str:
    return "<b>" + _("Who is told about a missed call, and when") + "</b>"


def ignored(numbers: Sequence[Ignored]) -> str:
    if not numbers:
        return _("No number is ignored. To ignore one, open its case: /missed")
    lines = [
        _("Nobody is told about missed calls from these numbers. Press one to be told again.")
    ]
    if len(numbers) > IGNORED_SHOWN:
        lines.append(_("The first {count} are shown.").format(count=IGNORED_SHOWN))
    return "\n".join(lines)


def ignored_name(one: Ignored) -> str:
    """Plain text; the label of a button."""
    number = spaced(one.number)
    return f"{cut(one.name, 20)}, {number}" if one.name else number


def number_title(name: EscalationField) -> str:
    return f"<b>{number_name(name)}</b>"


def number_name(name: EscalationField) -> str:
    """Also the label of a button."""
    return {
        EscalationField.OPERATORS: _("Operators called"),
        EscalationField.GROUPS: _("Group chats"),
        EscalationField.SUPERVISORS: _("Supervisors"),
        EscalationField.REPEAT: _("Repeat until taken"),
        EscalationField.TARGET: _("Call back within"),
    }[name]


def minutes_words(name: EscalationField, minutes: int) -> str:
    """A choice of a number in words; also the label of a button."""
    if minutes:
        words = _("every {minutes} min") if name is EscalationField.REPEAT else _("{minutes} min")
        if name not in {EscalationField.REPEAT, EscalationField.TARGET}:
            words = _("after {minutes} min")
        return words.format(minutes=minutes)
    return _("no") if name is EscalationField.REPEAT else _("at once")


def week(hours: Hours) -> str:
    """Пн–пт 9:00–18:00, сб 10:00–15:00"""
    if all(spans == ((0, DAY),) for spans in hours.week):
        return _("around the clock")
    names = get_day_names("abbreviated", locale=locale())
    parts, first = [], 0
    while first < len(hours.week):
        last = first
        while last + 1 < len(hours.week) and hours.week[last + 1] == hours.week[first]:
            last += 1
        if hours.week[first]:
            named = names[first] if first == last else f"{names[first]}–{names[last]}"
            parts.append(f"{named} {', '.join(map(_span, hours.week[first]))}")
        first = last + 1
    return cut("; ".join(parts), _WEEK_WIDTH)


def days(dates: Sequence[date]) -> str:
    shown = [*map(full_day, dates[:_DAYS_SHOWN]), *_more(len(dates) - _DAYS_SHOWN)]
    return ", ".join(shown) or _("none")


def ask_hours(line: str | None, present: Hours) -> str:
    title = _("Working hours of the company")
    if line is not None:
        title = _("Working hours of the line {line}").format(line=brief(line))
    example = _("Mon-Fri 9:00-18:00, Sat 10-15")
    return "\n".join(
        [
            f"<b>{title}</b>",
            _("Now: {hours}").format(hours=week(present)),
            "",
            _("Send them like this: {example}").format(example=f"<code>{example}</code>"),
        ]
    )


def hours_were(hours: Hours) -> str | None:
    """Tells the hours just removed, ready to be sent again; None: there were none."""
    if all(spans == ((0, DAY),) for spans in hours.week):
        return None
    return _("Removed (tap to copy): {hours}").format(hours=f"<code>{week(hours)}</code>")


def ask_holidays(present: Sequence[date]) -> str:
    copied = ", ".join(day.strftime("%d.%m.%Y") for day in present[:_DAYS_COPIED])
    lines = ["<b>" + _("Days off") + "</b>"]
    if copied:
        lines.append(_("Now (tap to copy): {days}").format(days=f"<code>{copied}</code>"))
    example = "<code>01.01, 24.08.2027</code>"
    lines += ["", _("Send all of them like this: {example}").format(example=example)]
    if present:
        lines.append(_("To leave none, send -"))
    return "\n".join(lines)


def choose_line() -> str:
    return _("Which line has hours of its own?")


def saved() -> str:
    return _("The setting is saved")


def quiet(present: QuietHours | None) -> str:
    """A person's quiet hours."""
    lines = [
        "<b>" + _("Quiet hours") + "</b>",
        _("Now: {hours}").format(hours=quiet_words(present)),
    ]
    return "\n".join([*lines, "", _("In quiet hours alerts come without sound.")])


def quiet_words(present: QuietHours | None) -> str:
    return _span((present.start, present.end)) if present else _("none")


def ask_quiet() -> str:
    return _("Send your quiet hours like this: {example}").format(
        example="<code>22:00-7:30</code>"
    )


def _more(count: int) -> list[str]:
    return [_("and {count} more").format(count=count)] if count > 0 else []


def _escalation(escalation: Escalation) -> list[str]:
    return [
        f"{number_name(name)}: {minutes_words(name, escalation.minutes(name))}"
        for name in EscalationField
    ]


def _span(span: Span) -> str:
    return "–".join(f"{minutes % DAY // 60}:{minutes % 60:02}" for minutes in span)
