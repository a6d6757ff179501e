"""Calls that move from one colleague to another: transferred, picked up, parked."""

import asyncio

from tests.lab.company import MOBILE, Company, Fair
from tests.lab.phones import SipCall
from tests.lab.plays.incoming import ONE

PARK = "70"
SPACE = "71"


async def attended(at: Company) -> None:
    """101 answers, asks 102 meanwhile, connects both (REFER with Replaces) and leaves."""
    client, first = await _answered(at, "0671112201")
    first.hold()
    asking = at.phones["101"].call("102")
    second = await at.answers("102", number="101")
    await asyncio.sleep(1)
    await first.transfer_to(asking)
    await asyncio.sleep(2)
    await client.hang_up()
    _moved(at, client, first, second)


async def attended_and_refused(at: Company) -> None:
    """101 asks 102, who does not want the client: 101 goes on talking with the client."""
    client, first = await _answered(at, "0671112202")
    first.hold()
    asking = at.phones["101"].call("102")
    second = await at.answers("102", number="101")
    await asyncio.sleep(1)
    await second.hang_up()
    await asking.is_over()
    first.take_back()
    await asyncio.sleep(1)
    await client.hang_up()
    at.stayed_in(asking, second)
    at.came_in(client, rang=["101"], answered=first)


async def attended_by_digits(at: Company) -> None:
    """101 answers, presses *2 102 (atxfer), asks 102 and leaves."""
    client, first = await _answered(at, "0671112203")
    await first.press("*2102")
    second = await at.answers("102")
    await asyncio.sleep(1)
    await first.hang_up()
    await asyncio.sleep(2)
    await second.hang_up()
    await client.is_over()
    _moved(at, client, first, second)


async def attended_by_command(at: Company) -> None:
    """101 answers; a program tells Asterisk to ask 102 (AMI Atxfer); 101 leaves."""
    client, first = await _answered(at, "0671112204")
    channel = await _channel(at, "101")
    await at.manager.act("Atxfer", Channel=channel, Exten="102", Context="from-internal")
    second = await at.answers("102")
    await asyncio.sleep(1)
    await first.hang_up()
    await asyncio.sleep(2)
    await client.hang_up()
    _moved(at, client, first, second)


async def blind(at: Company) -> None:
    """101 answers and sends the client to 102 (REFER), who answers."""
    client, first = await _answered(at, "0671112205")
    [second, _] = await asyncio.gather(at.answers("102"), first.transfer("102"))
    await asyncio.sleep(2)
    await second.hang_up()
    await client.is_over()
    _moved(at, client, first, second)


async def blind_and_not_answered(at: Company) -> None:
    """101 answers and sends the client to 102, who does not answer; the client gives up."""
    client, first = await _answered(at, "0671112206")
    [[second], _] = await asyncio.gather(at.rings("102"), first.transfer("102"))
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["101", second.phone.number], answered=first, talked=["101"])


async def blind_to_the_outside(at: Company) -> None:
    """101 answers and sends the client to a mobile, which answers."""
    client, first = await _answered(at, "0671112207")
    [outside, _] = await asyncio.gather(at.outside_answers(MOBILE), first.transfer(MOBILE))
    await asyncio.sleep(2)
    await outside.hang_up()
    await client.is_over()
    at.came_in(client, rang=["101"], answered=first, talked=["101", MOBILE])


async def blind_by_digits(at: Company) -> None:
    """101 answers and presses ## 102 (blindxfer); 102 answers."""
    client, first = await _answered(at, "0671112208")
    [second, _] = await asyncio.gather(at.answers("102"), first.press("##102"))
    await asyncio.sleep(2)
    await client.hang_up()
    _moved(at, client, first, second)


async def blind_by_command(at: Company) -> None:
    """101 answers; a program sends the client to 102 (AMI BlindTransfer); 102 answers."""
    client, first = await _answered(at, "0671112209")
    channel = await _channel(at, "101")
    await at.manager.act("BlindTransfer", Channel=channel, Exten="102", Context="from-internal")
    second = await at.answers("102")
    await asyncio.sleep(2)
    await client.hang_up()
    _moved(at, client, first, second)


