"""The button under the state of the bot."""

from aiogram.types import InlineKeyboardMarkup
from aiogram.utils.keyboard import InlineKeyboardBuilder

from keyboards.callbacks import HealthRefresh


def health() -> InlineKeyboardMarkup:
    builder = InlineKeyboardBuilder()
    builder.button(text="🔄", callback_data=HealthRefresh())
    return builder.as_markup()
