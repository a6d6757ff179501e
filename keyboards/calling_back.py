"""The buttons of calling a client back through the PBX."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from bot.domain.calling_back import Dial, phone_code
from keyboards.buttons import button, in_rows, keyboard, short
from keyboards.callbacks import AlertCard, CallBackButton, CallBackFrom

_PHONE_WIDTH = 24


def call_back(call_id: int) -> InlineKeyboardButton:
    return button(_("☎️ Call back"), CallBackButton(call=call_id))


def phones(call_id: int, extensions: Sequence[str]) -> InlineKeyboardMarkup:
    """A button for each phone from which the person may call."""
    buttons = [
        button(short(one, _PHONE_WIDTH), CallBackFrom(call=call_id, code=phone_code(one)))
        for one in extensions
    ]
    none = button(_("✖️ Cancel"), CallBackFrom(call=call_id, code=-1))
    return keyboard(*in_rows(buttons, 2), [none])


def progress(dial: Dial, *, can_repeat: bool) -> InlineKeyboardMarkup | None:
    """Under how the call goes: its card, or that of the call it answers; once more, if in vain."""
    row = []
    if can_repeat and dial.origin_id:
        row.append(button(_("☎️ Once more"), CallBackButton(call=dial.origin_id)))
    if shown := dial.call_id or dial.origin_id:
        row.append(button(_("📄 Card"), AlertCard(call=shown)))
    return keyboard(row) if row else None
