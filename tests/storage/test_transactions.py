"""What a transaction asks goes to the database together."""

import pytest

from bot.domain.errors import StorageError
from storage.counters import Ids
from storage.engine.base import Database

NOTE = "INSERT INTO flaws (source, flaw, count, last_at) VALUES ('office', ?, 1, 0)"
COUNT = "SELECT count(*) AS n FROM flaws"


async def test_all_that_is_asked_comes_in_one_trip_and_in_order(database: Database) -> None:
    before = database.trips
    async with database.transaction() as tx:
        none = tx.ask(COUNT)
        tx.write(NOTE, ("a",))
        one = tx.ask(COUNT)
        tx.write_many(NOTE, [("b",), ("c",)])
        three = await tx.ask(COUNT)
        answers = [await none, await one, three]
        assert [row["n"] for [row] in answers] == [0, 1, 3]
        assert database.trips == before + 1
        tx.ask(f"{NOTE} RETURNING count", ("d",))
    assert database.trips == before + 2
    assert await database.count(COUNT) == 4


async def test_what_is_refused_of_it_undoes_all(database: Database) -> None:
    async def refused() -> None:
        async with database.transaction() as tx:
            tx.write(NOTE, ("a",))
            tx.ask("SELECT nothing FROM nowhere")
            await tx.ask(COUNT)

    with pytest.raises(StorageError):
        await refused()
    assert await database.count(COUNT) == 0


async def test_ids_are_given_once(database: Database) -> None:
    given: list[int] = []
    for _ in range(2):
        async with database.transaction() as tx:
            ids = Ids(tx, "calls")
            given += [*await ids.take(2), *await ids.take(1)]
    assert given == [1, 2, 3, 4, 5, 6]
