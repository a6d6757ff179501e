"""The digest of lost calls, the lists behind its numbers, choosing its times."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.models import BoardPage, CaseGroup, Digest, DigestPerson
from bot.views import cases
from bot.views.formats import brief, day, hour_minute, local, span

_PEOPLE = 10


def digest(found: Digest, zone: ZoneInfo) -> str:
    start, end = local(found.start, zone), local(found.end, zone)
    title = _("Missed calls, {day}").format(day=day(start.date()))
    if end.date() == start.date():
        title += _(", until {time}").format(time=hour_minute(found.end, zone))
    lines = [f"📊 <b>{title}</b>"]
    if not found.totals.opened:
        lines.append(_("No missed calls. Well done!"))
        return "\n".join(lines)
    lines += [_number(found, group) for group in CaseGroup if _is_shown(found, group)]
    lines.append("")
    if found.median is not None and found.p90 is not None:
        lines.append(
            _("We call back after {median}, 9 of 10 times within {p90}").format(
                median=span(found.median), p90=span(found.p90)
            )
        )
    if found.due:
        lines.append(
            _("Within {target}: {count} of {all}, {percent} %").format(
                target=span(found.target),
                count=found.in_target,
                all=found.due,
                percent=round(100 * found.in_target / found.due),
            )
        )
    if found.worst_hour is not None and found.totals.opened > 1:
        lines.append(
            _("Worst hour: {start}:00–{end}:00, missed {count}").format(
                start=found.worst_hour, end=found.worst_hour + 1, count=found.worst_count
            )
        )
    if found.people:
        lines += ["", *map(_person, found.people[:_PEOPLE])]
    lines += ["", _("In brackets: the same day a week earlier")]
    return "\n".join(lines)


def group_name(group: CaseGroup) -> str:
    """Also the label of a button."""
    return {
        CaseGroup.OPENED: _("Clients missed"),
        CaseGroup.CALLED_BACK: _("We called back"),
        CaseGroup.GOT_THROUGH: _("Got through themselves"),
        CaseGroup.BY_HAND: _("Closed by hand, all"),
        CaseGroup.LEFT: _("Left"),
    }[group]


def span_list(page: BoardPage, group: CaseGroup, start: int, *, now: int, zone: ZoneInfo) -> str:
    """The cases behind a number."""
    title = f"{group_name(group)}, {day(local(start, zone).date())}: {page.total}"
    rows = [
        f"{number}. {cases.row(case, now=now)}" for number, case in enumerate(page.cases, start=1)
    ]
    return "\n".join([f"<b>{title}</b>", "", *rows]) if rows else f"<b>{title}</b>"


def times(chosen: Sequence[int]) -> str:
    lines = ["<b>" + _("Digests") + "</b>"]
    lines.append(
        _(
            "How many calls were missed, who called back and how fast. A digest before noon tells "
            "of the day before."
        )
    )
    present = ", ".join(map(clock, chosen)) if chosen else _("none")
    lines += ["", _("Now: {hours}").format(hours=present)]
    return "\n".join(lines)


def clock(minutes: int) -> str:
    """18:00; also the label of a button"""
    return f"{minutes // 60}:{minutes % 60:02}"


def ask_time() -> str:
    return _("Send the time like this: {example}").format(example="<code>18:30</code>")


def _is_shown(found: Digest, group: CaseGroup) -> bool:
    return group is not CaseGroup.BY_HAND or bool(found.totals.by_hand or found.before.by_hand)


def _number(found: Digest, group: CaseGroup) -> str:
    """Передзвонили ми: 7 ↑ (було 5)"""
    now, before = found.totals.count(group), found.before.count(group)
    arrow = "↑" if now > before else "↓" if now < before else "→"
    return f"{group_name(group)}: <b>{now}</b> {arrow} ({before})"


def _person(one: DigestPerson) -> str:
    parts = []
    if one.called_back:
        count = ngettext("{count} call back", "{count} calls back", one.called_back)
        parts.append(count.format(count=one.called_back))
    if one.median is not None:
        parts.append(_("after {took}").format(took=span(one.median)))
    if one.by_hand:
        parts.append(_("closed by hand {count}").format(count=one.by_hand))
    return f"{brief(one.name, 40)}: {', '.join(parts)}"
