"""The manager interface (AMI) of the laboratory's Asterisk: recordings of it, and commands."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from tests.lab.asterisk import AMI_PORT, SECRET, USER

ENTRIES = "\r\n\r\n"


@dataclass(slots=True)
class Recording:
    """All bytes of one connection. `arrivals`: up to which byte all had come, and when."""

    data: bytearray = field(default_factory=bytearray)
    arrivals: list[tuple[int, float]] = field(default_factory=list)
    is_closed: asyncio.Event = field(default_factory=asyncio.Event)

    def entries(self) -> Iterator[tuple[float, Mapping[str, str]]]:
        """Its events and answers, each with the moment at which it was whole."""
        place, arrivals = 0, iter(self.arrivals)
        until, at = next(arrivals)
        for text in self.data.decode(errors="replace").split(ENTRIES)[:-1]:
            place += len(text.encode()) + len(ENTRIES)
            while until < place:
                until, at = next(arrivals)
            yield at, read_entry(text)


def read_entry(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.split("\r\n") if ":" in line)
    return {name: value.strip() for name, _, value in pairs}


@asynccontextmanager
async def recorded(host: str) -> AsyncIterator[Recording]:
    """Record a connection: login, which channels there are, then whatever happens."""
    reader, writer = await asyncio.open_connection(host, AMI_PORT)
    recording = Recording()

    async def record() -> None:
        while data := await reader.read(1 << 16):
            recording.data += data
            recording.arrivals.append((len(recording.data), round(time.time(), 3)))
        recording.is_closed.set()

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(record())
        writer.write(_action("Login", "lab-login", Username=USER, Secret=SECRET, Events="on"))
        writer.write(_action("CoreShowChannels", "lab-channels"))
        while b"CoreShowChannelsComplete" not in recording.data:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        try:
            yield recording
        finally:
            task.cancel()
            writer.close()


class Manager:
    """A connection that gives commands and hears no events."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._ids = itertools.count(1)

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(self._host, AMI_PORT)
        await self._reader.readuntil(b"\r\n")
        await self.act("Login", Username="hand", Secret=SECRET, Events="off")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def act(self, name: str, **fields: str) -> Mapping[str, str]:
        """Its answer, which must be a success."""
        action_id = fields.pop("ActionID", f"hand-{next(self._ids)}")
        self._writer.write(_action(name, action_id, **fields))
        answer = read_entry((await self._reader.readuntil(ENTRIES.encode())).decode())
        assert answer.get("Response") == "Success", (name, answer)
        return answer


def _action(name: str, action_id: str, **fields: str) -> bytes:
    lines = [f"Action: {name}", f"ActionID: {action_id}"]
    lines += [f"{key}: {value}" for key, value in fields.items()]
    return ("\r\n".join(lines) + ENTRIES).encode()
