"""The buttons of the staff list, a person's card, the dialogs about a person, an invitation."""

from collections.abc import Mapping, Sequence

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _
from aiogram.utils.keyboard import InlineKeyboardBuilder

from bot.domain.people import Employee, EmployeeState, Role
from keyboards.callbacks import (
    InviteRole,
    InviteStart,
    InviteWithout,
    Nothing,
    RoleChoice,
    StaffButton,
    StaffPage,
    StaffStep,
)

_IN_ROW = 4


def people(shown: Sequence[Employee], *, page: int, pages: int) -> InlineKeyboardMarkup:
    """A button per person; `page` counts from 0."""
    builder = InlineKeyboardBuilder()
    for number, person in enumerate(shown, start=1):
        data = StaffButton(step=StaffStep.OPEN, employee=person.id, page=page)
        builder.button(text=str(number), callback_data=data)
    builder.adjust(_IN_ROW)
    if pages > 1:
        builder.row(
            _turn("◀️", page - 1, is_on=page > 0),
            _button(f"{page + 1}/{pages}", Nothing()),
            _turn("▶️", page + 1, is_on=page + 1 < pages),
        )
    builder.row(
        _button(_("➕ Invite"), InviteStart(page=page)), _button("🔄", StaffPage(page=page))
    )
    return builder.as_markup()


def person(shown: Employee, *, page: int, is_fixed: bool) -> InlineKeyboardMarkup:
    """`is_fixed`: the role and the access cannot be changed."""

    def data(step: StaffStep) -> StaffButton:
        return StaffButton(step=step, employee=shown.id, page=page)

    builder = InlineKeyboardBuilder()
    builder.row(
        _button(_("✏️ Name"), data(StaffStep.NAME)),
        _button(_("🔢 Extensions"), data(StaffStep.EXTENSIONS)),
    )
    if not is_fixed:
        is_blocked = shown.state is EmployeeState.BLOCKED
        builder.row(
            _button(_("🎭 Role"), data(StaffStep.ROLE)),
            _button(_("🔓 Open access"), data(StaffStep.UNBLOCK))
            if is_blocked
            else _button(_("🔒 Close access"), data(StaffStep.BLOCK)),
        )
        builder.row(_button(_("🗑 Remove"), data(StaffStep.REMOVE)))
    builder.row(
        _button(_("⬅️ To the staff"), StaffPage(page=page)), _button("🔄", data(StaffStep.OPEN))
    )
    return builder.as_markup()


def roles(shown: Employee, titles: Mapping[Role, str], *, page: int) -> InlineKeyboardMarkup:
    builder = InlineKeyboardBuilder()
    for role, title in titles.items():
        text = f"{title} ✓" if role is shown.role else title
        data = RoleChoice(employee=shown.id, role=role, page=page)
        builder.row(_button(text, data))
    back = StaffButton(step=StaffStep.OPEN, employee=shown.id, page=page)
    builder.row(_button(_("⬅️ Back"), back))
    return builder.as_markup()


def removal(shown: Employee, *, page: int) -> InlineKeyboardMarkup:
    builder = InlineKeyboardBuilder()
    confirm = StaffButton(step=StaffStep.CONFIRM, employee=shown.id, page=page)
    builder.row(_button(_("✅ Yes, remove"), confirm))
    builder.attach(InlineKeyboardBuilder.from_markup(dialog(shown.id, page=page)))
    return builder.as_markup()


def dialog(employee_id: int, *, page: int) -> InlineKeyboardMarkup:
    """While something about a person is asked for."""
    builder = InlineKeyboardBuilder()
    back = StaffButton(step=StaffStep.OPEN, employee=employee_id, page=page)
    builder.row(_button(_("✖️ Cancel"), back))
    return builder.as_markup()


def invite_roles(titles: Mapping[Role, str], *, page: int) -> InlineKeyboardMarkup:
    builder = InlineKeyboardBuilder()
    for role, title in titles.items():
        builder.row(_button(title, InviteRole(role=role, page=page)))
    builder.row(_button(_("✖️ Cancel"), StaffPage(page=page)))
    return builder.as_markup()


def invite_extensions(role: Role, *, page: int) -> InlineKeyboardMarkup:
    builder = InlineKeyboardBuilder()
    builder.row(_button(_("➡️ Without extensions"), InviteWithout(role=role, page=page)))
    builder.row(_button(_("✖️ Cancel"), StaffPage(page=page)))
    return builder.as_markup()


def _turn(sign: str, page: int, *, is_on: bool) -> InlineKeyboardButton:
    return _button(sign if is_on else " ", StaffPage(page=page) if is_on else Nothing())


def _button(text: str, data: CallbackData) -> InlineKeyboardButton:
    return InlineKeyboardButton(text=text, callback_data=data.pack())
