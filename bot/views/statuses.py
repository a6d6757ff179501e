"""The thirteen statuses in words: the Ukrainian ones are the vendor's own."""

from aiogram.utils.i18n import gettext as _

from bot.domain.calls import Direction, Status


def status_words(status: Status) -> str:
    return {
        Status.ANSWERED: _("Answered by an operator"),
        Status.UNREACHABLE: _("The subscriber's phone is off or unreachable"),
        Status.REJECTED_BY_SUBSCRIBER: _("The subscriber declined the call"),
        Status.NO_ANSWER: _("The subscriber did not answer"),
        Status.CANCELLED_BY_OPERATOR: _("The operator called and hung up"),
        Status.MISSED: _("Missed call"),
        Status.MISSED_CALLED_BACK: _("Missed, called back"),
        Status.UNKNOWN_ERROR: _("Unknown error"),
        Status.NETWORK_ERROR: _("Talked, then a network error"),
        Status.RINGING: _("Ringing"),
        Status.CONNECTING_OPERATOR: _("Connecting to an operator"),
        Status.NO_CHANNELS: _("Dropped: no free channels"),
        Status.MISSED_OFFLINE: _("Missed while the employee was offline"),
    }[status]


def direction_words(direction: Direction) -> str:
    return {
        Direction.IN: _("Incoming"),
        Direction.OUT: _("Outgoing"),
        Direction.INTERNAL: _("Internal"),
    }[direction]


def end_unknown() -> str:
    """In place of how long a call was waited in whose end the PBX never told of."""
    return _("end unknown")
