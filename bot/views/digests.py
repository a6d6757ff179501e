"""The digest of lost calls, the lists behind its numbers, choosing its times."""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain.cases import BoardPage
from bot.domain.digests import CaseGroup, Digest, DigestPerson
from bot.domain.hours import local_time
from bot.domain.people import EVERYTHING, Scope
from bot.views import board
from bot.views.calls import no_extensions
from bot.views.formats import brief, cut, day, hour_minute, one_line, span
from bot.views.trends import percent, trend

PEOPLE_SHOWN = 10
_HOUR = 3600
_ROWS = (
    CaseGroup.OPENED,
    CaseGroup.CALLED_BACK,
    CaseGroup.GOT_THROUGH,
    CaseGroup.BY_HAND,
    CaseGroup.LEFT,
)
_LESS_IS_BETTER = {CaseGroup.OPENED, CaseGroup.LEFT}


@dataclass(frozen=True, slots=True)
class DigestLabels:
    """What the buttons under a digest say; those of people by their ids."""

    groups: dict[CaseGroup, str]
    worst: str
    people: dict[int, str]


def digest(digest: Digest, zone: ZoneInfo, *, scope: Scope = EVERYTHING) -> str:
    """`scope`: the reader's; what is told of the company is told of their extensions then."""
    title = _("Missed calls, {day}").format(day=_when(digest.start, digest.end, zone))
    lines = [f"📊 <b>{title}</b>"]
    if digest.totals.opened:
        lines += [_number(digest, group) for group in _ROWS if _is_shown(digest, group)]
    else:
        lines.append(_none_missed(scope))
    if digest.earlier:
        lines.append(_("Still waiting from earlier days: {count}").format(count=digest.earlier))
    if speed := [*_speed(digest), *_worst(digest, zone)]:
        lines += ["", *speed]
    if digest.people:
        lines += ["", "<b>" + _("Who called back") + "</b>"]
        lines += map(_person, digest.people[:PEOPLE_SHOWN])
        if (more := len(digest.people) - PEOPLE_SHOWN) > 0:
            lines.append(_("and {count} more").format(count=more))
    if digest.before and digest.totals.opened:
        lines += ["", _("In brackets: the same day a week earlier")]
    return "\n".join(lines)


def labels(digest: Digest, zone: ZoneInfo) -> DigestLabels:
    return DigestLabels(
        groups={group: group_name(group) for group in CaseGroup},
        worst=_worst_hour(digest, digest.worst_at, zone) if digest.worst_at else "",
        people={
            one.id: f"{cut(one_line(one.name), 12)}: {one.called_back}"
            for one in digest.people[:PEOPLE_SHOWN]
            if one.id and one.called_back
        },
    )


def group_name(group: CaseGroup) -> str:
    """Also the label of a button."""
    return {
        CaseGroup.OPENED: _("Clients missed"),
        CaseGroup.CALLED_BACK: _("We called back"),
        CaseGroup.GOT_THROUGH: _("Got through themselves"),
        CaseGroup.BY_HAND: _("Closed by hand"),
        CaseGroup.LEFT: _("Left"),
        CaseGroup.IN_TARGET: _("In time"),
    }[group]


def span_list(
    page: BoardPage,
    group: CaseGroup,
    start: int,
    end: int,
    *,
    now: int,
    zone: ZoneInfo,
) -> str:
    """The cases behind a number: what they had become by `end`, shown as they are now."""
    title = f"<b>{group_name(group)}: {page.total}</b>\n{_when(start, end, zone)}"
    rows = [board.row(number, case, now=now) for number, case in enumerate(page.cases, start=1)]
    return "\n".join([title, "", *rows]) if rows else title


def times(chosen: Sequence[int], *, is_weekly: bool) -> str:
    lines = ["<b>" + _("Digests") + "</b>"]
    lines.append(
        _(
            "How many clients were missed, who called back and how fast. "
            "Before noon it covers the day before, later on today."
        )
    )
    present = ", ".join(map(clock, chosen)) if chosen else _("none")
    lines += ["", _("Now: {hours}").format(hours=present)]
    if is_weekly:
        lines.append(_("On Mondays also the statistics of the last week."))
    return "\n".join(lines)


