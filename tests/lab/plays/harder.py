"""What FreePBX and people do with their dial plans: `etc/harder.conf`."""

import asyncio
import time

from tests.lab.asterisk import SIP
from tests.lab.company import MOBILE, SECOND_OF_108, Company, Fair
from tests.lab.phones import SipCall
from tests.lab.plays.incoming import ONE
from tests.lab.plays.machines import QUEUE

FORWARDED, TWICE, TWO_QUEUES, AGENTS = (f"0445550{n}" for n in (107, 108, 520, 530))
LOCALS, OPTIMIZED, NESTED = (f"0445550{n}" for n in (610, 611, 612))
OVERFLOW, DISA, CONFERENCE = (f"0445550{n}" for n in (710, 720, 820))


async def locals_answered(at: Company) -> None:
    """A ring group of Local channels that stay; 105 answers."""
    await _group(at, "0671112601", LOCALS)


async def locals_optimized(at: Company) -> None:
    """A ring group of Local channels that are optimized away; 105 answers."""
    await _group(at, "0671112602", OPTIMIZED)


async def locals_in_locals(at: Company) -> None:
    """A Local channel that dials Local channels; 105 answers."""
    await _group(at, "0671112603", NESTED)


async def locals_to_voicemail(at: Company) -> None:
    """Nobody of the ring group answers, voicemail does; the client hangs up."""
    client = at.client("0671112604", LOCALS)
    await at.rings("101", "105")
    await asyncio.sleep(15)
    await client.hang_up()
    at.came_in(client, rang=["101", "105"])


async def forwarded_by_the_pbx(at: Company) -> None:
    """107 is forwarded to a mobile, which answers."""
    client = at.client("0671112605", FORWARDED)
    answered = await at.outside_answers(MOBILE)
    await asyncio.sleep(2)
    await client.hang_up()
    fair: Fair = {"answered_by": [None, "107"]}
    at.came_in(client, answered=answered, by=MOBILE, fair=fair)


async def forwarded_by_the_pbx_and_missed(at: Company) -> None:
    """107 is forwarded to a mobile, which does not answer."""
    client = at.client("0671112606", FORWARDED)
    await at.world.rings(MOBILE)
    await client.is_over()
    at.came_in(client)


async def two_telephones(at: Company) -> None:
    """Both telephones of 108 ring, the second answers; chan_sip knows only one of a name."""
    if at.asterisk.technology == SIP:
        return
    client = at.client("0671112607", TWICE)
    await at.rings("108")
    answered = await at.answers(SECOND_OF_108)
    await asyncio.sleep(2)
    await answered.hang_up()
    await client.is_over()
    at.came_in(client, rang=["108"], answered=answered)


async def queue_after_queue(at: Company) -> None:
    """105 rings in one queue, then 101 and 102 in another, where 101 answers."""
    client = at.client("0671112608", TWO_QUEUES)
    await at.rings("105")
    answered = await at.answers("101")
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["105", "101", "102"], answered=answered, queue="520", fair=_QUEUES)


async def queue_after_queue_abandoned(at: Company) -> None:
    """105 rings in one queue, then 101 and 102 in another, where the client gives up."""
    client = at.client("0671112609", TWO_QUEUES)
    await at.rings("105", "101", "102")
    await asyncio.sleep(1)
    await client.hang_up()
    at.came_in(client, rang=["105", "101", "102"], queue="520", fair=_QUEUES)


async def overflow_to_a_mobile(at: Company) -> None:
    """The menu, the queue in which 105 rings in vain, then a mobile, which answers."""
    client, mobile = await _overflow(at, "0671112610")
    await asyncio.sleep(1)
    mobile.answer()
    await asyncio.sleep(2)
    await mobile.hang_up()
    await client.is_over()
    fair: Fair = {"answered_by": [None]}
    at.came_in(client, rang=["105"], answered=mobile, by=MOBILE, queue="520", fair=fair)


async def overflow_missed(at: Company) -> None:
    """The menu, the queue, then a mobile, until the client gives up: missed."""
    client, _ = await _overflow(at, "0671112611")
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["105"], queue="520")


async def disa_to_a_colleague(at: Company) -> None:
    """A colleague calls in from outside and dials 102 by DISA, who answers."""
    client = at.client("0671112612", DISA)
    await client.is_answered()
    await asyncio.sleep(1)
    await client.press("102#")
    answered = await at.answers("102")
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["102"], answered=answered)


