"""What one process does for all, when its database comes and goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.domain.errors import AwayError
from bot.jobs import leading
from bot.jobs.leading import Leading
from storage.leases import SoleLease


async def test_a_database_that_goes_away_at_the_beginning_ends_no_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(leading, "_AGAIN_SECONDS", 0.01)
    begun, is_led = 0, asyncio.Event()

    @asynccontextmanager
    async def led() -> AsyncIterator[None]:
        nonlocal begun
        begun += 1
        if begun == 1:
            raise AwayError("no connection")
        is_led.set()
        yield

    worker = Leading(SoleLease(), led)
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run())
        await is_led.wait()
        assert worker.is_leader
        worker.stop()
    assert begun == 2
