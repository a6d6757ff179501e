"""Clients call people: answered or not, one telephone or several."""

import asyncio

from tests.lab.company import MOBILE, Company, Fair
from tests.lab.phones import BUSY, DECLINED

ONE, TWO, OFF, FORWARDING, FOLLOWING = (f"044555010{n}" for n in (1, 2, 3, 4, 6))
GROUP, HUNT, GROUP_WITH_MOBILE, CONGESTED = (f"0445550{n}" for n in (600, 601, 602, 900))


async def client_hangs_up(at: Company) -> None:
    """101 answers; the client, whose name is no plain text, hangs up."""
    client = at.client("0671112001", ONE, name="Ганна <b>& Co</b>")
    answered = await at.answers("101", after=1.5)
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["101"], answered=answered, customer_name="Ганна <b>& Co</b>")


async def employee_hangs_up(at: Company) -> None:
    """101 answers and hangs up."""
    client = at.client("0671112002", ONE)
    answered = await at.answers("101")
    await asyncio.sleep(2)
    await answered.hang_up()
    await client.is_over()
    at.came_in(client, rang=["101"], answered=answered)


async def client_gives_up(at: Company) -> None:
    """102 rings until the client gives up."""
    client = at.client("0671112003", TWO)
    await at.rings("102")
    await asyncio.sleep(3)
    await client.hang_up()
    at.came_in(client, rang=["102"])


async def nobody_answers(at: Company) -> None:
    """102 rings until Asterisk gives up, eight seconds."""
    client = at.client("0671112004", TWO)
    await client.is_over()
    at.came_in(client, rang=["102"])


async def busy(at: Company) -> None:
    """102 is busy."""
    at.phones["102"].refuses = BUSY
    client = at.client("0671112005", TWO)
    await client.is_over()
    at.phones["102"].refuses = 0
    at.came_in(client, rang=["102"])


async def declined(at: Company) -> None:
    """The employee at 102 refuses the call."""
    client = at.client("0671112006", TWO)
    [call] = await at.rings("102")
    await asyncio.sleep(1)
    call.refuse(DECLINED)
    await client.is_over()
    at.came_in(client, rang=["102"], fair={"ended_by": ["callee"]})


async def not_registered(at: Company) -> None:
    """The telephone 103 is off: it never rang."""
    client = at.client("0671112007", OFF)
    await client.is_over()
    at.came_in(client, status="missed_offline", fair={"status": ["missed"], "rang": [["103"]]})


async def congested(at: Company) -> None:
    """The dial plan says congestion, without dialling anybody."""
    client = at.client("0671112008", CONGESTED)
    await client.is_over()
    fair = {"status": ["missed"], "ended_by": ["caller"]}
    at.came_in(client, status="no_channels", fair=fair)


async def hidden_and_missed(at: Company) -> None:
    """A client without a number gives up."""
    client = at.client("", ONE, is_hidden=True)
    await at.rings("101")
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["101"], number=None)


async def hidden_and_answered(at: Company) -> None:
    """A client without a number talks with 102."""
    client = at.client("", TWO, is_hidden=True)
    answered = await at.answers("102")
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["102"], answered=answered, number=None)


async def rings_again_at_once(at: Company) -> None:
    """A client gives up, rings again at once and is answered: two calls."""
    first = at.client("0671112009", ONE)
    await at.rings("101")
    await asyncio.sleep(2)
    await first.hang_up()
    second = at.client("0671112009", ONE)
    at.came_in(first, rang=["101"])
    answered = await at.answers("101")
    await asyncio.sleep(1.5)
    await second.hang_up()
    at.came_in(second, rang=["101"], answered=answered)


async def while_talking(at: Company) -> None:
    """101 talks with one client while another rings there and gives up."""
    first = at.client("0671112010", ONE)
    answered = await at.answers("101", number="0671112010")
    second = at.client("0671112011", ONE)
    await at.rings("101", number="0671112011")
    await asyncio.sleep(2)
    await second.hang_up()
    at.came_in(second, rang=["101"])
    await asyncio.sleep(1)
    await answered.hang_up()
    await first.is_over()
    at.came_in(first, rang=["101"], answered=answered)


async def held(at: Company) -> None:
    """101 puts the client on hold, and takes the client back."""
    client = at.client("0671112012", ONE)
    answered = await at.answers("101")
    await asyncio.sleep(1)
    answered.hold()
    await asyncio.sleep(2)
    answered.take_back()
    await asyncio.sleep(1)
    await client.hang_up()
    at.came_in(client, rang=["101"], answered=answered)


async def group_answered(at: Company) -> None:
    """101 and 105 ring, 105 answers."""
    client = at.client("0671112013", GROUP)
    await at.rings("101")
    answered = await at.answers("105", after=2)
    await asyncio.sleep(2)
    await answered.hang_up()
    await client.is_over()
    at.came_in(client, rang=["101", "105"], answered=answered)


async def hunt_answered(at: Company) -> None:
    """101, then 102, then 105 ring, three seconds each; 105 answers."""
    client = at.client("0671112014", HUNT)
    await at.rings("101", "102")
    answered = await at.answers("105")
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["101", "102", "105"], answered=answered)


async def hunt_abandoned(at: Company) -> None:
    """101, then 102 ring; the client gives up."""
    client = at.client("0671112015", HUNT)
    await at.rings("101", "102")
    await asyncio.sleep(1)
    await client.hang_up()
    at.came_in(client, rang=["101", "102"])


async def group_with_a_mobile(at: Company) -> None:
    """101 and a colleague's mobile ring, the mobile answers."""
    client = at.client("0671112016", GROUP_WITH_MOBILE)
    await at.rings("101")
    answered = await at.outside_answers(MOBILE, after=2)
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["101"], answered=answered, by=MOBILE, fair=_MOBILE)


async def followed(at: Company) -> None:
    """106 is 101, then 102, then a mobile, one after another; the mobile answers."""
    client = at.client("0671112017", FOLLOWING)
    await at.rings("101", "102")
    answered = await at.outside_answers(MOBILE)
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["101", "102"], answered=answered, by=MOBILE, fair=_MOBILE)


async def forwarded(at: Company) -> None:
    """The telephone 104 answers that it has moved to a mobile (302), which answers."""
    client = at.client("0671112018", FORWARDING)
    answered = await at.outside_answers(MOBILE)
    await asyncio.sleep(2)
    await answered.hang_up()
    await client.is_over()
    at.came_in(client, rang=["104"], answered=answered, by=MOBILE, fair=_FORWARDED)


async def forwarded_and_missed(at: Company) -> None:
    """104 has moved to a mobile, which rings until the client gives up."""
    client = at.client("0671112019", FORWARDING)
    await at.world.rings(MOBILE)
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["104"])


_MOBILE: Fair = {"answered_by": [None]}
_FORWARDED: Fair = {"answered_by": [None, "104"]}

PLAYS = (
    *(client_hangs_up, employee_hangs_up, client_gives_up, nobody_answers, busy, declined),
    *(not_registered, congested, hidden_and_missed, hidden_and_answered, rings_again_at_once),
    *(while_talking, held, group_answered, hunt_answered, hunt_abandoned, group_with_a_mobile),
    *(followed, forwarded, forwarded_and_missed),
)
