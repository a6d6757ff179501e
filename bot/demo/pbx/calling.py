"""The phone system of the demo's shop: it keeps calling, through one PBX or another.

It is also the panel of the page, which orders calls and faults, and chooses the PBX they concern.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

from bot.demo.bot_api.faults import FaultKind
from bot.demo.bot_api.people import User
from bot.demo.bot_api.server import BotApiServer
from bot.demo.page.panel import Action, ActionError
from bot.demo.pbx.asterisk.pbx import AsteriskPbx
from bot.demo.pbx.binotel import BinotelPbx
from bot.demo.pbx.company import CLIENTS, OPERATORS, QUEUES, SOURCE
from bot.demo.pbx.posting import PostingPbx
from bot.demo.pbx.shop_calls import ShopCall, ShopPbx
from bot.domain.clock import Clock
from bot.domain.errors import SourceError

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
_PRICE_AFTER = 20
_OWN_RINGS = 3
"""Seconds until an extension that is rung first is answered."""

_FAILURES = ("no_answer", "rejected_by_subscriber", "unreachable", "cancelled_by_operator")


class PhoneSystem:
    """The PBXs of the shop together, and the Panel of its page."""

    def __init__(
        self,
        *,
        pbxs: Sequence[ShopPbx],
        telegram: BotApiServer,
        blocker: User,
        clock: Clock,
        seed: int,
        speed: float,
    ) -> None:
        """Calls come through the first of `pbxs` unless another is chosen.

        `blocker` is whom the panel makes block the bot; at `speed` 1 calls last as in life.
        """
        self._pbxs = {pbx.about.key: pbx for pbx in pbxs}
        self._chosen = pbxs[0]
        self._telegram = telegram
        self._blocker = blocker
        self._clock = clock
        self._dice = random.Random(seed)  # noqa: S311 - invented calls, not secrets
        self._speed = speed
        self._life: asyncio.TaskGroup | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._turning = asyncio.Lock()
        self._number = 0
        self._last_missed = CLIENTS[0][0]

    @property
    def pbxs(self) -> Mapping[str, ShopPbx]:
        """By their keys, which are the names of the bot's sources."""
        return self._pbxs

    @property
    def chosen(self) -> str:
        return self._chosen.about.key

    def choose(self, key: str) -> None:
        """Have what is ordered come through, or happen to, that PBX. KeyError if there is none."""
        self._chosen = self._pbxs[key]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The PBXs can be reached until the end of the block."""
        async with AsyncExitStack() as stack:
            for pbx in self._pbxs.values():
                await stack.enter_async_context(pbx.running())
            yield

    def settings(self) -> dict[str, dict[str, object]]:
        """The sources of the bot, while the PBXs are running."""
        return {key: pbx.settings() for key, pbx in self._pbxs.items()}

    async def run(self, url: str, *, quiet: bool) -> None:
        """Make calls until cancelled; `url` is the bot's. `quiet`: only those ordered."""
        for key, pbx in self._pbxs.items():
            if isinstance(pbx, PostingPbx):
                pbx.hook = f"{url}/hooks/{key}/{pbx.token}"
            if isinstance(pbx, AsteriskPbx):
                pbx.on_originate(partial(self._originate, pbx))
            if isinstance(pbx, BinotelPbx):
                pbx.on_dial(partial(self._dial, pbx))
        async with asyncio.TaskGroup() as life:
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
        """Calls of which something is still to be told."""
        return len(self._calls)

    # Calling back

    @property
    def name(self) -> str:
        return SOURCE

    def can_ring(self, extension: str) -> bool:
        return extension in OPERATORS

    async def dial(self, extension: str, number: str, *, ref: str) -> str:
        """Have the first PBX ring the operator, then the client; is a DialSource in its place."""
        pbx = self._pbxs[SOURCE]
        if pbx.is_silent:
            raise SourceError("the PBX is silent")
        self._start(self._called_back(pbx, extension, number, ref))
        return ref

    def _dial(self, pbx: ShopPbx, extension: str, number: str) -> str:
        ref = f"{self._clock()}{self._next_number():05}"
        self._start(self._called_back(pbx, extension, f"+38{number}", ref))
        return ref

    def _originate(
        self, pbx: AsteriskPbx, extension: str, number: str, action_id: str, ref: str
    ) -> None:
        self._start(self._originated(pbx, extension, number, action_id, ref))

    async def _called_back(self, pbx: ShopPbx, extension: str, number: str, ref: str) -> None:
        await self._sleep(_OWN_RINGS)
        await self._outgoing(number, talk=8, extension=extension, pbx=pbx, ref=ref)

    async def _originated(
        self, pbx: AsteriskPbx, extension: str, number: str, action_id: str, ref: str
    ) -> None:
        call = self._new_outgoing(number, extension, ref or None)
        call.ended_by = "callee"
        await pbx.ring_own(call)
        await self._sleep(_OWN_RINGS)
        await pbx.take_own(call, action_id)
        call.started_at = self._clock()
        await self._play(pbx, call, ring=4, talk=8)

    # Panel

    def actions(self) -> list[Action]:
        is_blocked = self._blocker.chat.is_blocked
        return [
            *(Action(key, uk, en, "call") for key, (uk, en) in _CALLS.items()),
            Action("flood", "Telegram відповідає 429", "Telegram answers 429", "fault"),
            Action("block", "102 розблоковує бота", "102 unblocks the bot", "fault")
            if is_blocked
            else Action("block", "102 блокує бота", "102 blocks the bot", "fault"),
            Action("silence", *_silence(self._chosen), "fault"),
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
                self._start(self._random_call(self._chosen))
        elif key == "flood":
            self._telegram.faults.add("sendMessage", FaultKind.FLOOD, times=3, retry_after=3)
        elif key == "block":
            is_blocked = self._blocker.chat.is_blocked  # the page can block, too
            await (self._blocker.unblock() if is_blocked else self._blocker.block())
        elif key == "silence":
            pbx = self._chosen
            async with self._turning:  # pressed twice: it goes silent, then comes back
                await pbx.turn_silence()
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

    def _random_call(self, pbx: ShopPbx | None = None) -> Coroutine[Any, Any, None]:
        """Without a PBX through any, every other one through the first."""
        first, *others = self._pbxs.values()
        pbx = pbx or (self._dice.choice(others) if others and self._dice.random() < 0.5 else first)
        luck, client = self._dice.random(), self._client()
        extension = self._dice.choice(OPERATORS)
        if luck < 0.55:
            talk = self._dice.randint(4, 12)
            return self._incoming(client, talk=talk, extension=extension, pbx=pbx)
        if luck < 0.75:
            return self._incoming(client, extension=extension, pbx=pbx)
        if luck < 0.9:
            talk = self._dice.randint(5, 9)
            return self._outgoing(client, talk=talk, extension=extension, pbx=pbx)
        failure = self._dice.choice(_FAILURES)
        return self._outgoing(client, talk=0, extension=extension, failure=failure, pbx=pbx)

    async def _incoming(
        self,
        client: str | None,
        *,
        ring: int = 4,
        talk: int = 0,
        extension: str = OPERATORS[0],
        pbx: ShopPbx | None = None,
    ) -> None:
        """A client calls, waits `ring` seconds (0: the line is busy), and talks `talk` seconds.

        Nobody answers when `talk` is 0; `client` None is a hidden number. Without a PBX it comes
        through the one that is chosen.
        """
        call = ShopCall(
            number=self._next_number(),
            is_incoming=True,
            client=client,
            extension=extension,
            started_at=self._clock(),
            is_busy=not ring,
            queue=self._dice.choice(QUEUES),
            ended_by="caller" if ring else "system",
        )
        if talk:
            call.ended_by = self._dice.choice(("caller", "callee"))
        await self._play(pbx or self._chosen, call, ring=ring, talk=talk)

    async def _outgoing(
        self,
        client: str,
        *,
        talk: int,
        extension: str = OPERATORS[0],
        failure: str = "no_answer",
        pbx: ShopPbx | None = None,
        ref: str | None = None,
    ) -> None:
        """An operator calls a client; when `talk` is 0 the call ends with the status `failure`."""
        call = self._new_outgoing(client, extension, ref)
        call.failure = failure
        call.ended_by = "callee" if talk else None
        await self._play(pbx or self._chosen, call, ring=4, talk=talk)

    async def _play(self, pbx: ShopPbx, call: ShopCall, *, ring: int, talk: int) -> None:
        await pbx.begin(call)
        await self._sleep(ring)
        if talk:
            call.answered_at = self._clock()
            await pbx.answer(call)
            await self._sleep(talk)
        elif call.is_incoming and call.client:
            self._last_missed = call.client
        # At a high speed it may all be in one second.
        call.ended_at = max(self._clock(), call.answered_at + 1 if call.answered_at else 0)
        await pbx.end(call)
        if talk:
            await self._sleep(_PRICE_AFTER)
            await pbx.settle(call)

    def _new_outgoing(self, client: str, extension: str, ref: str | None) -> ShopCall:
        return ShopCall(
            number=self._next_number(),
            is_incoming=False,
            client=client,
            extension=extension,
            started_at=self._clock(),
            ref=ref,
        )

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _client(self) -> str:
        if self._dice.random() < 0.5:
            return self._dice.choice(CLIENTS)[0]
        return f"+38050{self._dice.randrange(10**7):07}"

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self._speed)


def _silence(pbx: ShopPbx) -> tuple[str, str]:
    """The words of the order that makes it silent, or brings it back."""
    if isinstance(pbx, PostingPbx):
        if pbx.is_silent:
            return (
                "АТС повертається: надійдуть дзвінки, що чекали",
                "The PBX comes back: the calls that waited come in",
            )
        return (
            "АТС замовкає: дзвінки чекають, у /health – час останнього",
            "The PBX goes silent: calls wait, /health shows the time of the last",
        )
    if pbx.is_silent:
        return (
            "АТС повертається: за хвилину бот дочитає пропущене",
            "The PBX comes back: in a minute the bot reads what it missed",
        )
    return (
        "АТС замовкає: за хвилину-дві про це скажуть адміністраторові",
        "The PBX goes silent: in a minute or two administrators are told",
    )
