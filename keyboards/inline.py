"""The button below a card that was shared in another chat."""

from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup
from aiogram.utils.i18n import gettext as _

from keyboards.buttons import keyboard


def shared(link: str) -> InlineKeyboardMarkup:
    """`link`: the way to the whole card, for those who may see it."""
    return keyboard([InlineKeyboardButton(text=_("Open the call"), url=link)])
