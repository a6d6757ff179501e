"""Clients are called back from chat, as bot/sources/asterisk/originate.py tells Asterisk to."""

import asyncio
import itertools
import time

from tests.lab.company import Company
from tests.lab.phones import BUSY, SipCall

RING_MS = 6000
_ids = itertools.count(1)


async def answered(at: Company) -> None:
    """101 picks up, the client answers and hangs up."""
    began, ref = await _call_back(at, "101", "0671114301")
    call = await at.answers("101", after=1.5)
    outside = await at.outside_answers("0671114301", after=2)
    await asyncio.sleep(3)
    await outside.hang_up()
    await call.is_over()
    _went_out(at, call, outside, began, ref)


async def ended_by_us(at: Company) -> None:
    """101 picks up, the client answers, 101 hangs up."""
    began, ref = await _call_back(at, "101", "0671114302")
    call = await at.answers("101")
    outside = await at.outside_answers("0671114302")
    await asyncio.sleep(2)
    await call.hang_up()
    await outside.is_over()
    _went_out(at, call, outside, began, ref)


async def refused(at: Company) -> None:
    """The client is busy."""
    began, ref = await _call_back(at, "101", "0671114303")
    call = await at.answers("101")
    outside = await at.world.rings("0671114303")
    await asyncio.sleep(1)
    outside.refuse(BUSY)
    await call.is_over()
    _went_out(at, call, outside, began, ref, status="rejected_by_subscriber")


async def not_answered(at: Company) -> None:
    """The client does not answer, Asterisk gives up."""
    began, ref = await _call_back(at, "102", "0671114304")
    call = await at.answers("102")
    outside = await at.world.rings("0671114304")
    await call.is_over()
    _went_out(at, call, outside, began, ref, status="no_answer", ended_by="system")


async def given_up(at: Company) -> None:
    """101 hangs up while the client's telephone rings."""
    began, ref = await _call_back(at, "101", "0671114305")
    call = await at.answers("101")
    outside = await at.world.rings("0671114305")
    await asyncio.sleep(2)
    await call.hang_up()
    _went_out(at, call, outside, began, ref, status="cancelled_by_operator")


async def not_picked_up(at: Company) -> None:
    """101 does not pick up: the client is never called."""
    began, ref = await _call_back(at, "101", "0671114306")
    [call] = await at.rings("101")
    await call.is_over()
    _went_out(at, call, None, began, ref, ended_by="system", **_VAIN)


async def own_phone_busy(at: Company) -> None:
    """101 presses Reject."""
    began, ref = await _call_back(at, "101", "0671114307")
    [call] = await at.rings("101")
    await asyncio.sleep(1)
    call.refuse(BUSY)
    await call.is_over()
    _went_out(at, call, None, began, ref, ended_by="system", **_VAIN)


async def own_phone_off(at: Company) -> None:
    """103 is not registered."""
    await _call_back(at, "103", "0671114308")
    await asyncio.sleep(2)


async def _call_back(at: Company, extension: str, number: str) -> tuple[float, str]:
    ref = f"dzvinok-{next(_ids):016x}"
    began = time.time()
    await at.manager.act(
        "Originate",
        ActionID=ref,
        ChannelId=ref,
        Channel=f"Local/{extension}@originate-skipvm",
        Context="from-internal",
        Exten=number,
        Priority="1",
        CallerID=f'"Dzvinok" <{extension}>',
        Timeout=str(RING_MS),
        Async="true",
    )
    return began, ref


def _went_out(
    at: Company,
    call: SipCall,
    outside: SipCall | None,
    began: float,
    ref: str,
    **more: object,
) -> None:
    number = call.number if outside is None else outside.dialled
    at.went_out(
        call,
        outside,
        from_ring=True,
        customer=number,
        channel="Local/",
        linked_at=began,
        ref=ref,
        **{"status": "cancelled_by_operator" if outside is None else "", **more},  # type: ignore[arg-type]
    )


_VAIN = {"client_was_called": False}

PLAYS = (
    *(answered, ended_by_us, refused, not_answered, given_up),
    *(not_picked_up, own_phone_busy, own_phone_off),
)
