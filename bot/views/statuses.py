"""The thirteen statuses in words: of incoming calls, in Ukrainian, the vendor's own."""

from aiogram.utils.i18n import gettext as _

from bot.domain.calls import Call, Direction, Status


def status_words(status: Status, direction: Direction = Direction.IN) -> str:
    """What a status says of a call; the vendor wrote for clients who call the company."""
    if direction is Direction.OUT and status in (own := outgoing_words()):
        return own[status]
    if direction is Direction.INTERNAL and status in (own := _internal()):
        return own[status]
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


def outgoing_words() -> dict[Status, str]:
    """What is said otherwise of calls to a client."""
    return {
        Status.ANSWERED: _("The client answered"),
        Status.MISSED: _("Called the client, nobody talked"),
        Status.MISSED_CALLED_BACK: _("Called the client, reached them later"),
        Status.CONNECTING_OPERATOR: _("Connecting to the client"),
        Status.MISSED_OFFLINE: _("Not connected: the employee was offline"),
    }


def _internal() -> dict[Status, str]:
    """What is said otherwise of calls between colleagues."""
    return {
        Status.ANSWERED: _("Colleagues talked"),
        Status.UNREACHABLE: _("The colleague's phone is off or unreachable"),
        Status.REJECTED_BY_SUBSCRIBER: _("The colleague declined the call"),
        Status.NO_ANSWER: _("The colleague did not answer"),
        Status.CANCELLED_BY_OPERATOR: _("Called a colleague and hung up"),
        Status.MISSED: _("Missed call from a colleague"),
        Status.MISSED_CALLED_BACK: _("Missed call from a colleague, called back"),
        Status.CONNECTING_OPERATOR: _("Connecting to a colleague"),
        Status.MISSED_OFFLINE: _("Missed: the colleague was offline"),
    }


def direction_words(direction: Direction) -> str:
    return {
        Direction.IN: _("Incoming"),
        Direction.OUT: _("Outgoing"),
        Direction.INTERNAL: _("Internal"),
    }[direction]


def end_unknown() -> str:
    """In place of how long a call was waited in whose end the PBX never told of."""
    return _("end unknown")


def error_before_answer(call: Call) -> str | None:
    """What is true of a call whose status speaks of a talk, if nobody answered it."""
    if call.status is Status.NETWORK_ERROR and call.answered_at is None and not call.talk:
        return _("A network error, nobody answered")
    return None
