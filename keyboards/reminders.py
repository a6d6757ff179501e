"""The buttons that choose when to be reminded, and those under a reminder."""

from collections.abc import Sequence

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from keyboards.buttons import button, in_rows, keyboard
from keyboards.callbacks import (
    AlertCard,
    RemindAt,
    RemindBack,
    RemindDrop,
    RemindIn,
    RemindList,
    RemindListDrop,
    RemindMenu,
    SettingsMenu,
)

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


def promised(call_id: int) -> InlineKeyboardMarkup:
    """Under the words that a reminder will come."""
    drop = button(_("✖️ Do not remind"), RemindDrop(call=call_id))
    return keyboard([drop, button(_("⏰ All reminders"), RemindList())])


def cancelled(call_id: int) -> InlineKeyboardMarkup:
    """Under the words that a reminder will not come."""
    again = button(_("⏰ Remind me after all"), RemindMenu(call=call_id))
    return keyboard([again, button(_("⏰ All reminders"), RemindList())])


def reminders(call_ids: Sequence[int], *, undo: RemindBack | None = None) -> InlineKeyboardMarkup:
    """A button to cancel each of one's reminders; `undo` brings the one just cancelled back."""
    drops = [
        button(f"🗑 {number}", RemindListDrop(call=call_id))
        for number, call_id in enumerate(call_ids, start=1)
    ]
    back = button(_("⬅️ Settings"), SettingsMenu())
    rows = [*in_rows(drops, 4), *([[button(_("↩️ Bring back"), undo)]] if undo else [])]
    return keyboard(*rows, [back, button("🔄", RemindList())])


def due(call_id: int) -> InlineKeyboardMarkup:
    """Under a reminder that has come."""
    card = button(_("📄 Card"), AlertCard(call=call_id))
    return keyboard([card, button(_("⏰ Later"), RemindMenu(call=call_id))])