async def conference(at: Company) -> None:
    """A client waits in a conference, 101 joins and leaves."""
    client = at.client("0671112613", CONFERENCE)
    await client.is_answered()
    await asyncio.sleep(2)
    joining = at.phones["101"].call("820")
    await joining.is_answered()
    await asyncio.sleep(3)
    await client.hang_up()
    await asyncio.sleep(0.5)
    await joining.hang_up()
    at.came_in(client, answered=joining, fair={"rang": [["101"]]})


async def conference_of_clients(at: Company) -> None:
    """Two clients wait in a conference, nobody joins: both are missed."""
    first = at.client("0671112614", CONFERENCE)
    await asyncio.sleep(1)
    second = at.client("0671112615", CONFERENCE)
    await asyncio.sleep(2)
    await first.hang_up()
    await second.hang_up()
    at.came_in(first)
    at.came_in(second)


async def blind_to_a_queue(at: Company) -> None:
    """101 answers and sends the client to a queue, where 102 answers."""
    client, first = await _answered(at, "0671112616")
    [second, _] = await asyncio.gather(at.answers("102"), first.transfer("500"))
    await asyncio.sleep(2)
    await client.hang_up()
    _moved(at, client, first, second, queue="500", fair={"queue": [None]})


async def attended_before_the_answer(at: Company) -> None:
    """101 connects the client with 102, who still rings, and answers then."""
    client, first = await _answered(at, "0671112617")
    first.hold()
    asking = at.phones["101"].call("102")
    [second] = await at.rings("102", number="101")
    await asyncio.sleep(1)
    await first.transfer_to(asking)
    await asyncio.sleep(1)
    second.answer()
    await asyncio.sleep(2)
    await second.hang_up()
    await client.is_over()
    _moved(at, client, first, second)


async def attended_and_client_gone(at: Company) -> None:
    """101 asks 102 meanwhile, the client hangs up, they talk on."""
    client, first = await _answered(at, "0671112618")
    first.hold()
    asking = at.phones["101"].call("102")
    other = await at.answers("102", number="101")
    await asyncio.sleep(1)
    await client.hang_up()
    await asyncio.sleep(1)
    await asking.hang_up()
    at.came_in(client, rang=["101"], answered=first)
    at.stayed_in(asking, other)


async def into_a_talk(at: Company) -> None:
    """101 talks with 102, answers a client, and connects the client with 102."""
    asking = at.phones["101"].call("102")
    second = await at.answers("102", number="101")
    await asyncio.sleep(1)
    asking.hold()
    client, first = await _answered(at, "0671112619")
    await first.transfer_to(asking)
    await asyncio.sleep(2)
    await client.hang_up()
    numbers = ["101", "102"]
    fair: Fair = {"rang": [["101"]]}
    at.came_in(client, rang=numbers, answered=first, talked=numbers, fair=fair)
    assert second.phone.number == "102"


async def queue_attended(at: Company) -> None:
    """101 answers in a queue, asks 105, connects both and leaves."""
    client = at.client("0671112620", QUEUE)
    first = await at.answers("101", number="0671112620")
    await asyncio.sleep(1)
    first.hold()
    asking = at.phones["101"].call("105")
    second = await at.answers("105", number="101")
    await asyncio.sleep(1)
    await first.transfer_to(asking)
    await asyncio.sleep(2)
    await second.hang_up()
    await client.is_over()
    _from_queue(at, client, first, "105")


async def queue_blind(at: Company) -> None:
    """101 answers in a queue and sends the client to 105, who answers."""
    client = at.client("0671112621", QUEUE)
    first = await at.answers("101", number="0671112621")
    await asyncio.sleep(1)
    [second, _] = await asyncio.gather(at.answers("105"), first.transfer("105"))
    await asyncio.sleep(2)
    await client.hang_up()
    _from_queue(at, client, first, second.phone.number)


async def queue_picked_up(at: Company) -> None:
    """101 and 102 ring in a queue; 105 dials **101 and talks with the client."""
    client = at.client("0671112622", QUEUE)
    await at.rings("101", "102")
    await asyncio.sleep(1)
    taking = at.phones["105"].call("**101")
    await taking.is_answered()
    await asyncio.sleep(2)
    await client.hang_up()
    fair: Fair = {"rang": [["101", "102", "105"]]}
    at.came_in(client, rang=["101", "102"], answered=taking, queue="500", fair=fair)


