"""The buttons of the dialogs about a call."""

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _
from aiogram.utils.keyboard import InlineKeyboardBuilder

from keyboards.callbacks import DialogButton, DialogStep


def cancel() -> InlineKeyboardMarkup:
    builder = InlineKeyboardBuilder()
    builder.button(text=_("✖️ Cancel"), callback_data=DialogButton(step=DialogStep.CANCEL))
    return builder.as_markup()


def save_beginning() -> InlineKeyboardMarkup:
    builder = InlineKeyboardBuilder()
    builder.button(text=_("✅ Save so"), callback_data=DialogButton(step=DialogStep.SAVE))
    builder.button(text=_("✖️ Cancel"), callback_data=DialogButton(step=DialogStep.CANCEL))
    return builder.as_markup()


def choose_text() -> InlineKeyboardMarkup:
    """After a conflict: ours or theirs."""
    builder = InlineKeyboardBuilder()
    builder.button(text=_("✅ Mine"), callback_data=DialogButton(step=DialogStep.SAVE))
    builder.button(text=_("✖️ Leave as it is"), callback_data=DialogButton(step=DialogStep.CANCEL))
    builder.adjust(1)
    return builder.as_markup()


def contact(*, is_named: bool) -> InlineKeyboardMarkup:
    builder = InlineKeyboardBuilder()
    if is_named:
        builder.button(
            text=_("🗑 Forget the name"), callback_data=DialogButton(step=DialogStep.SAVE)
        )
    builder.button(text=_("✖️ Cancel"), callback_data=DialogButton(step=DialogStep.CANCEL))
    builder.adjust(1)
    return builder.as_markup()
