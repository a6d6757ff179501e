"""Recordings of calls, fetched from where a source says they are and brought into a chat.

The address comes from outside and may name anything: our own network, a file without end, a page
to log in. So only addresses that `origins.py` allows are asked, each redirect is judged like the
first address, and the connection goes to the very IP address that was judged: a name that resolves
to another one a moment later changes nothing. Size and time are bounded, and what comes must begin
like a sound.
"""

import asyncio
import logging
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from bot.config.settings import Settings
from bot.domain.calls import Call
from bot.domain.errors import RecordingError, RecordingGoneError, RecordingTooLargeError
from bot.media.origins import AllowedOrigins, allowed_origins, are_public, origin_of, read_url

log = logging.getLogger(__name__)

Resolve = Callable[[str], Awaitable[list[str]]]
"""The IP addresses of a host. Raises OSError if there are none."""

MAX_BYTES = 50_000_000
"""The largest file that a bot may upload to Telegram."""

SECONDS = 60.0
"""All the time a recording may take once its turn has come, to its last byte."""

PATIENCE = 0.3
"""Seconds that the press of a button, and every update behind it, waits for a delivery."""

_TIMEOUT = httpx.Timeout(10, connect=5)
_MAX_REDIRECTS = 3
_MAX_ADDRESSES = 4
_FETCHES_AT_ONCE = 3
_FINISH_SECONDS = 20.0
_GONE = {httpx.codes.NOT_FOUND, httpx.codes.GONE}


@dataclass(frozen=True, slots=True)
class Sound:
    """A fetched recording; `suffix` (".mp3") says what it is, whatever its address says."""

    path: Path
    suffix: str


async def resolve(host: str) -> list[str]:
    """The Resolve of this computer."""
    loop = asyncio.get_running_loop()
    entries = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in entries))


class Recordings:
    """Fetches recordings, and keeps the deliveries that outlast the press that asked for them.

    `async with`: leaving it waits a while for the deliveries under way, then cancels them.
    """

    def __init__(
        self, http: httpx.AsyncClient, settings: Settings, *, resolve: Resolve = resolve
    ) -> None:
        self._http = http
        self._settings = settings
        self._resolve = resolve
        self._turns = asyncio.Semaphore(_FETCHES_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: set[tuple[int, int]] = set()

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

    def is_under_way(self, employee_id: int, call_id: int) -> bool:
        """Whether a delivery of this recording to this employee has been started and not ended."""
        return (employee_id, call_id) in self._under_way

    def start_delivery(
        self, employee_id: int, call_id: int, delivery: Coroutine[Any, Any, None]
    ) -> asyncio.Task[None]:
        """Start what sends this recording to this employee; it is under way until it ends."""
        key = employee_id, call_id
        self._under_way.add(key)
        task = self.start(delivery)
        task.add_done_callback(lambda _: self._under_way.discard(key))
        return task

    def start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start what may outlast the press: a slow PBX must not keep other people waiting."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def ends_soon(self, delivery: asyncio.Task[None]) -> bool:
        """Whether the delivery ends, well or not, within PATIENCE; it goes on if it does not."""
        done, _ = await asyncio.wait({delivery}, timeout=PATIENCE)
        return bool(done)

    @asynccontextmanager
    async def fetched(self, call: Call) -> AsyncIterator[Sound]:
        """The recording in a file of its own, which is there until the end of the block.

        Raises RecordingGoneError, RecordingTooLargeError or, for all else, RecordingError.
        """
        async with self._turns:
            with tempfile.NamedTemporaryFile(prefix="dzvinok-") as file:
                try:
                    async with asyncio.timeout(SECONDS):
                        beginning = await self._download(call, file.write)
                    file.flush()
                    sound = Sound(Path(file.name), _sound_suffix(beginning))
                except (RecordingError, TimeoutError, OSError, ValueError, httpx.HTTPError) as err:
                    # Never the address: it may hold a key, and names of hosts are for settings.
                    why = str(err) if isinstance(err, RecordingError) else type(err).__name__
                    log.warning("the recording of call %d of %s: %s", call.id, call.source, why)
                    if isinstance(err, RecordingError):
                        raise
                    raise RecordingError(why) from err
                yield sound

    async def _download(self, call: Call, write: Callable[[bytes], object]) -> bytes:
        """Write all of the recording; returns its first bytes."""
        response = await self._request(call)
        try:
            if response.status_code in _GONE:
                raise RecordingGoneError(f"answered {response.status_code}")
            if response.status_code != httpx.codes.OK:
                raise RecordingError(f"answered {response.status_code}")
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise RecordingError("compressed, though asked not to be")
            if int(response.headers.get("Content-Length", 0)) > MAX_BYTES:
                raise RecordingTooLargeError("too large")
            beginning, size = b"", 0  # Content-Length may be missing, or a lie
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > MAX_BYTES:
                    raise RecordingTooLargeError("too large")
                if len(beginning) < _BEGINNING_BYTES:
                    beginning += chunk[:_BEGINNING_BYTES]
                write(chunk)
            return beginning
        finally:
            await response.aclose()

    async def _request(self, call: Call) -> httpx.Response:
        """The answer at the recording's address, or at the end of its redirects."""
        allowed = allowed_origins(call, self._settings)
        url = read_url(call.recording_url or "")
        for _ in range(_MAX_REDIRECTS + 1):
            response = await self._open(url, allowed)
            if not response.has_redirect_location:
                return response
            await response.aclose()
            url = read_url(str(url), response.headers["Location"])
        raise RecordingError("redirected again and again")

    async def _open(self, url: httpx.URL, allowed: AllowedOrigins) -> httpx.Response:
        """Ask an allowed origin, over a connection to an address it may have."""
        origin = origin_of(url)
        if origin in allowed.trusted:
            return await self._send(url, url)
        if origin not in allowed.public:
            raise RecordingError("its address is not in RECORDING_HOSTS")
        addresses = await self._resolve(url.host)
        if not are_public(addresses):
            raise RecordingError("its host has no public address, or also others")
        for address in addresses[:_MAX_ADDRESSES]:
            try:
                return await self._send(url, url.copy_with(host=address))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _send(self, url: httpx.URL, target: httpx.URL) -> httpx.Response:
        """`target` is where to connect; the server and its certificate are those of `url`."""
        request = self._http.build_request(
            "GET",
            target,
            headers={
                "Host": url.netloc.decode("ascii"),
                "Accept-Encoding": "identity",
                # The pool knows a connection by its address, which another host may share.
                "Connection": "close",
            },
            timeout=_TIMEOUT,
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )
        return await self._http.send(request, stream=True, follow_redirects=False)


_BEGINNING_BYTES = 12
"""How many first bytes `_sound_suffix` looks at."""


def _sound_suffix(beginning: bytes) -> str:
    """What kind of sound begins so. Raises RecordingError if none that we know."""
    marks = {b"ID3": ".mp3", b"OggS": ".ogg", b"fLaC": ".flac", b"#!AMR": ".amr"}
    for mark, suffix in marks.items():
        if beginning.startswith(mark):
            return suffix
    if beginning[:4] == b"RIFF" and beginning[8:12] == b"WAVE":
        return ".wav"
    if beginning[4:8] == b"ftyp":
        return ".m4a"
    if len(beginning) > 1 and beginning[0] == 0xFF and beginning[1] & 0xE0 == 0xE0:
        return ".mp3" if beginning[1] & 0x06 else ".aac"
    raise RecordingError("not a sound")
