"""The staff, for administrators: people, their names, roles and extensions, their access."""

import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from aiogram import Bot, F, Router
from aiogram.filters import Command
from aiogram.filters.callback_data import CallbackQueryFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, InlineKeyboardMarkup, Message
from aiogram.utils.i18n import I18n

from bot.domain.audit import By
from bot.domain.clock import Clock
from bot.domain.people import (
    Employee,
    EmployeeState,
    Role,
    is_doubtful_extension,
    is_extension,
    is_visible,
)
from bot.domain.phones import bare_extension
from bot.telegram.filters import HasRole
from bot.telegram.menu import set_menu
from bot.telegram.reply import Event, answer, say, show
from bot.views import dialogs as dialog_views
from bot.views import staff as views
from bot.views.formats import one_line
from handlers import dialogs
from handlers.dialog_state import Dialog
from handlers.left_dialogs import leave
from keyboards import staff as keyboards
from keyboards.callbacks import (
    RoleChoice,
    StaffButton,
    StaffPage,
    StaffStep,
)
from storage.employees import EXTENSION_LIMIT, EXTENSIONS_LIMIT, NAME_LIMIT, EmployeeRepo
from storage.invites import InviteRepo

log = logging.getLogger(__name__)

_PAGE_SIZE = 8
_NONE = frozenset({"-", "–", "—"})
"""What is typed to leave no extensions."""

_STATES = {
    StaffStep.BLOCK: EmployeeState.BLOCKED,
    StaffStep.UNBLOCK: EmployeeState.ACTIVE,
    StaffStep.CONFIRM: EmployeeState.REMOVED,
}


class StaffDialog(StatesGroup):
    name = State()
    extensions = State()
    invite = State()


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole(Role.ADMINISTRATOR))
    router.message.register(staff_command, Command("staff"))
    dialogs.register_answers(
        router, StaffDialog.name, StaffButton, answered=name_given, cancelled=None
    )
    dialogs.register_answers(
        router,
        StaffDialog.extensions,
        StaffButton,
        answered=extensions_given,
        cancelled=None,
        accepted=extensions_confirmed,
    )
    router.callback_query.register(staff_page, StaffPage.filter())
    router.callback_query.register(open_person, _pressed(StaffStep.OPEN))
    router.callback_query.register(ask_name, _pressed(StaffStep.NAME))
    router.callback_query.register(ask_extensions, _pressed(StaffStep.EXTENSIONS))
    router.callback_query.register(ask_role, _pressed(StaffStep.ROLE))
    router.callback_query.register(choose_role, RoleChoice.filter())
    router.callback_query.register(turn_access, _pressed(StaffStep.BLOCK, StaffStep.UNBLOCK))
    router.callback_query.register(ask_removal, _pressed(StaffStep.REMOVE))
    router.callback_query.register(remove_person, _pressed(StaffStep.CONFIRM))
    return router


async def staff_command(
    message: Message, employees: EmployeeRepo, invites: InviteRepo, clock: Clock
) -> None:
    await _show_people(message, employees, page=0, invites=await invites.count_open(now=clock()))


async def staff_page(
    query: CallbackQuery,
    callback_data: StaffPage,
    state: FSMContext,
    employees: EmployeeRepo,
    invites: InviteRepo,
    clock: Clock,
) -> None:
    await leave(state, StaffDialog)
    count = await invites.count_open(now=clock())
    await _show_people(query, employees, page=callback_data.page, invites=count)


async def open_person(
    query: CallbackQuery,
    callback_data: StaffButton,
    state: FSMContext,
    employee: Employee,
    employees: EmployeeRepo,
) -> None:
    await leave(state, StaffDialog)
    person = await employees.get(callback_data.employee)
    await _show_person(query, person, employee, employees, page=callback_data.page)


async def ask_name(
    query: CallbackQuery, callback_data: StaffButton, state: FSMContext, employees: EmployeeRepo
) -> None:
    person = await employees.get(callback_data.employee)
    text = views.name_question(person, limit=NAME_LIMIT)
    await dialogs.ask(
        query, state, StaffDialog.name, callback_data, text, _way_back(callback_data)
    )


async def name_given(
    message: Message,
    dialog: Dialog[StaffButton],
    employee: Employee,
    employees: EmployeeRepo,
    clock: Clock,
) -> None:
    name, about = one_line(message.text or ""), dialog.origin
    if not is_visible(name):
        await show(message, dialog_views.not_a_text())
        return
    if len(name) > NAME_LIMIT:
        await show(message, views.name_too_long(len(name), limit=NAME_LIMIT), _way_back(about))
        return
    async with dialog.ending(message):
        person = await employees.get(about.employee)
        await employees.set_name(person.id, name, by=By(employee.id, clock()))
        log.info("employee %d renamed employee %d", employee.id, person.id)
        renamed = replace(person, name=name)
        await _show_person(message, renamed, employee, employees, page=about.page)