def too_many(limit: int) -> str:
    return _("At most {count} times a day").format(count=limit)


def clock(minutes: int) -> str:
    """18:00; also the label of a button"""
    return f"{minutes // 60}:{minutes % 60:02}"


def ask_time() -> str:
    return _("Send the time like this: {example}").format(example="<code>18:30</code>")


def _when(start: int, end: int, zone: ZoneInfo) -> str:
    """23 листопада; 23 листопада, до 18:30; 23 листопада, 10:00–11:00"""
    first, last = local_time(start, zone), local_time(end, zone)
    text = day(first.date())
    is_from_midnight = (first.hour, first.minute) == (0, 0)
    if not is_from_midnight:
        return f"{text}, {hour_minute(start, zone)}–{hour_minute(end, zone)}"
    if last.date() == first.date():
        text += _(", until {time}").format(time=hour_minute(end, zone))
    return text


def _none_missed(scope: Scope) -> str:
    if scope.is_all:
        return _("No missed calls. Well done!")
    return _("No missed calls of your extensions.") if scope.extensions else no_extensions()


def _is_shown(digest: Digest, group: CaseGroup) -> bool:
    before = digest.before.by_hand if digest.before else 0
    return group is not CaseGroup.BY_HAND or bool(digest.totals.by_hand or before)


def _number(digest: Digest, group: CaseGroup) -> str:
    """Пропущено клієнтів: 7 ↑ (5), гірше"""
    now = digest.totals.count(group)
    before = digest.before.count(group) if digest.before else None
    less = True if group in _LESS_IS_BETTER else None
    change = trend(now, before, str(before), is_less_better=less)
    return f"{group_name(group)}: <b>{now}</b>{change}"


def _speed(digest: Digest) -> list[str]:
    """The lines that tell how fast clients were called back, and how many in time."""
    totals, before = digest.totals, digest.before
    lines = []
    if totals.median is not None and totals.p90 is not None:
        was = before.median if before else None
        change = trend(totals.median, was, span(was or 0), is_less_better=True)
        lines.append(_("We call back after {median}").format(median=span(totals.median)) + change)
        if totals.called_back > 1:
            lines.append(_("9 of 10 times within {p90}").format(p90=span(totals.p90)))
    if totals.share is not None:
        lines.append(
            _("Within {target}: {count} of {all}").format(
                target=span(digest.target), count=totals.in_target, all=totals.due
            )
        )
        was = before.share if before else None
        earlier = _("a week earlier {words}").format(words=percent(was or 0))
        change = trend(totals.share, was, earlier, is_less_better=False, says_same=False)
        lines.append(_("In time: {percent}").format(percent=percent(totals.share)) + change)
    return lines


def _worst(digest: Digest, zone: ZoneInfo) -> list[str]:
    if digest.worst_at is None or digest.worst_count < 2:
        return []
    words = _("Worst hour: {hour}")
    return [words.format(hour=_worst_hour(digest, digest.worst_at, zone))]


def _worst_hour(digest: Digest, start: int, zone: ZoneInfo) -> str:
    missed = ngettext("{count} client", "{count} clients", digest.worst_count)
    return f"{_hour(start, zone)}, {missed.format(count=digest.worst_count)}"


def _hour(start: int, zone: ZoneInfo) -> str:
    return f"{hour_minute(start, zone)}–{hour_minute(start + _HOUR, zone)}"


def _person(one: DigestPerson) -> str:
    """Олена: 5, за 6 хв"""
    parts = [str(one.called_back)]
    if one.median is not None:
        parts.append(_("after {took}").format(took=span(one.median)))
    if one.by_hand:
        parts.append(_("{count} closed by hand").format(count=one.by_hand))
    return f"{brief(one.name, 40)}: {', '.join(parts)}"
