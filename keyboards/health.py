"""The button under the state of the bot."""

from aiogram.types import InlineKeyboardMarkup

from keyboards.buttons import button, keyboard
from keyboards.callbacks import HealthRefresh


def health() -> InlineKeyboardMarkup:
    return keyboard([button("🔄", HealthRefresh())])