async def ask_extensions(
    query: CallbackQuery, callback_data: StaffButton, state: FSMContext, employees: EmployeeRepo
) -> None:
    person = await employees.get(callback_data.employee)
    text, markup = views.extensions_question(person), _way_back(callback_data)
    await dialogs.ask(query, state, StaffDialog.extensions, callback_data, text, markup)


async def extensions_given(
    message: Message,
    dialog: Dialog[StaffButton],
    employee: Employee,
    employees: EmployeeRepo,
    clock: Clock,
    bot: Bot,
    i18n: I18n,
) -> None:
    about = dialog.origin
    extensions = read_extensions(message.text or "")
    if wrong := what_is_wrong(message.text or "", extensions):
        await show(message, wrong, _way_back(about))
        return
    person = await employees.get(about.employee)
    new = [one for one in extensions if one not in person.extensions]
    if doubts := await doubts_about(new, employees, but=person.id):
        await confirm_extensions(message, dialog, extensions, doubts, _way_back(about))
        return
    by = By(employee.id, clock())
    await _save_extensions(message, dialog, extensions, employee, employees, by, bot, i18n)


async def extensions_confirmed(
    query: CallbackQuery,
    dialog: Dialog[StaffButton],
    draft: str,
    employee: Employee,
    employees: EmployeeRepo,
    clock: Clock,
    bot: Bot,
    i18n: I18n,
) -> None:
    extensions, by = read_extensions(draft), By(employee.id, clock())
    await _save_extensions(query, dialog, extensions, employee, employees, by, bot, i18n)


async def _save_extensions(
    event: Event,
    dialog: Dialog[StaffButton],
    extensions: tuple[str, ...],
    employee: Employee,
    employees: EmployeeRepo,
    by: By,
    bot: Bot,
    i18n: I18n,
) -> None:
    async with dialog.ending(event):
        person = await employees.get(dialog.origin.employee)
        await employees.set_extensions(person.id, extensions, by=by)
        log.info("employee %d changed the extensions of employee %d", employee.id, person.id)
        person = await employees.get(person.id)
        await _show_person(event, person, employee, employees, page=dialog.origin.page)
    await set_menu(bot, i18n, person)


async def ask_role(
    query: CallbackQuery, callback_data: StaffButton, employee: Employee, employees: EmployeeRepo
) -> None:
    person = await employees.get(callback_data.employee)
    if await _is_fixed(query, person, employee):
        return
    markup = keyboards.roles(person, views.role_titles(), page=callback_data.page)
    await show(query, views.role_question(person), markup)


async def choose_role(
    query: CallbackQuery,
    callback_data: RoleChoice,
    employee: Employee,
    employees: EmployeeRepo,
    clock: Clock,
    bot: Bot,
    i18n: I18n,
) -> None:
    person = await employees.get(callback_data.employee)
    if await _is_fixed(query, person, employee):
        return
    by = By(employee.id, clock())
    await employees.set_role(person.id, callback_data.role, by=by)
    log.info("employee %d made employee %d %s", employee.id, person.id, callback_data.role)
    person = await employees.get(person.id)
    toast, page = views.role_changed(), callback_data.page
    await _show_person(query, person, employee, employees, page=page, toast=toast)
    await set_menu(bot, i18n, person)


async def turn_access(
    query: CallbackQuery,
    callback_data: StaffButton,
    employee: Employee,
    employees: EmployeeRepo,
    clock: Clock,
    bot: Bot,
    i18n: I18n,
) -> None:
    person = await employees.get(callback_data.employee)
    if await _is_fixed(query, person, employee):
        return
    by = By(employee.id, clock())
    person = await _set_state(person, _STATES[callback_data.step], by, employees)
    is_out = person.state is EmployeeState.BLOCKED
    toast, page = views.blocked() if is_out else views.unblocked(), callback_data.page
    await _show_person(query, person, employee, employees, page=page, toast=toast)
    await set_menu(bot, i18n, person)


async def ask_removal(
    query: CallbackQuery, callback_data: StaffButton, employee: Employee, employees: EmployeeRepo
) -> None:
    person = await employees.get(callback_data.employee)
    if await _is_fixed(query, person, employee):
        return
    markup = keyboards.removal(person, page=callback_data.page)
    await show(query, views.removal_question(person), markup)


