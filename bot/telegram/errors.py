"""What Telegram's refusals mean to screens."""

from aiogram.exceptions import TelegramBadRequest, TelegramRetryAfter


class ShownLaterError(TelegramRetryAfter):
    """Telegram wants this later; it is kept and will be shown then: see bot/telegram/late."""


def is_unchanged(error: TelegramBadRequest) -> bool:
    """Whether the message shows already what it should."""
    return "message is not modified" in error.message


def is_gone(error: TelegramBadRequest) -> bool:
    """Whether the message to be edited is no longer there, or can no longer be edited."""
    return any(
        words in error.message
        for words in ("message to edit not found", "message can't be edited", "there is no text")
    )
