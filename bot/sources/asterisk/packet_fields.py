"""What fields of Asterisk's events mean: ids that tell a time, causes of the end of a channel."""

import re
from collections.abc import Mapping

NO_NUMBER = frozenset({"", "<unknown>", "unknown", "(null)"})
"""What stands where Asterisk knows no number or name."""

DOWN, RING, UP, BUSY = 0, 4, 6, 7
"""States of a channel: being made, calling us, answered, told that we are busy."""

BUSY_CAUSES = frozenset({17, 21})
"""Q.850: busy, rejected."""

NO_ANSWER_CAUSE = 19
"""Q.850: it rang, and nobody answered."""

UNREACHABLE_CAUSES = frozenset({1, 2, 3, 18, 20, 22, 27, 28})
"""No such number, no route, no response, absent (not registered), out of order."""

NO_CHANNEL_CAUSES = frozenset({34, 38, 41, 42})
"""No circuit, network out of order, temporary failure, congestion in the switch."""

NETWORK_CAUSES = frozenset({38, 41, 42, 44, 102})
"""What ends a talk that nobody has ended; 44 is what Asterisk gives when no sound comes."""

_BIRTH = re.compile(r"(?:.*-)?(1\d{9})\.(\d+)", re.ASCII)


def born_at(uniqueid: str) -> int | None:
    """The second in which a channel was born: `1795383096.0`, `pbx-1795383096.0`.

    None where whoever began the call chose the id.
    """
    match = _BIRTH.fullmatch(uniqueid)
    return int(match[1]) if match else None


def sequence(uniqueid: str) -> int | None:
    """The number of the channel since Asterisk was started."""
    match = _BIRTH.fullmatch(uniqueid)
    return int(match[2]) if match else None


def is_success(packet: Mapping[str, str]) -> bool:
    """Whether what an event tells of was done."""
    return packet.get("result", "Success").lower() == "success"


def number_of(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 9 else None
