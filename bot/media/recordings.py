"""Recordings of calls, fetched from where a source says they are.

The address comes from outside and may name anything: our own network, a file without end, a page
to log in. So only the hosts named in the source's RECORDING_HOSTS are asked, each redirect is
judged like the first address, and the connection goes to the very IP address that was judged: a
name that resolves to another one a moment later changes nothing.
"""

import asyncio
import logging
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from bot.config.settings import Settings
from bot.domain.calls import Call
from bot.domain.errors import RecordingError, RecordingGoneError, RecordingTooLargeError

log = logging.getLogger(__name__)

Resolve = Callable[[str], Awaitable[list[str]]]
"""The IP addresses of a host. Raises OSError if there are none."""

MAX_BYTES = 50_000_000
"""What a bot may upload to Telegram."""

SECONDS = 60.0
"""All the time a recording may take once its turn has come, to its last byte."""

PATIENCE = 0.3
"""How long a press, and everybody behind it, waits for it; then it comes by itself."""

_TIMEOUT = httpx.Timeout(10, connect=5)
_REDIRECTS = 3
_ADDRESSES = 4
_AT_ONCE = 3
_FINISH_SECONDS = 20.0
_PORTS = {"http": 80, "https": 443}
_GONE = {httpx.codes.NOT_FOUND, httpx.codes.GONE}

_PROTOCOLS = ip_network("192.0.0.0/24")
"""Kept for protocols; some of them are called global."""

_Origin = tuple[str, str, int | None]


@dataclass(frozen=True, slots=True)
class Sound:
    """A fetched recording; `suffix` is that of what it really is, whatever its address says."""

    path: Path
    suffix: str


@dataclass(frozen=True, slots=True)
class _Allowed:
    """`public`: https on public addresses only. `trusted`: said in full, so taken at its word."""

    public: frozenset[_Origin]
    trusted: frozenset[_Origin]


def can_be_heard(call: Call, settings: Settings) -> bool:
    """Whether there is a recording, at an address the source may name."""
    try:
        allowed = _allowed(call, settings)
        return _origin(_url(call.recording_url or "")) in allowed.public | allowed.trusted
    except RecordingError:
        return False


async def resolve(host: str) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Recordings:
    """`async with`: leaving it finishes the deliveries in hand, for a while."""

    def __init__(
        self, http: httpx.AsyncClient, settings: Settings, *, resolve: Resolve = resolve
    ) -> None:
        self._http = http
        self._settings = settings
        self._resolve = resolve
        self._turns = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._coming: set[tuple[int, int]] = set()

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

    def is_coming(self, employee_id: int, call_id: int) -> bool:
        return (employee_id, call_id) in self._coming

    def bring(
        self, employee_id: int, call_id: int, delivery: Coroutine[Any, Any, None]
    ) -> asyncio.Task[None]:
        """Start a delivery; until it ends, it is coming."""
        key = employee_id, call_id
        self._coming.add(key)
        task = self.begin(delivery)
        task.add_done_callback(lambda _: self._coming.discard(key))
        return task

    def begin(self, delivery: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start what may outlast the press: a slow PBX must not keep other people waiting."""
        task = asyncio.get_running_loop().create_task(delivery)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def has_ended(self, delivery: asyncio.Task[None]) -> bool:
        """Whether it ends, well or not, while one who pressed a button still waits for it."""
        done, _ = await asyncio.wait({delivery}, timeout=PATIENCE)
        return bool(done)

    @asynccontextmanager
    async def fetched(self, call: Call) -> AsyncIterator[Sound]:
        """The recording in a file of its own, until the end of the block.

        Raises RecordingGoneError, RecordingTooLargeError or, for all else, RecordingError.
        """
        async with self._turns:
            with tempfile.NamedTemporaryFile(prefix="dzvinok-") as file:
                try:
                    async with asyncio.timeout(SECONDS):
                        beginning = await self._download(call, file.write)
                    file.flush()
                    sound = Sound(Path(file.name), _suffix(beginning))
                except (RecordingError, TimeoutError, OSError, ValueError, httpx.HTTPError) as err:
                    # Never the address: it may hold a key, and names of hosts are for settings.
                    why = str(err) if isinstance(err, RecordingError) else type(err).__name__
                    log.warning("the recording of call %d of %s: %s", call.id, call.source, why)
                    if isinstance(err, RecordingError):
                        raise
                    raise RecordingError(why) from err
                yield sound

    async def _download(self, call: Call, write: Callable[[bytes], object]) -> bytes:
        """All of it to `write`; its first bytes."""
        response = await self._follow(call)
        try:
            if response.status_code in _GONE:
                raise RecordingGoneError(f"answered {response.status_code}")
            if response.status_code != httpx.codes.OK:
                raise RecordingError(f"answered {response.status_code}")
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise RecordingError("compressed, though asked not to be")
            if int(response.headers.get("Content-Length", 0)) > MAX_BYTES:
                raise RecordingTooLargeError("too large")
            beginning, size = b"", 0
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > MAX_BYTES:
                    raise RecordingTooLargeError("too large")
                if len(beginning) < _ENOUGH:
                    beginning += chunk[:_ENOUGH]
                write(chunk)
            return beginning
        finally:
            await response.aclose()

    async def _follow(self, call: Call) -> httpx.Response:
        allowed = _allowed(call, self._settings)
        url = _url(call.recording_url or "")
        for _ in range(_REDIRECTS + 1):
            response = await self._open(url, allowed)
            if not response.has_redirect_location:
                return response
            await response.aclose()
            url = _url(str(url), response.headers["Location"])
        raise RecordingError("redirected again and again")

    async def _open(self, url: httpx.URL, allowed: _Allowed) -> httpx.Response:
        """Ask an allowed origin, over a connection to an address it may have."""
        origin = _origin(url)
        if origin in allowed.trusted:
            return await self._send(url, url)
        if origin not in allowed.public:
            raise RecordingError("its address is not in RECORDING_HOSTS")
        addresses = await self._resolve(url.host)
        if not addresses or not all(map(_is_public, addresses)):
            raise RecordingError("its host has no public address, or also others")
        for address in addresses[:_ADDRESSES]:
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


def _url(address: str, location: str = "") -> httpx.URL:
    try:
        return httpx.URL(address).join(location)
    except httpx.InvalidURL:
        raise RecordingError("its address cannot be read") from None


def _allowed(call: Call, settings: Settings) -> _Allowed:
    source = settings.sources.get(call.source)
    return _read_hosts(source.recording_hosts if source else "")


@lru_cache
def _read_hosts(setting: str) -> _Allowed:
    parts = [part.strip() for part in setting.split(",") if part.strip()]
    return _Allowed(
        public=frozenset(_origin(_url(f"https://{one}")) for one in parts if "://" not in one),
        trusted=frozenset(_origin(_url(one)) for one in parts if "://" in one),
    )


def _origin(url: httpx.URL) -> _Origin:
    return url.scheme, url.raw_host.decode("ascii").lower(), url.port or _PORTS.get(url.scheme)


def _is_public(address: str) -> bool:
    """Whether it is an address of the open internet, and of nothing else in disguise."""
    found = ip_address(address)
    is_disguise = found.version == 6 and (found.sixtofour or found.teredo or found.ipv4_mapped)
    is_special = found in _PROTOCOLS or (found.version == 6 and found.is_site_local)
    is_odd = found.is_multicast or found.is_reserved or is_disguise or is_special
    return found.is_global and not is_odd


_ENOUGH = 12


def _suffix(beginning: bytes) -> str:
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
