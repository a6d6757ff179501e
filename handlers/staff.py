"""The staff, for administrators: people, their roles and extensions, their access, invitations."""

import logging
import re
from dataclasses import replace

from aiogram import Bot, F, Router
from aiogram.filters import Command, StateFilter
from aiogram.filters.callback_data import CallbackQueryFilter
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.types import CallbackQuery, Message
from aiogram.utils.deep_linking import create_start_link
from aiogram.utils.i18n import I18n

from bot.domain.clock import Clock
from bot.domain.people import Employee, EmployeeState, Role
from bot.telegram.filters import HasRole
from bot.telegram.menu import set_menu
from bot.telegram.reply import Event, answer, remove, show
from bot.views import staff as views
from bot.views.formats import one_line
from keyboards import staff as keyboards
from keyboards.callbacks import (
    InviteRole,
    InviteStart,
    InviteWithout,
    RoleChoice,
    StaffButton,
    StaffPage,
    StaffStep,
)
from storage.employees import EXTENSION_LIMIT, EXTENSIONS_LIMIT, NAME_LIMIT, EmployeeRepo
from storage.invites import LIFETIME, InviteRepo

log = logging.getLogger(__name__)

_PAGE_SIZE = 8
_NONE = frozenset({"-", "–", "—"})
_STATES = {
    StaffStep.BLOCK: EmployeeState.BLOCKED,
    StaffStep.UNBLOCK: EmployeeState.ACTIVE,
    StaffStep.CONFIRM: EmployeeState.REMOVED,
}


class StaffDialog(StatesGroup):
    """Data: `employee` (its id) or `role`, what the dialog is about; `page` of the list; `asking`,
    the message that asks, taken away when it has been answered."""

    name = State()
    extensions = State()
    invite = State()


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole(Role.ADMINISTRATOR))
    router.message.register(staff_command, Command("staff"))
    text = F.text & ~F.text.startswith("/")
    router.message.register(name_given, StaffDialog.name, text)
    router.message.register(extensions_given, StaffDialog.extensions, text)
    router.message.register(invite_extensions_given, StaffDialog.invite, text)
    router.message.register(not_a_text, StateFilter(StaffDialog), ~F.text)
    router.callback_query.register(staff_page, StaffPage.filter())
    router.callback_query.register(open_person, _pressed(StaffStep.OPEN))
    router.callback_query.register(ask_name, _pressed(StaffStep.NAME))
    router.callback_query.register(ask_extensions, _pressed(StaffStep.EXTENSIONS))
    router.callback_query.register(ask_role, _pressed(StaffStep.ROLE))
    router.callback_query.register(choose_role, RoleChoice.filter())
    router.callback_query.register(turn_access, _pressed(StaffStep.BLOCK, StaffStep.UNBLOCK))
    router.callback_query.register(ask_removal, _pressed(StaffStep.REMOVE))
    router.callback_query.register(remove_person, _pressed(StaffStep.CONFIRM))
    router.callback_query.register(start_invite, InviteStart.filter())
    router.callback_query.register(ask_invite_extensions, InviteRole.filter())
    router.callback_query.register(
        invite_without_extensions, InviteWithout.filter(), StaffDialog.invite
    )
    return router


async def staff_command(message: Message, employees: EmployeeRepo) -> None:
    await _show_people(message, employees, page=0)


async def staff_page(
    query: CallbackQuery, callback_data: StaffPage, state: FSMContext, employees: EmployeeRepo
) -> None:
    await _leave(state)
    await _show_people(query, employees, page=callback_data.page)


async def open_person(
    query: CallbackQuery,
    callback_data: StaffButton,
    state: FSMContext,
    employee: Employee,
    employees: EmployeeRepo,
) -> None:
    await _leave(state)
    person = await employees.get(callback_data.employee)
    await _show_person(query, person, employee, page=callback_data.page)


async def ask_name(
    query: CallbackQuery, callback_data: StaffButton, state: FSMContext, employees: EmployeeRepo
) -> None:
    person = await employees.get(callback_data.employee)
    await _begin(state, StaffDialog.name, query, callback_data)
    markup = keyboards.question(person.id, page=callback_data.page)
    await show(query, views.name_question(person, limit=NAME_LIMIT), markup)