async def remove_person(
    query: CallbackQuery,
    callback_data: StaffButton,
    employee: Employee,
    employees: EmployeeRepo,
    invites: InviteRepo,
    clock: Clock,
    bot: Bot,
    i18n: I18n,
) -> None:
    person = await employees.get(callback_data.employee)
    if await _is_fixed(query, person, employee):
        return
    now = clock()
    state, by = _STATES[callback_data.step], By(employee.id, now)
    person = await _set_state(person, state, by, employees)
    page, count = callback_data.page, await invites.count_open(now=now)
    await _show_people(query, employees, page=page, invites=count, toast=views.removed())
    await set_menu(bot, i18n, person)


async def _show_people(
    event: Event, employees: EmployeeRepo, *, page: int, invites: int, toast: str | None = None
) -> None:
    """`invites`: how many invitations nobody has used yet."""
    shown, page, pages = await employees.list_page(page=page, size=_PAGE_SIZE)
    markup = keyboards.people(shown, page=page, pages=pages, invites=invites)
    await show(event, views.people(shown), markup, toast=toast)


async def _show_person(
    event: Event,
    person: Employee,
    viewer: Employee,
    employees: EmployeeRepo,
    *,
    page: int,
    toast: str | None = None,
) -> None:
    is_self = person.id == viewer.id
    is_fixed = views.why_fixed(person, is_self=is_self) is not None
    markup = keyboards.person(person, page=page, is_fixed=is_fixed)
    shared = await employees.list_holders(person.extensions, but=person.id)
    await show(event, views.person(person, is_self=is_self, shared=shared), markup, toast=toast)


async def _is_fixed(query: CallbackQuery, person: Employee, viewer: Employee) -> bool:
    """Whether the role and the access of this person cannot be changed; then says why."""
    reason = views.why_fixed(person, is_self=person.id == viewer.id)
    if reason is not None:
        await answer(query, reason, alert=True)
    return reason is not None


async def _set_state(
    person: Employee, state: EmployeeState, by: By, employees: EmployeeRepo
) -> Employee:
    await employees.set_state(person.id, state, by=by)
    log.info("employee %d made employee %d %s", by.employee_id, person.id, state)
    return replace(person, state=state)


def _pressed(*steps: StaffStep) -> CallbackQueryFilter:
    return StaffButton.filter(F.step.in_(steps))


def _way_back(about: StaffButton) -> InlineKeyboardMarkup:
    return keyboards.question(about.employee, page=about.page)


def read_extensions(text: str) -> tuple[str, ...]:
    """The extensions somebody typed, each once, in order, as calls name them."""
    words = re.split(r"[\s,;]+", text)
    return tuple(dict.fromkeys(bare_extension(word) for word in words if word not in {"", *_NONE}))


def what_is_wrong(text: str, extensions: tuple[str, ...]) -> str | None:
    """What is wrong with the extensions read from the text, in words; None: nothing."""
    if not extensions and text.strip() not in _NONE:
        return views.no_extension_given()
    if len(extensions) > EXTENSIONS_LIMIT:
        return views.too_many_extensions(len(extensions), limit=EXTENSIONS_LIMIT)
    for extension in extensions:
        if len(extension) > EXTENSION_LIMIT:
            return views.extension_too_long(extension, limit=EXTENSION_LIMIT)
    for item in re.split(r"[,;\n]+", text):
        words = item.split()
        if len(words) > 1 and any(not re.search(r"[\d@:]", word) for word in words):
            return views.no_extension(" ".join(words))
    for extension in extensions:
        if not is_extension(extension):
            return views.no_extension(extension)
    return None


async def doubts_about(
    extensions: Sequence[str], employees: EmployeeRepo, *, but: int = 0
) -> str | None:
    """What may be a slip in these extensions, in words: colleagues have them, or they look odd.

    `but`: the id of the person they are for.
    """
    odd = [one for one in extensions if is_doubtful_extension(one)]
    holders = await employees.list_holders(extensions, but=but)
    return views.extension_doubts(holders, odd) if odd or holders else None


async def confirm_extensions(
    message: Message,
    dialog: Dialog[Any],
    extensions: Sequence[str],
    doubts: str,
    way_back: InlineKeyboardMarkup,
) -> None:
    """Ask whether these extensions are meant; the press of SAVE says so."""
    asked = await say(message, doubts, keyboards.confirmation(way_back))
    await dialog.keep(", ".join(extensions), asked=asked)
