"""Faults that tests and the demo order, such as a refused, lost or slow request; flood limits."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bot.demo.bot_api.errors import ApiError, too_many_requests
from bot.demo.bot_api.fields import field_table

ANY = "*"
GROUP_PERIOD = 60.0
OVERALL_PERIOD = 1.0


class FaultKind(StrEnum):
    FLOOD = "flood"  # 429 with retry_after
    BAD_REQUEST = "bad_request"  # 400
    FORBIDDEN = "forbidden"  # 403
    SERVER_ERROR = "server_error"  # 500
    DROP = "drop"  # the connection is closed, nothing was done
    LOSE_ANSWER = "lose_answer"  # it was done, then the connection is closed
    SLOW = "slow"  # it was done, and the answer comes late


DEFAULT_WORDS = {
    FaultKind.BAD_REQUEST: "chat not found",
    FaultKind.FORBIDDEN: "bot was blocked by the user",
}
CODES = {FaultKind.BAD_REQUEST: 400, FaultKind.FORBIDDEN: 403, FaultKind.SERVER_ERROR: 500}


@dataclass
class Fault:
    """A fault that the next `times` requests of a method meet (None: all of them).

    `retry_after` is what a FLOOD says, in seconds; `seconds` is how late a SLOW answer comes.
    """

    method: str
    kind: FaultKind
    chat_id: int | None = None
    times: int | None = 1
    retry_after: int = 1
    seconds: float = 0.0
    description: str | None = None

    def refusal(self) -> ApiError | None:
        """The error to answer with; None if this fault is not a refusal."""
        if self.kind is FaultKind.FLOOD:
            return too_many_requests(self.retry_after)
        if self.kind not in CODES:
            return None
        words = self.description or DEFAULT_WORDS.get(self.kind, "")
        return ApiError(CODES[self.kind], words)


class Faults:
    """The faults ordered and not yet met."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(
        self,
        method: str,
        kind: FaultKind | str,
        *,
        chat_id: int | None = None,
        times: int | None = 1,
        retry_after: int = 1,
        seconds: float = 0.0,
        description: str | None = None,
    ) -> Fault:
        """Order a fault; `method` may be `*`. Of several that match, the first is taken first."""
        if method != ANY:
            field_table().check_method(method)
        fault = Fault(method, FaultKind(kind), chat_id, times, retry_after, seconds, description)
        self._faults.append(fault)
        return fault

    def remove(self, fault: Fault) -> None:
        if fault in self._faults:
            self._faults.remove(fault)

    def take(self, method: str, chat_id: object) -> Fault | None:
        """The fault this request meets, counted as met."""
        for fault in self._faults:
            if fault.method not in {method, ANY}:
                continue
            if fault.chat_id is not None and str(fault.chat_id) != str(chat_id):
                continue
            if fault.times is not None:
                fault.times -= 1
                if fault.times <= 0:
                    self._faults.remove(fault)
            return fault
        return None

    def clear(self) -> None:
        self._faults.clear()


class RateLimits:
    """Telegram's limits on messages sent, as its FAQ gives them; off until `turn_on`."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.turn_off()

    def turn_on(
        self,
        *,
        per_chat: float = 1.0,
        burst: int = 3,
        overall: int = 30,
        per_group: int = 20,
    ) -> None:
        """`per_chat` and `overall` are messages a second, `per_group` a minute.

        `burst` messages may go to a chat at once, before `per_chat` begins to count.
        """
        self._is_on = True
        self._per_chat = per_chat
        self._burst = burst
        self._overall = overall
        self._per_group = per_group

    def turn_off(self) -> None:
        self._is_on = False
        self._tokens: dict[int, tuple[float, float]] = {}
        self._sent: deque[float] = deque()
        self._sent_to_group: dict[int, deque[float]] = {}

    def check(self, chat_id: int, *, is_group: bool) -> None:
        """Count a message about to be sent, or raise 429 with the seconds to wait."""
        if not self._is_on:
            return
        now = self._clock()
        full, since = self._tokens.get(chat_id, (float(self._burst), now))
        tokens = min(self._burst, full + (now - since) * self._per_chat)
        group = self._sent_to_group.setdefault(chat_id, deque()) if is_group else deque[float]()
        waits = [
            (1 - tokens) / self._per_chat,
            _wait(self._sent, self._overall, OVERALL_PERIOD, now),
            _wait(group, self._per_group, GROUP_PERIOD, now),
        ]
        # a rounding error of floats must not cost the sender a second
        if (longest := max(waits)) > 1e-6:
            raise too_many_requests(max(1, math.ceil(longest - 1e-6)))
        self._tokens[chat_id] = (tokens - 1, now)
        self._sent.append(now)
        group.append(now)


def _wait(sent: deque[float], count: int, period: float, now: float) -> float:
    while sent and sent[0] <= now - period:
        sent.popleft()
    return sent[0] + period - now if len(sent) >= count else 0.0
