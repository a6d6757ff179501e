"""The buttons of statistics: their periods, their pictures, the lists behind their numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.log_views import LogView, Period
from bot.domain.statistics import LineLoad, Number, PersonLoad, narrowed
from keyboards.buttons import Row, button, choice, in_pairs, in_rows, keyboard
from keyboards.callbacks import (
    LogPanel,
    StatsCalendar,
    StatsChart,
    StatsList,
    StatsPeriod,
    StatsShow,
)

Labelled = Sequence[tuple[PersonLoad | LineLoad, str, str]]
"""People and lines, with the labels of all their calls and of those lost, "" where none was."""


def statistics(
    view: LogView, view_id: int, day: int, *, month: int, has_calls: bool
) -> InlineKeyboardMarkup:
    """The periods and what more there is. `day` as in StatsShow, `month` as in Calendar."""
    names = {
        Period.TODAY: _("Today"),
        Period.YESTERDAY: _("Yesterday"),
        Period.WEEK: _("7 days"),
        Period.MONTH: _("This month"),
    }
    periods = [
        choice(name, StatsPeriod(view=view_id, period=one), is_chosen=view.period is one)
        for one, name in names.items()
    ]
    days = choice(
        _("📅 Days"), StatsCalendar(month=month, view=view_id), is_chosen=view.days is not None
    )
    rows = in_rows(periods, 2)
    if has_calls:
        rows += [
            [days, button(_("🖼 Charts"), StatsChart(view=view_id, day=day))],
            [
                button(
                    _("📋 Calls behind the numbers"), StatsShow(view=view_id, day=day, lists=True)
                )
            ],
        ]
    else:
        rows.append([days])
    rows.append(
        [button(_("🎛 Filters"), LogPanel(view=view_id)), button("🔄", StatsShow(view=view_id))]
    )
    return keyboard(*rows)


def lists(
    view: LogView, view_id: int, day: int, numbers: Mapping[Number, str], loads: Labelled
) -> InlineKeyboardMarkup:
    """A button for each number that has a list behind it; the rest are their labels."""
    buttons = [
        button(label, StatsList(view=view_id, day=day, number=number))
        for number, label in numbers.items()
        if narrowed(view, number, person=0, place=None)
    ]
    rows = in_pairs(buttons)
    for one, label, lost in loads:
        rows += in_pairs(_of_one(view, view_id, day, one, label, lost))
    back = button(_("⬅️ Back"), StatsShow(view=view_id, day=day))
    return keyboard(*rows, [back])


def _of_one(
    view: LogView, view_id: int, day: int, one: PersonLoad | LineLoad, label: str, lost: str
) -> Row:
    """The lists of a person or a line."""
    if isinstance(one, PersonLoad):
        who, every, missed = one.id, Number.PERSON, Number.PERSON_LOST
        own = replace(view, person=one.id)
        fits = view.person in {0, one.id}
    else:
        who, every, missed = one.place.code, Number.LINE, Number.LINE_LOST
        own = replace(view, place=one.place)
        fits = view.place in {None, one.place}
    if not fits:
        return []
    row = [button(label, StatsList(view=view_id, day=day, number=every, who=who))]
    if lost and narrowed(own, Number.LOST, person=0, place=None):
        row.append(button(lost, StatsList(view=view_id, day=day, number=missed, who=who)))
    return row