async def name_given(
    message: Message, state: FSMContext, employee: Employee, employees: EmployeeRepo
) -> None:
    name, data = one_line(message.text or ""), await state.get_data()
    if len(name) > NAME_LIMIT:
        markup = keyboards.question(data["employee"], page=data["page"])
        await show(message, views.name_too_long(len(name), limit=NAME_LIMIT), markup)
        return
    await state.clear()
    person = await employees.get(data["employee"])
    await employees.set_name(person.id, name)
    log.info("employee %d renamed employee %d", employee.id, person.id)
    await _show_person(message, replace(person, name=name), employee, page=data["page"])
    await remove(message, [data["asking"]])


async def ask_extensions(
    query: CallbackQuery, callback_data: StaffButton, state: FSMContext, employees: EmployeeRepo
) -> None:
    person = await employees.get(callback_data.employee)
    await _begin(state, StaffDialog.extensions, query, callback_data)
    markup = keyboards.question(person.id, page=callback_data.page)
    await show(query, views.extensions_question(person), markup)


async def extensions_given(
    message: Message,
    state: FSMContext,
    employee: Employee,
    employees: EmployeeRepo,
    bot: Bot,
    i18n: I18n,
) -> None:
    extensions, data = _extensions(message), await state.get_data()
    if refusal := _refusal(message, extensions):
        markup = keyboards.question(data["employee"], page=data["page"])
        await show(message, refusal, markup)
        return
    await state.clear()
    person = await employees.get(data["employee"])
    await employees.set_extensions(person.id, extensions)
    log.info("employee %d changed the extensions of employee %d", employee.id, person.id)
    person = await employees.get(person.id)
    await _show_person(message, person, employee, page=data["page"])
    await remove(message, [data["asking"]])
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
    bot: Bot,
    i18n: I18n,
) -> None:
    person = await employees.get(callback_data.employee)
    if await _is_fixed(query, person, employee):
        return
    await employees.set_role(person.id, callback_data.role)
    log.info("employee %d made employee %d %s", employee.id, person.id, callback_data.role)
    person = await employees.get(person.id)
    toast = views.role_changed()
    await _show_person(query, person, employee, page=callback_data.page, toast=toast)
    await set_menu(bot, i18n, person)


async def turn_access(
    query: CallbackQuery,
    callback_data: StaffButton,
    employee: Employee,
    employees: EmployeeRepo,
    bot: Bot,
    i18n: I18n,
) -> None:
    person = await employees.get(callback_data.employee)
    if await _is_fixed(query, person, employee):
        return
    person = await _set_state(person, _STATES[callback_data.step], employee, employees)
    is_out = person.state is EmployeeState.BLOCKED
    toast = views.blocked() if is_out else views.unblocked()
    await _show_person(query, person, employee, page=callback_data.page, toast=toast)
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
    bot: Bot,
    i18n: I18n,
) -> None:
    person = await employees.get(callback_data.employee)
    if await _is_fixed(query, person, employee):
        return
    person = await _set_state(person, _STATES[callback_data.step], employee, employees)
    await _show_people(query, employees, page=callback_data.page, toast=views.removed())
    await set_menu(bot, i18n, person)


async def start_invite(
    query: CallbackQuery, callback_data: InviteStart, state: FSMContext
) -> None:
    await _leave(state)
    markup = keyboards.invite_roles(views.role_titles(), page=callback_data.page)
    await show(query, views.invite_role_question(), markup)


async def ask_invite_extensions(
    query: CallbackQuery, callback_data: InviteRole, state: FSMContext
) -> None:
    await state.set_state(StaffDialog.invite)
    await state.set_data(
        {
            "role": callback_data.role.value,
            "page": callback_data.page,
            "asking": query.message.message_id if query.message else 0,
        }
    )
    markup = keyboards.invite_extensions(callback_data.role, page=callback_data.page)
    await show(query, views.invite_extensions_question(callback_data.role), markup)


