"""The message of statistics: their text and the buttons below it."""

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from aiogram.types import InlineKeyboardMarkup

from bot.domain.hours import local_date
from bot.domain.log import LogFilter
from bot.domain.log_views import LogView
from bot.domain.people import Employee
from bot.domain.statistics import Before, Statistics, period_before
from bot.views import statistics as views
from keyboards import statistics as keyboards
from storage.statistics import StatisticsRepo


async def count_statistics(
    repo: StatisticsRepo,
    employee: Employee,
    view: LogView,
    part: LogFilter,
    *,
    now: int,
    zone: ZoneInfo,
) -> tuple[Statistics, Before | None]:
    """The statistics of a part of the log, which `view` is, and what they are compared with."""
    before = period_before(view, now, zone)
    earlier = replace(part, start=before.start, end=before.end) if before else None
    told = await repo.statistics(
        employee.scope,
        part,
        before=earlier,
        with_people=employee.scope.is_all and not view.person,
    )
    return told, before


def statistics_message(
    told: Statistics,
    view: LogView,
    before: Before | None,
    *,
    chosen: LogView,
    view_id: int,
    day: int,
    names: Mapping[int, str],
    client: str | None = None,
    with_lists: bool = False,
    zone: ZoneInfo,
    now: int,
) -> tuple[str, InlineKeyboardMarkup]:
    """`view`: with the days that are told of; `chosen`: as it is stored under `view_id`.

    `day`: today, as date.toordinal(); a button pressed later means the same days.
    """
    text = views.statistics(told, view, before, names, client=client)
    if with_lists and told.totals.total:
        return text, keyboards.lists(view, view_id, day, views.numbers(told), views.loads(told))
    today = local_date(now, zone)
    span = view.span(today)
    last = span[1] if span else today
    month = last.year * 12 + last.month - 1
    has_calls = told.totals.total > 0
    return text, keyboards.statistics(chosen, view_id, day, month=month, has_calls=has_calls)
