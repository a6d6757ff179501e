"""Calling clients back from chat: the PBX rings an employee's own phone, then the client."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from zlib import crc32

from bot.domain.calls import Call
from bot.domain.people import Employee
from bot.domain.phones import NumberPlan

SILENT_AFTER = 75
"""Seconds after the request within which something should be heard of the call."""

LONGEST = 3600
"""Seconds after which a person may dial again, though the end of the call was never heard."""


class DialState(StrEnum):
    """What is known of a call begun in chat as long as the log does not have it."""

    ASKED = "asked"
    """It is written down and the PBX is being asked."""
    BEGUN = "begun"
    """The PBX has taken it on: the employee's own phone rings."""
    REFUSED = "refused"
    UNSURE = "unsure"
    """The PBX did not answer, or the bot ended before it did: nobody knows whether it began."""
    SILENT = "silent"
    """Nothing was heard of it for SILENT_AFTER seconds."""
    NOT_PICKED_UP = "not_picked_up"
    """The own phone rang in vain, and so the client was never called."""
    BUSY = "busy"
    """So is the own phone."""
    UNREACHABLE = "unreachable"
    """The own phone cannot be rung."""


class Beginning(StrEnum):
    """What came of the wish to call a client."""

    BEGUN = "begun"
    AGAIN = "again"
    """It was wished already: that call is under way, or was until a moment ago."""
    ANOTHER_CLIENT = "another_client"
    """The person calls another client now."""
    SAME_PHONE = "same_phone"
    """A colleague calls somebody from this phone."""
    SAME_CLIENT = "same_client"
    """A colleague calls this client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """A call begun in chat. `number` is in E.164; `employee` the name of who began it.

    `ref`: the id we have chosen for it. `origin_id`: the call on whose card, or on whose case, it
    was wished; `call_id`: the call it became, as soon as that is in the log.
    """

    id: int
    ref: str
    employee_id: int
    employee: str
    source: str
    extension: str
    number: str
    origin_id: int | None
    asked_at: int
    state: DialState
    reason: str | None
    call_id: int | None
    over_at: int | None


@dataclass(frozen=True, slots=True)
class CallBack:
    """Which clients can be called back, and from which phones.

    By source whose PBX can begin calls: how it writes numbers, and whether it may ring an
    extension.
    """

    plans: Mapping[str, NumberPlan]
    can_ring: Mapping[str, Callable[[str], bool]]

    def reaches(self, call: Call) -> bool:
        """Whether the PBX of the call can call its client."""
        plan = self.plans.get(call.source)
        return plan is not None and call.client is not None and plan.is_callable(call.client)

    def phones(self, call: Call, employee: Employee) -> tuple[str, ...]:
        """Their own extensions from which the person may call the client of this call."""
        can_ring = self.can_ring.get(call.source)
        if can_ring is None or not employee.role.takes_clients or not self.reaches(call):
            return ()
        return tuple(one for one in employee.extensions if can_ring(one))


def phone_code(extension: str) -> int:
    """Stands for an extension in a button."""
    return crc32(extension.encode())


NO_CALL_BACK = CallBack({}, {})
"""No PBX can begin a call."""
