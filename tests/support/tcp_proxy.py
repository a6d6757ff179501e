"""A network between a program and a server: late, or cut for a while without a word.

`python -m tests.support.tcp_proxy HOST PORT SECONDS` is one in a process of its own: it prints its
port, and ends when its input does.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.support.places import ROOT

_BLOCK = 2**16


class TcpProxy:
    """`delay`: seconds that each way to the server takes longer; the way back takes none more."""

    def __init__(self, host: str, port: int, *, delay: float = 0.0) -> None:
        self._to = host, port
        self._delay = delay
        self._whole = asyncio.Event()
        self._whole.set()
        self._pumping: set[asyncio.Task[None]] = set()
        self.port = 0

    def cut(self) -> None:
        """Hold all that is sent, either way; whoever connects is heard by nobody."""
        self._whole.clear()

    def mend(self) -> None:
        self._whole.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["TcpProxy"]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._pumping:
                task.cancel()
            await asyncio.gather(*self._pumping, return_exceptions=True)

    async def _connected(self, near: asyncio.StreamReader, to_near: asyncio.StreamWriter) -> None:
        if connecting := asyncio.current_task():
            self._pumping.add(connecting)
            connecting.add_done_callback(self._pumping.discard)
        try:
            await self._whole.wait()
            far, to_far = await asyncio.open_connection(*self._to)
        except (OSError, asyncio.CancelledError):
            to_near.close()
            return
        for reader, writer, delay in ((near, to_far, self._delay), (far, to_near, 0.0)):
            task = asyncio.get_running_loop().create_task(self._pump(reader, writer, delay))
            self._pumping.add(task)
            task.add_done_callback(self._pumping.discard)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float
    ) -> None:
        now = asyncio.get_running_loop().time
        on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

        async def deliver() -> None:
            while True:
                due, block = await on_the_way.get()
                if due > now():
                    await asyncio.sleep(due - now())
                await self._whole.wait()
                if not block:
                    return
                writer.write(block)
                await writer.drain()

        delivering = asyncio.get_running_loop().create_task(deliver())
        try:
            with suppress(OSError):
                block = b"begin"
                while block:
                    block = await reader.read(_BLOCK)
                    on_the_way.put_nowait((now() + delay, block))
                await delivering
        finally:
            delivering.cancel()
            writer.close()


@asynccontextmanager
async def delayed(port: int, delay: float) -> AsyncIterator[int]:
    """A port of this computer behind which is that one, so many seconds away; a process of its
    own, which is not as busy as this one may be."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__, "127.0.0.1", str(port), str(delay)),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.stdin.close()
        await process.wait()


async def _main() -> None:
    host, port, delay = sys.argv[1:]
    async with TcpProxy(host, int(port), delay=float(delay)).running() as proxy:
        print(proxy.port, flush=True)  # noqa: T201 - whoever started it reads this
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_main())