async def redirected(at: Company) -> None:
    """101 answers; a program sends the client's channel to 102 (AMI Redirect), who answers."""
    client, first = await _answered(at, "0671112623")
    channel = await _channel(at, "provider")
    await at.manager.act(
        "Redirect", Channel=channel, Context="from-internal", Exten="102", Priority="1"
    )
    second = await at.answers("102")
    await asyncio.sleep(2)
    await client.hang_up()
    _moved(at, client, first, second)


async def agent(at: Company) -> None:
    """101 logs in as an agent (*22) and hears music; a queue gives two clients to that telephone,
    the first hangs up, of the second the agent does.
    """
    login = at.phones["101"].call("*22")
    await login.is_answered()
    await asyncio.sleep(1)
    for number in ("0671112624", "0671112625"):
        client = at.client(number, AGENTS)
        async with asyncio.timeout(20):
            while " basic " not in await at.asterisk.command("bridge show all"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        login.answered_at = time.time()
        await asyncio.sleep(2)
        await (client if number.endswith("4") else login).hang_up()
        await client.is_over()
        fair: Fair = {"rang": [["101"], ["1001"]]}
        at.came_in(client, answered=login, queue="530", fair=fair)
        await asyncio.sleep(1)


async def spied_upon(at: Company) -> None:
    """101 talks with a client; 105 listens, and whispers (ChanSpy): that is no call."""
    client, first = await _answered(at, "0671112626")
    spy = at.phones["105"].call("555101")
    await spy.is_answered()
    await asyncio.sleep(2)
    await spy.hang_up()
    await asyncio.sleep(1)
    await first.hang_up()
    await client.is_over()
    at.came_in(client, rang=["101"], answered=first)


async def intercom(at: Company) -> None:
    """101 speaks to 102 over the intercom."""
    call = at.phones["101"].call("*80102")
    other = await at.answers("102", after=0.1)
    await asyncio.sleep(2)
    await call.hang_up()
    at.stayed_in(call, other)


async def strange_name(at: Company) -> None:
    """A client with umlauts, quotes and marks in the name and +380 in the number."""
    client = at.client("+380671112627", ONE, name='Öl \\"Müller\\" & <i>Їжак</i>; SRL')
    answered = await at.answers("101")
    await asyncio.sleep(1)
    await client.hang_up()
    at.came_in(client, rang=["101"], answered=answered)


async def number_with_parameters(at: Company) -> None:
    """A client's number with parameters of its address behind it."""
    client = at.client("0671112628;isub=12", ONE)
    await at.rings("101")
    await asyncio.sleep(1)
    await client.hang_up()
    at.came_in(client, rang=["101"], number="0671112628")


async def early_sound(at: Company) -> None:
    """101 calls a client; an announcement is heard (183) before the client answers."""
    at.world.has_early_sound = True
    call = at.phones["101"].call("0671112629")
    outside = await at.outside_answers("0671112629", after=3)
    at.world.has_early_sound = False
    await asyncio.sleep(2)
    await call.hang_up()
    at.went_out(call, outside)


async def early_sound_in_vain(at: Company) -> None:
    """A program rings 101, then the client: an announcement is heard, 101 gives up."""
    at.world.has_early_sound = True
    began = time.time()
    await _originate(at, f"{at.asterisk.technology}/101", "0671112630")
    call = await at.answers("101")
    outside = await at.world.rings("0671112630")
    at.world.has_early_sound = False
    await asyncio.sleep(2)
    await call.hang_up()
    _clicked(at, call, outside, began, status="cancelled_by_operator")


async def clicked_through_a_lasting_local(at: Company) -> None:
    """A program calls Local/101@from-internal/n, then the client, who answers."""
    began = time.time()
    await _originate(at, "Local/101@from-internal/n", "0671112631")
    call = await at.answers("101")
    outside = await at.outside_answers("0671112631")
    await asyncio.sleep(2)
    await call.hang_up()
    await outside.is_over()
    _clicked(at, call, outside, began, channel="Local/101@")


async def client_first(at: Company) -> None:
    """A program calls the client, who answers, then 101, who answers."""
    began = time.time()
    technology = at.asterisk.technology
    number = "0671112632"
    trunk = f"SIP/provider/{number}" if technology == SIP else f"PJSIP/{number}@provider"
    await _originate(at, trunk, "101")
    outside = await at.outside_answers(number)
    call = await at.answers("101")
    await asyncio.sleep(2)
    await outside.hang_up()
    await call.is_over()
    outside.answered_at = call.answered_at
    _clicked(
        *(at, call, outside, began),
        channel=f"{technology}/provider-",
        fair={"rang": [["101"]]},
        ended_by="callee",
    )


async def dialled_with_a_prefix(at: Company) -> None:
    """101 dials 9 and the client's number, which DIAL_PREFIX takes off later."""
    await _dialled(at, "90671112633", "0671112633")


async def dialled_as_mobiles_do(at: Company) -> None:
    """101 dials +380…"""
    await _dialled(at, "+380671112634", "+380671112634")


async def missed_and_called_back(at: Company) -> None:
    """A client gives up; at once 101 calls back and the client, who rings again, is busy."""
    first = at.client("0671112635", ONE)
    await at.rings("101")
    await asyncio.sleep(1)
    await first.hang_up()
    call = at.phones["101"].call("0671112635")
    again = at.client("0671112635", ONE)
    outside = await at.outside_answers("0671112635", after=0.5)
    [other] = await at.rings("101", number="0671112635")
    await asyncio.sleep(1)
    other.refuse()
    await again.is_over()
    await outside.hang_up()
    await call.is_over()
    at.came_in(first, rang=["101"])
    at.came_in(again, rang=["101"], fair={"ended_by": ["callee"]})
    at.went_out(call, outside)


async def _group(at: Company, number: str, line: str) -> None:
    client = at.client(number, line)
    await at.rings("101")
    answered = await at.answers("105", after=1.5)
    await asyncio.sleep(2)
    await client.hang_up()
    fair: Fair = {"rang": [["101", "105", "610"]]}  # rows name the group within a group
    at.came_in(client, rang=["101", "105"], answered=answered, fair=fair)


async def _overflow(at: Company, number: str) -> tuple[SipCall, SipCall]:
    client = at.client(number, OVERFLOW)
    await client.is_answered()
    await asyncio.sleep(1)
    await client.press("1")
    await at.rings("105")
    return client, await at.world.rings(MOBILE)


async def _answered(at: Company, number: str) -> tuple[SipCall, SipCall]:
    client = at.client(number, ONE)
    answered = await at.answers("101", number=number)
    await asyncio.sleep(1.5)
    return client, answered


def _moved(at: Company, client: SipCall, first: SipCall, second: SipCall, **more: object) -> None:
    numbers = [first.phone.number, second.phone.number]
    at.came_in(client, rang=numbers, answered=first, talked=numbers, **more)  # type: ignore[arg-type]


def _from_queue(at: Company, client: SipCall, first: SipCall, second: str) -> None:
    rang, talked = ["101", "102", second], ["101", second]
    at.came_in(client, rang=rang, answered=first, talked=talked, queue="500")


async def _dialled(at: Company, number: str, called: str) -> None:
    call = at.phones["101"].call(number)
    outside = await at.outside_answers(called)
    await asyncio.sleep(1)
    await call.hang_up()
    at.went_out(call, outside)


async def _originate(at: Company, channel: str, number: str) -> None:
    await at.manager.act(
        "Originate",
        Channel=channel,
        Context="from-internal",
        Exten=number,
        Priority="1",
        CallerID=number,
        Timeout="9000",
        Async="true",
    )


def _clicked(at: Company, call: SipCall, outside: SipCall, began: float, **more: object) -> None:
    number = outside.dialled
    at.went_out(call, outside, from_ring=True, customer=number, linked_at=began, **more)  # type: ignore[arg-type]


async def _channel(at: Company, peer: str) -> str:
    start = f"{at.asterisk.technology}/{peer}-"
    lines = (await at.asterisk.command("core show channels concise")).splitlines()
    [channel] = [line.partition("!")[0] for line in lines if line.startswith(start)]
    return channel


_QUEUES: Fair = {"queue": ["500"]}

PLAYS = (
    *(locals_answered, locals_optimized, locals_in_locals, locals_to_voicemail),
    *(forwarded_by_the_pbx, forwarded_by_the_pbx_and_missed, two_telephones),
    *(queue_after_queue, queue_after_queue_abandoned, overflow_to_a_mobile, overflow_missed),
    *(disa_to_a_colleague, conference, conference_of_clients, blind_to_a_queue),
    *(attended_before_the_answer, attended_and_client_gone, into_a_talk),
    *(queue_attended, queue_blind, queue_picked_up, redirected, agent, spied_upon, intercom),
    *(strange_name, number_with_parameters, early_sound, early_sound_in_vain),
    *(clicked_through_a_lasting_local, client_first, dialled_with_a_prefix),
    *(dialled_as_mobiles_do, missed_and_called_back),
)
