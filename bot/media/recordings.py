"""Recordings of calls, fetched from where a source says they are and brought into a chat.

The address comes from outside and may name anything: our own network, a file without end, a page
to log in. So only addresses that `origins.py` allows are asked, each redirect is judged like the
first address, and the connection goes to the very IP address that was judged: a name that resolves
to another one a moment later changes nothing. Size, time and slowness are bounded, and what comes
must begin like a sound. No cookie is kept: what one host sets, no other is told. What lies in a
folder of this machine (`folders.py`) is read where it is.

Whatever the PBX wrote becomes voice messages (`voices.py`).

A PBX that gives an address only when asked is asked when the recording's turn has come; the
address it gives is judged like any other.

Recordings are fetched in turns (`turns.py`). On the disk they have no name: what ends the program,
however suddenly, leaves no client's voice behind.
"""

import asyncio
import logging
import os
import re
import socket
import tempfile
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from stat import S_ISREG
from types import TracebackType
from typing import IO, Any, Self, cast

import httpx

from bot.config.settings import Settings
from bot.config.values import folder_of_url
from bot.domain.calls import RECORDING_REFERENCE, Call
from bot.domain.errors import (
    RecordingBusyError,
    RecordingDeniedError,
    RecordingEarlyError,
    RecordingError,
    RecordingGoneError,
    RecordingNotSoundError,
    RecordingPlaceError,
    RecordingSlowError,
    RecordingTooLargeError,
    SourceAuthError,
    SourceError,
    TooManyRecordingsError,
)
from bot.media.folders import open_recording
from bot.media.kinds import BEGINNING_BYTES, kind_of
from bot.media.origins import (
    AllowedOrigins,
    allowed_origins,
    are_public,
    login_at,
    origin_of,
    read_url,
    recordings_folder,
)
from bot.media.turns import Turns
from bot.media.voices import Converter, Voice

log = logging.getLogger(__name__)

Resolve = Callable[[str], Awaitable[list[str]]]
"""The IP addresses of a host. Raises OSError if there are none."""

Find = Callable[[str, str], Awaitable[str | None]]
"""Asks the PBX of a source where the recording of a reference is; None: it is gone.

Raises SourceError.
"""

MAX_BYTES = 300_000_000
"""The largest recording that is fetched: five hours of plain WAV, two days of GSM."""

SECONDS = 300.0
"""All the time a recording may take once its turn has come, to its last byte."""

ANSWER_SECONDS = 20.0
"""How much of that its host, and those it redirects to, may take until the answer begins."""

SLOWEST = 4096
"""Bytes a second: a recording that comes slower, `PACE_SECONDS` long, is given up."""

PACE_SECONDS = 5.0

WANTED_AT_ONCE = 5
"""Recordings one person may have asked for and not got yet."""

PATIENCE = 0.3
"""Seconds that the press of a button, and every update behind it, waits for a delivery."""

_TIMEOUT = httpx.Timeout(10, connect=5)
_MAX_REDIRECTS = 3
_MAX_ADDRESSES = 4
_FINISH_SECONDS = 20.0

