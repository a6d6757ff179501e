"""The manager interface of an Asterisk that says what a test gives it, and misbehaves if told to.

The answers are those of `main/manager.c` as far as the demo's own server has them.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.demo.pbx.asterisk import ami_server
from bot.demo.pbx.asterisk.ami_server import BANNER, Action, Said

USER, SECRET = "bot", "correct horse battery"

CUT = None
"""Stands in the script where the connection is broken off."""

Script = Sequence[bytes | float | None]
"""What is said: bytes, seconds of silence, or CUT."""


@dataclass
class AmiServer(ami_server.AmiServer):
    """`scripts`: what each connection is told after its login, one after another, the last again.

    `takes_md5`, `answers_pings`, `may_list`, `may_originate`: what it does not do if they are
    False. `read_classes` None: it tells nobody. `originated` are the calls it was told to begin;
    `answers_originate`: whether it says that it will.
    """

    scripts: list[Script] = field(default_factory=list)
    username: str = field(default=USER, kw_only=True)
    secret: str = field(default=SECRET, kw_only=True)
    channels: Iterable[bytes] = field(default_factory=list, kw_only=True)
    banner: bytes = BANNER
    takes_md5: bool = True
    answers_pings: bool = True
    may_list: bool = True
    may_originate: bool = True
    answers_originate: bool = True
    originated: list[Action] = field(default_factory=list)
    read_classes: str | None = "system,call,cdr,agent"
    logins: list[Action] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)
    refused: int = 0
    open: int = 0
    told: asyncio.Event = field(default_factory=asyncio.Event)
    _saying: dict[asyncio.StreamWriter, asyncio.Task[None]] = field(default_factory=dict)

    async def heard(self, action: str) -> None:
        """Wait until somebody has asked for this."""
        while action not in self.actions:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.005)

    async def hang_up(self) -> None:
        """Break off the connection of everybody who is logged in."""
        for writer in self._listeners:
            writer.close()
            await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            await super()._serve(reader, writer)
        finally:
            self.open -= 1
            if saying := self._saying.pop(writer, None):
                saying.cancel()

    def _greeting(self) -> bytes:
        return self.banner

    def _begin(self, writer: asyncio.StreamWriter) -> None:
        self._saying[writer] = asyncio.ensure_future(self._say(writer))

    def _answer(self, name: str, action: Action) -> bytes:
        self.actions.append(name)
        said = Said(action.get("actionid", ""))
        match name:
            case "challenge" if not self.takes_md5:
                return said.error("Permission denied")
            case "login" if self._is_right(action):
                self.logins.append(action)
            case "login":
                self.refused += 1
            case "ping" if not self.answers_pings:
                return b""
            case "coreshowchannels" if not self.may_list:
                return said.error("Permission denied")
            case "listcommands" if not self.may_originate:
                return said.success("Ping: Keepalive command.  (Priv: <none>)")
            case "originate" if self.may_originate:
                self.originated.append(action)
                if not self.answers_originate:
                    return b""
                return said.success("Message: Originate successfully queued")
            case "command" if self.read_classes is not None:
                perms = f"Output:          read perm: {self.read_classes}"
                return said.success(f"Message: Command output follows\r\n{perms}")
        return super()._answer(name, action)

    def _is_right(self, action: Action) -> bool:
        return (self.takes_md5 or "authtype" not in action) and super()._is_right(action)

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
