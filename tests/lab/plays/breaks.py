"""What befalls the connection: we come in the middle of calls, and Asterisk restarts in it."""

import asyncio

from tests.lab.company import Company
from tests.lab.manager import Recording, recorded
from tests.lab.plays.incoming import ONE, TWO
from tests.lab.plays.machines import QUEUE

_AFTER = 2.0


async def midway(at: Company) -> Recording:
    """Connect while 101 talks with one client, 102 rings for another and a third is in a queue."""
    at.play = "breaks.midway"
    first = at.client("0671112501", ONE)
    talking = await at.answers("101", number="0671112501")
    second = at.client("0671112502", TWO)
    await at.rings("102", number="0671112502")
    third = at.client("0671112503", QUEUE)
    await at.rings("101", "102", number="0671112503")
    call = at.phones["105"].call("0671112504")
    outside = await at.outside_answers("0671112504")
    await asyncio.sleep(1)
    async with recorded(at.asterisk.host) as recording:
        await asyncio.sleep(1.5)
        await second.hang_up()
        at.came_in(second, rang=["102"])
        await talking.hang_up()
        await first.is_over()
        at.came_in(first, rang=["101"], answered=talking)
        answered = await at.answers("102", number="")
        await asyncio.sleep(2)
        await answered.hang_up()
        await third.is_over()
        at.came_in(third, rang=["101", "102"], answered=answered, queue="500")
        await outside.hang_up()
        await call.is_over()
        at.went_out(call, outside)
        await asyncio.sleep(_AFTER)
    return recording


async def restarted(at: Company) -> list[Recording]:
    """`core restart now` while 101 talks, 102 rings and 105 talks outside; then one more call."""
    at.play = "breaks.restarted"
    async with recorded(at.asterisk.host) as before:
        first = at.client("0671112511", ONE)
        talking = await at.answers("101", number="0671112511")
        second = at.client("0671112512", TWO)
        await at.rings("102", number="0671112512")
        call = at.phones["105"].call("0671112513")
        outside = await at.outside_answers("0671112513")
        await asyncio.sleep(2)
        await at.asterisk.command("core restart now")
        async with asyncio.timeout(20):
            await before.is_closed.wait()
    for one in (first, second, call):  # whether Asterisk said goodbye or not: it is over
        one.cut_off()
    at.came_in(first, rang=["101"], answered=talking, ended_by="system", fair=_TALKED)
    at.came_in(second, rang=["102"], ended_by="system")
    at.went_out(call, outside, ended_by="system", fair=_TALKED)
    await at.asterisk.is_up()
    async with recorded(at.asterisk.host) as after:
        await asyncio.sleep(1)
        at.phones["101"].forget()
        last = at.client("0671112514", ONE)
        answered = await at.answers("101", number="0671112514")
        await asyncio.sleep(2)
        await last.hang_up()
        fair = {"line": [None]}  # of who listens again only when it has begun
        at.came_in(last, rang=["101"], answered=answered, fair=fair)
        await asyncio.sleep(_AFTER)
    return [before, after]


_TALKED = {"status": ["network_error"]}
