"""The buttons under the questions of dialogs: what can be pressed instead of typing."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from keyboards.buttons import button, column, keyboard
from keyboards.callbacks import DialogButton, DialogStep, ReadyText


def cancel() -> InlineKeyboardMarkup:
    return keyboard([cancel_button()])


def ready_texts(texts: Sequence[str]) -> InlineKeyboardMarkup:
    """Ready answers, each sent by one press."""
    ready = (button(text, ReadyText(number=number)) for number, text in enumerate(texts))
    return keyboard(*column(ready), [cancel_button()])


def save_beginning() -> InlineKeyboardMarkup:
    """The button that saves the beginning of a text that was too long."""
    return keyboard(
        [button(_("✅ Save this"), DialogButton(step=DialogStep.SAVE)), cancel_button()]
    )


def choose_text() -> InlineKeyboardMarkup:
    """The choice between the person's own comment and that of a colleague who was faster."""
    return keyboard(
        [button(_("✅ Mine"), DialogButton(step=DialogStep.SAVE))],
        [button(_("✖️ Leave as it is"), DialogButton(step=DialogStep.CANCEL))],
    )


def change_comment(*, is_added: bool) -> InlineKeyboardMarkup:
    """The choice whether a text that came late changes the comment: by being added, or instead."""
    label = _("➕ Add it") if is_added else _("✅ Change it")
    return keyboard(
        [button(label, DialogButton(step=DialogStep.SAVE))],
        [button(_("✖️ Leave as it is"), DialogButton(step=DialogStep.CANCEL))],
    )


def cancel_button() -> InlineKeyboardButton:
    return button(_("✖️ Cancel"), DialogButton(step=DialogStep.CANCEL))
