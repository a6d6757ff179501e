"""The buttons of the company's settings and of a person's quiet hours."""

from collections.abc import Mapping

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.company import EscalationField
from keyboards.buttons import button, choice, column, in_rows, keyboard, short
from keyboards.callbacks import (
    CompanyMenu,
    CompanyNumber,
    CompanyPage,
    CompanyValue,
    HearClient,
    IgnoreAgain,
    LineHours,
    NoHours,
    QuietChoice,
    QuietOwn,
    RungOnly,
    SettingsMenu,
)
from keyboards.dialogs import cancel_button

_STEPS = (0, 2, 5, 10, 15, 30)
CHOICES = {
    EscalationField.OPERATORS: _STEPS,
    EscalationField.GROUPS: _STEPS,
    EscalationField.SUPERVISORS: _STEPS,
    EscalationField.REPEAT: (0, 5, 10, 15, 30, 60),
    EscalationField.TARGET: (5, 10, 15, 30, 60, 120),
}
"""Minutes offered for each number."""

QUIET = ((22, 8), (20, 9), (19, 9))
"""Quiet hours offered, from one hour to another."""

_WIDTH = 40


def company() -> InlineKeyboardMarkup:
    return keyboard(
        [button(_("🕘 Working hours"), LineHours(code=-1))],
        [button(_("📞 Hours by line"), CompanyMenu(page=CompanyPage.LINES))],
        [button(_("📅 Days off"), CompanyMenu(page=CompanyPage.HOLIDAYS))],
        [button(_("📣 Who is told when"), CompanyMenu(page=CompanyPage.ESCALATION))],
        [button(_("🙋 Who takes in groups"), CompanyMenu(page=CompanyPage.GROUPS))],
        [button(_("🙈 Ignored numbers"), CompanyMenu(page=CompanyPage.IGNORED))],
        [_to_settings()],
    )


def lines(names: Mapping[int, str]) -> InlineKeyboardMarkup:
    """`names`: of the lines, by their codes."""
    buttons = (button(short(name, _WIDTH), LineHours(code=code)) for code, name in names.items())
    return keyboard(*column(buttons), [_back()])


def escalation(labels: Mapping[EscalationField, str]) -> InlineKeyboardMarkup:
    """`labels`: each number with its present value, in words."""
    buttons = (button(labels[name], CompanyNumber(name=name)) for name in EscalationField)
    return keyboard(*column(buttons), [_back()])


def groups(labels: Mapping[bool, str], *, is_rung_only: bool) -> InlineKeyboardMarkup:
    """`labels`: who may take a client, by whether that is for those rung only."""
    buttons = (
        choice(label, RungOnly(is_so=value), is_chosen=value is is_rung_only)
        for value, label in labels.items()
    )
    return keyboard(*column(buttons), [_back()])


def ignored(labels: Mapping[int, str], *, undo: int | None = None) -> InlineKeyboardMarkup:
    """`labels`: each ignored number by its id; a press has it heard of again.

    `undo`: the id of the number just taken off the list.
    """
    buttons = [button(label, HearClient(id=id_)) for id_, label in labels.items()]
    if undo is not None:
        buttons.append(button(_("↩️ Bring back"), IgnoreAgain(id=undo)))
    return keyboard(*column(buttons), [_back()])


def number(name: EscalationField, labels: Mapping[int, str], chosen: int) -> InlineKeyboardMarkup:
    buttons = [
        choice(label, CompanyValue(name=name, minutes=value), is_chosen=value == chosen)
        for value, label in labels.items()
    ]
    back = button(_("⬅️ Back"), CompanyMenu(page=CompanyPage.ESCALATION))
    return keyboard(*in_rows(buttons, 2), [back])


def hours_question(line: int) -> InlineKeyboardMarkup:
    """While hours are typed: the way to have none of one's own. `line`: as in LineHours."""
    words = _("🕘 Same as the company's") if line >= 0 else _("🕘 Around the clock")
    return keyboard([button(words, NoHours(code=line))], [cancel_button()])


def quiet(*, is_set: bool) -> InlineKeyboardMarkup:
    presets = [button(f"{start}–{end}", QuietChoice(start=start, end=end)) for start, end in QUIET]
    rows = [presets, [button(_("✏️ My own"), QuietOwn())]]
    if is_set:
        rows.append([button(_("🗑 No quiet hours"), QuietChoice(start=0, end=0))])
    return keyboard(*rows, [_to_settings()])


def _to_settings() -> InlineKeyboardButton:
    return button(_("⬅️ Settings"), SettingsMenu())


def _back() -> InlineKeyboardButton:
    return button(_("⬅️ Back"), CompanyMenu(page=CompanyPage.MAIN))