async def picked_up(at: Company) -> None:
    """101 rings, 102 dials *8 and talks with the client."""
    client = at.client("0671112210", ONE)
    await at.rings("101")
    await asyncio.sleep(1)
    taking = at.phones["102"].call("*8")
    await taking.is_answered()
    await asyncio.sleep(2)
    await taking.hang_up()
    await client.is_over()
    at.came_in(client, rang=["101"], answered=taking, fair=_PICKED)


async def picked_up_by_number(at: Company) -> None:
    """101 rings, 102 dials **101 and talks with the client."""
    client = at.client("0671112211", ONE)
    await at.rings("101")
    await asyncio.sleep(1)
    taking = at.phones["102"].call("**101")
    await taking.is_answered()
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["101"], answered=taking, fair=_PICKED)


async def parked(at: Company) -> None:
    """101 answers and parks the client (REFER to 70); 102 takes the client from there."""
    client, first = await _answered(at, "0671112212")
    await first.transfer(PARK)
    await asyncio.sleep(2)
    second = at.phones["102"].call(SPACE)
    await second.is_answered()
    await asyncio.sleep(2)
    await second.hang_up()
    await client.is_over()
    at.came_in(client, rang=["101"], answered=first, talked=["101", "102"], fair=_PICKED)


async def parked_by_digits(at: Company) -> None:
    """101 answers and presses *5; nobody takes the client, whom 101 gets back and answers."""
    client, first = await _answered(at, "0671112213")
    await first.press("*5")
    await at.answers("101", after=1)
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["101"], answered=first)


async def outgoing_and_sent_on(at: Company) -> None:
    """101 calls a client, who answers, and sends the client to 102, who answers."""
    call = at.phones["101"].call("0671112214")
    outside = await at.outside_answers("0671112214")
    await asyncio.sleep(1)
    [second, _] = await asyncio.gather(at.answers("102"), call.transfer("102"))
    await asyncio.sleep(2)
    await second.hang_up()
    await outside.is_over()
    call.ended_at = outside.ended_at
    _went_on(at, call, outside, ended_by="caller")


async def outgoing_and_connected(at: Company) -> None:
    """101 calls a client, asks 102 meanwhile, connects both and leaves; the client hangs up."""
    call = at.phones["101"].call("0671112215")
    outside = await at.outside_answers("0671112215")
    await asyncio.sleep(1)
    call.hold()
    asking = at.phones["101"].call("102")
    await at.answers("102", number="101")
    await call.transfer_to(asking)
    await asyncio.sleep(2)
    await outside.hang_up()
    call.ended_at = outside.ended_at
    _went_on(at, call, outside, ended_by="callee")


async def _answered(at: Company, number: str) -> tuple[SipCall, SipCall]:
    """A client, and 101, who talk."""
    client = at.client(number, ONE)
    answered = await at.answers("101", number=number)
    await asyncio.sleep(1.5)
    return client, answered


def _moved(at: Company, client: SipCall, first: SipCall, second: SipCall) -> None:
    """Note a call that went from one who talked to another who did."""
    numbers = [first.phone.number, second.phone.number]
    at.came_in(client, rang=numbers, answered=first, talked=numbers)


def _went_on(at: Company, call: SipCall, outside: SipCall, *, ended_by: str) -> None:
    """Note an outgoing call that went from 101 to 102."""
    both = ["101", "102"]
    fair: Fair = {"rang": [[]]}
    at.went_out(call, outside, ended_by=ended_by, rang=["102"], talked=both, fair=fair)


async def _channel(at: Company, extension: str) -> str:
    """The only channel of a telephone."""
    start = f"{at.asterisk.technology}/{extension}-"
    lines = (await at.asterisk.command("core show channels concise")).splitlines()
    [channel] = [line.partition("!")[0] for line in lines if line.startswith(start)]
    return channel


_PICKED: Fair = {"rang": [["101", "102"]]}

PLAYS = (
    *(attended, attended_and_refused, attended_by_digits, attended_by_command),
    *(blind, blind_and_not_answered, blind_to_the_outside, blind_by_digits, blind_by_command),
    *(picked_up, picked_up_by_number, parked, parked_by_digits),
    *(outgoing_and_sent_on, outgoing_and_connected),
)
