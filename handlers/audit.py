"""Who did what, for administrators: a page of the audit, its filters."""

from datetime import timedelta

from aiogram import Router
from aiogram.types import CallbackQuery

from bot.config.settings import Settings
from bot.domain.audit import BY_ITSELF, AuditFilter
from bot.domain.clock import Clock
from bot.domain.hours import day_bounds, local_date
from bot.domain.people import Employee, Role
from bot.telegram.filters import HasRole
from bot.telegram.reply import show
from bot.views import audit as views
from bot.views.calls import last_page
from keyboards import audit as keyboards
from keyboards.callbacks import AuditPages, AuditPeople, AuditSpan
from storage.audit import AuditRepo

_PAGE_SIZE = 8

_DAYS = {AuditSpan.TODAY: 1, AuditSpan.WEEK: 7, AuditSpan.MONTH: 30}
"""Today is one of them."""


def create_router() -> Router:
    router = Router(name=__name__)
    router.callback_query.filter(HasRole(Role.ADMINISTRATOR))
    router.callback_query.register(show_page, AuditPages.filter())
    router.callback_query.register(choose_person, AuditPeople.filter())
    return router


async def show_page(
    query: CallbackQuery,
    callback_data: AuditPages,
    employee: Employee,
    audit: AuditRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    asked, now, size = callback_data, clock(), employee.page_size
    part = _part(asked, settings, now)
    page = await audit.page(part, turn=asked.turn, key=asked.key, size=size)
    who = await _name(asked.who, audit)
    text = views.audit(page, who=who, is_part=asked.is_part, now=now, zone=settings.zone)
    markup = keyboards.audit(page, asked, areas=views.area_titles())
    await show(query, text, markup, toast=last_page() if page.is_beyond else None)


async def choose_person(
    query: CallbackQuery, callback_data: AuditPeople, audit: AuditRepo
) -> None:
    people, page, pages = await audit.people(page=callback_data.page, size=_PAGE_SIZE)
    shown, itself = callback_data.shown, views.itself()
    markup = keyboards.people(people, shown, itself=itself, page=page, pages=pages)
    await show(query, views.people_title(), markup)


def _part(asked: AuditPages, settings: Settings, now: int) -> AuditFilter:
    since = None
    if days := _DAYS.get(asked.span):
        first = local_date(now, settings.zone) - timedelta(days=days - 1)
        since, _ = day_bounds(first, settings.zone)
    return AuditFilter(area=asked.area, who=asked.who or None, since=since)


async def _name(who: int, audit: AuditRepo) -> str | None:
    """Whose deeds are shown; None: everybody's."""
    if who == BY_ITSELF:
        return views.itself()
    return (await audit.find_name(who) or "–") if who else None