_LEFT_NAME = re.compile(r"dzvinok-[a-z0-9_]{8}")
_LEFT_SECONDS = 3600
"""How old a file of an earlier version must be: none was ever kept so long on purpose."""


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
        self,
        http: httpx.AsyncClient,
        settings: Settings,
        *,
        resolve: Resolve = resolve,
        find: Find | None = None,
    ) -> None:
        self._http = http
        self._http.cookies.jar.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self._settings = settings
        self._resolve = resolve
        self._find = find
        self._turns = Turns()
        self._converter = Converter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._under_way: set[tuple[int, int]] = set()
        self._waiting: set[tuple[int, int]] = set()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(remove_left_files)
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

    def is_waiting(self, employee_id: int, call_id: int) -> bool:
        """Whether the delivery waits for its turn still."""
        return (employee_id, call_id) in self._waiting

    def check_room(self, employee_id: int) -> None:
        """Raises TooManyRecordingsError while WANTED_AT_ONCE are on their way to the employee."""
        if sum(who == employee_id for who, _ in self._under_way) >= WANTED_AT_ONCE:
            raise TooManyRecordingsError(f"employee {employee_id}")

    def start_delivery(
        self, employee_id: int, call_id: int, delivery: Coroutine[Any, Any, None]
    ) -> asyncio.Task[None]:
        """Start what sends this recording to this employee; it is under way until it ends."""
        key = employee_id, call_id
        self._under_way.add(key)
        self._waiting.add(key)
        task = self.start(delivery)
        task.add_done_callback(lambda _: self._under_way.discard(key))
        task.add_done_callback(lambda _: self._waiting.discard(key))
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
    async def voices(self, call: Call, *, employee_id: int) -> AsyncIterator[list[Voice]]:
        """The recording as voice messages, there until the end of the block, in its turn.

        Raises an error of the kinds under RecordingError that says why there is none.
        """
        async with self._turns.turn(employee_id, _place_of(call)) as is_fetched:
            self._waiting.discard((employee_id, call.id))
            async with AsyncExitStack() as stack:
                with _telling(call):
                    sound = stack.enter_context(await self._sound(call))
                    is_fetched()
                    kind = kind_of(os.pread(sound.fileno(), BEGINNING_BYTES, 0), _name_of(call))
                    converting = self._converter.voices(sound, kind)
                    voices = await stack.enter_async_context(converting)
                yield voices

    async def _sound(self, call: Call) -> IO[bytes]:
        """What the PBX wrote, fetched, or open where it is."""
        if folder_of_url(call.recording_url or ""):
            folder = recordings_folder(call, self._settings)
            return await asyncio.to_thread(
                open_recording, call.recording_url or "", folder, max_bytes=MAX_BYTES
            )
        file = cast("IO[bytes]", tempfile.TemporaryFile())  # noqa: SIM115 - whoever asked closes it
        try:
            async with asyncio.timeout(SECONDS):
                await self._download(call, file.write)
            file.flush()
        except BaseException:
            file.close()
            raise
        return file

    async def _download(self, call: Call, write: Callable[[bytes], object]) -> None:
        """Write all of the recording."""
        async with asyncio.timeout(ANSWER_SECONDS):
            response = await self._request(call)
        try:
            _check_answer(response)
            size = 0  # Content-Length may be missing, or a lie
            counted, since = 0, time.monotonic()
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > MAX_BYTES:
                    raise RecordingTooLargeError("too large")
                write(chunk)
                seconds = time.monotonic() - since
                if seconds >= PACE_SECONDS:
                    if size - counted < SLOWEST * seconds:
                        raise RecordingSlowError("too slow")
                    counted, since = size, since + seconds
        finally:
            await response.aclose()

    async def _request(self, call: Call) -> httpx.Response:
        """The answer at the recording's address, or at the end of its redirects."""
        allowed = allowed_origins(call, self._settings)
        url = read_url(await self._address(call))
        for _ in range(_MAX_REDIRECTS + 1):
            login = login_at(url, call, self._settings)
            response = await self._open(url, allowed, login)
            if not response.has_redirect_location:
                return response
            await response.aclose()
            url = read_url(str(url), response.headers["Location"])
        raise RecordingError("redirected again and again")

    async def _address(self, call: Call) -> str:
        """Where the recording is, by its PBX if that has to be asked."""
        reference = call.recording_reference
        if reference is None:
            return call.recording_url or ""
        if self._find is None:
            raise RecordingPlaceError("nobody can be asked where it is")
        try:
            address = await self._find(call.source, reference)
        except SourceAuthError as error:
            raise RecordingDeniedError(str(error)) from error
        except SourceError as error:
            kind = RecordingBusyError if error.retry_after else RecordingError
            raise kind(str(error)) from error
        if address is None:
            is_early = call.settles_at is not None
            raise RecordingEarlyError("not there yet") if is_early else RecordingGoneError("gone")
        return address

    async def _open(
        self, url: httpx.URL, allowed: AllowedOrigins, login: str | None
    ) -> httpx.Response:
        """Ask an allowed origin, over a connection to an address it may have."""
        origin = origin_of(url)
        if origin in allowed.trusted:
            return await self._send(url, url, login)
        if not allowed.have_public(origin):
            raise RecordingPlaceError("its address is not in RECORDING_HOSTS")
        addresses = await self._resolve(url.host)
        if not are_public(addresses):
            raise RecordingPlaceError("its host has no public address, or also others")
        for address in addresses[:_MAX_ADDRESSES]:
            try:
                return await self._send(url, url.copy_with(host=address), login)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _send(self, url: httpx.URL, target: httpx.URL, login: str | None) -> httpx.Response:
        """`target` is where to connect; the server and its certificate are those of `url`."""
        asked = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}
        request = self._http.build_request(
            "GET",
            target,
            headers={
                **asked,
                "Host": url.netloc.decode("ascii"),
                "Accept-Encoding": "identity",
                # The pool knows a connection by its address, which another host may share.
                "Connection": "close",
            },
            timeout=_TIMEOUT,
            extensions={"sni_hostname": url.raw_host.decode("ascii")},
        )
        try:
            return await self._http.send(request, stream=True, follow_redirects=False)
        except (httpx.InvalidURL, UnicodeError) as error:  # of where it is redirected to
            raise RecordingPlaceError("redirected to what is no address") from error


