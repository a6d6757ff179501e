"""Employees call: clients, by hand or by a program's command, and each other."""

import asyncio
import time

from tests.lab.company import Company
from tests.lab.phones import BUSY, SipCall

NOT_FOUND, UNAVAILABLE, NO_SERVICE = 404, 480, 503


async def answered(at: Company) -> None:
    """The client answers and hangs up."""
    call = at.phones["101"].call("0671112301")
    outside = await at.outside_answers("0671112301", after=1.5)
    await asyncio.sleep(2)
    await outside.hang_up()
    await call.is_over()
    at.went_out(call, outside)


async def given_up(at: Company) -> None:
    """101 gives up while the client's telephone rings."""
    call = at.phones["101"].call("0671112302")
    outside = await at.world.rings("0671112302")
    await asyncio.sleep(3)
    await call.hang_up()
    at.went_out(call, outside, status="cancelled_by_operator")


async def not_answered(at: Company) -> None:
    """The client does not answer, Asterisk gives up."""
    call = at.phones["101"].call("0671112303")
    outside = await at.world.rings("0671112303")
    await call.is_over()
    at.went_out(call, outside, ended_by="system")


async def refused(at: Company) -> None:
    """The client is busy, or refuses."""
    call = at.phones["102"].call("0671112304")
    outside = await at.world.rings("0671112304")
    await asyncio.sleep(1)
    outside.refuse(BUSY)
    await call.is_over()
    at.went_out(call, outside, status="rejected_by_subscriber")


async def unreachable(at: Company) -> None:
    """The client's telephone is off."""
    await _fails(at, "0671112305", UNAVAILABLE, status="unreachable", fair=_UNSURE)


async def no_such_number(at: Company) -> None:
    """There is no such number."""
    await _fails(at, "0671112306", NOT_FOUND, status="unreachable")


async def no_channels(at: Company) -> None:
    """The provider has no free channel."""
    await _fails(at, "0671112307", NO_SERVICE, status="no_channels")


async def clicked(at: Company) -> None:
    """A program rings 101 (Originate), then calls the client, who answers."""
    began = time.time()
    await _originate(at, f"{at.asterisk.technology}/101", "0671112308")
    call = await at.answers("101")
    outside = await at.outside_answers("0671112308", after=1.5)
    await asyncio.sleep(2)
    await call.hang_up()
    await outside.is_over()
    _clicked(at, call, outside, began)


async def clicked_through_local(at: Company) -> None:
    """The same through Local/101@from-internal; the client hangs up."""
    began = time.time()
    await _originate(at, "Local/101@from-internal", "0671112309")
    call = await at.answers("101")
    outside = await at.outside_answers("0671112309", after=1.5)
    await asyncio.sleep(2)
    await outside.hang_up()
    await call.is_over()
    _clicked(at, call, outside, began, channel="Local/101@")


async def clicked_through_a_context(at: Company) -> None:
    """The same, in a context of the program's own."""
    began = time.time()
    await _originate(at, f"{at.asterisk.technology}/102", "0671112310", context="originate")
    call = await at.answers("102")
    outside = await at.outside_answers("0671112310")
    await asyncio.sleep(2)
    await call.hang_up()
    await outside.is_over()
    _clicked(at, call, outside, began)


async def clicked_not_answered(at: Company) -> None:
    """A program rings 101, who answers; the client does not, 101 gives up."""
    began = time.time()
    await _originate(at, f"{at.asterisk.technology}/101", "0671112311")
    call = await at.answers("101")
    outside = await at.world.rings("0671112311")
    await asyncio.sleep(3)
    await call.hang_up()
    _clicked(at, call, outside, began, status="cancelled_by_operator")


async def clicked_and_timed_out(at: Company) -> None:
    """A program rings 101, who answers; the client does not, Asterisk gives up."""
    began = time.time()
    await _originate(at, f"{at.asterisk.technology}/101", "0671112312")
    call = await at.answers("101")
    outside = await at.world.rings("0671112312")
    await call.is_over()
    _clicked(at, call, outside, began, status="no_answer", ended_by="system")


async def clicked_in_vain(at: Company) -> None:
    """A program rings 101, who does not answer: the client is never called."""
    began = time.time()
    await _originate(at, f"{at.asterisk.technology}/101", "0671112313")
    [call] = await at.rings("101")
    await call.is_over()
    _clicked(at, call, None, began, status="cancelled_by_operator", ended_by="system", **_VAIN)


async def inside(at: Company) -> None:
    """101 calls 102, who answers; 101 hangs up."""
    call = at.phones["101"].call("102")
    other = await at.answers("102", after=1.5)
    await asyncio.sleep(2)
    await call.hang_up()
    at.stayed_in(call, other)


async def inside_not_answered(at: Company) -> None:
    """105 calls 101, who does not answer; 105 gives up."""
    call = at.phones["105"].call("101")
    [other] = await at.rings("101")
    await asyncio.sleep(2)
    await call.hang_up()
    at.stayed_in(call, other, status="cancelled_by_operator", fair={"status": ["no_answer"]})


async def _fails(at: Company, number: str, code: int, **more: object) -> None:
    call = at.phones["101"].call(number)
    outside = await at.world.rings(number)
    outside.refuse(code)
    await call.is_over()
    at.went_out(call, outside, ended_by="system", **more)  # type: ignore[arg-type]


async def _originate(
    at: Company, channel: str, number: str, *, context: str = "from-internal"
) -> None:
    await at.manager.act(
        "Originate",
        Channel=channel,
        Context=context,
        Exten=number,
        Priority="1",
        CallerID=number,
        Timeout="6000",
        Async="true",
    )


def _clicked(
    at: Company,
    call: SipCall,
    outside: SipCall | None,
    began: float,
    **more: object,
) -> None:
    """Note a click-to-call; `call` is the operator's telephone, which was called too."""
    number = call.number if outside is None else outside.dialled
    at.went_out(call, outside, from_ring=True, customer=number, linked_at=began, **more)  # type: ignore[arg-type]


_UNSURE = {"status": ["no_answer"]}
_VAIN = {"client_was_called": False}

PLAYS = (
    *(answered, given_up, not_answered, refused, unreachable, no_such_number, no_channels),
    *(clicked, clicked_through_local, clicked_through_a_context, clicked_not_answered),
    *(clicked_and_timed_out, clicked_in_vain, inside, inside_not_answered),
)
