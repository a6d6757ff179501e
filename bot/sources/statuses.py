"""Statuses as they fit the direction of a call: many PBXs have one word for both."""

from bot.domain.calls import Direction, Status

_OF_IN = {
    Status.NO_ANSWER: Status.MISSED,
    Status.REJECTED_BY_SUBSCRIBER: Status.MISSED,
    Status.CANCELLED_BY_OPERATOR: Status.MISSED,
    Status.UNREACHABLE: Status.MISSED_OFFLINE,
}
_OF_OUT = {
    Status.MISSED: Status.NO_ANSWER,
    Status.MISSED_OFFLINE: Status.UNREACHABLE,
}


def fitting_status(status: Status, direction: Direction) -> Status:
    """Nobody answered a client: `missed`. A client did not answer: `no_answer`. And so on."""
    return (_OF_IN if direction is Direction.IN else _OF_OUT).get(status, status)
