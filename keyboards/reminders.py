"""The buttons that choose when to be reminded, and those under a reminder."""

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from keyboards.buttons import button, in_rows, keyboard
from keyboards.callbacks import AlertCard, RemindAt, RemindIn, RemindMenu

MINUTES = (15, 60, 0)
"""What is offered; 0 is tomorrow at nine."""


def choose(call_id: int) -> InlineKeyboardMarkup:
    texts = (_("15 min"), _("1 hour"), _("Tomorrow at 9:00"))
    buttons = [
        button(text, RemindIn(call=call_id, minutes=minutes))
        for minutes, text in zip(MINUTES, texts, strict=True)
    ]
    buttons.append(button(_("✏️ Another time"), RemindAt(call=call_id)))
    return keyboard(*in_rows(buttons, 2))


def due(call_id: int) -> InlineKeyboardMarkup:
    """Under a reminder that has come."""
    card = button(_("📄 Card"), AlertCard(call=call_id))
    return keyboard([card, button(_("⏰ Later"), RemindMenu(call=call_id))])
