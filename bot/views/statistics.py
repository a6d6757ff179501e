"""Statistics in words: the numbers of a part of the log, and what its pictures say."""

from collections.abc import Mapping

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext
from babel.dates import get_day_names

from bot.domain.calls import Direction, Status
from bot.domain.log_views import Fate, LogView
from bot.domain.signs import DIRECTION, NEW_CLIENT, STATUS
from bot.domain.statistics import (
    BACK_WITHIN,
    Before,
    LineLoad,
    Load,
    Number,
    PersonLoad,
    Spread,
    Statistics,
)
from bot.views import log_views
from bot.views.formats import brief, cut, duration, locale, one_line, plain, quoted, span
from bot.views.trends import percent, trend

SHOWN = 10
"""People, and lines, that are told of; the busiest."""

_OF_LOST = {
    Number.RETURNED: Fate.RETURNED,
    Number.GOT_THROUGH: Fate.GOT_THROUGH,
    Number.BY_HAND: Fate.BY_HAND,
    Number.LEFT: Fate.UNRETURNED,
    Number.NO_CASE: Fate.NO_CASE,
}
"""What lost calls come to; together they are all of them."""

_ALWAYS_TOLD = {Number.RETURNED, Number.LEFT}

_TITLE = 150
"""Characters of the title of the picture, of which two lines are shown."""

_LABEL, _HALF = 36, 17
"""Characters of a label that a phone shows in a row of its own, and beside another."""


def statistics(
    told: Statistics,
    view: LogView,
    before: Before | None,
    names: Mapping[int, str],
    *,
    client: str | None = None,
) -> str:
    """`view`: what they are of, its days as they were; `names`: of employees, by their ids.

    `client`: the name and numbers of the client whose calls they are of, not quoted.
    """
    title = _("Statistics")
    lines = [f"📊 <b>{title}</b>"]
    if client:
        lines.append(quoted(client))
    if chosen := log_views.chosen(view, names):
        lines.append(chosen)
    if not told.totals.total:
        return "\n".join([*lines, "", _("There are no such calls.")])
    for some in (
        _calls(told, view),
        _lost(told),
        _seconds(told),
        _hours(told),
        _people(told),
        _lines(told),
    ):
        if some:
            lines += ["", *some]
    if before and told.before:
        lines += ["", f"<i>{_in_brackets(before)}</i>"]
    return "\n".join(lines)


def number_name(number: Number) -> str:
    """Also the label of a button."""
    incoming, outgoing, inside = (DIRECTION[one] for one in Direction)
    return {
        Number.TOTAL: _("All calls"),
        Number.IN: f"{incoming} " + _("Incoming calls"),
        Number.OUT: f"{outgoing} " + _("Outgoing calls"),
        Number.INTERNAL: f"{inside} " + _("Internal calls"),
        Number.ANSWERED: f"{incoming} " + _("Answered calls"),
        Number.TALKS: f"{STATUS[Status.ANSWERED]} " + _("Talks"),
        Number.LOST: f"{STATUS[Status.MISSED]} " + _("Missed"),
        **{number: log_views.fate_words(fate) for number, fate in _OF_LOST.items()},
        Number.NEW: f"{NEW_CLIENT} " + _("New clients"),
    }.get(number, "")


def numbers(told: Statistics) -> dict[Number, str]:
    """The labels of the buttons of those numbers that are not 0."""
    return {
        number: f"{number_name(number)}: {count}"
        for number in Number
        if number_name(number) and (count := told.totals.count(number))
    }


def loads(told: Statistics) -> list[tuple[PersonLoad | LineLoad, str, str]]:
    """Of people and lines the labels of the buttons: of all their calls, of those lost."""
    named: list[tuple[PersonLoad | LineLoad, str]] = [
        *((one, one.name) for one in told.people[:SHOWN]),
        *((one, one.place.name) for one in told.lines[:SHOWN]),
    ]
    lost = STATUS[Status.MISSED] + " " + _("missed: {count}")
    labels = []
    for one, name in named:
        calls = f": {one.load.calls}"
        wide = _HALF if one.load.lost else _LABEL
        label = cut(one_line(name), wide - len(calls)) + calls
        labels.append((one, label, lost.format(count=one.load.lost) if one.load.lost else ""))
    return labels


def caption(view: LogView, names: Mapping[int, str], *, client: str | None = None) -> str:
    """`client` as in `statistics`."""
    told = (quoted(client or ""), log_views.chosen(view, names))
    return "📊 " + "\n".join(filter(None, told))


def chart_words(view: LogView, names: Mapping[int, str]) -> dict[str, str | list[str]]:
    """The words of the picture, by the names that bot/media/drawing.py has; they are no HTML."""
    days = get_day_names("short", locale=locale())
    return {
        "title": cut(one_line(log_views.chosen_words(view, names)), _TITLE),
        "hours": _("By hour"),
        "lost": _("missed"),
        "calls": _("all others"),
        "heat": _("By weekday and hour"),
        "back": _("Clients called back within"),
        "weekdays": [plain(days[number]) for number in range(7)],
        "within": [*map(span, BACK_WITHIN), _("later")],
        "nothing": _("nobody was called back"),
    }


