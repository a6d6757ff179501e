"""Many calls at once, and calls during which Asterisk is told to do something else."""

import asyncio

from tests.lab.company import Company
from tests.lab.plays.incoming import GROUP, ONE, TWO
from tests.lab.plays.machines import MENU, QUEUE


async def reloaded(at: Company) -> None:
    """Asterisk reads its configuration anew while 101 talks with a client."""
    client = at.client("0671112401", ONE)
    answered = await at.answers("101")
    await asyncio.sleep(1)
    await at.asterisk.command("core reload")
    await asyncio.sleep(3)
    await client.hang_up()
    at.came_in(client, rang=["101"], answered=answered)


async def ten_at_once(at: Company) -> None:
    """Five clients call people and a group, two a queue, one a menu; two employees call out."""
    await asyncio.gather(
        _answered(at, "0671112411", ONE, "101"),
        _answered(at, "0671112412", ONE, "101"),
        _answered(at, "0671112413", TWO, "102"),
        _given_up(at, "0671112414", TWO, "102"),
        _group(at, "0671112415"),
        _queue(at, "0671112416"),
        _queue_abandoned(at, "0671112417"),
        _menu(at, "0671112418"),
        _out(at, "105", "0671112419"),
        _out(at, "104", "0671112420"),
    )


async def _answered(at: Company, number: str, line: str, extension: str) -> None:
    client = at.client(number, line)
    answered = await at.answers(extension, number=number, after=1.5)
    await client.is_answered()
    await asyncio.sleep(3)
    await client.hang_up()
    at.came_in(client, rang=[extension], answered=answered)


async def _given_up(at: Company, number: str, line: str, extension: str) -> None:
    client = at.client(number, line)
    await at.rings(extension, number=number)
    await asyncio.sleep(4)
    await client.hang_up()
    at.came_in(client, rang=[extension])


async def _group(at: Company, number: str) -> None:
    client = at.client(number, GROUP)
    await at.rings("101", number=number)
    answered = await at.answers("105", number=number, after=2)
    await asyncio.sleep(3)
    await answered.hang_up()
    await client.is_over()
    at.came_in(client, rang=["101", "105"], answered=answered)


async def _queue(at: Company, number: str) -> None:
    client = at.client(number, QUEUE)
    await at.rings("101", number=number)
    answered = await at.answers("102", number=number, after=2)
    await asyncio.sleep(3)
    await answered.hang_up()
    await client.is_over()
    at.came_in(client, rang=["101", "102"], answered=answered, queue="500")


async def _queue_abandoned(at: Company, number: str) -> None:
    client = at.client(number, QUEUE)
    await at.rings("101", "102", number=number)
    await asyncio.sleep(3)
    await client.hang_up()
    at.came_in(client, rang=["101", "102"], queue="500")


async def _menu(at: Company, number: str) -> None:
    client = at.client(number, MENU)
    await client.is_answered()
    await asyncio.sleep(3)
    await client.hang_up()
    at.came_in(client)


async def _out(at: Company, extension: str, number: str) -> None:
    call = at.phones[extension].call(number)
    outside = await at.outside_answers(number, after=2)
    await asyncio.sleep(3)
    await outside.hang_up()
    await call.is_over()
    at.went_out(call, outside)


PLAYS = (ten_at_once, reloaded)
