"""The timer: a tick under way has the database until it is done."""

import asyncio

from bot.jobs.timer import start_timer


async def test_the_timer_ends_only_when_the_tick_under_way_has() -> None:
    begun, gate, done = asyncio.Event(), asyncio.Event(), False

    async def job() -> None:
        nonlocal done
        begun.set()
        await gate.wait()
        done = True

    async with start_timer() as timer:
        timer.every(0.01, job)
        await begun.wait()
        asyncio.get_running_loop().call_later(0.05, gate.set)
    assert done


async def test_a_tick_that_fails_is_tried_again() -> None:
    tried, again = 0, asyncio.Event()

    async def job() -> None:
        nonlocal tried
        tried += 1
        if tried == 1:
            raise RuntimeError("the first time")
        again.set()

    async with asyncio.timeout(10), start_timer() as timer:
        timer.every(0.01, job)
        await again.wait()
