"""Speaking with Asterisk over its manager interface (AMI): connect, log in, ask, listen.

The protocol is that of "The Asterisk Manager TCP/IP API" in Asterisk's documentation and of
`main/manager.c`. A reader of our own, because no library fits: panoramisk, the most used, had its
last release in 2021 and drops what it has no time for; the younger ones have no reconnect, or no
events. And Asterisk hangs up on whoever reads too slowly (`writetimeout`, 100 ms): so bytes are
taken from the wire at once, stamped with the moment they came, and wait here for whoever is busy.
"""

import asyncio
import hashlib
import ipaddress
import re
import ssl
import time
from collections import deque
from collections.abc import Iterator

from bot.config.sources import AmiSettings
from bot.domain.clock import Clock
from bot.domain.errors import SourceAuthError, SourceError
from bot.domain.secrecy import Hidden
from bot.sources.asterisk.ami_packets import Packet, PacketReader, format_action
from bot.sources.http_api import reason_of

CONNECT_SECONDS = 10.0
"""How long to wait for a connection, and for each answer while logging in."""

PING_SECONDS = 10.0
"""After so long a silence Asterisk is asked whether it is there."""

SILENT_SECONDS = 25.0
"""After so long a silence, two pings among it, the connection is given up."""

WAITING_LIMIT = 64_000_000
"""Bytes that may wait here: some four minutes of a very busy PBX. Then Asterisk has to wait."""

EVENT_CLASSES = "system,call,agent,cdr"
"""Classes of events that tell of calls. Left out is `dialplan`, which is most of the traffic."""

FIRST_MAJOR = 2
"""The AMI of Asterisk 12; before it calls were told of in other events."""

_BANNER = re.compile(r"Asterisk Call Manager/(\d+)(?:\.[\d.]*)?", re.ASCII)

Stamped = tuple[float, Packet]
"""A packet with the moment it came, Unix seconds."""


def moment(clock: Clock) -> float:
    """The present moment; the fraction of a second, which the clock has not, is the computer's."""
    return clock() + time.time() % 1


class _Wire(asyncio.Protocol):
    """The bytes that came and wait to be read, each piece with its moment."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pieces: deque[tuple[float, bytes]] = deque()
        self._waiting = 0
        self._transport: asyncio.Transport | None = None
        self._is_paused = False
        self._arrived = asyncio.Event()
        self.is_closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._pieces.append((moment(self._clock), data))
        self._waiting += len(data)
        if self._waiting > WAITING_LIMIT and self._transport and not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()
        self._arrived.set()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.is_closed = True
        self._arrived.set()

    async def take(self) -> list[tuple[float, bytes]]:
        """All that waits; at least a piece, none only when the connection is closed."""
        while not self._pieces and not self.is_closed:
            self._arrived.clear()
            await self._arrived.wait()
        pieces = list(self._pieces)
        self._pieces.clear()
        self._waiting = 0
        if self._is_paused and self._transport and not self.is_closed:
            self._is_paused = False
            self._transport.resume_reading()
        return pieces


class AmiConnection:
    """One connection, logged in. Use `open_ami`; close it with `close`."""

    def __init__(
        self, transport: asyncio.Transport, wire: _Wire, reader: PacketReader, where: str
    ) -> None:
        self._transport = transport
        self._wire = wire
        self._reader = reader
        self._where = where
        self._actions = 0
        self._kept: list[Stamped] = []
        self.version = ""

    def close(self) -> None:
        self._transport.abort()

    def send(self, action: str, **headers: str) -> None:
        """Send an action; its answer comes among the events, with its ActionID if it has one."""
        self._actions += 1
        self._transport.write(format_action(action, {"ActionID": str(self._actions), **headers}))

    async def read(self) -> list[Stamped]:
        """The next packets, at least one. Keeps the connection alive while nothing comes.

        Raises SourceError when the connection is closed, or dead.
        """
        if self._kept:
            kept, self._kept = self._kept, []
            return kept
        pings = 0
        while True:
            try:
                async with asyncio.timeout(PING_SECONDS):
                    pieces = await self._wire.take()
            except TimeoutError:
                pings += 1
                if pings * PING_SECONDS > SILENT_SECONDS:
                    raise SourceError(f"{self._where} does not answer any more") from None
                self.send("Ping")
                continue
            if not pieces:
                raise SourceError(f"{self._where} closed the connection")
            pings = 0
            if packets := list(self._read(pieces)):
                return packets

    async def ask(self, action: str, **headers: str) -> Packet:
        """The response to an action; events that come before it are kept for `read`.

        One is asked at a time, so the next response is its answer.
        """
        self.send(action, **headers)
        kept: list[Stamped] = []
        async with asyncio.timeout(CONNECT_SECONDS):
            while True:
                packets = await self.read()
                for place, (_, packet) in enumerate(packets):
                    if "response" in packet and "event" not in packet:
                        self._kept = [*kept, *packets[:place], *packets[place + 1 :]]
                        return packet
                kept += packets

    def _read(self, pieces: list[tuple[float, bytes]]) -> Iterator[Stamped]:
        for at, data in pieces:
            for packet in self._reader.read(data):
                yield at, packet

    async def greet(self) -> None:
        """Read the line that Asterisk begins with. Raises SourceError if it is another's."""
        line = bytearray()
        came = 0.0
        async with asyncio.timeout(CONNECT_SECONDS):
            while b"\n" not in line and len(line) < 200:
                pieces = await self._wire.take()
                if not pieces:
                    raise SourceError(f"{self._where} closed the connection at once")
                came = pieces[-1][0]
                line += b"".join(data for _, data in pieces)
        greeting, _, rest = bytes(line).partition(b"\n")
        match = _BANNER.match(greeting.decode("ascii", "replace"))
        if match is None:
            raise SourceError(f"what answers at {self._where} is no manager interface of Asterisk")
        self.version = greeting.decode("ascii", "replace").strip()
        if int(match[1]) < FIRST_MAJOR:
            raise SourceError(
                f"{self._where} is an Asterisk before 12, whose events are others: read its"
                " Master.csv instead"
            )
        self._kept = list(self._read([(came, rest)]))


