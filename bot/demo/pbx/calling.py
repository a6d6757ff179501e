"""A PBX that keeps calling: it posts each call to the bot's hook, from the ringing to the end.

It is also the panel of the page, which orders calls and faults. What happens while the PBX is
silent is kept and posted when it comes back, as a real PBX does with its queue.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import httpx

from bot.demo.bot_api.faults import FaultKind
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from bot.demo.page.panel import Action, ActionError
from bot.demo.pbx.company import CLIENTS, LINE, OPERATORS, QUEUES, SOURCE
from bot.demo.pbx.sounds import address
from bot.domain.clock import Clock
from bot.domain.errors import SourceError

log = logging.getLogger(__name__)

CallJson = dict[str, Any]
"""A call as the hook takes it: docs/call.schema.json."""

_CALLS = {
    "answered": ("Клієнт дзвонить на 101, відповіли", "A client calls 101, answered"),
    "missed": ("Клієнт дзвонить на 101, пропущено", "A client calls 101, missed"),
    "busy": ("Клієнт дзвонить на 101, зайнято", "A client calls 101, line busy"),
    "again": ("Той самий клієнт дзвонить знову", "The same client calls again"),
    "back_fails": ("101 передзвонює, не відповідають", "101 calls back, no answer"),
    "back": ("101 передзвонює, відповіли", "101 calls back, answered"),
    "hidden": ("Прихований номер", "A client with a hidden number"),
    "burst": ("30 дзвінків разом", "A burst of 30 calls"),
}
"""What can be ordered, in Ukrainian and English."""

_BURST = 30
_CALLS_PER_POST = 500
"""How many calls one POST has at most: the hook takes 1000, and 1 MiB."""

_PRICE_AFTER = 20
_PICKED_UP_AFTER, _NOT_REACHED = 3, 0.2
"""Seconds until an operator picks up who calls back, and how often the client does not."""

_FIRST_RECORDING = 10**9
_FAILURES = ("no_answer", "rejected_by_subscriber", "unreachable", "cancelled_by_operator")


class Pbx:
    """The PBX of the demo's shop, and the Panel of its page."""

    def __init__(
        self,
        *,
        telegram: BotApiServer,
        blocker: User,
        clock: Clock,
        seed: int,
        speed: float,
    ) -> None:
        """`blocker` is whom the panel makes block the bot; at `speed` 1 calls last as in life."""
        self._hook = ""
        self._telegram = telegram
        self._blocker = blocker
        self._clock = clock
        self._dice = random.Random(seed)  # noqa: S311 - invented calls, not secrets
        self._speed = speed
        self._http = httpx.AsyncClient(timeout=10)
        self._life: asyncio.TaskGroup | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._number = 0
        self._unsent: list[CallJson] | None = None
        self._last_missed = CLIENTS[0][0]

    async def run(self, hook: str, *, quiet: bool) -> None:
        """Make calls and post them to the hook until cancelled; `quiet`: only those ordered."""
        self._hook = hook
        async with self._http, asyncio.TaskGroup() as life:
            self._life = life
            if not quiet:  # nobody should wait for the first one: one is answered, one is not
                self._start(self._incoming(self._client(), talk=8))
                self._start(self._incoming(self._client()))
            while True:
                await self._sleep(self._dice.uniform(6, 14))
                if not quiet:
                    self._start(self._random_call())

    @property
    def under_way(self) -> int:
        """Calls of which something is still to be posted."""
        return len(self._calls)

    # Calling back

    @property
    def name(self) -> str:
        return SOURCE

    def can_ring(self, extension: str) -> bool:
        return extension in OPERATORS

    async def dial(self, extension: str, number: str, *, ref: str) -> str:
        """Ring the operator's phone for a while, then the client; is a DialSource."""
        if self._unsent is not None:
            raise SourceError("the PBX is silent")
        self._start(self._call_back(number, extension, ref))
        return ref

    async def _call_back(self, client: str, extension: str, call_id: str) -> None:
        await self._sleep(_PICKED_UP_AFTER)
        talk = 0 if self._dice.random() < _NOT_REACHED else 8
        await self._outgoing(client, talk=talk, extension=extension, call_id=call_id)

    # Panel

    def actions(self) -> list[Action]:
        is_silent, is_blocked = self._unsent is not None, self._blocker.chat.is_blocked
        return [
            *(Action(key, uk, en, "call") for key, (uk, en) in _CALLS.items()),
            Action("flood", "Telegram відповідає 429", "Telegram answers 429", "fault"),
            Action("block", "102 розблоковує бота", "102 unblocks the bot", "fault")
            if is_blocked
            else Action("block", "102 блокує бота", "102 blocks the bot", "fault"),
            Action(
                "silence",
                "АТС повертається: надійдуть дзвінки, що чекали",
                "The PBX comes back: the calls that waited come in",
                "fault",
            )
            if is_silent
            else Action(
                "silence",
                "АТС замовкає: дзвінки чекають, у /health – час останнього",
                "The PBX goes silent: calls wait, /health shows the time of the last",
                "fault",
            ),
        ]

    async def act(self, key: str) -> None:
        ordered: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "answered": lambda: self._incoming(self._client(), talk=8),
            "missed": lambda: self._incoming(self._client()),
            "busy": lambda: self._incoming(self._client(), ring=0),
            "again": lambda: self._incoming(self._last_missed),
            "back_fails": lambda: self._outgoing(self._last_missed, talk=0),
            "back": lambda: self._outgoing(self._last_missed, talk=8),
            "hidden": lambda: self._incoming(None),
        }
        if key in ordered:
            self._start(ordered[key]())
        elif key == "burst":
            for _ in range(_BURST):
                self._start(self._random_call())
        elif key == "flood":
            self._telegram.faults.add("sendMessage", FaultKind.FLOOD, times=3, retry_after=3)
        elif key == "block":
            is_blocked = self._blocker.chat.is_blocked  # the page can block, too
            await (self._blocker.unblock() if is_blocked else self._blocker.block())
        elif key == "silence":
            await self._turn_silence()
        else:
            raise ActionError(f"no such action: {key}")

    # Calls

    def _start(self, call: Coroutine[Any, Any, None]) -> None:
        if self._life is None:
            call.close()
            raise ActionError("the PBX is not running yet")
        task = self._life.create_task(call)
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    def _random_call(self) -> Coroutine[Any, Any, None]:
        luck, client = self._dice.random(), self._client()
        extension = self._dice.choice(OPERATORS)
        if luck < 0.55:
            talk = self._dice.randint(4, 12)
            return self._incoming(client, talk=talk, extension=extension)
        if luck < 0.75:
            return self._incoming(client, extension=extension)
        if luck < 0.9:
            talk = self._dice.randint(5, 9)
            return self._outgoing(client, talk=talk, extension=extension)
        failure = self._dice.choice(_FAILURES)
        return self._outgoing(client, talk=0, extension=extension, failure=failure)

    async def _incoming(
        self, client: str | None, *, ring: int = 4, talk: int = 0, extension: str = OPERATORS[0]
    ) -> None:
        """A client calls, waits `ring` seconds (0: the line is busy), and talks `talk` seconds.

        Nobody answers when `talk` is 0; `client` None is a hidden number.
        """
        started = self._clock()
        call = self._new_call("in", started) | {
            "caller": {"number": client},
            "callee": {"number": LINE},
            "line": LINE,
            "queue": self._dice.choice(QUEUES),
            "rang": [extension],
        }
        await self._post(call | {"status": "ringing"})
        await self._sleep(ring)
        answered = self._clock()
        if not talk:
            if client:
                self._last_missed = client
            ended_by = "caller" if ring else "system"
            end = {"status": "missed", "ended_at": answered, "ended_by": ended_by}
            await self._post(call | self._with_iso_times(end))
            return
        await self._post(call | {"status": "connecting_operator"})
        await self._sleep(talk)
        end = {
            "status": "answered",
            "extension": extension,
            "answered_at": answered,
            "ended_at": max(self._clock(), answered + 1),
            "ended_by": self._dice.choice(("caller", "callee")),
        }
        await self._post(call | self._with_iso_times(end))
        await self._sleep(_PRICE_AFTER)
        await self._post(call | self._with_iso_times(end) | self._recording())

    async def _outgoing(
        self,
        client: str,
        *,
        talk: int,
        extension: str = OPERATORS[0],
        failure: str = "no_answer",
        call_id: str | None = None,
    ) -> None:
        """An operator calls a client; when `talk` is 0 the call ends with the status `failure`."""
        call = self._new_call("out", self._clock(), call_id) | {
            "caller": {"number": extension},
            "callee": {"number": client},
            "extension": extension,
        }
        await self._post(call | {"status": "ringing"})
        await self._sleep(4)
        answered = self._clock()
        await self._sleep(talk)
        end: CallJson = {"status": failure, "ended_at": self._clock()}
        if talk:  # at a high speed it may all be in one second
            ended = max(self._clock(), answered + 1)
            end = {"status": "answered", "answered_at": answered, "ended_at": ended}
            end["ended_by"] = "callee"
        call |= self._with_iso_times(end)
        await self._post(call)
        if talk:
            await self._sleep(_PRICE_AFTER)
            await self._post(call | {"price": "0.08"} | self._recording())

    def _recording(self) -> CallJson:
        """The price and the recording are known some time after the end, as on a real PBX."""
        return {"recording_url": address(self._telegram.url, _FIRST_RECORDING + self._number)}

    def _new_call(self, direction: str, started: int, call_id: str | None = None) -> CallJson:
        self._number += 1
        return {
            "id": call_id or f"live-{started}-{self._number}",
            "direction": direction,
        } | self._with_iso_times({"started_at": started})

    def _client(self) -> str:
        if self._dice.random() < 0.5:
            return self._dice.choice(CLIENTS)[0]
        return f"+38050{self._dice.randrange(10**7):07}"

    # Time and the hook

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)

    @staticmethod
    def _with_iso_times(call: CallJson) -> CallJson:
        """The same with each `…_at` in ISO 8601 with an offset, as the hook wants it."""
        return {
            name: _iso(value) if name.endswith("_at") else value for name, value in call.items()
        }

    async def _turn_silence(self) -> None:
        if self._unsent is None:
            self._unsent = []
            return
        unsent, self._unsent = self._unsent, None
        for first in range(0, len(unsent), _CALLS_PER_POST):
            await self._send(unsent[first : first + _CALLS_PER_POST])

    async def _post(self, call: CallJson) -> None:
        if self._unsent is not None:
            self._unsent.append(call)
        else:
            await self._send([call])

    async def _send(self, calls: list[CallJson]) -> None:
        """Post calls until the hook takes them: a PBX does not forget what was not answered 2xx.

        What is refused (4xx) would be refused for ever: that is a mistake of the demo, and logged.
        """
        while True:
            try:
                answer = await self._http.post(self._hook, json=calls)
            except httpx.TransportError:
                await asyncio.sleep(1)
                continue
            if answer.is_success:
                return
            if answer.is_client_error:
                log.error("the hook refuses the demo's calls: %d", answer.status_code)
                return
            await asyncio.sleep(1)


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat()
