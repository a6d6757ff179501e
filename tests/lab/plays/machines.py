"""Clients call queues, menus and announcements, which answer before a person does."""

import asyncio

from tests.lab.company import Company
from tests.lab.phones import DECLINED

QUEUE, SHORT_QUEUE, MENU, ANNOUNCEMENT = (f"0445550{n}" for n in (500, 510, 700, 800))


async def queue_answered(at: Company) -> None:
    """101 and 102 ring in the queue, 102 answers."""
    client = at.client("0671112101", QUEUE)
    await at.rings("101")
    answered = await at.answers("102", after=2)
    await asyncio.sleep(2)
    await answered.hang_up()
    await client.is_over()
    at.came_in(client, rang=["101", "102"], answered=answered, queue="500")


async def queue_answered_after_a_refusal(at: Company) -> None:
    """101 refuses, 102 answers; the client hangs up."""
    client = at.client("0671112102", QUEUE)
    [first] = await at.rings("101")
    await asyncio.sleep(1)
    first.refuse(DECLINED)
    answered = await at.answers("102")
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["101", "102"], answered=answered, queue="500")


async def queue_abandoned(at: Company) -> None:
    """The client leaves the queue."""
    client = at.client("0671112103", QUEUE)
    await at.rings("101", "102")
    await asyncio.sleep(3)
    await client.hang_up()
    at.came_in(client, rang=["101", "102"], queue="500")


async def queue_to_voicemail(at: Company) -> None:
    """102, then 105 ring in the queue; after eight seconds voicemail answers the client."""
    client = at.client("0671112104", SHORT_QUEUE)
    await at.rings("102", "105")
    await asyncio.sleep(10)
    await client.hang_up()
    at.came_in(client, rang=["102", "105"], queue="510")


async def menu_abandoned(at: Company) -> None:
    """The client hangs up in the menu."""
    client = at.client("0671112105", MENU)
    await client.is_answered()
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client)


async def menu_then_group(at: Company) -> None:
    """The client presses 1: 101 and 105 ring, 101 answers."""
    client = at.client("0671112106", MENU)
    await client.is_answered()
    await asyncio.sleep(1)
    await client.press("1")
    await at.rings("105")
    answered = await at.answers("101", after=1.5)
    await asyncio.sleep(2)
    await answered.hang_up()
    await client.is_over()
    at.came_in(client, rang=["101", "105"], answered=answered)


async def menu_then_queue(at: Company) -> None:
    """The client presses 9, which is nothing, then 2: the queue, where 101 answers."""
    client = at.client("0671112107", MENU)
    await client.is_answered()
    await asyncio.sleep(1)
    await client.press("9")
    await asyncio.sleep(6)
    await client.press("2")
    await at.rings("102")
    answered = await at.answers("101", after=1.5)
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["101", "102"], answered=answered, queue="500")


async def menu_then_group_abandoned(at: Company) -> None:
    """The client presses 1, and gives up while 101 and 105 ring."""
    client = at.client("0671112108", MENU)
    await client.is_answered()
    await client.press("1")
    await at.rings("101", "105")
    await asyncio.sleep(2)
    await client.hang_up()
    at.came_in(client, rang=["101", "105"])


async def menu_timed_out(at: Company) -> None:
    """The client presses nothing; the menu says goodbye and hangs up."""
    client = at.client("0671112109", MENU)
    await client.is_over(seconds=30)
    at.came_in(client)


async def announcement(at: Company) -> None:
    """An announcement is read to the client, then Asterisk hangs up."""
    client = at.client("0671112110", ANNOUNCEMENT)
    await client.is_over(seconds=30)
    at.came_in(client)


async def announcement_abandoned(at: Company) -> None:
    """The client hangs up while an announcement is read."""
    client = at.client("0671112111", ANNOUNCEMENT)
    await client.is_answered()
    await asyncio.sleep(1.5)
    await client.hang_up()
    at.came_in(client)


PLAYS = (
    *(queue_answered, queue_answered_after_a_refusal, queue_abandoned, queue_to_voicemail),
    *(menu_abandoned, menu_then_group, menu_then_queue, menu_then_group_abandoned),
    *(menu_timed_out, announcement, announcement_abandoned),
)
