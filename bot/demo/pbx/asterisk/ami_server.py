"""The manager interface of an Asterisk on loopback: who logs in hears all that is said.

As `main/manager.c` has it: a line to greet, a challenge, a login with its MD5, actions that are
answered under their ActionID, and events in between.
"""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Self

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
CHALLENGE = "1234567890"

Action = dict[str, str]
"""Headers of what is asked, by their names in small letters."""


@dataclass(kw_only=True)
class AmiServer:
    """`channels` are packets of CoreShowChannel, without an ActionID."""

    username: str
    secret: str
    port: int = 0
    channels: Iterable[bytes] = ()
    uptime: int = 86400
    _server: asyncio.Server | None = None
    _tls: ssl.SSLContext | None = None
    _serving: dict[asyncio.StreamWriter, asyncio.Event] = field(default_factory=dict)
    _listeners: list[asyncio.StreamWriter] = field(default_factory=list)

    @asynccontextmanager
    async def running(self, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Self]:
        self._tls = tls
        await self.listen()
        try:
            yield self
        finally:
            await self.cut()

    async def listen(self) -> None:
        """Take connections; after the first time at the same port."""
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break off all connections and take no more."""
        if self._server is not None:
            self._server.close()
        serving = dict(self._serving)
        for writer, is_over in serving.items():
            writer.transport.abort()
            await is_over.wait()

    async def say(self, *packets: bytes) -> None:
        """Tell everybody who is logged in."""
        for writer in self._listeners:
            writer.write(b"".join(packets))
            with suppress(ConnectionError):  # it is gone, as `_serve` will notice
                await writer.drain()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_over = self._serving[writer] = asyncio.Event()
        try:
            writer.write(self._greeting())
            while action := await _read_action(reader):
                name = action["action"].lower()
                answer = self._answer(name, action)
                writer.write(answer)
                if b"Event: FullyBooted" in answer and writer not in self._listeners:
                    self._listeners.append(writer)
                    self._begin(writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._listeners = [one for one in self._listeners if one is not writer]
            writer.close()
            del self._serving[writer]
            is_over.set()

    def _greeting(self) -> bytes:
        return BANNER

    def _begin(self, writer: asyncio.StreamWriter) -> None:
        """Somebody has logged in."""

    def _answer(self, name: str, action: Action) -> bytes:
        said = Said(action.get("actionid", ""))
        match name:
            case "challenge":
                return said.success(f"Challenge: {CHALLENGE}")
            case "login" if self._is_right(action):
                booted = f"Event: FullyBooted\r\nUptime: {self.uptime}\r\n"
                booted += "Status: Fully Booted\r\n\r\n"
                return said.success("Message: Authentication accepted") + booted.encode()
            case "login":
                return said.error("Authentication failed")
            case "ping":
                return said.success("Ping: Pong")
            case "coreshowchannels":
                listed = b"".join(said.with_id(one) for one in self.channels)
                start = said.success("EventList: start\r\nMessage: Channels will follow")
                end = "Event: CoreShowChannelsComplete\r\nEventList: Complete\r\n\r\n"
                return start + listed + said.with_id(end.encode())
            case "listcommands":
                return said.success("Originate: Originate a call.  (Priv: originate,all)")
            case _:
                return said.error("Permission denied")

    def _is_right(self, action: Action) -> bool:
        if action.get("authtype") == "MD5":
            text = (CHALLENGE + self.secret).encode()
            key = hashlib.md5(text, usedforsecurity=False).hexdigest()
            return action.get("key") == key and action["username"] == self.username
        return action.get("secret") == self.secret and action.get("username") == self.username


@dataclass(frozen=True)
class Said:
    """Answers to one action, each with its id."""

    action_id: str

    def success(self, rest: str) -> bytes:
        return f"Response: Success\r\nActionID: {self.action_id}\r\n{rest}\r\n\r\n".encode()

    def error(self, message: str) -> bytes:
        head = f"Response: Error\r\nActionID: {self.action_id}\r\n"
        return f"{head}Message: {message}\r\n\r\n".encode()

    def with_id(self, packet: bytes) -> bytes:
        first, _, rest = packet.partition(b"\r\n")
        return first + f"\r\nActionID: {self.action_id}\r\n".encode() + rest


async def _read_action(reader: asyncio.StreamReader) -> Action:
    lines: Action = {}
    while line := (await reader.readline()).strip():
        name, _, value = line.decode().partition(":")
        lines[name.strip().lower()] = value.strip()
    return lines
