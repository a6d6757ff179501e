"""What holds up the updates of a person: one lock in all chats, none that nobody needs."""

import asyncio

from aiogram import Dispatcher
from aiogram.fsm.storage.base import StorageKey

from bot.telegram.isolation import PersonIsolation


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
    assert isolation.held == 0


async def test_a_lock_outlives_one_who_gave_up_waiting() -> None:
    isolation = PersonIsolation()
    async with isolation.lock(key(7, 7)):
        waiting = asyncio.ensure_future(isolation.lock(key(7, 7)).__aenter__())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert isolation.held == 1
    assert isolation.held == 0
