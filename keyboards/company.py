"""The buttons of the company's settings and of a person's quiet hours."""

from collections.abc import Mapping, Sequence

from aiogram.filters.callback_data import CallbackData
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.company import EscalationField
from keyboards.callbacks import (
    CompanyMenu,
    CompanyNumber,
    CompanyPage,
    CompanyValue,
    DialogButton,
    DialogStep,
    HearClient,
    LineHours,
    NoHours,
    QuietChoice,
    QuietOwn,
    SettingsMenu,
)

_STEPS = (0, 2, 5, 10, 15, 30)
CHOICES = {
    EscalationField.OPERATORS: _STEPS,
    EscalationField.GROUPS: _STEPS,
    EscalationField.SUPERVISORS: _STEPS,
    EscalationField.REPEAT: (0, 5, 10, 15, 30, 60),
    EscalationField.TARGET: (5, 10, 15, 30, 60, 120),
}
"""Minutes offered for each number."""

Row = list[tuple[str, CallbackData]]

QUIET = ((22, 8), (20, 9), (19, 9))

_WIDTH = 40


def company() -> InlineKeyboardMarkup:
    return _rows(
        [(_("🕘 Working hours"), LineHours(code=-1))],
        [(_("📞 Hours of lines"), CompanyMenu(page=CompanyPage.LINES))],
        [(_("📅 Days off"), CompanyMenu(page=CompanyPage.HOLIDAYS))],
        [(_("📣 Who is told when"), CompanyMenu(page=CompanyPage.ESCALATION))],
        [(_("🙈 Ignored numbers"), CompanyMenu(page=CompanyPage.IGNORED))],
        [_to_settings()],
    )


def lines(names: Mapping[int, str]) -> InlineKeyboardMarkup:
    """`names`: of the lines, by their codes."""
    return _rows(
        *([(name[:_WIDTH], LineHours(code=code))] for code, name in names.items()),
        [_back()],
    )


def escalation(labels: Mapping[EscalationField, str]) -> InlineKeyboardMarkup:
    """`labels`: each number with its present value, in words."""
    return _rows(
        *([(labels[name], CompanyNumber(name=name))] for name in EscalationField), [_back()]
    )


def ignored(labels: Mapping[int, str]) -> InlineKeyboardMarkup:
    """`labels`: each ignored number by its id; a press has it heard of again."""
    rows = ([(label, HearClient(id=id_))] for id_, label in labels.items())
    return _rows(*rows, [_back()])


def number(name: EscalationField, labels: Mapping[int, str], chosen: int) -> InlineKeyboardMarkup:
    buttons: Row = [
        (f"{label} ✓" if value == chosen else label, CompanyValue(name=name, minutes=value))
        for value, label in labels.items()
    ]
    back: Row = [(_("⬅️ Back"), CompanyMenu(page=CompanyPage.ESCALATION))]
    return _rows(*(buttons[i : i + 2] for i in range(0, len(buttons), 2)), back)


def dialog(line: int | None = None) -> InlineKeyboardMarkup:
    """The way out of typing; for hours (`line`) also the way to have none."""
    rows: list[Row] = []
    if line is not None:
        words = _("🕘 As the company's") if line >= 0 else _("🕘 Around the clock")
        rows.append([(words, NoHours(code=line))])
    return _rows(*rows, [(_("✖️ Cancel"), DialogButton(step=DialogStep.CANCEL))])


def quiet(*, is_set: bool) -> InlineKeyboardMarkup:
    presets: Row = [(f"{start}–{end}", QuietChoice(start=start, end=end)) for start, end in QUIET]
    rows: list[Row] = [presets, [(_("✏️ My own"), QuietOwn())]]
    if is_set:
        rows.append([(_("🗑 No quiet hours"), QuietChoice(start=0, end=0))])
    return _rows(*rows, [_to_settings()])


def _to_settings() -> tuple[str, CallbackData]:
    return _("⬅️ To the settings"), SettingsMenu()


def _back() -> tuple[str, CallbackData]:
    return _("⬅️ Back"), CompanyMenu(page=CompanyPage.MAIN)


def _rows(*rows: Sequence[tuple[str, CallbackData]]) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=text, callback_data=data.pack()) for text, data in row]
            for row in rows
        ]
    )
