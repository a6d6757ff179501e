"""Which calls were talks: every status with everything that may be said of an answer."""

from typing import Any

import pytest

from bot.domain.calls import Direction, Status
from bot.domain.case_rules import DEFAULT_RULES, EventKind, event_kind
from tests.support.statements import LIVE, START, merged, said

ANSWER, END = START + 5, START + 50

SAID: tuple[dict[str, Any], ...] = (
    {},
    {"talk": 0},
    {"answered_at": None, "ended_at": END},
    {"talk": 9},
    {"answered_at": ANSWER},
    {"answered_at": ANSWER, "talk": 0},
    {"answered_at": ANSWER, "ended_at": ANSWER},
    {"answered_at": ANSWER, "ended_at": END},
    {"answered_at": ANSWER, "ended_at": END, "talk": 0},
)
"""What may be said of an answer, in the order of the columns below."""

NEVER, ALWAYS = "---------", "+++++++++"

TABLE = {
    Status.ANSWERED: (ALWAYS, ALWAYS),
    Status.NETWORK_ERROR: ("---++++++", "---++++++"),
    Status.UNKNOWN_ERROR: (NEVER, "---+++-++"),
    Status.MISSED: (NEVER, "---+---++"),
    Status.NO_ANSWER: (NEVER, "---+---++"),
    Status.UNREACHABLE: (NEVER, "---+---++"),
    Status.REJECTED_BY_SUBSCRIBER: (NEVER, "---+---++"),
    Status.CANCELLED_BY_OPERATOR: (NEVER, "---+---++"),
    Status.NO_CHANNELS: (NEVER, "---+---++"),
    Status.MISSED_OFFLINE: (NEVER, "---+---++"),
    Status.MISSED_CALLED_BACK: (NEVER, "---+---++"),
    Status.RINGING: (NEVER, NEVER),
    Status.CONNECTING_OPERATOR: (NEVER, NEVER),
}
"""Whether it was a talk: without an extension, and with one."""


@pytest.mark.parametrize("extension", [None, "101"])
@pytest.mark.parametrize("status", Status)
def test_a_talk_is_a_call_that_somebody_answered(status: Status, extension: str | None) -> None:
    expected = TABLE[status][extension is not None]
    for stated, talked in zip(SAID, expected, strict=True):
        is_talk = talked == "+"
        incoming = merged(said(status=status, extension=extension, **stated))
        outgoing = merged(
            said(status=status, extension=extension, direction=Direction.OUT, **stated)
        )
        assert incoming.lost is (not is_talk and status not in LIVE), stated
        assert not outgoing.lost
        kind = event_kind(
            DEFAULT_RULES,
            direction=Direction.OUT,
            status=outgoing.status,
            is_lost=outgoing.lost,
            is_talk=outgoing.talked,
            wait=outgoing.wait,
            is_ignored=False,
        )
        failed = None if status in LIVE else EventKind.ATTEMPT
        assert kind is (EventKind.CALLED_BACK if is_talk else failed), stated