async def invite_extensions_given(
    message: Message,
    state: FSMContext,
    employee: Employee,
    invites: InviteRepo,
    clock: Clock,
    bot: Bot,
) -> None:
    extensions, data = _extensions(message), await state.get_data()
    role, page = Role(data["role"]), int(data["page"])
    if refusal := _refusal(message, extensions):
        await show(message, refusal, keyboards.invite_extensions(role, page=page))
        return
    await state.clear()
    text = await _invite(role, extensions, employee, invites, clock, bot)
    await show(message, text)
    await remove(message, [data["asking"]])


async def invite_without_extensions(
    query: CallbackQuery,
    callback_data: InviteWithout,
    state: FSMContext,
    employee: Employee,
    invites: InviteRepo,
    clock: Clock,
    bot: Bot,
) -> None:
    await state.clear()
    text = await _invite(callback_data.role, (), employee, invites, clock, bot)
    await show(query, text)


async def not_a_text(message: Message) -> None:
    await show(message, views.text_expected())


async def _show_people(
    event: Event, employees: EmployeeRepo, *, page: int, toast: str | None = None
) -> None:
    shown, pages = await employees.list_page(page=page, size=_PAGE_SIZE)
    markup = keyboards.people(shown, page=min(max(page, 0), pages - 1), pages=pages)
    await show(event, views.people(shown), markup, toast=toast)


async def _show_person(
    event: Event, person: Employee, viewer: Employee, *, page: int, toast: str | None = None
) -> None:
    is_self = person.id == viewer.id
    is_fixed = views.why_fixed(person, is_self=is_self) is not None
    markup = keyboards.person(person, page=page, is_fixed=is_fixed)
    await show(event, views.person(person, is_self=is_self), markup, toast=toast)


async def _is_fixed(query: CallbackQuery, person: Employee, viewer: Employee) -> bool:
    """Whether the role and the access of this person cannot be changed; then says why."""
    reason = views.why_fixed(person, is_self=person.id == viewer.id)
    if reason is not None:
        await answer(query, reason, alert=True)
    return reason is not None


async def _set_state(
    person: Employee, state: EmployeeState, viewer: Employee, employees: EmployeeRepo
) -> Employee:
    await employees.set_state(person.id, state)
    log.info("employee %d made employee %d %s", viewer.id, person.id, state)
    return replace(person, state=state)


async def _invite(
    role: Role,
    extensions: tuple[str, ...],
    viewer: Employee,
    invites: InviteRepo,
    clock: Clock,
    bot: Bot,
) -> str:
    token = await invites.add(role, extensions=extensions, now=clock())
    log.info("employee %d made an invitation for the role of %s", viewer.id, role)
    link = await create_start_link(bot, token)
    # No buttons below it: a press would take away a link that is shown only once.
    return views.invite(role, extensions, link=link, days=LIFETIME // 86400)


def _pressed(*steps: StaffStep) -> CallbackQueryFilter:
    return StaffButton.filter(F.step.in_(steps))


async def _begin(
    state: FSMContext, dialog: State, query: CallbackQuery, about: StaffButton
) -> None:
    asking = query.message.message_id if query.message else 0
    await state.set_state(dialog)
    await state.set_data({"employee": about.employee, "page": about.page, "asking": asking})


async def _leave(state: FSMContext) -> None:
    """Leave a dialog of this screen; another screen's goes on."""
    if (await state.get_state() or "").startswith(f"{StaffDialog.__full_group_name__}:"):
        await state.clear()


def _extensions(message: Message) -> tuple[str, ...]:
    words = re.split(r"[\s,;]+", message.text or "")
    return tuple(dict.fromkeys(word for word in words if word and word not in _NONE))


def _refusal(message: Message, extensions: tuple[str, ...]) -> str | None:
    """What is wrong with the extensions read from this message."""
    if not extensions and (message.text or "").strip() not in _NONE:
        return views.no_extension_given()
    if len(extensions) > EXTENSIONS_LIMIT:
        return views.too_many_extensions(len(extensions), limit=EXTENSIONS_LIMIT)
    for extension in extensions:
        if len(extension) > EXTENSION_LIMIT:
            return views.extension_too_long(extension, limit=EXTENSION_LIMIT)
    return None
