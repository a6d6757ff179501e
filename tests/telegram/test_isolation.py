"""What holds up the updates of a person: one lock in all chats, kept while somebody needs it."""

import asyncio
import tracemalloc

from aiogram import Dispatcher
from aiogram.fsm.storage.base import StorageKey

from bot.telegram.isolation import PersonIsolation
from storage.engine.base import Database

PEOPLE = 10_000


def key(person: int, chat: int) -> StorageKey:
    return StorageKey(bot_id=1, chat_id=chat, user_id=person)


async def test_a_person_is_held_up_in_all_chats_and_nobody_else(dispatcher: Dispatcher) -> None:
    isolation = dispatcher.fsm.events_isolation
    assert isinstance(isolation, PersonIsolation)
    order: list[str] = []

    async def do(what: str, person: int, chat: int) -> None:
        async with isolation.lock(key(person, chat)):
            order.append(what)
            await asyncio.sleep(0)
            order.append(what)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(do("own", 7, 7))
        tasks.create_task(do("group", 7, -100))
        tasks.create_task(do("other", 8, -100))
    assert [what for what in order if what != "other"] == ["own", "own", "group", "group"]
    assert order.index("other") == 1


async def test_one_who_gives_up_waiting_lets_nobody_in_beside_the_one_inside(
    database: Database,
) -> None:
    isolation = PersonIsolation(database)
    order: list[str] = []

    async def do(what: str) -> None:
        async with isolation.lock(key(7, 7)):
            order.append(what)

    async with asyncio.TaskGroup() as tasks, isolation.lock(key(7, 7)):
        waiting = tasks.create_task(do("gave up"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        tasks.create_task(do("next"))
        await asyncio.sleep(0)
        order.append("first")
    assert order == ["first", "next"]


async def test_people_who_are_done_take_no_memory(database: Database) -> None:
    isolation = PersonIsolation(database)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for person in range(PEOPLE):
            async with isolation.lock(key(person, person)):
                pass
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < PEOPLE
