"""The connection of 3CX's CDR service: we connect to it, or it connects to us.

What 3CX calls a passive socket waits for us at CDR_HOST and CDR_PORT. An active one connects to
CDR_PORT of this machine; only CDR_HOST is let in then, since the line proves nothing.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, closing

from bot.config.sources import ThreeCxSettings
from bot.domain.clock import Clock
from bot.domain.errors import SourceError
from bot.sources.base import Batch
from bot.sources.threecx.cdr import CdrReader

_CONNECT_SECONDS = 10
_LONGEST_LINE = 64 * 1024

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class CdrFeed:
    """Every line is a call that has ended; there is no history, so no cursor."""

    name = "cdr"

    def __init__(self, settings: ThreeCxSettings, reader: CdrReader, clock: Clock) -> None:
        self._host = settings.cdr_host
        self._port = settings.cdr_port
        self._listens = settings.cdr_listens
        self._encoding = settings.encoding
        self._reader = reader
        self._clock = clock

    async def read(self, cursor: str | None) -> AsyncGenerator[Batch, None]:  # noqa: ARG002
        async with self._listened() if self._listens else self._connected() as (lines, _):
            yield Batch()
            while line := await self._line(lines):
                if text := line.decode(self._encoding, "replace").strip():
                    yield Batch([self._reader.read(text, now=self._clock())])
        raise SourceError(f"3CX at {self._host} has closed the connection")

    async def check(self) -> str:
        if self._listens:
            return f"waits at port {self._port} for {self._host} to connect"
        async with self._connected():
            return f"{self._host}:{self._port} lets us connect; a line comes when a call ends"

    async def _line(self, lines: asyncio.StreamReader) -> bytes:
        try:
            return await lines.readline()
        except ValueError:
            raise SourceError("3CX sends lines that are too long: is it the CDR?") from None
        except OSError as error:
            raise SourceError(f"3CX at {self._host}: {type(error).__name__}") from None

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Streams]:
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                streams = await asyncio.open_connection(
                    self._host, self._port, limit=_LONGEST_LINE
                )
        except TimeoutError:
            raise SourceError(f"{self._host}:{self._port} does not answer in time") from None
        except OSError:
            raise SourceError(
                f"{self._host}:{self._port} cannot be reached: check CDR_HOST and CDR_PORT, the "
                "passive socket in 3CX's CDR settings, and firewalls"
            ) from None
        with closing(streams[1]):
            _keep_alive(streams[1])
            yield streams

    @asynccontextmanager
    async def _listened(self) -> AsyncIterator[Streams]:
        """The first connection of CDR_HOST; when it ends the next one is waited for anew."""
        allowed = await self._addresses()
        come: asyncio.Future[Streams] = asyncio.get_running_loop().create_future()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            peer = writer.get_extra_info("peername")
            if come.done() or not peer or peer[0] not in allowed:
                writer.close()
                return
            _keep_alive(writer)
            come.set_result((reader, writer))

        try:
            server = await asyncio.start_server(
                accept,
                "0.0.0.0",  # noqa: S104 - only CDR_HOST is let in
                self._port,
                limit=_LONGEST_LINE,
            )
        except OSError:
            raise SourceError(f"CDR_PORT: {self._port} is taken, or may not be used") from None
        try:
            streams = await come
        finally:
            server.close()
        with closing(streams[1]):
            yield streams

    async def _addresses(self) -> set[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                self._host, None, family=socket.AF_INET
            )
        except OSError:
            raise SourceError(f"CDR_HOST: {self._host} is no address") from None
        return {str(address[0]) for *_, address in found}


def _keep_alive(writer: asyncio.StreamWriter) -> None:
    """A PBX that is silent all night must not be taken for one that is gone, nor the reverse."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 3)):
        if option := getattr(socket, name, None):
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