def picture_name() -> str:
    return "statistics.png"


def _calls(told: Statistics, view: LogView) -> list[str]:
    """The counts of calls; of a direction where there are several."""
    totals, before = told.totals, told.before
    lines = []
    for number in (Number.TOTAL, Number.IN, Number.OUT, Number.INTERNAL):
        count = totals.count(number)
        was = before.count(number) if before else None
        if number is not Number.TOTAL and (view.direction or not (count or was)):
            continue
        change = trend(count, was, str(was), is_less_better=None)
        lines.append(f"{number_name(number)}: <b>{count}</b>{change}")
    if totals.new:
        lines.append(f"{number_name(Number.NEW)}: <b>{totals.new}</b>")
    return lines


def _lost(told: Statistics) -> list[str]:
    totals, before = told.totals, told.before
    if not totals.answered and not totals.lost:
        return []
    was = before.lost if before else None
    change = trend(totals.lost, was, str(was), is_less_better=True)
    title = _("Missed calls")
    lines = [f"{STATUS[Status.MISSED]} {title}: <b>{totals.lost}</b>{change}"]
    lines += [
        f"– {number_name(number)}: {totals.count(number)}"
        for number in _OF_LOST
        if totals.lost and (totals.count(number) or number in _ALWAYS_TOLD)
    ]
    if totals.share is not None and totals.answered:
        share = before.share if before else None
        change = trend(totals.share, share, percent(share or 0), is_less_better=False)
        words = _("Answered: {count}, {percent}").format(
            count=totals.answered, percent=percent(totals.share)
        )
        lines.append(words + change)
    return lines


def _seconds(told: Statistics) -> list[str]:
    totals, before = told.totals, told.before
    lines = []
    if totals.wait.median is not None:
        was = before.wait.median if before else None
        change = trend(totals.wait.median, was, span(was or 0), is_less_better=True)
        lines.append(_("We answer after {took}").format(took=span(totals.wait.median)) + change)
        lines += _nine_of_ten(totals.wait)
    if totals.talk.median is not None:
        was = before.talk.median if before else None
        change = trend(totals.talk.median, was, duration(was), is_less_better=None)
        lines.append(_("A talk takes {took}").format(took=duration(totals.talk.median)) + change)
        lines += _nine_of_ten(totals.talk)
    if totals.back.median is not None:
        was = before.back.median if before else None
        change = trend(totals.back.median, was, span(was or 0), is_less_better=True)
        words = _("We call back after {median}").format(median=span(totals.back.median))
        lines.append(words + change)
        lines += _nine_of_ten(totals.back)
    return lines


def _nine_of_ten(one: Spread) -> list[str]:
    if one.count < 2 or one.p90 is None:
        return []
    return ["    " + _("9 of 10 times within {p90}").format(p90=span(one.p90))]


def _hours(told: Statistics) -> list[str]:
    """The hour with most calls, and that with most of them lost; not of a few."""
    hours = told.hours
    lines = []
    busiest = max(range(24), key=lambda hour: hours[hour].calls)
    worst = max(range(24), key=lambda hour: hours[hour].lost)
    if hours[busiest].calls > 1:
        said = ngettext("{count} call", "{count} calls", hours[busiest].calls)
        count = said.format(count=hours[busiest].calls)
        lines.append(_("Busiest hour: {hour}, {calls}").format(hour=_hour(busiest), calls=count))
    if hours[worst].lost > 1:
        lines.append(
            _("Most missed: {hour}, {lost} of {all}").format(
                hour=_hour(worst), lost=hours[worst].lost, all=hours[worst].calls
            )
        )
    return lines


def _hour(hour: int) -> str:
    return f"{hour}:00–{hour + 1}:00"


def _people(told: Statistics) -> list[str]:
    if not told.people:
        return []
    lines = ["<b>" + _("People") + "</b>"]
    for one in told.people[:SHOWN]:
        talk = [_("talked {took}").format(took=span(one.talk))] if one.talk else []
        lines.append(f"{brief(one.name, 24)}: {', '.join([*_load(one.load), *talk])}")
    return [*lines, *_more(len(told.people))]


def _lines(told: Statistics) -> list[str]:
    if not told.lines:
        return []
    lines = ["<b>" + _("Lines") + "</b>"]
    lines += [
        f"{brief(one.place.name, 24)}: {', '.join(_load(one.load))}" for one in told.lines[:SHOWN]
    ]
    return [*lines, *_more(len(told.lines))]


def _load(load: Load) -> list[str]:
    lost = [_("missed {count}").format(count=load.lost)] if load.lost else []
    return [str(load.calls), *lost]


def _more(count: int) -> list[str]:
    more = count - SHOWN
    return [_("and {count} more").format(count=more)] if more > 0 else []


def _in_brackets(before: Before) -> str:
    days = LogView(days=(before.first.toordinal(), before.last.toordinal()))
    words = log_views.part_words(days, "days", {})
    if before.until is None:
        return _("In brackets: {days}").format(days=words)
    time = f"{before.until // 60}:{before.until % 60:02}"
    return _("In brackets: {days}, until {time}").format(days=words, time=time)
