"""Inviting a colleague, for administrators: the role, the extensions, a link to pass on.

The invitations nobody has used yet are listed, and can be revoked; a slip can be undone there.
"""

import logging

from aiogram import Bot, F, Router
from aiogram.fsm.context import FSMContext
from aiogram.types import CallbackQuery, Message
from aiogram.utils.deep_linking import create_start_link

from bot.config.settings import Settings
from bot.domain.clock import Clock
from bot.domain.people import Employee, Role
from bot.telegram.filters import HasRole
from bot.telegram.reply import Event, show
from bot.views import staff as views
from handlers import dialogs
from handlers.dialog_state import Dialog, InDialog
from handlers.left_dialogs import leave
from handlers.staff import (
    StaffDialog,
    confirm_extensions,
    doubts_about,
    read_extensions,
    what_is_wrong,
)
from keyboards import staff as keyboards
from keyboards.callbacks import (
    InviteButton,
    InviteList,
    InviteRole,
    InviteStart,
    InviteStep,
    InviteWithout,
)
from storage.employees import EmployeeRepo
from storage.invites import LIFETIME, InviteRepo

log = logging.getLogger(__name__)


def create_router() -> Router:
    router = Router(name=__name__)
    for observer in (router.message, router.callback_query):
        observer.filter(HasRole(Role.ADMINISTRATOR))
    router.callback_query.register(ask_role, InviteStart.filter())
    router.callback_query.register(ask_extensions, InviteRole.filter())
    is_asked = InDialog(StaffDialog.invite, InviteRole)
    router.callback_query.register(without_extensions, InviteWithout.filter(), is_asked)
    dialogs.register_answers(
        router,
        StaffDialog.invite,
        InviteRole,
        answered=extensions_given,
        cancelled=None,
        accepted=extensions_confirmed,
    )
    router.callback_query.register(list_invites, InviteList.filter())
    router.callback_query.register(revoke, InviteButton.filter(F.step == InviteStep.REVOKE))
    router.callback_query.register(restore, InviteButton.filter(F.step == InviteStep.RESTORE))
    return router


async def ask_role(query: CallbackQuery, callback_data: InviteStart, state: FSMContext) -> None:
    await leave(state, StaffDialog)
    markup = keyboards.invite_roles(views.role_titles(), page=callback_data.page)
    await show(query, views.invite_role_question(), markup)


async def ask_extensions(
    query: CallbackQuery, callback_data: InviteRole, state: FSMContext
) -> None:
    text = views.invite_extensions_question(callback_data.role)
    markup = keyboards.invite_extensions(callback_data.role, page=callback_data.page)
    await dialogs.ask(query, state, StaffDialog.invite, callback_data, text, markup)


async def extensions_given(
    message: Message,
    dialog: Dialog[InviteRole],
    employee: Employee,
    employees: EmployeeRepo,
    invites: InviteRepo,
    clock: Clock,
    bot: Bot,
) -> None:
    role, page = dialog.origin.role, dialog.origin.page
    extensions = read_extensions(message.text or "")
    if wrong := what_is_wrong(message.text or "", extensions):
        await show(message, wrong, keyboards.invite_extensions(role, page=page))
        return
    if doubts := await doubts_about(extensions, employees):
        way_back = keyboards.back_to_staff(page=page)
        await confirm_extensions(message, dialog, extensions, doubts, way_back)
        return
    async with dialog.ending(message):
        await _show_invite(message, role, extensions, employee, invites, clock, bot)


async def extensions_confirmed(
    query: CallbackQuery,
    dialog: Dialog[InviteRole],
    draft: str,
    employee: Employee,
    invites: InviteRepo,
    clock: Clock,
    bot: Bot,
) -> None:
    role, extensions = dialog.origin.role, read_extensions(draft)
    async with dialog.ending(query):
        await _show_invite(query, role, extensions, employee, invites, clock, bot)


async def without_extensions(
    query: CallbackQuery,
    callback_data: InviteWithout,
    dialog: Dialog[InviteRole],
    employee: Employee,
    invites: InviteRepo,
    clock: Clock,
    bot: Bot,
) -> None:
    async with dialog.ending(query):
        await _show_invite(query, callback_data.role, (), employee, invites, clock, bot)


async def list_invites(
    query: CallbackQuery,
    callback_data: InviteList,
    invites: InviteRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    await _show_invites(query, callback_data.page, invites, settings, clock())


async def revoke(
    query: CallbackQuery,
    callback_data: InviteButton,
    employee: Employee,
    invites: InviteRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    """Make the link useless; the button in its place brings it back."""
    id_, now = callback_data.id, clock()
    is_revoked = await invites.set_revoked(id_, is_revoked=True, now=now, by=employee.id)
    log.info("employee %d revoked invitation %d", employee.id, id_)
    toast = views.invite_revoked() if is_revoked else views.invite_used()
    undo = id_ if is_revoked else None
    await _show_invites(query, callback_data.page, invites, settings, now, toast=toast, undo=undo)


async def restore(
    query: CallbackQuery,
    callback_data: InviteButton,
    employee: Employee,
    invites: InviteRepo,
    settings: Settings,
    clock: Clock,
) -> None:
    now = clock()
    await invites.set_revoked(callback_data.id, is_revoked=False, now=now, by=employee.id)
    log.info("employee %d brought invitation %d back", employee.id, callback_data.id)
    toast = views.invite_restored()
    await _show_invites(query, callback_data.page, invites, settings, now, toast=toast)


async def _show_invites(
    query: CallbackQuery,
    page: int,
    invites: InviteRepo,
    settings: Settings,
    now: int,
    *,
    toast: str | None = None,
    undo: int | None = None,
) -> None:
    """`undo`: the id of the invitation just revoked."""
    shown = await invites.list_open(now=now)
    text = views.invites(shown, now=now, zone=settings.zone)
    await show(query, text, keyboards.invites(shown, page=page, undo=undo), toast=toast)


async def _show_invite(
    event: Event,
    role: Role,
    extensions: tuple[str, ...],
    employee: Employee,
    invites: InviteRepo,
    clock: Clock,
    bot: Bot,
) -> None:
    token = await invites.add(role, extensions=extensions, by=employee.id, now=clock())
    log.info("employee %d made an invitation for the role of %s", employee.id, role)
    link = await create_start_link(bot, token)
    # No buttons below it: a press would take away a link that is shown only once.
    await show(event, views.invite(role, extensions, link=link, days=LIFETIME // 86400))
