"""Messages owed to chats: what each tells of, and which goes first."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from bot.domain.people import Language

OWED_FOR = 12 * 3600
"""Seconds after its moment for which a digest, or the list at opening, is still owed."""


class MessageKind(StrEnum):
    CASE = "case"
    """A lost call: the alert, edited as its case goes on."""
    LIST = "list"
    """Many lost calls at once: a list of their cases (storage/alert_lists.py)."""
    CLAIM = "claim"
    """Asks the owner of a case, whose time is over, whether they still see to it."""
    WARNING = "warning"
    """Somebody dials a client whom a colleague has taken."""
    OPEN_CASES = "open_cases"
    """A list of the cases still open: at opening, or of calls the bot heard of too late."""
    DIGEST = "digest"
    REMINDER = "reminder"
    REJECTS = "rejects"
    """A source sent what cannot be read."""
    CLOCK = "clock"
    """The times of a source are hours off."""
    CLOCK_JUMP = "clock_jump"
    """The clock of the computer was set, or seems to have been; the subject: from what to what."""
    FEED_LOST = "feed_lost"
    """A PBX does not answer; the subject: the source, its feed, since when."""
    FEED_BACK = "feed_back"
    """It answers again; the subject goes on with since when."""
    SILENT = "silent"
    """No call comes; the subject: the source, since when, the usual seconds between two."""
    HEARD_AGAIN = "heard_again"
    """Calls come again; the subject: the source, since when it was silent, until when."""
    UNREACHABLE = "unreachable"
    """A person cannot be written to."""
    JOINED = "joined"
    """Somebody has come in, or has got more rights, by an invitation."""
    DIAL = "dial"
    """How a call goes that the person has begun in chat; edited until it is over."""
    CARD = "card"
    """An open card, the subject being its message: it is brought up to date, never sent."""
    GROUP_LOST = "group_lost"
    """A group chat cannot be written to."""


class DropReason(StrEnum):
    """Why a message is owed no more; where Telegram refuses it, its own words stand instead."""

    NOTHING_TO_TELL = "nothing to tell"
    """When its turn came. An alert is owed again once its case concerns the chat again."""
    PERSON_IS_OUT = "the person is out"
    DISCONNECTED = "disconnected"
    GROUP_IS_GONE = "the group is gone"


class Priority(IntEnum):
    """What goes first in a chat, and over all: the smaller number."""

    ASKED = -2
    """Somebody has pressed for it, and waits; it makes no sound."""
    URGENT = -1
    """Asks something of one person, or warns them: their case rang again, their time is over."""
    ALERT = 0
    """A lost call nobody in the chat knows of yet; many at once become a list."""
    LIST = 1
    """A list that is to tell of cases new to the chat. Alerts go first, for they may join it."""
    NEWS = 2
    """An edit that changes what people should do: taken, free again, closed."""
    DETAIL = 3
    """An edit that only adds to what they know."""
    REPORT = 4
    """A digest, the cases still open, what administrators are told: of no one client."""
    CARD = 5
    """An edit of a card somebody has open."""
    MANY = 6
    """An edit of the alert of one of many cases that were taken, or closed, at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One message still to send, or, if there is a `message_id`, to edit.

    `subject`: the id or the name of what it tells of. `thread_id`: the topic of a group, 0 for
    none. `employee_id` is None where the chat is a group. `shown`: a digest of what the message
    shows now. `is_ping`: a new message is due in place of the old one, so that the phone rings.
    `is_new`: a new message is due that has not been in the chat before. `is_later_step`: for those
    whom the escalation reaches later, if nobody has taken it by then. `since`: from when on it
    should be in the chat.
    """

    id: int
    chat_id: int
    thread_id: int
    employee_id: int | None
    kind: MessageKind
    subject: str
    case_id: int | None
    version: int
    is_ping: bool
    is_new: bool
    is_later_step: bool
    message_id: int | None
    shown: str | None
    language: Language
    since: int
    attempts: int
    priority: int = Priority.ALERT

    @property
    def is_in_chat(self) -> bool:
        """Whether the chat has a message of it already, which is to be edited or replaced."""
        return self.message_id is not None

    @property
    def is_asked(self) -> bool:
        """Whether somebody has pressed a row of a list to see the case by itself."""
        return self.priority == Priority.ASKED
