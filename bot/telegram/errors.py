"""What Telegram's refusals mean to screens."""

from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
)

_CLOSED = (
    "chat not found",
    "not enough rights",
    "have no rights",
    "need administrator rights",
    "CHAT_WRITE_FORBIDDEN",
    "CHAT_RESTRICTED",
    "CHAT_SEND_PLAIN_FORBIDDEN",
    "PEER_ID_INVALID",
    "TOPIC_CLOSED",
    "message thread not found",
)


class ShownLaterError(TelegramRetryAfter):
    """Telegram wants this later; it is kept and will be shown then: see bot/telegram/late."""


def is_unchanged(error: TelegramBadRequest) -> bool:
    """Whether the message shows already what it should."""
    return "message is not modified" in error.message


def is_closed(error: BaseException) -> bool:
    """Whether a chat cannot be written to: blocked, gone, moved, or closed to the bot."""
    if isinstance(error, TelegramBadRequest):
        return any(words in error.message for words in _CLOSED)
    return isinstance(error, TelegramForbiddenError | TelegramMigrateToChat)


def is_gone(error: TelegramBadRequest) -> bool:
    """Whether the message to be edited is no longer there, or can no longer be edited."""
    return any(
        words in error.message
        for words in ("message to edit not found", "message can't be edited", "there is no text")
    )
