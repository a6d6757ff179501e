"""A manager interface on loopback: it greets, checks a login, lists channels and says what it is
told to, with pauses, or breaks off.
"""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

USER, SECRET = "bot", "correct horse battery"
BANNER = b"Asterisk Call Manager/11.0.0\r\n"
CHALLENGE = "1234567890"

CUT = None
"""Stands in the script where the connection is broken off."""

Script = Sequence[bytes | float | None]
"""What is said: bytes, seconds of silence, or CUT."""


@dataclass
class AmiServer:
    """`scripts`: what each connection is told after its login, one after another, the last again.

    `channels` are packets of CoreShowChannel, without an ActionID. `takes_md5`, `answers_pings`,
    `may_list`, `may_originate`: what it does not do if they are False. `read_classes` None: it
    tells nobody. `originated` are the calls it was told to begin; `answers_originate`: whether it
    says that it will.
    """

    scripts: list[Script] = field(default_factory=list)
    channels: list[bytes] = field(default_factory=list)
    banner: bytes = BANNER
    takes_md5: bool = True
    answers_pings: bool = True
    may_list: bool = True
    may_originate: bool = True
    answers_originate: bool = True
    originated: list[dict[str, str]] = field(default_factory=list)
    read_classes: str | None = "system,call,cdr,agent"
    port: int = 0
    logins: list[dict[str, str]] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    refused: int = 0
    open: int = 0
    told: asyncio.Event = field(default_factory=asyncio.Event)
    _listeners: list[asyncio.StreamWriter] = field(default_factory=list)

    @asynccontextmanager
    async def running(self, *, tls: ssl.SSLContext | None = None) -> AsyncIterator["AmiServer"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        self._tasks: set[asyncio.Task[None]] = set()
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def heard(self, action: str) -> None:
        """Wait until somebody has asked for this."""
        while action not in self.actions:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)

    async def say(self, *packets: bytes) -> None:
        """Tell everybody who is logged in."""
        for writer in self._listeners:
            writer.write(b"".join(packets))
            await writer.drain()

    async def hang_up(self) -> None:
        """Break off the connection of everybody who is logged in."""
        for writer in self._listeners:
            writer.close()
            await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.open += 1
        saying: asyncio.Task[None] | None = None
        try:
            writer.write(self.banner)
            while action := await _read_action(reader):
                name = action["action"].lower()
                self.actions.append(name)
                writer.write(self._answer(name, action))
                if name == "login" and self.logins and saying is None:
                    self._listeners.append(writer)
                    saying = asyncio.ensure_future(self._say(writer))
                    self._tasks.add(saying)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            self._listeners = [one for one in self._listeners if one is not writer]
            if saying is not None:
                saying.cancel()
            self._tasks.discard(task)
            writer.close()

    def _answer(self, name: str, action: dict[str, str]) -> bytes:
        said = _Said(action.get("actionid", ""))
        match name:
            case "challenge" if self.takes_md5:
                return said.success(f"Challenge: {CHALLENGE}")
            case "login" if self._is_right(action):
                self.logins.append(action)
                booted = "Event: FullyBooted\r\nUptime: 86400\r\nStatus: Fully Booted\r\n\r\n"
                return said.success("Message: Authentication accepted") + booted.encode()
            case "login":
                self.refused += 1
                return said.error("Authentication failed")
            case "ping" if self.answers_pings:
                return said.success("Ping: Pong")
            case "ping":
                return b""
            case "coreshowchannels" if self.may_list:
                listed = b"".join(said.with_id(one) for one in self.channels)
                start = said.success("EventList: start\r\nMessage: Channels will follow")
                end = "Event: CoreShowChannelsComplete\r\nEventList: Complete\r\n\r\n"
                return start + listed + said.with_id(end.encode())
            case "listcommands":
                commands = "Ping: Keepalive command.  (Priv: <none>)"
                if self.may_originate:
                    commands += "\r\nOriginate: Originate a call.  (Priv: originate,all)"
                return said.success(commands)
            case "originate" if self.may_originate:
                self.originated.append(action)
                if not self.answers_originate:
                    return b""
                return said.success("Message: Originate successfully queued")
            case "command" if self.read_classes is not None:
                perms = f"Output:          read perm: {self.read_classes}"
                return said.success(f"Message: Command output follows\r\n{perms}")
            case _:
                return said.error("Permission denied")

    def _is_right(self, action: dict[str, str]) -> bool:
        if action.get("authtype") == "MD5":
            text = (CHALLENGE + SECRET).encode()
            key = hashlib.md5(text, usedforsecurity=False).hexdigest()
            return self.takes_md5 and action.get("key") == key and action["username"] == USER
        return action.get("secret") == SECRET and action.get("username") == USER

    async def _say(self, writer: asyncio.StreamWriter) -> None:
        script = self.scripts.pop(0) if len(self.scripts) > 1 else next(iter(self.scripts), ())
        for step in script:
            if step is CUT:
                await writer.drain()
                writer.close()
                return
            if isinstance(step, float):
                await asyncio.sleep(step)
            elif isinstance(step, bytes):
                writer.write(step)
                await writer.drain()
        self.told.set()


@dataclass(frozen=True)
class _Said:
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


async def _read_action(reader: asyncio.StreamReader) -> dict[str, str]:
    lines: dict[str, str] = {}
    while line := (await reader.readline()).strip():
        name, _, value = line.decode().partition(":")
        lines[name.strip().lower()] = value.strip()
    return lines
