"""The people of the laboratory at their telephones, and the truth about each of their calls."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.lab.asterisk import Asterisk
from tests.lab.manager import Manager
from tests.lab.phones import SipCall, Telephone

OFFICE = ("101", "102", "104", "105", "108")
SECOND_OF_108 = "109"
"""The host of the other telephone of 108."""

MOBILE = "0671110001"
"""A colleague's, where calls to 104 and 106 go on to."""


Fair = Mapping[str, Sequence[Any]]
"""Other values of a field, where more than one reading of the truth is fair."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What truly became of one call. `channel` and `number` find its first channel in AMI."""

    call: dict[str, Any]
    began: float
    channel: str
    number: str


@dataclass(slots=True)
class Company:
    asterisk: Asterisk
    manager: Manager
    phones: dict[str, Telephone]
    world: Telephone
    truths: list[Truth] = field(default_factory=list)
    play: str = ""

    def client(
        self, number: str, line: str, *, name: str | None = None, is_hidden: bool = False
    ) -> SipCall:
        """A client calls a line of the company."""
        return self.world.call(line, shown=number, name=name, is_hidden=is_hidden)

    async def rings(self, *extensions: str, number: str = "") -> list[SipCall]:
        """Wait until these telephones ring, in that order."""
        return [await self.phones[one].rings(number) for one in extensions]

    async def answers(self, extension: str, *, after: float = 1.0, number: str = "") -> SipCall:
        """Let the telephone ring for a while, and answer."""
        [call] = await self.rings(extension, number=number)
        await asyncio.sleep(after)
        call.answer()
        return call

    async def outside_answers(self, number: str, *, after: float = 1.0) -> SipCall:
        call = await self.world.rings(number)
        await asyncio.sleep(after)
        call.answer()
        return call

    def came_in(
        self,
        client: SipCall,
        *,
        rang: Sequence[str] = (),
        answered: SipCall | None = None,
        by: str | None = None,
        status: str = "",
        ended_by: str = "",
        number: str | None = "",
        seen_as: str = "",
        **more: Any,
    ) -> None:
        """Note an incoming call that is over. `answered`: the call of the first who talked.

        `seen_as`: the number in AMI, where it is not the client's.
        """
        assert client.ended_at is not None
        assert answered is None or client.answered_at is not None, "the client heard of no answer"
        number = client.shown if number == "" else number
        reached = answered.answered_at if answered else None
        others = "callee" if answered else "system"
        self._note(
            direction="in",
            status=status or ("answered" if answered else "missed"),
            customer=number,
            line=client.number,
            answered_by=by or (answered.phone.number if answered else None),
            rang=list(rang),
            times=(client.began, reached, client.ended_at),
            ended_by=ended_by or ("caller" if client.by_us else others),
            channel=f"{self.asterisk.technology}/provider-",
            shown=seen_as or number or "anonymous",
            **more,
        )

    def went_out(
        self,
        call: SipCall,
        outside: SipCall | None,
        *,
        status: str = "",
        ended_by: str = "",
        from_ring: bool = False,
        customer: str = "",
        channel: str = "",
        rang: Sequence[str] = (),
        linked_at: float | None = None,
        **more: Any,
    ) -> None:
        """Note an outgoing call that is over; `from_ring`: it counts from the client's ringing."""
        assert call.ended_at is not None
        began = outside.began if outside and from_ring else call.began
        reached = outside.answered_at if outside else None
        self._note(
            direction="out",
            status=status or ("answered" if reached else "no_answer"),
            customer=customer or call.number,
            line=None,
            answered_by=call.phone.number,
            rang=list(rang),
            times=(began, reached, call.ended_at),
            ended_by=ended_by or ("caller" if call.by_us else "callee"),
            channel=channel or f"{self.asterisk.technology}/{call.phone.number}-",
            shown="",
            linked_at=linked_at,
            **more,
        )

    def stayed_in(self, call: SipCall, other: SipCall, **more: Any) -> None:
        """Note an internal call that is over."""
        assert call.ended_at is not None
        self._note(
            direction="internal",
            status="answered" if other.answered_at else more.pop("status", "no_answer"),
            customer=None,
            line=None,
            answered_by=call.phone.number,
            callee=other.phone.number,
            rang=[other.phone.number],
            times=(call.began, other.answered_at, call.ended_at),
            ended_by=more.pop("ended_by", "caller" if call.by_us else "callee"),
            channel=f"{self.asterisk.technology}/{call.phone.number}-",
            shown="",
            **more,
        )

    def _note(
        self,
        *,
        times: tuple[float, float | None, float],
        channel: str,
        shown: str,
        linked_at: float | None = None,
        **call: Any,
    ) -> None:
        began, answered, ended = times
        seconds = {
            "started_at": datetime.fromtimestamp(began, UTC).isoformat(timespec="milliseconds"),
            "wait_seconds": round((answered or ended) - began, 2),
            "talk_seconds": round(ended - answered, 2) if answered else 0,
        }
        is_missed = call["direction"] == "in" and answered is None
        whole = {"play": self.play, "customer_name": None, "queue": None, **call, **seconds}
        whole["missed"] = is_missed
        self.truths.append(Truth(whole, linked_at or began, channel, shown))


@asynccontextmanager
async def company(asterisk: Asterisk) -> AsyncIterator[Company]:
    """Its people at their telephones."""
    async with AsyncExitStack() as stack:
        phones = {
            number: await stack.enter_async_context(
                Telephone(number, f"{asterisk.network}.{number}", asterisk.host)
            )
            for number in OFFICE
        }
        world = await stack.enter_async_context(
            Telephone("provider", f"{asterisk.network}.200", asterisk.host)
        )
        manager = await stack.enter_async_context(Manager(asterisk.host))
        phones[SECOND_OF_108] = await stack.enter_async_context(
            Telephone("108", f"{asterisk.network}.{SECOND_OF_108}", asterisk.host)
        )
        phones["104"].refuses, phones["104"].forwards_to = 302, MOBILE
        yield Company(asterisk, manager, phones, world)
