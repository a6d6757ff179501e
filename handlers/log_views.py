"""Choosing something of the log: by its signs, on the panel of all filters, by days."""

from dataclasses import replace

from aiogram import Router
from aiogram.types import CallbackQuery

from bot.domain.audit import AuditKind, By
from bot.domain.calls import Status
from bot.domain.clock import Clock
from bot.domain.errors import NoAccessError, NotFoundError
from bot.domain.log_views import LogView
from bot.domain.people import Employee
from bot.telegram.filters import HasRole
from bot.telegram.reply import answer, show
from bot.views import log_views as views
from handlers.log_screens import LogScreens
from keyboards import log_views as keyboards
from keyboards.callbacks import (
    Choosing,
    ClientLog,
    LogChip,
    LogChoose,
    LogClear,
    LogDays,
    LogPage,
    LogPanel,
    LogPerson,
    LogPlace,
    LogSave,
    LogStatus,
    LogWithout,
)
from storage.audit import AuditRepo
from storage.employees import EmployeeRepo
from storage.groups import GroupRepo

_PEOPLE = 8


def create_router() -> Router:
    router = Router(name=__name__)
    router.callback_query.filter(HasRole())
    router.callback_query.register(toggle, LogChip.filter())
    router.callback_query.register(show_panel, LogPanel.filter())
    router.callback_query.register(show_days, LogDays.filter())
    router.callback_query.register(drop, LogWithout.filter())
    router.callback_query.register(clear, LogClear.filter())
    router.callback_query.register(choose, LogChoose.filter())
    router.callback_query.register(set_status, LogStatus.filter())
    router.callback_query.register(set_person, LogPerson.filter())
    router.callback_query.register(set_place, LogPlace.filter())
    router.callback_query.register(keep, LogSave.filter())
    router.callback_query.register(show_client, ClientLog.filter())
    return router


async def toggle(
    query: CallbackQuery, callback_data: LogChip, employee: Employee, log_screens: LogScreens
) -> None:
    views_of = log_screens.log_views
    view = await views_of.get(employee.id, callback_data.view)
    chosen = await views_of.put(employee.id, view.toggled(callback_data.chip))
    if callback_data.panel:
        await log_screens.show_panel(query, chosen, employee)
    else:
        await log_screens.show(query, LogPage(view=chosen), employee)


async def show_panel(
    query: CallbackQuery, callback_data: LogPanel, employee: Employee, log_screens: LogScreens
) -> None:
    await log_screens.show_panel(query, callback_data.view, employee)


async def show_days(
    query: CallbackQuery, callback_data: LogDays, employee: Employee, log_screens: LogScreens
) -> None:
    view = await log_screens.log_views.get(employee.id, callback_data.view)
    days = (callback_data.first, callback_data.last)
    if 0 in days:  # the calendar has no such day
        raise NotFoundError(f"days {days}")
    await _show(query, replace(view, days=days, period=None), employee, log_screens)


async def drop(
    query: CallbackQuery, callback_data: LogWithout, employee: Employee, log_screens: LogScreens
) -> None:
    view = await log_screens.log_views.get(employee.id, callback_data.view)
    names = list(LogView.__dataclass_fields__)
    if callback_data.part >= len(names):
        raise NotFoundError(f"choice {callback_data.part}")
    await _show(query, view.without(names[callback_data.part]), employee, log_screens)


async def clear(
    query: CallbackQuery, callback_data: LogClear, employee: Employee, log_screens: LogScreens
) -> None:
    view = await log_screens.log_views.get(employee.id, callback_data.view)
    show = _show_panel if callback_data.panel else _show
    await show(query, view.base, employee, log_screens)


async def choose(
    query: CallbackQuery,
    callback_data: LogChoose,
    employee: Employee,
    log_screens: LogScreens,
    employees: EmployeeRepo,
    groups: GroupRepo,
) -> None:
    view_id = callback_data.view
    view = await log_screens.log_views.get(employee.id, view_id)
    match callback_data.what:
        case Choosing.STATUS:
            await show(
                query,
                views.choose_status(),
                keyboards.statuses(view, view_id, views.all_statuses()),
            )
        case Choosing.PLACE:
            markup = keyboards.places(view, view_id, await groups.places())
            await show(query, views.choose_place(), markup)
        case Choosing.PERSON:
            _check_sees_all(employee)
            people, page, pages = await employees.list_page(
                page=callback_data.page, size=_PEOPLE, have_extensions=True
            )
            markup = keyboards.people(view, view_id, people, page=page, pages=pages)
            await show(query, views.choose_person(), markup)


async def set_status(
    query: CallbackQuery, callback_data: LogStatus, employee: Employee, log_screens: LogScreens
) -> None:
    view = await log_screens.log_views.get(employee.id, callback_data.view)
    statuses = [*Status, None]
    if callback_data.number >= len(statuses):
        raise NotFoundError(f"status {callback_data.number}")
    chosen = replace(view, status=statuses[callback_data.number], fate=None)
    await _show_panel(query, chosen, employee, log_screens)


async def set_person(
    query: CallbackQuery,
    callback_data: LogPerson,
    employee: Employee,
    log_screens: LogScreens,
    employees: EmployeeRepo,
) -> None:
    _check_sees_all(employee)
    view = await log_screens.log_views.get(employee.id, callback_data.view)
    person = callback_data.employee
    if person:
        await employees.get(person)
    await _show_panel(query, replace(view, person=person), employee, log_screens)


async def set_place(
    query: CallbackQuery,
    callback_data: LogPlace,
    employee: Employee,
    log_screens: LogScreens,
    groups: GroupRepo,
) -> None:
    view = await log_screens.log_views.get(employee.id, callback_data.view)
    known = {place.code: place for place in await groups.places()}
    place = known.get(callback_data.code)
    if place is None and callback_data.code != -1:
        raise NotFoundError(f"place {callback_data.code}")
    await _show_panel(query, replace(view, place=place), employee, log_screens)


async def keep(
    query: CallbackQuery,
    callback_data: LogSave,
    employee: Employee,
    log_screens: LogScreens,
    clock: Clock,
) -> None:
    view_id = callback_data.view
    await log_screens.log_views.get(employee.id, view_id)
    if not callback_data.is_wanted:
        await log_screens.log_views.drop(employee.id, view_id)
    elif not await log_screens.log_views.save(employee.id, view_id, now=clock()):
        await answer(query, views.too_many_views(), alert=True)
        return
    await log_screens.show_panel(query, view_id, employee)


async def show_client(
    query: CallbackQuery,
    callback_data: ClientLog,
    employee: Employee,
    log_screens: LogScreens,
    audit: AuditRepo,
    clock: Clock,
) -> None:
    call = await log_screens.journal.get(callback_data.call, employee.scope)
    by = By(employee.id, clock())
    await audit.note(AuditKind.LOOKED_UP, by, call=call.id, number=call.client)
    await _show(query, LogView(client_of=callback_data.call), employee, log_screens)


async def _show(
    query: CallbackQuery, view: LogView, employee: Employee, log_screens: LogScreens
) -> None:
    chosen = await log_screens.log_views.put(employee.id, view)
    await log_screens.show(query, LogPage(view=chosen), employee)


async def _show_panel(
    query: CallbackQuery, view: LogView, employee: Employee, log_screens: LogScreens
) -> None:
    chosen = await log_screens.log_views.put(employee.id, view)
    await log_screens.show_panel(query, chosen, employee)


def _check_sees_all(employee: Employee) -> None:
    if not employee.scope.is_all:
        raise NoAccessError("the log of a colleague")