async def open_ami(
    settings: AmiSettings,
    *,
    setting: str,
    clock: Clock,
    wanted: frozenset[str],
    classes: str = EVENT_CLASSES,
) -> AmiConnection:
    """Connect and log in. `setting` begins the names of the source's settings.

    Of the events of `classes` those `wanted` are given.

    Raises SourceAuthError if the login is refused, SourceError for all else.
    """
    where = f"{settings.host}:{settings.port}"
    reader = PacketReader(encoding=settings.encoding, wanted=wanted)
    context = _tls_context(settings, setting) if settings.tls else None
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            transport, wire = await asyncio.get_running_loop().create_connection(
                lambda: _Wire(clock),
                settings.host,
                settings.port,
                ssl=context,
                server_hostname=(settings.tls_host or settings.host) if context else None,
            )
    except TimeoutError:
        raise SourceError(
            f"{where} does not answer: check {setting}__HOST, and the firewall of the PBX"
        ) from None
    except ssl.SSLCertVerificationError as error:
        raise SourceError(
            f"the certificate of {where} is not trusted ({reason_of(error.verify_message)}):"
            f" give it in {setting}__TLS_CA, and its name in {setting}__TLS_HOST"
        ) from None
    except ssl.SSLError as error:
        raise SourceError(
            f"{where} speaks no TLS ({reason_of(error.reason)}): tlsenable=yes in manager.conf,"
            f" and its tlsbindaddr's port in {setting}__PORT"
        ) from None
    except OSError as error:
        raise SourceError(
            f"nobody listens at {where} ({reason_of(error.strerror or type(error).__name__)}):"
            f" {settings.listens_by}"
        ) from None
    connection = AmiConnection(transport, wire, reader, where)
    try:
        await connection.greet()
        await _log_in(connection, settings, setting, where, classes)
    except TimeoutError:
        connection.close()
        tls = "" if settings.tls else f"; if TLS is on there, {setting}__TLS=true"
        raise SourceError(f"{where} took the connection and says nothing{tls}") from None
    except BaseException:
        connection.close()
        raise
    return connection


async def _log_in(
    connection: AmiConnection, settings: AmiSettings, setting: str, where: str, classes: str
) -> None:
    secret = settings.secret.get_secret_value() if settings.secret else ""
    challenge = await connection.ask("Challenge", AuthType="MD5")
    login = {"Username": settings.username, "Events": classes}
    if text := challenge.get("challenge"):
        login["AuthType"] = "MD5"
        login["Key"] = hashlib.md5((text + secret).encode(), usedforsecurity=False).hexdigest()
    elif settings.tls or _is_loopback(settings.host):
        login["Secret"] = secret
    else:
        raise SourceAuthError(
            f"{where} does not take an MD5 login, and the secret is not sent in clear: turn on TLS"
            f" there and {setting}__TLS=true"
        )
    answer = await connection.ask("Login", **login)
    if answer.get("response", "").lower() != "success":
        told = reason_of(Hidden([secret]).hide(answer.get("message", "no reason")))
        raise SourceAuthError(
            f"{where} refuses the login ({told}): check"
            f" {setting}__USERNAME and {setting}__SECRET, and {settings.lets_in_by}"
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _tls_context(settings: AmiSettings, setting: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.tls_ca or None)
    except (OSError, ssl.SSLError):
        raise SourceError(f"{setting}__TLS_CA: no such file of certificates (PEM)") from None