def _place_of(call: Call) -> str:
    """Where it is fetched from, for its turn: a host, or the PBX that must be asked."""
    if call.recording_reference is not None:
        return f"{RECORDING_REFERENCE}{call.source}"
    try:
        return read_url(call.recording_url or "").host
    except (RecordingError, ValueError):
        return ""  # refused when its turn has come


def _name_of(call: Call) -> str:
    """How its address ends."""
    try:
        return read_url(call.recording_url or "").path
    except (RecordingError, ValueError):
        return ""


def _check_answer(response: httpx.Response) -> None:
    """Raises an error of the kinds under RecordingError unless a recording may follow."""
    answered = f"answered {response.status_code}"
    match response.status_code:
        case httpx.codes.OK:
            pass
        case httpx.codes.NOT_FOUND | httpx.codes.GONE:
            raise RecordingGoneError(answered)
        case (
            httpx.codes.UNAUTHORIZED
            | httpx.codes.FORBIDDEN
            | httpx.codes.PROXY_AUTHENTICATION_REQUIRED
        ):
            raise RecordingDeniedError(answered)
        case httpx.codes.TOO_MANY_REQUESTS | httpx.codes.SERVICE_UNAVAILABLE:
            raise RecordingBusyError(answered)
        case _:
            raise RecordingError(answered)
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise RecordingNotSoundError("compressed, though asked not to be")
    if int(response.headers.get("Content-Length", 0)) > MAX_BYTES:
        raise RecordingTooLargeError("too large")


@contextmanager
def _telling(call: Call) -> Iterator[None]:
    """Log why there is no recording, and raise the RecordingError it comes to."""
    try:
        yield
    except RecordingError as error:
        _log_failure(call, str(error))
        raise
    except (TimeoutError, httpx.TimeoutException) as error:
        _log_failure(call, type(error).__name__)
        raise RecordingSlowError(type(error).__name__) from error
    except (OSError, ValueError, httpx.HTTPError) as error:
        _log_failure(call, type(error).__name__)
        raise RecordingError(type(error).__name__) from error


def _log_failure(call: Call, why: str) -> None:
    # Never the address: it may hold a key, and names of hosts are for settings.
    log.warning("the recording of call %d of %s: %s", call.id, call.source, why)


def remove_left_files() -> None:
    """Delete the recordings that an earlier version, killed, has left among temporary files."""
    long_ago = time.time() - _LEFT_SECONDS
    with suppress(OSError):
        for path in Path(tempfile.gettempdir()).iterdir():
            if _LEFT_NAME.fullmatch(path.name):
                with suppress(OSError):
                    status = path.lstat()
                    is_ours = S_ISREG(status.st_mode) and status.st_uid == os.getuid()
                    if is_ours and status.st_mtime < long_ago:
                        path.unlink()
