"""What Telegram's refusals mean, to screens and to the Alerter."""

from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramRetryAfter,
)

_TOPIC_CLOSED = ("message thread not found", "TOPIC_CLOSED", "TOPIC_DELETED")
_CLOSED = (
    *_TOPIC_CLOSED,
    "chat not found",
    "not enough rights",
    "have no rights",
    "need administrator rights",
    "CHAT_WRITE_FORBIDDEN",
    "CHAT_RESTRICTED",
    "CHAT_SEND_PLAIN_FORBIDDEN",
    "PEER_ID_INVALID",
)


class ShownLaterError(TelegramRetryAfter):
    """Telegram wants this later; it is kept and shown then: see bot/telegram/delayed_screens."""


def is_unchanged(error: TelegramAPIError) -> bool:
    """Whether the message shows already what it should."""
    return "message is not modified" in error.message


def is_too_old(error: TelegramAPIError) -> bool:
    """Whether a press, or what was typed, waits for its answer no longer."""
    return "query is too old" in error.message


def is_file_unknown(error: TelegramAPIError) -> bool:
    """Whether Telegram does not know, or no more, the id of a file it was given."""
    return any(
        words in error.message for words in ("file identifier", "FILE_REFERENCE_", "FILE_ID_")
    )


def is_voice_forbidden(error: TelegramAPIError) -> bool:
    """Whether the person takes no voice messages, as Premium allows."""
    return "VOICE_MESSAGES_FORBIDDEN" in error.message


def is_closed(error: BaseException) -> bool:
    """Whether a chat cannot be written to: blocked, gone, moved, or closed to the bot."""
    if isinstance(error, TelegramBadRequest):
        return any(words in error.message for words in _CLOSED)
    return isinstance(error, TelegramForbiddenError | TelegramMigrateToChat)


def is_topic_closed(error: TelegramAPIError) -> bool:
    """Whether that is so of one topic of a group only."""
    return any(words in error.message for words in _TOPIC_CLOSED)


def is_gone(error: TelegramBadRequest) -> bool:
    """Whether the message to be edited is no longer there, or can no longer be edited."""
    return any(
        words in error.message
        for words in ("message to edit not found", "message can't be edited", "there is no text")
    )
