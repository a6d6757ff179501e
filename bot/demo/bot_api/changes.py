"""Waiting until something on the server has changed."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

Awaited = TypeVar("Awaited")

DEFAULT_TIMEOUT = 5.0


class Changes:
    """Whoever changes what others may wait for calls `notify`; whoever waits calls `until`."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def notify(self) -> None:
        """Wake all who wait in `until`, to look again."""
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def until(
        self,
        find: Callable[[], Awaited | None],
        *,
        timeout: float,  # noqa: ASYNC109 - a test's deadline
        failure: Callable[[], str],
    ) -> Awaited:
        """What `find` returns once it is not None; asked now and after each change.

        Raises TimeoutError, in the words of `failure`, after `timeout` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                while (value := find()) is None:
                    await self._changed.wait()
                return value
        except TimeoutError:
            raise TimeoutError(failure()) from None
