"""Turns: who is next, and whom a slow host holds up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.media.turns import AT_ONCE, OF_HOST, Turns


class Asking:
    """People who ask for turns, and in which order they get them."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self.given: list[str] = []
        self._tasks = tasks
        self._turns = Turns()
        self._fetched: dict[str, Callable[[], None]] = {}
        self._ends: dict[str, asyncio.Event] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def ask(self, person: int, host: str, name: str) -> None:
        self._running[name] = self._tasks.create_task(self._hold(person, host, name))
        await self._settle()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await self._settle()

    async def fetched(self, name: str) -> None:
        self._fetched[name]()
        await self._settle()

    async def give_up(self, name: str) -> None:
        self._running[name].cancel()
        await self._settle()

    async def _hold(self, person: int, host: str, name: str) -> None:
        self._ends[name] = asyncio.Event()
        async with self._turns.turn(person, host) as self._fetched[name]:
            self.given.append(name)
            await self._ends[name].wait()

    async def _settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    def end_all(self) -> None:
        for task in self._running.values():
            task.cancel()


@asynccontextmanager
async def asking() -> AsyncIterator[Asking]:
    async with asyncio.TaskGroup() as tasks:
        people = Asking(tasks)
        yield people
        people.end_all()


async def test_who_asks_for_many_keeps_nobody_waiting() -> None:
    async with asking() as people:
        for number in range(AT_ONCE * 2):
            await people.ask(1, f"host{number}", f"greedy{number}")
        await people.ask(2, "host0", "other")
        assert people.given == ["greedy0", "other"]
        await people.end("greedy0")
        assert people.given == ["greedy0", "other", "greedy1"]


async def test_a_free_turn_goes_to_who_has_had_none_for_longest() -> None:
    async with asking() as people:
        for person in range(OF_HOST):
            await people.ask(person, "pbx", f"first{person}")
        await people.ask(0, "pbx", "again")
        await people.ask(7, "pbx", "new")
        await people.end("first0")
        assert people.given[OF_HOST:] == ["new"]
        await people.end("new")
        assert people.given[OF_HOST:] == ["new", "again"]


async def test_a_slow_host_holds_up_its_own_alone() -> None:
    async with asking() as people:
        for person in range(AT_ONCE + 1):
            await people.ask(person, "slow", f"slow{person}")
        assert len(people.given) == OF_HOST
        for number in range(AT_ONCE + 1):
            await people.ask(100 + number, f"host{number}", f"quick{number}")
        assert len(people.given) == AT_ONCE
        await people.end("slow0")
        assert len(people.given) == AT_ONCE + 1


async def test_what_is_fetched_holds_up_its_host_no_more() -> None:
    async with asking() as people:
        for person in range(OF_HOST + 1):
            await people.ask(person, "pbx", f"call{person}")
        await people.fetched("call0")
        await people.ask(0, "elsewhere", "second")
        assert people.given[OF_HOST:] == [f"call{OF_HOST}"]


async def test_who_gives_up_waiting_or_fetching_leaves_no_turn_taken() -> None:
    async with asking() as people:
        for person in range(OF_HOST + 2):
            await people.ask(person, "pbx", f"call{person}")
        await people.give_up(f"call{OF_HOST}")
        await people.give_up("call0")
        assert people.given[OF_HOST:] == [f"call{OF_HOST + 1}"]
