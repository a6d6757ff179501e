"""What goes on after the press that began it was answered: files that are read, or made.

Few such works are done at a time, so that they do not take the database and the processor
together; the others wait in line.
"""

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

_FINISH_SECONDS = 5.0


class Background:
    """`async with`: leaving it waits a little for what is under way, then cancels it."""

    def __init__(self, *, at_once: int = 1) -> None:
        self._tasks: dict[asyncio.Task[None], object] = {}
        self._turn = asyncio.Semaphore(at_once)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_FINISH_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def is_under_way(self, key: object) -> bool:
        """Whether something was begun under this key and has not ended."""
        return key in self._tasks.values()

    def start(self, key: object, work: Coroutine[Any, Any, None]) -> None:
        """Do it when its turn comes."""
        task = asyncio.get_running_loop().create_task(self._do(work))
        self._tasks[task] = key
        task.add_done_callback(self._end)
        task.add_done_callback(lambda _: work.close())  # it may have ended before its beginning

    def cancel(self, key: object) -> bool:
        """Do no more of what was begun under this key. False: it has ended."""
        tasks = [task for task, its_key in self._tasks.items() if its_key == key]
        for task in tasks:
            task.cancel()
        return bool(tasks)

    async def _do(self, work: Coroutine[Any, Any, None]) -> None:
        async with self._turn:
            await work

    def _end(self, task: asyncio.Task[None]) -> None:
        del self._tasks[task]
        if not task.cancelled() and (error := task.exception()):
            task.get_loop().call_exception_handler(
                {"message": "work in the background failed", "exception": error}
            )
