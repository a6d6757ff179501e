"""When to be reminded."""

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _
from aiogram.utils.keyboard import InlineKeyboardBuilder

from keyboards.callbacks import AlertCard, RemindAt, RemindIn, RemindMenu

MINUTES = (15, 60, 0)
"""What is offered; 0 is tomorrow at nine."""


def choose(call_id: int) -> InlineKeyboardMarkup:
    builder = InlineKeyboardBuilder()
    for minutes, text in zip(
        MINUTES, (_("15 min"), _("1 hour"), _("Tomorrow at 9:00")), strict=True
    ):
        builder.button(text=text, callback_data=RemindIn(call=call_id, minutes=minutes))
    builder.button(text=_("✏️ Another time"), callback_data=RemindAt(call=call_id))
    builder.adjust(2)
    return builder.as_markup()


def due(call_id: int) -> InlineKeyboardMarkup:
    """Under a reminder that has come."""
    builder = InlineKeyboardBuilder()
    builder.button(text=_("📄 Card"), callback_data=AlertCard(call=call_id))
    builder.button(text=_("⏰ Later"), callback_data=RemindMenu(call=call_id))
    return builder.as_markup()
