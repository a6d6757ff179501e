"""The buttons of the staff list, a person's card, the dialogs about a person, an invitation."""

from collections.abc import Mapping, Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.people import Employee, EmployeeState, Invite, Role
from keyboards.buttons import button, choice, column, in_rows, keyboard, pager
from keyboards.callbacks import (
    AuditPages,
    DialogButton,
    DialogStep,
    InviteButton,
    InviteList,
    InviteRole,
    InviteStart,
    InviteStep,
    InviteWithout,
    RoleChoice,
    StaffButton,
    StaffPage,
    StaffStep,
)

_IN_ROW = 4


def people(
    shown: Sequence[Employee], *, page: int, pages: int, invites: int = 0
) -> InlineKeyboardMarkup:
    """A button per person; `page` counts from 0. `invites`: how many are open."""
    numbers = [
        button(str(number), StaffButton(step=StaffStep.OPEN, employee=person.id, page=page))
        for number, person in enumerate(shown, start=1)
    ]
    invite, again = (
        button(_("➕ Invite"), InviteStart(page=page)),
        button("🔄", StaffPage(page=page)),
    )
    turns = pager(page, pages, lambda to: StaffPage(page=to))
    rows = [*in_rows(numbers, _IN_ROW), *turns, [invite, again]]
    rows.append([button(_("📜 Who did what"), AuditPages(staff=page))])
    if invites:
        words = _("✉️ Open invitations: {count}").format(count=invites)
        rows.append([button(words, InviteList(page=page))])
    return keyboard(*rows)


def invites(
    shown: Sequence[Invite], *, page: int, undo: int | None = None
) -> InlineKeyboardMarkup:
    """A button to revoke each invitation; `undo`: the id of the one just revoked."""
    numbers = [
        button(f"🗑 {number}", InviteButton(step=InviteStep.REVOKE, id=one.id, page=page))
        for number, one in enumerate(shown, start=1)
    ]
    rows = in_rows(numbers, _IN_ROW)
    if undo is not None:
        back = InviteButton(step=InviteStep.RESTORE, id=undo, page=page)
        rows.append([button(_("↩️ Bring the invitation back"), back)])
    again = button("🔄", InviteList(page=page))
    return keyboard(*rows, [button(_("⬅️ Staff"), StaffPage(page=page)), again])


def confirmation(way_back: InlineKeyboardMarkup) -> InlineKeyboardMarkup:
    """Above the way back: the button that confirms what may have been a slip."""
    confirm = button(_("✅ Yes, that is right"), DialogButton(step=DialogStep.SAVE))
    return keyboard([confirm], *way_back.inline_keyboard)


def person(shown: Employee, *, page: int, is_fixed: bool) -> InlineKeyboardMarkup:
    """`is_fixed`: the role and the access cannot be changed."""

    def step(text: str, which: StaffStep) -> InlineKeyboardButton:
        return button(text, StaffButton(step=which, employee=shown.id, page=page))

    rows = [[step(_("✏️ Name"), StaffStep.NAME), step(_("🔢 Extensions"), StaffStep.EXTENSIONS)]]
    if not is_fixed:
        is_blocked = shown.state is EmployeeState.BLOCKED
        access = (
            step(_("🔓 Open access"), StaffStep.UNBLOCK)
            if is_blocked
            else step(_("🔒 Close access"), StaffStep.BLOCK)
        )
        rows.append([step(_("🎭 Role"), StaffStep.ROLE), access])
        rows.append([step(_("🗑 Remove"), StaffStep.REMOVE)])
    back = button(_("⬅️ Staff"), StaffPage(page=page))
    return keyboard(*rows, [back, step("🔄", StaffStep.OPEN)])


def roles(shown: Employee, titles: Mapping[Role, str], *, page: int) -> InlineKeyboardMarkup:
    buttons = (
        choice(
            title,
            RoleChoice(employee=shown.id, role=role, page=page),
            is_chosen=role is shown.role,
        )
        for role, title in titles.items()
    )
    back = StaffButton(step=StaffStep.OPEN, employee=shown.id, page=page)
    return keyboard(*column(buttons), [button(_("⬅️ Back"), back)])


def removal(shown: Employee, *, page: int) -> InlineKeyboardMarkup:
    confirm = StaffButton(step=StaffStep.CONFIRM, employee=shown.id, page=page)
    return keyboard([button(_("✅ Yes, remove"), confirm)], [_back_to_person(shown.id, page=page)])


def question(employee_id: int, *, page: int) -> InlineKeyboardMarkup:
    """While something about a person is asked for."""
    return keyboard([_back_to_person(employee_id, page=page)])


def invite_roles(titles: Mapping[Role, str], *, page: int) -> InlineKeyboardMarkup:
    buttons = (button(title, InviteRole(role=role, page=page)) for role, title in titles.items())
    return keyboard(*column(buttons), [_back_to_staff(page)])


def invite_extensions(role: Role, *, page: int) -> InlineKeyboardMarkup:
    without = button(_("➡️ Without extensions"), InviteWithout(role=role, page=page))
    return keyboard([without], [_back_to_staff(page)])


def back_to_staff(*, page: int) -> InlineKeyboardMarkup:
    """While something about an invitation is asked."""
    return keyboard([_back_to_staff(page)])


def _back_to_person(employee_id: int, *, page: int) -> InlineKeyboardButton:
    back = StaffButton(step=StaffStep.OPEN, employee=employee_id, page=page)
    return button(_("✖️ Cancel"), back)


def _back_to_staff(page: int) -> InlineKeyboardButton:
    return button(_("✖️ Cancel"), StaffPage(page=page))
