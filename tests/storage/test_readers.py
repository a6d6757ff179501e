"""Who reads for long holds up nobody."""

import asyncio

from storage.engine.base import Database

_LONG = (
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000) "
    "SELECT count(*) FROM n"
)
"""As statistics over years are: a second and more of work."""


async def test_long_statistics_hold_up_neither_readers_nor_writers(database: Database) -> None:
    async with asyncio.TaskGroup() as tasks:
        statistics = [tasks.create_task(database.count(_LONG)) for _ in range(2)]
        for number in range(20):
            await database.fetch_each(("SELECT 1", ()), ("SELECT count(*) FROM calls", ()))
            async with database.transaction() as tx:
                tx.write("INSERT INTO counters (name, value) VALUES (?, 1)", (f"n{number}",))
        assert not any(one.done() for one in statistics)
    assert [one.result() for one in statistics] == [4_000_000] * 2
