"""What is said when something cannot be done: the only words an error may show."""

from aiogram.exceptions import TelegramRetryAfter
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from bot.domain.errors import (
    AnothersError,
    ConflictError,
    DrawingError,
    InviteError,
    NoAccessError,
    NoClientsError,
    NoPhoneError,
    NotFoundError,
    NotRungError,
    NotTalkedError,
    RecordingBrokenError,
    RecordingBusyError,
    RecordingDeniedError,
    RecordingEarlyError,
    RecordingError,
    RecordingGoneError,
    RecordingNotSoundError,
    RecordingPageError,
    RecordingPlaceError,
    RecordingSlowError,
    RecordingTooLargeError,
    TooManyRecordingsError,
)


def refusal(error: BaseException) -> str:
    """One plain sentence for a person; an unexpected error is not explained."""
    match error:
        case DrawingError():
            return _("The picture could not be drawn. Try again later.")
        case NotFoundError():
            return _("This record is gone: it was deleted.")
        case NotRungError():
            return _("Only those whose phones rang, supervisors and administrators may do this.")
        case NotTalkedError():
            return _(
                "Only those who talked, supervisors and administrators may listen to the "
                "recording."
            )
        case AnothersError():
            return _(
                "A colleague has this client: only they, a supervisor or an administrator may do "
                "this."
            )
        case NoClientsError():
            return _("Clients are taken by operators, supervisors and administrators.")
        case NoPhoneError():
            return _("You have no phone from which this client can be called.")
        case NoAccessError():
            return _("You have no access to this.")
        case ConflictError():
            return _("A colleague has just changed this. Open it again.")
        case InviteError():
            return _("This invitation no longer works. Ask your administrator for a new one.")
        case TooManyRecordingsError():
            return _(
                "Several recordings are on their way to you. Ask for more when they are here."
            )
        case RecordingError():
            return _recording_refusal(error)
        case TelegramRetryAfter():
            return ngettext(
                "Telegram asks us to slow down. Please try again in {count} second.",
                "Telegram asks us to slow down. Please try again in {count} seconds.",
                error.retry_after,
            ).format(count=error.retry_after)
    return _("Something went wrong. Please try once more.")


def _recording_refusal(error: RecordingError) -> str:
    """Why there is no recording, as far as a person can do something about it."""
    match error:
        case RecordingGoneError():
            return _("The recording is gone: the PBX no longer has it.")
        case RecordingEarlyError():
            return _("The recording is not ready yet. Please try again in a few minutes.")
        case RecordingTooLargeError():
            return _("The recording is too long to be sent.")
        case RecordingPlaceError():
            return _(
                "The bot may not fetch recordings from there. Please tell your administrator: "
                "the setting is RECORDING_HOSTS."
            )
        case RecordingDeniedError():
            return _(
                "The PBX does not let the bot have the recording. Please tell your administrator."
            )
        case RecordingNotSoundError():
            return _("What the PBX sends is not a recording. Please tell your administrator.")
        case RecordingPageError():
            return _(
                "The PBX shows a web page instead of the recording, perhaps to log in. Please "
                "tell your administrator."
            )
        case RecordingBrokenError():
            return _("The recording is damaged: it cannot be played.")
        case RecordingSlowError():
            return _("The PBX sends the recording too slowly. Please try again later.")
        case RecordingBusyError():
            return _("The PBX is busy now. Please try again in a few minutes.")
    return _("The recording is not available now. Please try again later.")


def shown_later(seconds: int) -> str:
    """Answers a press whose screen Telegram does not let us show yet."""
    return ngettext(
        "Telegram asks us to slow down. The answer will be here in {count} second.",
        "Telegram asks us to slow down. The answer will be here in {count} seconds.",
        seconds,
    ).format(count=seconds)


def stranger() -> str:
    return _(
        "Hello! This bot is for the employees of one company. "
        "If it is yours, ask your administrator for an invitation."
    )


def unknown_command() -> str:
    return _("I don't know this command. /help shows what I can do.")


def unexpected() -> str:
    """Answers a picture, a sticker and the like when nothing was asked."""
    return _(
        "I don't know what to do with this. Send me a number, a name or a word, and I find the "
        "calls. Everything I can do: /help"
    )


def stale_button() -> str:
    return _("This button is out of date. Open the screen again.")
