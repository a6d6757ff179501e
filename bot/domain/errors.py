"""The errors a person may be told of, and those that stop a start.

AppError                 an expected refusal; bot/views/refusals.py turns its class into words
├── NotFoundError        the record is gone (deleted, purged)
├── NoAccessError        it exists, but not for this person
│   ├── NotRungError        but for those whose phones rang, and those who see all
│   ├── NotTalkedError      but for those who talked, and those who see all
│   ├── AnothersError       a colleague has the client
│   ├── NoClientsError      the person's role takes no clients
│   └── NoPhoneError        the person has no phone that could call this client
├── ConflictError        somebody else changed it meanwhile
├── InviteError          the link is used, expired or was never issued
├── ContactFileError     nothing of a file of contacts can be read (contact_files.py)
├── TooManyRecordingsError  the person waits for several recordings already
└── RecordingError       the recording of a call cannot be had now
    ├── RecordingGoneError      there is none (any more)
    ├── RecordingEarlyError     it is not there yet
    ├── RecordingTooLargeError  larger, or longer, than what is sent
    ├── RecordingPlaceError     it may not be fetched from its address
    ├── RecordingDeniedError    whoever keeps it does not let us have it
    ├── RecordingNotSoundError  what is kept there is no sound
    ├── RecordingPageError      but a web page
    ├── RecordingBrokenError    it begins like a sound, and cannot be played
    ├── RecordingSlowError      it comes too slowly, or not at all
    └── RecordingBusyError      whoever keeps it has no time now
StorageError             the database cannot be read or written now: try again later
├── AwayError            it is not there, or too busy: whatever is asked of it now fails
└── HeldUpError          another process has in hand what must be done after it: try again later
StartError               the start stops with this one line: settings, database, a second instance
SourceError              a source answered nonsense or not at all: try again later
├── SourceAuthError      a source refused our credentials: a person must act
├── UnsureError          a source did not answer: what it was asked it may have done
├── PhoneError           an employee's phone, rung to call a client, did not answer
└── SourceHintError      calls come, but not as well as they could: only `check` is told so
"""


class AppError(Exception):
    """An expected refusal. Its own text is for the log; the person reads words for its class."""


class NotFoundError(AppError):
    pass


class NoAccessError(AppError):
    pass


class NotRungError(NoAccessError):
    pass


class NotTalkedError(NoAccessError):
    pass


class AnothersError(NoAccessError):
    pass


class NoClientsError(NoAccessError):
    pass


class NoPhoneError(NoAccessError):
    pass


class ConflictError(AppError):
    pass


class InviteError(AppError):
    pass


class TooManyRecordingsError(AppError):
    pass


class RecordingError(AppError):
    """Its text says why, for the log, without the address of the recording."""


class RecordingGoneError(RecordingError):
    pass


class RecordingEarlyError(RecordingError):
    pass


class RecordingTooLargeError(RecordingError):
    pass


class RecordingPlaceError(RecordingError):
    pass


class RecordingDeniedError(RecordingError):
    pass


class RecordingNotSoundError(RecordingError):
    pass


class RecordingPageError(RecordingError):
    pass


class RecordingBrokenError(RecordingError):
    pass


class RecordingSlowError(RecordingError):
    pass


class RecordingBusyError(RecordingError):
    pass


class DrawingError(AppError):
    """A picture could not be drawn."""


class StorageError(Exception):
    pass


class AwayError(StorageError):
    pass


class HeldUpError(StorageError):
    pass


class StartError(Exception):
    pass


class SourceError(Exception):
    """Its text says in one line what is wrong and what to do, without any secret.

    `retry_after`: how many seconds the source asks us to leave it alone.
    """

    def __init__(self, reason: str, *, retry_after: float = 0) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class SourceAuthError(SourceError):
    pass


class UnsureError(SourceError):
    pass


class PhoneError(SourceError):
    """`is_busy`: the phone is in use; `is_off`: it cannot be rung. Else it rang in vain."""

    def __init__(self, reason: str, *, is_busy: bool = False, is_off: bool = False) -> None:
        super().__init__(reason)
        self.is_busy = is_busy
        self.is_off = is_off


class SourceHintError(SourceError):
    pass
