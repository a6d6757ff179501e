"""A call of the demo's shop as it goes on, and what a PBX is that it comes through."""

from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

from bot.demo.page.sources import Source


@dataclass(slots=True, kw_only=True)
class ShopCall:
    """Moments are Unix seconds. `client` None is a hidden number.

    `failure` is the status it ends with if it is not answered; `is_busy`: the extension talked
    already. `ref`: the id it was given by whoever asked for it, whose extension was rung first.
    """

    number: int
    is_incoming: bool
    client: str | None
    extension: str
    started_at: int
    failure: str = "missed"
    is_busy: bool = False
    ref: str | None = None
    queue: str = ""
    ended_by: Literal["caller", "callee", "system"] | None = None
    answered_at: int | None = None
    ended_at: int = 0

    @property
    def wait(self) -> int:
        return (self.answered_at or self.ended_at) - self.started_at

    @property
    def talk(self) -> int:
        return self.ended_at - self.answered_at if self.answered_at else 0

    @property
    def national_number(self) -> str:
        """As it is dialled in the country; "" is hidden."""
        return (self.client or "").removeprefix("+38")


class ShopPbx(Protocol):
    """A PBX of the shop: it tells the bot of calls over its own wire, in its own words.

    In its silence it cannot be reached and tells nothing; what it keeps of it is told, or can be
    asked for, when it is back.
    """

    @property
    def about(self) -> Source: ...

    @property
    def is_silent(self) -> bool: ...

    def running(self) -> AbstractAsyncContextManager[object]:
        """It can be reached until the end of the block."""
        ...

    def settings(self) -> dict[str, object]:
        """Of its source in the bot; known while it runs."""
        ...

    async def turn_silence(self) -> None:
        """Go silent, or come back."""
        ...

    async def begin(self, call: ShopCall) -> None:
        """It rings."""
        ...

    async def answer(self, call: ShopCall) -> None: ...

    async def end(self, call: ShopCall) -> None: ...

    async def settle(self, call: ShopCall) -> None:
        """What is known some time after the end of a talk: its price, its recording."""
        ...
