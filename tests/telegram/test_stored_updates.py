"""Updates that wait in the database: a row goes when its update is done, whatever is slow."""

import asyncio
from collections.abc import Mapping
from typing import Any

from bot.telegram.stored_updates import StoredUpdates
from storage.engine.base import Database
from storage.waiting_updates import WaitingUpdateRepo


class SlowRepo(WaitingUpdateRepo):
    """A row gets to the database when the test says so, as by a connection that is yet to open."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.may_add = asyncio.Event()

    async def add(self, bodies: Mapping[int, Any]) -> None:
        await self.may_add.wait()
        await super().add(bodies)


async def test_an_update_done_before_its_row_is_there_leaves_none(database: Database) -> None:
    repo = SlowRepo(database)
    stored = StoredUpdates(repo)
    done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        forgetting = tasks.create_task(stored.run())
        storing = tasks.create_task(stored.store({7: ({"update_id": 7}, done)}))
        await asyncio.sleep(0)
        done.set_result(None)
        while 7 in stored and not storing.done():
            # what is done would be forgotten now, were there no order
            await asyncio.wait([storing], timeout=0.05)
            repo.may_add.set()
        await storing
        while 7 in stored:  # noqa: ASYNC110 - it is forgotten in a task of its own
            await asyncio.sleep(0.01)
        forgetting.cancel()
    assert await repo.list_all() == {}
